"""Cards, their proofs and what they are worth, advisories, pictures: chapter 15."""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from dataclasses import dataclass
from typing import Any

from . import edwards
from .refusal import Refused, malformed, too_large
from .registry import registry, scope_bits
from .wire import SCOPES, U8, U32, U64, Body, Kind, Reader, allowed, at_most, body, fixed, many, string

SIGNATURE = 64
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*)?")
_INVISIBLE = {0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x2028, 0x202F), *range(0x2066, 0x206A)}


def _shows(text: str) -> bool:
    return not any(
        unicodedata.category(character) == "Cc" or ord(character) in _INVISIBLE for character in text
    )


def _text(most: int, least: int = 0) -> Kind:
    return allowed(string(most, least), _shows, "a character that is not for showing", "CARD-6")


def _one_of(table: str) -> Kind:
    known = set(registry().ids(table).values())
    return allowed(U8, lambda value: value in known, f"not a registered {table}")


_VERSION = allowed(U8, lambda value: value == 1, "another version")


def _check_card(value: dict[str, Any]) -> None:
    lifetime = registry().timer("card-lifetime") // 1000
    if not 0 < value["expires"] - value["not_before"] <= lifetime:
        raise malformed("CARD-3", "expires before it begins, or lives too long")
    if value["profile"] == registry().ids("profile")["abbreviated"]:
        told = value["title"] or value["organisation"] or value["domain"] or value["picture"]
        if told or len(value["last_name"]) > 1:
            raise malformed("CARD-5", "an abbreviated card that tells more")


def card_body() -> Body:
    limit = registry().limit
    size = at_most(allowed(U32, lambda value: value > 0, "an empty picture"), limit("picture"))
    domain = string(limit("domain"))
    return body(
        _check_card,
        version=_VERSION,
        profile=_one_of("profile"),
        issuer=fixed(32),
        serial=fixed(16),
        first_name=_text(limit("name"), least=1),
        last_name=_text(limit("name")),
        title=_text(limit("card-text")),
        organisation=_text(limit("card-text")),
        domain=allowed(domain, lambda value: bool(_DOMAIN.fullmatch(value)), "no domain"),
        picture=many(body(hash=fixed(32), size=size).kind(), 1),
        ceiling=allowed(SCOPES, lambda value: bool(value & scope_bits("view")), "a ceiling without view"),
        card_key=fixed(32),
        receipt_key=many(fixed(32), 1),
        not_before=U64,
        expires=U64,
    )


def _check_statement(value: dict[str, Any]) -> None:
    if not 0 < value["expires"] - value["issued"] <= registry().timer("advisory-lifetime") // 1000:
        raise malformed("ADVISORY-3", "expires before it is issued, or holds too long")


def statement_body() -> Body:
    return body(
        _check_statement,
        version=_VERSION,
        issuer=fixed(32),
        device_key=fixed(32),
        status=_one_of("device-status"),
        issued=U64,
        expires=U64,
    )


CARD_LABEL = b"alongside/1 card\0"
STATEMENT_LABEL = b"alongside/1 advisory\0"


@dataclass(frozen=True)
class Signed:
    """The fields of a card or a statement, and the signature as it came."""

    fields: dict[str, Any]
    signed: bytes
    signature: bytes

    def octets(self) -> bytes:
        return self.signed + self.signature

    def hash(self) -> bytes:
        return hashlib.sha256(self.octets()).digest()


def _make(layout: Body, label: bytes, fields: dict[str, Any], issuer_seed: bytes) -> Signed:
    signed = layout.write(fields)
    return Signed(fields, signed, edwards.sign(issuer_seed, label + signed))


def _decode(layout: Body, octets: bytes, most: int) -> Signed:
    if len(octets) > most:
        raise too_large(f"{len(octets)} bytes")
    reader = Reader(octets)
    fields = {name: kind.read(reader) for name, kind in layout.fields}
    signed = octets[: len(octets) - reader.left]
    signature = reader.take(SIGNATURE)
    reader.finish()
    if layout.check:
        layout.check(fields)
    return Signed(fields, signed, signature)


def make_card(fields: dict[str, Any], issuer_seed: bytes) -> Signed:
    """CARD-1."""
    return _make(card_body(), CARD_LABEL, fields, issuer_seed)


def decode_card(octets: bytes) -> Signed:
    return _decode(card_body(), octets, registry().limit("card"))


