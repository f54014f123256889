//! Every decoder: what it takes comes back the same, and what it must not take is named.

use alongside_wire::{
    DecodeError, Fault, Scopes,
    code::{Code, CodeError},
    envelope::{AnswerClear, Envelope, Offer},
    framing::{self, Deframer},
    input::{self, InputEvent},
    media::Frame,
    record::{InputHeader, MediaHeader},
    rendezvous,
    session::{self, pad_to},
    varint,
};
use proptest::prelude::*;

fn fault<T: std::fmt::Debug>(result: Result<T, DecodeError>) -> Fault {
    result.expect_err("must not decode").fault
}

//= test spec/07-wire.md#varints [WIRE-1] ac811f20
//= test spec/07-wire.md#varints [WIRE-2] 7426bbd4
#[test]
fn varints_are_canonical() {
    assert_eq!(varint::decode(&[0x00], "v"), Ok((0, 1)));
    assert_eq!(
        varint::decode(&[0xff, 0xff, 0xff, 0xff, 0x0f], "v"),
        Ok((u32::MAX, 5))
    );
    assert_eq!(
        fault(varint::decode(&[0x80, 0x00], "v")),
        Fault::OverlongVarint
    );
    assert_eq!(
        fault(varint::decode(&[0xff, 0xff, 0xff, 0xff, 0x1f], "v")),
        Fault::VarintTooLarge
    );
    assert_eq!(
        fault(varint::decode(&[0x80, 0x80, 0x80, 0x80, 0x80], "v")),
        Fault::VarintTooLarge
    );
    assert_eq!(fault(varint::decode(&[0x80], "v")), Fault::Truncated);
}

//= test spec/07-wire.md#varints [WIRE-1] ac811f20
#[test]
fn a_type_that_goes_on_is_not_waited_for() {
    let begun = |bytes| framing::split(bytes, 100, "message");
    assert_eq!(begun(&[0x80, 0x80]), Ok(None));
    assert_eq!(fault(begun(&[0x80, 0x80, 0x80])), Fault::VarintTooLarge);
    assert_eq!(fault(begun(&[0x80, 0x80, 0x04])), Fault::VarintTooLarge);
    assert_eq!(begun(&[0xff, 0xff, 0x03]), Ok(None));
}

#[test]
fn unknown_odd_types_are_skipped_and_even_ones_are_not() {
    let mut bytes = Vec::new();
    framing::encode(0x3b, b"grease", &mut bytes);
    framing::encode(0x20, b"", &mut bytes);
    assert_eq!(
        session::Message::read_all(&bytes),
        Ok(vec![session::Heartbeat {}.into()])
    );
    framing::encode(0x3c, b"", &mut bytes);
    assert_eq!(
        fault(session::Message::read_all(&bytes)),
        Fault::UnknownMessage { message_type: 0x3c }
    );
}

//= test spec/07-wire.md#framing [WIRE-4] f36ed495
//= test spec/07-wire.md#bodies [WIRE-6] ede6410c
//= test spec/07-wire.md#bodies [WIRE-7] f2482847
#[test]
fn bodies_are_read_strictly() {
    let read = |bytes: &[u8]| session::Message::read_all(bytes);
    let shown = |body: &[u8]| {
        let mut bytes = Vec::new();
        framing::encode(0x08, body, &mut bytes);
        read(&bytes)
    };
    assert_eq!(shown(&[5]), Ok(vec![session::Shown { frame: 5 }.into()]));
    assert_eq!(fault(shown(&[])), Fault::Truncated);
    assert_eq!(fault(shown(&[5, 0])), Fault::TrailingBytes);
    assert_eq!(fault(shown(&[0x85, 0x00])), Fault::NotCanonical);
    assert_eq!(fault(shown(&[0xff; 11])), Fault::VarintTooLarge);
    let pause = |body: &[u8]| {
        let mut bytes = Vec::new();
        framing::encode(0x14, body, &mut bytes);
        read(&bytes)
    };
    assert_eq!(fault(pause(&[2])), Fault::InvalidValue);
    assert_eq!(fault(read(&[])), Fault::Truncated);
    assert_eq!(fault(read(&[0x20, 0x00, 0x20])), Fault::Truncated);
}

#[test]
fn scopes_that_are_not_registered_are_refused() {
    let mut bytes = Vec::new();
    framing::encode(0x04, &[0x80, 0x02], &mut bytes); // consent with bit 0x0100
    assert_eq!(
        fault(session::Message::read_all(&bytes)),
        Fault::InvalidValue
    );
}

#[test]
fn a_stream_is_cut_into_messages_however_it_arrives() {
    let mut bytes = Vec::new();
    rendezvous::Message::from(rendezvous::Hello::default()).encode(&mut bytes);
    framing::encode(0x7b, &[1, 2, 3], &mut bytes);
    rendezvous::Message::from(rendezvous::Gone { code: 0x0303 }).encode(&mut bytes);
    let mut deframer = Deframer::new(64, "a control stream");
    let mut messages = Vec::new();
    for byte in &bytes {
        deframer.push(&[*byte]);
        messages.extend(rendezvous::Message::pull(&mut deframer).expect("valid"));
    }
    assert_eq!(
        messages,
        [
            rendezvous::Hello::default().into(),
            rendezvous::Gone { code: 0x0303 }.into()
        ]
    );
    assert_eq!(deframer.pending(), 0);
}

