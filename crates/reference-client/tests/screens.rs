//! Screens that need no X server, and the canvas that shows their frames.

use std::{fs, path::Path};

use alongside_client::{
    canvas::{Canvas, CanvasError},
    picture::Picture,
    screen::{self, Pattern, Screen, ScreenError, ScreenSpec},
};
use alongside_wire::{
    Codec, limits,
    media::{Frame, Tile},
};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

fn png(width: u16, height: u16, pixels: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    PngEncoder::new(&mut data)
        .write_image(pixels, width.into(), height.into(), ExtendedColorType::Rgb8)
        .expect("it encodes");
    data
}

fn jpeg(width: u16, height: u16, pixels: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut data)
        .encode(pixels, width.into(), height.into(), ExtendedColorType::Rgb8)
        .expect("it encodes");
    data
}

fn tile(x: u16, y: u16, width: u16, height: u16, codec: Codec, data: Vec<u8>) -> Tile {
    Tile {
        x,
        y,
        width,
        height,
        codec,
        data,
    }
}

fn complete(width: u16, height: u16, tiles: Vec<Tile>) -> Frame {
    Frame {
        complete: true,
        display: 0,
        width,
        height,
        tiles,
    }
}

/// By how much the bytes of two pictures of the same size differ, on average.
fn difference(a: &Picture, b: &Picture) -> usize {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let pairs = a.pixels().iter().zip(b.pixels());
    pairs
        .map(|(a, b)| usize::from(a.abs_diff(*b)))
        .sum::<usize>()
        / a.pixels().len()
}

#[test]
fn specs_are_read_and_written() {
    for text in [
        "x11",
        "x11::1",
        "x11:host:0.1",
        "x11#HDMI-1",
        "x11::1#a b",
        "images:/a:b",
        "pattern",
    ] {
        let spec: ScreenSpec = text.parse().expect("a screen");
        assert_eq!(spec.to_string(), text);
    }
    let monitor = ScreenSpec::X11 {
        display: Some(":1".into()),
        monitor: Some("HDMI-1".into()),
    };
    assert_eq!("x11::1#HDMI-1".parse(), Ok(monitor));
    for text in [
        "", "x11:", "x11#", "x11::0#", "x112", "images:", "images", "Pattern", "wayland",
    ] {
        assert_eq!(
            text.parse::<ScreenSpec>(),
            Err(ScreenError::Spec(text.to_owned()))
        );
    }
}

#[test]
fn the_pattern_arrives_as_it_is_drawn() {
    let mut screen = Pattern::new();
    let mut canvas = Canvas::new();
    for count in 1..=100 {
        let frame = screen
            .capture(count == 50)
            .expect("it captures")
            .expect("it moves");
        assert_eq!(frame.complete, count == 1 || count == 50);
        assert!(
            frame.complete || frame.tiles.len() < 20,
            "{} tiles",
            frame.tiles.len()
        );
        let bytes = frame.to_bytes().expect("within limits");
        assert_eq!(Frame::read(&bytes).as_ref(), Ok(&frame));
        canvas.apply(&frame).expect("it applies");
        // The strip of noise is JPEG and comes near; all else is PNG and comes exactly.
        let expected = Pattern::picture(count);
        for y in (0..128).chain(192..240) {
            for x in 0..320 {
                assert_eq!(
                    canvas.picture().pixel(x, y),
                    expected.pixel(x, y),
                    "at {x},{y}"
                );
            }
        }
        assert!(difference(canvas.picture(), &expected) < 4);
    }
    assert_ne!(Pattern::picture(1), Pattern::picture(2));
}

#[test]
fn the_canvas_is_saved_as_png() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("canvas.png");
    let mut canvas = Canvas::new();
    assert!(canvas.save_png(&file).is_err());
    let frame = Pattern::new()
        .capture(true)
        .expect("it captures")
        .expect("a frame");
    canvas.apply(&frame).expect("it applies");
    canvas.save_png(&file).expect("it saves");
    let back = image::open(&file).expect("it opens").into_rgb8();
    assert_eq!(back.as_raw().as_slice(), canvas.picture().pixels());
}

