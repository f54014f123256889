//! The machines against `spec/tables`: every state, every event, every cell.
//!
//! Each state is reached by events from the start; from there every event is tried, and what the
//! machine does is compared with what the table says: the next state of every region, the outputs
//! and their order, the requirement that a violation is blamed for and its error, and that nothing has changed
//! after a violation or a misuse.

mod connection;
mod helper;
mod pairing;
mod sharer;
mod walk;
