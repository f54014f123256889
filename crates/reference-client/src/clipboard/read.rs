//! Asks the program that has the clipboard for its text.

use std::time::{Duration, Instant};

use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, WindowClass},
    },
};

use super::{ClipboardError, Place};
use crate::x11::{Link, lost};

/// How long the other program may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether it has answered.
const POLL: Duration = Duration::from_millis(5);

/// The text that is on the clipboard now, of at most so many bytes of UTF-8. Waits for the program
/// that has it for at most two seconds.
///
/// # Errors
/// If there is none, it is no text or longer than the limit, or its program does not hand it over.
pub fn read(place: &Place, limit: usize) -> Result<String, ClipboardError> {
    let Place::X11(display) = place else {
        return Err(ClipboardError::Nowhere);
    };
    let link = Link::open(display.as_deref(), None).map_err(ClipboardError::X11)?;
    let reader = Reader::new(&link, limit)?;
    // The second is for programs of the last century, and is Latin-1.
    match reader.ask(reader.utf8)? {
        Some(bytes) => String::from_utf8(bytes).map_err(|_| ClipboardError::NotText),
        None => {
            let bytes = reader.ask(AtomEnum::STRING.into())?;
            let bytes = bytes.ok_or(ClipboardError::NotText)?;
            let text: String = bytes.into_iter().map(char::from).collect();
            reader.fits(text.len()).map(|()| text)
        }
    }
}

struct Reader<'a> {
    link: &'a Link,
    limit: usize,
    window: u32,
    clipboard: Atom,
    utf8: Atom,
    incr: Atom,
    property: Atom,
    deadline: Instant,
}

impl<'a> Reader<'a> {
    fn new(link: &'a Link, limit: usize) -> Result<Self, ClipboardError> {
        let names = ["CLIPBOARD", "UTF8_STRING", "INCR", "ALONGSIDE_CLIPBOARD"];
        let [clipboard, utf8, incr, property] = link.atoms(names).map_err(ClipboardError::X11)?;
        let window = link.conn.generate_id().map_err(failed)?;
        let class = WindowClass::INPUT_ONLY;
        let aux = CreateWindowAux::new().event_mask(EventMask::NO_EVENT);
        link.conn
            .create_window(0, window, link.root(), 0, 0, 1, 1, 0, class, 0, &aux)
            .map_err(failed)?
            .check()
            .map_err(failed)?;
        Ok(Self {
            link,
            limit,
            window,
            clipboard,
            utf8,
            incr,
            property,
            deadline: Instant::now() + PATIENCE,
        })
    }

    /// The clipboard as one kind of text, or `None` if it cannot be had as that.
    fn ask(&self, kind: Atom) -> Result<Option<Vec<u8>>, ClipboardError> {
        let conn = &self.link.conn;
        let owner = conn.get_selection_owner(self.clipboard).map_err(failed)?;
        if owner.reply().map_err(failed)?.owner == x11rb::NONE {
            return Err(ClipboardError::Empty);
        }
        let now = x11rb::CURRENT_TIME;
        conn.convert_selection(self.window, self.clipboard, kind, self.property, now)
            .map_err(failed)?;
        conn.flush().map_err(failed)?;
        loop {
            match conn.poll_for_event().map_err(failed)? {
                Some(Event::SelectionNotify(answer))
                    if (answer.selection, answer.target) == (self.clipboard, kind) =>
                {
                    return match answer.property {
                        x11rb::NONE => Ok(None),
                        _ => self.fetch(kind).map(Some),
                    };
                }
                Some(_) => {}
                None if Instant::now() > self.deadline => return Err(ClipboardError::Silent),
                None => std::thread::sleep(POLL),
            }
        }
    }

    /// What the other program has left for us, whatever it said about it.
    fn fetch(&self, kind: Atom) -> Result<Vec<u8>, ClipboardError> {
        // A byte more than the limit, in units of four: longer texts are seen, and not fetched.
        let units = u32::try_from(self.limit / 4 + 1).unwrap_or(u32::MAX);
        let any = AtomEnum::ANY;
        let (conn, property) = (&self.link.conn, self.property);
        let cookie = conn.get_property(true, self.window, property, any, 0, units);
        let reply = cookie.map_err(failed)?.reply().map_err(failed)?;
        // A text in pieces is longer than a request may be, which is far beyond any limit here.
        if reply.type_ == self.incr || reply.bytes_after > 0 {
            return Err(ClipboardError::TooLong { limit: self.limit });
        }
        if reply.type_ != kind || reply.format != 8 {
            return Err(ClipboardError::NotText);
        }
        self.fits(reply.value.len()).map(|()| reply.value)
    }

    fn fits(&self, len: usize) -> Result<(), ClipboardError> {
        match len {
            0 => Err(ClipboardError::Empty),
            len if len > self.limit => Err(ClipboardError::TooLong { limit: self.limit }),
            _ => Ok(()),
        }
    }
}

fn failed(error: impl std::fmt::Display) -> ClipboardError {
    ClipboardError::X11(lost(error))
}
