//! Captures an X11 display.
//!
//! XDamage says where something was drawn; those tiles are read, compared with what was sent, and
//! sent if they differ. Without XDamage all are read. The cursor is drawn in, from XFixes.

mod beneath;
mod cursor;
mod damage;
mod drawing;
mod fetch;
mod overlay;
mod surroundings;

use alongside_wire::{limits, media::Frame, session::DisplayInfo};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xfixes::{self, ConnectionExt as _},
    },
};

use self::{
    cursor::Cursor,
    damage::Damage,
    drawing::Drawing,
    fetch::{Fetch, FetchError},
    overlay::Failed,
};
use super::{Screen, ScreenError, tiles};
use crate::{
    marks::Marks,
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
    can_annotate: bool,
    drawing: Option<Drawing>,
    /// Tiles that must be read again, whatever the server says.
    unread: Grid,
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
        let can_annotate = overlay::is_possible(&link).map_err(ScreenError::X11)?;
        Ok(Self {
            link,
            region,
            format,
            fetch,
            damage,
            has_xfixes,
            can_annotate,
            drawing: None,
            unread: Grid::none(region.width, region.height),
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
        self.unread = Grid::none(region.width, region.height);
        if let Some(drawing) = self.drawing.take() {
            let marks = drawing.marks().clone();
            drawing.close(&self.link).map_err(drawing_lost)?;
            self.annotate(&marks)?;
        }
        Ok(())
    }

    fn draw(&mut self, marks: &Marks) -> Result<(), Failed> {
        let drawing = match &mut self.drawing {
            Some(drawing) => drawing,
            none => none.insert(Drawing::open(&self.link, self.region)?),
        };
        drawing.show(&self.link, marks)
    }

    /// Takes note of what the server says: whether windows were opened, raised or moved.
    fn hear(&mut self) -> Result<(), ScreenError> {
        let mut moved = false;
        while let Some(event) = self.link.conn.poll_for_event().map_err(x11_lost)? {
            let window = match event {
                Event::MapNotify(event) => event.window,
                Event::ConfigureNotify(event) => event.window,
                Event::ReparentNotify(event) => event.window,
                Event::CirculateNotify(event) => event.window,
                // Nobody needs the others, but they must not pile up.
                _ => continue,
            };
            moved |= !self.drawing.as_ref().is_some_and(|ours| ours.has(window));
        }
        match &self.drawing {
            Some(drawing) if moved => drawing.raise(&self.link).map_err(drawing_lost),
            _ => Ok(()),
        }
    }

    //= spec/19-tools.md#drawing [TOOL-27] 809464b5
    /// Reads tiles into `clean`, and what lies under the drawing instead of it.
    fn read(&mut self, tiles: &Grid) -> Result<(), FetchError> {
        let Some(drawing) = &self.drawing else {
            return self.fetch.read(&self.link, &tiles.runs(), &mut self.clean);
        };
        let mut open = tiles.clone();
        open.remove(drawing.tiles());
        self.fetch.read(&self.link, &open.runs(), &mut self.clean)?;
        let covered = drawing.tiles().runs();
        let beneath = drawing.beneath(&self.link, &covered);
        let beneath = beneath.map_err(|failed| FetchError::Lost(failed.0))?;
        self.fetch
            .read_copy(&self.link, beneath, &covered, &mut self.clean)
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
        self.hear()?;
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
        touched.add(&self.unread);
        if let Some(drawing) = &self.drawing {
            touched.add(drawing.tiles());
        }
        match self.read(&touched) {
            Ok(()) => {}
            // It shrank under our hands. The next capture sees its new size.
            Err(FetchError::Outside) if self::region(&self.link)? != region => return Ok(None),
            Err(FetchError::Outside) => {
                let why = "the X server refuses to show its root window; log in to its session";
                return Err(ScreenError::X11(why.to_owned()));
            }
            Err(FetchError::Lost(why)) => return Err(ScreenError::X11(why)),
        }
        self.unread = Grid::none(width, height);
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

    fn can_annotate(&self) -> bool {
        self.can_annotate
    }

    fn annotate(&mut self, marks: &Marks) -> Result<(), ScreenError> {
        if let Some(drawing) = &self.drawing {
            self.unread.add(drawing.tiles());
        }
        if !marks.is_empty() && !self.can_annotate {
            return Err(ScreenError::NoDrawing);
        }
        let drawn = if marks.is_empty() {
            Ok(())
        } else {
            self.draw(marks)
        };
        if (marks.is_empty() || drawn.is_err())
            && let Some(drawing) = self.drawing.take()
        {
            drawing.close(&self.link).map_err(drawing_lost)?;
        }
        drawn.map_err(drawing_lost)
    }

    fn tend(&mut self) -> Result<(), ScreenError> {
        self.hear()
    }
}

fn x11_lost(error: impl std::fmt::Display) -> ScreenError {
    ScreenError::X11(lost(error))
}

fn drawing_lost(failed: Failed) -> ScreenError {
    ScreenError::X11(failed.0)
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
