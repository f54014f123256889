//! What tests under a real X server share. Each of them is a crate that uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::{
    fmt::Debug,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use alongside_client::{
    inject::{Injector, X11Injector},
    picture::Picture,
    xvfb::Xvfb,
};
use alongside_wire::input::InputEvent;
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConnectionExt as _, ImageFormat, Window},
    rust_connection::RustConnection,
};

/// How long anything may take. Nothing takes it but a failure.
const PATIENCE: Duration = Duration::from_secs(45);

/// Asks again and again until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    until_it_is(what, || ask().ok_or("nothing"))
}

/// The same, where what there is instead of an answer says something.
pub fn until_it_is<T, E: Debug>(what: &str, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(why) => assert!(Instant::now() < deadline, "waited in vain: {what}: {why:?}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// An X server, and a connection of the test's own to look behind the scenes.
pub struct Server {
    pub conn: RustConnection,
    pub root: Window,
    pub xvfb: Xvfb,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        let xvfb = Xvfb::start_with(800, 600, arguments).unwrap_or_else(|error| panic!("{error}"));
        let (conn, screen) = x11rb::connect(Some(xvfb.display())).expect("it connects");
        let root = conn.setup().roots[screen].root;
        Self { conn, root, xvfb }
    }

    pub fn display(&self) -> Option<&str> {
        Some(self.xvfb.display())
    }

    /// The root window as the server itself has it, without the cursor.
    pub fn picture(&self) -> Picture {
        let size = self
            .conn
            .get_geometry(self.root)
            .expect("sent")
            .reply()
            .expect("a size");
        let (width, height) = (size.width, size.height);
        let kind = ImageFormat::Z_PIXMAP;
        let image = self
            .conn
            .get_image(kind, self.root, 0, 0, width, height, u32::MAX);
        let data = image.expect("sent").reply().expect("an image").data;
        let pixels = data
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]);
        Picture::from_pixels(width, height, pixels.collect()).expect("all of it")
    }

    /// Starts an xterm that covers a good part of the screen, with a shell command in it.
    pub fn xterm(&self, geometry: &str, command: &str) -> Program {
        let child = Command::new("xterm")
            .args([
                "-display",
                self.xvfb.display(),
                "-geometry",
                geometry,
                "-bg",
                "white",
            ])
            .args(["-fg", "black", "-e", "sh", "-c", command])
            .env_remove("ENV")
            .env("PS1", "$ ")
            .stdin(Stdio::null())
            .spawn()
            .expect("xterm is installed");
        Program(child)
    }
}

/// A program that ends with the test.
pub struct Program(Child);

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.expect("it is installed"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().expect("it is ours");
        self.0.wait().expect("it is ours");
    }
}

/// Moves the pointer to a pixel of a display of some size.
pub fn point(injector: &mut X11Injector, x: u16, y: u16, width: u16, height: u16) {
    let part = |at: u16, len: u16| (u32::from(at) * 65_535).div_ceil(u32::from(len) - 1) as u16;
    let event = InputEvent::Pointer {
        display: 0,
        x: part(x, width),
        y: part(y, height),
    };
    injector.inject(&event).expect("it points");
}

/// Presses a key and lets it go.
pub fn press(injector: &mut X11Injector, usage: u16) {
    for down in [true, false] {
        injector
            .inject(&InputEvent::Key { usage, down })
            .expect("it presses");
    }
}
