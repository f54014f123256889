//! The sharer's side of the screen: where pictures come from, and how they become frames.
//!
//! | what to share | [`ScreenSpec`] |
//! |---|---|
//! | the X11 display of this session | `x11` |
//! | another X11 display | `x11::1`, `x11:HOST:0.0` |
//! | one monitor of it, as `xrandr --listmonitors` names it | `x11#HDMI-1`, `x11::1#HDMI-1` |
//! | a folder of PNG and JPEG files, in the order of their names | `images:DIR` |
//! | a moving test pattern | `pattern` |

mod images;
mod pattern;
pub(crate) mod tiles;
mod x11;

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use alongside_wire::{media::Frame, session::DisplayInfo};

use crate::marks::Marks;
pub use images::Images;
pub use pattern::Pattern;
pub use x11::X11Screen;

/// Something to show to a helper.
pub trait Screen: Send {
    /// The displays, as of the last capture. The screens here have one each, with id 0.
    fn displays(&self) -> Vec<DisplayInfo>;

    /// What changed since the last capture, or `None` if nothing did. A complete frame is
    /// returned if asked for, the first time, and when the size of the display changed; then it
    /// has the new size.
    ///
    /// Takes as long as it takes to read and encode what changed (some 50 ms for a full frame of
    /// 1,920 x 1,080), so call it on a thread that may block.
    ///
    /// # Errors
    /// If the screen cannot be read, or a frame of it would break a limit of the protocol. It may
    /// be captured again: what comes next fits the last frame that was returned, or is complete.
    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError>;

    /// The least time between two captures that is worth it.
    fn pace(&self) -> Duration {
        Duration::from_millis(33)
    }

    /// Whether [`Screen::annotate`] works.
    fn can_annotate(&self) -> bool {
        false
    }

    /// Draws marks on the screen itself, instead of those that were there: above everything, let
    /// through by clicks and keys, and left out of what is captured. Without marks nothing is left of them.
    ///
    /// # Errors
    /// If nothing can be drawn here. Nothing is left of earlier marks either.
    fn annotate(&mut self, marks: &Marks) -> Result<(), ScreenError> {
        match marks.is_empty() {
            true => Ok(()),
            false => Err(ScreenError::NoDrawing),
        }
    }

    /// Keeps the marks above what was opened since. To be called every 50 ms or so while there are
    /// any.
    ///
    /// # Errors
    /// As [`Screen::annotate`].
    fn tend(&mut self) -> Result<(), ScreenError> {
        Ok(())
    }
}

/// Opens a screen.
///
/// # Errors
/// If there is no such screen, or it cannot be captured.
pub fn open(spec: &ScreenSpec) -> Result<Box<dyn Screen>, ScreenError> {
    Ok(match spec {
        ScreenSpec::X11 { display, monitor } => {
            if display.is_none() {
                refuse_wayland(|name| std::env::var(name).ok())?;
            }
            Box::new(X11Screen::open(display.as_deref(), monitor.as_deref())?)
        }
        ScreenSpec::Images(folder) => Box::new(Images::open(folder)?),
        ScreenSpec::Pattern => Box::new(Pattern::new()),
    })
}

/// What to show, as a user writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenSpec {
    /// An X11 display, that of `DISPLAY` if none is named; all of it, or one monitor.
    X11 {
        /// The name, as in `DISPLAY`.
        display: Option<String>,
        /// The name of a RandR monitor.
        monitor: Option<String>,
    },
    /// A folder of PNG and JPEG files.
    Images(PathBuf),
    /// A moving test pattern.
    Pattern,
}

impl FromStr for ScreenSpec {
    type Err = ScreenError;

    fn from_str(spec: &str) -> Result<Self, ScreenError> {
        let unknown = || ScreenError::Spec(spec.to_owned());
        if spec == "pattern" {
            return Ok(Self::Pattern);
        }
        if let Some(folder) = spec
            .strip_prefix("images:")
            .filter(|folder| !folder.is_empty())
        {
            return Ok(Self::Images(folder.into()));
        }
        let rest = spec.strip_prefix("x11").ok_or_else(unknown)?;
        let (rest, monitor) = match rest.split_once('#') {
            Some((rest, monitor)) => (rest, Some(monitor.to_owned())),
            None => (rest, None),
        };
        let display = match rest.strip_prefix(':') {
            Some(display) => Some(display.to_owned()),
            None if rest.is_empty() => None,
            None => return Err(unknown()),
        };
        if display.as_deref() == Some("") || monitor.as_deref() == Some("") {
            return Err(unknown());
        }
        Ok(Self::X11 { display, monitor })
    }
}

