"""Kinds of signatures, cards, devices, receipts, and of what a relay writes down."""

from __future__ import annotations

import hashlib
from typing import Any

from .. import edwards, identity, operation, receipts, spake
from ..identity import Anchor
from ..receipt_fields import BODY
from ..refusal import Refused
from ..wire import Body
from .kind import BadVector, Json, Kind, members


def _octets(given: Json, *names: str) -> list[bytes]:
    return [bytes.fromhex(given[name]) for name in names]


def _anchors(given: Json) -> list[Anchor]:
    found = []
    for anchor in given["anchors"]:
        name, key, runs_relay = members(anchor, "name", "key", "runs_relay")
        found.append(Anchor(name, bytes.fromhex(key), runs_relay))
    return found


def _signature(given: Json) -> Json:
    members(given, "key", "message", "signature")
    key, message, signature = _octets(given, "key", "message", "signature")
    if why := edwards.why_not_an_element(key):
        raise Refused(None, "CARD-4", why)
    if why := edwards.why_not_signed(key, message, signature):
        raise Refused(None, "CARD-8", why)
    return {}


def _card_sign(given: Json) -> Json:
    seed, fields = members(given, "seed", "fields")
    card = identity.make_card(identity.card_body().from_json(fields), bytes.fromhex(seed))
    return {"signed": identity.CARD_LABEL + card.signed, "card": card.octets(), "sha256": card.hash()}


def _card(given: Json) -> Json:
    members(given, "card", "proof", "direction", "h", "anchors", "now")
    octets, proof, h = _octets(given, "card", "proof", "h")
    card = None
    if octets:
        card = identity.decode_card(octets)
        identity.check_card(card)
        identity.check_card_proof(given["direction"], h, card, proof)
    found = identity.worth(card, _anchors(given), given["now"])
    output: dict[str, Any] = {"result": found.result}
    if found.issuer is not None:
        output["issuer"] = found.issuer
    if card:
        output["fields"] = card.fields
    return output


def _proof(given: Json) -> Json:
    members(given, "of", "seed", "direction", "h", "bytes")
    seed, h, octets = _octets(given, "seed", "h", "bytes")
    of, direction = given["of"], given["direction"]
    if of == "card":
        signed = identity.card_proof_text(direction, h, identity.decode_card(octets))
    elif of == "statement":
        signed = identity.device_proof_text(h, identity.decode_statement(octets))
    else:
        raise BadVector(f"no proof of {of}")
    return {"signed": signed, "proof": edwards.sign(seed, signed)}


def _possession(given: Json) -> Json:
    members(given, "card_key", "receipt_key", "challenge", "proof")
    card_key, challenge, proof = _octets(given, "card_key", "challenge", "proof")
    receipt_keys = [bytes.fromhex(key) for key in given["receipt_key"]]
    identity.check_request_proof(challenge, card_key, receipt_keys, proof)
    return {"signed": identity.request_text(challenge, card_key, receipt_keys)}


def _statement_sign(given: Json) -> Json:
    seed, fields = members(given, "seed", "fields")
    made = identity.make_statement(identity.statement_body().from_json(fields), bytes.fromhex(seed))
    return {"signed": identity.STATEMENT_LABEL + made.signed, "statement": made.octets()}


def _statement(given: Json) -> Json:
    members(given, "statement", "proof", "h", "anchors", "now")
    octets, proof, h = _octets(given, "statement", "proof", "h")
    statement = None
    if octets:
        statement = identity.decode_statement(octets)
        identity.check_statement(statement)
        identity.check_device_proof(h, statement, proof)
    status, why = identity.device_status(statement, _anchors(given), given["now"])
    return {"status": status} | ({"why": why} if why else {})


def _device(given: Json) -> Json:
    members(given, "id", "token")
    device, token = _octets(given, "id", "token")
    place = spake.password_of_device(device, b"").place.decode("ascii")
    return {"text": device.hex(), "place": place, "token_hash": operation.device_token_hash(token)}


