//! How sessions begin and end, and what they cost: `cargo bench --bench session [-- --smoke]`.

use std::io::Write as _;

use alongside_benches::{Failure, Size, be_a_relay, is_to_be_a_relay, life};

fn main() -> Result<(), Failure> {
    if is_to_be_a_relay() {
        return be_a_relay();
    }
    let size = Size::asked();
    let rows = tokio::runtime::Runtime::new()?.block_on(async {
        let mut rows = life::times(size).await?;
        rows.extend(life::memory(size).await?);
        rows.extend(life::pictures(size).await?);
        Ok::<_, Failure>(rows)
    })?;
    for row in rows {
        writeln!(std::io::stdout(), "{row}")?;
    }
    Ok(())
}
