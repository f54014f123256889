//! The helper's window: shows a canvas, and turns what is done in it into input.

mod create;
mod input;
mod layout;
mod pen;

use std::{fmt, time::Instant};

use alongside_wire::input::InputEvent;
use x11rb::{
    connection::{Connection as _, RequestConnection as _},
    protocol::{
        Event,
        xproto::{AtomEnum, ConfigureWindowAux, ConnectionExt as _, ImageFormat, PropMode},
    },
    wrapper::ConnectionExt as _,
};

use self::{create::create, input::Input, layout::Layout, pen::Pen};
use crate::{
    canvas::Canvas,
    ink,
    marks::Mark,
    picture::{Picture, Rect},
    x11::{Link, PixelFormat, lost},
};

/// Size of the window until there is something to show.
const FIRST_SIZE: (u16, u16) = (640, 400);
/// Rows that are compared and sent as one.
const BAND: u16 = 16;

/// A window on an X11 display. Everything it does is over when it returns; it belongs on a thread
/// of its own, which calls [`Window::poll`] every 10 ms or so.
pub struct Window {
    link: Link,
    window: u32,
    gc: u32,
    format: PixelFormat,
    delete: u32,
    size: (u16, u16),
    title: String,
    /// What came last, and what is shown of it: with the strokes.
    frame: Option<Picture>,
    picture: Option<Picture>,
    layout: Layout,
    input: Input,
    pen: Pen,
    closed: bool,
}

/// What happened in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowEvent {
    /// Input for the sharer. Only while something is shown.
    Input(InputEvent),
    /// Something was drawn. Only while that is allowed.
    Mark(Mark),
    /// The user closed the window, or the X server went away. Comes once, and last.
    Closed,
}

/// Why a window cannot be opened or drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowError(String);

impl Window {
    /// Opens a window on the display that `DISPLAY` names.
    ///
    /// # Errors
    /// If there is no such display, or it has a palette instead of colours.
    pub fn open(title: &str) -> Result<Self, WindowError> {
        Self::open_on(None, title)
    }

