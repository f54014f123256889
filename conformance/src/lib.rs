//! The conformance suite of Alongside: checks a client or a relay that speaks the protocol, in any
//! language, against the specification.
//!
//! | what | where |
//! |---|---|
//! | what there is to check | [`cases`] |
//! | what a case works with | [`stage`] |
//! | a client under test, by its driver | [`driver`] |
//! | connections | [`quic`] |
//! | running cases, and what becomes of them | [`run`] |
//! | telling of it | [`report`] |
//! | reading a recorded session | [`capture`] |
//! | sessions with something wrong in them | [`fuzz`] |
//! | checking a driver | [`doctor`] |
//! | the test vectors | [`vectors`] |
//! | the command line | [`cli`] |

pub mod capture;
pub mod case;
pub mod cases;
pub mod cli;
pub mod doctor;
pub mod driver;
pub mod fuzz;
pub mod quic;
pub mod report;
pub mod requirements;
pub mod run;
pub mod stage;
pub mod vectors;
mod words;