def make_statement(fields: dict[str, Any], issuer_seed: bytes) -> Signed:
    return _make(statement_body(), STATEMENT_LABEL, fields, issuer_seed)


def decode_statement(octets: bytes) -> Signed:
    return _decode(statement_body(), octets, registry().limit("advisory"))


def check_card(card: Signed) -> None:
    """CARD-7: whether it is authentic."""
    keys = [card.fields["issuer"], card.fields["card_key"], *card.fields["receipt_key"]]
    for key in keys:
        why = edwards.why_not_an_element(key)
        if why:
            raise Refused("bad-card", "CARD-7", f"a key {why}")
    why = edwards.why_not_signed(card.fields["issuer"], CARD_LABEL + card.signed, card.signature)
    if why:
        raise Refused("bad-card", "CARD-7", why)


def check_statement(statement: Signed) -> None:
    """ADVISORY-4."""
    issuer = statement.fields["issuer"]
    why = edwards.why_not_an_element(issuer)
    why = why or edwards.why_not_signed(issuer, STATEMENT_LABEL + statement.signed, statement.signature)
    if why:
        raise Refused("bad-advisory", "ADVISORY-4", why)


def _proof_text(label: bytes, direction: str, h: bytes, hashed: bytes) -> bytes:
    return label + b"\0" + bytes([registry().ids("direction")[direction]]) + h + hashed


def card_proof_text(direction: str, h: bytes, card: Signed) -> bytes:
    return _proof_text(b"alongside/1 card proof", direction, h, card.hash())


def device_proof_text(h: bytes, statement: Signed) -> bytes:
    return _proof_text(b"alongside/1 device proof", "to-helper", h, statement.hash())


def check_card_proof(direction: str, h: bytes, card: Signed, proof: bytes) -> None:
    why = edwards.why_not_signed(card.fields["card_key"], card_proof_text(direction, h, card), proof)
    if why:
        raise Refused("bad-proof", "CARD-9", why)


def check_device_proof(h: bytes, statement: Signed, proof: bytes) -> None:
    key = statement.fields["device_key"]
    text = device_proof_text(h, statement)
    why = edwards.why_not_an_element(key) or edwards.why_not_signed(key, text, proof)
    if why:
        raise Refused("bad-proof", "ADVISORY-5", why)


@dataclass(frozen=True)
class Anchor:
    name: str
    key: bytes
    runs_relay: bool = False


def _holds(begins: int, ends: int, now: int | None) -> bool:
    """By the client's calendar, in seconds; None when it does not know what time it is."""
    tolerance = registry().timer("clock-tolerance") // 1000
    return now is not None and begins - tolerance <= now <= ends + tolerance


@dataclass(frozen=True)
class Worth:
    """`issuer` is the name of the anchor that vouches for a card, if one does."""

    result: str
    issuer: str | None = None

    @property
    def vouched(self) -> bool:
        """For CARD-17 and CARD-19."""
        return self.issuer is not None

    def shown(self) -> str:
        """In the words of the table."""
        return {
            "verified": f"verified by {self.issuer}",
            "vouched-by-relay": f"vouched for by the relay's operator, {self.issuer}",
            "unknown-issuer": "unverified: issuer not known here",
            "clock": "unverified: clock",
            "no-card": "unverified: no card",
        }[self.result]


def _anchor_of(key: bytes, anchors: list[Anchor]) -> Anchor | None:
    return next((anchor for anchor in anchors if anchor.key == key), None)


def worth(card: Signed | None, anchors: list[Anchor], now: int | None) -> Worth:
    """Of an authentic card, or of none."""
    if card is None:
        return Worth("no-card")
    anchor = _anchor_of(card.fields["issuer"], anchors)
    if anchor is None:
        return Worth("unknown-issuer")
    if not _holds(card.fields["not_before"], card.fields["expires"], now):
        return Worth("clock")
    return Worth("vouched-by-relay" if anchor.runs_relay else "verified", anchor.name)


def narrowed_ceiling(ceiling: int, card: Signed | None, found: Worth) -> int:
    """CARD-18 and CARD-19, for a helper's card."""
    if card is not None:
        ceiling &= card.fields["ceiling"]
    return ceiling if found.vouched else ceiling & ~scope_bits("elevation")


