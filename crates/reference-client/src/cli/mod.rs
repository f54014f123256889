//! The program around the library: arguments, the terminal, and the three things it can do.

pub(crate) mod args;
mod card;
mod code;
mod countdown;
mod demo;
mod device;
mod exit;
mod face;
mod helper;
mod input;
mod keys;
mod prompt;
mod receipt;
mod receipts;
mod report;
mod script;
mod sharer;
mod spent;
mod status;
mod stop;
pub(crate) mod terminal;
mod who;
mod words;

use args::{Args, Task};
pub(crate) use exit::Exit;
use stop::Stop;

pub(crate) async fn run(args: Args) -> Exit {
    let done = match args.task {
        Task::Helper(options) => helper::run(options).await,
        Task::Sharer(options) => sharer::run(options).await,
        Task::Device(options) => device::run(&options),
        Task::Receipt(options) => receipt::run(&options),
        Task::Card(options) => card::run(options),
        Task::Demo(options) => demo::run(options).await,
    };
    match done {
        Ok(exit) => exit,
        Err(error) => {
            terminal::complain(&error.to_string());
            Exit::Failed
        }
    }
}

/// Any error, with its text for the person.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
