"""Receipts, the helper's check of each, and files of them: chapter 16."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from . import edwards
from .identity import Anchor, check_card, decode_card
from .receipt_fields import BODY, decision_name
from .refusal import Refused
from .registry import registry
from .wire import Reader, frame, read_frame

_LABEL = b"alongside/1 receipt\0"
MAGIC = b"alongside/1 receipts\n"
_RECEIPT, _CARD = 0x02, 0x04
_CARD_MOST = 16_384
_SAME = ("transcript", "sharer_card", "helper_card", "key")

Fields = dict[str, Any]


def signed_text(fields: Fields) -> bytes:
    """The label, and the body up to and with the field key (RECEIPT-7)."""
    return _LABEL + BODY.write({**fields, "signature": (b"", b"")})


def make(fields: Fields, seed: bytes) -> bytes:
    """The body of a receipt; key and signature are those of the seed."""
    fields = {**fields, "key": edwards.public_key(seed)}
    signature = edwards.sign(seed, signed_text(fields))
    return BODY.write({**fields, "signature": (signature[:32], signature[32:])})


def check_signature(fields: Fields) -> None:
    """RECEIPT-9."""
    r, s = fields["signature"]
    for name, octets in (("key", fields["key"]), ("R", r)):
        found = edwards.decode(octets)
        if found is None or found.encode() != octets or found.is_small():
            raise Refused("bad-receipt", "RECEIPT-9", f"{name} is no point that may stand there")
    why = edwards.why_not_an_element(fields["key"])
    why = why or edwards.why_not_signed(fields["key"], signed_text(fields), r + s)
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


@dataclass(frozen=True)
class Finding:
    """`receipt` is its place in the file, from 1; of a card, how many receipts stand before it."""

    receipt: int
    requirement: str
    missing: tuple[int, int] | None = None


@dataclass
class Report:
    """What a verifier says of a file: `attributed` to an anchor, or `integrity_only` for a reason."""

    receipts: int = 0
    findings: list[Finding] = field(default_factory=list)
    complete: bool = False
    attributed: str | None = None
    integrity_only: str | None = None


def read_items(file: bytes) -> list[tuple[int, bytes]]:
    """Types and bodies of the items of a file (RECEIPT-11)."""
    if len(file) > registry().limit("receipt-file"):
        raise Refused(None, "RECEIPT-11", "the file is too large")
    if not file.startswith(MAGIC):
        raise Refused(None, "RECEIPT-11", "another beginning")
    reader = Reader(file[len(MAGIC) :])
    items = []
    while reader.left:
        try:
            kind, content = read_frame(reader, registry().limit("receipt-file"))
        except Refused as refused:
            raise Refused(None, "RECEIPT-11", refused.why) from None
        if kind not in (_RECEIPT, _CARD) or (kind == _CARD and len(content) > _CARD_MOST):
            raise Refused(None, "RECEIPT-11", "another item")
        items.append((kind, content))
    return items


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
    """Findings of receipts stand first, those of cards last."""
    items = read_items(file)
    report = Report()
    good = _check_receipts([content for kind, content in items if kind == _RECEIPT], report)
    _check_cards(items, good, report)
    report.complete = _is_complete(sum(kind == _RECEIPT for kind, _ in items), good, report)
    try:
        cards = [content for kind, content in items if kind == _CARD]
        report.attributed = _attributed(cards, good, report, anchors or [])
    except _NotAttributed as reason:
        report.integrity_only = str(reason)
    return report


def _is_complete(count: int, good: list[Fields], report: Report) -> bool:
    """RECEIPT-15: the last receipt holds and ends a session."""
    wrong = {f.receipt for f in report.findings if f.missing is None and f.requirement != "RECEIPT-16"}
    if not good or count in wrong:
        return False
    return decision_name(good[-1]["decision"]) in ("consent-declined", "session-ended")


class _Sequence:
    """RECEIPT-12: which receipts are missing, repeated or out of order."""

    def __init__(self) -> None:
        self.highest = 0
        self.gap = False

    def finding(self, place: int, sequence: int) -> Finding | None:
        if sequence <= self.highest:
            return Finding(place, "RECEIPT-12")
        found = None
        if sequence > self.highest + 1:
            found = Finding(place, "RECEIPT-12", (self.highest + 1, sequence - 1))
            self.gap = True
        self.highest = sequence
        return found


def _check_receipts(receipts: list[bytes], report: Report) -> list[Fields]:
    """Those whose form and signature are right; each has at most one finding."""
    if not receipts:
        report.findings.append(Finding(0, "RECEIPT-11"))
    good: list[Fields] = []
    order, sequence = _Order(), _Sequence()
    for place, octets in enumerate(receipts, start=1):
        try:
            fields = BODY.decode(octets)
            report.receipts += 1
            check_signature(fields)
            if good and any(fields[name] != good[0][name] for name in _SAME):
                raise Refused(None, "RECEIPT-13", "not of this session")
        except Refused as refused:
            clause = refused.requirement if refused.requirement.startswith("RECEIPT") else "RECEIPT-8"
            report.findings.append(Finding(place, clause))
            continue
        good.append(fields)
        found = sequence.finding(place, fields["sequence"])
        if found:
            report.findings.append(found)
        elif not sequence.gap:
            if not order.allows(fields):
                report.findings.append(Finding(place, "RECEIPT-14"))
            order.follow(fields)
    return good


def _check_cards(items: list[tuple[int, bytes]], good: list[Fields], report: Report) -> None:
    named = {fields[name] for fields in good for name in ("sharer_card", "helper_card")}
    before = 0
    for kind, content in items:
        if kind == _RECEIPT:
            before += 1
        elif hashlib.sha256(content).digest() not in named:
            report.findings.append(Finding(before, "RECEIPT-16"))


class _NotAttributed(Exception):
    """Why not."""


def _attributed(cards: list[bytes], good: list[Fields], report: Report, anchors: list[Anchor]) -> str:
    """RECEIPT-17: the anchor by whom the file is attributed. What is missing alone is not wrong."""
    if any(finding.missing is None for finding in report.findings):
        raise _NotAttributed("wrong")
    wanted = good[0]["sharer_card"]
    if wanted == bytes(32):
        raise _NotAttributed("no-card")
    octets = next((card for card in cards if hashlib.sha256(card).digest() == wanted), None)
    if octets is None:
        raise _NotAttributed("card-missing")
    try:
        card = decode_card(octets)
        check_card(card)
    except Refused:
        raise _NotAttributed("bad-card") from None
    if card.fields["receipt_key"] != [good[0]["key"]]:
        raise _NotAttributed("other-key")
    anchor = next((anchor for anchor in anchors if anchor.key == card.fields["issuer"]), None)
    if anchor is None:
        raise _NotAttributed("unknown-issuer")
    tolerance = registry().timer("clock-tolerance") // 1000
    begins, ends = card.fields["not_before"] - tolerance, card.fields["expires"] + tolerance
    if not all(begins <= fields["time"] <= ends for fields in good):
        raise _NotAttributed("time")
    return anchor.name
