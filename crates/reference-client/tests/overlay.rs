//! Drawing on a real X server (Xvfb).

mod support;

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

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
    protocol::{
        randr::{ConnectionExt as _, MonitorInfo},
        shape::{ConnectionExt as _, SK, SO},
        xproto::{
            ClipOrdering, ColormapAlloc, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
            Rectangle, StackMode, WindowClass,
        },
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
    let (terminal, screen, canvas) = scene_on(&server, command);
    (server, terminal, screen, canvas)
}

fn scene_on(server: &Server, command: &str) -> (support::Program, X11Screen, Canvas) {
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
    (terminal, screen, canvas)
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

//= test spec/19-tools.md#drawing [TOOL-27] 809464b5
#[test]
fn what_is_drawn_is_on_the_screen_and_not_in_the_capture() {
    let (server, _terminal, screen, canvas) = scene("seq 200; exec sleep 1000");
    is_drawn_and_not_captured(&server, screen, canvas);
}

/// Most people's windows are put together by another program.
#[test]
fn a_compositing_manager_makes_no_difference() {
    let server = Server::start(&["-retro"]);
    let _manager = support::Program::start(
        Command::new("picom")
            .args(["--backend", "xrender", "--config", "/dev/null"])
            .env("DISPLAY", server.xvfb.display())
            .stderr(Stdio::null()),
    );
    until("picom is there", || {
        let name = server
            .conn
            .intern_atom(false, b"_NET_WM_CM_S0")
            .expect("sent");
        let name = name.reply().expect("an atom").atom;
        let owner = server.conn.get_selection_owner(name).expect("sent").reply();
        (owner.expect("an answer").owner != x11rb::NONE).then_some(())
    });
    let (_terminal, screen, canvas) = scene_on(&server, "seq 200; exec sleep 1000");
    is_drawn_and_not_captured(&server, screen, canvas);
}

fn is_drawn_and_not_captured(server: &Server, mut screen: X11Screen, mut canvas: Canvas) {
    let before = (server.picture(), canvas.picture().clone());
    assert_eq!(drawn(server), [false; 4]);

    screen.annotate(&marks()).expect("it draws");
    until("it is on the screen", || {
        (drawn(server) == [true; 4]).then_some(())
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
    until("the screen is as before", || {
        (server.picture() == before.0).then_some(())
    });
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
    until("it is there", || (dump("during")? != before).then_some(()));
    // Without a word: whatever is drawn is gone with its program.
    drop(screen);
    until("it is gone", || (dump("after")? == before).then_some(()));
}

//= test spec/19-tools.md#drawing [TOOL-28] eebd02a3
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
    until("it is on the screen", || {
        (drawn(&server) == [true; 4]).then_some(())
    });
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

/// A window with a hole, one with a border that is not a rectangle, and one of another depth.
#[test]
fn what_lies_under_is_put_together_from_windows_of_every_kind() {
    let (server, _terminal, mut screen, mut canvas) = scene("seq 200; exec sleep 1000");
    let round = window(&server, 190, 60, 0x80_40_00, 7);
    let hole = [
        Rectangle {
            x: -7,
            y: -7,
            width: 214,
            height: 40,
        },
        Rectangle {
            x: 60,
            y: 33,
            width: 40,
            height: 80,
        },
    ];
    let (set, order) = (SO::SET, ClipOrdering::UNSORTED);
    server
        .conn
        .shape_rectangles(set, SK::BOUNDING, order, round, 0, 0, &hole)
        .expect("sent")
        .check()
        .expect("shaped");
    deep_window(&server, 350, 80);
    server.conn.sync().expect("it answers");
    settle(&mut screen, &mut canvas);
    let before = (server.picture(), canvas.picture().clone());
    let mut everywhere = marks();
    everywhere.add(stroke(
        6,
        25,
        &[(180, 90), (440, 130), (180, 160), (440, 200)],
    ));
    screen.annotate(&everywhere).expect("it draws");
    settle(&mut screen, &mut canvas);
    let during = server.picture();
    assert!(
        differing(&during, &before.0).len() > 5_000,
        "a good part is covered"
    );
    assert_same(canvas.picture(), &before.1);
}

/// A window with 32 bits for a pixel, of which 8 are nobody's business.
fn deep_window(server: &Server, x: i16, y: i16) {
    let conn = &server.conn;
    let depths = &conn.setup().roots[0].allowed_depths;
    let deep = depths
        .iter()
        .find(|depth| depth.depth == 32)
        .expect("depth 32");
    let visual = deep.visuals[0].visual_id;
    let [id, colours] = [(); 2].map(|()| conn.generate_id().expect("an id"));
    conn.create_colormap(ColormapAlloc::NONE, colours, server.root, visual)
        .expect("sent");
    let aux = CreateWindowAux::new()
        .background_pixel(0x40_10_A0_50)
        .border_pixel(0)
        .colormap(colours)
        .override_redirect(1);
    let class = WindowClass::INPUT_OUTPUT;
    conn.create_window(32, id, server.root, x, y, 100, 100, 2, class, visual, &aux)
        .expect("sent")
        .check()
        .expect("a window");
    conn.map_window(id).expect("sent").check().expect("shown");
}

#[test]
fn on_a_monitor_it_is_drawn_there_and_follows_it() {
    let (server, _terminal, _, _) = scene("seq 200; exec sleep 1000");
    let name = server
        .conn
        .intern_atom(false, b"part")
        .expect("sent")
        .reply();
    let name = name.expect("an atom").atom;
    let place = |x, y| {
        let monitor = MonitorInfo {
            name,
            primary: false,
            automatic: false,
            x,
            y,
            width: 400,
            height: 300,
            width_in_millimeters: 100,
            height_in_millimeters: 100,
            outputs: Vec::new(),
        };
        let set = server.conn.randr_set_monitor(server.root, monitor);
        set.expect("sent").check().expect("it is set");
    };
    place(100, 50);
    let mut screen = X11Screen::open(server.display(), Some("part")).expect("it opens");
    let mut canvas = Canvas::new();
    settle(&mut screen, &mut canvas);
    let before = (server.picture(), canvas.picture().clone());
    let mut marks = Marks::default();
    let wire = |x: u32, y: u32| ((x * 65_535 / 399) as u16, (y * 65_535 / 299) as u16);
    marks.add(Mark::Stroke(Stroke {
        id: 1,
        display: 0,
        colour: 0,
        width: 20,
        points: vec![wire(0, 0), wire(399, 299), wire(20, 150)],
    }));
    marks.add(Mark::Laser(0, 65_535, 0));
    screen.annotate(&marks).expect("it draws");
    settle(&mut screen, &mut canvas);
    assert_same(canvas.picture(), &before.1);
    let shown = server.picture();
    assert_eq!(shown.pixel(101, 51), Some(COLOURS[0]));
    assert_eq!(shown.pixel(300, 200), Some(COLOURS[0]));
    // The dot reaches beyond what is shared, the strokes do not.
    assert_eq!(shown.pixel(497, 52), Some(LASER_COLOUR));
    assert_eq!(shown.pixel(98, 49), before.0.pixel(98, 49));

    // The monitor moves, and what is drawn with it.
    let gone = server.conn.randr_delete_monitor(server.root, name);
    gone.expect("sent").check().expect("it is gone");
    place(200, 150);
    settle(&mut screen, &mut canvas);
    let shown = server.picture();
    assert_eq!(shown.pixel(201, 151), Some(COLOURS[0]));
    assert_eq!(shown.pixel(101, 51), before.0.pixel(101, 51));
    let cut = |picture: &Picture| -> Vec<_> {
        let places = (0..300).flat_map(|y| (0..400).map(move |x| (x, y)));
        places
            .map(|(x, y)| picture.pixel(x + 200, y + 150))
            .collect()
    };
    let seen: Vec<_> = (0..300)
        .flat_map(|y| (0..400).map(move |x| (x, y)))
        .map(|(x, y)| canvas.picture().pixel(x, y))
        .collect();
    assert!(seen == cut(&before.0), "as if nothing were drawn");
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
