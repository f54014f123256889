"""Values and mistakes drawn at random, for each kind of field; everything follows from the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from ..codes import ALPHABET
from ..refusal import Refused
from ..registry import all_scopes
from ..wire import Body, Kind, Reader, write_varint

_BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}
_LETTERS = "aZ09 -éßж中🙂"


def number(random: Random, bits: int) -> int:
    """Small ones and the largest more often than chance would have it."""
    pick = random.randrange(4)
    if pick == 0:
        return random.randrange(3)
    if pick == 1:
        return 2**bits - 1 - random.randrange(2)
    return random.getrandbits(random.randrange(1, bits + 1))


def text(random: Random, most: int) -> str:
    out = ""
    for _ in range(random.randrange(most + 1)):
        letter = random.choice(_LETTERS)
        if len((out + letter).encode()) > most:
            break
        out += letter
    return out


def _draw(random: Random, kind: Kind) -> Any:  # noqa: ANN401
    match kind.shape:
        case "bool":
            return random.random() < 0.5
        case "scopes":
            return random.getrandbits(16) & all_scopes()
        case "locator":
            return "".join(random.choice(ALPHABET) for _ in range(random.randrange(4, 9)))
        case "fixed":
            return random.randbytes(kind.most or 0)
        case "bytes" | "whole":
            return random.randbytes(
                random.choice((0, 1, 16, random.randrange(64), min(kind.most or 64, 300)))
            )
        case "string":
            return text(random, min(kind.most or 40, 40))
        case "list":
            element = kind.parts[0]
            return [value(random, element) for _ in range(random.randrange(min(kind.most or 4, 4) + 1))]
        case "pair":
            return [value(random, part) for part in kind.parts]
        case "body":
            return {name: value(random, part) for name, part in zip(kind.names, kind.parts, strict=True)}
        case "u8" | "u16" | "u32" | "u64" as shape:
            return number(random, _BITS[shape])
    raise ValueError(f"nothing can be drawn for {kind.shape}")


def value(random: Random, kind: Kind) -> Any:  # noqa: ANN401
    """One that may stand there."""
    while True:
        drawn = _draw(random, kind)
        try:
            kind.read(Reader(kind.write(drawn)))
        except Refused:
            continue
        return drawn


@dataclass(frozen=True)
class Mistake:
    """Bytes in the place of a field, with one thing wrong."""

    about: str
    octets: bytes
    error: str
    requirement: str


def mistakes(random: Random, kind: Kind) -> Iterator[Mistake]:
    """What can be wrong with a field of this kind."""
    shape, most = kind.shape, kind.most
    if shape in ("u16", "u32", "u64", "scopes"):
        bits = _BITS.get(shape, 16)
        small = random.choice([n for n in range(1, 0x60) if _may(kind, bytes([n]))] or [1])
        yield Mistake("a superfluous last byte", bytes([small | 0x80, 0]), "malformed", "WIRE-6")
        beyond = 2**bits + random.getrandbits(8)
        yield Mistake(f"more than {bits} bits", write_varint(beyond), "malformed", "WIRE-1")
        if most is not None:
            yield Mistake("over its limit", write_varint(most + 1), "too-large", "WIRE-5")
    if shape == "scopes":
        bit = random.choice([1 << n for n in range(16) if not all_scopes() >> n & 1])
        yield Mistake("a scope that is not registered", write_varint(bit | 1), "malformed", "WIRE-7")
    if shape == "u8":
        for wrong in [n for n in range(256) if not _may(kind, bytes([n]))][:2]:
            yield Mistake(f"{wrong}, which may not stand there", bytes([wrong]), "malformed", "WIRE-7")
    if shape == "bool":
        yield Mistake("neither 0 nor 1", bytes([random.randrange(2, 256)]), "malformed", "WIRE-7")
    if shape in ("string", "locator"):
        yield Mistake("not UTF-8", b"\x04\xff\xfe\xc0\x80", "malformed", "WIRE-7")
    if shape == "locator":
        for wrong in ("abc", "abcdefghj", "ABCD", "abcu", "ab-cd"):
            octets = write_varint(len(wrong)) + wrong.encode()
            yield Mistake("no locator as it is normalised", octets, "malformed", "WIRE-7")
    if shape in ("string", "bytes") and most is not None:
        octets = write_varint(most + 1) + b"a" * (most + 1)
        yield Mistake(f"{most + 1} bytes", octets, "too-large", "WIRE-5")
    if shape == "list" and most is not None:
        elements = b"".join(kind.parts[0].write(value(random, kind.parts[0])) for _ in range(most + 1))
        yield Mistake(f"{most + 1} elements", write_varint(most + 1) + elements, "too-large", "WIRE-5")


def _may(kind: Kind, octets: bytes) -> bool:
    try:
        kind.read(Reader(octets))
    except Refused:
        return False
    return True


def bodies_with_mistakes(random: Random, layout: Body, fields: dict[str, Any]) -> Iterator[Mistake]:
    """Encodings of these fields, each with a mistake in one of them or at its end."""
    parts = {name: kind.write(fields[name]) for name, kind in layout.fields}
    for name, kind in layout.fields:
        for mistake in mistakes(random, kind):
            octets = b"".join((parts | {name: mistake.octets}).values())
            yield Mistake(f"{name}: {mistake.about}", octets, mistake.error, mistake.requirement)
    if any(kind.shape in ("whole", "other") for _, kind in layout.fields):
        return
    good = b"".join(parts.values())
    if good:
        yield Mistake("the last byte is missing", good[:-1], "malformed", "WIRE-3")
    yield Mistake("a byte follows", good + random.randbytes(1), "malformed", "WIRE-4")
