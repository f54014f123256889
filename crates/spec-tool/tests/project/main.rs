//! The binary, run on small projects in temporary folders: each kind of error beside a twin that
//! has none.
//!
//! Citations in fixtures stand inside string literals that do not begin their line, so that the
//! tool does not take them for citations of this crate; `commands::own_sources_are_clean` holds
//! that.

mod check_citations;
mod check_features;
mod check_observability;
mod check_tables;
mod check_text;
mod check_vectors;
mod cite;
mod commands;
mod fixture;
mod report;
