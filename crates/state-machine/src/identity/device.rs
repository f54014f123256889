//! What an issuer says of a sharer's device: an advisory to the helper, which never blocks anything.

use alloc::{string::String, vec::Vec};
use core::fmt;

use alongside_wire::{
    DeviceStatus, Direction,
    card::{SIGNATURE, Signable as _, Signed, Statement},
};

use super::{
    keys::{self, SecretKey},
    own::{self, NotOwn},
    trust::{Anchor, is_current},
};
use crate::error::Fault;

/// A statement about this device, together with the device's key.
#[derive(Clone, Debug)]
pub struct OwnDevice {
    bytes: Vec<u8>,
    key: SecretKey,
}

/// What is known of a sharer's device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    /// An issuer that is trusted here says so.
    Said {
        /// What it says; never [`DeviceStatus::Unknown`].
        status: DeviceStatus,
        /// The issuer, as it is called here.
        issuer: String,
    },
    /// Nobody who is trusted here says anything. That is not the same as *unenrolled*.
    Unknown(Why),
}

/// Why nothing is known of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// There is no statement.
    NoStatement,
    /// Its issuer is not known here.
    UnknownIssuer,
    /// By the clock of this end it does not hold now.
    Stale,
    /// The issuer says that it does not know.
    IssuerCannotTell,
}

impl OwnDevice {
    /// A statement as its issuer signed it, and the secret key of the device that it is about.
    ///
    /// # Errors
    /// [`NotOwn`] if the other end would not take it.
    pub fn new(bytes: &[u8], key: SecretKey) -> Result<Self, NotOwn> {
        let signed = Signed::<Statement>::read(bytes).map_err(NotOwn::Decode)?;
        let statement = signed.body;
        if !keys::verify(&statement.issuer, &statement.message(), &signed.signature) {
            return Err(NotOwn::NotSigned);
        }
        if statement.device_key != key.public() {
            return Err(NotOwn::OtherKey);
        }
        Ok(Self {
            bytes: bytes.into(),
            key,
        })
    }

    /// The statement as its issuer signed it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Proves, in the session whose first handshake has this hash, that it is about this device.
    pub fn prove(&self, handshake: &[u8; 32]) -> [u8; SIGNATURE] {
        self.key.sign(&proof(handshake, &self.bytes))
    }
}

impl Device {
    /// Whether a helper need not be warned.
    pub const fn is_in_order(&self) -> bool {
        matches!(
            self,
            Self::Said {
                status: DeviceStatus::Compliant,
                ..
            }
        )
    }
}

/// What a statement, which the sharer sent with its proof, is worth to a helper with these anchors,
/// whose calendar shows `unix` seconds. An empty statement is none.
///
/// # Errors
/// [`Fault::Decode`] if it is no statement, [`Fault::BadAdvisory`] if its issuer did not sign it, and
/// [`Fault::BadDeviceProof`] if it is about another device than the sharer's.
pub fn judge(
    statement: &[u8],
    shown: &[u8],
    handshake: &[u8; 32],
    anchors: &[Anchor],
    unix: Option<u64>,
) -> Result<Device, Fault> {
    //= spec/15-identity.md#advisories [ADVISORY-6] 7fd56745
    if statement.is_empty() {
        return Ok(Device::Unknown(Why::NoStatement));
    }
    let signed = Signed::<Statement>::read(statement)?;
    let said = signed.body;
    //= spec/15-identity.md#advisories [ADVISORY-4] f23f5e7d
    if !keys::verify(&said.issuer, &said.message(), &signed.signature) {
        return Err(Fault::BadAdvisory);
    }
    //= spec/15-identity.md#advisories [ADVISORY-5] 117e6940
    let message = proof(handshake, statement);
    let proven = shown
        .try_into()
        .is_ok_and(|shown| keys::verify(&said.device_key, &message, shown));
    if !proven {
        return Err(Fault::BadDeviceProof);
    }
    let Some(anchor) = anchors.iter().find(|anchor| anchor.key == said.issuer) else {
        return Ok(Device::Unknown(Why::UnknownIssuer));
    };
    if !unix.is_some_and(|unix| is_current(said.issued, said.expires, unix)) {
        return Ok(Device::Unknown(Why::Stale));
    }
    //= spec/15-identity.md#advisories [ADVISORY-7] fda4903b
    Ok(match DeviceStatus::from_wire(said.status) {
        None | Some(DeviceStatus::Unknown) => Device::Unknown(Why::IssuerCannotTell),
        Some(status) => Device::Said {
            status,
            issuer: anchor.name.clone(),
        },
    })
}

/// What a device's key signs in a session.
fn proof(handshake: &[u8; 32], statement: &[u8]) -> Vec<u8> {
    let mut message = Vec::from(b"alongside/1 device proof\0".as_slice());
    message.push(Direction::ToHelper.to_wire());
    message.extend_from_slice(handshake);
    message.extend_from_slice(&own::hash(statement));
    message
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said { status, issuer } => {
                let status = match status {
                    DeviceStatus::Compliant => "is enrolled and in order",
                    DeviceStatus::NotCompliant => "is enrolled, but NOT AS IT SHOULD BE",
                    DeviceStatus::Unenrolled => "is NOT ENROLLED",
                    DeviceStatus::Unknown => "is not known to the issuer",
                };
                write!(f, "the device {status}, says {issuer}")
            }
            Self::Unknown(why) => {
                f.write_str("nothing is known of the device: ")?;
                f.write_str(match why {
                    Why::NoStatement => "nobody says anything of it",
                    Why::UnknownIssuer => "who speaks for it is not known here",
                    Why::Stale => "what was said does not hold at this computer's time",
                    Why::IssuerCannotTell => "its issuer cannot tell",
                })
            }
        }
    }
}
