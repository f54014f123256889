//! The handshake by itself: what both ends agree on, what a guess is worth, and vectors.

use alongside_state_machine::{
    channel::{
        handshake::{Answering, HelperChannel, Offering, SharerChannel},
        keys::Keys,
        reconnect::{Answers, Attempts},
    },
    error::Fault,
    time::Timestamp,
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

//= test spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
//= test spec/04-key-exchange.md#noise [KEX-10] 9070ead5
/// Session id, words and master, for others. They were made by Python from the text of the chapter
/// on the key exchange, SPAKE2 and Noise included, with the random numbers that the seeds give here.
#[test]
fn a_handshake_is_what_another_implementation_makes() {
    for (suite, id, words, master) in VECTORS {
        let (sharer, helper) = meet(("r0gx", 1), ("r0gx", 2), *suite).unwrap();
        assert_eq!(hex::encode(sharer.channel.session_id), *id);
        assert_eq!(helper.phrase, *words);
        assert_eq!(hex::encode(sharer.channel.keys.master()), *master);
    }
}

const VECTORS: &[(Suite, &str, [u16; 3], &str)] = &[
    (
        Suite::ChaChaPoly,
        "3a255a2c9b768e435dbd586b6138309d",
        [78, 1728, 1516],
        "2b38e883a2cec0d7038a25662908ab09e3b49bb1620045edc3a74be588f67fdc",
    ),
    (
        Suite::AesGcm,
        "5f5cf9f14ede6cf35a908e2180e54110",
        [1837, 1349, 1864],
        "d23906c9c5394a9ec2b6a80d024f9db0fe1d86590e6c0d4c9aa599ca7657f085",
    ),
];

//= test spec/12-reconnect.md#handshake [RECON-12] 05307331
/// Two reconnects in a row, for others. They were made by Python from the text of the chapter on
/// reconnect, Noise included, with the random numbers that the seeds give here, and begin with the
/// masters of the vectors of chapter 04.
#[test]
fn a_reconnect_is_what_another_implementation_makes() {
    let bytes = |text: &str| hex::decode(text).unwrap();
    for (suite, master, id, expected) in RECONNECTS {
        let master = bytes(master).try_into().unwrap();
        let id = bytes(id).try_into().unwrap();
        let mut keys = [(); 2].map(|()| Keys::of_generation(*suite, 0, master));
        let mut helper = ChaCha20Rng::from_seed([1; 32]);
        let mut sharer = ChaCha20Rng::from_seed([2; 32]);
        let (mut attempts, mut answers) = (Attempts::default(), Answers::default());
        let now = Timestamp::from_millis(1);
        let [at_helper, at_sharer] = &mut keys;
        // The first attempt is lost.
        attempts.begin(at_helper, &id, &mut helper).unwrap();
        for [first, second, next] in expected {
            let sent = attempts.begin(at_helper, &id, &mut helper).unwrap();
            assert_eq!(hex::encode(&sent), *first);
            let Ok(Some(Envelope::Reconnect1(message))) = Envelope::read(&sent) else {
                panic!("no reconnect-1")
            };
            let answer = answers.answer(at_sharer, &id, &message, &mut sharer, now);
            let answer = answer.unwrap();
            assert_eq!(hex::encode(&answer), *second);
            let Ok(Some(Envelope::Reconnect2(message))) = Envelope::read(&answer) else {
                panic!("no reconnect-2")
            };
            *at_helper = attempts.answered(at_helper, &message, now).unwrap();
            assert_eq!(hex::encode(at_helper.master()), *next);
            *at_sharer = answers.take_candidate().unwrap();
            assert_eq!(at_sharer.master(), at_helper.master());
        }
    }
}

type Reconnect = [&'static str; 3];

const RECONNECTS: &[(Suite, &str, &str, [Reconnect; 2])] = &[
    (
        Suite::ChaChaPoly,
        "4acf320d357e2c20e2c7cd52aefb7c60d7f66871884e0afc6081520d89487fec",
        "6f992da43c3c3cbd021142936ea38354",
        [
            [
                "0a663401016f992da43c3c3cbd021142936ea3835433dde4ea2126e2c64f0e20a41a9de397e5fb527e43b6ac54d546522ad99ab1a9000230ba5835c83c5e61fefb0a36e7987d6fc185c947f01a5d2c0910ed9b028a6a001a8c6e99c807ae265e80f9eeca047e2cfd",
                "0c3300023000c58baa279c58dfd06d4d6862d06e9cc51074e9b088651802c32d7d2439512fb92fa0c411949ab6874d295bbd3b3208",
                "0fe3ccddb92ac9b051acd554bfe9019b999497bf9d34f4e3d9be1727a91e80b7",
            ],
            [
                "0a663401016f992da43c3c3cbd021142936ea3835452bc269de2935bdd0f7ab132c7e85f49c558f86b2c5c13d3664c7feb7536c20d010130051df274698a6597b180a8478f23065c328efc78803852f807b4bef256ae2523b4a7362d9a8b3a6311bae658d2ca24c8",
                "0c33010130776d5ca5009b3d37e1e4bebc142c431869196c2f82db22019db3e7e7253f1c37d937fd32924ad4bfa96a93cb782dc38c",
                "4a463bde94ea35287ce26d4075618e77acdc3dbb8bb6cb4733e3db28a02199cb",
            ],
        ],
    ),
    (
        Suite::AesGcm,
        "bb63ea2f2bfbb123b8a9fc08d52c0e1522f48bbadc7ffa7f7376fbb746edc016",
        "02c689790b2d33277a5284cf94c926e4",
        [
            [
                "0a6634010202c689790b2d33277a5284cf94c926e40fa4ec647d16bbdfd6b0c02b8bfe374cf1f513766290cfa7b2afc01b8c4fabeb000230ba5835c83c5e61fefb0a36e7987d6fc185c947f01a5d2c0910ed9b028a6a001a90c928aa359850e655e66ca6fb1f7451",
                "0c3300023000c58baa279c58dfd06d4d6862d06e9cc51074e9b088651802c32d7d2439512f636edd8fd4090070be99e4f2daa4378c",
                "e16a4ebd4ad97a4d0dff894143c5619df5096eff856beb81e0db0ef1c43d4e93",
            ],
            [
                "0a6634010202c689790b2d33277a5284cf94c926e4afe0489f80a89924ef30c376b249d4a89d42a0643268c63336365c50a0d32818010130051df274698a6597b180a8478f23065c328efc78803852f807b4bef256ae25230abb4854b784625396835e4e4ed0aed8",
                "0c33010130776d5ca5009b3d37e1e4bebc142c431869196c2f82db22019db3e7e7253f1c3743f204276c64ea71f5c53d5665d7ba66",
                "227cc3078660e37772a1b711d4ece496f8b07d13c5854700fca8c8c617c127a6",
            ],
        ],
    ),
];