def _unsigned() -> Body:
    """The fields of a receipt up to and with `key`."""
    return Body(BODY.fields[:-1])


def _receipt_sign(given: Json) -> Json:
    seed, fields = members(given, "seed", "fields")
    told = _unsigned().from_json(fields)
    octets = receipts.make(told, bytes.fromhex(seed))
    if BODY.decode(octets)["key"] != told["key"]:
        raise BadVector("the key is not that of the seed")
    return {"signed": receipts.signed_text(told), "receipt": octets}


def _receipt(given: Json) -> Json:
    (octets,) = members(given, "bytes")
    fields = BODY.decode(bytes.fromhex(octets))
    try:
        receipts.check_signature(fields)
    except Refused as refused:
        raise Refused(None, refused.requirement, refused.why) from None
    return {"fields": fields}


def _receipt_back(_: Json, output: Json) -> Json:
    return {"bytes": BODY.write(BODY.from_json(output["fields"])).hex()}


def _receipt_shown(given: Json) -> Json:
    *_, shown = members(given, "h", "helper_card", "receipts")
    helper = receipts.AtHelper(*_octets(given, "h", "helper_card"))
    for place, octets in enumerate(shown, start=1):
        try:
            helper.take(bytes.fromhex(octets))
        except Refused as refused:
            if place != len(shown):
                raise BadVector(f"receipt {place} is wrong, and not the last: {refused}") from None
            raise
    return {}


def _receipt_file(given: Json) -> Json:
    members(given, "file", "anchors", optional=("sha256",))
    (file,) = _octets(given, "file")
    if given.get("sha256", hashlib.sha256(file).hexdigest()) != hashlib.sha256(file).hexdigest():
        raise BadVector("another SHA-256")
    report = receipts.verify_file(file, _anchors(given))
    findings = []
    for finding in report.findings:
        said: dict[str, Any] = {"receipt": finding.receipt, "requirement": finding.requirement}
        findings.append(said | ({"missing": finding.missing} if finding.missing else {}))
    output = {"receipts": report.receipts, "findings": findings, "complete": report.complete}
    if report.attributed is not None:
        return output | {"attributed": report.attributed}
    return output | {"integrity_only": report.integrity_only}


def _journal(given: Json) -> Json:
    (file,) = members(given, "file")
    lines = operation.lines_of(bytes.fromhex(file))
    found = operation.read_journal(bytes.fromhex(file))
    return {"records": [vars(record) for record in found], "dropped": len(lines) - len(found)}


def _journal_back(_: Json, output: Json) -> Json:
    lines = [operation.JournalRecord(**record).line() for record in output["records"]]
    return {"file": b"".join(lines).hex()}


def _report(given: Json) -> Json:
    (file,) = members(given, "file")
    lines = operation.lines_of(bytes.fromhex(file))
    found = [record for record in map(operation.report_record, lines) if record is not None]
    records = [
        {"time": time, "category": category, "account": (account or b"").decode("utf-8")}
        for time, category, account in found
    ]
    return {"records": records, "dropped": len(lines) - len(found)}


def _report_back(_: Json, output: Json) -> Json:
    lines = []
    for record in output["records"]:
        time, category, account = members(record, "time", "category", "account")
        lines.append(operation.report_line(time, category, account.encode() or None))
    return {"file": b"".join(lines).hex()}


KINDS = {
    "signature": Kind(_signature),
    "card-sign": Kind(_card_sign),
    "card": Kind(_card),
    "proof": Kind(_proof),
    "possession": Kind(_possession),
    "statement-sign": Kind(_statement_sign),
    "statement": Kind(_statement),
    "device": Kind(_device),
    "receipt-sign": Kind(_receipt_sign),
    "receipt": Kind(_receipt, _receipt_back),
    "receipt-shown": Kind(_receipt_shown),
    "receipt-file": Kind(_receipt_file),
    "journal": Kind(_journal, _journal_back),
    "report": Kind(_report, _report_back),
}
