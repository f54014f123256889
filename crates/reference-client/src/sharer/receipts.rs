//! What receipts need of the system: a key.

use alongside_state_machine::{
    identity::{keys::SecretKey, own::OwnCard},
    mutant,
    receipt::recorder::Recorder,
};

use super::Receipts;
use crate::net::ConnectError;

//= spec/16-receipts.md#receipt [RECEIPT-6] 5da58485
/// A recorder with the receipt key of the person's card, or with a key for one session.
pub(super) fn recorder(
    receipts: Receipts,
    card: Option<&OwnCard>,
) -> Result<Recorder, ConnectError> {
    let Receipts { share, key } = receipts;
    if let (Some(key), Some(card)) = (key, card) {
        return Ok(Recorder::with_card(key, card.bytes(), share));
    }
    let mut seed = [0; 32];
    if !mutant::is("RECEIPT-6/same") {
        getrandom::fill(&mut seed)
            .map_err(|error| ConnectError::System(format!("no random numbers: {error}")))?;
    }
    Ok(Recorder::new(SecretKey::from_seed(&seed), share))
}