    /// Opens a window on a display, that of `DISPLAY` if `None`.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub fn open_on(display: Option<&str>, title: &str) -> Result<Self, WindowError> {
        let link = Link::open(display, None).map_err(WindowError)?;
        let format = PixelFormat::of(&link).map_err(|format| {
            WindowError(format!(
                "the X server keeps its pixels as {format}; set it to 24-bit"
            ))
        })?;
        let (window, gc, delete) = create(&link)?;
        let mut this = Self {
            link,
            window,
            gc,
            format,
            delete,
            size: FIRST_SIZE,
            title: String::new(),
            frame: None,
            picture: None,
            layout: Layout::default(),
            input: Input::default(),
            pen: Pen::default(),
            closed: false,
        };
        this.set_title(title)?;
        this.link
            .conn
            .map_window(window)
            .map_err(x11_lost)?
            .check()
            .map_err(x11_lost)?;
        Ok(this)
    }

    /// Sets the title of the window; characters that cannot be shown are left out.
    ///
    /// # Errors
    /// If the X server went away.
    pub fn set_title(&mut self, title: &str) -> Result<(), WindowError> {
        self.title = title
            .chars()
            .filter(|character| !character.is_control())
            .collect();
        self.retitle()
    }

    /// Writes the title, with what the person can do in the window.
    fn retitle(&self) -> Result<(), WindowError> {
        let conn = &self.link.conn;
        let title = match self.pen.hint() {
            Some(hint) => format!("{} | {hint}", self.title),
            None => self.title.clone(),
        };
        let [name, utf8] = self
            .link
            .atoms(["_NET_WM_NAME", "UTF8_STRING"])
            .map_err(WindowError)?;
        let (mode, window) = (PropMode::REPLACE, self.window);
        conn.change_property8(mode, window, name, utf8, title.as_bytes())
            .map_err(x11_lost)?;
        // For window managers that know the old property alone.
        conn.change_property8(mode, window, AtomEnum::WM_NAME, utf8, title.as_bytes())
            .map_err(x11_lost)?;
        conn.flush().map_err(x11_lost)
    }

    /// Shows a canvas. The first time the window takes its size, as far as the screen allows;
    /// after that it keeps the size that the user gave it, and a canvas that does not fit is made
    /// smaller. An empty canvas is not shown.
    ///
    /// # Errors
    /// If the X server went away.
    pub fn show(&mut self, canvas: &Canvas) -> Result<(), WindowError> {
        let picture = canvas.picture();
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(());
        }
        if self.picture.is_none() {
            self.resize_to(picture)?;
        }
        self.input.display = canvas.display();
        self.frame = Some(picture.clone());
        self.redraw()
    }

    /// Lets the person draw (F8 begins), or takes everything away that they drew.
    ///
    /// # Errors
    /// If the X server went away.
    pub fn allow_drawing(&mut self, allowed: bool) -> Result<(), WindowError> {
        self.pen.allow(allowed);
        self.retitle()?;
        self.redraw()
    }

    /// Draws what came last, with the strokes on it.
    fn redraw(&mut self) -> Result<(), WindowError> {
        let Some(frame) = &self.frame else {
            return Ok(());
        };
        let mut picture = frame.clone();
        ink::draw(&mut picture, self.pen.marks(), self.input.display);
        let drawn = self.picture.replace(picture);
        self.draw(drawn.as_ref())
    }

    /// What happened since the last call; does not wait. Also redraws where the window was hidden
    /// or resized.
    pub fn poll(&mut self) -> Vec<WindowEvent> {
        let mut events = Vec::new();
        if self.closed {
            return events;
        }
        match self.take_events(&mut events) {
            Ok(true) => {}
            Ok(false) | Err(_) => {
                events.extend(self.input.release_all());
                events.push(WindowEvent::Closed);
                self.closed = true;
            }
        }
        events
    }

    /// Whether the window is still open.
    fn take_events(&mut self, events: &mut Vec<WindowEvent>) -> Result<bool, WindowError> {
        let mut redraw = false;
        while let Some(event) = self.link.conn.poll_for_event().map_err(x11_lost)? {
            match event {
                Event::ClientMessage(message) if message.data.as_data32()[0] == self.delete => {
                    return Ok(false);
                }
                Event::DestroyNotify(_) => return Ok(false),
                Event::ConfigureNotify(now) => {
                    redraw |= self.size != (now.width, now.height);
                    self.size = (now.width.max(1), now.height.max(1));
                }
                Event::Expose(_) => redraw = true,
                event if self.picture.is_some() => self.take_event(&event, events)?,
                _ => {}
            }
        }
        self.pen.tick(Instant::now(), events);
        if redraw {
            self.draw(None)?;
        }
        if self.pen.take_changed() {
            self.redraw()?;
        }
        Ok(true)
    }

    fn take_event(
        &mut self,
        event: &Event,
        events: &mut Vec<WindowEvent>,
    ) -> Result<(), WindowError> {
        let hint = self.pen.hint();
        if self
            .pen
            .take(event, self.input.display, &self.layout, events)
        {
            // What is held would not be seen to be let go.
            events.extend(self.input.release_all());
        } else {
            self.input.take(event, &self.layout, events);
        }
        if self.pen.hint() != hint {
            self.retitle()?;
        }
        Ok(())
    }

    fn resize_to(&mut self, picture: &Picture) -> Result<(), WindowError> {
        let screen = self.link.screen();
        // Room for the title and a panel.
        let most = |side: u16| (u32::from(side) * 9 / 10) as u16;
        let width = picture.width().min(most(screen.width_in_pixels)).max(1);
        let height = picture.height().min(most(screen.height_in_pixels)).max(1);
        let size = ConfigureWindowAux::new()
            .width(u32::from(width))
            .height(u32::from(height));
        self.link
            .conn
            .configure_window(self.window, &size)
            .map_err(x11_lost)?;
        self.size = (width, height);
        Ok(())
    }

    /// Sends the bands of rows that are not as in the picture that is drawn, if any is.
    fn draw(&mut self, drawn: Option<&Picture>) -> Result<(), WindowError> {
        let Some(picture) = &self.picture else {
            return Ok(());
        };
        let conn = &self.link.conn;
        let layout = Layout::new(self.size, (picture.width(), picture.height()));
        let drawn = drawn.filter(|_| layout == self.layout);
        if layout != self.layout {
            self.layout = layout;
            conn.clear_area(false, self.window, 0, 0, 0, 0)
                .map_err(x11_lost)?;
        }
        let columns: Vec<_> = layout
            .columns()
            .into_iter()
            .map(|x| usize::from(x) * 3)
            .collect();
        // A row is at most 64 KiB, and a server takes 256 KiB at least.
        let most = (conn.maximum_request_bytes() - 64) / self.format.stride(layout.width).max(1);
        let height = BAND.min(u16::try_from(most).unwrap_or(u16::MAX)).max(1);
        let mut data = Vec::new();
        for top in (0..layout.height).step_by(height.into()) {
            let rows = (top..layout.height.min(top.saturating_add(height))).map(|row| Rect {
                y: layout.source_row(row),
                height: 1,
                ..picture.rect()
            });
            let count = rows.len() as u16;
            let same = |drawn: &Picture| {
                rows.clone()
                    .all(|row| drawn.rows(row).eq(picture.rows(row)))
            };
            if drawn.is_some_and(same) {
                continue;
            }
            data.clear();
            for row in rows.flat_map(|row| picture.rows(row)) {
                let pixels = columns
                    .iter()
                    .map(|at| [row[*at], row[at + 1], row[at + 2]]);
                self.format.push_row(pixels, &mut data);
            }
            let (kind, depth) = (ImageFormat::Z_PIXMAP, self.link.screen().root_depth);
            let (x, y) = (layout.x as i16, (layout.y + top) as i16);
            conn.put_image(
                kind,
                self.window,
                self.gc,
                layout.width,
                count,
                x,
                y,
                0,
                depth,
                &data,
            )
            .map_err(x11_lost)?;
        }
        conn.flush().map_err(x11_lost)
    }
}

fn x11_lost(error: impl fmt::Display) -> WindowError {
    WindowError(lost(error))
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WindowError {}
