//! Bodies in postcard, read strictly.

use alloc::vec::Vec;

use serde::{Deserializer, Serialize, de::DeserializeOwned};

use crate::{DecodeError, Fault};

/// Encodes `value`. Bodies are plain structs of integers, booleans, strings and vectors, for which
/// postcard cannot fail.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).unwrap_or_default()
}

/// Decodes a body and requires that it is the canonical encoding, to the last byte: postcard alone
/// accepts over-long varints, so what was read is encoded again and compared.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, DecodeError> {
    let (value, rest) = postcard::take_from_bytes::<T>(bytes).map_err(|error| {
        let fault = match error {
            postcard::Error::DeserializeUnexpectedEnd => Fault::Truncated,
            postcard::Error::DeserializeBadVarint => Fault::VarintTooLarge,
            //= spec/07-wire.md#bodies [WIRE-7] f2482847
            _ => Fault::InvalidValue,
        };
        DecodeError::new(fault, what)
    })?;
    if !rest.is_empty() {
        return Err(DecodeError::new(Fault::TrailingBytes, what));
    }
    //= spec/07-wire.md#bodies [WIRE-6] ede6410c
    if encode(&value) != bytes {
        return Err(DecodeError::new(Fault::NotCanonical, what));
    }
    Ok(value)
}

/// Requires that `len` is within `limit`.
pub(crate) fn within(len: usize, limit: usize, what: &'static str) -> Result<(), DecodeError> {
    if len > limit {
        return Err(DecodeError::new(Fault::TooLarge { limit }, what));
    }
    Ok(())
}

/// Declares the messages of a plane: an enum whose variants are structs, with explicit registered
/// types. A struct must implement `Check`, its limits beyond the encoding.
macro_rules! messages {
    (
        $(#[$doc:meta])*
        pub enum $name:ident ($what:literal) {
            $( $variant:ident = $tag:literal, $label:literal; )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $label, "`, type ", stringify!($tag), ".")]
                $variant($variant),
            )*
        }

        impl $name {
            /// The registered types and names, in the order of the registry.
            pub const REGISTERED: &'static [(u16, &'static str)] = &[$(($tag, $label)),*];

            /// The registered type of this message.
            pub const fn message_type(&self) -> u16 {
                match self { $( Self::$variant(_) => $tag, )* }
            }

            /// The registered name of this message.
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $label, )* }
            }

            /// Appends the message, framed.
            pub fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
                let body = match self { $( Self::$variant(message) => $crate::body::Body::write(message), )* };
                $crate::framing::encode(self.message_type(), &body, out);
            }

            /// Reads a framed message. `Ok(None)` is an unknown type that may be ignored.
            ///
            /// # Errors
            /// If the body is not the canonical encoding of this type within its limits, or the
            /// type is unknown and critical.
            pub fn decode(raw: $crate::framing::Raw<'_>) -> Result<Option<Self>, $crate::DecodeError> {
                match raw.message_type {
                    $( $tag => Ok(Some(Self::$variant($crate::body::Body::read(raw.body, $label)?))), )*
                    //= spec/07-wire.md#unknown-types [WIRE-9] 02bc517d
                    unknown if $crate::framing::is_ignorable(unknown) => Ok(None),
                    //= spec/07-wire.md#unknown-types [WIRE-8] c4a37ab7
                    message_type => Err($crate::DecodeError::new(
                        $crate::Fault::UnknownMessage { message_type }, $what,
                    )),
                }
            }

            /// A message of this type from another form of its fields, which may be beyond its limits; nothing if the
            /// type is not registered. For whoever makes up messages.
            ///
            /// # Errors
            /// If these are no fields of this type.
            pub fn from_fields<'de, D: serde::Deserializer<'de>>(
                message_type: u16,
                fields: D,
            ) -> Result<Option<Self>, D::Error> {
                match message_type {
                    $( $tag => Ok(Some(Self::$variant($crate::body::Body::from_fields(fields)?))), )*
                    _ => Ok(None),
                }
            }
        }

        $(
            impl From<$variant> for $name {
                fn from(message: $variant) -> Self { Self::$variant(message) }
            }
        )*
    };
}
pub(crate) use messages;

/// How the body of one message is written and read.
pub(crate) trait Body: Sized {
    fn write(&self) -> Vec<u8>;
    fn read(bytes: &[u8], what: &'static str) -> Result<Self, DecodeError>;
    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error>;
}

/// Limits of a message beyond what its encoding says.
pub(crate) trait Check {
    fn check(&self) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl<T: Serialize + DeserializeOwned + Check> Body for T {
    fn write(&self) -> Vec<u8> {
        encode(self)
    }

    fn read(bytes: &[u8], what: &'static str) -> Result<Self, DecodeError> {
        let value: Self = decode(bytes, what)?;
        value.check()?;
        Ok(value)
    }

    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        Self::deserialize(fields)
    }
}
