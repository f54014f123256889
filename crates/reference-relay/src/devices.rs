//! The file of the devices that may wait at this relay.

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

pub use alongside_state_machine::relay::Registration;
pub use alongside_wire::device::DeviceId;
use alongside_wire::device::from_hex;
use serde::Deserialize;

/// Devices, and what is known of each.
pub type Devices = BTreeMap<DeviceId, Registration>;

/// Why a file of devices cannot be used.
#[derive(Debug)]
pub enum DevicesError {
    /// It cannot be read.
    Read(String, io::Error),
    /// It does not say what it should.
    Wrong(String, String),
}

impl fmt::Display for DevicesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => {
                write!(f, "the devices cannot be read from {path}: {error}")
            }
            Self::Wrong(path, why) => write!(
                f,
                "{path}: {why}; each device is what `alongside device enrol` wrote for the relay"
            ),
        }
    }
}

impl std::error::Error for DevicesError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    device: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    token_sha256: String,
    organisation: String,
    issuer: Option<String>,
}

/// Reads a file of devices: TOML, one table `[[device]]` for each.
///
/// # Errors
/// [`DevicesError`], which names the file and what is wrong.
pub fn read(path: &Path) -> Result<Devices, DevicesError> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| DevicesError::Read(name(), error))?;
    parse(&text).map_err(|why| DevicesError::Wrong(name(), why))
}

fn parse(text: &str) -> Result<Devices, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut devices = Devices::new();
    for entry in file.device {
        let id: DeviceId = entry.id.parse()?;
        let token_hash = from_hex(&entry.token_sha256)
            .ok_or("token_sha256 is 64 hexadecimal digits in lower case")?;
        if entry.organisation.is_empty() {
            return Err(format!("the device {id} has no organisation"));
        }
        let registration = Registration {
            token_hash,
            organisation: entry.organisation,
            issuer: entry.issuer,
        };
        if devices.insert(id, registration).is_some() {
            return Err(format!("the device {id} is there twice"));
        }
    }
    Ok(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_wrong_with_it() {
        let entry = |id: &str, organisation: &str| {
            let hash = "7b".repeat(32);
            format!(
                "[[device]]\nid = \"{id}\"\ntoken_sha256 = \"{hash}\"\norganisation = \
                 \"{organisation}\"\n"
            )
        };
        let (one, other) = ("01".repeat(16), "02".repeat(16));
        assert_eq!(parse("").map(|devices| devices.len()), Ok(0));
        let two = entry(&one, "Example") + &entry(&other, "Ünïted");
        let devices = parse(&two).expect("two devices");
        assert_eq!(devices.len(), 2);
        let registration = &devices[&one.parse().expect("an id")];
        assert_eq!(registration.token_hash, [0x7b; 32]);
        assert_eq!(registration.issuer, None);
        let vouched = entry(&one, "Example") + "issuer = \"https://login.example\"\n";
        assert!(parse(&vouched).is_ok());
        for (text, why) in [
            (entry(&one, "A") + &entry(&one, "B"), "twice"),
            (entry("01", "A"), "32 hexadecimal"),
            (entry(&one, ""), "no organisation"),
            (entry(&one, "A").replace("7b", "7B"), "64 hexadecimal"),
            (entry(&one, "A") + "secret = \"x\"\n", "unknown field"),
        ] {
            let error = parse(&text).expect_err("it is wrong");
            assert!(error.contains(why), "{error}");
        }
    }
}
