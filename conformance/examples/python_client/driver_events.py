"""What an endpoint tells, in the words of `conformance/driver.md`."""

from __future__ import annotations

from typing import Any

from alongside_independent.records import Event
from alongside_independent.registry import registry

from .actions import Tell
from .text import clean, name_shown, scope_names

Line = dict[str, Any]
_ENDED_BY = {"person": "own", "here": "own", "time": "own", "peer": "other", "relay": "relay", "way": "relay"}
"""The way to the other end is the relay's to give (END-7)."""


def events_of(role: str, told: Tell) -> list[Line]:
    """The lines for it: none for what the suite does not ask for."""
    if told.what == "denied" and role == "sharer":
        return []
    return [line(told.fields) for line in _EVENTS.get(told.what, [])]


def _event(name: str, *fields: str) -> Any:  # noqa: ANN401
    """An event with these fields as they were told."""
    return lambda told: {"event": name, **{field: told[field] for field in fields}}


def _seconds(ms: int) -> int:
    return ms // 1000


def _ended(told: Line) -> Line:
    line = {"event": "ended", "by": _ENDED_BY[told["by"]], "code": told["code"]}
    return line | ({"clause": told["broken"]} if told["broken"] else {})


def _who(told: Line) -> Line:
    worth, card = told["worth"], told["card"]
    line = {"name": clean(name_shown(told["name"], card)), "standing": worth.result}
    if worth.issuer is not None:
        line["issuer"] = worth.issuer
    if card is not None:
        texts = ("first_name", "last_name", "title", "organisation", "domain")
        line["card"] = {name.replace("_", "-"): clean(card[name]) for name in texts}
    return line


def input_json(event: Event) -> Line:
    values = event.values
    match event.kind:
        case "key":
            return {"key": values["usage"], "down": values["down"]}
        case "pointer":
            return {"pointer": [values["x"], values["y"]], "display": values["display"]}
        case "button":
            return {"button": values["button"], "down": values["down"]}
        case "wheel":
            return {"wheel": [values["dx"], values["dy"]]}
    return {"release": True}


_ONE = {
    "connected": _event("connected"),
    "code": _event("code", "code"),
    "code-ended": _event("code-ended", "code"),
    "secured": lambda told: {"event": "phrase", "words": told["phrase"].split(" ")},
    "asks-consent": lambda told: {"event": "consent-asked", "verified": told["verified"], **_who(told)},
    "card": lambda told: {"event": "card-shown", **_who(told)},
    "picture": _event("picture", "shown"),
    "warned": _event("warned"),
    "viewing": lambda told: {"event": "viewing", "scopes": scope_names(told["scopes"])},
    "displays": _event("displays", "displays"),
    "join-is-held-back": lambda told: {"event": "held-back", "seconds": _seconds(told["most_ms"])},
    "control-rests": lambda told: {"event": "no-control", "seconds": _seconds(told["ms"])},
    "waiting": _event("waiting"),
    "device-failed": _event("device-failed", "code"),
    "elsewhere": _event("elsewhere", "relay"),
    "asks-control": lambda told: {
        "event": "control-asked",
        "scopes": scope_names(told["scopes"]),
        "renewal": told["renewal"],
    },
    "prompt-closed": _event("prompt-closed"),
    "control": lambda told: {
        "event": "granted",
        "scopes": scope_names(told["scopes"]),
        "seconds": _seconds(told["duration_ms"]),
    },
    "control-renewed": lambda told: {"event": "renewed", "seconds": _seconds(told["duration_ms"])},
    "denied": _event("denied", "code"),
    "control-ended": _event("control-ended", "code"),
    "pause": lambda told: {"event": "paused", "own": told["own"], "other": told["other"]},
    "frame": _event("frame", "display", "width", "height", "sha256"),
    "injected": lambda told: {"event": "injected", "input": input_json(told["event"])},
    "released": _event("released"),
    "chat": _event("chat", "text"),
    "delivered": _event("delivered", "line"),
    "offered": _event("offered", "text"),
    "lapsed": _event("lapsed"),
    "item-answered": lambda told: {"event": "answered", "taken": told["taken"]},
    "drawn": _event("drawn", "stroke"),
    "pointed": _event("pointed", "x", "y"),
    "laser-gone": _event("laser-gone"),
    "cleared": _event("cleared"),
    "advisory": lambda told: {"event": "device", "standing": told["status"]},
    "secure-desktop": _event("secure-desktop", "active"),
    "frozen": lambda told: {"event": "frozen", "seconds": _seconds(registry().timer("reconnect"))},
    "back": _event("back"),
    "refused": _event("refused", "code"),
    "report-refused": _event("refused", "code"),
    "reported": _event("reported"),
    "ended": _ended,
}


def _spent(told: Line) -> Line:
    count = min(told["in_last_hour"], registry().limit("spent-codes"))
    return {"event": "spent", "count": count, "warned": told["warned"]}


_EVENTS = {what: [line] for what, line in _ONE.items()} | {
    "code-spent": [_event("code-ended", "code"), _spent],
    "call-spent": [_event("device-failed", "code"), _spent],
}
