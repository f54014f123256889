//! Reads pixels of the root window: through shared memory, or in replies where that is not to
//! be had (an X server on another machine).

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{fs::FileExt, net::UnixStream},
    },
};

use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::{
        ErrorKind,
        shm::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, ImageFormat},
    },
};

use crate::{
    picture::{Picture, Rect, TILE},
    x11::{Link, PixelFormat, Region, lost},
};

/// Why pixels could not be read.
pub(super) enum FetchError {
    /// They are outside the root window, which has just shrunk.
    Outside,
    /// The server failed.
    Lost(String),
}

/// A way to read pixels of one region.
pub(super) struct Fetch {
    region: Region,
    format: PixelFormat,
    memory: Option<Memory>,
    buffer: Vec<u8>,
}

/// Memory that the server writes to. It is read as a file: mapping it is not safe in Rust's
/// sense, as another process writes to it.
struct Memory {
    segment: u32,
    file: File,
}

/// What is read: a drawable, and where the region begins in it.
#[derive(Clone, Copy)]
struct Source {
    drawable: u32,
    x: u16,
    y: u16,
}

impl Source {
    fn place(self, rect: Rect) -> (i16, i16) {
        ((self.x + rect.x) as i16, (self.y + rect.y) as i16)
    }
}

impl Fetch {
    /// Prepares to read a region.
    ///
    /// # Errors
    /// If the server failed.
    pub(super) fn new(link: &Link, region: Region, format: PixelFormat) -> Result<Self, String> {
        Ok(Self {
            region,
            format,
            memory: share(link, region, format)?,
            buffer: Vec::new(),
        })
    }

    /// Whether pixels come through shared memory.
    pub(super) fn is_shared(&self) -> bool {
        self.memory.is_some()
    }

    /// Gives the memory back to the server.
    pub(super) fn close(&self, link: &Link) {
        if let Some(memory) = &self.memory {
            // If this fails the server is gone, and so is its side of the memory.
            let _ = link.conn.shm_detach(memory.segment);
        }
    }

    /// Copies rectangles of the region to the same places of a picture.
    ///
    /// # Errors
    /// If the region is not there any more or the server failed.
    pub(super) fn read(
        &mut self,
        link: &Link,
        rects: &[Rect],
        picture: &mut Picture,
    ) -> Result<(), FetchError> {
        let root = Source {
            drawable: link.root(),
            x: self.region.x,
            y: self.region.y,
        };
        self.read_from(link, root, rects, picture)
    }

    /// The same, from a drawable that begins where the region does.
    ///
    /// # Errors
    /// As [`Fetch::read`].
    pub(super) fn read_copy(
        &mut self,
        link: &Link,
        drawable: u32,
        rects: &[Rect],
        picture: &mut Picture,
    ) -> Result<(), FetchError> {
        let copy = Source {
            drawable,
            x: 0,
            y: 0,
        };
        self.read_from(link, copy, rects, picture)
    }

    fn read_from(
        &mut self,
        link: &Link,
        source: Source,
        rects: &[Rect],
        picture: &mut Picture,
    ) -> Result<(), FetchError> {
        match self.memory {
            Some(_) => self.read_shared(link, source, rects, picture),
            None => self.read_replies(link, source, rects, picture),
        }
    }

