//! The clipboard of a real X server (Xvfb), shared with a program that is not ours, and with
//! programs that mean harm.

mod support;
#[path = "support/xclip.rs"]
mod xclip;

use std::{
    thread,
    time::{Duration, Instant},
};

use alongside_client::clipboard::{ClipboardError, Offer, Place, read};
use support::{Server, until};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{
            AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
            SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};
use xclip::{Xclip, atom, owner, paste};

const LIMIT: usize = 12_288;
const TEXT: &str = "Grüße, 世界, שלום, مرحبا 👩‍👩‍👧‍👦\n\ttwo lines";

fn place(server: &Server) -> Place {
    Place::X11(server.display().map(str::to_owned))
}

#[test]
fn a_text_copied_elsewhere_is_read() {
    let server = Server::start(&[]);
    let place = place(&server);
    assert_eq!(read(&place, LIMIT), Err(ClipboardError::Empty));
    let longest = "x".repeat(LIMIT);
    for text in [TEXT, "y", longest.as_str()] {
        let _xclip = Xclip::copy(&server, text);
        assert_eq!(read(&place, LIMIT).as_deref(), Ok(text));
        assert_eq!(
            read(&place, text.len() - 1),
            Err(ClipboardError::TooLong {
                limit: text.len() - 1
            })
        );
    }
    until("nobody has it", || owner(&server).is_none().then_some(()));
    assert_eq!(read(&place, LIMIT), Err(ClipboardError::Empty));
    // So long that it comes in pieces.
    let _xclip = Xclip::copy(&server, &"z".repeat(3_000_000));
    assert_eq!(
        read(&place, LIMIT),
        Err(ClipboardError::TooLong { limit: LIMIT })
    );
    assert_eq!(read(&Place::Nowhere, LIMIT), Err(ClipboardError::Nowhere));
}

#[test]
fn a_text_that_came_is_pasted_elsewhere_until_it_is_taken_back() {
    let server = Server::start(&[]);
    let place = place(&server);
    let offer = Offer::new(&place, TEXT.to_owned()).expect("it is offered");
    for _ in 0..3 {
        assert_eq!(
            paste(&server, "UTF8_STRING"),
            Some(TEXT.as_bytes().to_vec())
        );
    }
    // It is not Latin-1, and no picture.
    assert_eq!(paste(&server, "STRING"), None);
    assert_eq!(paste(&server, "image/png"), None);
    let targets = paste(&server, "TARGETS").expect("a list");
    let targets = String::from_utf8(targets).expect("names");
    let names: Vec<_> = targets.lines().collect();
    assert_eq!(names, ["TARGETS", "TIMESTAMP", "UTF8_STRING"]);
    let since = paste(&server, "TIMESTAMP").expect("a time");
    assert_ne!(String::from_utf8(since).expect("a number").trim(), "0");
    assert_eq!(read(&place, LIMIT).as_deref(), Ok(TEXT), "by ourselves");
    drop(offer);
    assert_eq!(owner(&server), None);
    assert_eq!(paste(&server, "UTF8_STRING"), None);

    let latin = Offer::new(&place, "Grüße".to_owned()).expect("it is offered");
    assert_eq!(paste(&server, "STRING"), Some(b"Gr\xFC\xDFe".to_vec()));
    // Something else is copied: that is not ours to take away again.
    let _xclip = Xclip::copy(&server, "newer");
    until("xclip has it", || {
        (paste(&server, "UTF8_STRING")? == b"newer").then_some(())
    });
    drop(latin);
    assert_eq!(read(&place, LIMIT).as_deref(), Ok("newer"));
    let long = "字".repeat(LIMIT / 3);
    let _long = Offer::new(&place, long.clone()).expect("it is offered");
    assert_eq!(paste(&server, "UTF8_STRING"), Some(long.into_bytes()));
}

