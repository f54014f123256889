//! What the server, and other programs, make of the screen.

use x11rb::protocol::{
    render::{ConnectionExt as _, Pictformat},
    xproto::{AtomEnum, ConnectionExt as _},
};

use super::overlay::Failed;
use crate::x11::Link;

/// A visual, how its pixels are read, and whether they have alpha.
pub(super) type Format = (u32, Pictformat, bool);

/// How the server reads the pixels of each visual of the screen.
pub(super) fn formats(link: &Link) -> Result<Vec<Format>, Failed> {
    let reply = link.conn.render_query_pict_formats()?.reply()?;
    let alpha = |format| {
        let mut infos = reply.formats.iter();
        infos.any(|info| info.id == format && info.direct.alpha_mask != 0)
    };
    let depths = reply.screens.iter().flat_map(|screen| &screen.depths);
    let visuals = depths.flat_map(|depth| &depth.visuals);
    Ok(visuals
        .map(|visual| (visual.visual, visual.format, alpha(visual.format)))
        .collect())
}

pub(super) fn find(formats: &[Format], visual: u32) -> Option<(Pictformat, bool)> {
    let found = formats.iter().find(|(known, ..)| *known == visual);
    found.map(|(_, format, alpha)| (*format, *alpha))
}

/// Whether a compositing manager runs.
pub(super) fn is_blended(link: &Link) -> Result<bool, Failed> {
    let name = format!("_NET_WM_CM_S{}", link.number());
    let atom = link.conn.intern_atom(false, name.as_bytes())?.reply()?.atom;
    let owner = link.conn.get_selection_owner(atom)?.reply()?.owner;
    Ok(owner != x11rb::NONE)
}

/// The pixmap that programs for backgrounds leave on the root window.
pub(super) fn wallpaper(link: &Link) -> Result<Option<u32>, Failed> {
    let conn = &link.conn;
    let atom = conn.intern_atom(false, b"_XROOTPMAP_ID")?.reply()?.atom;
    let kind = AtomEnum::PIXMAP;
    let property = conn.get_property(false, link.root(), atom, kind, 0, 1)?;
    let property = property.reply()?;
    Ok(property.value32().and_then(|mut values| values.next()))
}
