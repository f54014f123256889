//! The viewer window on a real X server (Xvfb).

mod support;

use std::time::{Duration, Instant};

use alongside_client::{
    canvas::Canvas,
    inject::{Injector, X11Injector},
    picture::Picture,
    screen::{Pattern, Screen, X11Screen},
    window::{Window, WindowEvent},
};
use alongside_wire::input::InputEvent;
use support::{Server, until};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{
        AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, InputFocus,
    },
};

/// A window that shows the first frame of the pattern, in the corner of the screen.
fn open(server: &Server) -> (Window, Canvas) {
    let mut window = Window::open_on(server.display(), "Alongside").expect("it opens");
    let mut canvas = Canvas::new();
    let frame = Pattern::new()
        .capture(true)
        .expect("it captures")
        .expect("a frame");
    canvas.apply(&frame).expect("it applies");
    window.show(&canvas).expect("it shows");
    until("the window shows the canvas", || {
        assert_eq!(window.poll(), []);
        shows(server, canvas.picture()).then_some(())
    });
    (window, canvas)
}

/// Whether the corner of the screen shows a picture.
fn shows(server: &Server, picture: &Picture) -> bool {
    let screen = server.picture();
    (0..picture.height())
        .all(|y| (0..picture.width()).all(|x| screen.pixel(x, y) == picture.pixel(x, y)))
}

/// The id of the topmost window.
fn window_id(server: &Server) -> u32 {
    let tree = server
        .conn
        .query_tree(server.root)
        .expect("sent")
        .reply()
        .expect("a tree");
    *tree.children.last().expect("a window")
}

fn collect(window: &mut Window, count: usize) -> Vec<InputEvent> {
    let mut events = Vec::new();
    until("the events arrive", || {
        for event in window.poll() {
            match event {
                WindowEvent::Input(event) => events.push(event),
                WindowEvent::Mark(_) | WindowEvent::Closed => panic!("{event:?}"),
            }
        }
        (events.len() >= count).then_some(())
    });
    events
}

#[test]
fn it_shows_frames_and_follows_them() {
    let server = Server::start(&[]);
    let (mut window, mut canvas) = open(&server);
    let mut pattern = Pattern::new();
    for _ in 0..5 {
        let frame = pattern
            .capture(false)
            .expect("it captures")
            .expect("it moves");
        canvas.apply(&frame).expect("it applies");
        window.show(&canvas).expect("it shows");
        until("it follows", || {
            shows(&server, canvas.picture()).then_some(())
        });
    }
    window
        .set_title("Alongside: Zoë\n, 3 fps")
        .expect("a title");
    let name = server
        .conn
        .intern_atom(false, b"_NET_WM_NAME")
        .expect("sent")
        .reply();
    let id = window_id(&server);
    let title =
        server
            .conn
            .get_property(false, id, name.expect("an atom").atom, AtomEnum::ANY, 0, 99);
    let title = title.expect("sent").reply().expect("a property").value;
    assert_eq!(
        String::from_utf8(title).as_deref(),
        Ok("Alongside: Zoë, 3 fps")
    );
    if let Some(folder) = std::env::var_os("ALONGSIDE_TEST_PICTURES") {
        let mut screen = X11Screen::open(server.display(), None).expect("it opens");
        let mut seen = Canvas::new();
        seen.apply(&screen.capture(true).expect("it captures").expect("a frame"))
            .expect("applied");
        seen.save_png(&std::path::Path::new(&folder).join("window.png"))
            .expect("it saves");
    }
}

#[test]
fn input_goes_to_the_sharer() {
    let server = Server::start(&[]);
    let (mut window, _) = open(&server);
    // The window is 320 x 240 in the corner of a screen of 800 x 600.
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    let screen = |x: u32, y: u32| InputEvent::Pointer {
        display: 0,
        x: (x * 65_535).div_ceil(799) as u16,
        y: (y * 65_535).div_ceil(599) as u16,
    };
    let last = InputEvent::Pointer {
        display: 0,
        x: u16::MAX,
        y: u16::MAX,
    };
    let key = |down| InputEvent::Key { usage: 0x04, down };
    let button = |down| InputEvent::Button { button: 1, down };
    let back = |down| InputEvent::Button { button: 4, down };
    injector.inject(&screen(319, 239)).expect("it points");
    assert_eq!(collect(&mut window, 1), [last]);
    let wheel = |dx, dy| InputEvent::Wheel { dx, dy };
    let done = [
        key(true),
        key(false),
        button(true),
        button(false),
        back(true),
        back(false),
        wheel(0, 120),
        wheel(-120, 0),
    ];
    done.iter()
        .for_each(|event| injector.inject(event).expect("it is done"));
    assert_eq!(collect(&mut window, done.len()), done);
    // Half notches add up.
    injector.inject(&wheel(60, -60)).expect("it turns");
    injector.inject(&wheel(60, -60)).expect("it turns");
    let mut turned = collect(&mut window, 2);
    turned.sort_unstable();
    assert_eq!(turned, [wheel(0, -120), wheel(120, 0)]);
}

