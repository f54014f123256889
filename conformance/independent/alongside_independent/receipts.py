"""Receipts, the helper's check of each, and files of them: chapter 16."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from . import edwards
from .identity import Anchor, Signed, check_card, decode_card
from .receipt_fields import BODY, decision_name
from .refusal import Refused, malformed, too_large
from .registry import registry
from .wire import Reader, frame, read_frame

_LABEL = b"alongside/1 receipt\0"
MAGIC = b"alongside/1 receipts\n"
_RECEIPT, _CARD = 0x02, 0x04
_CARD_MOST = 16_384
_SAME = ("transcript", "sharer_card", "helper_card", "key")

Fields = dict[str, Any]


def _signed(fields: Fields) -> bytes:
    """The body up to and with the field key."""
    return BODY.write({**fields, "signature": (b"", b"")})


def make(fields: Fields, seed: bytes) -> bytes:
    """The body of a receipt; key and signature are those of the seed (RECEIPT-7)."""
    fields = {**fields, "key": edwards.public_key(seed)}
    signature = edwards.sign(seed, _LABEL + _signed(fields))
    return BODY.write({**fields, "signature": (signature[:32], signature[32:])})


def check_signature(fields: Fields) -> None:
    """RECEIPT-9."""
    r, s = fields["signature"]
    for name, octets in (("key", fields["key"]), ("R", r)):
        found = edwards.decode(octets)
        if found is None or found.encode() != octets or found.is_small():
            raise Refused("bad-receipt", "RECEIPT-9", f"{name} is no point that may stand there")
    why = edwards.why_not_signed(fields["key"], _LABEL + _signed(fields), r + s)
    if why:
        raise Refused("bad-receipt", "RECEIPT-9", why)


@dataclass
class AtHelper:
    """RECEIPT-10, over the receipts of a session."""

    transcript: bytes
    own_card: bytes = bytes(32)
    _before: Fields | None = None

    def take(self, octets: bytes) -> Fields:
        fields = BODY.decode(octets)
        try:
            check_signature(fields)
        except Refused as refused:
            raise Refused("bad-receipt", "RECEIPT-10", refused.why) from None
        before = self._before or fields
        if fields["transcript"] != self.transcript:
            raise Refused("bad-receipt", "RECEIPT-10", "another transcript")
        if fields["helper_card"] != self.own_card:
            raise Refused("bad-receipt", "RECEIPT-10", "another helper card")
        if (fields["key"], fields["sharer_card"]) != (before["key"], before["sharer_card"]):
            raise Refused("bad-receipt", "RECEIPT-10", "another key or sharer card than before")
        if self._before and fields["sequence"] <= before["sequence"]:
            raise Refused("bad-receipt", "RECEIPT-10", "not higher in sequence")
        self._before = fields
        return fields


def make_file(receipts: list[bytes], cards: list[bytes] | None = None) -> bytes:
    items = [frame(_RECEIPT, octets) for octets in receipts] + [frame(_CARD, card) for card in cards or []]
    return MAGIC + b"".join(items)


@dataclass
class Report:
    """What a verifier says of a file. `refused` holds index of the receipt, or of the card, and clause."""

    receipts: int = 0
    missing: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    out_of_order: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    cards_refused: list[tuple[int, str]] = field(default_factory=list)
    may_lack_the_last: bool = False
    attributed: str | None = None


def read_items(file: bytes) -> tuple[list[bytes], list[bytes]]:
    """Receipts and cards of a file (RECEIPT-11)."""
    if len(file) > registry().limit("receipt-file"):
        raise too_large("the file", "RECEIPT-11")
    if not file.startswith(MAGIC):
        raise malformed("RECEIPT-11", "another beginning")
    reader = Reader(file[len(MAGIC) :])
    found: dict[int, list[bytes]] = {_RECEIPT: [], _CARD: []}
    while reader.left:
        try:
            kind, content = read_frame(reader, registry().limit("receipt-file"))
        except Refused as refused:
            raise malformed("RECEIPT-11", refused.why) from None
        if kind not in found or (kind == _CARD and len(content) > _CARD_MOST):
            raise malformed("RECEIPT-11", "another item")
        found[kind].append(content)
    return found[_RECEIPT], found[_CARD]


class _Order:
    """RECEIPT-14: which decision may follow."""

    def __init__(self) -> None:
        self.first = True
        self.closed = False
        self.alive: int | None = None
        self.highest_grant = 0
        self.highest_request = 0

    def allows(self, receipt: Fields) -> bool:
        name, request, grant = decision_name(receipt["decision"]), receipt["request"], receipt["grant"]
        opening = name in ("consent-allowed", "consent-declined")
        if self.closed or opening != self.first:
            return False
        if name == "control-granted":
            fresh = request == 0 or request > self.highest_request
            return fresh and grant > self.highest_grant and self.alive is None
        if name == "control-denied":
            return request > self.highest_request
        if name in ("control-ended", "control-renewed"):
            return grant == self.alive
        return name != "session-ended" or self.alive is None

    def follow(self, receipt: Fields) -> None:
        name = decision_name(receipt["decision"])
        self.first = False
        self.closed = name in ("consent-declined", "session-ended")
        self.highest_request = max(self.highest_request, receipt["request"])
        self.highest_grant = max(self.highest_grant, receipt["grant"])
        if name == "control-granted":
            self.alive = receipt["grant"]
        elif name == "control-ended":
            self.alive = None


def verify_file(file: bytes, anchors: list[Anchor] | None = None) -> Report:
    receipts, cards = read_items(file)
    report = Report(receipts=len(receipts))
    good = _check_receipts(receipts, report)
    _check_cards(cards, good, report)
    last = decision_name(good[-1]["decision"]) if good else None
    report.may_lack_the_last = last not in ("consent-declined", "session-ended")
    report.attributed = _attributed(cards, good, report, anchors or [])
    return report


def _check_receipts(receipts: list[bytes], report: Report) -> list[Fields]:
    good: list[Fields] = []
    order = _Order()
    highest, gap = 0, False
    for index, octets in enumerate(receipts):
        try:
            fields = BODY.decode(octets)
            check_signature(fields)
            if good and any(fields[name] != good[0][name] for name in _SAME):
                raise Refused(None, "RECEIPT-13", "not of this session")
        except Refused as refused:
            report.refused.append((index, refused.requirement))
            continue
        sequence = fields["sequence"]
        if any(sequence == before["sequence"] for before in good):
            report.repeated.append(sequence)
            continue
        if sequence < highest:
            report.out_of_order.append(sequence)
            report.missing.remove(sequence)
            good.append(fields)
            continue
        if sequence > highest + 1:
            report.missing += range(highest + 1, sequence)
            gap = True
        highest = sequence
        if not gap and not order.allows(fields):
            report.refused.append((index, "RECEIPT-14"))
            continue
        order.follow(fields)
        good.append(fields)
    return good


def _check_cards(cards: list[bytes], good: list[Fields], report: Report) -> None:
    named = {fields[name] for fields in good for name in ("sharer_card", "helper_card")}
    for index, octets in enumerate(cards):
        if hashlib.sha256(octets).digest() not in named:
            report.cards_refused.append((index, "RECEIPT-16"))


def _attributed(cards: list[bytes], good: list[Fields], report: Report, anchors: list[Anchor]) -> str | None:
    """RECEIPT-17: the anchor by whom the file is attributed."""
    if not good or report.refused or report.cards_refused:
        return None
    for octets in cards:
        if hashlib.sha256(octets).digest() != good[0]["sharer_card"]:
            continue
        try:
            card: Signed = decode_card(octets)
            check_card(card)
        except Refused:
            return None
        anchor = next((anchor for anchor in anchors if anchor.key == card.fields["issuer"]), None)
        tolerance = registry().timer("clock-tolerance") // 1000
        begins, ends = card.fields["not_before"] - tolerance, card.fields["expires"] + tolerance
        within = all(begins <= fields["time"] <= ends for fields in good)
        if anchor and within and card.fields["receipt_key"] == [good[0]["key"]]:
            return anchor.name
    return None
