//! What screen, injector and window share of X11: connecting, the captured region, pixel formats.

use x11rb::{
    connection::{Connection as _, RequestConnection as _},
    protocol::{
        randr::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, ImageOrder, Screen, VisualClass},
    },
    reexports::x11rb_protocol::parse_display::parse_display,
    rust_connection::{ConnectError, RustConnection},
};

/// A connection to an X server, and the part of its root window that a session is about.
pub(crate) struct Link {
    pub(crate) conn: RustConnection,
    screen: usize,
    monitor: Option<String>,
}

/// A part of the root window, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) x: u16,
    pub(crate) y: u16,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// Why there is no region.
pub(crate) enum RegionError {
    /// No such monitor; these are there.
    NoMonitor(Vec<String>),
    /// The server failed.
    Lost(String),
}

impl Link {
    /// Connects to a display (that of `DISPLAY` if `None`), for all of it or one monitor.
    ///
    /// # Errors
    /// If it cannot be reached: a sentence for the user.
    pub(crate) fn open(display: Option<&str>, monitor: Option<&str>) -> Result<Self, String> {
        // x11rb adds 6,000 to the number without a check (0.14.0).
        let number = parse_display(display).map_or(0, |parsed| parsed.display);
        if number > u16::MAX - 6_000 {
            return Err(format!(
                "there is no X display {number}; numbers go up to 59,535"
            ));
        }
        let (conn, screen) = x11rb::connect(display).map_err(|error| match (display, error) {
            (None, ConnectError::DisplayParsingError(_)) => {
                "there is no X display: DISPLAY is not set; run this inside an X11 session, or \
                 name the display"
                    .to_owned()
            }
            (name, error) => format!(
                "cannot connect to the X display {} ({error}); check that it runs and that you \
                 may use it (XAUTHORITY)",
                name.map_or("named by DISPLAY".to_owned(), |name| format!("`{name}`"))
            ),
        })?;
        Ok(Self {
            conn,
            screen,
            monitor: monitor.map(str::to_owned),
        })
    }

    /// The screen of the display.
    pub(crate) fn screen(&self) -> &Screen {
        &self.conn.setup().roots[self.screen]
    }

    /// The number of the screen.
    pub(crate) fn number(&self) -> usize {
        self.screen
    }

    /// The root window.
    pub(crate) fn root(&self) -> u32 {
        self.screen().root
    }

    /// Name of the monitor, if it is about one.
    pub(crate) fn monitor(&self) -> Option<&str> {
        self.monitor.as_deref()
    }

    /// Whether the server has an extension.
    ///
    /// # Errors
    /// If the server failed.
    pub(crate) fn has(&self, extension: &'static str) -> Result<bool, String> {
        Ok(self
            .conn
            .extension_information(extension)
            .map_err(lost)?
            .is_some())
    }

    /// The numbers of names.
    ///
    /// # Errors
    /// If the server failed.
    pub(crate) fn atoms<const N: usize>(&self, names: [&str; N]) -> Result<[u32; N], String> {
        let mut atoms = [0; N];
        for (atom, name) in atoms.iter_mut().zip(names) {
            let cookie = self
                .conn
                .intern_atom(false, name.as_bytes())
                .map_err(lost)?;
            *atom = cookie.reply().map_err(lost)?.atom;
        }
        Ok(atoms)
    }

    /// Where the region is now.
    ///
    /// # Errors
    /// If the monitor is gone or the server failed.
    pub(crate) fn region(&self) -> Result<Region, RegionError> {
        let failed = |error: &dyn std::fmt::Display| RegionError::Lost(lost(error));
        let geometry = self
            .conn
            .get_geometry(self.root())
            .map_err(|error| failed(&error))?;
        let geometry = geometry.reply().map_err(|error| failed(&error))?;
        let Some(wanted) = &self.monitor else {
            return Ok(Region {
                x: 0,
                y: 0,
                width: geometry.width,
                height: geometry.height,
            });
        };
        let mut known = Vec::new();
        if self
            .has(randr::X11_EXTENSION_NAME)
            .map_err(RegionError::Lost)?
        {
            let monitors = self.conn.randr_get_monitors(self.root(), true);
            let monitors = monitors.map_err(|error| failed(&error))?.reply();
            for monitor in monitors.map_err(|error| failed(&error))?.monitors {
                let name = self
                    .conn
                    .get_atom_name(monitor.name)
                    .map_err(|error| failed(&error))?;
                let name = name.reply().map_err(|error| failed(&error))?.name;
                let name = String::from_utf8_lossy(&name).into_owned();
                // A monitor may be described as reaching past the root window.
                let x = monitor.x.max(0) as u16;
                let y = monitor.y.max(0) as u16;
                let width = monitor.width.min(geometry.width.saturating_sub(x));
                let height = monitor.height.min(geometry.height.saturating_sub(y));
                if name == *wanted && width > 0 && height > 0 {
                    return Ok(Region {
                        x,
                        y,
                        width,
                        height,
                    });
                }
                known.push(name);
            }
        }
        Err(RegionError::NoMonitor(known))
    }
}

/// What to say when the server fails in the middle.
pub(crate) fn lost(error: impl std::fmt::Display) -> String {
    format!("the X server failed ({error}); if it was closed, start it and share again")
}

/// How a window's pixels are laid out in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PixelFormat {
    /// Bytes of a pixel, 2 to 4.
    bytes: usize,
    big_endian: bool,
    /// Bits of red, green and blue.
    masks: [u32; 3],
    /// Rows are padded to a multiple of so many bytes.
    pad: usize,
}

