//! What an exchange starts from: a code, or the key of a known device.

use alloc::{string::String, vec::Vec};

use alongside_wire::code::Code;
use zeroize::Zeroizing;

use crate::{device::DeviceKey, mutant};

/// A secret of both ends, and the text that stands in the locator's place.
pub struct Password {
    pub(super) place: String,
    pub(super) secret: Zeroizing<Vec<u8>>,
}

impl From<&Code> for Password {
    fn from(code: &Code) -> Self {
        Self {
            place: code.locator.into(),
            secret: Zeroizing::new(code.secret.as_str().into()),
        }
    }
}

impl From<Code> for Password {
    fn from(code: Code) -> Self {
        Self::from(&code)
    }
}

//= spec/17-known-devices.md#enrolment [DEVICE-2] ab7962f2
//= spec/17-known-devices.md#exchange [DEVICE-12] 111a906b
impl From<&DeviceKey> for Password {
    fn from(key: &DeviceKey) -> Self {
        Self {
            place: match mutant::is("DEVICE-12/other") {
                true => key.id.place().to_uppercase(),
                false => key.id.place(),
            },
            secret: Zeroizing::new(key.secret().as_slice().into()),
        }
    }
}