#[test]
fn a_smaller_window_shows_it_smaller() {
    let server = Server::start(&[]);
    let (mut window, canvas) = open(&server);
    let size = ConfigureWindowAux::new().width(160).height(200);
    server
        .conn
        .configure_window(window_id(&server), &size)
        .expect("sent")
        .check()
        .expect("it shrinks");
    // 160 x 120, with black above and below; every second pixel.
    let picture = canvas.picture();
    until("it is scaled", || {
        window.poll();
        let screen = server.picture();
        let same = (0..120).all(|y| {
            (0..160).all(|x| {
                let near = [(0, 0), (1, 0), (0, 1), (1, 1)];
                near.iter().any(|(right, below)| {
                    screen.pixel(x, y + 40) == picture.pixel(2 * x + right, 2 * y + below)
                })
            })
        });
        let black = screen.pixel(80, 20) == Some([0; 3]) && screen.pixel(80, 180) == Some([0; 3]);
        (same && black).then_some(())
    });
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    let corner = InputEvent::Pointer {
        display: 0,
        x: 0,
        y: (40 * 65_535_u32).div_ceil(599) as u16,
    };
    injector.inject(&corner).expect("it points");
    let [InputEvent::Pointer { x, y, .. }] = collect(&mut window, 1)[..] else {
        panic!("a pointer event");
    };
    assert!(x < 300 && y < 400, "{x},{y} is the corner of the picture");
    // Beside the picture a click is nobody's.
    injector
        .inject(&InputEvent::Pointer {
            display: 0,
            x: 0,
            y: 0,
        })
        .expect("it points");
    for down in [true, false] {
        injector
            .inject(&InputEvent::Button { button: 1, down })
            .expect("it clicks");
    }
    injector
        .inject(&InputEvent::Key {
            usage: 0x05,
            down: true,
        })
        .expect("it presses");
    assert_eq!(
        collect(&mut window, 1),
        [InputEvent::Key {
            usage: 0x05,
            down: true
        }]
    );
}

#[test]
fn closing_is_reported_once() {
    let server = Server::start(&[]);
    let (mut window, _) = open(&server);
    let atom = |name: &str| {
        let atom = server
            .conn
            .intern_atom(false, name.as_bytes())
            .expect("sent")
            .reply();
        atom.expect("an atom").atom
    };
    let id = window_id(&server);
    let data = [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, id, atom("WM_PROTOCOLS"), data);
    server
        .conn
        .send_event(false, id, EventMask::NO_EVENT, message)
        .expect("sent");
    server.conn.flush().expect("sent");
    let events = until("it is closed", || {
        Some(window.poll()).filter(|events| !events.is_empty())
    });
    assert_eq!(events, [WindowEvent::Closed]);
    assert_eq!(window.poll(), []);

    let (mut window, _) = open(&Server::start(&[]));
    let events = until("its server ended", || {
        Some(window.poll()).filter(|events| !events.is_empty())
    });
    assert_eq!(events, [WindowEvent::Closed]);
}

/// Gives a window the focus, and waits until the server says that it has it.
fn focus(server: &Server, window: u32) {
    until("the window has the focus", || {
        let (parent, now) = (InputFocus::POINTER_ROOT, x11rb::CURRENT_TIME);
        // A window that is not on the screen yet cannot have it: ask again.
        let asked = server.conn.set_input_focus(parent, window, now);
        let _ = asked.expect("sent").check();
        let has = server.conn.get_input_focus().expect("sent").reply();
        (has.expect("an answer").focus == window).then_some(())
    });
}

/// Waits until everything that happened before now has come out of the window.
fn drain(window: &mut Window, injector: &mut X11Injector, x: u16) {
    let mark = InputEvent::Pointer {
        display: 0,
        x,
        y: 4_000,
    };
    injector.inject(&mark).expect("it points");
    let mut last = None;
    until("the pointer arrives at its mark", || {
        last = window.poll().last().cloned().or_else(|| last.take());
        // The window counts in its own picture, so only the kind is the same.
        matches!(last, Some(WindowEvent::Input(InputEvent::Pointer { .. }))).then_some(())
    });
}

/// The server repeats a held key; real time passes, because the repeats are the server's.
#[test]
fn a_held_key_is_one_press() {
    let server = Server::start(&[]);
    let (mut window, _) = open(&server);
    let id = window_id(&server);
    let mut injector = X11Injector::open(server.display(), None).expect("it opens");
    focus(&server, id);
    drain(&mut window, &mut injector, 4_000);
    let press = InputEvent::Key {
        usage: 0x04,
        down: true,
    };
    injector.inject(&press).expect("it presses");
    assert_eq!(collect(&mut window, 1), [press]);
    // Repeats begin after some 660 ms; a client that does not ask otherwise sees them.
    let began = Instant::now();
    let mut events = Vec::new();
    until("time for repeats", || {
        events.extend(window.poll());
        (began.elapsed() > Duration::from_millis(1_500)).then_some(())
    });
    assert_eq!(events, []);

    // Without the focus it would not see the release.
    let _other = Window::open_on(server.display(), "other").expect("it opens");
    focus(&server, window_id(&server));
    let mut events = Vec::new();
    until("everything is let go", || {
        events.extend(window.poll());
        events
            .contains(&WindowEvent::Input(InputEvent::ReleaseAll))
            .then_some(())
    });
    let keys = |event: &&WindowEvent| matches!(event, WindowEvent::Input(InputEvent::Key { .. }));
    assert_eq!(events.iter().filter(keys).count(), 0);
}
