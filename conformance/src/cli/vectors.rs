//! `vectors`: the test vectors, in files or by a driver.

use std::{env, panic, path::PathBuf, time::Duration};

use super::{CONFORMANT, NOT_CONFORMANT, complain, print, words::split};
use crate::{
    driver::{Broken, Driver, Program},
    vectors::{self, Checked},
};

/// Which are checked.
#[derive(clap::Args)]
pub(super) struct Options {
    /// A folder of vectors; spec/vectors without it
    #[arg(value_name = "FOLDER", conflicts_with = "driver")]
    folder: Option<PathBuf>,
    /// A command that starts a driver with the capability `vector`, which computes each of them
    #[arg(long, value_name = "COMMAND")]
    driver: Option<String>,
}

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(options: &Options) -> u8 {
    let checked = match &options.driver {
        Some(command) => by_driver(command),
        None => {
            // An input that is none is told in words, as what is wrong with its vector.
            panic::set_hook(Box::new(|_| {}));
            near(options.folder.clone()).and_then(|folder| vectors::folder(&folder))
        }
    };
    match checked {
        Ok(checked) => tell(&checked),
        Err(why) => complain(&why),
    }
}

fn near(named: Option<PathBuf>) -> Result<PathBuf, String> {
    let here = env::current_dir().map_err(|error| error.to_string())?;
    let mut above = here.ancestors().map(|home| home.join("spec/vectors"));
    let none = "there is no spec/vectors here: name a folder, or a --driver";
    named
        .or_else(|| above.find(|folder| folder.is_dir()))
        .ok_or_else(|| none.to_owned())
}

fn by_driver(command: &str) -> Result<Checked, String> {
    let program = Program {
        command: split(command)?,
        environment: Vec::new(),
    };
    let checked =
        Driver::start(&program, PATIENCE).and_then(|mut driver| match driver.can("vector") {
            true => vectors::driver(&mut driver, PATIENCE),
            false => Err(Broken::Wrong(
                "it does not say that it has `vector`".to_owned(),
            )),
        });
    checked.map_err(|broken| broken.to_string())
}

fn tell(checked: &Checked) -> u8 {
    let lines = checked.wrong.iter().map(|line| format!("{line}\n"));
    print(&lines.collect::<String>());
    let (right, wrong) = (checked.right, checked.wrong.len());
    let others = match checked.unsupported {
        0 => String::new(),
        others => format!(", {others} unsupported"),
    };
    print(&format!("{right} right, {wrong} wrong{others}\n"));
    match (wrong, right) {
        (0, 0) => complain("no vector was computed"),
        (0, _) => CONFORMANT,
        _ => NOT_CONFORMANT,
    }
}
