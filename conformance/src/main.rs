//! `alongside-conformance`: see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    alongside_conformance::cli::main()
}
