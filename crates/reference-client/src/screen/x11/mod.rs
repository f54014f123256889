//! Captures an X11 display.
//!
//! XDamage says where something was drawn; those tiles are read, compared with what was sent, and
//! sent if they differ. Without XDamage all are read. The cursor is drawn in, from XFixes.

mod cursor;
mod fetch;

use alongside_wire::{limits, media::Frame, session::DisplayInfo};
use x11rb::{
    connection::Connection as _,
    protocol::{
        damage::{self, ConnectionExt as _, ReportLevel},
        xfixes::{self, ConnectionExt as _},
    },
};

use self::{
    cursor::Cursor,
    fetch::{Fetch, FetchError},
};
use super::{Screen, ScreenError, tiles};
use crate::{
    picture::{Grid, Picture},
    x11::{Link, PixelFormat, Region, RegionError, lost},
};

/// The root window of an X11 display, or the part of it that a monitor shows.
pub struct X11Screen {
    link: Link,
    region: Region,
    format: PixelFormat,
    fetch: Fetch,
    damage: Option<Damage>,
    has_xfixes: bool,
    /// The screen without the cursor.
    clean: Picture,
    cursor: Option<Cursor>,
    /// What the helper sees after the last frame.
    shown: Picture,
    /// Whether `clean` and `shown` are what they say.
    whole: bool,
}

impl X11Screen {
    /// Opens a display (that of `DISPLAY` if `None`), and of it one RandR monitor if one is named.
    ///
    /// # Errors
    /// If it cannot be reached or captured.
    pub fn open(display: Option<&str>, monitor: Option<&str>) -> Result<Self, ScreenError> {
        let link = Link::open(display, monitor).map_err(ScreenError::X11)?;
        let format = PixelFormat::of(&link).map_err(ScreenError::PixelFormat)?;
        let region = region(&link)?;
        let has_xfixes = link
            .has(xfixes::X11_EXTENSION_NAME)
            .map_err(ScreenError::X11)?;
        if has_xfixes {
            // A client must ask for the version before it uses the extension.
            let version = link.conn.xfixes_query_version(5, 0).map_err(x11_lost)?;
            version.reply().map_err(x11_lost)?;
        }
        let damage = if has_xfixes {
            Damage::watch(&link)?
        } else {
            None
        };
        let fetch = Fetch::new(&link, region, format).map_err(ScreenError::X11)?;
        let (clean, cursor, shown) = (Picture::new(0, 0), None, Picture::new(0, 0));
        let whole = false;
        Ok(Self {
            link,
            region,
            format,
            fetch,
            damage,
            has_xfixes,
            clean,
            cursor,
            shown,
            whole,
        })
    }

    /// Whether pixels come through shared memory, as they do from an X server on this machine.
    pub fn uses_shared_memory(&self) -> bool {
        self.fetch.is_shared()
    }

    /// Takes note of a new size or place, and forgets what was there.
    fn follow(&mut self, region: Region) -> Result<(), ScreenError> {
        self.fetch.close(&self.link);
        self.fetch = Fetch::new(&self.link, region, self.format).map_err(ScreenError::X11)?;
        self.region = region;
        Ok(())
    }

    /// Brings `shown` up to date in these tiles; those that changed.
    fn redraw(&mut self, tiles: &Grid) -> Grid {
        let mut changed = Grid::none(self.region.width, self.region.height);
        for tile in tiles.tiles() {
            let mut pixels = self.clean.crop(tile);
            if let Some(cursor) = &self.cursor {
                cursor.draw(tile, &mut pixels);
            }
            if !self
                .shown
                .rows(tile)
                .eq(pixels.chunks_exact(usize::from(tile.width) * 3))
            {
                self.shown.draw(tile, &pixels);
                changed.mark_tile(tile);
            }
        }
        changed
    }
}

impl Screen for X11Screen {
    fn displays(&self) -> Vec<DisplayInfo> {
        vec![DisplayInfo {
            id: 0,
            width: self.region.width,
            height: self.region.height,
        }]
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        // Nobody needs the events, but they must not pile up.
        while self.link.conn.poll_for_event().map_err(x11_lost)?.is_some() {}
        let region = region(&self.link)?;
        let complete = complete || !self.whole || region != self.region;
        self.whole = false;
        if region != self.region {
            self.follow(region)?;
        }
        let Region { width, height, .. } = region;
        if (self.shown.width(), self.shown.height()) != (width, height) {
            self.clean = Picture::new(width, height);
            self.shown = Picture::new(width, height);
        }

        // Damage is taken before the pixels: what is drawn in between is reported again.
        let all = Grid::all(width, height);
        let damaged = match &self.damage {
            Some(damage) => damage.take(&self.link, region)?,
            None => all.clone(),
        };
        let mut touched = if complete { all.clone() } else { damaged };
        match self
            .fetch
            .read(&self.link, &touched.runs(), &mut self.clean)
        {
            Ok(()) => {}
            // It shrank under our hands. The next capture sees its new size.
            Err(FetchError::Outside) if self::region(&self.link)? != region => return Ok(None),
            Err(FetchError::Outside) => {
                let why = "the X server refuses to show its root window; log in to its session";
                return Err(ScreenError::X11(why.to_owned()));
            }
            Err(FetchError::Lost(why)) => return Err(ScreenError::X11(why)),
        }
        if self.has_xfixes {
            let cursor = Cursor::read(&self.link, region).map_err(ScreenError::X11)?;
            if cursor != self.cursor {
                self.cursor
                    .iter()
                    .chain(&cursor)
                    .for_each(|cursor| cursor.mark(&mut touched));
                self.cursor = cursor;
            }
        }
        // A tile under an unmoved cursor is drawn again with it only if it was read again.
        let changed = self.redraw(&touched);
        if changed.is_empty() && !complete {
            self.whole = true;
            return Ok(None);
        }
        let frame = tiles::encode(
            &self.shown,
            if complete { &all } else { &changed },
            complete,
        )?;
        self.whole = true;
        Ok(Some(frame))
    }
}

/// A report of where the root window and those on it were drawn on.
struct Damage {
    damage: u32,
    /// Where the server puts the report.
    region: u32,
}

impl Damage {
    /// Starts the report, or `None` if the server has none.
    fn watch(link: &Link) -> Result<Option<Self>, ScreenError> {
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
    fn take(&self, link: &Link, captured: Region) -> Result<Grid, ScreenError> {
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

fn x11_lost(error: impl std::fmt::Display) -> ScreenError {
    ScreenError::X11(lost(error))
}

fn region(link: &Link) -> Result<Region, ScreenError> {
    let region = link.region().map_err(|error| match error {
        RegionError::NoMonitor(known) => ScreenError::NoMonitor {
            name: link.monitor().unwrap_or_default().to_owned(),
            known,
        },
        RegionError::Lost(why) => ScreenError::X11(why),
    })?;
    let Region { width, height, .. } = region;
    if usize::from(width.max(height)) > limits::DISPLAY_SIDE {
        return Err(ScreenError::DisplayTooLarge { width, height });
    }
    Ok(region)
}