impl PixelFormat {
    /// The format of a screen's root window.
    ///
    /// # Errors
    /// A name of it, if it is none with fixed bits for each colour.
    pub(crate) fn of(link: &Link) -> Result<Self, String> {
        let (setup, screen) = (link.conn.setup(), link.screen());
        let depth = screen.root_depth;
        let visual = screen
            .allowed_depths
            .iter()
            .flat_map(|depth| &depth.visuals)
            .find(|visual| visual.visual_id == screen.root_visual);
        let format = setup
            .pixmap_formats
            .iter()
            .find(|format| format.depth == depth);
        let (Some(visual), Some(format)) = (visual, format) else {
            return Err(format!("depth {depth} without a visual"));
        };
        let fixed = [VisualClass::TRUE_COLOR, VisualClass::DIRECT_COLOR].contains(&visual.class);
        if !fixed || ![16, 24, 32].contains(&format.bits_per_pixel) {
            return Err(format!("depth {depth} with a palette"));
        }
        Ok(Self {
            bytes: usize::from(format.bits_per_pixel / 8),
            big_endian: setup.image_byte_order == ImageOrder::MSB_FIRST,
            masks: [visual.red_mask, visual.green_mask, visual.blue_mask],
            pad: usize::from(format.scanline_pad / 8).max(1),
        })
    }

    /// Bytes of a row of so many pixels.
    pub(crate) fn stride(&self, width: u16) -> usize {
        (usize::from(width) * self.bytes).next_multiple_of(self.pad)
    }

    fn is_bgrx(&self) -> bool {
        self.bytes == 4 && !self.big_endian && self.masks == [0xFF_0000, 0xFF00, 0xFF]
    }

    /// Turns a row of the server into red, green and blue bytes, as many as `out` takes.
    pub(crate) fn to_rgb(self, row: &[u8], out: &mut [u8]) {
        let pixels = row.chunks_exact(self.bytes).zip(out.chunks_exact_mut(3));
        if self.is_bgrx() {
            pixels.for_each(|(from, to)| to.copy_from_slice(&[from[2], from[1], from[0]]));
            return;
        }
        for (from, to) in pixels {
            let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
            let value = match self.big_endian {
                true => from.iter().fold(0, fold),
                false => from.iter().rev().fold(0, fold),
            };
            for (mask, byte) in self.masks.iter().zip(to) {
                let most = u64::from(mask.checked_shr(mask.trailing_zeros()).unwrap_or(0)).max(1);
                let part = u64::from(
                    (value & mask)
                        .checked_shr(mask.trailing_zeros())
                        .unwrap_or(0),
                );
                *byte = (part * 255 / most) as u8;
            }
        }
    }

    /// A colour as the server writes it.
    pub(crate) fn pixel(self, colour: [u8; 3]) -> u32 {
        let parts = self.masks.iter().zip(colour).map(|(mask, byte)| {
            let shift = mask.trailing_zeros();
            let most = u64::from(mask.checked_shr(shift).unwrap_or(0));
            ((u64::from(byte) * most / 255) as u32)
                .checked_shl(shift)
                .unwrap_or(0)
        });
        parts.fold(0, |value, part| value | part)
    }

    /// Appends a row for the server, with its padding, made of red, green and blue bytes.
    pub(crate) fn push_row(self, rgb: impl ExactSizeIterator<Item = [u8; 3]>, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(
            start + (rgb.len() * self.bytes).next_multiple_of(self.pad),
            0,
        );
        let pixels = out[start..].chunks_exact_mut(self.bytes).zip(rgb);
        if self.is_bgrx() {
            pixels.for_each(|(to, [red, green, blue])| to.copy_from_slice(&[blue, green, red, 0]));
            return;
        }
        for (to, colour) in pixels {
            let value = self.pixel(colour);
            match self.big_endian {
                true => to.copy_from_slice(&value.to_be_bytes()[4 - self.bytes..]),
                false => to.copy_from_slice(&value.to_le_bytes()[..self.bytes]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_keeps_black_white_and_red() {
        let wide = [0xFF_0000, 0xFF00, 0xFF];
        let formats = [
            PixelFormat {
                bytes: 4,
                big_endian: false,
                masks: wide,
                pad: 4,
            },
            PixelFormat {
                bytes: 4,
                big_endian: true,
                masks: wide,
                pad: 4,
            },
            PixelFormat {
                bytes: 3,
                big_endian: false,
                masks: [0xFF, 0xFF00, 0xFF_0000],
                pad: 4,
            },
            PixelFormat {
                bytes: 2,
                big_endian: false,
                masks: [0xF800, 0x7E0, 0x1F],
                pad: 4,
            },
            PixelFormat {
                bytes: 4,
                big_endian: false,
                masks: [0x3FF0_0000, 0xF_FC00, 0x3FF],
                pad: 4,
            },
        ];
        let row = [[0; 3], [255; 3], [255, 0, 0]];
        for format in formats {
            let mut bytes = Vec::new();
            format.push_row(row.into_iter(), &mut bytes);
            assert_eq!(bytes.len(), format.stride(3), "{format:?}");
            let mut back = [0; 9];
            format.to_rgb(&bytes, &mut back);
            assert_eq!(back.as_slice(), row.as_flattened(), "{format:?}");
        }
    }
}
