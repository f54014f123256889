//! What is drawn on the screen, and what lies under it.

use super::{
    beneath::Beneath,
    overlay::{Failed, Overlay, watch},
};
use crate::{
    marks::Marks,
    picture::{Grid, Rect},
    x11::{Link, Region},
};

/// Marks on a region of the screen. It is drawn, and its pixels are read, over one connection, so
/// that what the server shows is never ahead of what is left out.
pub(super) struct Drawing {
    overlay: Overlay,
    beneath: Beneath,
    marks: Marks,
}

impl Drawing {
    /// Prepares to draw on a region.
    pub(super) fn open(link: &Link, region: Region) -> Result<Self, Failed> {
        watch(link, true)?;
        let overlay = Overlay::open(link, region)?;
        let beneath = Beneath::open(link, region, overlay.windows())?;
        let marks = Marks::default();
        Ok(Self {
            overlay,
            beneath,
            marks,
        })
    }

    /// What is drawn.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Draws these marks instead.
    pub(super) fn show(&mut self, link: &Link, marks: &Marks) -> Result<(), Failed> {
        self.overlay.show(link, marks)?;
        self.marks = marks.clone();
        self.beneath.follow(link)
    }

    /// The tiles that have something drawn on them.
    pub(super) fn tiles(&self) -> &Grid {
        self.beneath.tiles()
    }

    /// A drawable in which these rectangles of the region are as if nothing were drawn.
    pub(super) fn beneath(&self, link: &Link, rects: &[Rect]) -> Result<u32, Failed> {
        self.beneath.paint(link, rects)
    }

    /// Whether a window is one of those it is drawn in.
    pub(super) fn has(&self, window: u32) -> bool {
        self.overlay.windows().contains(&window) || self.beneath.has(window)
    }

    /// Puts it above everything again.
    pub(super) fn raise(&self, link: &Link) -> Result<(), Failed> {
        self.overlay.raise(link)
    }

    /// Leaves the screen as it was.
    pub(super) fn close(self, link: &Link) -> Result<(), Failed> {
        self.overlay.close(link)?;
        watch(link, false)?;
        self.beneath.close(link)
    }
}
