//! Pictures of cards: a hash in the card, the file through the sealed channel, once.

use alongside_harness::{Conditions, Side, Way, World};
use alongside_state_machine::{
    endpoint::{Config, faces::Fetched, helper, sharer},
    error::Misuse,
    identity::{
        Identity,
        own::{NotOwn, OwnCard},
        picture::{Head, head},
    },
};
use alongside_wire::{
    Codec, ErrorCode,
    card::{Card, PictureInfo},
    session::{Picture, PictureRequest},
};
use proptest::prelude::*;

use super::support::*;

/// Somebody with a picture of so many bytes.
fn pictured(len: usize, at_hand: bool) -> (Config, Vec<u8>) {
    let file: Vec<u8> = (0..len).map(|place| (place % 251) as u8).collect();
    let picture = PictureInfo {
        hash: sha256(&file),
        size: len as u32,
    };
    let card = Card {
        picture: vec![picture],
        ..full()
    };
    let mut own = own(card);
    if at_hand {
        own = own.with_picture(file.clone()).unwrap();
    }
    let config = Config {
        identity: Identity {
            card: Some(own),
            ..trusting().identity
        },
        ..trusting()
    };
    (config, file)
}

fn fetched(world: &World) -> Option<Fetched> {
    world.sharer_events.iter().find_map(|event| match event {
        sharer::Event::Picture(fetched) => Some(fetched.clone()),
        _ => None,
    })
}

//= test spec/15-identity.md#pictures [PICTURE-1] 265afad1
//= test spec/15-identity.md#pictures [PICTURE-3] 4f92a5c9
//= test spec/15-identity.md#pictures [PICTURE-6] e6867b2d
#[test]
fn a_picture_comes_whole_before_anybody_agrees() {
    for len in [1, 8_191, 8_192, 8_193, 16_384, 65_536] {
        let (helper, file) = pictured(len, true);
        let mut world = world(330, helper, trusting());
        world.asked();
        assert_eq!(fetched(&world), None);
        world.sharer.fetch_picture(world.now).unwrap();
        let again = world.sharer.fetch_picture(world.now);
        assert_eq!(again, Err(Misuse::Nothing));
        world.run(10);
        assert_eq!(fetched(&world), Some(Fetched::Picture(file)), "{len}");
        let again = world.sharer.fetch_picture(world.now);
        assert_eq!(again, Err(Misuse::Nothing));
        // And the session goes on.
        world.consent(true).unwrap();
        world.run(10);
        assert_eq!(world.sharer.machine().ended(), None);
    }
    let (helper, _) = pictured(100, false);
    let mut world = world(331, helper, trusting());
    world.asked();
    world.sharer.fetch_picture(world.now).unwrap();
    world.run(10);
    assert_eq!(fetched(&world), Some(Fetched::NotAtHand));
}

#[test]
fn the_sharers_picture_comes_to_the_helper() {
    let (sharer, file) = pictured(10_000, true);
    let mut world = world(332, with_card(full()), sharer);
    world.asked();
    world.run(10);
    world.helper.fetch_picture(world.now).unwrap();
    world.run(10);
    let picture = world.helper_events.iter().find_map(|event| match event {
        helper::Event::Picture(fetched) => Some(fetched.clone()),
        _ => None,
    });
    assert_eq!(picture, Some(Fetched::Picture(file)));
}

//= test spec/15-identity.md#pictures [PICTURE-1] 265afad1
//= test spec/15-identity.md#pictures [PICTURE-2] f5d5e8e5
#[test]
fn who_has_shown_no_picture_is_not_asked_for_one() {
    let no_picture = || {
        with_card(Card {
            picture: vec![],
            ..full()
        })
    };
    for helper in [Config::default(), no_picture(), with_card(brief())] {
        let mut world = world(333, helper, trusting());
        world.asked();
        let asked = world.sharer.fetch_picture(world.now);
        assert_eq!(asked, Err(Misuse::Nothing));
        world.take_over_sharer();
        world.forge(Way::SharerUp, &[PictureRequest {}.into()]);
        world.run(10);
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!(ended.fault.unwrap().clause(), "PICTURE-2");
    }
    // Twice is once too often, and a picture comes from nobody who was not asked.
    let twice = PictureRequest {}.into();
    let data = vec![1];
    let unasked = Picture { offset: 0, data }.into();
    for second in [twice, unasked] {
        let (helper, _) = pictured(100, true);
        let mut world = world(334, helper, trusting());
        world.asked();
        world.take_over_sharer();
        world.forge(Way::SharerUp, &[PictureRequest {}.into()]);
        world.run(10);
        assert_eq!(world.helper.machine().ended(), None);
        world.forge(Way::SharerUp, &[second]);
        world.run(10);
        let code = world.helper.machine().ended().unwrap().code;
        assert_eq!(code, ErrorCode::UnexpectedMessage);
    }
}

/// What becomes of the sharer when a liar answers its request with these pieces.
fn answered(pieces: &[(u32, &[u8])]) -> Option<ErrorCode> {
    let (helper, _) = pictured(10_000, true);
    let mut world = world(335, helper, trusting());
    world.asked();
    world.take_over_helper();
    world.sharer.fetch_picture(world.now).unwrap();
    for (offset, data) in pieces {
        let piece = Picture {
            offset: *offset,
            data: data.to_vec(),
        };
        world.forge(Way::HelperUp, &[piece.into()]);
    }
    world.run(10);
    world.sharer.machine().ended().map(|ended| ended.code)
}

