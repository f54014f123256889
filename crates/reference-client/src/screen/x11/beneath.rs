//! What lies under the overlay: put together from the other windows, each of which keeps its own
//! pixels while something is drawn over it.

use x11rb::{
    connection::Connection as _,
    protocol::{
        composite::{ConnectionExt as _, Redirect},
        render::{Color, ConnectionExt as _, CreatePictureAux, PictOp, Pictformat, Repeat},
        shape::{ConnectionExt as _, SK, SO},
        xfixes::ConnectionExt as _,
        xproto::{
            ClipOrdering, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux,
            GetGeometryReply, MapState, Rectangle, StackMode, SubwindowMode, WindowClass,
        },
    },
};

use super::{
    overlay::{Failed, ids},
    surroundings::{Format, find, formats, is_blended, wallpaper},
};
use crate::{
    picture::{Grid, Rect},
    x11::{Link, Region},
};

/// As the background of a window: that of the window it is on.
const PARENT_RELATIVE: u32 = 1;

/// The screen as it would be without the overlay.
pub(super) struct Beneath {
    region: Region,
    overlay: [u32; 2],
    /// A window that nobody sees, with the background of the root window.
    backdrop: u32,
    /// The screen as it was before anything was drawn, where that background is not to be had.
    earlier: Option<u32>,
    /// Where it is put together.
    scratch: u32,
    picture: u32,
    gc: u32,
    /// The shape of the overlay, in pixels of the region.
    left_out: u32,
    /// What its tiles are.
    tiles: Grid,
    formats: Vec<Format>,
    /// Another program puts the windows together, and they may be seen through.
    blended: bool,
}

impl Beneath {
    /// Makes all windows keep their own pixels. Comes before the overlay is seen.
    pub(super) fn open(link: &Link, region: Region, overlay: [u32; 2]) -> Result<Self, Failed> {
        let (conn, root) = (&link.conn, link.root());
        // A client must ask for versions before it uses an extension.
        conn.composite_query_version(0, 4)?.reply()?;
        conn.render_query_version(0, 11)?.reply()?;
        conn.composite_redirect_subwindows(root, Redirect::AUTOMATIC)?
            .check()?;
        let blended = is_blended(link)?;
        let formats = formats(link)?;
        let [backdrop, scratch, picture, gc, left_out] = ids(link)?;
        let depth = link.screen().root_depth;
        conn.create_pixmap(depth, scratch, root, region.width, region.height)?
            .check()?;
        let format = find(&formats, link.screen().root_visual);
        let (format, _) = format.ok_or_else(|| Failed("the screen has no format".to_owned()))?;
        conn.render_create_picture(picture, scratch, format, &CreatePictureAux::new())?
            .check()?;
        let inferiors = CreateGCAux::new()
            .subwindow_mode(SubwindowMode::INCLUDE_INFERIORS)
            .graphics_exposures(0);
        conn.create_gc(gc, scratch, &inferiors)?.check()?;
        conn.xfixes_create_region(left_out, &[])?.check()?;
        let mut this = Self {
            region,
            overlay,
            backdrop,
            earlier: None,
            scratch,
            picture,
            gc,
            left_out,
            tiles: Grid::none(region.width, region.height),
            formats,
            blended,
        };
        this.hang_backdrop(link)?;
        if blended && wallpaper(link)?.is_none() {
            this.earlier = Some(this.look(link)?);
        }
        Ok(this)
    }

    /// The server paints the background of the root window nowhere but on windows. One that is
    /// redirected by hand is painted, but not shown.
    fn hang_backdrop(&self, link: &Link) -> Result<(), Failed> {
        let (conn, root, window) = (&link.conn, link.root(), self.backdrop);
        let size = conn.get_geometry(root)?.reply()?;
        let (width, height) = (size.width, size.height);
        let aux = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixmap(PARENT_RELATIVE);
        let class = WindowClass::INPUT_OUTPUT;
        conn.create_window(0, window, root, 0, 0, width, height, 0, class, 0, &aux)?
            .check()?;
        let lowest = ConfigureWindowAux::new().stack_mode(StackMode::BELOW);
        conn.configure_window(window, &lowest)?.check()?;
        let (set, input, order) = (SO::SET, SK::INPUT, ClipOrdering::UNSORTED);
        conn.shape_rectangles(set, input, order, window, 0, 0, &[])?
            .check()?;
        // If another program puts windows together, it decides what is shown, and would show this.
        if !self.blended {
            conn.composite_redirect_window(window, Redirect::MANUAL)?
                .check()?;
            conn.map_window(window)?.check()?;
        }
        Ok(())
    }

