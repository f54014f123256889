//! The relay machine: what clients get from it, and what nobody can make it do.

mod joins;
mod random;
mod states;
mod world;
