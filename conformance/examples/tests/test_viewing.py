"""What a helper shows of what comes, and what it asks for again: chapter 06, without a network."""

from __future__ import annotations

import io
import unittest

from alongside_independent.records import Frame, Tile, decode_media_header, encode_frame
from alongside_independent.refusal import Refused
from alongside_independent.registry import registry
from alongside_independent.schedule import Master
from alongside_independent.sealing import MediaOpener, MediaSealer
from PIL import Image

from python_client.pictures import CannotDecode, Canvas, png
from python_client.viewing import Viewer

MASTER = Master(bytes(32))
RED = (200, 10, 20)
SIDE = 6


def tile(data: bytes, codec: str = "png", x: int = 0, side: int = SIDE) -> Tile:
    return Tile(x, 0, side, side, registry().ids("codec")[codec], data)


def frame(complete: bool = True, *tiles: Tile) -> Frame:
    return Frame(complete, 0, 2 * SIDE, SIDE, tiles or (tile(png(SIDE, SIDE, RED)),))


def saved(picture: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


class Pictures(unittest.TestCase):
    def first_pixel(self, data: bytes, codec: str = "png") -> tuple[int, ...]:
        canvas = Canvas()
        canvas.paint(frame(True, tile(data, codec)))
        return tuple(canvas.pixels()[:3])

    def test_png_of_any_colour_type_and_depth(self) -> None:
        plain = Image.new("RGB", (SIDE, SIDE), RED)
        self.assertEqual(self.first_pixel(saved(plain, "PNG")), RED)
        self.assertEqual(self.first_pixel(saved(plain.quantize(2), "PNG")), RED)
        self.assertEqual(self.first_pixel(saved(plain.quantize(2), "PNG", transparency=0)), RED)
        clear = Image.new("RGBA", (SIDE, SIDE), (*RED, 0))
        self.assertEqual(self.first_pixel(saved(clear, "PNG")), RED)
        self.assertEqual(self.first_pixel(saved(Image.new("L", (SIDE, SIDE), 77), "PNG")), (77,) * 3)
        self.assertEqual(self.first_pixel(saved(Image.new("1", (SIDE, SIDE), 1), "PNG")), (255,) * 3)
        deep = Image.new("I;16", (SIDE, SIDE), 77 * 257)
        self.assertEqual(self.first_pixel(saved(deep, "PNG")), (77,) * 3)

    def test_jpeg(self) -> None:
        near = self.first_pixel(saved(Image.new("RGB", (SIDE, SIDE), RED), "JPEG", quality=95), "jpeg")
        self.assertLess(max(abs(a - b) for a, b in zip(near, RED, strict=True)), 4)

    def test_what_is_no_picture_of_its_tile(self) -> None:
        plain = Image.new("RGB", (SIDE, SIDE), RED)
        wrong = {
            "no picture": b"nothing",
            "another size": png(SIDE + 1, SIDE, RED),
            "another codec": saved(plain, "JPEG"),
            "torn": png(SIDE, SIDE, RED)[:-30],
        }
        for name, data in wrong.items():
            with self.subTest(name), self.assertRaises(CannotDecode):
                self.first_pixel(data)
        with self.assertRaises(CannotDecode):
            self.first_pixel(saved(plain, "JPEG", progressive=True), "jpeg")


class Frames(unittest.TestCase):
    def setUp(self) -> None:
        self.viewer = Viewer()
        self.sealer = MediaSealer(1, MASTER, 1)
        self.viewer.begin_epoch(MediaOpener(1, MASTER, 1))

    def take(self, stream: int, *records: bytes) -> list[int]:
        """The ids of the frames that are shown."""
        shown = []
        for each in self.viewer.records(stream, b"".join(records)):
            if opened := self.viewer.open(each):
                told = self.viewer.take(stream, *opened)
                shown += [told["id"]] if told else []
        return shown

    def sealed(self, number: int, of: Frame) -> list[bytes]:
        return self.sealer.frame(number, encode_frame(of))

    def large(self, number: int) -> list[bytes]:
        """Of more than one record."""
        noise = Image.effect_noise((120, 120), 90).convert("RGB")
        of = Frame(True, 0, 120, 120, (tile(saved(noise, "PNG"), side=120),))
        records = self.sealed(number, of)
        self.assertGreater(len(records), 1)
        return records

    def test_a_change_needs_the_frame_before_it(self) -> None:
        """MEDIA-14, MEDIA-15."""
        for number, complete, shown in ((4, False, []), (5, True, [5]), (6, False, [6]), (8, False, [])):
            self.assertEqual(self.take(3, *self.sealed(number, frame(complete))), shown)
        self.assertEqual(self.take(3, *self.sealed(6, frame())), [])
        self.assertEqual(self.take(3, *self.sealed(9, frame())), [9])

    def test_what_no_tile_covers_is_black_and_a_change_leaves_the_rest(self) -> None:
        self.take(3, *self.sealed(1, frame()))
        blue = tile(png(SIDE, SIDE, (0, 0, 255)), x=SIDE)
        self.take(3, *self.sealed(2, frame(False, blue)))
        picture = self.viewer.canvas.picture
        self.assertEqual((picture.getpixel((0, 0)), picture.getpixel((SIDE, 0))), (RED, (0, 0, 255)))
        self.take(3, *self.sealed(3, frame(True, blue)))
        self.assertEqual(self.viewer.canvas.picture.getpixel((0, 0)), (0, 0, 0))

    def test_a_refresh_at_most_once_in_half_a_second(self) -> None:
        """MEDIA-21."""
        self.assertFalse(self.viewer.wants_refresh(1_000))
        self.take(3, *self.sealed(4, frame(False)))
        self.assertTrue(self.viewer.wants_refresh(1_000))
        self.take(3, *self.sealed(5, frame(False)))
        self.assertFalse(self.viewer.wants_refresh(1_499))
        self.assertEqual(self.viewer.refresh_at, 1_500)
        self.assertTrue(self.viewer.wants_refresh(1_500))
        self.take(3, *self.sealed(6, frame(False)))
        self.take(3, *self.sealed(7, frame()))
        self.assertFalse(self.viewer.wants_refresh(9_000))

    def test_a_record_that_is_lost_costs_its_frame(self) -> None:
        """MEDIA-13."""
        records = self.large(1)
        self.assertEqual(self.take(3, records[0][:-1] + b"\0", *records[1:]), [])
        self.assertTrue(self.viewer.wants_refresh(0))
        self.assertEqual(self.take(3, *self.large(2)), [2])

    def test_two_beginnings_are_held(self) -> None:
        """MEDIA-10."""
        frames = {stream: self.large(number) for number, stream in enumerate((3, 7, 11), 1)}
        for stream, records in frames.items():
            self.assertEqual(self.take(stream, *records[:-1]), [])
        self.assertEqual(self.take(3, frames[3][-1]), [])
        self.assertEqual(self.take(7, frames[7][-1]), [2])
        self.assertEqual(self.take(11, frames[11][-1]), [3])

    def test_a_header_that_is_none(self) -> None:
        """MEDIA-9."""
        record = self.sealed(1, frame())[0]
        self.assertEqual(self.viewer.records(3, record[:30]), [])
        self.assertEqual(self.viewer.records(3, record[30:]), [record])
        with self.assertRaises(Refused):
            self.viewer.records(3, b"\x42" + record[1:])
        self.assertEqual(self.viewer.records(3, record), [])

    def test_another_epoch_is_no_loss(self) -> None:
        """MEDIA-4."""
        record = MediaSealer(1, MASTER, 2).frame(1, encode_frame(frame()))[0]
        self.assertEqual(decode_media_header(record[:24]).epoch, 2)
        self.assertEqual(self.take(3, record), [])
        self.assertFalse(self.viewer.wants_refresh(0))

    def test_a_stream_that_breaks_off(self) -> None:
        self.take(3, *self.large(1)[:-1])
        self.viewer.stream_is_over(3, reset=True)
        self.assertFalse(self.viewer.wants_refresh(0))
        self.take(3, *self.large(2)[:-1])
        self.viewer.stream_is_over(3, reset=False)
        self.assertTrue(self.viewer.wants_refresh(0))


if __name__ == "__main__":
    unittest.main()
