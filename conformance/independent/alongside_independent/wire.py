"""Varints, framing and the encoding of bodies: chapter 07.

A body is described by a list of fields; a field has a `Kind`, which reads and writes one value. Values
are what JSON has, with `bytes` beside it: int, bool, str, bytes, list, dict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .codes import is_locator
from .refusal import malformed, too_large
from .registry import all_scopes, registry

Value = Any


class Reader:
    """Takes values from the front of some bytes, and refuses what is not canonical."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise malformed("WIRE-3", f"{count} bytes are wanted and {self.left} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.take(self.left)

    def varint(self, bits: int, superfluous: str = "WIRE-6") -> int:
        """A canonical varint of an unsigned type; `superfluous` is the clause against a last byte 0."""
        value = 0
        for index in range(-(-bits // 7)):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if index and byte == 0:
                    raise malformed(superfluous, "the varint is longer than its value needs")
                if value >> bits:
                    raise malformed("WIRE-1", f"{value} has more than {bits} bits")
                return value
        raise malformed("WIRE-1", f"the varint has more bytes than {bits} bits need")

    def finish(self) -> None:
        if self.left:
            raise malformed("WIRE-4", f"{self.left} bytes follow the end")


def write_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


LENGTH_BITS = 32


@dataclass(frozen=True)
class Kind:
    """How a value is read and written, and made from what a file of vectors has in its place.

    `shape` names the row of the table of types, `most` is a limit, `parts` are what it is made of: enough
    to draw values and mistakes at random.
    """

    read: Callable[[Reader], Value]
    write: Callable[[Value], bytes]
    from_json: Callable[[Value], Value] = lambda value: value
    shape: str = "other"
    most: int | None = None
    parts: tuple[Kind, ...] = ()
    names: tuple[str, ...] = ()


def allowed(kind: Kind, test: Callable[[Value], bool], why: str, clause: str = "WIRE-7") -> Kind:
    """The same encoding, of which only some values may stand here."""

    def read(reader: Reader) -> Value:
        value = kind.read(reader)
        if not test(value):
            raise malformed(clause, why)
        return value

    return replace(kind, read=read)


def at_most(kind: Kind, most: int) -> Kind:
    """The same encoding of a number with a limit from the registry."""

    def read(reader: Reader) -> Value:
        value = kind.read(reader)
        if value > most:
            raise too_large(f"{value} is more than {most}")
        return value

    return replace(kind, read=read, most=most)


def _read_bool(reader: Reader) -> bool:
    byte = reader.take(1)[0]
    if byte > 1:
        raise malformed("WIRE-7", "a bool is neither 0 nor 1")
    return byte == 1


def _number(bits: int) -> Kind:
    return Kind(lambda reader: reader.varint(bits), write_varint, shape=f"u{bits}")


U8 = Kind(lambda reader: reader.take(1)[0], lambda value: bytes([value]), shape="u8")
U16, U32, U64 = _number(16), _number(32), _number(64)
BOOL = Kind(_read_bool, lambda value: bytes([value]), shape="bool")
SCOPES = replace(
    allowed(U16, lambda value: value & ~all_scopes() == 0, "a scope bit is not registered"), shape="scopes"
)


def fixed(count: int) -> Kind:
    return Kind(lambda reader: reader.take(count), lambda value: value, bytes.fromhex, "fixed", count)


def _count(reader: Reader, most: int | None) -> int:
    count = reader.varint(LENGTH_BITS)
    if most is not None and count > most:
        raise too_large(f"{count} are more than {most}")
    return count


def octets(most: int | None = None, least: int = 0) -> Kind:
    """The type `bytes`."""

    def read(reader: Reader) -> bytes:
        count = _count(reader, most)
        if count < least:
            raise malformed("WIRE-7", f"fewer than {least} bytes")
        return reader.take(count)

    return Kind(read, lambda value: write_varint(len(value)) + value, bytes.fromhex, "bytes", most)


def string(most: int | None = None, least: int = 0) -> Kind:
    def read(reader: Reader) -> str:
        count = _count(reader, most)
        if count < least:
            raise malformed("WIRE-7", f"fewer than {least} bytes")
        try:
            return reader.take(count).decode("utf-8")
        except UnicodeDecodeError:
            raise malformed("WIRE-7", "a string is not UTF-8") from None

    def write(value: str) -> bytes:
        return write_varint(len(value.encode())) + value.encode()

    return Kind(read, write, shape="string", most=most)


LOCATOR = replace(allowed(string(), is_locator, "not a normalised locator"), shape="locator")


def many(element: Kind, most: int, least: int = 0) -> Kind:
    """The type `list of`."""

    def read(reader: Reader) -> list[Value]:
        count = _count(reader, most)
        if count < least:
            raise malformed("WIRE-7", f"fewer than {least} elements")
        return [element.read(reader) for _ in range(count)]

    def write(values: list[Value]) -> bytes:
        return write_varint(len(values)) + b"".join(element.write(value) for value in values)

    def from_json(values: list[Value]) -> list[Value]:
        return [element.from_json(value) for value in values]

    return Kind(read, write, from_json, "list", most, (element,))


def pair(first: Kind, second: Kind) -> Kind:
    return Kind(
        lambda reader: [first.read(reader), second.read(reader)],
        lambda value: first.write(value[0]) + second.write(value[1]),
        lambda value: [first.from_json(value[0]), second.from_json(value[1])],
        "pair",
        parts=(first, second),
    )


@dataclass(frozen=True)
class Body:
    """Fields in order. `check` judges them together once all have been read."""

    fields: tuple[tuple[str, Kind], ...] = ()
    check: Callable[[dict[str, Value]], None] | None = None

    def read(self, reader: Reader) -> dict[str, Value]:
        value = {name: kind.read(reader) for name, kind in self.fields}
        if self.check:
            self.check(value)
        return value

    def write(self, value: dict[str, Value]) -> bytes:
        return b"".join(kind.write(value[name]) for name, kind in self.fields)

    def decode(self, data: bytes) -> dict[str, Value]:
        reader = Reader(data)
        value = {name: kind.read(reader) for name, kind in self.fields}
        reader.finish()
        if self.check:
            self.check(value)
        return value

    def kind(self) -> Kind:
        """The same as an element of a list."""
        names, parts = zip(*self.fields, strict=True)
        return Kind(self.read, self.write, self.from_json, "body", parts=parts, names=names)

    def from_json(self, value: dict[str, Value]) -> dict[str, Value]:
        """Strict: other names than those of the fields are a mistake of the file."""
        if set(value) != {name for name, _ in self.fields}:
            raise ValueError(f"fields {sorted(value)}")
        return {name: kind.from_json(value[name]) for name, kind in self.fields}


def body(check: Callable[[dict[str, Value]], None] | None = None, **fields: Kind) -> Body:
    return Body(tuple(fields.items()), check)


def whole(name: str, least: int, most: int) -> Body:
    """A body that is one run of bytes without a length before it."""

    def read(reader: Reader) -> bytes:
        if reader.left > most:
            raise too_large(f"{reader.left} bytes are more than {most}")
        if reader.left < least:
            raise malformed("WIRE-3", f"fewer than {least} bytes")
        return reader.rest()

    return body(None, **{name: Kind(read, lambda value: value, bytes.fromhex, "whole", most)})


def to_json(value: Value) -> Value:
    """The same with hexadecimal in the place of bytes."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: to_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    return value


def frame(kind: int, content: bytes) -> bytes:
    return write_varint(kind) + write_varint(len(content)) + content


def read_frame(reader: Reader, most: int) -> tuple[int, bytes]:
    """The type and the body of the next message."""
    kind = reader.varint(16, superfluous="WIRE-2")
    length = reader.varint(LENGTH_BITS, superfluous="WIRE-2")
    if length > most:
        raise too_large(f"a body of {length} bytes")
    return kind, reader.take(length)


def control_limit() -> int:
    return registry().limit("control-message")


def record_limit() -> int:
    return registry().limit("record-plaintext")
