//! Changes of bytes. Places count from the beginning, and begin anew where the bytes end, so that a change
//! means something whatever was taken out before it.

use alongside_wire::framing;
use serde::{Deserialize, Serialize};

use crate::quic::Link;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// The byte at this place becomes that.
    Set(usize, u8),
    /// The byte at this place becomes so much higher, and 0 after 255.
    Add(usize, u8),
    /// A bit of the byte at this place is turned.
    Flip(usize, u8),
    /// These bytes come in before this place.
    Insert(usize, Vec<u8>),
    /// So many bytes go from this place on.
    Remove(usize, usize),
    /// So many bytes from this place on come twice.
    Repeat(usize, usize),
    /// All goes from this place on.
    Cut(usize),
    /// It becomes so many bytes longer, all of which are zero.
    Pad(usize),
    /// A message has this type.
    Type(u16),
    /// A message says that it is so many bytes longer than it is.
    Longer(u16),
    /// A message says that it is so many bytes shorter than it is.
    Shorter(u16),
    /// It is said twice.
    Twice,
    /// It is not said, and the next takes its place.
    Lost,
    /// It comes in two halves, with a moment between.
    Halves,
    /// The stream ends after it, in order.
    Ends,
    /// The stream is reset after it.
    Resets,
}

/// The longest that bytes may become by one change.
const MOST: usize = 1 << 17;

/// Changes bytes.
pub fn change(bytes: &mut Vec<u8>, edits: &[Edit]) {
    for edit in edits {
        one(bytes, edit);
    }
}

fn one(bytes: &mut Vec<u8>, edit: &Edit) {
    let len = bytes.len();
    let place = |at: usize| at.checked_rem(len).unwrap_or(0);
    let until = |at: usize, count: usize| place(at).saturating_add(count).min(len);
    let each = |bytes: &mut Vec<u8>, at: usize, to: &dyn Fn(u8) -> u8| {
        if let Some(byte) = bytes.get_mut(place(at)) {
            *byte = to(*byte);
        }
    };
    match edit {
        Edit::Set(at, value) => each(bytes, *at, &|_| *value),
        Edit::Add(at, more) => each(bytes, *at, &|byte| byte.wrapping_add(*more)),
        Edit::Flip(at, bit) => each(bytes, *at, &|byte| byte ^ 1 << (bit % 8)),
        Edit::Insert(at, more) => {
            bytes.splice(place(*at)..place(*at), more.iter().copied());
        }
        Edit::Remove(at, count) => {
            bytes.drain(place(*at)..until(*at, *count));
        }
        Edit::Repeat(at, count) => {
            let again = bytes[place(*at)..until(*at, *count)].to_vec();
            bytes.splice(place(*at)..place(*at), again);
        }
        Edit::Cut(at) => bytes.truncate(place(*at)),
        Edit::Pad(more) => bytes.resize(len + more.min(&MOST), 0),
        // Those of a message as a whole.
        Edit::Type(_) | Edit::Longer(_) | Edit::Shorter(_) => {}
        Edit::Twice | Edit::Lost | Edit::Halves | Edit::Ends | Edit::Resets => {}
    }
}

/// A message with a changed body, or type, or length.
pub fn message(message_type: u16, body: &[u8], edits: &[Edit]) -> Vec<u8> {
    let (mut message_type, mut body, mut more) = (message_type, body.to_vec(), 0_i64);
    change(&mut body, edits);
    for edit in edits {
        match edit {
            Edit::Type(other) => message_type = *other,
            Edit::Longer(by) => more += i64::from(*by),
            Edit::Shorter(by) => more -= i64::from(*by),
            _ => {}
        }
    }
    let len = i64::try_from(body.len()).unwrap_or(i64::MAX);
    let len = usize::try_from(len.saturating_add(more)).unwrap_or(0);
    let mut out = Vec::new();
    framing::header(message_type, len, &mut out);
    out.extend(body);
    match edits.contains(&Edit::Twice) {
        true => out.repeat(2),
        false => out,
    }
}

/// A right message, as it is framed, with a changed body, or type, or length.
pub fn framed(right: &[u8], edits: &[Edit]) -> Vec<u8> {
    match framing::split(right, right.len(), "a message of the suite") {
        Ok(Some((raw, _))) => message(raw.message_type, raw.body, edits),
        _ => right.to_vec(),
    }
}

/// Ends or resets a stream, if that is a change.
pub fn leave(link: &Link, stream: u64, edits: &[Edit]) {
    if edits.contains(&Edit::Ends) {
        link.end_stream(stream);
    }
    if edits.contains(&Edit::Resets) {
        link.reset_stream(stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(edits: &[Edit]) -> Vec<u8> {
        let mut bytes = vec![1, 2, 3, 4];
        change(&mut bytes, edits);
        bytes
    }

    #[test]
    fn bytes_are_changed_as_it_is_written() {
        assert_eq!(changed(&[Edit::Set(5, 9)]), [1, 9, 3, 4]);
        assert_eq!(changed(&[Edit::Add(0, 255)]), [0, 2, 3, 4]);
        assert_eq!(changed(&[Edit::Flip(3, 8)]), [1, 2, 3, 5]);
        assert_eq!(changed(&[Edit::Insert(1, vec![7, 8])]), [1, 7, 8, 2, 3, 4]);
        assert_eq!(changed(&[Edit::Remove(3, 9)]), [1, 2, 3]);
        assert_eq!(changed(&[Edit::Repeat(1, 2)]), [1, 2, 3, 2, 3, 4]);
        assert_eq!(changed(&[Edit::Cut(2), Edit::Pad(1)]), [1, 2, 0]);
    }

    #[test]
    fn nothing_has_no_place() {
        for edit in [
            Edit::Set(1, 1),
            Edit::Insert(3, vec![]),
            Edit::Remove(1, 1),
            Edit::Repeat(1, 1),
            Edit::Cut(1),
        ] {
            let mut bytes = Vec::new();
            change(&mut bytes, &[edit]);
            assert!(bytes.is_empty());
        }
    }

    #[test]
    fn a_message_has_the_length_that_is_wanted() {
        assert_eq!(message(6, &[1, 2], &[]), [6, 2, 1, 2]);
        assert_eq!(message(6, &[1, 2], &[Edit::Shorter(9)]), [6, 0, 1, 2]);
        let twice = [Edit::Type(8), Edit::Longer(1), Edit::Twice];
        assert_eq!(message(6, &[], &twice), [8, 1, 8, 1]);
        assert_eq!(framed(&[6, 2, 1, 2], &[Edit::Set(0, 7)]), [6, 2, 7, 2]);
        // What is not framed stays.
        assert_eq!(framed(&[6, 9, 1], &[Edit::Set(0, 7)]), [6, 9, 1]);
    }
}
