//! The secure channel by itself: every key its own, every number once, and vectors.

use alongside_harness::{Way, World, record};
use alongside_state_machine::{
    channel::{
        input::GrantKey,
        keys::Keys,
        media::{self, Dropped},
        session::{Opener, Sealer},
    },
    endpoint::{helper, sharer},
};
use alongside_wire::{
    Direction, Suite, envelope::Envelope, input::InputEvent, record::MediaHeader,
};

fn keys(suite: Suite) -> Keys {
    Keys::from_master(suite, [7; 32])
}

fn split(record: &[u8]) -> (MediaHeader, &[u8]) {
    let (header, body) = record.split_first_chunk().unwrap();
    (MediaHeader::read(header).unwrap(), body)
}

//= test spec/04-key-exchange.md#schedule [KEY-1] ce64014a
#[test]
fn every_use_has_a_key_of_its_own() {
    for suite in [Suite::ChaChaPoly, Suite::AesGcm] {
        let keys = keys(suite);
        let zeros = [0; 64];
        let session = |direction| Sealer::new(&keys, direction).seal(&keys, &zeros)[3..].to_vec();
        let media = |epoch| media::Sealer::new(&keys, epoch).seal(&keys, 1, &zeros)[24..].to_vec();
        let input = |grant, secret| GrantKey::new(&keys, grant, &secret).seal(&[])[8..].to_vec();
        let sealed = [
            session(Direction::ToHelper),
            session(Direction::ToSharer),
            media(1),
            media(2),
            input(1, [1; 32]),
            input(2, [1; 32]),
            input(1, [2; 32]),
        ];
        for (index, one) in sealed.iter().enumerate() {
            assert!(sealed.iter().skip(index + 1).all(|other| one != other));
        }
    }
}