fn write(folder: &Path, name: &str, data: &[u8]) {
    fs::write(folder.join(name), data).expect("it writes");
}

#[test]
fn a_folder_is_shown_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let (white, red) = (vec![255; 100 * 80 * 3], [255, 0, 0].repeat(100 * 80));
    write(folder.path(), "2.png", &png(100, 80, &red));
    write(folder.path(), "1.PNG", &png(100, 80, &white));
    write(folder.path(), "3.jpeg", &jpeg(100, 80, &white));
    write(folder.path(), "readme.txt", b"not a picture");
    let spec: ScreenSpec = format!("images:{}", folder.path().display())
        .parse()
        .expect("a spec");
    let mut screen = screen::open(&spec).expect("it opens");
    assert_eq!(
        (screen.displays()[0].width, screen.displays()[0].height),
        (100, 80)
    );

    let mut canvas = Canvas::new();
    for colour in [[255, 255, 255], [255, 0, 0], [255, 255, 255]] {
        let frame = screen
            .capture(false)
            .expect("it captures")
            .expect("it changed");
        canvas.apply(&frame).expect("it applies");
        assert_eq!(canvas.picture().pixel(99, 79), Some(colour));
    }
    assert_eq!(screen.capture(false), Ok(None));
    let again = screen
        .capture(true)
        .expect("it captures")
        .expect("asked for");
    assert!(again.complete);
}

#[test]
fn bad_pictures_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = ScreenSpec::Images(folder.path().to_owned());
    let failure = |spec| screen::open(spec).err().expect("an error").to_string();
    assert!(failure(&spec).contains("no PNG or JPEG"));
    write(folder.path(), "1.png", &png(10, 10, &[0; 300]));
    write(folder.path(), "2.png", &png(10, 11, &[0; 330]));
    let mut screen = screen::open(&spec).expect("it opens");
    screen.capture(true).expect("the first");
    let error = screen.capture(false).expect_err("another size").to_string();
    assert!(
        error.contains("2.png") && error.contains("10x11"),
        "{error}"
    );
    write(folder.path(), "0.png", b"\x89PNG not really");
    assert!(failure(&spec).contains("0.png"));
    let nowhere = ScreenSpec::Images(folder.path().join("nowhere"));
    assert!(failure(&nowhere).contains("nowhere"));
}

#[test]
fn a_frame_that_needs_another_is_refused() {
    let black = || vec![tile(0, 0, 8, 8, Codec::Png, png(8, 8, &[0; 192]))];
    let part = |display, width| Frame {
        complete: false,
        display,
        ..complete(width, 16, black())
    };
    let mut canvas = Canvas::new();
    assert_eq!(canvas.apply(&part(0, 16)), Err(CanvasError::NeedsComplete));
    canvas.apply(&complete(16, 16, vec![])).expect("black");
    canvas.apply(&part(0, 16)).expect("it fits");
    assert_eq!(canvas.apply(&part(1, 16)), Err(CanvasError::NeedsComplete));
    assert_eq!(canvas.apply(&part(0, 17)), Err(CanvasError::NeedsComplete));
    // One damaged inside may have been drawn in part.
    let damaged = complete(16, 16, vec![tile(0, 0, 8, 8, Codec::Png, vec![1, 2, 3])]);
    assert!(matches!(
        canvas.apply(&damaged),
        Err(CanvasError::Tile { index: 0, .. })
    ));
    assert_eq!(canvas.apply(&part(0, 16)), Err(CanvasError::NeedsComplete));
}

#[test]
fn a_complete_frame_starts_from_black() {
    let mut canvas = Canvas::new();
    let white = tile(0, 0, 16, 16, Codec::Png, png(16, 16, &[255; 768]));
    canvas.apply(&complete(16, 16, vec![white])).expect("white");
    let grey = tile(4, 4, 8, 8, Codec::Png, png(8, 8, &[100; 192]));
    canvas.apply(&complete(16, 16, vec![grey])).expect("grey");
    let pixel = |x, y| canvas.picture().pixel(x, y);
    assert_eq!(
        (pixel(0, 0), pixel(4, 4), pixel(12, 12)),
        (Some([0; 3]), Some([100; 3]), Some([0; 3]))
    );
}

