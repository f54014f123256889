//! Session messages of the tools beside pictures and input: renewal, clipboard, drawing, quality.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    DecodeError, Fault,
    body::{Check, within},
    limits,
};

/// The sharer lets a grant live longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlRenew {
    /// The request that is granted by that; 0 if the sharer began.
    pub request: u32,
    /// The grant, which is alive.
    pub grant: u32,
    /// How long it lives from now, in milliseconds, on the sharer's clock.
    pub duration_ms: u32,
}

/// One item of the sender's clipboard. `Debug` does not show the text.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clipboard {
    /// The grant that allows it.
    pub grant: u32,
    /// Numbered from 1 by its sender.
    pub item: u32,
    /// What was copied.
    pub text: String,
}

impl core::fmt::Debug for Clipboard {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Clipboard")
            .field("grant", &self.grant)
            .field("item", &self.item)
            .field("bytes", &self.text.len())
            .finish()
    }
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClipboardTaken {
    /// The item.
    pub item: u32,
    /// The person took it.
    pub taken: bool,
}

/// A line drawn on a display, or its next part. Needs the scope annotate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stroke {
    /// The grant that allows it.
    pub grant: u32,
    /// The helper's number for the line.
    pub stroke: u32,
    /// The display.
    pub display: u8,
    /// 0 to 7, as the specification names them.
    pub colour: u8,
    /// In 1/1,000 of the display's longer side, 1 to 32.
    pub width: u8,
    /// Positions x, y: 0 is the first pixel, 65,535 the last. 1 to 256 of them.
    pub points: Vec<(u16, u16)>,
}

/// Where the helper points.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Laser {
    /// The grant that allows it.
    pub grant: u32,
    /// The display.
    pub display: u8,
    /// 0 is the first pixel from the left, 65,535 the last.
    pub x: u16,
    /// 0 is the first pixel from the top, 65,535 the last.
    pub y: u16,
}

/// Takes away all that was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clear {
    /// The grant that allowed it.
    pub grant: u32,
}

/// The sharer's system asks its person for permission, or has stopped asking.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecureDesktop {
    /// The question is on the screen.
    pub active: bool,
}

/// Asks how long an answer takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// The sender's number.
    pub probe: u32,
}

/// Answers a probe.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// The number of the probe.
    pub probe: u32,
}

impl Check for Clipboard {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.text.len(), limits::CLIPBOARD, "the text of clipboard")
    }
}

/// Colours that a stroke can have.
const COLOURS: u8 = 8;
/// The widest stroke.
const WIDEST: u8 = 32;

impl Check for Stroke {
    fn check(&self) -> Result<(), DecodeError> {
        within(
            self.points.len(),
            limits::STROKE_POINTS,
            "the points of stroke",
        )?;
        let fits = self.colour < COLOURS && (1..=WIDEST).contains(&self.width);
        if !fits || self.points.is_empty() {
            return Err(DecodeError::new(Fault::InvalidValue, "stroke"));
        }
        Ok(())
    }
}

impl Check for ControlRenew {}
impl Check for ClipboardTaken {}
impl Check for Laser {}
impl Check for Clear {}
impl Check for SecureDesktop {}
impl Check for Probe {}
impl Check for ProbeAnswer {}
