//! Drawing in the helper's window on a real X server (Xvfb).

mod support;

use std::time::{Duration, Instant};

use alongside_client::{
    canvas::Canvas,
    inject::{Injector, X11Injector},
    keymap::us_layout,
    marks::{COLOURS, Mark, Marks, Stroke},
    screen::{Pattern, Screen},
    window::{Window, WindowEvent},
};
use alongside_wire::input::InputEvent;
use support::{Server, point, press, until};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, InputFocus};

const F8: u16 = 0x41;
const ESCAPE: u16 = 0x29;

/// A window with the pattern of 320 x 240 in the corner of the screen, and somebody at it.
struct Desk {
    server: Server,
    window: Window,
    person: X11Injector,
    canvas: Canvas,
}

impl Desk {
    fn new() -> Self {
        let server = Server::start(&[]);
        let mut window = Window::open_on(server.display(), "Alongside").expect("it opens");
        let mut canvas = Canvas::new();
        let frame = Pattern::new().capture(true).expect("it captures");
        canvas.apply(&frame.expect("a frame")).expect("it applies");
        window.show(&canvas).expect("it shows");
        let person = X11Injector::open(server.display(), None).expect("it opens");
        let mut desk = Self {
            server,
            window,
            person,
            canvas,
        };
        until("the window has the focus", || {
            desk.window.poll();
            let tree = desk.server.conn.query_tree(desk.server.root).expect("sent");
            let id = *tree.reply().expect("a tree").children.last()?;
            let (parent, now) = (InputFocus::POINTER_ROOT, x11rb::CURRENT_TIME);
            let asked = desk.server.conn.set_input_focus(parent, id, now);
            let _ = asked.expect("sent").check();
            let has = desk.server.conn.get_input_focus().expect("sent").reply();
            (has.expect("an answer").focus == id).then_some(())
        });
        desk.go(300, 200);
        desk.after("the pointer is there");
        desk
    }

    fn go(&mut self, x: u16, y: u16) {
        point(&mut self.person, x, y, 800, 600);
    }

    fn hold(&mut self, down: bool) {
        let event = InputEvent::Button { button: 1, down };
        self.person.inject(&event).expect("it clicks");
    }

    fn key(&mut self, character: char) {
        let (_, usage) = us_layout(character).expect("a key");
        press(&mut self.person, usage);
    }

    /// What came of all that was done until now.
    fn after(&mut self, what: &str) -> Vec<WindowEvent> {
        let mut events = self.window.poll();
        let began = Instant::now();
        until(what, || {
            events.extend(self.window.poll());
            (began.elapsed() > Duration::from_millis(150)).then_some(())
        });
        events
    }

    fn title(&self) -> String {
        let conn = &self.server.conn;
        let tree = conn.query_tree(self.server.root).expect("sent").reply();
        let id = *tree.expect("a tree").children.last().expect("a window");
        let name = conn.intern_atom(false, b"_NET_WM_NAME").expect("sent");
        let name = name.reply().expect("an atom").atom;
        let title = conn.get_property(false, id, name, AtomEnum::ANY, 0, 99);
        let title = title.expect("sent").reply().expect("a property").value;
        String::from_utf8(title).expect("UTF-8")
    }
}

/// The strokes among what happened, their parts joined; anything but marks fails.
fn strokes(events: Vec<WindowEvent>) -> Vec<Stroke> {
    let mut marks = Marks::default();
    for event in events {
        match event {
            WindowEvent::Mark(mark @ Mark::Stroke(_)) => marks.add(mark),
            event => panic!("{event:?}"),
        }
    }
    marks.strokes().to_vec()
}

