//! The socket of a client, which hears nobody but its relay.

use std::{io, net::SocketAddr, sync::Arc};

use alongside_sift as sift;
use alongside_wire::path::{Check, PathToken};
use quinn::{AsyncUdpSocket, Runtime, TokioRuntime, udp::RecvMeta};
use tokio::sync::mpsc;

/// Checks that wait to be answered; the relay sends another for each that is lost.
const CHECKS: usize = 16;
/// Bytes that may wait to be received: a relay sends on in bursts what it gets of a path.
const ROOM: usize = 2 * 1024 * 1024;

/// A UDP socket at this address of the machine, for QUIC with one relay: what somebody else sends is dropped, and checks
/// are taken out. With it come their tokens. Call it within a tokio runtime.
pub(in crate::net) fn bind(
    local: SocketAddr,
    relay: SocketAddr,
) -> io::Result<(Arc<dyn AsyncUdpSocket>, mpsc::Receiver<PathToken>)> {
    let socket = std::net::UdpSocket::bind(local)?;
    sift::widen(&socket, ROOM)?;
    let inner = TokioRuntime.wrap_udp_socket(socket)?;
    let (checks, tokens) = mpsc::channel(CHECKS);
    Ok((sift::Socket::new(inner, takes(relay, checks)), tokens))
}

/// What is not for QUIC. The tokens of checks are handed on.
fn takes(
    relay: SocketAddr,
    checks: mpsc::Sender<PathToken>,
) -> impl Fn(&RecvMeta, &[u8]) -> bool + Send + Sync {
    move |about, datagram| {
        //= spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
        if about.addr != relay {
            return true;
        }
        //= spec/20-forwarded-packets.md#clients [PATH-21] 97715457
        let check = Check::decode(datagram);
        if let Some(check) = &check {
            // It fails if too many wait.
            let _ = checks.try_send(check.token);
        }
        check.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSliceMut;

    use super::*;

    const RELAY: ([u8; 4], u16) = ([192, 0, 2, 1], 443);

    fn check(number: u8) -> Vec<u8> {
        let token = [number; 16];
        Check { token }.encode().to_vec()
    }

    fn message(from: impl Into<SocketAddr>, datagrams: &[Vec<u8>]) -> (Vec<u8>, RecvMeta) {
        let about = RecvMeta {
            addr: from.into(),
            len: datagrams.iter().map(Vec::len).sum(),
            stride: datagrams[0].len(),
            ecn: None,
            dst_ip: None,
        };
        (datagrams.concat(), about)
    }

    /// What is left for QUIC of some messages, and the tokens that were found.
    fn sifted(messages: Vec<(Vec<u8>, RecvMeta)>) -> (Vec<Vec<u8>>, Vec<PathToken>) {
        let (checks, mut tokens) = mpsc::channel(CHECKS);
        let (mut bufs, mut meta): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        let mut slices: Vec<_> = bufs.iter_mut().map(|buf| IoSliceMut::new(buf)).collect();
        let left = sift::sift(&mut slices, &mut meta, takes(RELAY.into(), checks));
        let left = slices.iter().zip(&meta).take(left);
        let left = left.map(|(slice, meta)| slice[..meta.len].to_vec());
        let tokens = std::iter::from_fn(|| tokens.try_recv().ok());
        (left.collect(), tokens.collect())
    }

    //= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
    #[test]
    fn checks_are_found_wherever_they_are_in_a_batch() {
        let packet = |number: u8| vec![number; 25];
        let all = [
            check(1),
            packet(1),
            check(2),
            check(3),
            packet(2),
            vec![3; 7],
        ];
        let (left, tokens) = sifted(vec![
            message(RELAY, &[check(0)]),
            message(RELAY, &all),
            message(RELAY, &[vec![5; 1_200], check(4)]),
        ]);
        let first = [packet(1), packet(2), vec![3; 7]].concat();
        assert_eq!(left, [first, vec![5; 1_200]]);
        assert_eq!(tokens, [0, 1, 2, 3, 4].map(|number| [number; 16]));
    }

    /// What has the bytes of a check, but is not one datagram of it, is for QUIC.
    #[test]
    fn a_part_of_a_datagram_is_no_check() {
        let longer = [check(1), check(2)].concat();
        let (left, tokens) = sifted(vec![message(
            RELAY,
            &[longer.clone(), check(3)[..24].into()],
        )]);
        assert_eq!(left, [[&longer[..], &check(3)[..24]].concat()]);
        assert_eq!(tokens, [[0; 16]; 0]);
    }

    //= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
    //= test spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
    #[test]
    fn nobody_but_the_relay_is_heard() {
        let strangers = [([192, 0, 2, 1], 444), ([192, 0, 2, 2], 443)];
        let from = |stranger| message(stranger, &[vec![7; 1_200], check(1)]);
        let (left, tokens) = sifted(vec![
            from(strangers[0]),
            message(RELAY, &[vec![8; 9]]),
            from(strangers[1]),
        ]);
        assert_eq!((left, tokens), (vec![vec![8; 9]], vec![]));
    }

    #[test]
    fn no_more_checks_wait_than_may() {
        let flood = (0..200).map(|number| message(RELAY, &[check(number)]));
        assert_eq!(sifted(flood.collect()).1.len(), CHECKS);
    }
}
