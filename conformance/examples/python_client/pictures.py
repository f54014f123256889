"""Pictures: decoding what comes, and something to show for a sharer without a screen."""

from __future__ import annotations

import io
import struct
import zlib

from alongside_independent.records import Frame, Tile
from alongside_independent.registry import registry
from PIL import Image, UnidentifiedImageError

Image.MAX_IMAGE_PIXELS = None  # the sizes of tiles are bounded by the specification, and checked first


class CannotDecode(Exception):
    """It counts as lost, and is nobody's fault."""


def decode_tile(tile: Tile) -> Image.Image:
    """MEDIA-17: the size is compared before anything is decoded."""
    names = {number: name.upper() for name, number in registry().ids("codec").items()}
    try:
        picture = Image.open(io.BytesIO(tile.data), formats=[names[tile.codec]])
        if picture.size != (tile.width, tile.height):
            raise CannotDecode("a picture of another size than its tile")
        if picture.format == "JPEG" and picture.info.get("progressive"):
            raise CannotDecode("a JPEG that is not baseline")
        picture.load()
        if picture.mode.startswith("I"):  # 16 bits of grey
            picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise CannotDecode(str(error)) from None


class Canvas:
    """The picture of a display."""

    def __init__(self) -> None:
        self.picture = Image.new("RGB", (1, 1))

    def paint(self, frame: Frame) -> None:
        """All tiles or none."""
        decoded = [(tile.x, tile.y, decode_tile(tile)) for tile in frame.tiles]
        if frame.complete:
            self.picture = Image.new("RGB", (frame.width, frame.height))
        for x, y, picture in decoded:
            self.picture.paste(picture, (x, y))

    def pixels(self) -> bytes:
        """Red, green and blue of each, row by row."""
        return self.picture.tobytes()


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """Of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = b"\0" + bytes(colour) * width
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(row * height, 6))
        + chunk(b"IEND", b"")
    )


def whole(display: int, width: int, height: int, pixels: bytes, complete: bool) -> Frame:
    """A frame of one picture that covers the display."""
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(out, "PNG")
    tile = Tile(0, 0, width, height, registry().ids("codec")["png"], out.getvalue())
    return Frame(complete, display, width, height, (tile,))


class TestScreen:
    """A bar that goes over a grey screen: complete frames, and between them the bar alone."""

    WIDTH, HEIGHT, BAR = 320, 200, 32

    def display(self) -> dict[str, int]:
        return {"id": 0, "width": self.WIDTH, "height": self.HEIGHT}

    def frame(self, step: int, complete: bool) -> Frame:
        across = self.WIDTH // self.BAR
        tiles = []
        if complete:
            tiles.append(self._tile(0, self.WIDTH, (64, 64, 64)))
        else:
            tiles.append(self._tile((step - 1) % across * self.BAR, self.BAR, (64, 64, 64)))
        tiles.append(self._tile(step % across * self.BAR, self.BAR, (step * 40 % 256, 200, 80)))
        return Frame(complete, 0, self.WIDTH, self.HEIGHT, tuple(tiles))

    def _tile(self, x: int, width: int, colour: tuple[int, int, int]) -> Tile:
        png_codec = registry().ids("codec")["png"]
        return Tile(x, 0, width, self.HEIGHT, png_codec, png(width, self.HEIGHT, colour))
