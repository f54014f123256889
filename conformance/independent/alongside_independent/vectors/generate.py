"""Writes vectors of this implementation's own, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from .. import codes, datagrams, messages, records
from ..messages import Message
from ..refusal import Refused
from ..registry import registry
from ..wire import Body, frame, write_varint
from . import chance, generate_evidence, generate_keys
from .writer import Writer

SEED = 20_260_101


def _codes(random: Random) -> Iterator[Writer]:
    code, draw, link = Writer("code"), Writer("code-draw"), Writer("link")
    look_alike = {"0": "0oO", "1": "1iIlL"}
    for _ in range(20):
        places = [random.randrange(32) for _ in range(random.randrange(8, 13))]
        locator, secret = places[:-4], places[-4:]
        draw.valid("drawn", "at random", ["CODE-5"], {"locator": locator, "secret": secret})
        typed = ""
        for place in places:
            letter = codes.ALPHABET[place]
            typed += random.choice(look_alike.get(letter, letter + letter.upper()))
            typed += random.choice(("", "", "", "-", " ", "- "))
        code.valid("typed", "as people type", ["CODE-1", "CODE-2"], {"text": typed})
        host = random.choice(("a.example", "RELAY.example:4433", "192.0.2.7", "[2001:db8::7]:9"))
        link.valid("host", "a relay and a code", ["LINK-1"], {"text": f"https://{host}/j#{typed.strip()}"})
        at = random.randrange(len(typed) + 1)
        strange = random.choice("uU_.,/ñ＠٣")
        code.invalid(
            "strange", "another character", {"text": typed[:at] + strange + typed[at:]}, None, "CODE-3"
        )
    for length in (0, 1, 7, 13, 20):
        text = "".join(random.choice(codes.ALPHABET) for _ in range(length))
        code.invalid("length", f"{length} characters", {"text": text}, None, "CODE-4")
    for text in (
        "HTTPS://a.example/j#4060r0gx",
        "https://a.example/j?#4060r0gx",
        "https://a b/j#4060r0gx",
        "https://a.example/J#4060r0gx",
        "https://a.example#4060r0gx",
        "https://a_b/j#4060r0gx",
    ):
        link.invalid("form", "another form", {"text": text}, None, "LINK-3")
    yield from (code, draw, link)


def _fields(random: Random, plane: str, name: str) -> dict[str, Any]:
    """Fields of a message that may be sent, whatever its check of all of them wants."""
    layout = messages.bodies(plane)[name]
    if (plane, name) == ("session", "pad"):
        return {"length": random.choice((0, 1, 127, 128, 300))}
    if (plane, name) == ("session", "receipt"):
        return _receipt(random, layout)
    while True:
        fields = {field: chance.value(random, kind) for field, kind in layout.fields}
        if "proof" in fields and random.random() < 0.7:
            fields["proof"] = random.choice((b"", random.randbytes(64)))
        if name == "introduce":
            fields |= random.choice(({"card": b"", "proof": b""}, {"name": ""}))
        try:
            layout.decode(layout.write(fields))
        except Refused:
            continue
        return fields


def _receipt(random: Random, layout: Body) -> dict[str, Any]:
    fields = {field: chance.value(random, kind) for field, kind in layout.fields}
    errors = registry().errors
    zero = dict.fromkeys(("code", "request", "grant", "scopes", "duration_ms"), 0)
    grant, request = random.getrandbits(32) or 1, random.getrandbits(32) or 1
    scopes, duration = random.randrange(1, 256), random.randrange(1, 900_001)
    told = random.choice(
        (
            {"decision": 1, "scopes": scopes},
            {"decision": 2, "code": errors["declined"]},
            {
                "decision": 3,
                "request": random.choice((0, request)),
                "grant": grant,
                "scopes": scopes,
                "duration_ms": duration,
            },
            {"decision": 4, "code": errors["denied"], "request": request, "scopes": scopes},
            {"decision": 5, "code": errors["revoked"], "grant": grant},
            {"decision": 6, "code": errors["done"]},
            {"decision": 7, "grant": grant, "duration_ms": duration},
        )
    )
    return fields | zero | told | {"sequence": random.getrandbits(31) + 1}


def _planes(random: Random) -> Iterator[Writer]:
    for plane in messages.PLANES:
        writer = Writer(plane)
        for name, kind in registry().messages(plane).items():
            for _ in range(4):
                octets = messages.encode(plane, Message(name, _fields(random, plane, name)))
                writer.valid(name, "fields at random", ["WIRE-6"], {"bytes": octets})
            layout = messages.bodies(plane)[name]
            for mistake in chance.bodies_with_mistakes(random, layout, _fields(random, plane, name)):
                octets = frame(kind, mistake.octets)
                writer.invalid(name, mistake.about, {"bytes": octets}, mistake.error, mistake.requirement)
        _framing(random, plane, writer)
        yield writer


def _framing(random: Random, plane: str, writer: Writer) -> None:
    known = set(registry().messages(plane).values())
    limit = messages.limit_of(plane)
    for _ in range(8):
        kind, content = random.randrange(0x10000), random.randbytes(random.randrange(20))
        if kind in known:
            continue
        octets = frame(kind, content)
        if kind % 2:
            writer.valid("skipped", "an ignorable type", ["WIRE-9"], {"bytes": octets}, one_way=True)
        else:
            writer.invalid("critical", "a critical type", {"bytes": octets}, "unknown-message", "WIRE-8")
    some = random.choice(registry().grease)
    large = write_varint(0x10001 + random.getrandbits(10))
    for about, octets, error, clause in (
        ("a type with a superfluous byte", b"\x82\x00\x00", "malformed", "WIRE-2"),
        ("a length with a superfluous byte", write_varint(some) + b"\x81\x00\x00", "malformed", "WIRE-2"),
        (
            "a type of 17 bits",
            large + b"\x00",
            "malformed",
            "WIRE-1",
        ),
        ("a length over the limit", frame(some, bytes(limit + 1)), "too-large", "WIRE-5"),
    ):
        writer.invalid("framing", about, {"bytes": octets}, error, clause)


def _clears(random: Random) -> Iterator[Writer]:
    writer = Writer("clear")
    for what, layout in (("answer", messages.answer_clear()), ("reconnect-1", messages.reconnect_clear())):
        for _ in range(6):
            fields = {field: chance.value(random, kind) for field, kind in layout.fields}
            given = {"what": what, "bytes": layout.write(fields)}
            writer.valid(what, "fields at random", ["WIRE-6"], given)
        for mistake in chance.bodies_with_mistakes(random, layout, fields):
            given = {"what": what, "bytes": mistake.octets}
            writer.invalid(what, mistake.about, given, mistake.error, mistake.requirement)
    yield writer


def _records(random: Random) -> Iterator[Writer]:
    writer = Writer("record")
    limit = registry().limit

    def valid(what: str, octets: bytes) -> None:
        writer.valid(what, "at random", ["MEDIA-16"], {"what": what, "bytes": octets})

    def wrong(what: str, about: str, octets: bytes, clause: str, error: str = "malformed") -> None:
        writer.invalid(what, about, {"what": what, "bytes": octets}, error, clause)

    for _ in range(6):
        bits = [chance.number(random, n) for n in (16, 32, 32, 64)]
        header = records.MediaHeader(random.random() < 0.5, *bits, random.randrange(17, 16_401))
        valid("media-header", records.encode_media_header(header))
        valid("input-header", records.encode_input_header(chance.number(random, 32)))
        frame_ = _frame(random)
        valid("frame", records.encode_frame(frame_))
        events = [_event(random) for _ in range(random.randrange(9))]
        valid("input", records.encode_slots(events))
    octets = records.encode_media_header(header)
    for at, byte in ((0, 0x42), (1, 0x02), (1, 0x80), (20, 1)):
        wrong("media-header", f"byte {at} is {byte:#x}", _with(octets, at, byte), "MEDIA-9")
    octets = records.encode_input_header(7)
    for at, byte in ((0, 0x40), (1, 1), (2, 1), (3, 79), (3, 81)):
        wrong("input-header", f"byte {at} is {byte:#x}", _with(octets, at, byte), "MEDIA-9")
    octets = records.encode_frame(_frame(random, tiles=2))
    wrong("frame", "an unknown flag", _with(octets, 0, 4), "WIRE-7")
    wrong("frame", "no width", _with(_with(octets, 2, 0), 3, 0), "WIRE-7")
    wrong("frame", "a codec that is not registered", _with(octets, 16, 3), "WIRE-7")
    wrong("frame", "the last byte is missing", octets[:-1], "WIRE-3")
    wrong("frame", "a byte follows", octets + b"\0", "WIRE-4")
    wide = records.Frame(True, 0, limit("display-side") + 1, 1)
    wrong("frame", "a side too long", records.encode_frame(wide), "WIRE-5", "too-large")
    for tile in (records.Tile(9, 0, 2, 1, 1, b""), records.Tile(0, 9, 1, 2, 1, b"")):
        outside = records.encode_frame(records.Frame(True, 0, 10, 10, (tile,)))
        wrong("frame", "a tile that is not inside", outside, "WIRE-7")
    slots = records.encode_slots([])
    for about, slot in (
        ("an unknown kind", "0600000000000000"),
        ("neither down nor up", "0102000400000000"),
        ("a sixth button", "0301060000000000"),
        ("a byte after the usage", "0101000400000001"),
        ("a byte before the wheel", "0401007800000000"),
        ("a byte in an empty slot", "0000000000000001"),
        ("a byte after release-all", "0500010000000000"),
    ):
        at = 8 * random.randrange(8)
        wrong("input", about, slots[:at] + bytes.fromhex(slot) + slots[at + 8 :], "INPUT-7")
    far = registry().limit("wheel-turn") + 1
    for dx, dy in ((far, 0), (0, -far)):
        event = records.Event("wheel", {"dx": dx, "dy": dy})
        wrong("input", "a wheel that turns too far", records.encode_slots([event]), "WIRE-5", "too-large")
    yield writer


def _datagrams(random: Random) -> Iterator[Writer]:
    writer = Writer("datagram")
    for _ in range(12):
        header = random.choice((b"\x40", random.randbytes(5) + random.choice((b"\x10", b"\x10", b"\x14"))))
        if len(header) > 1:
            header = bytes([header[0] | 0x80]) + header[1:]
        octets = header + random.randbytes(random.choice((15, 16, 17, 40)))
        writer.valid("header", "at random", ["PATH-11"], {"bytes": octets}, one_way=True)
    for _ in range(3):
        octets = datagrams.check(random.randbytes(16))
        writer.valid("check", "at random", ["PATH-8"], {"bytes": octets})
    yield writer


def _with(octets: bytes, at: int, byte: int) -> bytes:
    return octets[:at] + bytes([byte]) + octets[at + 1 :]


def _frame(random: Random, tiles: int | None = None) -> records.Frame:
    width, height = random.randrange(2, 16_385), random.randrange(2, 16_385)
    made = []
    for _ in range(random.randrange(4) if tiles is None else tiles):
        x, y = random.randrange(width), random.randrange(height)
        across, down = random.randrange(1, width - x + 1), random.randrange(1, height - y + 1)
        made.append(records.Tile(x, y, across, down, random.choice((1, 2)), random.randbytes(5)))
    return records.Frame(random.random() < 0.5, random.randrange(256), width, height, tuple(made))


def _event(random: Random) -> records.Event:
    u16, turn = random.getrandbits, registry().limit("wheel-turn")
    values = random.choice(
        (
            ("key", {"down": random.random() < 0.5, "usage": u16(16)}),
            ("pointer", {"display": random.randrange(256), "x": u16(16), "y": u16(16)}),
            ("button", {"down": random.random() < 0.5, "button": random.randrange(1, 6)}),
            ("wheel", {"dx": random.randrange(-turn, turn + 1), "dy": random.randrange(-turn, turn + 1)}),
            ("release-all", {}),
        )
    )
    return records.Event(*values)


_MAKERS = (
    _codes,
    _planes,
    _clears,
    _records,
    _datagrams,
    generate_keys.writers,
    generate_evidence.writers,
)


def generate(folder: Path, seed: int = SEED) -> list[Writer]:
    """One file for each kind; the same bytes for the same seed."""
    random = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    writers = [
        writer
        for make in _MAKERS
        for writer in make(random)
    ]
    for writer in writers:
        writer.write(folder)
    return writers