#[test]
fn a_drag_is_a_stroke() {
    let mut desk = Desk::new();
    // Not before it is allowed: then it is a key like any other.
    press(&mut desk.person, F8);
    let key = |down| WindowEvent::Input(InputEvent::Key { usage: F8, down });
    assert_eq!(desk.after("a key"), [key(true), key(false)]);
    assert_eq!(desk.title(), "Alongside");

    desk.window.allow_drawing(true).expect("it allows");
    assert_eq!(desk.title(), "Alongside | F8 draws");
    press(&mut desk.person, F8);
    desk.key('2');
    assert_eq!(desk.after("nothing"), []);
    assert!(desk.title().contains("1 to 8 colours"), "{}", desk.title());
    desk.go(20, 30);
    desk.hold(true);
    for x in 20..=220 {
        desk.go(x, 30);
    }
    desk.go(220, 130);
    desk.hold(false);
    let drawn = strokes(desk.after("a stroke"));
    let [stroke] = drawn.as_slice() else {
        panic!("{drawn:?}")
    };
    assert_eq!((stroke.display, stroke.colour), (0, 1));
    let wire = |x: u32, y: u32| ((x * 65_535 / 319) as u16, (y * 65_535 / 239) as u16);
    let near = |a: (u16, u16), b: (u16, u16)| a.0.abs_diff(b.0) < 800 && a.1.abs_diff(b.1) < 800;
    let (first, last) = (stroke.points[0], *stroke.points.last().expect("points"));
    assert!(
        near(first, wire(20, 30)) && near(last, wire(220, 130)),
        "{first:?} {last:?}"
    );
    // Of the pixels on its way it has every second at most.
    assert!(stroke.points.len() < 110, "{}", stroke.points.len());

    // It is seen in the window, though no frame will have it.
    let screen = desk.server.picture();
    assert_eq!(screen.pixel(120, 30), Some(COLOURS[1]));
    assert_eq!(screen.pixel(220, 80), Some(COLOURS[1]));
    desk.window.show(&desk.canvas).expect("it shows");
    desk.after("the same frame again");
    assert_eq!(desk.server.picture().pixel(120, 30), Some(COLOURS[1]));

    // Another one has another number; and C wipes all out.
    desk.go(50, 200);
    desk.hold(true);
    desk.hold(false);
    let second = strokes(desk.after("a dot"));
    assert_eq!((second.len(), second[0].points.len()), (1, 1));
    assert!(second[0].id > stroke.id);
    desk.key('c');
    assert_eq!(
        desk.after("it is wiped out"),
        [WindowEvent::Mark(Mark::Clear)]
    );
    let clean = desk.canvas.picture();
    assert_eq!(desk.server.picture().pixel(120, 30), clean.pixel(120, 30));

    // Keys are the sharer's again afterwards, and what was held is not.
    press(&mut desk.person, ESCAPE);
    desk.key('c');
    let keys = desk.after("a key").len();
    assert_eq!(keys, 2);
    assert_eq!(desk.title(), "Alongside | F8 draws");
}

#[test]
fn a_long_drag_is_said_thirty_times_a_second_at_most() {
    let mut desk = Desk::new();
    desk.window.allow_drawing(true).expect("it allows");
    press(&mut desk.person, F8);
    desk.after("drawing");
    let (began, mut said) = (Instant::now(), Vec::new());
    desk.hold(true);
    let mut x = 0;
    until("a second of drawing", || {
        x = (x + 7) % 300;
        desk.go(x, x / 2);
        said.extend(desk.window.poll());
        (began.elapsed() > Duration::from_secs(1)).then_some(())
    });
    let most = began.elapsed().as_millis() / 33 + 2;
    assert!(
        said.len() > 5 && said.len() as u128 <= most,
        "{}",
        said.len()
    );
    for event in said {
        let WindowEvent::Mark(Mark::Stroke(stroke)) = event else {
            panic!("{event:?}")
        };
        assert!((1..=256).contains(&stroke.points.len()));
    }
}

#[test]
fn the_laser_follows_the_pointer_and_does_not_go_out() {
    let mut desk = Desk::new();
    desk.window.allow_drawing(true).expect("it allows");
    desk.go(10, 10);
    press(&mut desk.person, F8);
    press(&mut desk.person, F8);
    assert_eq!(
        desk.after("nothing yet"),
        [WindowEvent::Input(corner_move())]
    );
    assert!(desk.title().contains("laser"), "{}", desk.title());
    desk.go(319, 239);
    let corner = WindowEvent::Mark(Mark::Laser(0, u16::MAX, u16::MAX));
    assert_eq!(desk.after("it points"), std::slice::from_ref(&corner));
    // Real time passes: whoever points and keeps still is still pointing.
    let (began, mut again) = (Instant::now(), Vec::new());
    until("it is said again", || {
        again.extend(desk.window.poll());
        (began.elapsed() > Duration::from_millis(2_500)).then_some(())
    });
    assert_eq!(again, vec![corner; 2]);

    // When it is not allowed any more, keys and pointer are the sharer's.
    desk.window.allow_drawing(false).expect("it forbids");
    assert_eq!(desk.title(), "Alongside");
    desk.key('x');
    assert_eq!(desk.after("a key").len(), 2);
}

fn corner_move() -> InputEvent {
    let part = |at: u32, len: u32| ((at * 65_535 + (len - 1) / 2) / (len - 1)) as u16;
    InputEvent::Pointer {
        display: 0,
        x: part(10, 320),
        y: part(10, 240),
    }
}
