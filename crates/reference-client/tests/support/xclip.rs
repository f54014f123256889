//! xclip: a program that is not ours, to copy and paste with.
#![allow(clippy::expect_used, dead_code, unreachable_pub)]

use std::{
    io::Write as _,
    process::{Child, Command, Stdio},
};

use x11rb::{protocol::xproto::ConnectionExt as _, rust_connection::RustConnection};

use crate::support::{Server, until};

/// The program, which holds a text until it ends.
pub struct Xclip(Child);

impl Xclip {
    pub fn copy(server: &Server, text: &str) -> Self {
        let mut child = Command::new("xclip")
            .args(["-quiet", "-selection", "clipboard", "-in"])
            .env("DISPLAY", server.xvfb.display())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("xclip is installed");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(text.as_bytes()).expect("it reads");
        drop(stdin);
        until("xclip has the clipboard", || owner(server));
        Self(child)
    }

    /// Sends the program a signal: `STOP` holds it up until `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill is there").success());
    }
}

impl Drop for Xclip {
    fn drop(&mut self) {
        // It may have ended because something else was copied.
        let _ = self.0.kill();
        self.0.wait().expect("it is ours");
    }
}

/// What xclip gets, and as what, or nothing.
pub fn paste(server: &Server, target: &str) -> Option<Vec<u8>> {
    let done = Command::new("xclip")
        .args(["-selection", "clipboard", "-out", "-target", target])
        .env("DISPLAY", server.xvfb.display())
        .output()
        .expect("xclip is installed");
    done.status.success().then_some(done.stdout)
}

pub fn atom(conn: &RustConnection, name: &str) -> u32 {
    let atom = conn.intern_atom(false, name.as_bytes()).expect("sent");
    atom.reply().expect("an atom").atom
}

pub fn owner(server: &Server) -> Option<u32> {
    let conn = &server.conn;
    let owner = conn
        .get_selection_owner(atom(conn, "CLIPBOARD"))
        .expect("sent");
    Some(owner.reply().expect("an answer").owner).filter(|owner| *owner != x11rb::NONE)
}
