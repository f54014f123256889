//! Drawing on a real X server (Xvfb).

mod support;

use std::{fs, process::Command, thread, time::Duration};

use alongside_client::{
    canvas::Canvas,
    inject::{Injector, X11Injector},
    marks::{COLOURS, LASER_COLOUR, Mark, Marks, Stroke},
    picture::Picture,
    screen::{Pattern, Screen, ScreenError, X11Screen},
};
use alongside_wire::input::InputEvent;
use support::{Server, point, until};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{
        ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, StackMode, WindowClass,
    },
    wrapper::ConnectionExt as _,
};

/// A pixel of a screen of 800 x 600 as the wire has it.
fn at(x: u32, y: u32) -> (u16, u16) {
    (
        (x * 65_535).div_ceil(799) as u16,
        (y * 65_535).div_ceil(599) as u16,
    )
}

/// `pixels` is what the pen is wide on a screen of 800 x 600.
fn stroke(colour: u8, pixels: u8, points: &[(u32, u32)]) -> Mark {
    Mark::Stroke(Stroke {
        id: u32::from(colour),
        display: 0,
        colour,
        width: (f32::from(pixels) / 0.8).round() as u8,
        points: points.iter().map(|(x, y)| at(*x, *y)).collect(),
    })
}

/// A line across, one down, a single place, and the laser.
fn marks() -> Marks {
    let mut marks = Marks::default();
    marks.add(stroke(0, 8, &[(60, 100), (400, 100), (400, 300)]));
    marks.add(stroke(4, 20, &[(100, 200), (700, 500)]));
    marks.add(stroke(3, 9, &[(200, 60)]));
    let (x, y) = at(300, 250);
    marks.add(Mark::Laser(0, x, y));
    marks
}

/// What of the screen is drawn on, by an independent look.
fn drawn(server: &Server) -> [bool; 4] {
    let screen = server.picture();
    let places = [(250, 100), (400, 350), (200, 60), (300, 250)];
    let colours = [COLOURS[0], COLOURS[4], COLOURS[3], LASER_COLOUR];
    let mut drawn = [false; 4];
    for ((drawn, (x, y)), colour) in drawn.iter_mut().zip(places).zip(colours) {
        *drawn = screen.pixel(x, y) == Some(colour);
    }
    drawn
}

/// Captures until nothing changes any more.
fn settle(screen: &mut X11Screen, canvas: &mut Canvas) {
    let mut still = 0;
    until("the screen is still", || {
        match screen.capture(false).expect("it captures") {
            Some(frame) => {
                canvas.apply(&frame).expect("it applies");
                still = 0;
            }
            None => still += 1,
        }
        thread::sleep(Duration::from_millis(5));
        (still > 40).then_some(())
    });
}

/// A server with a patterned background and an xterm full of text, seen by a screen.
fn scene(command: &str) -> (Server, support::Program, X11Screen, Canvas) {
    let server = Server::start(&["-retro"]);
    let mut pointer = X11Injector::open(server.display(), None).expect("it opens");
    point(&mut pointer, 780, 580, 800, 600);
    let terminal = server.xterm("80x30+30+40", command);
    until("xterm paints", || {
        (server.picture().pixel(40, 50) == Some([255; 3])).then_some(())
    });
    let mut screen = X11Screen::open(server.display(), None).expect("it opens");
    assert!(screen.can_annotate());
    let mut canvas = Canvas::new();
    settle(&mut screen, &mut canvas);
    (server, terminal, screen, canvas)
}

fn differing(a: &Picture, b: &Picture) -> Vec<(u16, u16)> {
    let places = (0..a.height()).flat_map(|y| (0..a.width()).map(move |x| (x, y)));
    places
        .filter(|(x, y)| a.pixel(*x, *y) != b.pixel(*x, *y))
        .collect()
}

fn assert_same(a: &Picture, b: &Picture) {
    let differing = differing(a, b);
    assert!(
        differing.is_empty(),
        "{} pixels, from {:?} on",
        differing.len(),
        differing[0]
    );
}

