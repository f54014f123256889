//! Capture of a real X server (Xvfb).

mod support;

use std::{thread, time::Duration};

use alongside_client::{
    canvas::Canvas,
    inject::{Injector, X11Injector},
    picture::{Picture, Rect},
    screen::{Screen, ScreenError, X11Screen},
};
use alongside_wire::input::InputEvent;
use support::{Server, point, press, until, until_it_is};
use x11rb::{
    protocol::{
        randr::{ConnectionExt as _, MonitorInfo},
        xproto::ConnectionExt as _,
    },
    wrapper::ConnectionExt as _,
};

/// How far from the pointer its picture reaches, at most.
const CURSOR: u16 = 48;

/// The first pixel, row by row, in which two pictures differ, and the last, but for what is near a place.
fn differ_but_near(a: &Picture, b: &Picture, x: u16, y: u16) -> Option<[(u16, u16); 2]> {
    if (a.width(), a.height()) != (b.width(), b.height()) {
        return Some([(0, 0), (a.width(), a.height())]);
    }
    let all = (0..a.height()).flat_map(|row| (0..a.width()).map(move |column| (column, row)));
    let mut differ = all.filter(|&(column, row)| {
        let near = row.abs_diff(y) < CURSOR && column.abs_diff(x) < CURSOR;
        !near && a.pixel(column, row) != b.pixel(column, row)
    });
    let first = differ.next()?;
    Some([first, differ.next_back().unwrap_or(first)])
}

/// Captures until the canvas shows what the server has, with a cursor at a place.
fn settle(server: &Server, screen: &mut X11Screen, canvas: &mut Canvas, x: u16, y: u16) {
    until_it_is("the capture shows what the server has", || {
        if let Some(frame) = screen.capture(false).expect("it captures") {
            canvas.apply(&frame).expect("it applies");
        }
        let truth = server.picture();
        match differ_but_near(canvas.picture(), &truth, x, y) {
            None => Ok(()),
            Some(ends) => Err((
                ends,
                ends.map(|(x, y)| (canvas.picture().pixel(x, y), truth.pixel(x, y))),
            )),
        }
    });
}

/// Runs xterm, captures it, moves the pointer, draws more.
fn capture_follows(server: &Server) -> X11Screen {
    let mut screen = X11Screen::open(server.display(), None).expect("it opens");
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    let mut canvas = Canvas::new();
    let first = screen
        .capture(false)
        .expect("it captures")
        .expect("the first comes always");
    assert!(first.complete);
    canvas.apply(&first).expect("it applies");

    point(&mut injector, 700, 500, 800, 600);
    let _xterm = server.xterm("60x20+30+40", "seq 30; read LINE; seq 90; read LINE");
    let painted = || (server.picture().pixel(40, 50) == Some([255; 3])).then_some(());
    until("xterm paints", painted);
    settle(server, &mut screen, &mut canvas, 700, 500);
    let near = Rect {
        x: 700,
        y: 500,
        width: 20,
        height: 20,
    };
    let differs = |canvas: &Canvas| {
        let truth = server.picture();
        (near.y..near.y + near.height).any(|y| {
            (near.x..near.x + near.width).any(|x| canvas.picture().pixel(x, y) != truth.pixel(x, y))
        })
    };
    assert!(differs(&canvas), "the cursor is drawn");

    // xterm may still paint: what it paints has to be on the canvas as well.
    until("nothing changes any more", || {
        let changed = screen.capture(false).expect("it captures");
        match changed {
            None => Some(()),
            Some(frame) => {
                canvas.apply(&frame).expect("it applies");
                None
            }
        }
    });
    point(&mut injector, 300, 200, 800, 600);
    let frame = until("the pointer moves", || {
        screen.capture(false).expect("it captures")
    });
    assert!(
        !frame.complete && frame.tiles.len() <= 8,
        "{} tiles",
        frame.tiles.len()
    );
    canvas.apply(&frame).expect("it applies");
    settle(server, &mut screen, &mut canvas, 300, 200);
    assert!(!differs(&canvas), "the cursor is gone from where it was");

    press(&mut injector, 0x28);
    until("xterm scrolls", || {
        let changed = screen.capture(false).expect("it captures")?;
        canvas.apply(&changed).expect("it applies");
        Some(())
    });
    // On a busy machine it is not done when it has begun, and only time shows that it is.
    until("xterm is still", || {
        let before = server.picture();
        thread::sleep(Duration::from_millis(300));
        (before == server.picture()).then_some(())
    });
    settle(server, &mut screen, &mut canvas, 300, 200);

    let complete = screen
        .capture(true)
        .expect("it captures")
        .expect("asked for");
    let mut other = Canvas::new();
    other.apply(&complete).expect("it applies");
    assert_eq!(other.picture(), canvas.picture());
    if let Some(folder) = std::env::var_os("ALONGSIDE_TEST_PICTURES") {
        canvas
            .save_png(&std::path::Path::new(&folder).join("xterm.png"))
            .expect("it saves");
    }
    screen
}