    /// A copy of the whole screen.
    fn look(&self, link: &Link) -> Result<u32, Failed> {
        let (conn, root) = (&link.conn, link.root());
        let [copy] = ids(link)?;
        let size = conn.get_geometry(root)?.reply()?;
        let (width, height) = (size.width, size.height);
        conn.create_pixmap(size.depth, copy, root, width, height)?
            .check()?;
        conn.copy_area(root, copy, self.gc, 0, 0, 0, 0, width, height)?
            .check()?;
        Ok(copy)
    }

    /// Takes note of the overlay's shape.
    pub(super) fn follow(&mut self, link: &Link) -> Result<(), Failed> {
        let conn = &link.conn;
        let [part] = ids(link)?;
        conn.xfixes_set_region(self.left_out, &[])?.ignore_error();
        for window in self.overlay {
            let attributes = conn.get_window_attributes(window)?.reply()?;
            if attributes.map_state == MapState::UNMAPPED {
                continue;
            }
            let place = conn.get_geometry(window)?.reply()?;
            conn.xfixes_create_region_from_window(part, window, SK::BOUNDING)?
                .check()?;
            let (dx, dy) = self.offset(place.x, place.y);
            conn.xfixes_translate_region(part, dx, dy)?.ignore_error();
            conn.xfixes_union_region(self.left_out, part, self.left_out)?
                .ignore_error();
            conn.xfixes_destroy_region(part)?.ignore_error();
        }
        let shape = conn.xfixes_fetch_region(self.left_out)?.reply()?;
        self.tiles = Grid::none(self.region.width, self.region.height);
        for rect in shape.rectangles {
            self.tiles
                .mark(rect.x.into(), rect.y.into(), rect.width, rect.height);
        }
        Ok(())
    }

    /// The tiles that the overlay touches. Nobody tells when what lies under it changes.
    pub(super) fn tiles(&self) -> &Grid {
        &self.tiles
    }

    /// Whether a window is the one with the background.
    pub(super) fn has(&self, window: u32) -> bool {
        self.backdrop == window
    }

    /// Puts rectangles of the region together; the drawable in which they are then.
    pub(super) fn paint(&self, link: &Link, rects: &[Rect]) -> Result<u32, Failed> {
        let (conn, root) = (&link.conn, link.root());
        for rect in rects {
            let (x, y) = (self.region.x + rect.x, self.region.y + rect.y);
            conn.copy_area(
                root,
                self.scratch,
                self.gc,
                x as i16,
                y as i16,
                rect.x as i16,
                rect.y as i16,
                rect.width,
                rect.height,
            )?
            .ignore_error();
        }
        self.paint_background(link)?;
        let tree = conn.query_tree(root)?.reply()?;
        let mut asked = Vec::with_capacity(tree.children.len());
        for window in tree.children {
            if window != self.backdrop && !self.overlay.contains(&window) {
                let attributes = conn.get_window_attributes(window)?;
                asked.push((window, attributes, conn.get_geometry(window)?));
            }
        }
        // A window that goes away meanwhile leaves errors behind, and what was under it.
        for (window, attributes, geometry) in asked {
            if let (Ok(attributes), Ok(geometry)) = (attributes.reply(), geometry.reply())
                && attributes.map_state == MapState::VIEWABLE
                && attributes.class == WindowClass::INPUT_OUTPUT
                && let Some((format, alpha)) = find(&self.formats, attributes.visual)
            {
                self.paint_window(link, window, &geometry, format, alpha)?;
            }
        }
        Ok(self.scratch)
    }

