"""Which message may come in which phase: the table of chapter 05."""

from __future__ import annotations

PHASES = (
    ("sharer", "securing"),
    ("sharer", "deciding"),
    ("sharer", "viewing"),
    ("helper", "deciding"),
    ("helper", "viewing"),
)

_ROWS = {
    "introduce": "y----",
    "consent": "---y-",
    "displays": "----y",
    "shown refresh epoch-seen": "--y--",
    "control-request control-withdraw": "--y--",
    "control-grant control-deny": "----y",
    "control-end": "--y-y",
    "epoch": "----y",
    "pause": "-yyyy",
    "chat chat-ack": "--y-y",
    "card": "---yy",
    "advisory": "----y",
    "advisory-ack": "--y--",
    "picture-request picture": "-yyyy",
    "heartbeat": "-yyyy",
    "receipt": "----y",
    "control-renew secure-desktop": "----y",
    "stroke laser clear": "--y--",
    "clipboard clipboard-taken probe probe-answer": "--y-y",
    "path-offer": "--y-y",
    "end": "yyyyy",
    "pad": "yyyyy",
    "state": "-----",
}

ALLOWED = {
    name: {phase for phase, mark in zip(PHASES, marks, strict=True) if mark == "y"}
    for names, marks in _ROWS.items()
    for name in names.split()
}
