"""Media records, frames, input records and slots: chapter 06. Not postcard: each byte has its place."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .refusal import Refused, malformed, too_large
from .registry import registry
from .wire import Reader, record_limit

TAG = 16
MEDIA_HEADER = 24
INPUT_HEADER = 8


@dataclass(frozen=True)
class MediaHeader:
    last: bool
    index: int
    frame: int
    epoch: int
    number: int
    length: int


def encode_media_header(header: MediaHeader) -> bytes:
    kind = registry().messages("record")["media"]
    return struct.pack(
        ">BBHIIQI",
        kind,
        header.last,
        header.index,
        header.frame,
        header.epoch,
        header.number,
        header.length,
    )


def decode_media_header(data: bytes) -> MediaHeader:
    """MEDIA-9; whatever is wrong, the stream is stopped with `malformed`."""
    reader = Reader(data)
    kind, flags, index, frame, epoch, number, length = struct.unpack(">BBHIIQI", reader.take(MEDIA_HEADER))
    if kind != registry().messages("record")["media"]:
        raise malformed("MEDIA-9", f"type {kind:#x} is no media record")
    if flags & ~1:
        raise malformed("MEDIA-9", "a flag that is not registered")
    if not TAG + 1 <= length <= record_limit() + TAG:
        raise malformed("MEDIA-9", f"a length of {length}")
    return MediaHeader(bool(flags), index, frame, epoch, number, length)


@dataclass(frozen=True)
class Tile:
    x: int
    y: int
    width: int
    height: int
    codec: int
    data: bytes


@dataclass(frozen=True)
class Frame:
    complete: bool
    display: int
    width: int
    height: int
    tiles: tuple[Tile, ...] = ()


def encode_frame(frame: Frame) -> bytes:
    head = struct.pack(">BBHHH", frame.complete, frame.display, frame.width, frame.height, len(frame.tiles))
    return head + b"".join(
        struct.pack(">HHHHBI", tile.x, tile.y, tile.width, tile.height, tile.codec, len(tile.data))
        + tile.data
        for tile in frame.tiles
    )


def decode_frame(data: bytes) -> Frame:
    """MEDIA-16: the error of the encoding, so the clauses are those of chapter 07."""
    limit = registry().limit
    if len(data) > limit("frame"):
        raise too_large(f"a frame of {len(data)} bytes", "MEDIA-11")
    reader = Reader(data)
    flags, display, width, height, count = struct.unpack(">BBHHH", reader.take(8))
    if flags & ~1:
        raise malformed("WIRE-7", "a flag that is not registered")
    if width == 0 or height == 0:
        raise malformed("WIRE-7", "a display without pixels")
    if max(width, height) > limit("display-side"):
        raise too_large("a side of the display")
    if count > limit("tiles"):
        raise too_large(f"{count} tiles")
    tiles = tuple(_read_tile(reader, width, height) for _ in range(count))
    reader.finish()
    return Frame(bool(flags), display, width, height, tiles)


def _read_tile(reader: Reader, width: int, height: int) -> Tile:
    x, y, across, down, codec, length = struct.unpack(">HHHHBI", reader.take(13))
    if across == 0 or down == 0:
        raise malformed("WIRE-7", "a tile without pixels")
    if x + across > width or y + down > height:
        raise malformed("WIRE-7", "a tile that is not inside its display")
    if codec not in registry().ids("codec").values():
        raise malformed("WIRE-7", "no such codec")
    return Tile(x, y, across, down, codec, reader.take(length))


def cut(encoding: bytes) -> list[bytes]:
    """MEDIA-2: the plaintexts of the records of a frame."""
    most = record_limit()
    return [encoding[at : at + most] for at in range(0, len(encoding), most)]


def encode_input_header(grant: int) -> bytes:
    kind = registry().messages("record")["input"]
    return struct.pack(">BBHI", kind, 0, registry().limit("input-record") + TAG, grant)


def decode_input_header(data: bytes) -> int:
    """The grant of the record."""
    kind, zero, length, grant = struct.unpack(">BBHI", Reader(data).take(INPUT_HEADER))
    if kind != registry().messages("record")["input"]:
        raise malformed("MEDIA-9", f"type {kind:#x} is no input record")
    if zero:
        raise malformed("MEDIA-9", "the second byte is not 0")
    if length != registry().limit("input-record") + TAG:
        raise malformed("MEDIA-9", f"a length of {length}")
    return grant


SLOT = 8


@dataclass(frozen=True)
class Event:
    """One slot. `values` are the fields of its kind by name."""

    kind: str
    values: dict[str, int | bool]


def encode_slots(events: list[Event]) -> bytes:
    """Eight slots; those that are not given are empty."""
    size = registry().limit("input-record")
    if len(events) * SLOT > size:
        raise ValueError("more events than slots")
    return b"".join(encode_slot(event) for event in events).ljust(size, b"\0")


def encode_slot(event: Event) -> bytes:
    kind = registry().messages("input")[event.kind]
    v = event.values
    match event.kind:
        case "key":
            rest = struct.pack(">BH", v["down"], v["usage"])
        case "pointer":
            rest = struct.pack(">BHH", v["display"], v["x"], v["y"])
        case "button":
            rest = struct.pack(">BB", v["down"], v["button"])
        case "wheel":
            rest = struct.pack(">xhh", v["dx"], v["dy"])
        case _:
            rest = b""
    return (bytes([kind]) + rest).ljust(SLOT, b"\0")


def decode_slot(data: bytes) -> Event:
    if len(data) != SLOT:
        raise malformed("WIRE-3" if len(data) < SLOT else "WIRE-4", "a slot has 8 bytes")
    name = next((name for name, kind in registry().messages("input").items() if kind == data[0]), None)
    values: dict[str, int | bool] = {}
    match name:
        case "key":
            down, values["usage"] = struct.unpack(">BH", data[1:4])
            values["down"] = _up_or_down(down)
        case "pointer":
            values["display"], values["x"], values["y"] = struct.unpack(">BHH", data[1:6])
        case "button":
            values["down"] = _up_or_down(data[1])
            values["button"] = data[2]
            if not 1 <= data[2] <= 5:
                raise malformed("INPUT-7", "no such button")
        case "wheel":
            values["dx"], values["dy"] = struct.unpack(">hh", data[2:6])
            if max(abs(values["dx"]), abs(values["dy"])) > registry().limit("wheel-turn"):
                raise too_large("a wheel that turns too far")
        case None:
            raise malformed("INPUT-7", f"no such kind of slot: {data[0]}")
    event = Event(name, values)
    if encode_slot(event) != data:
        raise malformed("INPUT-7", "a byte that is not named is not 0")
    return event


def _up_or_down(byte: int) -> bool:
    if byte > 1:
        raise malformed("INPUT-7", "neither down nor up")
    return byte == 1


def decode_slots(data: bytes) -> list[Event]:
    size = registry().limit("input-record")
    if len(data) != size:
        raise malformed("INPUT-7", f"the plaintext has {len(data)} bytes")
    return [decode_slot(data[at : at + SLOT]) for at in range(0, size, SLOT)]


def scope_of(event: Event) -> str | None:
    """The scope that the event needs (INPUT-6)."""
    return {"key": "keyboard", "pointer": "pointer", "button": "pointer", "wheel": "pointer"}.get(event.kind)


def check_scopes(events: list[Event], scopes: int) -> None:
    for event in events:
        needed = scope_of(event)
        if needed and not scopes & registry().scopes[needed]:
            raise Refused("scope-exceeded", "INPUT-6", f"{event.kind} needs the scope {needed}")