#[test]
fn an_oversize_length_fails_before_its_body_arrives() {
    let mut deframer = Deframer::new(64, "a control stream");
    deframer.push(&[0x0e, 65]);
    assert_eq!(
        fault(rendezvous::Message::pull(&mut deframer)),
        Fault::TooLarge { limit: 64 }
    );
}

//= test spec/02-codes.md#form [CODE-1] 1e06dc70
//= test spec/02-codes.md#form [CODE-2] 46aeccd6
//= test spec/02-codes.md#form [CODE-3] 08ddb24d
//= test spec/02-codes.md#form [CODE-4] 904a3877
#[test]
fn codes_as_people_type_them() {
    let code = Code::parse(" 4O6o-R0gX ").expect("a code");
    assert_eq!(code.to_string(), "4060-r0gx");
    assert_eq!(code.locator.as_str(), "4060");
    assert_eq!(
        Code::parse("il1o 0000").expect("a code").to_string(),
        "1110-0000"
    );
    assert_eq!(Code::parse("406 0r 0g"), Err(CodeError::Length(7)));
    assert_eq!(Code::parse("0123456789abc"), Err(CodeError::Length(13)));
    assert_eq!(Code::parse("4060-r0gu"), Err(CodeError::Character('u')));
    assert_eq!(Code::parse("4060-r0gé"), Err(CodeError::Character('é')));
    assert!(
        !format!("{code:?}").contains("r0gx"),
        "the secret is not shown"
    );
}

#[test]
fn a_locator_on_the_wire_is_normalised() {
    let message = |locator: &str| {
        let mut body = vec![locator.len() as u8];
        body.extend(locator.bytes());
        // No link, and an empty offer.
        body.extend([0, 0]);
        rendezvous::Message::decode(framing::Raw {
            message_type: 0x0a,
            body: &body,
        })
    };
    assert!(message("4060").is_ok());
    for wrong in ["4O60", "406", "012345678", "40 60"] {
        assert_eq!(fault(message(wrong)), Fault::InvalidValue, "{wrong}");
    }
}

#[test]
fn a_token_is_neither_empty_nor_too_long() {
    let sign_in = |len: usize| {
        let token = rendezvous::Token::new("x".repeat(len));
        let mut bytes = Vec::new();
        rendezvous::Message::from(rendezvous::SignIn { method: 9, token }).encode(&mut bytes);
        let mut deframer = framing::Deframer::new(65_536, "test");
        deframer.push(&bytes);
        rendezvous::Message::pull(&mut deframer)
    };
    assert!(matches!(sign_in(8_192), Ok(Some(_))), "of any method");
    assert_eq!(fault(sign_in(0)), Fault::InvalidValue);
    assert_eq!(fault(sign_in(8_193)), Fault::TooLarge { limit: 8_192 });
}

#[test]
fn names_have_no_control_characters() {
    let message = |name: &str| {
        let mut bytes = Vec::new();
        session::Message::from(session::Introduce {
            opening: [7; 32],
            name: name.into(),
            card: vec![],
            proof: vec![],
        })
        .encode(&mut bytes);
        session::Message::read_all(&bytes)
    };
    assert!(message("Ada L.").is_ok());
    assert_eq!(fault(message("Ada\u{1b}[2J")), Fault::InvalidValue);
    assert_eq!(
        fault(message(&"x".repeat(65))),
        Fault::TooLarge { limit: 64 }
    );
}

#[test]
fn displays_are_checked() {
    let message = |displays: &[(u8, u16, u16)]| {
        let displays = displays
            .iter()
            .map(|&(id, width, height)| session::DisplayInfo { id, width, height })
            .collect();
        let mut bytes = Vec::new();
        session::Message::from(session::Displays { displays }).encode(&mut bytes);
        session::Message::read_all(&bytes)
    };
    assert!(message(&[(0, 1, 1), (1, 16_384, 2)]).is_ok());
    assert_eq!(fault(message(&[(0, 1, 1), (0, 2, 2)])), Fault::InvalidValue);
    assert_eq!(fault(message(&[(0, 0, 1)])), Fault::InvalidValue);
    assert_eq!(
        fault(message(&[(0, 1, 16_385)])),
        Fault::TooLarge { limit: 16_384 }
    );
    assert_eq!(
        fault(message(&[(0, 1, 1); 17])),
        Fault::TooLarge { limit: 16 }
    );
}

