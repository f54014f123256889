//! Makes the window.

use x11rb::{
    connection::Connection as _,
    protocol::{
        xkb::{self, BoolCtrl, ConnectionExt as _, PerClientFlag},
        xproto::{
            AtomEnum, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, PropMode,
            WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};

use super::{FIRST_SIZE, WindowError, x11_lost};
use crate::x11::Link;

/// Makes a window: its id, that of its graphics context, and the atom that says it was closed.
pub(super) fn create(link: &Link) -> Result<(u32, u32, u32), WindowError> {
    let (conn, screen) = (&link.conn, link.screen());
    let window = conn.generate_id().map_err(x11_lost)?;
    let mask = EventMask::EXPOSURE
        | EventMask::STRUCTURE_NOTIFY
        | EventMask::FOCUS_CHANGE
        | EventMask::KEY_PRESS
        | EventMask::KEY_RELEASE
        | EventMask::BUTTON_PRESS
        | EventMask::BUTTON_RELEASE
        | EventMask::POINTER_MOTION;
    let values = CreateWindowAux::new()
        .background_pixel(screen.black_pixel)
        .event_mask(mask);
    let (parent, class) = (screen.root, WindowClass::INPUT_OUTPUT);
    let (depth, visual) = (x11rb::COPY_DEPTH_FROM_PARENT, x11rb::COPY_FROM_PARENT);
    let (width, height) = FIRST_SIZE;
    conn.create_window(
        depth, window, parent, 0, 0, width, height, 0, class, visual, &values,
    )
    .map_err(x11_lost)?
    .check()
    .map_err(x11_lost)?;
    let gc = conn.generate_id().map_err(x11_lost)?;
    conn.create_gc(gc, window, &CreateGCAux::new())
        .map_err(x11_lost)?;
    let [protocols, delete] = link
        .atoms(["WM_PROTOCOLS", "WM_DELETE_WINDOW"])
        .map_err(WindowError)?;
    let mode = PropMode::REPLACE;
    conn.change_property32(mode, window, protocols, AtomEnum::ATOM, &[delete])
        .map_err(x11_lost)?;
    let class = b"alongside\0Alongside\0";
    conn.change_property8(mode, window, AtomEnum::WM_CLASS, AtomEnum::STRING, class)
        .map_err(x11_lost)?;
    tell_repeats(link)?;
    Ok((window, gc, delete))
}

/// Asks for key repeats without releases in between, so that they can be told from real presses.
/// Without XKB they come as releases and presses, which does no harm but costs input records.
fn tell_repeats(link: &Link) -> Result<(), WindowError> {
    if !link.has(xkb::X11_EXTENSION_NAME).map_err(WindowError)? {
        return Ok(());
    }
    link.conn
        .xkb_use_extension(1, 0)
        .map_err(x11_lost)?
        .reply()
        .map_err(x11_lost)?;
    let flag = PerClientFlag::DETECTABLE_AUTO_REPEAT;
    let keyboard = u16::from(xkb::ID::USE_CORE_KBD);
    let none = BoolCtrl::from(0_u32);
    let cookie = link
        .conn
        .xkb_per_client_flags(keyboard, flag, flag, none, none, none);
    cookie.map_err(x11_lost)?.reply().map_err(x11_lost)?;
    Ok(())
}
