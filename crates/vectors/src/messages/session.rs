//! The session plane: what helper and sharer tell each other under seal.

mod control;
mod faces;
mod life;
mod plaintexts;
mod receipts;
mod seeing;
mod tools;

use alongside_wire::{DecodeError, session::Message};

use super::Plane;
use crate::vector::File;

pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Message>, usize), DecodeError> {
    Ok((Message::read_all(bytes)?, 0))
}

pub(crate) fn file() -> File {
    let mut plane = Plane::new("session", read);
    seeing::add(&mut plane);
    control::add(&mut plane);
    life::add(&mut plane);
    faces::add(&mut plane);
    tools::add(&mut plane);
    receipts::add(&mut plane);
    plaintexts::add(&mut plane);
    plane.file
}
