//! An issuer and its people, through the files of `alongside card`.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use alongside_client::Config;
use alongside_state_machine::identity::{
    Identity, device::OwnDevice, keys::SecretKey, own::OwnCard, text,
};

/// A folder with an issuer, and what its people make.
pub struct Office {
    folder: tempfile::TempDir,
    pub issuer: String,
}

impl Office {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut office = Self {
            folder,
            issuer: String::new(),
        };
        let printed = office.alongside(&["issuer-key", "--out", "issuer.secret"]);
        let line = printed
            .lines()
            .find(|line| line.starts_with("issuer "))
            .unwrap();
        office.issuer = line.split(' ').nth(1).unwrap().to_owned();
        let trust = format!("issuer {} Engines\n", office.issuer);
        std::fs::write(office.path("trust"), trust).unwrap();
        office
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn try_alongside(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_alongside"))
            .arg("card")
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    pub fn alongside(&self, arguments: &[&str]) -> String {
        let output = self.try_alongside(arguments);
        let printed = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {printed}{complaint}"
        );
        printed
    }

    /// A card for somebody, through all the steps of the tool.
    pub fn card(&self, who: &str, more: &[&str]) -> OwnCard {
        let file = |kind: &str| format!("{who}.{kind}");
        let (secret, request, card) = (file("secret"), file("request"), file("card"));
        let ask = [
            "new-key",
            "--issuer",
            &self.issuer,
            "--out",
            &secret,
            "--request",
            &request,
        ];
        self.alongside(&[&ask[..], &["--receipts"]].concat());
        let issue = [
            "issue",
            "--issuer-key",
            "issuer.secret",
            "--request",
            &request,
        ];
        self.alongside(&[&issue[..], &["--first", who, "--out", &card], more].concat());
        self.own(&card, &secret)
    }

    pub fn own(&self, card: &str, secret: &str) -> OwnCard {
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap();
        let text = read(card);
        let bytes = text::fields(&text).unwrap().remove(0).1;
        let text = read(secret);
        let seed = text::only::<32>(&text::fields(&text).unwrap(), "card")
            .unwrap()
            .unwrap();
        OwnCard::new(&bytes, SecretKey::from_seed(&seed)).unwrap()
    }

    pub fn trusting(&self) -> Config {
        let trust = std::fs::read_to_string(self.path("trust")).unwrap();
        let anchors = text::anchors(&trust).unwrap();
        Config {
            identity: Identity {
                anchors,
                ..Identity::default()
            },
            ..Config::default()
        }
    }
}

pub fn showing(card: OwnCard) -> Config {
    Config {
        identity: Identity {
            card: Some(card),
            ..Identity::default()
        },
        ..Config::default()
    }
}

pub const FULL: &[&str] = &[
    "--last",
    "Lovelace",
    "--title",
    "Engineer",
    "--organisation",
    "Analytical Engines",
    "--domain",
    "engines.example",
];

/// A PNG file of one pixel.
pub fn photo() -> Vec<u8> {
    photo_in([1, 2, 3])
}

/// The same in another colour.
pub fn photo_in(colour: [u8; 3]) -> Vec<u8> {
    let picture = alongside_client::picture::Picture::from_pixels(1, 1, colour.into()).unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    let encoder = image::codecs::png::PngEncoder::new(&mut file);
    image::ImageEncoder::write_image(
        encoder,
        picture.pixels(),
        1,
        1,
        image::ExtendedColorType::Rgb8,
    )
    .unwrap();
    file.into_inner()
}

impl Office {
    /// What the issuer says of a new device.
    pub fn device(&self, status: &str) -> OwnDevice {
        let printed = self.alongside(&["device-key", "--out", "device.secret"]);
        let key = printed.trim().strip_prefix("device ").unwrap();
        let state = ["device", "--issuer-key", "issuer.secret", "--device", key];
        let more = ["--status", status, "--out", "device.statement"];
        self.alongside(&[&state[..], &more].concat());
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap();
        let text = read("device.statement");
        let bytes = text::fields(&text).unwrap().remove(0).1;
        let text = read("device.secret");
        let seed = text::only::<32>(&text::fields(&text).unwrap(), "device");
        OwnDevice::new(&bytes, SecretKey::from_seed(&seed.unwrap().unwrap())).unwrap()
    }
}
