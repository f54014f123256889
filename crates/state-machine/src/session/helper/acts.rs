//! What the helper's person and program do.

use alloc::{collections::VecDeque, string::String, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    session::{AdvisoryAck, Pause},
};

use super::{
    super::{By, link::Link, sharer::Flags},
    Event, Helper, Output, Phase,
    viewing::Viewing,
};
use crate::{error::Misuse, time::Timestamp};

/// A line to draw, or the next part of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The helper's number for the line; the parts of one have the same.
    pub id: u32,
    /// The display.
    pub display: u8,
    /// 0 to 7, as the specification names them.
    pub colour: u8,
    /// In 1/1,000 of the display's longer side, 1 to 32.
    pub width: u8,
    /// Positions, 1 to 256: 0 is the first pixel, 65,535 the last.
    pub points: Vec<(u16, u16)>,
}

impl Helper {
    /// Asks for control.
    ///
    /// # Errors
    /// [`Misuse`] if it cannot be asked for now: not viewing, paused, a request is open, or it is
    /// beyond the ceiling.
    pub fn request_control(&mut self, scopes: Scopes, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        if self.link.is_lost() {
            return Err(Misuse::Frozen);
        }
        let message = self.viewing()?.request_control(scopes)?;
        self.send(message);
        Ok(())
    }

    /// Takes the request back, or gives up control.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is neither.
    pub fn release_control(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        let mut out = VecDeque::new();
        self.viewing()?.release_control(now, &mut out)?;
        self.out.append(&mut out);
        Ok(())
    }

    /// Sends one item of the clipboard, at an act of the person for that item; the number is what
    /// [`Event::ClipboardAnswered`] will name.
    ///
    /// # Errors
    /// [`Misuse`] if no grant allows it, or it is over 12,288 bytes.
    pub fn send_clipboard(&mut self, text: &str, now: Timestamp) -> Result<u32, Misuse> {
        self.act(now, |viewing, out| viewing.send_clipboard(text, out))
    }

    /// The person takes the item that the sharer offered, which is returned, or refuses it.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if none waits.
    pub fn answer_clipboard(
        &mut self,
        taken: bool,
        now: Timestamp,
    ) -> Result<Option<String>, Misuse> {
        self.act(now, |viewing, out| viewing.answer_clipboard(taken, out))
    }

    /// Draws a line on the sharer's screen, or goes on with one.
    ///
    /// # Errors
    /// [`Misuse`] if no grant allows it, or the line is not within its limits.
    pub fn stroke(&mut self, line: Line, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |viewing, out| viewing.stroke(line, out))
    }

    /// Points at a place of the sharer's screen.
    ///
    /// # Errors
    /// [`Misuse`] if no grant allows it.
    pub fn laser(&mut self, display: u8, at: (u16, u16), now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |viewing, out| viewing.laser(display, at, out))
    }

    /// Takes away all that was drawn.
    ///
    /// # Errors
    /// [`Misuse`] if no grant allows it.
    pub fn clear(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, Viewing::clear_drawing)
    }

    fn act<T>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Viewing, &mut VecDeque<Output>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        self.handle_timeout(now);
        let mut out = VecDeque::new();
        let done = act(self.viewing()?, &mut out);
        self.out.append(&mut out);
        done
    }

    /// The person has read what is said of the sharer's device.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if nothing waits to be acknowledged.
    pub fn acknowledge(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        self.viewing()?.acknowledge()?;
        self.send(AdvisoryAck {});
        // The sharer sends the advisory again, which is acknowledged then.
        self.keep_quiet();
        Ok(())
    }

    /// A frame is on the screen.
    pub fn shown(&mut self, frame: u32) {
        if let (Phase::Viewing(viewing), Link::Up) = (&mut self.phase, self.link) {
            viewing.shown(frame, &mut self.out);
        }
    }

    /// A frame was lost or discarded: asks for a complete one, now or when it may be asked again.
    pub fn refresh(&mut self, now: Timestamp) {
        if let (Phase::Viewing(viewing), Link::Up) = (&mut self.phase, self.link) {
            viewing.refresh(now, &mut self.out);
        }
    }

    /// Sets this end's pause flag.
    ///
    /// # Errors
    /// [`Misuse::Phase`] before the sharer is known and after the end.
    pub fn set_paused(&mut self, paused: bool, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        let message = Pause { paused };
        match &mut self.phase {
            Phase::Deciding { paused: flags, .. } => {
                if flags.local != paused {
                    flags.local = paused;
                    let Flags { local, peer } = *flags;
                    self.send(message);
                    self.event(Event::Paused { local, peer });
                }
            }
            Phase::Viewing(viewing) => viewing.set_local_pause(paused, now, &mut self.out),
            _ => return Err(Misuse::Phase(self.phase())),
        }
        self.keep_quiet();
        Ok(())
    }

    /// Sends a line of chat; the number is what [`Event::ChatDelivered`] will name.
    ///
    /// # Errors
    /// [`Misuse`] if chat is not allowed now, or the line is over 4,096 bytes.
    pub fn chat(&mut self, text: &str) -> Result<u32, Misuse> {
        let chat = self.viewing()?.chat(text)?;
        let id = chat.id;
        self.send(chat);
        self.keep_quiet();
        Ok(id)
    }

    /// The person ends it: the code, the handshake or the session. Works in every phase.
    pub fn end(&mut self, code: ErrorCode) {
        self.finish(By::Local, code, None);
    }
}
