//! `doctor`: is a driver fit to be tested with?

use std::time::Duration;

use tokio::runtime::Runtime;

use super::{CONFORMANT, NOT_CONFORMANT, broke_down, complain, print, test::factor, words::split};
use crate::{
    doctor::{Step, examine},
    driver::Program,
};

/// Which.
#[derive(clap::Args)]
pub(super) struct Options {
    /// A command that starts the driver
    #[arg(long, value_name = "COMMAND")]
    driver: String,
    /// How much longer than usual to wait
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    timeout_scale: f64,
}

pub(super) fn run(options: &Options) -> u8 {
    let command = match split(&options.driver) {
        Ok(command) => command,
        Err(why) => return complain(&why),
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return broke_down(&error.to_string()),
    };
    let program = Program {
        command,
        environment: Vec::new(),
    };
    let patience = Duration::from_secs(5).mul_f64(options.timeout_scale);
    let steps = examine(&program, patience, runtime.handle());
    let mut code = CONFORMANT;
    for Step { what, wrong } in steps {
        match wrong {
            None => print(&format!("ok      {what}\n")),
            Some((why, next)) => {
                code = NOT_CONFORMANT;
                print(&format!("FAILED  {what}\n        {why}\n  next: {next}\n"));
            }
        }
    }
    if code == CONFORMANT {
        print("The driver is fit to be tested with.\n");
    }
    code
}
