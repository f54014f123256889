//! A person's clipboard during a session: one item out or in, at one act each.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use alongside_wire::limits;

use super::{ClipboardError, Offer, Place, read};

pub(crate) struct Board {
    place: Place,
    /// The live grant.
    grant: Option<u32>,
    /// What came and was taken, while it may be had.
    offer: Option<Offer>,
    reader: UnboundedSender<Read>,
    was_read: UnboundedReceiver<Read>,
}

/// The grant that was alive at the act, and what was read.
type Read = (Option<u32>, Result<String, ClipboardError>);

impl Board {
    pub(crate) fn new(place: Place) -> Self {
        let (reader, was_read) = unbounded_channel();
        Self {
            place,
            grant: None,
            offer: None,
            reader,
            was_read,
        }
    }

    /// There is a grant.
    pub(crate) fn granted(&mut self, grant: u32) {
        self.grant = Some(grant);
    }

    /// Begins to read the clipboard, once. The program that has it may take its time, so that is
    /// not waited for here.
    pub(crate) fn read(&self) {
        let (place, reader, grant) = (self.place.clone(), self.reader.clone(), self.grant);
        std::thread::spawn(move || {
            // It fails if the session is over, and nobody wants it any more.
            let _ = reader.send((grant, read(&place, limits::CLIPBOARD)));
        });
    }

    //= spec/19-tools.md#clipboard [TOOL-31] eb6c52c2
    /// What was read, if the grant is the one that the person had in mind.
    pub(crate) async fn was_read(&mut self) -> Result<String, ClipboardError> {
        match self.was_read.recv().await {
            Some((grant, Ok(_))) if grant != self.grant => Err(ClipboardError::Over),
            Some((_, read)) => read,
            None => std::future::pending().await,
        }
    }

    //= spec/19-tools.md#clipboard [TOOL-10] f4c91892
    /// Puts a text that the person took into the clipboard, until it is withdrawn.
    pub(crate) fn put(&mut self, text: String) -> Result<(), ClipboardError> {
        self.offer = None;
        self.offer = Some(Offer::new(&self.place, text)?);
        Ok(())
    }

    /// There is no grant any more: takes a text that came out of the clipboard again, if it is still there.
    pub(crate) fn withdraw(&mut self) {
        self.grant = None;
        self.offer = None;
    }
}
