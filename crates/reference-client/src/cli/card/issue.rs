//! `alongside card issue`.

use std::path::Path;

use alongside_client::unix_now;
use alongside_state_machine::identity::{
    issue::{self, Request},
    picture, text,
};
use alongside_wire::{
    Profile, Scopes,
    card::{Card, PictureInfo, Statement},
    limits,
};

use sha2::{Digest as _, Sha256};

use super::{
    args::{Issue, State},
    files, offline_challenge, read, secret_key, write_new,
};
use crate::cli::{Failure, terminal::Terminal};

pub(super) fn run(options: &Issue, terminal: &mut Terminal) -> Result<(), Failure> {
    let issuer = secret_key(&options.issuer_key, "issuer")?;
    let request = request(&options.request)?;
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|error| format!("no random numbers: {error}"))?;
    let not_before = unix_now();
    let card = Card {
        version: 1,
        profile: Profile::from(options.profile).to_wire(),
        issuer: issuer.public(),
        serial,
        first_name: options.first.clone(),
        last_name: options.last.clone(),
        title: options.title.clone(),
        organisation: options.organisation.clone(),
        domain: options.domain.clone(),
        picture: options
            .picture
            .as_deref()
            .map(picture)
            .transpose()?
            .into_iter()
            .collect(),
        ceiling: scopes(&options.scopes)?,
        card_key: request.card_key,
        receipt_key: request.receipt_key.clone(),
        not_before,
        expires: not_before + options.hours * 3_600,
    };
    let challenge = offline_challenge(&issuer.public());
    let signed = issue::issue(card, &request, &challenge, &issuer)?;
    write_new(
        &options.out,
        &format!("signed-card {}\n", text::hex(&signed)),
    )?;
    terminal.line(&format!(
        "{} is valid for {} hours.",
        options.out.display(),
        options.hours
    ));
    Ok(())
}

/// Signs what is so of a device.
pub(super) fn state(options: &State, terminal: &mut Terminal) -> Result<(), Failure> {
    let issuer = secret_key(&options.issuer_key, "issuer")?;
    let issued = unix_now();
    let statement = Statement {
        version: 1,
        issuer: issuer.public(),
        device_key: files::public_key(&options.device)?,
        status: options.status.to_wire(),
        issued,
        expires: issued + options.minutes * 60,
    };
    let signed = issue::state(statement, &issuer)?;
    write_new(
        &options.out,
        &format!("signed-statement {}\n", text::hex(&signed)),
    )?;
    terminal.line(&format!(
        "{} holds for {} minutes.",
        options.out.display(),
        options.minutes
    ));
    Ok(())
}

/// What a card says of a picture that its reader can show.
fn picture(path: &Path) -> Result<PictureInfo, Failure> {
    let wrong = |why: &str| format!("{}: {why}", path.display());
    let bytes = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    if bytes.len() > limits::PICTURE || picture::head(&bytes).is_none() {
        return Err(wrong(
            "a picture is PNG or JPEG with 1,024 pixels a side and 65,536 bytes at most",
        )
        .into());
    }
    Ok(PictureInfo {
        hash: Sha256::digest(&bytes).into(),
        size: u32::try_from(bytes.len())?,
    })
}

fn request(path: &Path) -> Result<Request, Failure> {
    let text = read(path)?;
    let fields = text::fields(&text).map_err(|error| files::wrong(path, &error))?;
    let key = |word| text::only::<32>(&fields, word).map_err(|error| files::wrong(path, &error));
    let proof = files::bytes(&fields, "proof").concat();
    Ok(Request {
        card_key: key("card")?.ok_or_else(|| format!("{}: this is no request", path.display()))?,
        receipt_key: key("receipt")?.into_iter().collect(),
        proof,
    })
}

fn scopes(names: &str) -> Result<Scopes, String> {
    let mut scopes = Scopes::NONE;
    for name in names.split(',').map(str::trim) {
        let found = Scopes::REGISTERED.iter().find(|(_, known)| *known == name);
        let (scope, _) = found.ok_or_else(|| {
            let known: Vec<_> = Scopes::REGISTERED.iter().map(|(_, name)| *name).collect();
            format!("there is no scope `{name}`; there are {}", known.join(", "))
        })?;
        scopes = scopes.union(*scope);
    }
    Ok(scopes)
}
