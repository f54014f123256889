//! The code that a sharer's person types. It is no argument: arguments can be read by everybody on the
//! machine.

use std::io::BufRead as _;

use alongside_client::Ended;
use alongside_wire::{ErrorCode, code::Code};

use super::{Failure, terminal::Terminal};

/// The code for the first join, from a line of standard input.
pub(crate) fn first(terminal: &mut Terminal) -> Result<Code, Failure> {
    loop {
        terminal.line("Type the code that the helper reads to you:");
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err("no code was given".into());
        }
        match Code::parse(&line) {
            Ok(code) => return Ok(code),
            Err(error) => terminal.line(&error.to_string()),
        }
    }
}

/// Whether another code may do what this one did not.
pub(crate) fn is_to_blame(ended: &Ended) -> bool {
    matches!(
        ended.code,
        ErrorCode::NotFound
            | ErrorCode::HandshakeFailed
            | ErrorCode::HandshakeTimeout
            | ErrorCode::CodeExpired
    )
}
