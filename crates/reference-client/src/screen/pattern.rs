//! A moving test pattern: the same frames on every machine.

use alongside_wire::{media::Frame, session::DisplayInfo};

use super::{Screen, ScreenError, tiles};
use crate::picture::{Grid, Picture, Rect, changed};

const WIDTH: u16 = 320;
const HEIGHT: u16 = 240;
/// The counter: six digits of 3 x 5 cells.
const CELL: u16 = 8;
const DIGITS: u16 = 6;
/// The digits 0 to 9: five rows of three bits, the top row first.
const FONT: [u16; 10] = [
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_111_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_010_010_010,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
];
const BARS: [[u8; 3]; 8] = [
    [255, 255, 255],
    [255, 255, 0],
    [0, 255, 255],
    [0, 255, 0],
    [255, 0, 255],
    [255, 0, 0],
    [0, 0, 255],
    [0, 0, 0],
];

/// 320 x 240 pixels: colour bars, a counter of the captures that starts at 1, a photographic
/// strip of noise, and a block that moves 4 pixels with each capture.
#[derive(Debug)]
pub struct Pattern {
    count: u32,
    shown: Option<Picture>,
}

impl Default for Pattern {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern {
    /// The pattern before its first frame.
    pub fn new() -> Self {
        Self {
            count: 0,
            shown: None,
        }
    }

    /// The picture that the capture with this number shows.
    pub fn picture(count: u32) -> Picture {
        let mut picture = Picture::new(WIDTH, HEIGHT);
        for (x, colour) in (0..WIDTH).step_by(40).zip(BARS) {
            picture.fill(
                Rect {
                    x,
                    y: 0,
                    width: 40,
                    height: 64,
                },
                colour,
            );
        }
        draw_counter(&mut picture, count);
        draw_noise(&mut picture);
        let x = (count % 76) as u16 * 4;
        picture.fill(
            Rect {
                x,
                y: 208,
                width: 16,
                height: 16,
            },
            [255, 160, 0],
        );
        picture
    }
}

impl Screen for Pattern {
    fn displays(&self) -> Vec<DisplayInfo> {
        vec![DisplayInfo {
            id: 0,
            width: WIDTH,
            height: HEIGHT,
        }]
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        self.count = self.count.wrapping_add(1);
        let picture = Self::picture(self.count);
        let all = Grid::all(WIDTH, HEIGHT);
        let (grid, complete) = match &self.shown {
            Some(shown) if !complete => (changed(shown, &picture, &all), false),
            _ => (all, true),
        };
        let frame = tiles::encode(&picture, &grid, complete)?;
        self.shown = Some(picture);
        Ok(Some(frame))
    }
}

fn draw_counter(picture: &mut Picture, count: u32) {
    let mut rest = count;
    for place in (0..DIGITS).rev() {
        let digit = FONT[(rest % 10) as usize];
        rest /= 10;
        let left = 40 + place * 5 * CELL;
        for bit in (0..15).filter(|bit| digit >> (14 - bit) & 1 == 1) {
            let (x, y) = (left + bit % 3 * CELL, 76 + bit / 3 * CELL);
            picture.fill(
                Rect {
                    x,
                    y,
                    width: CELL,
                    height: CELL,
                },
                [255; 3],
            );
        }
    }
}

/// A strip that every codec finds hard, the same on every frame.
fn draw_noise(picture: &mut Picture) {
    let mut state = 1_u32;
    for y in 128..192 {
        for (index, byte) in picture.row_mut(0, y, WIDTH).iter_mut().enumerate() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (index / 4) as u8 / 2 + (state >> 26) as u8;
        }
    }
}