impl fmt::Display for ScreenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X11 { display, monitor } => {
                f.write_str("x11")?;
                display
                    .iter()
                    .try_for_each(|display| write!(f, ":{display}"))?;
                monitor
                    .iter()
                    .try_for_each(|monitor| write!(f, "#{monitor}"))
            }
            Self::Images(folder) => write!(f, "images:{}", folder.display()),
            Self::Pattern => f.write_str("pattern"),
        }
    }
}

/// Under Wayland an X server shows X programs at most, so its root window is black: say so
/// instead of sharing it. Naming the display (`x11::0`) overrides this.
fn refuse_wayland(variable: impl Fn(&str) -> Option<String>) -> Result<(), ScreenError> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let session = set("XDG_SESSION_TYPE").is_some_and(|kind| kind == "wayland");
    if session || (set("WAYLAND_DISPLAY").is_some() && set("DISPLAY").is_none()) {
        return Err(ScreenError::Wayland);
    }
    Ok(())
}

/// Why a screen cannot be opened or captured, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenError {
    /// No screen is written like this.
    Spec(String),
    /// This session is a Wayland session.
    Wayland,
    /// The X server cannot be reached, or went away.
    X11(String),
    /// The X server has no such monitor now.
    NoMonitor {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The X server keeps its pixels in a way that this client cannot read.
    PixelFormat(String),
    /// A display is larger than the protocol allows.
    DisplayTooLarge {
        /// Pixels across.
        width: u16,
        /// Pixels down.
        height: u16,
    },
    /// A frame does not fit the protocol's limit even at the worst quality.
    FrameTooLarge {
        /// Pixels across.
        width: u16,
        /// Pixels down.
        height: u16,
    },
    /// A folder cannot be read, or has no pictures.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A picture cannot be shown.
    Image {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Nothing can be drawn on this screen.
    NoDrawing,
    /// A picture could not be encoded. This is a defect of this client.
    Encode(String),
}

impl fmt::Display for ScreenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(spec) => write!(
                f,
                "there is no screen `{spec}`; write x11, x11:DISPLAY, x11#MONITOR, images:DIR or \
                 pattern"
            ),
            Self::Wayland => f.write_str(
                "this is a Wayland session, and this client captures X11 only; log in to an X11 \
                 session (often called \"Xorg\" at the login screen), or name an X server to share \
                 with x11:DISPLAY",
            ),
            Self::X11(why) => write!(f, "{why}"),
            Self::NoMonitor { name, known } => write!(
                f,
                "the X server has no monitor `{name}`; share one of these: {}",
                known.join(", ")
            ),
            Self::PixelFormat(what) => write!(
                f,
                "the X server keeps its pixels as {what}; set it to 24-bit colour (depth 24)"
            ),
            Self::DisplayTooLarge { width, height } => write!(
                f,
                "the display has {width}x{height} pixels, and a side may have 16,384; share one \
                 monitor of it (x11#MONITOR), or lower its resolution"
            ),
            Self::FrameTooLarge { width, height } => write!(
                f,
                "a frame of {width}x{height} pixels does not fit into 16 MiB; share one monitor \
                 (x11#MONITOR), or lower the resolution"
            ),
            Self::Folder { folder, why } => {
                write!(
                    f,
                    "{}: {why}; name a folder with PNG or JPEG files",
                    folder.display()
                )
            }
            Self::Image { file, why } => {
                write!(
                    f,
                    "{}: {why}; replace it or take it out of the folder",
                    file.display()
                )
            }
            Self::NoDrawing => f.write_str(
                "nothing can be drawn on this screen; share an X11 one whose server has the \
                 extensions Composite, RENDER, SHAPE and XFIXES",
            ),
            Self::Encode(why) => {
                write!(
                    f,
                    "the screen could not be encoded ({why}); please report this"
                )
            }
        }
    }
}

impl std::error::Error for ScreenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wayland_is_refused() {
        let session = |pairs: &'static [(&str, &str)]| {
            refuse_wayland(move |name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        let wayland = Err(ScreenError::Wayland);
        assert_eq!(session(&[("WAYLAND_DISPLAY", "wayland-0")]), wayland);
        assert_eq!(
            session(&[("XDG_SESSION_TYPE", "wayland"), ("DISPLAY", ":0")]),
            wayland
        );
        assert_eq!(
            session(&[("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0")]),
            Ok(())
        );
        assert_eq!(
            session(&[("XDG_SESSION_TYPE", "x11"), ("DISPLAY", ":0")]),
            Ok(())
        );
        assert_eq!(session(&[("WAYLAND_DISPLAY", "")]), Ok(()));
    }
}
