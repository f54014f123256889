//! The reference client of Alongside: a helper and a sharer as libraries, with real screens.
//!
//! | what | where |
//! |---|---|
//! | be a helper | [`helper::run`] |
//! | be a sharer | [`sharer::run`] |
//! | where pictures come from | [`screen`] |
//! | prove who one is | [`sign_in`] |
//! | what records are sealed by | [`aead`] |
//! | who carries input out | [`inject`] |
//! | the clipboard | [`clipboard`] |
//! | what a helper draws | [`marks`] |
//! | what a helper sees | [`canvas`], [`view`], [`window`] |
//! | text of the other end, made harmless | [`inert`] |
//! | all of it under the hand of a test suite | [`driver`] |
//!
//! Both run as one loop that owns an endpoint of `alongside-state-machine`: it alone decides what
//! is seen and injected. Commands go in and events come out over channels.

pub mod aead;
pub mod canvas;
pub mod clipboard;
mod clock;
mod decode;
pub mod device;
pub mod driver;
mod events;
pub mod helper;
pub mod inert;
pub mod inject;
mod ink;
pub mod keymap;
pub mod marks;
mod net;
pub mod picture;
pub mod quality;
mod report;
pub mod screen;
pub mod sharer;
pub mod sign_in;
pub mod view;
mod way;
pub mod window;
mod x11;
pub mod xvfb;

pub use alongside_state_machine::time::Timestamp;
pub use alongside_state_machine::{
    endpoint::{Config, Reporting},
    error::{Fault, Misuse},
    session::{By, Ended},
};
pub use clock::{Clock, Hand, unix_now};
pub use net::{ConnectError, Fingerprint, Relay, Trust};
pub use way::Way;
