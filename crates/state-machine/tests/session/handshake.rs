//! The handshake by itself: what both ends agree on, and what a guess is worth.

use alongside_state_machine::{
    channel::handshake::{Answering, HelperChannel, Offering, SharerChannel},
    error::Fault,
};
use alongside_wire::{
    Scopes, Suite,
    code::Code,
    envelope::{Answer, Confirm, Envelope},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn code(secret: &str) -> Code {
    Code::parse(&format!("4060{secret}")).unwrap()
}

fn answer_of(envelope: &[u8]) -> Answer {
    match Envelope::read(envelope) {
        Ok(Some(Envelope::Answer(answer))) => answer,
        other => panic!("{other:?}"),
    }
}

fn confirm_of(envelope: &[u8]) -> Confirm {
    match Envelope::read(envelope) {
        Ok(Some(Envelope::Confirm(confirm))) => confirm,
        other => panic!("{other:?}"),
    }
}

/// One handshake without a network, each end with its own secret.
fn meet(
    sharer: (&str, u8),
    helper: (&str, u8),
    suite: Suite,
) -> Result<(SharerChannel, HelperChannel), Fault> {
    let suites = [suite];
    let offering = Offering::new(code(sharer.0), &suites, Scopes::ALL, rng(sharer.1));
    let offer = offering.offer().to_vec();
    let (answering, answer) = Answering::new(
        code(helper.0),
        &offer,
        &suites,
        Scopes::CONTROL,
        rng(helper.1),
    )?;
    let channel = offering.answered(&answer_of(&answer), &suites, rng(sharer.1 + 100))?;
    let confirmed = answering.confirmed(&confirm_of(&channel.confirm))?;
    Ok((channel, confirmed))
}

//= test spec/04-key-exchange.md#noise [KEX-13] c03c9c38
//= test spec/04-key-exchange.md#phrase [KEX-19] af9bf3ea
#[test]
fn both_ends_of_one_code_agree_on_everything() {
    for suite in [Suite::ChaChaPoly, Suite::AesGcm] {
        let (sharer, helper) = meet(("r0gx", 1), ("r0gx", 2), suite).unwrap();
        assert_eq!(sharer.channel.session_id, helper.channel.session_id);
        assert_eq!(sharer.channel.keys.master(), helper.channel.keys.master());
        assert_eq!(sharer.channel.ceiling, Scopes::CONTROL);
        assert_eq!(helper.channel.ceiling, Scopes::CONTROL);
        assert_eq!(sharer.open(&helper.opening), Ok(helper.phrase));
        let mut wrong = helper.opening;
        wrong[31] ^= 1;
        assert_eq!(sharer.open(&wrong), Err(Fault::BadOpening));
        let other = meet(("r0gx", 1), ("r0gy", 2), suite).err();
        assert_eq!(other, Some(Fault::HandshakeFailed));
    }
}

//= test spec/04-key-exchange.md#phrase [KEX-19] af9bf3ea
//= test spec/04-key-exchange.md#phrase [KEX-20] e9f9acef
/// A relay that ends both handshakes itself: it needs the code, and then the words differ.
#[test]
fn a_relay_in_the_middle_needs_the_code_and_shows_in_the_words() {
    let suite = Suite::ChaChaPoly;
    for guess in ["0000", "r0gy", "r0g0"] {
        let to_helper = meet((guess, 3), ("r0gx", 2), suite).err();
        let to_sharer = meet(("r0gx", 1), (guess, 4), suite).err();
        assert_eq!(to_helper, Some(Fault::HandshakeFailed));
        assert_eq!(to_sharer, Some(Fault::HandshakeFailed));
    }
    let words = |seed| {
        let (_, at_helper) = meet(("r0gx", seed), ("r0gx", 2), suite).unwrap();
        let (at_sharer, eve) = meet(("r0gx", 1), ("r0gx", seed + 50), suite).unwrap();
        (at_helper.phrase, at_sharer.open(&eve.opening).unwrap())
    };
    for seed in 10..20 {
        let (helper, sharer) = words(seed);
        assert_ne!(helper, sharer);
    }
}
