//! Cards that were shown, and their pictures as they go between the ends: asked for once, sent once, in order.

use alloc::vec::Vec;

use alongside_wire::{
    card::{Card, PictureInfo},
    limits::PICTURE_CHUNK,
    receipt::Receipt,
    session::{Message, Picture, PictureRequest},
};

use crate::{
    error::{Fault, Misuse},
    identity::{
        own::{self, OwnCard},
        picture,
    },
    mutant,
};

/// What one end knows of the other's picture, and has told of its own.
#[derive(Debug, Default)]
pub(super) struct Faces {
    /// The other end's card as its issuer signed it, or nothing.
    card: Vec<u8>,
    /// The picture that the other end's card names.
    theirs: Option<PictureInfo>,
    fetch: Fetch,
    /// This end's card was shown to the other, which may ask for its picture.
    shown: bool,
    /// It has asked.
    sent: bool,
}

#[derive(Debug, Default)]
enum Fetch {
    #[default]
    NotAsked,
    Under(Vec<u8>),
    Done,
}

/// What came of asking for a picture.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fetched {
    /// The file, which is the one of the card. Nobody has decoded it.
    Picture(Vec<u8>),
    /// The other end does not have it at hand.
    NotAtHand,
}

impl Faces {
    /// The other end showed this card, which was read from these bytes.
    pub(super) fn see(&mut self, card: Option<&Card>, bytes: &[u8]) {
        self.card = bytes.into();
        self.theirs = card.and_then(|card| card.picture.first().copied());
    }

    //= spec/16-receipts.md#file [RECEIPT-19] ccd873ab
    /// The cards that a receipt names, of these two ends.
    pub(super) fn named_by(&self, receipt: &Receipt, own: Option<&OwnCard>) -> Vec<Vec<u8>> {
        let said = &receipt.statement;
        let named = |card: &&[u8]| [said.sharer_card, said.helper_card].contains(&own::hash(card));
        let cards = own.map(OwnCard::bytes).into_iter().chain([&self.card[..]]);
        cards.filter(named).map(<[u8]>::to_vec).collect()
    }

    /// This end's card was shown.
    pub(super) fn show(&mut self) {
        self.shown = true;
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    //= spec/15-identity.md#pictures [PICTURE-1] 265afad1
    /// Asks for the picture of the other end's card.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if it has none, or was asked already.
    pub(super) fn ask(&mut self) -> Result<Message, Misuse> {
        match (&self.fetch, self.theirs) {
            (Fetch::NotAsked, Some(_)) => {
                self.fetch = Fetch::Under(Vec::new());
                Ok(PictureRequest {}.into())
            }
            _ => Err(Misuse::Nothing),
        }
    }

    //= spec/12-reconnect.md#state [RECON-39] 1c350ded
    /// The link is up again: the request for a picture that has not come whole. The other end may
    /// ask once more as well.
    pub(super) fn back(&mut self) -> Option<Message> {
        self.sent = false;
        match &mut self.fetch {
            Fetch::Under(_) if mutant::is("RECON-39/silent") => None,
            Fetch::Under(got) => {
                got.clear();
                Some(PictureRequest {}.into())
            }
            Fetch::NotAsked | Fetch::Done => None,
        }
    }

    /// The other end asks for this end's picture: what is to be sent.
    ///
    /// # Errors
    /// [`Fault::PictureNotAllowed`] if it was not shown one, or has asked already.
    pub(super) fn asked(&mut self, own: Option<&OwnCard>) -> Result<Vec<Message>, Fault> {
        let own = own.filter(|own| self.shown && !own.card().picture.is_empty());
        //= spec/15-identity.md#pictures [PICTURE-2] f5d5e8e5
        let Some(own) = own.filter(|_| !self.sent) else {
            return Err(Fault::PictureNotAllowed);
        };
        self.sent = true;
        //= spec/15-identity.md#pictures [PICTURE-3] 4f92a5c9
        let mut offset = 0;
        let most = match mutant::is("PICTURE-3/smaller") {
            true => PICTURE_CHUNK / 2,
            false => PICTURE_CHUNK,
        };
        let pieces = own.picture().chunks(most).map(|piece| {
            let message = Picture {
                offset,
                data: piece.into(),
            };
            offset += u32::try_from(piece.len()).unwrap_or(u32::MAX);
            message.into()
        });
        let mut messages: Vec<_> = pieces.collect();
        if messages.is_empty() {
            let data = Vec::new();
            messages.push(Picture { offset: 0, data }.into());
        }
        Ok(messages)
    }

    /// A piece of the other end's picture: the file, when it is whole.
    ///
    /// # Errors
    /// [`Fault::PictureNotAllowed`] if it is not the next piece of what was asked for,
    /// [`Fault::BadPicture`] if the file is not the one of the card.
    pub(super) fn piece(&mut self, piece: &Picture) -> Result<Option<Fetched>, Fault> {
        let (Fetch::Under(got), Some(info)) = (&mut self.fetch, self.theirs) else {
            return Err(Fault::PictureNotAllowed);
        };
        if piece.data.is_empty() && got.is_empty() && piece.offset == 0 {
            self.fetch = Fetch::Done;
            return Ok(Some(Fetched::NotAtHand));
        }
        let (size, after) = (info.size as usize, got.len() + piece.data.len());
        let full = piece.data.len() == PICTURE_CHUNK || after == size;
        let next = piece.offset as usize == got.len();
        if !next || !full || after > size {
            return Err(Fault::PictureNotAllowed);
        }
        got.extend_from_slice(&piece.data);
        if after < size {
            if mutant::is("PICTURE-6/early") {
                return Ok(Some(Fetched::Picture(got.clone())));
            }
            return Ok(None);
        }
        //= spec/15-identity.md#pictures [PICTURE-4] bf9a4194
        //= spec/15-identity.md#pictures [PICTURE-6] e6867b2d
        if !picture::is_named(&info, got) && !mutant::is("PICTURE-4/any") {
            return Err(Fault::BadPicture);
        }
        let Fetch::Under(got) = core::mem::replace(&mut self.fetch, Fetch::Done) else {
            return Ok(None);
        };
        Ok(Some(Fetched::Picture(got)))
    }
}