//= test spec/04-key-exchange.md#schedule [KEY-4] 2ebb143e
#[test]
fn no_number_is_used_twice() {
    let keys = keys(Suite::ChaChaPoly);
    let mut sealer = Sealer::new(&keys, Direction::ToHelper);
    let mut media = media::Sealer::new(&keys, 1);
    let mut input = GrantKey::new(&keys, 1, &[0; 32]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..100 {
        assert!(seen.insert(sealer.seal(&keys, b"the same")));
        assert!(seen.insert(media.seal(&keys, 1, b"the same")));
        assert!(seen.insert(input.seal(&[InputEvent::ReleaseAll])));
    }
}

//= test spec/06-media-input.md#media-records [MEDIA-5] 23332d38
//= test spec/06-media-input.md#media-records [MEDIA-6] 4aa84411
#[test]
fn the_window_is_exactly_as_wide_as_it_says() {
    let keys = keys(Suite::ChaChaPoly);
    let mut sealer = media::Sealer::new(&keys, 1);
    let records: Vec<_> = (0..4_200).map(|_| sealer.seal(&keys, 1, b"x")).collect();
    let mut opener = media::Opener::new(1);
    let mut open = |number: usize| {
        let (header, body) = split(&records[number]);
        opener.open(&keys, &header, body).map(|_| ())
    };
    assert_eq!(open(4_100), Ok(()));
    assert_eq!(open(4_100), Err(Dropped::Replayed));
    assert_eq!(open(4), Ok(()), "4,096 below");
    assert_eq!(open(4), Err(Dropped::Replayed));
    assert_eq!(open(3), Err(Dropped::Window), "4,097 below");
    assert_eq!(open(4_101), Ok(()));
    assert_eq!(open(4), Err(Dropped::Window));
    assert_eq!(open(5), Ok(()));
    for number in 6..4_100 {
        assert_eq!(open(number), Ok(()), "{number}");
    }
    for number in 5..=4_101 {
        assert_eq!(open(number), Err(Dropped::Replayed), "{number}");
    }
}

//= test spec/06-media-input.md#media-records [MEDIA-5] 23332d38
#[test]
fn the_next_block_is_opened_and_none_beyond() {
    let keys = keys(Suite::ChaChaPoly);
    let block = 1_u64 << 20;
    let mut opener = media::Opener::new(1);
    let header = |number| MediaHeader {
        last: true,
        index: 0,
        frame: 1,
        epoch: 1,
        number,
        length: 17,
    };
    let mut try_it = |number| opener.open(&keys, &header(number), [0; 17]);
    assert_eq!(try_it(block), Err(Dropped::Forged), "a key was derived");
    assert_eq!(try_it(2 * block - 1), Err(Dropped::Forged));
    assert_eq!(try_it(2 * block), Err(Dropped::Window));
    assert_eq!(try_it(u64::MAX), Err(Dropped::Window));
}

//= test spec/04-key-exchange.md#schedule [KEY-1] ce64014a
#[test]
fn a_sealer_goes_on_in_the_next_block() {
    let keys = keys(Suite::ChaChaPoly);
    let mut sealer = media::Sealer::new(&keys, 1);
    let mut opener = media::Opener::new(1);
    let mut plane = Sealer::new(&keys, Direction::ToSharer);
    // Close to a megablock of the smallest records, without opening them.
    for _ in 0..(1 << 20) - 1 {
        sealer.seal(&keys, 1, b"x");
        plane.seal(&keys, b"");
    }
    for number in (1 << 20) - 1..(1 << 20) + 2 {
        let record = sealer.seal(&keys, 1, b"x");
        let (header, body) = split(&record);
        assert_eq!(header.number, number);
        assert_eq!(opener.open(&keys, &header, body), Ok(vec![b'x']));
        let sealed = plane.seal(&keys, &[0x20, 0]);
        if number == 1 << 20 {
            // The first of the second block, made by Python like the vectors below.
            assert_eq!(hex::encode(record), SECOND_BLOCK[0]);
            assert_eq!(hex::encode(sealed), SECOND_BLOCK[1]);
        }
    }
}

const SECOND_BLOCK: [&str; 2] = [
    "4001000000000001000000010000000000100000000000110cd16cff073e47b266758880e208b31a48",
    "081267ee00ad80aaad7da2be9a854e916b5e1522",
];

fn envelope(bytes: &[u8]) -> alongside_wire::envelope::Sealed {
    match Envelope::read(bytes) {
        Ok(Some(Envelope::Sealed(sealed))) => sealed,
        other => panic!("{other:?}"),
    }
}

//= test spec/04-key-exchange.md#schedule [KEY-3] 0659d238
#[test]
fn the_whole_header_is_authenticated() {
    let keys = keys(Suite::AesGcm);
    let record = media::Sealer::new(&keys, 1).seal(&keys, 1, b"hello");
    let (header, body) = split(&record);
    let changed = [
        MediaHeader {
            last: false,
            ..header
        },
        MediaHeader { index: 1, ..header },
        MediaHeader { frame: 2, ..header },
        MediaHeader {
            number: 1,
            ..header
        },
        MediaHeader {
            length: 22,
            ..header
        },
    ];
    for other in changed {
        let opened = media::Opener::new(1).open(&keys, &other, body);
        assert_eq!(opened, Err(Dropped::Forged), "{other:?}");
    }
    let opened = media::Opener::new(1).open(&keys, &header, body);
    assert_eq!(opened, Ok(b"hello".to_vec()));
}

#[test]
fn a_record_opens_in_its_own_direction_and_order_only() {
    let keys = keys(Suite::ChaChaPoly);
    let mut sealer = Sealer::new(&keys, Direction::ToHelper);
    let sealed = [sealer.seal(&keys, b"one"), sealer.seal(&keys, b"two")];
    let sealed = sealed.map(|bytes| envelope(&bytes));
    assert!(
        Opener::new(&keys, Direction::ToSharer)
            .open(&keys, &sealed[0])
            .is_err()
    );
    let mut opener = Opener::new(&keys, Direction::ToHelper);
    assert!(opener.open(&keys, &sealed[1]).is_err());
    assert_eq!(opener.open(&keys, &sealed[0]).unwrap(), b"one");
    assert_eq!(opener.open(&keys, &sealed[1]).unwrap(), b"two");
}

//= test spec/04-key-exchange.md#noise [KEX-11] 37b6422f
//= test spec/04-key-exchange.md#noise [KEX-12] 4d444f40
//= test spec/04-key-exchange.md#noise [KEX-14] 106e47fd
//= test spec/04-key-exchange.md#phrase [KEX-19] af9bf3ea
//= test spec/04-key-exchange.md#spake2 [KEX-9] 1f280a0c
#[test]
fn both_ends_have_the_same_words_and_other_sessions_others() {
    let phrases = |seed| {
        let mut world = World::new(seed);
        world.asked();
        let helper = world.helper_events.iter().find_map(|event| match event {
            helper::Event::Phrase(phrase) => Some(*phrase),
            _ => None,
        });
        let sharer = world.sharer_events.iter().find_map(|event| match event {
            sharer::Event::Phrase(phrase) => Some(*phrase),
            _ => None,
        });
        let opened = record::open(&world.sent, Way::HelperUp, &world.session_keys().unwrap());
        assert_eq!(opened.messages[0].name(), "introduce");
        assert_eq!(helper, sharer);
        (helper.unwrap(), world.keys.unwrap().1)
    };
    let all: Vec<_> = (130..140).map(phrases).collect();
    for (index, one) in all.iter().enumerate() {
        assert!(one.0.iter().all(|place| *place < 2_048));
        let other = |other: &([u16; 3], [u8; 32])| one.0 == other.0 || one.1 == other.1;
        assert!(!all.iter().skip(index + 1).any(other));
    }
}

//= test spec/04-key-exchange.md#schedule [KEY-1] ce64014a
//= test spec/04-key-exchange.md#schedule [KEY-2] 0ac14b51
//= test spec/04-key-exchange.md#schedule [KEY-3] 0659d238
/// Vectors for others. They were made by Python's `cryptography` from the text of the chapter on
/// the key exchange, with a master of 32 bytes 0x07.
#[test]
fn records_are_what_another_implementation_makes() {
    let hex = |bytes: &[u8]| hex::encode(bytes);
    for (suite, session, media_record, input) in VECTORS {
        let keys = keys(*suite);
        let sealed = Sealer::new(&keys, Direction::ToSharer).seal(&keys, &[0x20, 0]);
        assert_eq!(hex(&sealed), *session);
        let mut sealer = media::Sealer::new(&keys, 3);
        sealer.seal(&keys, 1, b"first");
        assert_eq!(hex(&sealer.seal(&keys, 2, b"second")), *media_record);
        let mut grant = GrantKey::new(&keys, 9, &[5; 32]);
        let key = InputEvent::Key {
            usage: 4,
            down: true,
        };
        assert_eq!(hex(&grant.seal(&[key])), *input);
    }
}

const VECTORS: &[(Suite, &str, &str, &str)] = &[
    (
        Suite::ChaChaPoly,
        "0812262ac9c2b894791436beec7899b212a3acd1",
        "400100000000000200000003000000000000000100000016b284e1df7ddb10c07067ac074e3c1f468c59e11dc785",
        "4200005000000009a09231337c9624146e39a97799b6f0e2000cd059a4eafadd35c9f8b5f3711437181a9b9ffeba691fb91f0d46975526a38fa5e537457d6452a6449b31e25bcb0288c109968c2f8d499b19c7b115ea72d4",
    ),
    (
        Suite::AesGcm,
        "081208acf3e0c1aef66919c8dee43602a21d0bbe",
        "400100000000000200000003000000000000000100000016149be491482736211f160783d766af9d7b8b67b76d8c",
        "4200005000000009fe7fb92705d14473500c8edf99aca76e51ea2b8c99142acda76d0989f0bd0c35d3c68aa60313e75911018745e6abed24ad674ccc72b53b8e2219e9cc98fb8bd2431662aaf85b7ae2968c4ecf3dcc50f8",
    ),
];
