//! A folder of pictures, shown one after the other.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
};

use alongside_wire::{Codec, limits, media::Frame, session::DisplayInfo};

use super::{Screen, ScreenError, tiles};
use crate::{
    decode::decode,
    picture::{Grid, Picture, changed},
};

/// Bytes of a picture file.
const MAX_FILE: u64 = 64 << 20;

/// The PNG and JPEG files of a folder in the order of their names: one with each capture, and
/// then always the last. The display is as large as the first.
#[derive(Debug)]
pub struct Images {
    /// Not yet shown.
    files: VecDeque<(PathBuf, Codec)>,
    current: Picture,
    /// Whether anything was shown.
    started: bool,
}

impl Images {
    /// Lists the folder and reads the first picture; the others are read when they are shown.
    ///
    /// # Errors
    /// If the folder cannot be read or has no picture, or the first cannot be decoded.
    pub fn open(folder: &Path) -> Result<Self, ScreenError> {
        let fail = |why: String| ScreenError::Folder {
            folder: folder.to_owned(),
            why,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| fail(error.to_string()))? {
            let path = entry.map_err(|error| fail(error.to_string()))?.path();
            files.extend(codec_of(&path).map(|codec| (path, codec)));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let Some((first, codec)) = files.first() else {
            return Err(fail("it has no PNG or JPEG file".to_owned()));
        };
        let current = read(first, *codec, None)?;
        Ok(Self {
            files: files.into(),
            current,
            started: false,
        })
    }
}

impl Screen for Images {
    fn displays(&self) -> Vec<DisplayInfo> {
        let (width, height) = (self.current.width(), self.current.height());
        vec![DisplayInfo {
            id: 0,
            width,
            height,
        }]
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        let size = (self.current.width(), self.current.height());
        let all = Grid::all(size.0, size.1);
        let complete = complete || !self.started;
        let next = match self.files.front() {
            Some((file, codec)) => Some(read(file, *codec, Some(size))?),
            None => None,
        };
        let grid = match &next {
            _ if complete => all,
            Some(next) => changed(&self.current, next, &all),
            None => return Ok(None),
        };
        let picture = next.unwrap_or_else(|| self.current.clone());
        let frame = tiles::encode(&picture, &grid, complete)?;
        self.files.pop_front();
        self.current = picture;
        self.started = true;
        Ok((complete || !frame.tiles.is_empty()).then_some(frame))
    }
}

fn codec_of(path: &Path) -> Option<Codec> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "png" => Some(Codec::Png),
        "jpg" | "jpeg" => Some(Codec::Jpeg),
        _ => None,
    }
}

fn read(file: &Path, codec: Codec, size: Option<(u16, u16)>) -> Result<Picture, ScreenError> {
    let fail = |why: String| ScreenError::Image {
        file: file.to_owned(),
        why,
    };
    let bytes = fs::metadata(file)
        .map_err(|error| fail(error.to_string()))?
        .len();
    if bytes > MAX_FILE {
        return Err(fail(format!("it has {bytes} bytes, more than {MAX_FILE}")));
    }
    let data = fs::read(file).map_err(|error| fail(error.to_string()))?;
    let picture = decode(codec, &data, |width, height| match size {
        Some((across, down)) if (width, height) != (across.into(), down.into()) => Err(format!(
            "it is {width}x{height} pixels, and the first is {across}x{down}"
        )),
        Some(_) => Ok(()),
        None if width.max(height) as usize <= limits::DISPLAY_SIDE => Ok(()),
        None => Err(format!(
            "it is {width}x{height} pixels, and a side may have 16,384"
        )),
    });
    picture.map_err(fail)
}