//= test spec/15-identity.md#pictures [PICTURE-2] f5d5e8e5
//= test spec/15-identity.md#pictures [PICTURE-4] bf9a4194
//= test spec/15-identity.md#pictures [PICTURE-6] e6867b2d
#[test]
fn another_picture_than_that_of_the_card_ends_the_session() {
    let (_, file) = pictured(10_000, true);
    let (first, rest) = file.split_at(8_192);
    assert_eq!(answered(&[(0, first), (8_192, rest)]), None);
    let mut other = rest.to_vec();
    other[0] ^= 1;
    let bad = Some(ErrorCode::BadPicture);
    assert_eq!(answered(&[(0, first), (8_192, &other)]), bad);
    let unexpected = Some(ErrorCode::UnexpectedMessage);
    let more = [0; 8_192];
    for pieces in [
        &[(1, first)][..],
        &[(0, &first[1..])],
        &[(0, first), (0, first)],
        &[(0, first), (8_192, &rest[1..])],
        &[(0, first), (8_192, &more)],
        &[(0, first), (8_192, &[])],
        &[(8_192, rest)],
        &[(0, first), (8_192, rest), (10_000, &[])],
        &[(0, &[]), (0, first)],
    ] {
        let at: Vec<_> = pieces.iter().map(|(at, data)| (at, data.len())).collect();
        assert_eq!(answered(pieces), unexpected, "{at:?}");
    }
}

#[test]
fn only_the_cards_own_picture_is_taken_along() {
    let card = || OwnCard::new(&issued(full()).unwrap(), card_key()).unwrap();
    assert!(card().with_picture(b"a picture".to_vec()).is_ok());
    for other in [&b"another!!"[..], b"", b"a picture "] {
        let taken = card().with_picture(other.to_vec());
        assert_eq!(taken.unwrap_err(), NotOwn::OtherPicture);
    }
}

//= test spec/15-identity.md#pictures [PICTURE-5] 123984e3
#[test]
fn a_picture_is_measured_before_it_is_decoded() {
    let png = |width: u32, height: u32| {
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        file.extend(width.to_be_bytes());
        file.extend(height.to_be_bytes());
        file
    };
    let jpeg = |width: u16, height: u16| {
        let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff];
        file.extend([0xc4, 0, 3, 9, 0xff, 0xc2, 0, 11, 8]);
        file.extend(height.to_be_bytes());
        file.extend(width.to_be_bytes());
        file.extend([1, 1, 0x11, 0]);
        file
    };
    let measured = |codec, width, height| {
        Some(Head {
            codec,
            width,
            height,
        })
    };
    assert_eq!(head(&png(1_024, 1)), measured(Codec::Png, 1_024, 1));
    assert_eq!(head(&jpeg(640, 480)), measured(Codec::Jpeg, 640, 480));
    for (width, height) in [(0, 1), (1, 0), (1_025, 1), (1, 1_025)] {
        assert_eq!(head(&png(width, height)), None, "{width}x{height}");
        let (width, height) = (width as u16, height as u16);
        assert_eq!(head(&jpeg(width, height)), None, "{width}x{height}");
    }
    assert_eq!(head(&png(65_537, 1)), None);
    assert_eq!(head(b"GIF89a"), None);
    assert_eq!(head(b"<svg/>"), None);
    for cut in 0..png(1, 1).len() {
        assert_eq!(head(&png(1, 1)[..cut]), None);
    }
    // A scan before the frame header, and a segment that does not go forward.
    let scan = [0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xc0];
    assert_eq!(head(&scan), None);
    let nothing = [0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xc0];
    assert_eq!(head(&nothing), None);
}

proptest! {
    #![proptest_config(super::cases(300))]

    #[test]
    fn any_bytes_are_measured_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for start in [&b""[..], b"\xff\xd8", b"\xff\xd8\xff\xe1"] {
            let all = [start, &bytes].concat();
            if let Some(head) = head(&all) {
                prop_assert!(head.width <= 1_024 && head.height <= 1_024);
            }
        }
    }
}

//= test spec/12-reconnect.md#state [RECON-39] 1c350ded
#[test]
fn a_picture_that_was_lost_with_the_link_comes_from_its_beginning() {
    // The request is lost, or all of the picture, or it has come.
    for lost in [Some(Way::SharerUp), Some(Way::HelperUp), None] {
        let (helper, file) = pictured(20_000, true);
        let mut world = world(334, helper, trusting());
        world.asked();
        if let Some(way) = lost {
            world.conditions_of(way, Conditions::delay(50));
        }
        world.sharer.fetch_picture(world.now).unwrap();
        world.run(10);
        assert_eq!(fetched(&world).is_some(), lost.is_none());
        for _ in 0..2 {
            world.disconnect(Side::Sharer);
            world.conditions(Conditions::INSTANT);
            world.run_until("both to be back", World::is_up);
            world.run(10);
            assert_eq!(fetched(&world), Some(Fetched::Picture(file.clone())));
            let all = |event: &&sharer::Event| matches!(event, sharer::Event::Picture(_));
            assert_eq!(world.sharer_events.iter().filter(all).count(), 1);
        }
        assert_eq!(world.sharer.machine().ended(), None);
        assert_eq!(world.helper.machine().ended(), None);
    }
}
