"""Kinds of one step: codes, links, messages, other bytes."""

from __future__ import annotations

from .. import codes, datagrams, messages, records
from ..messages import Message
from ..refusal import malformed
from ..registry import registry
from ..wire import Body, Reader, read_frame, to_json
from .kind import BadVector, Json, Kind, members


def _code(given: Json) -> Json:
    (text,) = members(given, "text")
    code = codes.parse_code(text)
    return {"locator": code.locator, "secret": code.secret, "shown": code.shown()}


def _draw(given: Json) -> Json:
    locator, secret = (
        codes.draw(len(places), iter(places).__next__) for places in members(given, "locator", "secret")
    )
    return {"shown": codes.Code(locator, secret).shown()}


def _link(given: Json) -> Json:
    (text,) = members(given, "text")
    link = codes.parse_link(text)
    return {"relay": link.relay, "code": link.code.shown(), "text": link.text()}


def _bytes(given: Json) -> bytes:
    (octets,) = members(given, "bytes")
    return bytes.fromhex(octets)


def message_json(plane: str, message: Message) -> Json:
    kind = registry().messages(plane)[message.name]
    return {"type": kind, "name": message.name, "fields": to_json(message.fields)}


def message_from_json(plane: str, value: Json) -> Message:
    kind, name, fields = members(value, "type", "name", "fields")
    if registry().messages(plane).get(name) != kind:
        raise BadVector(f"{name} is not of type {kind}")
    return Message(name, messages.bodies(plane)[name].from_json(fields))


def _decoded(plane: str, data: bytes) -> Json:
    """All messages of the bytes; the type of each that was skipped is listed."""
    reader, found, skipped = Reader(data), [], []
    while reader.left:
        kind, _ = read_frame(Reader(data[len(data) - reader.left :]), messages.limit_of(plane))
        message = messages.read_message(plane, reader)
        if message is None:
            skipped.append(kind)
        else:
            found.append(message_json(plane, message))
    return {"messages": found} | ({"skipped": skipped} if skipped else {})


def _rendezvous(given: Json) -> Json:
    data = _bytes(given)
    _, rest = messages.decode_control(data)
    found = _decoded("rendezvous", data[: len(data) - len(rest)])
    return found | ({"waiting": len(rest)} if rest else {})


def _envelope(given: Json) -> Json:
    data = _bytes(given)
    messages.decode("envelope", data)
    return _decoded("envelope", data)


def _session(given: Json) -> Json:
    data = _bytes(given)
    messages.decode_plaintext(data)
    return _decoded("session", data)


def _encode_messages(plane: str) -> Kind:
    def invert(_: Json, output: Json) -> Json:
        (found,) = members(output, "messages")
        encoded = [messages.encode(plane, message_from_json(plane, value)) for value in found]
        return {"bytes": b"".join(encoded).hex()}

    return Kind({"rendezvous": _rendezvous, "envelope": _envelope, "session": _session}[plane], invert)


def _layout(what: str) -> Body:
    if what not in ("answer", "reconnect-1"):
        raise BadVector(f"no clear of {what}")
    return messages.answer_clear() if what == "answer" else messages.reconnect_clear()


def _clear(given: Json) -> Json:
    what, octets = members(given, "what", "bytes")
    return {"fields": to_json(_layout(what).decode(bytes.fromhex(octets)))}


def _clear_back(given: Json, output: Json) -> Json:
    layout = _layout(given["what"])
    return {"what": given["what"], "bytes": layout.write(layout.from_json(output["fields"])).hex()}


def _record(given: Json) -> Json:
    what, octets = members(given, "what", "bytes")
    data = bytes.fromhex(octets)
    match what:
        case "media-header":
            if len(data) != records.MEDIA_HEADER:
                raise malformed("WIRE-3", "a header of another size")
            return {"fields": vars(records.decode_media_header(data))}
        case "input-header":
            return {"fields": {"grant": records.decode_input_header(data)}}
        case "frame":
            return {"fields": frame_json(records.decode_frame(data))}
        case "input":
            return {"fields": {"events": events_json(records.decode_slots(data))}}
    raise BadVector(f"no record of {what}")


def frame_json(frame: records.Frame) -> Json:
    return to_json(vars(frame) | {"tiles": [vars(tile) for tile in frame.tiles]})


def events_json(events: list[records.Event]) -> list[Json]:
    return [{"event": event.kind, **event.values} for event in events if event.kind != "empty"]


def events_from_json(values: list[Json]) -> list[records.Event]:
    found = [dict(value) for value in values]
    return [records.Event(value.pop("event"), value) for value in found]


def _record_back(given: Json, output: Json) -> Json:
    what, fields = given["what"], output["fields"]
    match what:
        case "media-header":
            data = records.encode_media_header(records.MediaHeader(**fields))
        case "input-header":
            data = records.encode_input_header(**fields)
        case "frame":
            tiles = tuple(
                records.Tile(**(tile | {"data": bytes.fromhex(tile["data"])})) for tile in fields["tiles"]
            )
            data = records.encode_frame(records.Frame(**(fields | {"tiles": tiles})))
        case "input":
            data = records.encode_slots(events_from_json(fields["events"]))
        case _:
            raise BadVector(f"no record of {what}")
    return {"what": what, "bytes": data.hex()}


def _datagram(given: Json) -> Json:
    data = _bytes(given)
    return to_json({"routing_id": datagrams.routing_id(data), "check": datagrams.token_of_check(data)})


def _check_back(_: Json, output: Json) -> Json:
    return {"bytes": datagrams.check(bytes.fromhex(output["check"])).hex()}


KINDS = {
    "code": Kind(_code),
    "code-draw": Kind(_draw),
    "link": Kind(_link),
    "rendezvous": _encode_messages("rendezvous"),
    "envelope": _encode_messages("envelope"),
    "session": _encode_messages("session"),
    "clear": Kind(_clear, _clear_back),
    "record": Kind(_record, _record_back),
    "datagram": Kind(_datagram, _check_back),
}
