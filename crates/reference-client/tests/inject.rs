//! Control of a real X server (Xvfb).

mod support;

use std::fs;

use alongside_client::{
    inject::{InjectError, Injector, NoInjector, X11Injector},
    keymap::{self, LEFT_SHIFT, us_layout, x11_keycode},
};
use alongside_wire::input::InputEvent;
use support::{Server, point, press, until};
use x11rb::protocol::xproto::{ConnectionExt as _, KeyButMask};

#[test]
fn keys_that_were_injected_arrive() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ready, file) = (folder.path().join("ready"), folder.path().join("said"));
    let server = Server::start(&[]);
    let command = format!("touch {}; exec sh", ready.display());
    let _xterm = server.xterm("80x24+0+0", &command);
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    point(&mut injector, 100, 100, 800, 600);
    until("the shell runs", || ready.exists().then_some(()));
    until("xterm paints", || {
        (server.picture().pixel(100, 100) == Some([255; 3])).then_some(())
    });

    let said = "It's {Alongside} #1: ~/`a`\\|b; \"x\" = <y> & 100% @ $3 ^ (*) [z] - _ + ? ! , .";
    let line = format!("cat > {} << 'END'\n{said}\nEND\n", file.display());
    for character in line.chars() {
        let (shift, usage) = us_layout(character).expect("on the keyboard");
        if shift {
            injector
                .inject(&InputEvent::Key {
                    usage: LEFT_SHIFT,
                    down: true,
                })
                .expect("shift");
        }
        press(&mut injector, usage);
        if shift {
            injector
                .inject(&InputEvent::Key {
                    usage: LEFT_SHIFT,
                    down: false,
                })
                .expect("shift");
        }
    }
    let written = until("the file is there", || {
        fs::read_to_string(&file)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    assert_eq!(written.trim_end(), said);
}

/// Keys and buttons that are down, as the server sees it.
fn held(server: &Server) -> (Vec<u8>, KeyButMask) {
    let keys = server
        .conn
        .query_keymap()
        .expect("sent")
        .reply()
        .expect("a keymap")
        .keys;
    let down = (0..=255_u8).filter(|code| keys[usize::from(code / 8)] >> (code % 8) & 1 == 1);
    let pointer = server
        .conn
        .query_pointer(server.root)
        .expect("sent")
        .reply()
        .expect("a pointer");
    let buttons = KeyButMask::BUTTON1 | KeyButMask::BUTTON2 | KeyButMask::BUTTON3;
    (
        down.collect(),
        KeyButMask::from(u16::from(pointer.mask) & u16::from(buttons)),
    )
}

#[test]
fn everything_held_is_released() {
    let server = Server::start(&[]);
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    let hold = |injector: &mut X11Injector| {
        for usage in [0x04, LEFT_SHIFT, 0x04] {
            injector
                .inject(&InputEvent::Key { usage, down: true })
                .expect("it presses");
        }
        injector
            .inject(&InputEvent::Button {
                button: 3,
                down: true,
            })
            .expect("it presses");
        let mut keys = [0x04, LEFT_SHIFT]
            .map(|usage| x11_keycode(usage).expect("a key"))
            .to_vec();
        keys.sort_unstable();
        assert_eq!(held(&server), (keys, KeyButMask::BUTTON3));
    };
    let nothing = (Vec::new(), KeyButMask::from(0_u16));
    hold(&mut injector);
    injector
        .inject(&InputEvent::ReleaseAll)
        .expect("it releases");
    assert_eq!(held(&server), nothing);
    hold(&mut injector);
    drop(injector);
    assert_eq!(held(&server), nothing);

    // What somebody else holds is not ours to release.
    let mut ours = X11Injector::open(server.display(), None).expect("it opens");
    let mut theirs = X11Injector::open(server.display(), None).expect("it opens");
    hold(&mut theirs);
    ours.inject(&InputEvent::Key {
        usage: 0x04,
        down: false,
    })
    .expect("nothing to do");
    ours.inject(&InputEvent::ReleaseAll).expect("nothing to do");
    assert_ne!(held(&server), nothing);
}

#[test]
fn what_cannot_be_injected_is_said() {
    let server = Server::start(&[]);
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    let mut refused = |event| injector.inject(&event).expect_err("refused");
    assert_eq!(
        refused(InputEvent::Key {
            usage: 0xFFFF,
            down: true
        }),
        InjectError::Key(0xFFFF)
    );
    assert_eq!(
        refused(InputEvent::Button {
            button: 6,
            down: true
        }),
        InjectError::Button(6)
    );
    let elsewhere = InputEvent::Pointer {
        display: 1,
        x: 0,
        y: 0,
    };
    assert_eq!(refused(elsewhere), InjectError::Display(1));
    assert_eq!(NoInjector.inject(&InputEvent::ReleaseAll), Ok(()));
    assert_eq!(NoInjector.inject(&elsewhere), Err(InjectError::Unsupported));
    for name in ["59321", "64999", "unix:"] {
        let name = format!(":{name}");
        let error = X11Injector::open(Some(&name), None)
            .err()
            .expect("no such server");
        assert!(
            error.to_string().contains(name.trim_matches(':')),
            "{error}"
        );
    }
}

#[test]
fn every_key_of_the_table_can_be_pressed() {
    let server = Server::start(&[]);
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    for (usage, keycode) in keymap::keys() {
        injector
            .inject(&InputEvent::Key { usage, down: true })
            .expect("it presses");
        assert_eq!(held(&server).0, [keycode]);
        injector
            .inject(&InputEvent::Key { usage, down: false })
            .expect("it releases");
    }
}