//= test spec/06-media-input.md#frames [MEDIA-17] c3886c70
#[test]
fn hostile_frames_are_refused() {
    let black = png(8, 8, &[0; 192]);
    let place = |x, y, width, height| tile(x, y, width, height, Codec::Png, black.clone());
    let mut canvas = Canvas::with_limit(1 << 20);
    let mut refused = |frame: &Frame| canvas.apply(frame).expect_err("it is hostile");
    for (width, height) in [
        (0, 8),
        (8, 0),
        (16_385, 1),
        (16_384, 16_384),
        (u16::MAX, u16::MAX),
    ] {
        let error = refused(&complete(width, height, vec![]));
        assert_eq!(error, CanvasError::Size { width, height });
    }
    let places = [
        place(9, 0, 8, 8),
        place(0, 9, 8, 8),
        place(u16::MAX, u16::MAX, u16::MAX, u16::MAX),
        place(0, 0, 0, 8),
        place(0, 0, 8, 0),
    ];
    // A picture of another size, of a size that takes 800 MB, and of a kind that takes many passes.
    let mut bomb = black.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    let mut progressive = jpeg(8, 8, &[0; 192]);
    let start = progressive
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .expect("a frame");
    progressive[start + 1] = 0xC2;
    // A palette of four bytes, which made png 0.18.1 panic (image-rs/image-png issue 694).
    let palette = hex::decode(concat!(
        "89504e470d0a1a0a0000000d49484452000000080000000801030000",
        "00fec12cc800000004504c544501020304dbc6d0550000000049454e44ae426082"
    ));
    let contents = [
        tile(0, 0, 8, 8, Codec::Png, palette.expect("hex")),
        tile(0, 0, 8, 8, Codec::Png, png(8, 9, &[0; 216])),
        tile(0, 0, 9, 8, Codec::Png, black.clone()),
        tile(0, 0, 8, 8, Codec::Png, bomb),
        tile(0, 0, 8, 8, Codec::Jpeg, progressive),
        tile(0, 0, 8, 8, Codec::Jpeg, jpeg(16, 8, &[0; 384])),
        tile(0, 0, 8, 8, Codec::Jpeg, black.clone()),
        tile(0, 0, 8, 8, Codec::Png, jpeg(8, 8, &[0; 192])),
        tile(0, 0, 8, 8, Codec::Jpeg, vec![]),
        tile(0, 0, 8, 8, Codec::Png, vec![]),
    ];
    for tile in places.into_iter().chain(contents) {
        let error = refused(&complete(16, 16, vec![tile]));
        assert!(
            matches!(error, CanvasError::Tile { index: 0, .. }),
            "{error}"
        );
    }
    let many = vec![place(0, 0, 8, 8); limits::TILES + 1];
    assert_eq!(
        refused(&complete(16, 16, many)),
        CanvasError::Tiles(limits::TILES + 1)
    );
}

/// Damage of every kind to real pictures: refused or drawn, but never a panic.
#[test]
fn damaged_pictures_do_no_harm() {
    let noise = Pattern::picture(7);
    let (width, height) = (noise.width(), noise.height());
    let whole = [
        (Codec::Png, png(width, height, noise.pixels())),
        (Codec::Jpeg, jpeg(width, height, noise.pixels())),
    ];
    let mut canvas = Canvas::new();
    let mut state = 7_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for round in 0..200 {
        for (codec, data) in &whole {
            let mut data = data.clone();
            let len = data.len();
            match round % 3 {
                // The headers have most of what can go wrong.
                0 => (0..3).for_each(|_| data[random(700)] = random(256) as u8),
                1 => (0..5).for_each(|_| data[random(len)] = random(256) as u8),
                _ => data.truncate(random(len)),
            }
            let tiles = vec![tile(0, 0, width, height, *codec, data)];
            let _ = canvas.apply(&complete(width, height, tiles));
        }
    }
}
