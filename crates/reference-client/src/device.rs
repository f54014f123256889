//! The files that an organisation hands out for a known device, outside the relay.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use alongside_state_machine::device::token_hash;
pub use alongside_state_machine::device::{Device, DeviceKey};
use alongside_wire::{
    ErrorCode,
    device::{DeviceToken, from_hex},
};

use crate::Ended;

/// How both files begin.
const START: &str = "alongside/1 device";
/// What the last line of a device's own file is if helpers need no card.
const WITHOUT_CARD: &str = "card not-needed\n";

/// What a known device does when a wait, or a session, is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It waits again at once.
    Again,
    /// Something failed, and it waits again after a pause.
    Pause,
    /// It waits no more: its person does not want that, or it would be in vain.
    Stop,
}

impl Next {
    /// What follows this end; `met` says that a channel has stood.
    pub fn after(ended: &Ended, met: bool) -> Self {
        match ended.code {
            // Before anybody called, the person means the waiting; after that, the session.
            ErrorCode::Done if !met => Self::Stop,
            ErrorCode::Replaced => Self::Stop,
            ErrorCode::NotFound if !met => Self::Stop,
            ErrorCode::Idle => Self::Again,
            _ if met => Self::Again,
            _ => Self::Pause,
        }
    }
}

/// Why there is no device, and what to do about it.
#[derive(Debug)]
pub enum DeviceError {
    /// The file cannot be read or written.
    File(String, io::Error),
    /// It is none of a device.
    NoDevice(String),
    /// It is the one of helpers, and the device's own is wanted.
    NoToken(String),
    /// The system gives no random numbers.
    Random(String),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(
                f,
                "{path}: {error}; check the path, and who may read and write there"
            ),
            Self::NoDevice(path) => write!(
                f,
                "{path} is no file of a known device; use one that `alongside device enrol` made"
            ),
            Self::NoToken(path) => write!(
                f,
                "{path} is the file of the helpers; the device itself needs the one that ends in \
                 .device"
            ),
            Self::Random(why) => write!(f, "no random numbers: {why}"),
        }
    }
}

impl std::error::Error for DeviceError {}

//= spec/17-known-devices.md#enrolment [DEVICE-1] a14edd8c
/// A new device.
///
/// # Errors
/// [`DeviceError::Random`].
pub fn enrol() -> Result<Device, DeviceError> {
    let mut random = [0; 80];
    getrandom::fill(&mut random).map_err(|error| DeviceError::Random(error.to_string()))?;
    Ok(Device::enrol(&random))
}

/// The file of the device itself.
pub fn device_file(device: &Device) -> String {
    let token = hex(&device.token.0);
    let card = if device.without_card {
        WITHOUT_CARD
    } else {
        ""
    };
    format!("{}token {token}\n{card}", helpers_file(&device.key))
}

/// The file of the organisation's helpers.
pub fn helpers_file(key: &DeviceKey) -> String {
    let secret = hex(key.secret());
    format!("{START}\nid {}\nsecret {secret}\n", key.id)
}

/// What the relay is to know of the device, as an entry of its file of devices.
pub fn relay_entry(device: &Device, organisation: &str) -> String {
    let (id, hash) = (device.key.id, hex(&token_hash(&device.token)));
    let organisation = organisation.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "[[device]]\nid = \"{id}\"\ntoken_sha256 = \"{hash}\"\norganisation = \"{organisation}\"\n"
    )
}

/// Reads the file of the device itself.
///
/// # Errors
/// [`DeviceError`], which says what to do.
pub fn read_device(path: &Path) -> Result<Device, DeviceError> {
    let (key, own) = read(path)?;
    let (token, without_card) =
        own.ok_or_else(|| DeviceError::NoToken(path.display().to_string()))?;
    Ok(Device {
        key,
        token,
        without_card,
    })
}

/// Reads the file of the helpers, or what helpers need of the device's own.
///
/// # Errors
/// [`DeviceError`], which says what to do.
pub fn read_key(path: &Path) -> Result<DeviceKey, DeviceError> {
    read(path).map(|(key, _)| key)
}

/// Writes a new file that nobody but its owner can read. One that is there already is not touched.
///
/// # Errors
/// [`DeviceError::File`].
pub fn write_new(path: &Path, text: &str) -> Result<(), DeviceError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| DeviceError::File(path.display().to_string(), error))
}

/// The half that helpers have as well, and what only the device has: its token, and whether its
/// helpers need no card.
type Parts = (DeviceKey, Option<(DeviceToken, bool)>);

fn read(path: &Path) -> Result<Parts, DeviceError> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| DeviceError::File(name(), error))?;
    parse(&text).ok_or_else(|| DeviceError::NoDevice(name()))
}

fn parse(text: &str) -> Option<Parts> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.next()? != START {
        return None;
    }
    let id = lines.next()?.strip_prefix("id ")?.parse().ok()?;
    let secret = from_hex(lines.next()?.strip_prefix("secret ")?)?;
    let key = DeviceKey::new(id, secret);
    let Some(token) = lines.next() else {
        return Some((key, None));
    };
    let token = DeviceToken(from_hex(token.strip_prefix("token ")?)?);
    let card = lines.next();
    let is_known = card.is_none_or(|card| card == WITHOUT_CARD.trim());
    let is_all = is_known && lines.next().is_none();
    is_all.then_some((key, Some((token, card.is_some()))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let [own, theirs] = ["own", "theirs"].map(|name| folder.path().join(name));
        let device = enrol().unwrap();
        write_new(&own, &device_file(&device)).unwrap();
        write_new(&theirs, &helpers_file(&device.key)).unwrap();
        let read = read_device(&own).unwrap();
        assert_eq!((read.key.id, read.token), (device.key.id, device.token));
        assert!(!read.without_card);
        for path in [&own, &theirs] {
            let key = read_key(path).unwrap();
            assert_eq!(key.secret(), device.key.secret());
            assert_eq!(key.id, device.key.id);
        }
        assert!(matches!(read_device(&theirs), Err(DeviceError::NoToken(_))));
        assert!(matches!(write_new(&own, ""), Err(DeviceError::File(..))));
        assert_ne!(enrol().unwrap().key.id, device.key.id);
    }

    #[test]
    fn what_is_no_device_is_refused() {
        let device = Device::enrol(&[7; 80]);
        let text = device_file(&device);
        assert!(parse(&text).is_some());
        let without_card = format!("{text}{WITHOUT_CARD}");
        assert!(parse(&without_card).unwrap().1.unwrap().1);
        assert!(parse(&text.replace('\n', "\r\n")).is_some());
        for wrong in [
            String::new(),
            text.replace("/1", "/2"),
            text.replace("id 07", "id 7"),
            text.replace("secret 07", "secret 0g"),
            text.replace("secret", "token"),
            format!("{text}more\n"),
            format!("{text}{WITHOUT_CARD}more\n"),
        ] {
            assert!(parse(&wrong).is_none(), "{wrong}");
        }
        let entry = relay_entry(&device, "A \"B\"");
        assert!(entry.contains("organisation = \"A \\\"B\\\"\""), "{entry}");
    }
}