#[test]
fn what_is_drawn_is_on_the_screen_and_not_in_the_capture() {
    let (server, _terminal, mut screen, mut canvas) = scene("seq 200; exec sleep 1000");
    let before = (server.picture(), canvas.picture().clone());
    assert_eq!(drawn(&server), [false; 4]);

    screen.annotate(&marks()).expect("it draws");
    until("it is on the screen", || {
        (drawn(&server) == [true; 4]).then_some(())
    });
    for complete in [false, true, false] {
        if let Some(frame) = screen.capture(complete).expect("it captures") {
            canvas.apply(&frame).expect("it applies");
        }
        assert_same(canvas.picture(), &before.1);
    }

    // The laser moves, a stroke goes on: what was left out before is seen again.
    let mut more = marks();
    let (x, y) = at(500, 90);
    more.add(Mark::Laser(0, x, y));
    more.add(stroke(3, 9, &[(200, 60), (240, 60)]));
    screen.annotate(&more).expect("it draws");
    settle(&mut screen, &mut canvas);
    assert_same(canvas.picture(), &before.1);
    let now = server.picture();
    assert_eq!(now.pixel(500, 90), Some(LASER_COLOUR));
    assert_eq!(now.pixel(230, 60), Some(COLOURS[3]));
    assert_eq!(now.pixel(300, 250), before.0.pixel(300, 250));

    screen.annotate(&Marks::default()).expect("it wipes");
    server.conn.sync().expect("it answers");
    assert_same(&server.picture(), &before.0);
    settle(&mut screen, &mut canvas);
    assert_same(canvas.picture(), &before.1);
}

/// The same look from a program that is not ours.
#[test]
fn another_program_sees_the_drawing() {
    let (server, _terminal, mut screen, _) = scene("seq 200; exec sleep 1000");
    let folder = tempfile::tempdir().expect("a folder");
    let dump = |name: &str| {
        let file = folder.path().join(name);
        let status = Command::new("xwd")
            .args([
                "-display",
                server.xvfb.display(),
                "-root",
                "-silent",
                "-out",
            ])
            .arg(&file)
            .status();
        status
            .is_ok_and(|status| status.success())
            .then(|| fs::read(file).expect("a dump"))
    };
    let before = dump("before").expect("xwd is installed");
    screen.annotate(&marks()).expect("it draws");
    server.conn.sync().expect("it answers");
    assert_ne!(dump("during").expect("a dump"), before);
    // Without a word: whatever is drawn is gone with its program.
    drop(screen);
    until("it is gone", || (dump("after")? == before).then_some(()));
}

#[test]
fn clicks_reach_what_lies_under_a_stroke() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = folder.path().join("said");
    // The terminal reports clicks as escape sequences, which the program writes down.
    let command = format!(
        "stty raw -echo; printf '\\033[?1000h\\033[?1006h'; exec cat > {}",
        said.display()
    );
    let (server, _terminal, mut screen, _) = scene(&command);
    screen.annotate(&marks()).expect("it draws");
    server.conn.sync().expect("it answers");
    assert_eq!(drawn(&server), [true; 4]);
    let mut person = X11Injector::open(server.display(), None).expect("it opens");
    let places = [(250, 100), (200, 60), (300, 250)];
    for (before, (x, y)) in places.into_iter().enumerate() {
        point(&mut person, x, y, 800, 600);
        for down in [true, false] {
            let click = InputEvent::Button { button: 1, down };
            person.inject(&click).expect("it clicks");
        }
        until("the click arrives", || {
            let said = fs::read_to_string(&said).unwrap_or_default();
            (said.matches("\x1b[<0;").count() >= 2 * (before + 1)).then_some(())
        });
    }
    assert_eq!(drawn(&server), [true; 4]);
}

/// A window of one colour, straight on the root window.
fn window(server: &Server, x: i16, y: i16, colour: u32, border: u16) -> u32 {
    let id = server.conn.generate_id().expect("an id");
    let aux = CreateWindowAux::new()
        .background_pixel(colour)
        .border_pixel(0x00_80_80)
        .override_redirect(1);
    let (class, conn) = (WindowClass::INPUT_OUTPUT, &server.conn);
    conn.create_window(0, id, server.root, x, y, 200, 150, border, class, 0, &aux)
        .expect("sent")
        .check()
        .expect("a window");
    conn.map_window(id).expect("sent").check().expect("shown");
    id
}

