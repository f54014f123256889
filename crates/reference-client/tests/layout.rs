//! Keyboards and mice of the two people that are set up differently (Xvfb): places travel, and the sharer's
//! settings decide what they mean.

mod support;

use std::fs;

use alongside_client::{
    canvas::Canvas,
    inject::{Injector, X11Injector},
    keymap::x11_keycode,
    screen::{Pattern, Screen as _},
    window::{Window, WindowEvent},
};
use alongside_wire::input::InputEvent;
use support::{Server, point, press, until};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConnectionExt as _, KeyButMask},
};

const Y: u16 = 0x1C;
const ENTER: u16 = 0x28;
const KEYSYM_Z: u32 = 0x7A;

/// Makes a German of a server's keyboard, as far as one key goes: where a US one has `y` it has `z`.
fn german(server: &Server) {
    let code = x11_keycode(Y).expect("a key");
    let changed = server.conn.change_keyboard_mapping(1, code, 1, &[KEYSYM_Z]);
    changed.expect("sent").check().expect("it is taken");
    server.conn.flush().expect("sent");
}

//= test spec/06-media-input.md#input-records [INPUT-11] 4431e2cb
#[test]
fn a_key_types_what_the_sharers_keyboard_has_there() {
    let server = Server::start(&[]);
    german(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let (ready, file) = (folder.path().join("ready"), folder.path().join("said"));
    let command = format!(
        "touch {}; read line; echo \"$line\" > {}; exec sh",
        ready.display(),
        file.display()
    );
    let _xterm = server.xterm("80x24+0+0", &command);
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    point(&mut injector, 100, 100, 800, 600);
    until("the shell runs", || ready.exists().then_some(()));
    until("xterm paints", || {
        (server.picture().pixel(100, 100) == Some([255; 3])).then_some(())
    });
    press(&mut injector, Y);
    press(&mut injector, ENTER);
    let said = until("what was typed", || {
        let text = fs::read_to_string(&file).ok()?;
        text.ends_with('\n').then_some(text)
    });
    assert_eq!(said.trim(), "z");
}

//= test spec/06-media-input.md#input-records [INPUT-10] 13793ea2
#[test]
fn a_helpers_keyboard_sends_the_place_whatever_it_types() {
    for differs in [false, true] {
        let server = Server::start(&[]);
        if differs {
            german(&server);
        }
        let mut window = Window::open_on(server.display(), "Alongside").expect("it opens");
        let mut canvas = Canvas::new();
        let frame = Pattern::new().capture(true).expect("it captures");
        canvas.apply(&frame.expect("a frame")).expect("it applies");
        window.show(&canvas).expect("it shows");
        let shown = canvas.picture().pixel(100, 100);
        until("the window shows the canvas", || {
            window.poll();
            (server.picture().pixel(100, 100) == shown).then_some(())
        });
        let mut injector = X11Injector::open(server.display(), None).expect("it opens");
        // Keys go to the window under the pointer.
        point(&mut injector, 100, 100, 800, 600);
        press(&mut injector, Y);
        let mut sent = Vec::new();
        until("the key arrives", || {
            sent.extend(window.poll());
            let key = |down| WindowEvent::Input(InputEvent::Key { usage: Y, down });
            (sent.contains(&key(true)) && sent.contains(&key(false))).then_some(())
        });
        let keys = sent.iter().filter_map(|event| match event {
            WindowEvent::Input(InputEvent::Key { usage, .. }) => Some(*usage),
            _ => None,
        });
        assert!(keys.into_iter().all(|usage| usage == Y), "{sent:?}");
    }
}

//= test spec/06-media-input.md#input-records [INPUT-11] 4431e2cb
#[test]
fn a_mouse_for_the_left_hand_stays_one() {
    let server = Server::start(&[]);
    let mapping = server.conn.get_pointer_mapping().expect("sent");
    let mut mapping = mapping.reply().expect("a mapping").map;
    mapping.swap(0, 2);
    let set = server.conn.set_pointer_mapping(&mapping).expect("sent");
    set.reply().expect("it is taken");
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    let left = |down| InputEvent::Button { button: 1, down };
    injector.inject(&left(true)).expect("it presses");
    let pointer = server.conn.query_pointer(server.root).expect("sent");
    let mask = pointer.reply().expect("a pointer").mask;
    assert!(mask.contains(KeyButMask::BUTTON3), "{mask:?}");
    injector.inject(&left(false)).expect("it lets go");
}
