//! Where the screen was drawn on.

use x11rb::{
    connection::Connection as _,
    protocol::{
        damage::{self, ConnectionExt as _, ReportLevel},
        xfixes::ConnectionExt as _,
    },
};

use super::{ScreenError, x11_lost};
use crate::{
    picture::Grid,
    x11::{Link, Region},
};

/// A report of where the root window and those on it were drawn on.
pub(super) struct Damage {
    damage: u32,
    /// Where the server puts the report.
    region: u32,
}

impl Damage {
    /// Starts the report, or `None` if the server has none.
    pub(super) fn watch(link: &Link) -> Result<Option<Self>, ScreenError> {
        if !link
            .has(damage::X11_EXTENSION_NAME)
            .map_err(ScreenError::X11)?
        {
            return Ok(None);
        }
        let conn = &link.conn;
        conn.damage_query_version(1, 1)
            .map_err(x11_lost)?
            .reply()
            .map_err(x11_lost)?;
        let region = conn.generate_id().map_err(x11_lost)?;
        conn.xfixes_create_region(region, &[])
            .map_err(x11_lost)?
            .check()
            .map_err(x11_lost)?;
        let damage = conn.generate_id().map_err(x11_lost)?;
        let created = conn.damage_create(damage, link.root(), ReportLevel::NON_EMPTY);
        created.map_err(x11_lost)?.check().map_err(x11_lost)?;
        Ok(Some(Self { damage, region }))
    }

    /// The tiles that were drawn on since the last call.
    pub(super) fn take(&self, link: &Link, captured: Region) -> Result<Grid, ScreenError> {
        let subtracted = link
            .conn
            .damage_subtract(self.damage, x11rb::NONE, self.region);
        subtracted.map_err(x11_lost)?.ignore_error();
        let report = link
            .conn
            .xfixes_fetch_region(self.region)
            .map_err(x11_lost)?;
        let mut grid = Grid::none(captured.width, captured.height);
        for rect in report.reply().map_err(x11_lost)?.rectangles {
            let x = i32::from(rect.x) - i32::from(captured.x);
            let y = i32::from(rect.y) - i32::from(captured.y);
            grid.mark(x, y, rect.width, rect.height);
        }
        Ok(grid)
    }
}
