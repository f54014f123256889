//! What receipts need of the system: a key and the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use alongside_state_machine::receipt::{ReceiptKey, recorder::Recorder};

use super::Receipts;
use crate::net::ConnectError;

//= spec/16-receipts.md#receipt [RECEIPT-6] 959fbcc1
/// A recorder with a key for one session.
pub(super) fn recorder(receipts: Receipts) -> Result<Recorder, ConnectError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| ConnectError::System(format!("no random numbers: {error}")))?;
    Ok(Recorder::new(ReceiptKey::from_bytes(&key), receipts.share))
}

/// Seconds since 1970.
pub(super) fn time() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
