//! The reference client and relay, within this program.

use std::{panic::catch_unwind, path::PathBuf};

use alongside_client::driver::Computed;
use clap::Subcommand;
use serde_json::Value;
use tokio::io::{BufReader, stdin, stdout};

use super::{CONFORMANT, broke_down};
use crate::{
    driver,
    run::{ClientTarget, PairTarget, RelayTarget, Targets},
    stage::RelayProgram,
};

/// Parts of the reference, as programs of their own.
#[derive(Subcommand)]
pub(super) enum Reference {
    /// The driver of the reference client
    Driver,
    /// The reference relay, set up by a file
    Relay { setup: PathBuf },
}

/// All that is tested of it, with more in the environment of each part.
pub(super) fn targets(environment: &[(String, String)]) -> Result<Targets, String> {
    let pair = pair(environment)?;
    let client = |driver: &driver::Program| ClientTarget {
        driver: driver.clone(),
    };
    Ok(Targets {
        helper: Some(client(&pair.helper)),
        sharer: Some(client(&pair.sharer)),
        relay: Some(pair.relay.clone()),
        pairs: vec![pair],
    })
}

/// The client with itself, over the relay.
pub(super) fn pair(environment: &[(String, String)]) -> Result<PairTarget, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = program.display().to_string();
    let part = |words: &[&str]| {
        let words = ["reference"].iter().chain(words).copied();
        [program.clone()]
            .into_iter()
            .chain(words.map(str::to_owned))
            .collect()
    };
    let driver = driver::Program {
        command: part(&["driver"]),
        environment: environment.to_vec(),
    };
    Ok(PairTarget {
        pairing: None,
        helper: driver.clone(),
        sharer: driver,
        relay: RelayTarget::Program(RelayProgram {
            command: part(&["relay", "{setup}"]),
            environment: environment.to_vec(),
        }),
    })
}

/// Is a part of the reference until standard input ends.
pub(super) fn be(part: &Reference) -> u8 {
    #[cfg(feature = "mutants")]
    if let Err(why) = super::kill::become_wrong() {
        return super::complain(&why);
    }
    let done = tokio::runtime::Runtime::new().and_then(|runtime| {
        let done = runtime.block_on(async {
            let (commands, answers) = (BufReader::new(stdin()), stdout());
            match part {
                Reference::Driver => {
                    alongside_client::driver::run(commands, answers, Some(compute)).await
                }
                Reference::Relay { setup } => {
                    alongside_relay::testing::run(setup, commands, answers).await
                }
            }
        });
        // Nobody waits for a read of standard input that will not come.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(()) => CONFORMANT,
        Err(error) => broke_down(&error.to_string()),
    }
}

/// Vectors, by the code that the client runs on.
fn compute(kind: &str, input: &Value) -> Computed {
    // Its makers know no other inputs than those that are some.
    match catch_unwind(|| alongside_vectors::compute(kind, input)) {
        Ok(Some(Ok(output))) => Computed::Output(output),
        Ok(Some(Err(refusal))) => {
            let name = refusal.error.map(|error| error.name().to_owned());
            Computed::Error(name.unwrap_or_default())
        }
        Ok(None) => Computed::Unknown,
        Err(_) => Computed::NoInput,
    }
}
