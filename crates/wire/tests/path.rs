//! What a relay reads of datagrams, and checks.

use alongside_wire::path::{Check, RoutingId, routing_id};
use proptest::prelude::*;

const ID: RoutingId = [1, 2, 3, 4, 5, 6, 7, 8];

fn short(len: usize) -> Vec<u8> {
    let mut datagram = [&[0x40][..], &ID].concat();
    datagram.resize(len, 0xA5);
    datagram
}

fn long(length: u8, len: usize) -> Vec<u8> {
    let mut datagram = [&[0xC0, 0, 0, 0, 1, length][..], &ID].concat();
    datagram.resize(len, 0xA5);
    datagram
}

//= test spec/20-forwarded-packets.md#relay [PATH-11] 2055a404
#[test]
fn a_routing_id_is_where_every_version_of_quic_has_it() {
    for (datagram, id) in [
        (short(17), Some(ID)),
        (short(1_452), Some(ID)),
        (short(16), None),
        (long(16, 22), Some(ID)),
        (long(16, 21), None),
        (long(15, 60), None),
        (long(17, 60), None),
        (long(0, 60), None),
        (vec![], None),
        (vec![0x40], None),
        (vec![0xC0; 5], None),
    ] {
        assert_eq!(routing_id(&datagram), id, "{datagram:02x?}");
    }
}

//= test spec/20-forwarded-packets.md#relay [PATH-8] 7261cc93
//= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
#[test]
fn a_check_has_a_token_and_the_routing_id_of_nobody() {
    let check = Check { token: [7; 16] };
    let datagram = check.encode();
    assert_eq!(datagram.len(), Check::LEN);
    assert_eq!(datagram[..9], [0x40, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(datagram[9..], [7; 16]);
    assert_eq!(routing_id(&datagram), Some([0; 8]));
    assert_eq!(Check::decode(&datagram), Some(check));
    assert_eq!(Check::decode(&datagram[..24]), None);
    assert_eq!(Check::decode(&[&datagram[..], &[0]].concat()), None);
    for at in 0..9 {
        let mut other = datagram;
        other[at] ^= 1;
        assert_eq!(Check::decode(&other), None, "{at}");
    }
}

proptest! {
    #[test]
    fn the_first_byte_says_where_and_no_other_does(
        first: u8,
        version: [u8; 4],
        id: RoutingId,
        rest: [u8; 8],
        more in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let long = [&[first | 0x80][..], &version, &[16], &id, &rest, &more].concat();
        prop_assert_eq!(routing_id(&long), Some(id));
        let short = [&[first & 0x7F][..], &id, &rest, &more].concat();
        prop_assert_eq!(routing_id(&short), Some(id));
    }

    #[test]
    fn whatever_comes_is_read(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Some(id) = routing_id(&bytes) {
            prop_assert!(bytes.windows(8).any(|window| window == id));
        }
        if let Some(check) = Check::decode(&bytes) {
            prop_assert_eq!(&check.encode()[..], &bytes[..]);
        }
    }

    #[test]
    fn checks_survive(token: [u8; 16]) {
        let check = Check { token };
        prop_assert_eq!(Check::decode(&check.encode()), Some(check));
    }
}
