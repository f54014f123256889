//! What a helper drew, above everything else on the screen: windows that have the shape of what
//! is drawn, and through which clicks and keys go to what lies under them.

use x11rb::{
    connection::Connection as _,
    errors::{ConnectionError, ReplyError, ReplyOrIdError},
    protocol::{
        composite, render,
        shape::{self, ConnectionExt as _, SK, SO},
        xfixes,
        xproto::{
            Arc, CapStyle, ChangeGCAux, ChangeWindowAttributesAux, ClipOrdering,
            ConfigureWindowAux, ConnectionExt as _, CoordMode, CreateGCAux, CreateWindowAux,
            EventMask, JoinStyle, Point, Rectangle, StackMode, WindowClass,
        },
    },
};

use crate::{
    inject::from_wire,
    marks::{LASER_COLOUR, LASER_SIZE, Marks, Stroke},
    x11::{Link, PixelFormat, Region, lost},
};

/// Why nothing can be drawn, or no longer.
#[derive(Debug)]
pub(super) struct Failed(pub(super) String);

impl From<ConnectionError> for Failed {
    fn from(error: ConnectionError) -> Self {
        Self(lost(error))
    }
}

impl From<ReplyError> for Failed {
    fn from(error: ReplyError) -> Self {
        Self(lost(error))
    }
}

impl From<ReplyOrIdError> for Failed {
    fn from(error: ReplyOrIdError) -> Self {
        Self(lost(error))
    }
}

/// Whether the server has all that drawing takes, which includes leaving it out of the capture.
pub(super) fn is_possible(link: &Link) -> Result<bool, String> {
    let needed = [
        composite::X11_EXTENSION_NAME,
        render::X11_EXTENSION_NAME,
        shape::X11_EXTENSION_NAME,
        xfixes::X11_EXTENSION_NAME,
    ];
    for extension in needed {
        if !link.has(extension)? {
            return Ok(false);
        }
    }
    let version = link.conn.shape_query_version().map_err(lost)?;
    let version = version.reply().map_err(lost)?;
    // Before 1.1 a window cannot let clicks through.
    Ok((version.major_version, version.minor_version) >= (1, 1))
}

/// The windows: one for strokes, as large as what is shared, and one for the laser's dot.
pub(super) struct Overlay {
    region: Region,
    strokes: u32,
    laser: u32,
    /// Draws on the screen's pixels.
    pen: u32,
    /// Draws on the shape, a bit for each pixel.
    stencil: u32,
    ink: u32,
    mask: u32,
    drawn: Marks,
}

impl Overlay {
    /// Makes the windows, with nothing in them yet.
    pub(super) fn open(link: &Link, region: Region) -> Result<Self, Failed> {
        let (conn, root) = (&link.conn, link.root());
        let [strokes, laser, pen, stencil, ink, mask] = ids(link)?;
        let (x, y) = (region.x as i16, region.y as i16);
        let window = |id, x, y, width, height| {
            let aux = CreateWindowAux::new().override_redirect(1);
            let class = WindowClass::INPUT_OUTPUT;
            conn.create_window(0, id, root, x, y, width, height, 0, class, 0, &aux)
        };
        window(strokes, x, y, region.width, region.height)?.ignore_error();
        window(laser, x, y, LASER_SIZE, LASER_SIZE)?.ignore_error();
        let depth = link.screen().root_depth;
        conn.create_pixmap(depth, ink, root, region.width, region.height)?
            .ignore_error();
        conn.create_pixmap(1, mask, root, region.width, region.height)?
            .ignore_error();
        let round = CreateGCAux::new()
            .cap_style(CapStyle::ROUND)
            .join_style(JoinStyle::ROUND);
        conn.create_gc(pen, ink, &round)?.ignore_error();
        conn.create_gc(stencil, mask, &round)?.ignore_error();
        let this = Self {
            region,
            strokes,
            laser,
            pen,
            stencil,
            ink,
            mask,
            drawn: Marks::default(),
        };
        this.let_input_through(link)?;
        this.shape_laser(link)?;
        Ok(this)
    }

    /// Its windows.
    pub(super) fn windows(&self) -> [u32; 2] {
        [self.strokes, self.laser]
    }

    //= spec/19-tools.md#drawing [TOOL-28] eebd02a3
    fn let_input_through(&self, link: &Link) -> Result<(), Failed> {
        for window in self.windows() {
            let (set, input, order) = (SO::SET, SK::INPUT, ClipOrdering::UNSORTED);
            let empty = link
                .conn
                .shape_rectangles(set, input, order, window, 0, 0, &[]);
            // Without this nobody could click any more, so it must have worked.
            empty?.check()?;
        }
        Ok(())
    }

    fn shape_laser(&self, link: &Link) -> Result<(), Failed> {
        let colour = pixel(link, LASER_COLOUR)?;
        let aux = ChangeWindowAttributesAux::new().background_pixel(colour);
        link.conn
            .change_window_attributes(self.laser, &aux)?
            .ignore_error();
        // The mask is free until strokes are drawn.
        self.wipe(link)?;
        self.dot(link, self.mask, self.stencil, (0, 0), LASER_SIZE)?;
        let mask = link
            .conn
            .shape_mask(SO::SET, SK::BOUNDING, self.laser, 0, 0, self.mask);
        mask?.check()?;
        Ok(())
    }

    /// Draws these marks instead of those before, on top of everything.
    pub(super) fn show(&mut self, link: &Link, marks: &Marks) -> Result<(), Failed> {
        if marks.strokes() != self.drawn.strokes() {
            self.show_strokes(link, marks.strokes())?;
        }
        if marks.laser() != self.drawn.laser() {
            self.show_laser(link, marks.laser())?;
        }
        self.drawn = marks.clone();
        Ok(())
    }

