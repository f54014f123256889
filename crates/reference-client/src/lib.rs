//! The reference client of Alongside; so far screens, input and the viewer window.

pub mod canvas;
mod decode;
pub mod inject;
pub mod keymap;
pub mod picture;
pub mod screen;
pub mod window;
mod x11;
pub mod xvfb;