#[test]
fn windows_that_are_opened_later_stay_below_and_are_captured() {
    let (server, _terminal, mut screen, mut canvas) = scene("seq 200; exec sleep 1000");
    screen.annotate(&marks()).expect("it draws");
    let low = window(&server, 180, 50, 0x80_40_00, 5);
    let high = window(&server, 220, 80, 0x00_40_80, 0);
    until("the drawing is above them", || {
        screen.tend().expect("it tends");
        (drawn(&server) == [true; 4]).then_some(())
    });
    let frame = screen
        .capture(true)
        .expect("it captures")
        .expect("asked for");
    canvas.apply(&frame).expect("it applies");
    let seen = canvas.picture();
    let colours = |places: &[(u16, u16)]| -> Vec<_> {
        places.iter().map(|(x, y)| seen.pixel(*x, *y)).collect()
    };
    // Under a stroke: the border of the lower window, its middle, the higher one.
    let expected = [[0, 0x80, 0x80], [0x80, 0x40, 0], [0, 0x40, 0x80]].map(Some);
    assert_eq!(colours(&[(182, 100), (200, 100), (250, 100)]), expected);

    // One is raised, one moves away; and what is drawn stays above.
    let raise = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
    server
        .conn
        .configure_window(low, &raise)
        .expect("sent")
        .check()
        .expect("raised");
    let move_it = ConfigureWindowAux::new().x(590).y(440);
    server
        .conn
        .configure_window(high, &move_it)
        .expect("sent")
        .check()
        .expect("moved");
    until("the drawing is above them again", || {
        screen.tend().expect("it tends");
        (drawn(&server) == [true; 4]).then_some(())
    });
    settle(&mut screen, &mut canvas);
    assert_eq!(canvas.picture().pixel(250, 100), Some([0x80, 0x40, 0]));
    assert_eq!(canvas.picture().pixel(680, 490), Some([0, 0x40, 0x80]));

    // The truth, at last, is what was captured all along.
    let during = canvas.picture().clone();
    screen.annotate(&Marks::default()).expect("it wipes");
    settle(&mut screen, &mut canvas);
    assert_same(canvas.picture(), &during);
}

/// Nothing but the terminal draws, and only under a stroke.
#[test]
fn changes_under_a_stroke_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let go = folder.path().join("go");
    let command = format!(
        "printf '\\033[?25l'; while ! test -e {}; do sleep 0.05; done; printf '\\033[5;10HX'; \
         exec sleep 1000",
        go.display()
    );
    let (server, _terminal, mut screen, mut canvas) = scene(&command);
    let mut marks = Marks::default();
    marks.add(stroke(2, 25, &[(40, 100), (300, 100)]));
    marks.add(stroke(4, 25, &[(40, 120), (300, 120)]));
    screen.annotate(&marks).expect("it draws");
    settle(&mut screen, &mut canvas);
    let before = canvas.picture().clone();
    let shown = server.picture();
    fs::write(&go, "").expect("written");
    until("the letter is seen", || {
        let frame = screen.capture(false).expect("it captures")?;
        canvas.apply(&frame).expect("it applies");
        Some(())
    });
    settle(&mut screen, &mut canvas);
    let letter = differing(canvas.picture(), &before);
    assert!(!letter.is_empty() && letter.len() < 60, "{letter:?}");
    assert_same(&server.picture(), &shown);
}

#[test]
fn a_screen_of_another_kind_says_that_it_cannot() {
    let mut pattern = Pattern::new();
    assert!(!pattern.can_annotate());
    assert_eq!(pattern.annotate(&Marks::default()), Ok(()));
    assert_eq!(pattern.annotate(&marks()), Err(ScreenError::NoDrawing));
    let server = Server::start(&["-extension", "Composite"]);
    let mut screen = X11Screen::open(server.display(), None).expect("it opens");
    assert!(!screen.can_annotate());
    assert_eq!(screen.annotate(&marks()), Err(ScreenError::NoDrawing));
}