/// What a program that means harm leaves for whoever reads: type, format, bytes; or no answer.
type Trick = Option<(&'static str, u8, Vec<u8>)>;

/// Owns the clipboard until the server ends, and does the same with every request.
fn harm(server: &Server, trick: Trick) {
    let (conn, screen) = x11rb::connect(server.display()).expect("it connects");
    let window = conn.generate_id().expect("an id");
    let (root, class) = (conn.setup().roots[screen].root, WindowClass::INPUT_ONLY);
    let aux = CreateWindowAux::new();
    conn.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &aux)
        .expect("sent");
    conn.set_selection_owner(window, atom(&conn, "CLIPBOARD"), x11rb::CURRENT_TIME)
        .expect("sent");
    conn.sync().expect("it answers");
    thread::spawn(move || {
        while let Ok(event) = conn.wait_for_event() {
            let (Event::SelectionRequest(request), Some((kind, format, bytes))) = (event, &trick)
            else {
                continue;
            };
            let count = bytes.len() as u32 / u32::from(*format / 8);
            if !kind.is_empty() {
                let (mode, kind) = (PropMode::REPLACE, atom(&conn, kind));
                let (to, property) = (request.requestor, request.property);
                let _ = conn.change_property(mode, to, property, kind, *format, count, bytes);
            }
            let notify = SelectionNotifyEvent {
                response_type: SELECTION_NOTIFY_EVENT,
                sequence: 0,
                time: request.time,
                requestor: request.requestor,
                selection: request.selection,
                target: request.target,
                property: request.property,
            };
            let _ = conn.send_event(false, request.requestor, EventMask::NO_EVENT, notify);
            let _ = conn.flush();
        }
    });
}

#[test]
fn programs_that_mean_harm_get_an_error() {
    let server = Server::start(&[]);
    let place = place(&server);
    let too_long = || ClipboardError::TooLong { limit: LIMIT };
    let tricks: Vec<(&'static str, u8, Vec<u8>, ClipboardError)> = vec![
        ("UTF8_STRING", 8, vec![b'x'; LIMIT + 1], too_long()),
        ("UTF8_STRING", 8, vec![b'x'; 200_000], too_long()),
        ("UTF8_STRING", 8, vec![0xFF, 0xFE], ClipboardError::NotText),
        ("UTF8_STRING", 8, vec![], ClipboardError::Empty),
        ("UTF8_STRING", 32, vec![1; 4 * 100], ClipboardError::NotText),
        ("STRING", 8, vec![b'x'; 9], ClipboardError::NotText),
        // In pieces, of which the first is said to be of four bytes.
        ("INCR", 32, vec![4, 0, 0, 0], too_long()),
        // It says that it left something, and did not.
        ("", 8, vec![], ClipboardError::NotText),
    ];
    for (kind, format, bytes, expected) in tricks {
        let len = bytes.len();
        harm(&server, Some((kind, format, bytes)));
        assert_eq!(read(&place, LIMIT), Err(expected), "{kind} {format} {len}");
    }
}

#[test]
fn a_program_that_never_answers_is_not_waited_for() {
    let server = Server::start(&[]);
    harm(&server, None);
    let began = Instant::now();
    assert_eq!(read(&place(&server), LIMIT), Err(ClipboardError::Silent));
    let took = began.elapsed();
    assert!(
        (Duration::from_secs(2)..Duration::from_secs(4)).contains(&took),
        "{took:?}"
    );
    // The other way round: whoever asks for a text and goes away does no harm.
    let _offer = Offer::new(&place(&server), TEXT.to_owned()).expect("it is offered");
    let (conn, screen) = x11rb::connect(server.display()).expect("it connects");
    let window = conn.generate_id().expect("an id");
    let root = conn.setup().roots[screen].root;
    let (class, aux) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    conn.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &aux)
        .expect("sent");
    let (clipboard, utf8) = (atom(&conn, "CLIPBOARD"), atom(&conn, "UTF8_STRING"));
    for _ in 0..100 {
        let now = x11rb::CURRENT_TIME;
        conn.convert_selection(window, clipboard, utf8, AtomEnum::STRING, now)
            .expect("sent");
    }
    conn.destroy_window(window).expect("sent");
    conn.sync().expect("it answers");
    drop(conn);
    assert_eq!(
        paste(&server, "UTF8_STRING"),
        Some(TEXT.as_bytes().to_vec())
    );
}
