//! Takes datagrams out of what a QUIC endpoint receives.
//!
//! One call of the system may give many messages, and each of them many datagrams of one size (GRO). Some are not for
//! QUIC: packets that go on elsewhere, or tokens by which an address is proven. [`sift`] takes them out of what was
//! received; [`Socket`] is a socket around another, which does so before its endpoint sees anything. [`widen`] sees to it that
//! bursts wait for it.
//!
//! ```
//! use std::io::IoSliceMut;
//!
//! use alongside_sift::sift;
//! use quinn::udp::RecvMeta;
//!
//! let mut message = *b"QUIC, this, QUIC, end.";
//! let mut about = [RecvMeta::default()];
//! (about[0].len, about[0].stride) = (message.len(), 6);
//! let left = sift(&mut [IoSliceMut::new(&mut message)], &mut about, |_, datagram| {
//!     datagram != b"QUIC, "
//! });
//! assert_eq!((left, about[0].len), (1, 12));
//! assert_eq!(message[..12], *b"QUIC, QUIC, ");
//! ```

mod socket;
#[cfg(test)]
mod tests;

use std::{
    io::{self, IoSliceMut},
    net::UdpSocket,
};

use quinn::udp::RecvMeta;
use socket2::SockRef;

pub use self::socket::Socket;

/// Shows each datagram, with what is known of its message, to `takes`. What that does not take, by returning false,
/// stays in its order: datagrams at the beginning of their message, messages at the front. Returns how many messages
/// are left.
///
/// `meta` has one entry for each message, which lies in the buffer of the same place; places that have no buffer
/// are not looked at. A message says its bytes and those of each datagram but the last, which may be shorter. It is
/// not believed: a message ends with its buffer at the latest, and with datagrams of no bytes it is one datagram.
pub fn sift(
    bufs: &mut [IoSliceMut<'_>],
    meta: &mut [RecvMeta],
    mut takes: impl FnMut(&RecvMeta, &[u8]) -> bool,
) -> usize {
    let mut kept = 0;
    for at in 0..meta.len() {
        let (Some(buf), Some(about)) = (bufs.get_mut(at), meta.get(at)) else {
            break;
        };
        let about = possible(about, buf.len());
        let left = split(buf, &about, |datagram| takes(&about, datagram));
        if left > 0 {
            if let Some(meta) = meta.get_mut(kept) {
                *meta = RecvMeta { len: left, ..about };
            }
            bufs.swap(kept, at);
            kept += 1;
        }
    }
    kept
}

/// Lets so many bytes of datagrams wait until a socket is read, so that a burst that comes while nobody reads is not lost.
/// A socket for which more may wait stays as it is. Systems have a limit of their own (`net.core.rmem_max` on Linux):
/// then it is as many as they let, and no error.
///
/// # Errors
/// If the system does not say how many may wait.
pub fn widen(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    // quinn has the same, and opens other sockets each time to see what the system can.
    let socket = SockRef::from(socket);
    if socket.recv_buffer_size()? < bytes {
        // Some systems refuse more than they let, others give what they let.
        let _ = socket.set_recv_buffer_size(bytes);
    }
    Ok(())
}

/// The same, as far as a buffer of so many bytes can have it. QUIC would never come to an end of datagrams of no bytes.
fn possible(about: &RecvMeta, room: usize) -> RecvMeta {
    let len = about.len.min(room);
    let stride = match about.stride {
        0 => len,
        stride => stride,
    };
    RecvMeta {
        len,
        stride,
        ..*about
    }
}

/// Shows each datagram of a message; those that are not taken come together at its beginning. Returns their bytes.
fn split(buf: &mut [u8], about: &RecvMeta, mut takes: impl FnMut(&[u8]) -> bool) -> usize {
    let (mut at, mut left) = (0, 0);
    while at < about.len {
        let end = at.saturating_add(about.stride).min(about.len);
        if !buf.get(at..end).is_some_and(&mut takes) {
            if left < at {
                buf.copy_within(at..end, left);
            }
            left += end - at;
        }
        at = end;
    }
    left
}