    fn read_shared(
        &mut self,
        link: &Link,
        source: Source,
        rects: &[Rect],
        picture: &mut Picture,
    ) -> Result<(), FetchError> {
        let Some(memory) = &self.memory else {
            return Ok(());
        };
        let z_pixmap = ImageFormat::Z_PIXMAP.into();
        // All requests first, each to a place of its own, so that the server is waited for once.
        let mut requests = Vec::with_capacity(rects.len());
        let mut offset = 0;
        for &rect in rects {
            let (x, y) = source.place(rect);
            let cookie = link.conn.shm_get_image(
                source.drawable,
                x,
                y,
                rect.width,
                rect.height,
                u32::MAX,
                z_pixmap,
                memory.segment,
                offset as u32,
            );
            requests.push((rect, offset, cookie.map_err(|error| failed(error.into()))?));
            offset += self.format.stride(rect.width) * usize::from(rect.height);
        }
        for (rect, offset, cookie) in requests {
            cookie.reply().map_err(failed)?;
            let len = self.format.stride(rect.width) * usize::from(rect.height);
            self.buffer.resize(len, 0);
            let read = memory.file.read_exact_at(&mut self.buffer, offset as u64);
            read.map_err(|error| FetchError::Lost(lost(error)))?;
            convert(self.format, &self.buffer, rect, picture);
        }
        Ok(())
    }

    fn read_replies(
        &self,
        link: &Link,
        source: Source,
        rects: &[Rect],
        picture: &mut Picture,
    ) -> Result<(), FetchError> {
        for &rect in rects {
            let (x, y) = source.place(rect);
            let Rect { width, height, .. } = rect;
            let (kind, drawable) = (ImageFormat::Z_PIXMAP, source.drawable);
            let cookie = link
                .conn
                .get_image(kind, drawable, x, y, width, height, u32::MAX);
            let reply = cookie
                .map_err(|error| failed(error.into()))?
                .reply()
                .map_err(failed)?;
            convert(self.format, &reply.data, rect, picture);
        }
        Ok(())
    }
}

fn convert(format: PixelFormat, data: &[u8], rect: Rect, picture: &mut Picture) {
    let rows = data.chunks_exact(format.stride(rect.width));
    for (y, row) in (rect.y..rect.y + rect.height).zip(rows) {
        format.to_rgb(row, picture.row_mut(rect.x, y, rect.width));
    }
}

fn failed(error: ReplyError) -> FetchError {
    match error {
        ReplyError::X11Error(error) if error.error_kind == ErrorKind::Match => FetchError::Outside,
        error => FetchError::Lost(lost(error)),
    }
}

/// Memory for a region, or `None` if the server cannot share any with us.
fn share(link: &Link, region: Region, format: PixelFormat) -> Result<Option<Memory>, String> {
    // File descriptors travel on Unix sockets only; on any other they break the connection.
    let socket = link
        .conn
        .stream()
        .as_fd()
        .try_clone_to_owned()
        .map(UnixStream::from);
    let is_local = socket.and_then(|socket| socket.local_addr()).is_ok();
    if !is_local || !link.has(shm::X11_EXTENSION_NAME)? {
        return Ok(None);
    }
    let version = link
        .conn
        .shm_query_version()
        .map_err(lost)?
        .reply()
        .map_err(lost)?;
    if (version.major_version, version.minor_version) < (1, 2) {
        return Ok(None);
    }
    // Rows of a run of tiles are padded at most as often as those of its tiles.
    let row = format.stride(TILE) * usize::from(region.width.div_ceil(TILE));
    let size = row * usize::from(region.height);
    let Ok((file, theirs)) = memory(size as u64) else {
        return Ok(None);
    };
    let segment = link.conn.generate_id().map_err(lost)?;
    let attached = link
        .conn
        .shm_attach_fd(segment, theirs, false)
        .map_err(lost)?
        .check();
    match attached {
        Ok(()) => Ok(Some(Memory { segment, file })),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(lost(error)),
    }
}

/// A file without a name, in memory, and a second handle to it.
#[cfg(target_os = "linux")]
fn memory(size: u64) -> io::Result<(File, OwnedFd)> {
    use rustix::fs::{MemfdFlags, memfd_create};
    let file = File::from(memfd_create("alongside-screen", MemfdFlags::CLOEXEC)?);
    file.set_len(size)?;
    let theirs = file.try_clone()?.into();
    Ok((file, theirs))
}

#[cfg(not(target_os = "linux"))]
fn memory(_size: u64) -> io::Result<(File, OwnedFd)> {
    Err(io::ErrorKind::Unsupported.into())
}