#[test]
fn record_headers() {
    let header = MediaHeader {
        last: true,
        index: 3,
        frame: 9,
        epoch: 1,
        number: 77,
        length: 17,
    };
    let bytes = header.to_bytes();
    assert_eq!(
        hex::encode(bytes),
        "400100030000000900000001000000000000004d00000011"
    );
    assert_eq!(MediaHeader::read(&bytes), Ok(header));
    let with = |at: usize, value: u8| {
        let mut bytes = bytes;
        bytes[at] = value;
        fault(MediaHeader::read(&bytes))
    };
    assert_eq!(with(0, 0x42), Fault::InvalidValue);
    assert_eq!(with(1, 0x03), Fault::InvalidValue);
    assert_eq!(with(23, 16), Fault::Truncated);
    assert_eq!(with(21, 1), Fault::TooLarge { limit: 16_400 });

    let bytes = InputHeader { grant: 2 }.to_bytes();
    assert_eq!(hex::encode(bytes), "4200005000000002");
    assert_eq!(InputHeader::read(&bytes), Ok(InputHeader { grant: 2 }));
    for at in 0..4 {
        let mut wrong = bytes;
        wrong[at] ^= 1;
        assert_eq!(
            fault(InputHeader::read(&wrong)),
            Fault::InvalidValue,
            "byte {at}"
        );
    }
}

#[test]
fn input_slots_are_canonical() {
    let mut record = input::encode_record(&[InputEvent::Key {
        usage: 4,
        down: true,
    }]);
    assert_eq!(
        input::read_record(&record),
        Ok(vec![InputEvent::Key {
            usage: 4,
            down: true
        }])
    );
    record[1] = 2;
    assert_eq!(fault(input::read_record(&record)), Fault::NotCanonical);
    record[1] = 1;
    record[63] = 1;
    assert_eq!(fault(input::read_record(&record)), Fault::NotCanonical);
    record[63] = 0;
    record[56] = 6;
    assert_eq!(fault(input::read_record(&record)), Fault::InvalidValue);
    record[56..59].copy_from_slice(&[3, 1, 6]);
    assert_eq!(fault(input::read_record(&record)), Fault::InvalidValue);
}

#[test]
fn a_tile_stays_inside_its_display() {
    let mut bytes = vec![1, 0, 0, 10, 0, 10, 0, 1];
    bytes.extend([0, 5, 0, 5, 0, 5, 0, 5, 1, 0, 0, 0, 0]);
    assert!(Frame::read(&bytes).is_ok());
    bytes[9] = 6;
    assert_eq!(fault(Frame::read(&bytes)), Fault::InvalidValue);
    bytes[9] = 5;
    bytes[16] = 3;
    assert_eq!(
        fault(Frame::read(&bytes)),
        Fault::InvalidValue,
        "an unknown codec"
    );
    bytes[16] = 1;
    bytes[20] = 1;
    assert_eq!(fault(Frame::read(&bytes)), Fault::Truncated);
    bytes[20] = 0;
    bytes.push(0);
    assert_eq!(fault(Frame::read(&bytes)), Fault::TrailingBytes);
}

#[test]
fn padding_reaches_its_step_from_everywhere() {
    for len in 1..=600 {
        let mut bytes = Vec::new();
        framing::encode(0x01, &vec![0; len], &mut bytes);
        let before = bytes.len();
        pad_to(256, &mut bytes);
        assert_eq!(bytes.len() % 256, 0, "from {before}");
        assert!(bytes.len() < before + 256 + 2, "from {before}");
        session::Message::read_all(&bytes).expect("still messages");
    }
}

proptest! {
    #[test]
    fn anything_that_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Some(message)) = Envelope::read(&bytes) {
            prop_assert_eq!(&message.to_bytes(), &bytes);
        }
        if let Ok(frame) = Frame::read(&bytes) {
            prop_assert_eq!(&frame.to_bytes().expect("within limits"), &bytes);
        }
        if let Ok(Some((raw, used))) = framing::split(&bytes, 128, "bytes") {
            if let Ok(Some(message)) = rendezvous::Message::decode(raw) {
                let mut out = Vec::new();
                message.encode(&mut out);
                prop_assert_eq!(&out, &bytes[..used]);
            }
            if let Ok(Some(message)) = session::Message::decode(raw) {
                let mut out = Vec::new();
                message.encode(&mut out);
                if !matches!(message, session::Message::Pad(_)) {
                    prop_assert_eq!(&out, &bytes[..used]);
                }
            }
        }
    }

    #[test]
    fn offers_survive(
        versions in prop::collection::vec(any::<u16>(), 0..16),
        suites in prop::collection::vec(any::<u8>(), 0..16),
        ceiling in 0u16..0x100,
        element: [u8; 32],
    ) {
        let ceiling = Scopes::from_bits(ceiling).expect("registered");
        let offer = Envelope::from(Offer { versions, suites, ceiling, element });
        prop_assert_eq!(Envelope::read(&offer.to_bytes()), Ok(Some(offer)));
        let clear = AnswerClear { version: 1, suite: 1, ceiling, element };
        prop_assert_eq!(AnswerClear::read(&clear.to_bytes()), Ok(clear));
    }

    #[test]
    fn codes_survive(locator: [u8; 8], secret: [u8; 4], len in 4usize..=8) {
        let code = Code {
            locator: alongside_wire::code::Locator::from_random(&locator, len),
            secret: alongside_wire::code::Secret::from_random(&secret),
        };
        prop_assert_eq!(Code::parse(&code.to_string().to_uppercase()), Ok(code));
    }
}
