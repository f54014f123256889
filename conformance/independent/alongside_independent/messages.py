"""Every message and envelope: its fields, in order, as the tables of the chapters give them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import receipt_fields
from .refusal import Refused, malformed
from .registry import registry
from .wire import (
    BOOL,
    LOCATOR,
    SCOPES,
    U8,
    U16,
    U32,
    U64,
    Body,
    Kind,
    Reader,
    allowed,
    at_most,
    body,
    control_limit,
    fixed,
    frame,
    many,
    octets,
    pair,
    read_frame,
    record_limit,
    string,
    whole,
)

PLANES = ("rendezvous", "envelope", "session")


@dataclass(frozen=True)
class Message:
    name: str
    fields: dict[str, Any]


def _in_registry(table: str) -> Kind:
    known = set(registry().ids(table).values())
    return allowed(U8, lambda value: value in known, f"not a registered {table}")


def _key_list() -> Kind:
    return many(fixed(32), 1)


_ROUTING_ID = allowed(fixed(8), any, "the routing id that no end has")


def _rendezvous() -> dict[str, Body]:
    offer = octets(registry().limit("offer"))
    error = body(code=U16)
    empty = body()
    return {
        "hello": body(features=many(U16, 64)),
        "relay-hello": body(
            timers=many(pair(U16, U64), 64),
            limits=many(pair(U16, U64), 64),
        ),
        "code-request": empty,
        "code-issued": body(locator=LOCATOR, lifetime_ms=U32),
        "join": body(locator=LOCATOR, link=BOOL, offer=offer),
        "joined": body(offer=offer),
        "deliver": whole("envelope", 1, control_limit()),
        "leave": error,
        "gone": error,
        "refused": error,
        "place": body(token=fixed(32)),
        "rejoin": body(token=fixed(32)),
        "rejoined": body(peer=BOOL),
        "peer-lost": empty,
        "peer-back": empty,
        "sign-in": body(method=U8, token=string(registry().limit("sign-in-token"), least=1)),
        "signed-in": body(help=SCOPES, share=SCOPES, name=string(64), organisation=string(64), lasts_ms=U64),
        "report": body(category=_in_registry("report_category")),
        "reported": empty,
        "card-request": body(profile=_in_registry("profile"), card_key=fixed(32), receipt_key=_key_list()),
        "card-challenge": body(challenge=fixed(32)),
        "card-proof": body(proof=octets(128)),
        "card-issued": body(card=octets(registry().limit("card"))),
        "wait": body(device=fixed(16), token=fixed(32), offer=offer),
        "waiting": empty,
        "call": body(device=fixed(16)),
        "path-request": empty,
        "path": body(id=_ROUTING_ID),
        "path-proof": body(token=fixed(16)),
        "path-open": body(id=_ROUTING_ID),
        "path-over": error,
    }


def _envelopes() -> dict[str, Body]:
    most = registry().limit("offer")
    exchange = octets(most)
    return {
        "offer": body(versions=many(U16, 16), suites=many(U8, 16), ceiling=SCOPES, element=fixed(32)),
        "answer": body(clear=exchange, noise=exchange),
        "confirm": whole("noise", 0, most),
        "sealed": whole("ciphertext", 16, record_limit() + 16),
        "reconnect-1": body(clear=exchange, noise=exchange),
        "reconnect-2": body(generation=U32, attempt=U32, noise=exchange),
    }


def answer_clear() -> Body:
    """The field *clear* of an answer."""
    return body(version=U16, suite=U8, ceiling=SCOPES, element=fixed(32))


def reconnect_clear() -> Body:
    """The field *clear* of reconnect-1."""
    return body(
        version=U16, suite=U8, session_id=fixed(16), master_hash=fixed(32), generation=U32, attempt=U32
    )


def _no_control_characters(text: str) -> bool:
    return not any(unicodedata.category(character) == "Cc" for character in text)


def _check_introduce(value: dict[str, Any]) -> None:
    if value["card"]:
        if len(value["proof"]) != 64:
            raise malformed("CARD-10", "a card without a proof of 64 bytes")
        if value["name"]:
            raise malformed("CARD-10", "a name beside a card")
    elif value["proof"]:
        raise malformed("CARD-10", "a proof without a card")


def _check_displays(value: dict[str, Any]) -> None:
    ids = [display["id"] for display in value["displays"]]
    if len(set(ids)) != len(ids):
        raise malformed("WIRE-7", "two displays have one id")


def _check_advisory(value: dict[str, Any]) -> None:
    if len(value["proof"]) != (64 if value["statement"] else 0):
        raise malformed("WIRE-7", "the proof does not go with the statement")


_ZEROS = Kind(lambda reader: len(reader.rest()), bytes)


def _session() -> dict[str, Body]:
    limit = registry().limit
    side = at_most(allowed(U16, lambda value: value > 0, "a display without pixels"), limit("display-side"))
    empty = body()
    grant_end = body(grant=U32, code=U16)
    return {
        "pad": body(length=_ZEROS),
        "introduce": body(
            _check_introduce,
            opening=fixed(32),
            name=allowed(string(limit("name")), _no_control_characters, "a control character"),
            card=octets(limit("card")),
            proof=octets(),
        ),
        "consent": body(scopes=SCOPES),
        "displays": body(
            _check_displays,
            displays=many(body(id=U8, width=side, height=side).kind(), limit("displays")),
        ),
        "shown": body(frame=U32),
        "control-request": body(request=U32, scopes=SCOPES),
        "control-withdraw": body(request=U32),
        "control-grant": body(request=U32, grant=U32, scopes=SCOPES, duration_ms=U32, secret=fixed(32)),
        "control-deny": body(request=U32, code=U16),
        "control-end": grant_end,
        "pause": body(paused=BOOL),
        "epoch": body(epoch=U32, paused=BOOL),
        "epoch-seen": body(epoch=U32),
        "refresh": empty,
        "chat": body(id=U32, text=string(limit("chat"))),
        "chat-ack": body(id=U32),
        "heartbeat": empty,
        "end": body(code=U16),
        "state": body(paused=BOOL, scopes=SCOPES, epoch=U32, grant=U32, sent=U32, received=U32),
        "card": body(
            card=octets(limit("card"), least=1),
            proof=allowed(octets(), lambda value: len(value) == 64, "a proof of another size"),
        ),
        "advisory": body(_check_advisory, statement=octets(limit("advisory")), proof=octets()),
        "advisory-ack": empty,
        "picture-request": empty,
        "picture": body(offset=U32, data=octets(limit("picture-chunk"))),
        "receipt": receipt_fields.BODY,
        "control-renew": body(request=U32, grant=U32, duration_ms=U32),
        "clipboard": body(grant=U32, item=U32, text=string(limit("clipboard"))),
        "clipboard-taken": body(item=U32, taken=BOOL),
        "stroke": body(
            grant=U32,
            stroke=U32,
            display=U8,
            colour=allowed(U8, lambda value: value <= 7, "no such colour"),
            width=allowed(U8, lambda value: 1 <= value <= 32, "no such width"),
            points=many(pair(U16, U16), limit("stroke-points"), least=1),
        ),
        "laser": body(grant=U32, display=U8, x=U16, y=U16),
        "clear": body(grant=U32),
        "secure-desktop": body(active=BOOL),
        "probe": body(probe=U32),
        "probe-answer": body(probe=U32),
        "path-offer": body(certificate=fixed(32)),
    }


@cache
def bodies(plane: str) -> dict[str, Body]:
    return {"rendezvous": _rendezvous, "envelope": _envelopes, "session": _session}[plane]()


def encode(plane: str, message: Message) -> bytes:
    """The message as it is framed."""
    kind = registry().messages(plane)[message.name]
    return frame(kind, bodies(plane)[message.name].write(message.fields))


def limit_of(plane: str) -> int:
    """The most bytes of body that a message of this plane may have."""
    return record_limit() if plane == "session" else control_limit()


def read_message(plane: str, reader: Reader) -> Message | None:
    """The next message; None for one that is skipped (WIRE-9)."""
    kind, content = read_frame(reader, limit_of(plane))
    name = next((name for name, known in registry().messages(plane).items() if known == kind), None)
    if name is None:
        if kind % 2 == 0:
            raise Refused("unknown-message", "WIRE-8", f"type {kind:#x} is critical and not known")
        return None
    return Message(name, bodies(plane)[name].decode(content))


def decode(plane: str, data: bytes) -> Message | None:
    """Exactly one message."""
    reader = Reader(data)
    message = read_message(plane, reader)
    reader.finish()
    return message


def decode_first(buffered: bytes) -> tuple[Message | None, bytes | None]:
    """The first message of a control stream and what follows it; no rest when it is not complete."""
    try:
        read_frame(Reader(buffered), control_limit())
    except Refused as refused:
        if refused.requirement == "WIRE-3":
            return None, None
        raise
    reader = Reader(buffered)
    return read_message("rendezvous", reader), reader.rest()


def decode_control(buffered: bytes) -> tuple[list[Message | None], bytes]:
    """The messages of the plane rendezvous that stand in these bytes, and what is to be completed."""
    found: list[Message | None] = []
    while True:
        message, rest = decode_first(buffered)
        if rest is None:
            return found, buffered
        found.append(message)
        buffered = rest


def decode_plaintext(data: bytes) -> list[Message]:
    """The messages of one record of the session plane, without those that are skipped."""
    if len(data) > record_limit():
        raise Refused("too-large", "WIRE-5", f"a plaintext of {len(data)} bytes")
    reader = Reader(data)
    found = []
    empty = True
    while reader.left:
        empty = False
        message = read_message("session", reader)
        if message is not None:
            found.append(message)
    if empty:
        raise malformed("WIRE-3", "a plaintext without a message")
    return found


def encode_plaintext(messages: list[Message]) -> bytes:
    return b"".join(encode("session", message) for message in messages)


def pad_to_multiple(plaintext: bytes, multiple: int) -> bytes:
    """CHAT-5 and TOOL-13: by as many `pad` as it takes, at the end."""
    kind = registry().messages("session")["pad"]
    missing = -len(plaintext) % multiple
    if missing == 1:
        missing += multiple
    while missing:
        for overhead in (2, 3):
            content = missing - overhead
            one = frame(kind, bytes(content)) if content >= 0 else b""
            if len(one) == missing:
                return plaintext + one
        plaintext += frame(kind, b"")
        missing -= 2
    return plaintext
