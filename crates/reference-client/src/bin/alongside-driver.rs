//! `alongside-driver`: this client under the hand of the conformance suite.

use std::process::ExitCode;

use tokio::io::{BufReader, stdin, stdout};

#[tokio::main]
async fn main() -> ExitCode {
    match alongside_client::driver::run(BufReader::new(stdin()), stdout(), None).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