#[test]
fn it_captures_through_shared_memory() {
    let server = Server::start(&[]);
    assert!(capture_follows(&server).uses_shared_memory());
}

#[test]
fn it_captures_without_shared_memory_and_damage() {
    let server = Server::start(&["-extension", "MIT-SHM", "-extension", "DAMAGE"]);
    assert!(!capture_follows(&server).uses_shared_memory());
}

#[test]
fn other_depths_are_captured() {
    let server = Server::start(&["-screen", "0", "300x200x16"]);
    let mut screen = X11Screen::open(server.display(), None).expect("it opens");
    let mut canvas = Canvas::new();
    let _xterm = server.xterm("20x5+0+0", "read LINE");
    until("white", || {
        let frame = screen.capture(false).expect("it captures")?;
        canvas.apply(&frame).expect("it applies");
        (canvas.picture().pixel(100, 50) == Some([255; 3])).then_some(())
    });
    let palette = Server::start(&["-screen", "0", "300x200x8"]);
    let error = X11Screen::open(palette.display(), None)
        .err()
        .expect("an error");
    assert!(matches!(error, ScreenError::PixelFormat(_)), "{error}");
}

#[test]
fn one_monitor_is_shared_alone() {
    let server = Server::start(&[]);
    let name = server
        .conn
        .intern_atom(false, b"left")
        .expect("sent")
        .reply()
        .expect("an atom");
    let monitor = MonitorInfo {
        name: name.atom,
        primary: false,
        automatic: false,
        x: 100,
        y: 50,
        width: 400,
        height: 300,
        width_in_millimeters: 100,
        height_in_millimeters: 100,
        outputs: Vec::new(),
    };
    server
        .conn
        .randr_set_monitor(server.root, monitor)
        .expect("sent")
        .check()
        .expect("it is set");
    let error = X11Screen::open(server.display(), Some("right"))
        .err()
        .expect("an error");
    assert!(
        matches!(&error, ScreenError::NoMonitor { known, .. } if known.contains(&"left".into()))
    );

    let mut screen = X11Screen::open(server.display(), Some("left")).expect("it opens");
    assert_eq!(
        (screen.displays()[0].width, screen.displays()[0].height),
        (400, 300)
    );
    let mut injector = X11Injector::open(server.display(), Some("left")).expect("it opens");
    point(&mut injector, 399, 299, 400, 300);
    let at = server
        .conn
        .query_pointer(server.root)
        .expect("sent")
        .reply()
        .expect("a pointer");
    assert_eq!((at.root_x, at.root_y), (499, 349));

    let _xterm = server.xterm("10x10+90+40", "read LINE");
    let mut canvas = Canvas::new();
    until("the same pixels, moved by where the monitor is", || {
        let frame = screen.capture(false).expect("it captures")?;
        canvas.apply(&frame).expect("it applies");
        let truth = server.picture();
        let same = (0..250).all(|y| {
            (0..350).all(|x| canvas.picture().pixel(x, y) == truth.pixel(x + 100, y + 50))
        });
        (same && truth.pixel(101, 51) == Some([255; 3])).then_some(())
    });

    server
        .conn
        .randr_delete_monitor(server.root, name.atom)
        .expect("sent")
        .check()
        .expect("gone");
    assert!(matches!(
        screen.capture(false),
        Err(ScreenError::NoMonitor { .. })
    ));
}

#[test]
fn a_new_size_makes_a_complete_frame() {
    let server = Server::start(&[]);
    let mut screen = X11Screen::open(server.display(), None).expect("it opens");
    screen
        .capture(false)
        .expect("it captures")
        .expect("the first");
    let (conn, root) = (&server.conn, server.root);
    let resources = conn
        .randr_get_screen_resources(root)
        .expect("sent")
        .reply()
        .expect("crtcs");
    let crtc = resources.crtcs[0];
    let rotation = x11rb::protocol::randr::Rotation::ROTATE0;
    conn.randr_set_crtc_config(crtc, 0, 0, 0, 0, 0, rotation, &[])
        .expect("sent")
        .reply()
        .expect("off");
    conn.randr_set_screen_size(root, 640, 480, 170, 130)
        .expect("sent")
        .check()
        .expect("it shrinks");
    conn.sync().expect("it answers");
    let frame = screen
        .capture(false)
        .expect("it captures")
        .expect("it changed");
    assert!(frame.complete);
    assert_eq!((frame.width, frame.height), (640, 480));
    assert_eq!(
        (screen.displays()[0].width, screen.displays()[0].height),
        (640, 480)
    );
}

#[test]
fn a_server_that_ends_is_an_error() {
    let server = Server::start(&[]);
    let mut screen = X11Screen::open(server.display(), None).expect("it opens");
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    drop(server);
    until("the end is noticed", || {
        thread::sleep(Duration::from_millis(1));
        screen.capture(false).err()
    });
    assert!(
        injector
            .inject(&InputEvent::Key {
                usage: 4,
                down: true
            })
            .is_err()
    );
}
