//! `alongside demo`: relay, helper and sharer in one program, and every step as it happens.

mod acts;
mod cast;
mod evidence;
mod house;
mod office;
mod path;
mod person;
mod seen;
mod stage;

use std::time::{Duration, Instant};

use super::{Exit, Failure, args, terminal::Terminal};
use house::House;
use stage::Stage;

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: args::Demo) -> Result<Exit, Failure> {
    let mut story = Story {
        terminal: Terminal::new(),
        began: Instant::now(),
    };
    let stage = Stage::set(&args, &mut story)?;
    let house = House::open(&mut story).await?;
    acts::session::play(&house, &stage, &mut story).await?;
    acts::organisation::play(&house, &stage, &mut story).await?;
    acts::acquaintance::play(&house, &stage, &mut story).await?;
    acts::link::play(&house, &stage, &mut story).await?;
    acts::stranger::play(&house, &stage, &mut story).await?;
    acts::policy::play(&house, &stage, &mut story).await?;
    house.close(&mut story).await?;
    story.tell("everybody is gone; the demo is over");
    Ok(Exit::Done)
}

/// What is told, and when.
pub(super) struct Story {
    terminal: Terminal,
    began: Instant,
}

impl Story {
    pub(super) fn tell(&mut self, line: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.terminal.line(&format!("{seconds:7.2} s  {line}"));
    }

    /// A new part of it.
    pub(super) fn act(&mut self, title: &str) {
        self.terminal.line("");
        self.terminal.alert(title);
    }
}
