//! Names of known devices, and what one proves to its relay that it is enrolled.

use alloc::{format, string::String};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A device that an organisation enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(pub [u8; 16]);

impl DeviceId {
    //= spec/17-known-devices.md#exchange [DEVICE-12] 111a906b
    /// What stands in the locator's place of an exchange with this device.
    pub fn place(&self) -> String {
        format!("device/{self}")
    }
}

impl fmt::Display for DeviceId {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for DeviceId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text)
            .map(Self)
            .ok_or("the id of a device is 32 hexadecimal digits in lower case")
    }
}

/// What a waiting device shows its relay, which knows the hash. It is not shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceToken(pub [u8; 32]);

impl DeviceToken {
    /// What is hashed for the relay.
    pub fn hashed_text(&self) -> [u8; 57] {
        let mut text = [0; 57];
        text[..25].copy_from_slice(b"alongside/1 device token\0");
        text[25..].copy_from_slice(&self.0);
        text
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(…)")
    }
}

/// Bytes from exactly so many hexadecimal digits in lower case.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !odd.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}
