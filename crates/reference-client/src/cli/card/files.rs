//! Files of keys and cards.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

use alongside_state_machine::identity::{
    keys::{self, SecretKey},
    text::{self, Field, Wrong},
};
use zeroize::Zeroizing;

use crate::cli::Failure;

pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Zeroizing::new(text))
}

/// The secret key that stands after this word.
pub(super) fn secret_key(path: &Path, word: &'static str) -> Result<SecretKey, Failure> {
    let text = read(path)?;
    let fields = text::fields(&text).map_err(|error| wrong(path, &error))?;
    let seed = text::only(&fields, word).map_err(|error| wrong(path, &error))?;
    let seed =
        Zeroizing::new(seed.ok_or_else(|| format!("{}: it has no {word} key", path.display()))?);
    Ok(SecretKey::from_seed(&seed))
}

/// The bytes that an issuer signed, after this word.
pub(super) fn signed(path: &Path, word: &str) -> Result<Vec<u8>, Failure> {
    let text = read(path)?;
    let fields = text::fields(&text).map_err(|error| wrong(path, &error))?;
    match fields.as_slice() {
        [(known, bytes)] if *known == word => Ok(bytes.to_vec()),
        _ => Err(format!("{}: there is no {word} in it", path.display()).into()),
    }
}

/// A public key from the command line.
pub(super) fn public_key(digits: &str) -> Result<[u8; 32], Failure> {
    let key = text::unhex(digits).and_then(|bytes| bytes.try_into().ok());
    let key = key.filter(|key| keys::check(key).is_ok());
    Ok(key.ok_or("a public key has 64 hexadecimal digits, as issuer-key prints them")?)
}

/// Writes a file that nobody else may read, and that was not there before.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    create(path, text, &options)
}

/// Writes a file that was not there before.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    create(path, text, OpenOptions::new().write(true).create_new(true))
}

fn create(path: &Path, text: &str, options: &OpenOptions) -> Result<(), Failure> {
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The bytes after a word, however many.
pub(super) fn bytes<'a>(fields: &'a [Field<'_>], word: &str) -> Vec<&'a [u8]> {
    let found = fields.iter().filter(|(known, _)| *known == word);
    found.map(|(_, bytes)| bytes.as_slice()).collect()
}

pub(super) fn wrong(path: &Path, error: &Wrong) -> String {
    format!("{}: {error}", path.display())
}
