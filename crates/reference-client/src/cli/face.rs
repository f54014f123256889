//! The picture of the other person's card, as far as a terminal can show it.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use alongside_state_machine::{endpoint::faces::Fetched, identity::picture};
use clap::Args as Group;

/// What becomes of the picture.
#[derive(Clone, Debug, Default, Group)]
pub(crate) struct FaceArgs {
    /// Write the picture of the other person's card into this file, which must not exist.
    #[arg(long, value_name = "FILE")]
    save_picture: Option<PathBuf>,
}

impl FaceArgs {
    /// What the person is told of the picture, which is kept only if they asked for it.
    pub(crate) fn tell(&self, fetched: &Fetched) -> String {
        let bytes = match fetched {
            Fetched::NotAtHand => {
                return "  picture       (the other end does not have it)".to_owned();
            }
            Fetched::Picture(bytes) => bytes,
        };
        //= spec/15-identity.md#pictures [PICTURE-5] 123984e3
        let Some(head) = picture::head(bytes) else {
            return "  picture       (it is the card's, but no PNG or JPEG of 1,024 pixels a side)"
                .to_owned();
        };
        let saved = match &self.save_picture {
            None => "--save-picture FILE keeps it".to_owned(),
            Some(path) => match save(path, bytes) {
                Ok(()) => format!("saved as {}", path.display()),
                Err(error) => format!("{}: {error}", path.display()),
            },
        };
        format!(
            "  picture       it is the card's: {}x{}, {}, {} bytes; {saved}",
            head.width,
            head.height,
            head.codec,
            bytes.len()
        )
    }
}

/// Writes a file that was not there before.
fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)
}
