//! Frames through the relay and without one, in turn: `cargo bench --bench relayed [-- --smoke]`.

use std::io::Write as _;

use alongside_benches::{Failure, Size, be_a_relay, is_to_be_a_relay, relayed};

fn main() -> Result<(), Failure> {
    if is_to_be_a_relay() {
        return be_a_relay();
    }
    let size = Size::asked();
    let rows = tokio::runtime::Runtime::new()?.block_on(async {
        let mut rows = relayed::throughput(size).await?;
        rows.extend(relayed::latency(size).await?);
        Ok::<_, Failure>(rows)
    })?;
    for row in rows {
        writeln!(std::io::stdout(), "{row}")?;
    }
    Ok(())
}
