//! Frames through the relay and without one, in turn: `cargo bench --bench relayed [-- --smoke]`.

use std::io::Write as _;

use alongside_benches::{Failure, Size, had_a_role, peers};

fn main() -> Result<(), Failure> {
    if had_a_role()? {
        return Ok(());
    }
    for row in peers::relayed(Size::asked())? {
        writeln!(std::io::stdout(), "{row}")?;
    }
    Ok(())
}