    fn show_strokes(&self, link: &Link, strokes: &[Stroke]) -> Result<(), Failed> {
        let conn = &link.conn;
        if strokes.is_empty() {
            conn.unmap_window(self.strokes)?.ignore_error();
            return Ok(());
        }
        self.wipe(link)?;
        for stroke in strokes {
            let colour = stroke.colour();
            let aux = ChangeGCAux::new().foreground(pixel(link, colour)?);
            conn.change_gc(self.pen, &aux)?.ignore_error();
            self.line(link, self.ink, self.pen, stroke)?;
            self.line(link, self.mask, self.stencil, stroke)?;
        }
        let ink = ChangeWindowAttributesAux::new().background_pixmap(self.ink);
        conn.change_window_attributes(self.strokes, &ink)?
            .ignore_error();
        conn.shape_mask(SO::SET, SK::BOUNDING, self.strokes, 0, 0, self.mask)?
            .check()?;
        conn.map_window(self.strokes)?.ignore_error();
        conn.clear_area(false, self.strokes, 0, 0, 0, 0)?
            .ignore_error();
        self.raise(link)
    }

    /// Empties the mask, and leaves its pen full.
    fn wipe(&self, link: &Link) -> Result<(), Failed> {
        let (conn, gc) = (&link.conn, self.stencil);
        let whole = Rectangle {
            x: 0,
            y: 0,
            width: self.region.width,
            height: self.region.height,
        };
        conn.change_gc(gc, &ChangeGCAux::new().foreground(0))?
            .ignore_error();
        conn.poly_fill_rectangle(self.mask, gc, &[whole])?
            .ignore_error();
        conn.change_gc(gc, &ChangeGCAux::new().foreground(1))?
            .ignore_error();
        Ok(())
    }

    fn line(&self, link: &Link, on: u32, gc: u32, stroke: &Stroke) -> Result<(), Failed> {
        let width = stroke.pen(self.region.width, self.region.height);
        let points: Vec<Point> = stroke
            .points
            .iter()
            .map(|(x, y)| Point {
                x: from_wire(*x, self.region.width) as i16,
                y: from_wire(*y, self.region.height) as i16,
            })
            .collect();
        // One place, or the same place again, is no line: it would not be seen.
        if let Some(first) = points.first() {
            let half = (width / 2) as i16;
            let corner = (first.x - half, first.y - half);
            self.dot(link, on, gc, corner, width)?;
        }
        let aux = ChangeGCAux::new().line_width(u32::from(width));
        link.conn.change_gc(gc, &aux)?.ignore_error();
        link.conn
            .poly_line(CoordMode::ORIGIN, on, gc, &points)?
            .ignore_error();
        Ok(())
    }

    fn dot(
        &self,
        link: &Link,
        on: u32,
        gc: u32,
        (x, y): (i16, i16),
        size: u16,
    ) -> Result<(), Failed> {
        let dot = Arc {
            x,
            y,
            width: size,
            height: size,
            angle1: 0,
            angle2: 360 * 64,
        };
        link.conn.poly_fill_arc(on, gc, &[dot])?.ignore_error();
        Ok(())
    }

    fn show_laser(&self, link: &Link, laser: Option<(u8, u16, u16)>) -> Result<(), Failed> {
        let Some((_, x, y)) = laser else {
            link.conn.unmap_window(self.laser)?.ignore_error();
            return Ok(());
        };
        let at = |start: u16, part: u16, len: u16| {
            i32::from(start) + i32::from(from_wire(part, len)) - i32::from(LASER_SIZE / 2)
        };
        let place = ConfigureWindowAux::new()
            .x(at(self.region.x, x, self.region.width))
            .y(at(self.region.y, y, self.region.height));
        link.conn
            .configure_window(self.laser, &place)?
            .ignore_error();
        link.conn.map_window(self.laser)?.ignore_error();
        self.raise(link)
    }

    /// Puts the windows above all others.
    pub(super) fn raise(&self, link: &Link) -> Result<(), Failed> {
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        for window in self.windows() {
            link.conn.configure_window(window, &above)?.ignore_error();
        }
        link.conn.flush()?;
        Ok(())
    }

    /// Takes everything off the screen.
    pub(super) fn close(self, link: &Link) -> Result<(), Failed> {
        let conn = &link.conn;
        for window in self.windows() {
            conn.destroy_window(window)?.ignore_error();
        }
        for gc in [self.pen, self.stencil] {
            conn.free_gc(gc)?.ignore_error();
        }
        for pixmap in [self.ink, self.mask] {
            conn.free_pixmap(pixmap)?.ignore_error();
        }
        conn.flush()?;
        Ok(())
    }
}

/// Fresh ids.
pub(super) fn ids<const N: usize>(link: &Link) -> Result<[u32; N], Failed> {
    let mut ids = [0; N];
    for id in &mut ids {
        *id = link.conn.generate_id()?;
    }
    Ok(ids)
}

fn pixel(link: &Link, colour: [u8; 3]) -> Result<u32, Failed> {
    let format = PixelFormat::of(link).map_err(Failed)?;
    Ok(format.pixel(colour))
}

/// What to listen to on the root window, to stay above what is opened and raised there.
pub(super) fn watch(link: &Link, on: bool) -> Result<(), Failed> {
    let mask = match on {
        true => EventMask::SUBSTRUCTURE_NOTIFY,
        false => EventMask::NO_EVENT,
    };
    let aux = ChangeWindowAttributesAux::new().event_mask(mask);
    link.conn
        .change_window_attributes(link.root(), &aux)?
        .ignore_error();
    Ok(())
}
