//! How sessions begin and end, and what they cost: `cargo bench --bench session [-- --smoke]`.

use std::io::Write as _;

use alongside_benches::{Failure, Size, had_a_role, life};

fn main() -> Result<(), Failure> {
    if had_a_role()? {
        return Ok(());
    }
    for row in life::rows(Size::asked())? {
        writeln!(std::io::stdout(), "{row}")?;
    }
    Ok(())
}
