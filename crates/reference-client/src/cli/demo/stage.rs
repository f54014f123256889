//! The screen of the demo, and the program on it.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use alongside_client::{
    clipboard::Place,
    inject::{self, Injector},
    screen::{self, Screen, ScreenSpec},
    xvfb::{Xvfb, XvfbError},
};
use tempfile::TempDir;

use super::{Failure, Story};
use crate::cli::args;

pub(super) struct Stage {
    spec: ScreenSpec,
    folder: TempDir,
    /// In this order: the program ends before its display.
    _terminal: Option<Running>,
    _xvfb: Option<Xvfb>,
    can_type: bool,
}

/// A program that ends with the demo.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either fails only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stage {
    pub(super) fn set(args: &args::Demo, story: &mut Story) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut stage = Self {
            spec: ScreenSpec::Pattern,
            folder,
            _terminal: None,
            _xvfb: None,
            can_type: false,
        };
        if args.pattern {
            return Ok(stage);
        }
        let display = match &args.display {
            Some(display) => display.clone(),
            None => match Xvfb::start(800, 600) {
                Ok(xvfb) => {
                    let display = xvfb.display().to_owned();
                    story.tell(&format!("a display of its own: {display}"));
                    stage._xvfb = Some(xvfb);
                    display
                }
                Err(error @ XvfbError::Missing) => {
                    story.tell(&format!("{error}; sharing the test pattern instead"));
                    return Ok(stage);
                }
                Err(error) => return Err(error.into()),
            },
        };
        stage.spec = ScreenSpec::X11 {
            display: Some(display.clone()),
            monitor: None,
        };
        match xterm(&display) {
            Ok(terminal) => {
                stage._terminal = Some(Running(terminal));
                // Without a window manager, input goes where the pointer is.
                wait_for_window(&display)?;
                stage.can_type = true;
                story.tell("a terminal on it");
            }
            Err(error) => story.tell(&format!("no xterm ({error}), so nothing is typed")),
        }
        Ok(stage)
    }

    pub(super) fn screen(&self) -> Result<Box<dyn Screen>, Failure> {
        Ok(screen::open(&self.spec)?)
    }

    pub(super) fn injector(&self) -> Result<Box<dyn Injector>, Failure> {
        inject::open(&self.spec).map_err(|error| error.to_string().into())
    }

    /// The clipboard that belongs to the screen.
    pub(super) fn clipboard(&self) -> Place {
        Place::of(&self.spec)
    }

    pub(super) fn can_type(&self) -> bool {
        self.can_type
    }

    /// The line that writes a word into a file, with Enter.
    pub(super) fn line(&self, word: &str) -> String {
        format!("echo {word} > {}\n", self.file(word).display())
    }

    /// Waits until the line has been carried out.
    pub(super) async fn written(&self, word: &str, patience: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        loop {
            let found = std::fs::read_to_string(self.file(word)).unwrap_or_default();
            if found.trim() == word {
                return Ok(());
            }
            if Instant::now() > deadline {
                let path = self.file(word);
                return Err(format!("nothing was written into {}", path.display()).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn file(&self, word: &str) -> PathBuf {
        self.folder.path().join(word)
    }
}

fn xterm(display: &str) -> std::io::Result<Child> {
    Command::new("xterm")
        .args(["-display", display, "-geometry", "120x40+0+0", "-e", "sh"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Waits until something is drawn, which is the terminal with its prompt.
fn wait_for_window(display: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let spec = ScreenSpec::X11 {
        display: Some(display.to_owned()),
        monitor: None,
    };
    let mut screen = screen::open(&spec)?;
    screen.capture(true)?;
    while screen.capture(false)?.is_none() {
        if Instant::now() > deadline {
            return Err("the terminal did not open a window".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // Its shell prints a prompt a little later than its window appears.
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}
