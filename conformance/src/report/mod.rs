//! Telling what became of the cases.

mod terminal;

pub use terminal::Terminal;
