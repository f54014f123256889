//! `alongside`: helps somebody, or is helped.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

//= spec/18-privacy.md#devices [PRIVACY-1] 363472fe
// Nothing here keeps a log, and files are only made where an option names them.
fn main() -> ExitCode {
    let args = cli::args::Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            cli::terminal::complain(&format!("the program cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let exit = runtime.block_on(cli::run(args));
    // A thread that waits for the keyboard is not waited for.
    runtime.shutdown_background();
    exit.into()
}
