//! Files of pictures, whole or as far as their heads.

use alongside_state_machine::identity::picture;
use alongside_wire::{ErrorCode, card::PictureInfo};
use serde_json::{Value, json};

use crate::{
    fields::{bytes_of, key_of},
    messages::run,
    spelled::{hex, sha256},
    vector::{File, Refusal},
};

pub(super) fn file() -> File {
    let mut file = File::new("picture");
    let png = |width: u32, height: u32| {
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
        [
            &head[..],
            &width.to_be_bytes(),
            &height.to_be_bytes(),
            &[8, 2, 0, 0, 0],
        ]
        .concat()
    };
    let jpeg = |width: u16, height: u16| {
        let start = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 1, 0xFF, 0xC0, 0, 8, 8];
        [
            &start[..],
            &height.to_be_bytes(),
            &width.to_be_bytes(),
            &[0],
        ]
        .concat()
    };
    let input = |info: &PictureInfo, bytes: &[u8]| json!({ "hash": hex(info.hash), "size": info.size, "file": hex(bytes) });
    let named = |bytes: &[u8]| PictureInfo {
        hash: sha256(&[bytes]),
        size: bytes.len() as u32,
    };
    for (id, about, bytes, head) in [
        (
            "chapter",
            "the picture of the chapter is none that may be decoded",
            b"a picture".to_vec(),
            None,
        ),
        ("png", "a PNG file", png(2, 3), Some((1, 2, 3))),
        ("jpeg", "a JPEG file", jpeg(2, 3), Some((2, 2, 3))),
        (
            "largest",
            "sides of 1,024 pixels",
            png(1_024, 1_024),
            Some((1, 1_024, 1_024)),
        ),
        ("wide", "a side of 1,025 pixels", png(1_025, 1), None),
        (
            "high",
            "the other side of 1,025 pixels",
            png(1, 1_025),
            None,
        ),
        ("no-width", "a side of 0", jpeg(0, 3), None),
        (
            "other",
            "another kind of file",
            b"GIF89a\x02\0\x03\0".to_vec(),
            None,
        ),
        ("empty", "an empty file", vec![], None),
    ] {
        let info = named(&bytes);
        assert!(picture::is_named(&info, &bytes), "{id}");
        let said =
            picture::head(&bytes).map(|head| (head.codec.to_wire(), head.width, head.height));
        assert_eq!(said, head, "{id}");
        file.taken(
            id,
            about,
            &["PICTURE-4", "PICTURE-5"],
            input(&info, &bytes),
            json!({ "head": head_json(&bytes) }),
        );
    }
    let right = png(2, 3);
    let mut other = right.clone();
    other[20] ^= 1;
    for (id, about, info, bytes) in [
        (
            "hash",
            "a bit of the file was changed",
            named(&right),
            &other,
        ),
        (
            "named",
            "a card that names another hash",
            PictureInfo {
                hash: run(0),
                ..named(&right)
            },
            &right,
        ),
    ] {
        assert!(!picture::is_named(&info, bytes), "{id}");
        file.refused(
            id,
            about,
            input(&info, bytes),
            Refusal::reported(ErrorCode::BadPicture, "PICTURE-4"),
        );
    }
    file
}

fn head_json(file: &[u8]) -> Option<Value> {
    let head = picture::head(file)?;
    Some(json!({ "codec": head.codec.to_wire(), "width": head.width, "height": head.height }))
}

pub(super) fn compute(input: &Value) -> Result<Value, Refusal> {
    let size = input["size"].as_u64().expect("a size");
    let info = PictureInfo {
        hash: key_of(input, "hash"),
        size: u32::try_from(size).expect("a size"),
    };
    let file = bytes_of(input, "file");
    if !picture::is_named(&info, &file) {
        return Err(Refusal::reported(ErrorCode::BadPicture, "PICTURE-4"));
    }
    Ok(json!({ "head": head_json(&file) }))
}