    fn paint_background(&self, link: &Link) -> Result<(), Failed> {
        let conn = &link.conn;
        let Region {
            x,
            y,
            width,
            height,
        } = self.region;
        // Black, if the root window has no background at all.
        conn.xfixes_set_picture_clip_region(self.picture, self.left_out, 0, 0)?
            .ignore_error();
        let (black, whole) = (
            Color {
                red: 0,
                green: 0,
                blue: 0,
                alpha: u16::MAX,
            },
            Rectangle {
                x: 0,
                y: 0,
                width,
                height,
            },
        );
        conn.render_fill_rectangles(PictOp::SRC, self.picture, black, &[whole])?
            .ignore_error();
        let source = if self.blended {
            wallpaper(link)?.or(self.earlier)
        } else {
            // It may have another background by now.
            conn.clear_area(false, self.backdrop, 0, 0, 0, 0)?
                .ignore_error();
            None
        };
        let [pixmap, picture] = ids(link)?;
        let named = source.is_none();
        if named {
            conn.composite_name_window_pixmap(self.backdrop, pixmap)?
                .ignore_error();
        }
        let Some((format, _)) = find(&self.formats, link.screen().root_visual) else {
            return Ok(());
        };
        let tiled = CreatePictureAux::new().repeat(Repeat::NORMAL);
        conn.render_create_picture(picture, source.unwrap_or(pixmap), format, &tiled)?
            .ignore_error();
        self.compose(
            link,
            PictOp::SRC,
            picture,
            self.left_out,
            (x as i16, y as i16),
        )?;
        conn.render_free_picture(picture)?.ignore_error();
        if named {
            conn.free_pixmap(pixmap)?.ignore_error();
        }
        Ok(())
    }

    fn paint_window(
        &self,
        link: &Link,
        window: u32,
        place: &GetGeometryReply,
        format: Pictformat,
        alpha: bool,
    ) -> Result<(), Failed> {
        let conn = &link.conn;
        let [pixmap, picture, shape] = ids(link)?;
        let (x, y) = self.offset(place.x, place.y);
        let border = place.border_width as i16;
        conn.composite_name_window_pixmap(window, pixmap)?
            .ignore_error();
        conn.render_create_picture(picture, pixmap, format, &CreatePictureAux::new())?
            .ignore_error();
        conn.xfixes_create_region_from_window(shape, window, SK::BOUNDING)?
            .ignore_error();
        // A window's shape counts from inside its border, its pixels from outside.
        conn.xfixes_translate_region(shape, x + border, y + border)?
            .ignore_error();
        conn.xfixes_intersect_region(shape, self.left_out, shape)?
            .ignore_error();
        let op = match self.blended && alpha {
            true => PictOp::OVER,
            false => PictOp::SRC,
        };
        self.compose(link, op, picture, shape, (-x, -y))?;
        conn.xfixes_destroy_region(shape)?.ignore_error();
        conn.render_free_picture(picture)?.ignore_error();
        conn.free_pixmap(pixmap)?.ignore_error();
        Ok(())
    }

    /// Draws a picture, from a place of it on, where a region of the scratch says.
    fn compose(
        &self,
        link: &Link,
        op: PictOp,
        picture: u32,
        clip: u32,
        (from_x, from_y): (i16, i16),
    ) -> Result<(), Failed> {
        let (conn, Region { width, height, .. }) = (&link.conn, self.region);
        conn.xfixes_set_picture_clip_region(self.picture, clip, 0, 0)?
            .ignore_error();
        conn.render_composite(
            op,
            picture,
            x11rb::NONE,
            self.picture,
            from_x,
            from_y,
            0,
            0,
            0,
            0,
            width,
            height,
        )?
        .ignore_error();
        Ok(())
    }

    /// A place of the root window as one of the region.
    fn offset(&self, x: i16, y: i16) -> (i16, i16) {
        (
            x.saturating_sub(self.region.x as i16),
            y.saturating_sub(self.region.y as i16),
        )
    }

    /// Leaves the windows as they were. Comes after the overlay is gone.
    pub(super) fn close(self, link: &Link) -> Result<(), Failed> {
        let conn = &link.conn;
        conn.destroy_window(self.backdrop)?.ignore_error();
        conn.composite_unredirect_subwindows(link.root(), Redirect::AUTOMATIC)?
            .ignore_error();
        conn.xfixes_destroy_region(self.left_out)?.ignore_error();
        conn.render_free_picture(self.picture)?.ignore_error();
        conn.free_gc(self.gc)?.ignore_error();
        for pixmap in [Some(self.scratch), self.earlier].into_iter().flatten() {
            conn.free_pixmap(pixmap)?.ignore_error();
        }
        conn.flush()?;
        Ok(())
    }
}
