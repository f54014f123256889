//! The real machines against the formal model of `spec/model`, in lock step: whatever the model can
//! do, they do, with the same outputs; what it forbids, they refuse; and nothing else happens.

#![expect(clippy::print_stdout, reason = "how much was compared is printed")]

mod cells;
mod graph;
mod helper;
mod honest;
mod lockstep;
mod lying_helper;
mod lying_sharer;
mod sharer;
mod term;
mod words;
mod world;
