//! Puts a text on the clipboard, for as long as the person may have it.

use std::{sync::Arc, thread};

use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{
            Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
            PropertyNotifyEvent, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent,
            SelectionRequestEvent, Timestamp, WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};

use super::{ClipboardError, Place};
use crate::x11::{Link, lost};

/// A text on the clipboard. It is handed to each program that asks for it, until something else is
/// copied or this is dropped; then nothing of it is left.
#[derive(Debug)]
pub struct Offer(Arc<Shared>);

struct Shared {
    link: Link,
    window: u32,
    text: String,
    atoms: Atoms,
    since: Timestamp,
}

#[derive(Debug)]
struct Atoms {
    clipboard: Atom,
    utf8: Atom,
    targets: Atom,
    timestamp: Atom,
}

impl Offer {
    /// Puts a text on the clipboard.
    ///
    /// # Errors
    /// If there is no clipboard, or another program takes it at the same moment.
    pub fn new(place: &Place, text: String) -> Result<Self, ClipboardError> {
        let Place::X11(display) = place else {
            return Err(ClipboardError::Nowhere);
        };
        let link = Link::open(display.as_deref(), None).map_err(ClipboardError::X11)?;
        let names = ["CLIPBOARD", "UTF8_STRING", "TARGETS", "TIMESTAMP"];
        let [clipboard, utf8, targets, timestamp] =
            link.atoms(names).map_err(ClipboardError::X11)?;
        let atoms = Atoms {
            clipboard,
            utf8,
            targets,
            timestamp,
        };
        let window = window(&link)?;
        let since = time(&link, window, timestamp)?;
        link.conn
            .set_selection_owner(window, clipboard, since)
            .map_err(failed)?;
        let owner = link.conn.get_selection_owner(clipboard).map_err(failed)?;
        if owner.reply().map_err(failed)?.owner != window {
            return Err(ClipboardError::Taken);
        }
        let shared = Arc::new(Shared {
            link,
            window,
            text,
            atoms,
            since,
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || serving.serve());
        Ok(Self(shared))
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        // The clipboard goes with its window, and so does the thread. If that fails the server is
        // gone, and all with it.
        let conn = &self.0.link.conn;
        let _ = conn.destroy_window(self.0.window).map(|cookie| {
            cookie.ignore_error();
            conn.flush()
        });
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not its text.
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Answers until the window is destroyed.
    fn serve(&self) {
        // What fails here fails for the program that asked, or for all: then the wait ends.
        while let Ok(event) = self.link.conn.wait_for_event() {
            match event {
                Event::SelectionRequest(request) => self.answer(&request),
                Event::DestroyNotify(gone) if gone.window == self.window => return,
                _ => {}
            }
        }
    }

    fn answer(&self, request: &SelectionRequestEvent) {
        // Programs that name no property mean the name of the target.
        let property = match request.property {
            x11rb::NONE => request.target,
            property => property,
        };
        let given = request.selection == self.atoms.clipboard
            && self.is_current(request.time)
            && self.give(request.requestor, request.target, property);
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if given { property } else { x11rb::NONE },
        };
        let conn = &self.link.conn;
        let sent = conn.send_event(false, request.requestor, EventMask::NO_EVENT, notify);
        // A program that has gone away meanwhile needs no answer.
        let _ = sent.map(|cookie| cookie.ignore_error());
        let _ = conn.flush();
    }

    /// Whether a request is about this text, and not about what was on the clipboard before.
    fn is_current(&self, time: Timestamp) -> bool {
        // The clock of the server starts again after 49 days.
        time == x11rb::CURRENT_TIME || time.wrapping_sub(self.since) < u32::MAX / 2
    }

    /// Leaves what is asked for with another program; whether it could be had.
    fn give(&self, to: u32, target: Atom, property: Atom) -> bool {
        let (conn, mode) = (&self.link.conn, PropMode::REPLACE);
        let string = Atom::from(AtomEnum::STRING);
        let Atoms {
            utf8,
            targets,
            timestamp,
            ..
        } = self.atoms;
        let latin = latin(&self.text);
        let sent = if target == utf8 {
            conn.change_property8(mode, to, property, utf8, self.text.as_bytes())
        } else if target == string
            && let Some(latin) = &latin
        {
            conn.change_property8(mode, to, property, string, latin)
        } else if target == timestamp {
            conn.change_property32(mode, to, property, AtomEnum::INTEGER, &[self.since])
        } else if target == targets {
            let mut known = vec![targets, timestamp, utf8];
            known.extend(latin.map(|_| string));
            conn.change_property32(mode, to, property, AtomEnum::ATOM, &known)
        } else {
            return false;
        };
        sent.is_ok_and(|cookie| cookie.check().is_ok())
    }
}

/// The text as old programs know it, if it can be written so.
fn latin(text: &str) -> Option<Vec<u8>> {
    let bytes = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)));
    bytes.collect::<Result<_, _>>().ok()
}

fn window(link: &Link) -> Result<u32, ClipboardError> {
    let window = link.conn.generate_id().map_err(failed)?;
    let mask = EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY;
    let aux = CreateWindowAux::new().event_mask(mask);
    let class = WindowClass::INPUT_ONLY;
    link.conn
        .create_window(0, window, link.root(), 0, 0, 1, 1, 0, class, 0, &aux)
        .map_err(failed)?
        .check()
        .map_err(failed)?;
    Ok(window)
}

/// The server's time: it comes with the change of a property.
fn time(link: &Link, window: u32, property: Atom) -> Result<Timestamp, ClipboardError> {
    link.conn
        .change_property8(PropMode::APPEND, window, property, AtomEnum::STRING, &[])
        .map_err(failed)?;
    link.conn.flush().map_err(failed)?;
    loop {
        let event = link.conn.wait_for_event().map_err(failed)?;
        if let Event::PropertyNotify(PropertyNotifyEvent { time, .. }) = event {
            return Ok(time);
        }
    }
}

fn failed(error: impl std::fmt::Display) -> ClipboardError {
    ClipboardError::X11(lost(error))
}
