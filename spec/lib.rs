//! The specification of the Alongside protocol, as data for programs: what a crate elsewhere needs of this
//! folder it has from here, so that there is one copy, also in what is published.

#![no_std]

/// Every number, as TOML.
pub const REGISTRY: &str = include_str!("registry.toml");

/// Every requirement, as JSON: its id, level, role, section, observability and text.
pub const REQUIREMENTS: &str = include_str!("requirements.json");

/// The state table of this name, as TOML.
pub fn table(name: &str) -> Option<&'static str> {
    of(&TABLES, name)
}

/// The chapter in the file of this name, as Markdown.
pub fn chapter(name: &str) -> Option<&'static str> {
    of(&CHAPTERS, name)
}

/// The vectors of each kind but the sequences, which are no computation, as JSON.
pub const COMPUTED: [&str; 36] = [
    include_str!("vectors/answer.json"),
    include_str!("vectors/card-sign.json"),
    include_str!("vectors/card.json"),
    include_str!("vectors/clear.json"),
    include_str!("vectors/code-draw.json"),
    include_str!("vectors/code.json"),
    include_str!("vectors/confirm.json"),
    include_str!("vectors/datagram.json"),
    include_str!("vectors/device.json"),
    include_str!("vectors/envelope.json"),
    include_str!("vectors/exchange.json"),
    include_str!("vectors/finish.json"),
    include_str!("vectors/journal.json"),
    include_str!("vectors/key.json"),
    include_str!("vectors/link.json"),
    include_str!("vectors/opened.json"),
    include_str!("vectors/opening.json"),
    include_str!("vectors/picture.json"),
    include_str!("vectors/possession.json"),
    include_str!("vectors/proof.json"),
    include_str!("vectors/receipt-file.json"),
    include_str!("vectors/receipt-shown.json"),
    include_str!("vectors/receipt-sign.json"),
    include_str!("vectors/receipt.json"),
    include_str!("vectors/reconnect-answer.json"),
    include_str!("vectors/reconnect-finish.json"),
    include_str!("vectors/reconnect.json"),
    include_str!("vectors/record.json"),
    include_str!("vectors/rendezvous.json"),
    include_str!("vectors/report.json"),
    include_str!("vectors/sealed.json"),
    include_str!("vectors/session.json"),
    include_str!("vectors/signature.json"),
    include_str!("vectors/statement-sign.json"),
    include_str!("vectors/statement.json"),
    include_str!("vectors/window.json"),
];

fn of(all: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let (_, text) = all.iter().find(|(other, _)| *other == name)?;
    Some(text)
}

const TABLES: [(&str, &str); 4] = [
    ("connection", include_str!("tables/connection.toml")),
    ("helper", include_str!("tables/helper.toml")),
    ("pairing", include_str!("tables/pairing.toml")),
    ("sharer", include_str!("tables/sharer.toml")),
];

const CHAPTERS: [(&str, &str); 20] = [
    ("01-terms.md", include_str!("01-terms.md")),
    ("02-codes.md", include_str!("02-codes.md")),
    ("03-rendezvous.md", include_str!("03-rendezvous.md")),
    ("04-key-exchange.md", include_str!("04-key-exchange.md")),
    ("05-session.md", include_str!("05-session.md")),
    ("06-media-input.md", include_str!("06-media-input.md")),
    ("07-wire.md", include_str!("07-wire.md")),
    ("08-transport.md", include_str!("08-transport.md")),
    ("09-limits-errors.md", include_str!("09-limits-errors.md")),
    ("11-rationale.md", include_str!("11-rationale.md")),
    ("12-reconnect.md", include_str!("12-reconnect.md")),
    ("13-sign-in.md", include_str!("13-sign-in.md")),
    ("14-operation.md", include_str!("14-operation.md")),
    ("15-identity.md", include_str!("15-identity.md")),
    ("16-receipts.md", include_str!("16-receipts.md")),
    ("17-known-devices.md", include_str!("17-known-devices.md")),
    ("18-privacy.md", include_str!("18-privacy.md")),
    ("19-tools.md", include_str!("19-tools.md")),
    (
        "20-forwarded-packets.md",
        include_str!("20-forwarded-packets.md"),
    ),
    ("security.md", include_str!("security.md")),
];

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{
        collections::BTreeSet,
        fs,
        path::Path,
        string::{String, ToString},
    };

    use super::{CHAPTERS, COMPUTED, TABLES};

    /// What comes before the ending of each file of the folder.
    fn files(folder: &str, ending: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter_map(|name| Some(name.to_str()?.strip_suffix(ending)?.to_string()))
            .collect()
    }

    #[test]
    fn every_table_is_here() {
        let here = TABLES.map(|(name, _)| name.to_string());
        assert_eq!(BTreeSet::from(here), files("tables", ".toml"));
    }

    #[test]
    fn every_kind_of_vectors_is_here() {
        let there = files("vectors", ".json").into_iter();
        let there = there.filter(|name| name != "schema" && name != "sequence");
        let kinds = there.map(|kind| std::format!("\"kind\": \"{kind}\","));
        let lacking = |kind: &String| !COMPUTED.iter().any(|text| text.contains(kind.as_str()));
        let lacking: std::vec::Vec<_> = kinds.filter(lacking).collect();
        assert_eq!(lacking, [""; 0]);
    }

    #[test]
    fn every_chapter_is_here() {
        let here = CHAPTERS.map(|(name, _)| name.to_string());
        let numbered = |name: &String| name.starts_with(|first: char| first.is_ascii_digit());
        let there = files("", "md").into_iter().map(|name| name + "md");
        let there = there.filter(|name| numbered(name) || name == "security.md");
        assert_eq!(BTreeSet::from(here), there.collect());
    }
}
