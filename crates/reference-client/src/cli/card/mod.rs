//! `alongside card`: makes keys and cards, and shows what is on one. Nothing here needs a relay.

mod args;
mod files;
mod issue;
mod show;

use args::CardTask;
pub(crate) use args::{Card, DeviceArgs, IdentityArgs, anchors};
use files::{read, secret_key, write_new, write_secret};

use alongside_state_machine::identity::{issue::Request, keys::SecretKey, text::hex};
use sha2::{Digest as _, Sha256};

use super::{Exit, Failure, terminal::Terminal};

pub(crate) fn run(card: Card) -> Result<Exit, Failure> {
    let mut terminal = Terminal::new();
    match card.task {
        CardTask::IssuerKey { out } => {
            let key = new_secret()?;
            write_secret(&out, &format!("issuer {}\n", &*hex_of(&key.1)))?;
            terminal.line("For --trust files:");
            terminal.line(&format!("issuer {} NAME", hex(&key.0.public())));
        }
        CardTask::NewKey(options) => new_key(&options, &mut terminal)?,
        CardTask::Issue(options) => issue::run(&options, &mut terminal)?,
        CardTask::DeviceKey { out } => {
            let key = new_secret()?;
            write_secret(&out, &format!("device {}\n", &*hex_of(&key.1)))?;
            terminal.line(&format!("device {}", hex(&key.0.public())));
        }
        CardTask::Device(options) => issue::state(&options, &mut terminal)?,
        CardTask::Show { card, trust } => show::run(&card, trust.as_deref(), &mut terminal)?,
    }
    Ok(Exit::Done)
}

/// Makes keys for a card, and asks an issuer for one.
fn new_key(options: &args::NewKey, terminal: &mut Terminal) -> Result<(), Failure> {
    let (card, card_seed) = new_secret()?;
    let mut secrets = zeroize::Zeroizing::new(format!("card {}\n", &*hex_of(&card_seed)));
    let receipt = if options.receipts {
        let (receipt, seed) = new_secret()?;
        secrets.push_str(&format!("receipt {}\n", &*hex_of(&seed)));
        Some(receipt)
    } else {
        None
    };
    let issuer = files::public_key(&options.issuer)?;
    let request = Request::new(&card, receipt.as_ref(), &offline_challenge(&issuer));
    let mut text = format!("card {}\n", hex(&request.card_key));
    for key in &request.receipt_key {
        text.push_str(&format!("receipt {}\n", hex(key)));
    }
    text.push_str(&format!("proof {}\n", hex(&request.proof)));
    write_secret(&options.out, &secrets)?;
    write_new(&options.request, &text)?;
    terminal.line(&format!(
        "Keep {} to yourself, and give {} to the issuer.",
        options.out.display(),
        options.request.display()
    ));
    Ok(())
}

/// Without an issuer to ask for a fresh one, the challenge is the issuer's own: a request to one
/// issuer is none to another.
fn offline_challenge(issuer: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"alongside/1 offline request\0")
        .chain_update(issuer)
        .finalize()
        .into()
}

/// A fresh key, and the secret it is made of.
fn new_secret() -> Result<(SecretKey, zeroize::Zeroizing<[u8; 32]>), Failure> {
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| format!("no random numbers: {error}"))?;
    Ok((SecretKey::from_seed(&seed), seed))
}

fn hex_of(secret: &[u8; 32]) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(hex(secret))
}
