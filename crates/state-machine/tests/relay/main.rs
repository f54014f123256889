//! The relay machine: what clients get from it, and what nobody can make it do.

mod bytes;
mod cards;
mod devices;
mod drain;
mod forwarding;
mod joins;
mod policy;
mod rejoin;
mod reports;
mod sign_in;
mod states;
mod world;