def device_status(statement: Signed | None, anchors: list[Anchor], now: int | None) -> tuple[str, str | None]:
    """The status, and why it is unknown (ADVISORY-6)."""
    if statement is None:
        return "unknown", "no-statement"
    if _anchor_of(statement.fields["issuer"], anchors) is None:
        return "unknown", "unknown-issuer"
    if not _holds(statement.fields["issued"], statement.fields["expires"], now):
        return "unknown", "clock"
    names = registry().ids("device-status")
    status = next(name for name, number in names.items() if number == statement.fields["status"])
    return status, "issuer-cannot-tell" if status == "unknown" else None


def request_text(challenge: bytes, card_key: bytes, receipt_keys: list[bytes]) -> bytes:
    """What the keys of a card-request sign."""
    keys = bytes([len(receipt_keys)]) + b"".join(receipt_keys)
    return b"alongside/1 card request\0" + challenge + card_key + keys


def make_request_proof(challenge: bytes, seeds: list[bytes]) -> bytes:
    """Of the card key's seed and, if there is one, the receipt key's."""
    keys = [edwards.public_key(seed) for seed in seeds]
    text = request_text(challenge, keys[0], keys[1:])
    return b"".join(edwards.sign(seed, text) for seed in seeds)


def check_request_proof(challenge: bytes, card_key: bytes, receipt_keys: list[bytes], proof: bytes) -> None:
    """CARD-24."""
    keys = [card_key, *receipt_keys]
    if len(proof) != SIGNATURE * len(keys):
        raise Refused("denied", "CARD-24", "not one signature for each key")
    text = request_text(challenge, card_key, receipt_keys)
    for at, key in enumerate(keys):
        signature = proof[SIGNATURE * at : SIGNATURE * (at + 1)]
        why = edwards.why_not_an_element(key) or edwards.why_not_signed(key, text, signature)
        if why:
            raise Refused("denied", "CARD-24", why)


def check_issued(
    octets: bytes, card_key: bytes, receipt_keys: list[bytes], profile: int | None = None
) -> Signed:
    """CARD-26; without a profile, whichever it is."""
    try:
        card = decode_card(octets)
        check_card(card)
    except Refused as refused:
        raise Refused("bad-card", "CARD-26", refused.why) from None
    if card.fields["card_key"] != card_key or card.fields["receipt_key"] != receipt_keys:
        raise Refused("bad-card", "CARD-26", "not for the key that was asked for")
    if profile not in (None, card.fields["profile"]):
        raise Refused("bad-card", "CARD-26", "of another profile")
    return card


def picture_pieces(file: bytes) -> list[tuple[int, bytes]]:
    """PICTURE-3: offsets and data; one empty piece for a file that is not at hand."""
    step = registry().limit("picture-chunk")
    return [(at, file[at : at + step]) for at in range(0, len(file), step)] or [(0, b"")]


class PictureReceiver:
    """Collects what `picture-request` asked for."""

    def __init__(self, picture: dict[str, Any]) -> None:
        self._hash, self._size = picture["hash"], picture["size"]
        self._have = b""
        self.over = False
        self.whole = False

    @property
    def file(self) -> bytes:
        """As far as it has come."""
        return self._have

    def piece(self, offset: int, data: bytes) -> bytes | None:
        """The file once it is whole; None before, and when it is not at hand."""
        step = registry().limit("picture-chunk")
        if self.over or offset != len(self._have):
            raise Refused("unexpected-message", "PICTURE-2", "not the next piece")
        if offset == 0 and not data:
            self.over = True
            return None
        if len(data) != min(step, self._size - offset):
            raise Refused("unexpected-message", "PICTURE-2", "a piece of another size")
        self._have += data
        if len(self._have) < self._size:
            return None
        self.over = True
        if hashlib.sha256(self._have).digest() != self._hash:
            raise Refused("bad-picture", "PICTURE-4", "another file")
        self.whole = True
        return self._have


def picture_sides(file: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG; PICTURE-5 for what may not be decoded."""
    if file.startswith(b"\x89PNG\r\n\x1a\n"):
        sides = struct.unpack(">II", file[16:24]) if len(file) >= 24 else (0, 0)
    elif file.startswith(b"\xff\xd8\xff"):
        sides = _jpeg_sides(file)
    else:
        raise Refused(None, "PICTURE-5", "neither PNG nor JPEG")
    if not all(0 < side <= registry().limit("picture-side") for side in sides):
        raise Refused(None, "PICTURE-5", f"sides of {sides}")
    return sides


def _jpeg_sides(file: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(file) and file[at] == 0xFF:
        marker, length = file[at + 1], int.from_bytes(file[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", file[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 0, 0
