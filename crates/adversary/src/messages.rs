//! Messages of every plane, made up.

use alongside_wire::{envelope::Envelope, rendezvous, session};

use crate::source::Source;

/// A plane of framed messages.
pub trait Plane: Sized + Clone + std::fmt::Debug + PartialEq {
    /// The types that there are.
    const TYPES: &'static [(u16, &'static str)];

    /// A message of one of them, if these are fields of it.
    fn make(message_type: u16, source: &mut Source<'_>) -> Option<Self>;

    /// Its bytes, framed.
    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! planes {
    ($($message:ty),*) => {
        $(impl Plane for $message {
            const TYPES: &'static [(u16, &'static str)] = Self::REGISTERED;

            fn make(message_type: u16, source: &mut Source<'_>) -> Option<Self> {
                Self::from_fields(message_type, source).ok().flatten()
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.encode(out);
            }
        })*
    };
}

planes!(rendezvous::Message, Envelope, session::Message);

/// A message of any type. Not every one keeps its limits.
pub fn any<M: Plane>(source: &mut Source<'_>) -> Option<M> {
    let (message_type, _) = *source.pick(M::TYPES);
    M::make(message_type, source)
}
