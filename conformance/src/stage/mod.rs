//! What a case works with: a client or a relay under test, and everything that is heard of it.
//!
//! A case is a plain function that says what is done and what must be seen. It never sleeps: it waits
//! for something, or lets time pass by the clock of what is under test.

mod acts;
mod again;
mod channel;
mod client;
mod forwarded;
mod frames;
mod item;
mod ledger;
mod pair;
mod paths;
mod relay;
mod stop;
mod time;
mod transcript;

pub use channel::Channel;
pub use client::{Bench, ClientStage, Manners};
pub(crate) use forwarded::is_proof_of;
pub(crate) use frames::frame as test_frame;
pub use frames::{grey, grey_jpeg, noise, pixels, png};
pub use item::Item;
pub(crate) use item::named;
pub use ledger::Blame;
pub use pair::{PairBench, PairStage};
pub(crate) use pair::{hash, other};
pub(crate) use paths::{NAME, names};
pub use relay::{
    Client, Heard, OpenPath, Program as RelayProgram, RelayStage, RelayUnderTest, SetUp, Who,
};
pub use stop::{Done, Stop};
pub(crate) use time::a_while;
pub use transcript::{Entry, Master, On, Transcript};
