//! An issuer, and what it says of people and of their devices.

use std::{
    io::Cursor,
    time::{SystemTime, UNIX_EPOCH},
};

use alongside_state_machine::identity::{
    Identity,
    device::OwnDevice,
    issue::{Request, issue, state},
    keys::SecretKey,
    own::{self, OwnCard},
    trust::Anchor,
};
use alongside_wire::{
    DeviceStatus, Profile, Scopes,
    card::{Card, PictureInfo, Statement},
};
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};

use super::{Failure, house::random};

pub(super) struct Office {
    name: &'static str,
    key: SecretKey,
}

/// Somebody with a card.
pub(super) struct Owner {
    pub(super) card: OwnCard,
    /// What their receipts are signed with.
    pub(super) receipt_key: SecretKey,
}

impl Office {
    pub(super) fn open(name: &'static str) -> Result<Self, Failure> {
        let key = SecretKey::from_seed(&random()?);
        Ok(Self { name, key })
    }

    /// Somebody who believes what this issuer signs.
    pub(super) fn believer(&self) -> Identity {
        Identity {
            anchors: vec![Anchor {
                name: self.name.to_owned(),
                key: self.key.public(),
                runs_relay: false,
            }],
            ..Identity::default()
        }
    }

    /// A card that tells colleagues everything, with a picture.
    pub(super) fn colleague(&self, first: &str, last: &str, title: &str) -> Result<Owner, Failure> {
        let photo = photo(first)?;
        let mut owner = self.owner(Card {
            last_name: last.to_owned(),
            title: title.to_owned(),
            organisation: self.name.to_owned(),
            domain: "engines.example".to_owned(),
            picture: vec![PictureInfo {
                hash: own::hash(&photo),
                size: u32::try_from(photo.len())?,
            }],
            ..card(Profile::Full, first)?
        })?;
        owner.card = owner.card.with_picture(photo)?;
        Ok(owner)
    }

    /// A card that tells strangers a first name and an initial.
    pub(super) fn acquaintance(&self, first: &str, initial: &str) -> Result<Owner, Failure> {
        self.owner(Card {
            last_name: initial.to_owned(),
            ..card(Profile::Abbreviated, first)?
        })
    }

    fn owner(&self, card: Card) -> Result<Owner, Failure> {
        let (key, receipt_key) = (
            SecretKey::from_seed(&random()?),
            SecretKey::from_seed(&random()?),
        );
        let challenge = random()?;
        let request = Request::new(&key, Some(&receipt_key), &challenge);
        let bytes = issue(card, &request, &challenge, &self.key)?;
        let card = OwnCard::new(&bytes, key)?;
        Ok(Owner { card, receipt_key })
    }

    /// A device of which this is said for the next hour.
    pub(super) fn device(&self, status: DeviceStatus) -> Result<OwnDevice, Failure> {
        let key = SecretKey::from_seed(&random()?);
        let issued = now()?;
        let statement = Statement {
            version: 1,
            issuer: [0; 32],
            device_key: key.public(),
            status: status.to_wire(),
            issued,
            expires: issued + 3_600,
        };
        Ok(OwnDevice::new(&state(statement, &self.key)?, key)?)
    }
}

/// The least that a card says; the issuer sets the keys.
fn card(profile: Profile, first: &str) -> Result<Card, Failure> {
    let not_before = now()?;
    Ok(Card {
        version: 1,
        profile: profile.to_wire(),
        issuer: [0; 32],
        serial: random()?,
        first_name: first.to_owned(),
        last_name: String::new(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        picture: Vec::new(),
        ceiling: Scopes::ALL,
        card_key: [0; 32],
        receipt_key: Vec::new(),
        not_before,
        expires: not_before + 3_600,
    })
}

/// A picture as a PNG file: stripes in colours of the name's own.
fn photo(name: &str) -> Result<Vec<u8>, Failure> {
    const SIDE: u32 = 64;
    let colours = own::hash(name.as_bytes());
    let row = (0..SIDE as usize).flat_map(|x| colours[x / 8..][..3].iter().copied());
    let pixels: Vec<u8> = row.collect::<Vec<_>>().repeat(SIDE as usize);
    let mut file = Cursor::new(Vec::new());
    PngEncoder::new(&mut file).write_image(&pixels, SIDE, SIDE, ExtendedColorType::Rgb8)?;
    Ok(file.into_inner())
}

fn now() -> Result<u64, Failure> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
