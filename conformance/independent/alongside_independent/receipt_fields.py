"""The body of a receipt, and which fields go with which decision: chapter 16."""

from __future__ import annotations

from typing import Any

from .refusal import malformed
from .registry import registry
from .wire import SCOPES, U8, U16, U32, U64, body, fixed, pair

# Of each decision, the fields that are not 0; a name with a question mark may be 0.
_FIELDS = {
    "consent-allowed": {"scopes"},
    "consent-declined": {"code"},
    "control-granted": {"request?", "grant", "scopes", "duration_ms"},
    "control-denied": {"code", "request", "scopes"},
    "control-ended": {"code", "grant"},
    "session-ended": {"code"},
    "control-renewed": {"grant", "duration_ms"},
}
_CODES = {"consent-declined": "declined", "control-denied": "denied"}


def decision_name(number: int) -> str | None:
    return next((name for name, known in registry().ids("decision").items() if known == number), None)


def _check(value: dict[str, Any]) -> None:
    name = decision_name(value["decision"])
    if name is None:
        raise malformed("RECEIPT-8", "no such decision")
    for field in ("code", "request", "grant", "scopes", "duration_ms"):
        if field + "?" not in _FIELDS[name] and (value[field] != 0) != (field in _FIELDS[name]):
            raise malformed("RECEIPT-8", f"the field {field} does not fit {name}")
    if name in _CODES and value["code"] != registry().errors[_CODES[name]]:
        raise malformed("RECEIPT-8", f"the code does not fit {name}")
    if value["duration_ms"] > registry().timer("grant"):
        raise malformed("RECEIPT-8", "a duration of more than 15 minutes")
    if value["sequence"] == 0:
        raise malformed("RECEIPT-8", "sequences begin with 1")


BODY = body(
    _check,
    decision=U8,
    code=U16,
    request=U32,
    grant=U32,
    scopes=SCOPES,
    duration_ms=U32,
    time=U64,
    sequence=U32,
    transcript=fixed(32),
    sharer_card=fixed(32),
    helper_card=fixed(32),
    key=fixed(32),
    signature=pair(fixed(32), fixed(32)),
)
