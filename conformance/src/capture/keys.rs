//! The key log: a line for each master secret of a session, which opens all that was sealed under it.
//!
//! ```text
//! # anything
//! MASTER <suite, in hex> <generation> <32 bytes in hex>
//! ```

use std::{fs, path::Path};

use alongside_state_machine::channel::keys::Keys;
use alongside_wire::Suite;

use crate::stage::Master;

/// The keys of a session, by generation.
#[derive(Default)]
pub struct KeyLog(pub(super) Vec<Keys>);

/// The file.
pub fn text(masters: &[Master]) -> String {
    let mut out = String::from("# suite, generation, master secret\n");
    for one in masters {
        let (suite, generation) = (one.suite, one.generation);
        out += &format!(
            "MASTER {suite:02x} {generation} {}\n",
            hex::encode(one.master)
        );
    }
    out
}

impl KeyLog {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is none; in words.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path);
        let read = text.map_err(|error| error.to_string());
        read.and_then(|text| Self::parse(&text))
            .map_err(|why| format!("{}: {why}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let keys = lines.map(|(place, line)| {
            one(line).ok_or_else(|| format!(
                "line {} is no line of a key log, `MASTER`, suite, generation and secret, as in the keys.log of a bundle",
                place + 1
            ))
        });
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(Keys::generation);
        Ok(Self(keys))
    }
}

fn one(line: &str) -> Option<Keys> {
    let mut words = line.split_whitespace();
    let ("MASTER", suite, generation, master, None) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next(),
    ) else {
        return None;
    };
    let suite = Suite::from_wire(u8::from_str_radix(suite, 16).ok()?)?;
    let master = hex::decode(master).ok()?.try_into().ok()?;
    Some(Keys::of_generation(suite, generation.parse().ok()?, master))
}

#[cfg(test)]
mod tests {
    use super::{KeyLog, text};
    use crate::stage::Master;

    #[test]
    fn what_is_written_is_read() {
        let master = |generation| Master {
            suite: 1,
            generation,
            master: [generation as u8; 32],
        };
        let read = KeyLog::parse(&text(&[master(1), master(0)])).unwrap();
        let generations: Vec<_> = read.0.iter().map(|keys| keys.generation()).collect();
        assert_eq!(generations, [0, 1]);
        assert_eq!(read.0[1].master(), [1; 32]);
        for wrong in ["MASTER 01 0", "MASTER ff 0 00", "SECRET 01 0 00"] {
            assert!(KeyLog::parse(wrong).is_err(), "{wrong}");
        }
    }
}
