"""Vectors of signatures, cards, statements, receipts, journals and reports, at random."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random
from typing import Any

from .. import edwards, identity, operation, receipts
from ..registry import registry, scope_bits
from .generate_keys import bad_elements, flip
from .writer import Writer

_NAMES = ("Ada", "Grace", "Łukasz", "王芳", "Zoë", "नेहा")
_START = 1_800_000_000


def _key(seed: bytes) -> bytes:
    return edwards.public_key(seed)


def _signatures(random: Random) -> Writer:
    writer = Writer("signature")
    for _ in range(6):
        seed, message = random.randbytes(32), random.randbytes(random.randrange(60))
        key, signature = _key(seed), edwards.sign(seed, message)
        given = {"key": key, "message": message, "signature": signature}
        writer.valid("right", "at random", ["CARD-8"], given)
        changed = given | {"signature": flip(random, signature)}
        writer.invalid("changed", "a bit of the signature", changed, None, "CARD-8")
        other = given | {"message": message + b"\0"}
        writer.invalid("message", "another message", other, None, "CARD-8")
        s = int.from_bytes(signature[32:], "little") + edwards.L
        beyond = given | {"signature": signature[:32] + s.to_bytes(32, "little")}
        writer.invalid("beyond", "S and L", beyond, None, "CARD-8")
    for about, element in bad_elements().items():
        found = edwards.decode(element)
        if found is None or (8 * found).is_identity():
            writer.invalid("key", about, _under_bad_key(random, element, 0), None, "CARD-4")
        elif about == "beside the subgroup":
            writer.invalid("key", about, _under_bad_key(random, element, 5), None, "CARD-4")
    return writer


def _under_bad_key(random: Random, key: bytes, secret: int) -> dict[str, bytes]:
    """A signature whose equation holds all the same, where there is one: the key alone is wrong."""
    while True:
        message, nonce = random.randbytes(20), random.randrange(1, edwards.L)
        r = (nonce * edwards.BASE).encode()
        k = edwards.challenge(r, key, message)
        if k % 8 == 0:
            s = (nonce + k * secret) % edwards.L
            return {"key": key, "message": message, "signature": r + s.to_bytes(32, "little")}


def _card_fields(random: Random, issuer: bytes, card: bytes, receipt: bytes | None) -> dict[str, Any]:
    full = random.random() < 0.6
    begins = _START + random.randrange(1_000_000)
    picture = {"hash": random.randbytes(32), "size": random.randrange(1, 65_537)}
    return {
        "version": 1,
        "profile": 2 if full else 1,
        "issuer": _key(issuer),
        "serial": random.randbytes(16),
        "first_name": random.choice(_NAMES),
        "last_name": random.choice(_NAMES) if full else random.choice(("", "L", "Ł")),
        "title": random.choice(("", "Engineer", "Инженер")) if full else "",
        "organisation": random.choice(("", "Analytical Engines")) if full else "",
        "domain": random.choice(("", "engines.example", "xn--bcher-kva.example", "a")) if full else "",
        "picture": [picture] if full and random.random() < 0.5 else [],
        "ceiling": random.getrandbits(8) | scope_bits("view"),
        "card_key": _key(card),
        "receipt_key": [_key(receipt)] if receipt else [],
        "not_before": begins,
        "expires": begins + random.randrange(1, 86_401),
    }


_CARD_MISTAKES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("it ends when it begins", {"expires": 7, "not_before": 7}, "malformed", "CARD-3"),
    ("it lives too long", {"expires": 86_408, "not_before": 7}, "malformed", "CARD-3"),
    ("a first name that turns text around", {"first_name": "a\u202eb"}, "malformed", "CARD-6"),
    ("a line separator", {"first_name": "a\u2028b"}, "malformed", "CARD-6"),
    ("a space without width", {"last_name": "\u200b"}, "malformed", "CARD-6"),
    ("a control character of C1", {"first_name": "a\u0085"}, "malformed", "CARD-6"),
    ("no first name", {"first_name": ""}, "malformed", "WIRE-7"),
    ("a ceiling without view", {"ceiling": 2}, "malformed", "WIRE-7"),
    ("version 0", {"version": 0}, "malformed", "WIRE-7"),
    ("profile 3", {"profile": 3}, "malformed", "WIRE-7"),
    ("a first name of 65 bytes", {"first_name": "é" * 32 + "a"}, "too-large", "WIRE-5"),
)
_FULL_MISTAKES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("two full stops", {"domain": "a..b"}, "malformed", "WIRE-7"),
    ("a label that begins with a hyphen", {"domain": "-a.b"}, "malformed", "WIRE-7"),
    ("an underscore", {"domain": "a_b"}, "malformed", "WIRE-7"),
    ("a picture of no bytes", {"picture": [{"hash": bytes(32), "size": 0}]}, "malformed", "WIRE-7"),
    ("a large picture", {"picture": [{"hash": bytes(32), "size": 65_537}]}, "too-large", "WIRE-5"),
    ("an isolate in the title", {"title": "\u2066"}, "malformed", "CARD-6"),
)
_BRIEF_MISTAKES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("two characters of a last name", {"last_name": "Lo"}, "malformed", "CARD-5"),
    ("a title", {"title": "x"}, "malformed", "CARD-5"),
    ("a domain", {"domain": "x"}, "malformed", "CARD-5"),
)


def _cards(random: Random) -> Iterator[Writer]:
    sign, card, proof = Writer("card-sign"), Writer("card"), Writer("proof")
    for _ in range(12):
        issuer, owner, receipt = (random.randbytes(32) for _ in range(3))
        fields = _card_fields(random, issuer, owner, random.choice((None, receipt)))
        made = identity.make_card(fields, issuer)
        direction, h = random.choice(("to-sharer", "to-helper")), random.randbytes(32)
        signed = edwards.sign(owner, identity.card_proof_text(direction, h, made))
        sign.valid("random", "at random", ["CARD-1"], {"seed": issuer, "fields": fields})
        given = {"of": "card", "seed": owner, "direction": direction, "h": h, "bytes": made.octets()}
        proof.valid("card", "at random", ["CARD-9"], given)
        anchors = [{"name": "Other", "key": _key(owner), "runs_relay": False}]
        if random.random() < 0.7:
            anchors.append({"name": "Engines", "key": _key(issuer), "runs_relay": random.random() < 0.5})
        edges = (fields["not_before"] - 300, fields["expires"] + 300)
        now = random.choice((None, edges[0], edges[1], edges[0] - 1, edges[1] + 1, fields["expires"]))
        shown = {"card": made.octets(), "proof": signed, "direction": direction, "h": h}
        shown |= {"anchors": anchors, "now": now}
        card.valid("random", "at random", ["CARD-13", "CARD-14"], shown)
        bad = shown | {"proof": flip(random, signed)}
        card.invalid("proof", "a bit of the proof", bad, "bad-proof", "CARD-9")
        bad = shown | {"card": flip(random, made.octets(), len(made.octets()) - 64)}
        card.invalid("signature", "a bit of the signature", bad, "bad-card", "CARD-7")
        profile = _FULL_MISTAKES if fields["profile"] == 2 else _BRIEF_MISTAKES
        for about, change, error, clause in (random.choice(_CARD_MISTAKES), random.choice(profile)):
            wrong = identity.make_card(fields | change, issuer)
            bad = shown | {"card": wrong.octets()}
            bad["proof"] = edwards.sign(owner, identity.card_proof_text(direction, h, wrong))
            card.invalid("field", about, bad, error, clause)
    yield from (sign, card, proof)


def _statements(random: Random) -> Iterator[Writer]:
    sign, statement = Writer("statement-sign"), Writer("statement")
    for status in (1, 2, 3, 4) * 2:
        issuer, device, h = (random.randbytes(32) for _ in range(3))
        issued = _START + random.randrange(10**6)
        fields = {
            "version": 1,
            "issuer": _key(issuer),
            "device_key": _key(device),
            "status": status,
            "issued": issued,
            "expires": issued + random.randrange(1, 3_601),
        }
        made = identity.make_statement(fields, issuer)
        sign.valid("random", "at random", ["ADVISORY-4"], {"seed": issuer, "fields": fields})
        anchors = [{"name": "Engines", "key": _key(issuer), "runs_relay": False}]
        now = random.choice((None, issued - 300, issued - 301, fields["expires"] + 300, issued))
        shown = {
            "statement": made.octets(),
            "proof": edwards.sign(device, identity.device_proof_text(h, made)),
            "h": h,
            "anchors": random.choice(([], anchors, anchors, anchors)),
            "now": now,
        }
        statement.valid("random", "at random", ["ADVISORY-6"], shown)
        bad = shown | {"statement": flip(random, made.octets(), len(made.octets()) - 64)}
        statement.invalid("signature", "a bit of the signature", bad, "bad-advisory", "ADVISORY-4")
        bad = shown | {"proof": flip(random, shown["proof"])}
        statement.invalid("proof", "a bit of the proof", bad, "bad-proof", "ADVISORY-5")
    yield from (sign, statement)


def _possessions(random: Random) -> Writer:
    writer = Writer("possession")
    for count in (1, 2, 2):
        seeds, challenge = [random.randbytes(32) for _ in range(count)], random.randbytes(32)
        keys = [_key(seed) for seed in seeds]
        proof = identity.make_request_proof(challenge, seeds)
        given = {"card_key": keys[0], "receipt_key": keys[1:], "challenge": challenge, "proof": proof}
        writer.valid("random", "at random", ["CARD-24"], given)
        bad = given | {"proof": flip(random, proof)}
        writer.invalid("changed", "a bit of the proof", bad, "denied", "CARD-24")
    return writer


def _session(random: Random, seed: bytes, length: int) -> list[dict[str, Any]]:
    """Receipts of one session, most of them in an order that may be."""
    errors = registry().errors
    same = {
        "transcript": random.randbytes(32),
        "sharer_card": bytes(32),
        "helper_card": random.choice((bytes(32), random.randbytes(32))),
        "key": _key(seed),
    }
    zero = dict.fromkeys(("code", "request", "grant", "scopes", "duration_ms"), 0)
    told: list[dict[str, Any]] = [{"decision": 1, "scopes": scope_bits("view", "chat")}]
    request = grant = alive = 0
    for _ in range(length):
        request, scopes = request + random.randrange(1, 3), random.randrange(1, 256)
        duration = random.randrange(1, 900_001)
        choices: list[dict[str, Any]] = [
            {"decision": 4, "code": errors["denied"], "request": request, "scopes": scopes}
        ]
        if alive:
            choices.append({"decision": 5, "code": errors["expired"], "grant": alive})
            choices.append({"decision": 7, "grant": alive, "duration_ms": duration})
        else:
            asked = {"request": random.choice((request, request, 0)), "grant": grant + 1}
            choices.append({"decision": 3, "scopes": scopes, "duration_ms": duration} | asked)
        chosen = random.choice(choices)
        if chosen["decision"] == 3:
            grant = alive = chosen["grant"]
        elif chosen["decision"] == 5:
            alive = 0
        told.append(chosen)
    if random.random() < 0.6:
        if alive:
            told.append({"decision": 5, "code": errors["done"], "grant": alive})
        told.append({"decision": 6, "code": errors["done"]})
    made = []
    for sequence, one in enumerate(told, start=1):
        made.append(zero | one | same | {"time": _START + sequence, "sequence": sequence})
    return made


def _receipts(random: Random) -> Iterator[Writer]:
    sign, one, shown, whole = (Writer(f"receipt{more}") for more in ("-sign", "", "-shown", "-file"))
    for turn in range(14):
        seed = random.randbytes(32)
        fields = _session(random, seed, random.randrange(6))
        bodies = [receipts.make(told, seed) for told in fields]
        told, octets = random.choice(list(zip(fields, bodies, strict=True)))
        sign.valid("random", "at random", ["RECEIPT-7"], {"seed": seed, "fields": told})
        one.valid("random", "at random", ["RECEIPT-9"], {"bytes": octets})
        bad = octets[:-64] + flip(random, octets[-64:])
        one.invalid("changed", "a bit of the signature", {"bytes": bad}, None, "RECEIPT-9")
        helper = {"h": fields[0]["transcript"], "helper_card": fields[0]["helper_card"]}
        shown.valid(
            "random", "some of a session", ["RECEIPT-10"], helper | {"receipts": _some(random, bodies)}
        )
        again = [*bodies, random.choice(bodies)]
        shown.invalid("again", "one again", helper | {"receipts": again}, "bad-receipt", "RECEIPT-10")
        file = receipts.make_file(_disturbed(random, bodies) if turn % 2 else bodies)
        given = {"file": file, "sha256": hashlib.sha256(file).digest(), "anchors": []}
        whole.valid("random", "a session, and what became of its file", ["RECEIPT-12", "RECEIPT-14"], given)
    yield from (sign, one, shown, whole)


def _some(random: Random, bodies: list[bytes]) -> list[bytes]:
    return [body for body in bodies if random.random() < 0.8] or bodies[:1]


def _disturbed(random: Random, bodies: list[bytes]) -> list[bytes]:
    """Without one, with one twice, or with one that was changed."""
    at = random.randrange(len(bodies))
    match random.randrange(3):
        case 0 if len(bodies) > 1:
            return bodies[:at] + bodies[at + 1 :]
        case 1:
            return [*bodies[: at + 1], *bodies[at:]]
    body = bodies[at]
    return [*bodies[:at], body[:-64] + flip(random, body[-64:]), *bodies[at + 1 :]]


def _books(random: Random) -> Iterator[Writer]:
    journal, report, device = Writer("journal"), Writer("report"), Writer("device")
    codes, bits = sorted(registry().errors.values()), sum(registry().bits("journal_feature").values())
    bad = (b"1 2 3 0301\n", b"01 2 3 0301 0000\n", b"1 2 3 0301 0000 \n", b"\n", b"1\t2 3 0301 0000\n")
    for _ in range(8):
        lines = []
        for number in range(1, random.randrange(2, 6)):
            start = random.getrandbits(random.choice((31, 64)))
            features = random.getrandbits(16) & bits
            lines.append(operation.JournalRecord(number, start, start, random.choice(codes), features).line())
        journal.valid("right", "records", ["JOURNAL-7"], {"file": b"".join(lines)})
        lines.insert(random.randrange(len(lines) + 1), random.choice(bad))
        torn = random.choice((b"", b"1", b"17 1795248013 17", b"17 1795248013 1795249120 0301 0003"))
        file = b"".join(lines) + torn
        journal.valid("torn", "a line that is none", ["JOURNAL-7"], {"file": file}, one_way=True)
        account = random.choice((None, b"-", "é ü%".encode(), b"https://id.example somebody", b"%41"))
        line = operation.report_line(random.getrandbits(33), random.randrange(1, 5), account)
        report.valid("right", "a report", ["REPORT-9"], {"file": line})
        broken = {"file": line[:-1] + random.choice((b"%2f\n", b"%41\n", b"\x7f\n", b"%FF\n", b""))}
        report.valid("wrong", "a line that is none", ["REPORT-9"], broken, one_way=True)
        given = {"id": random.randbytes(16), "token": random.randbytes(32)}
        device.valid("random", "at random", ["DEVICE-12"], given)
    yield from (journal, report, device)


def writers(random: Random) -> Iterator[Writer]:
    yield _signatures(random)
    yield from _cards(random)
    yield from _statements(random)
    yield _possessions(random)
    yield from _receipts(random)
    yield from _books(random)
