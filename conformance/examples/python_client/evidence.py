"""Receipts of what a sharer's person decided: chapter 16."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from alongside_independent import receipt_fields, receipts
from alongside_independent.messages import Message
from alongside_independent.model.sharer import Prompt
from alongside_independent.model.sharer import Sharer as Machine
from alongside_independent.registry import error_name, registry

from .endpoint import Endpoint

NONE = bytes(32)


class Evidence(Endpoint):
    machine: Machine
    random: Callable[[int], bytes]
    _prompt: Prompt | None

    def __init__(self, *given: Any) -> None:  # noqa: ANN401
        super().__init__(*given)
        self.wants_receipts = False
        """RECEIPT-1, RECEIPT-2: and that the helper gets them too."""
        self._receipt_seed: bytes | None = None
        self._receipts = 0
        self._unsent: list[bytes] = []
        self._answered = False

    def sent(self, message: Message) -> None:
        """What is told to the helper is decided."""
        fields = message.fields
        match message.name:
            case "consent":
                self._answered = True
                self._sign("consent-allowed", scopes=fields["scopes"])
            case "control-grant":
                kept = {name: fields[name] for name in ("request", "grant", "scopes", "duration_ms")}
                self._sign("control-granted", **kept)
            case "control-renew":
                self._sign("control-renewed", grant=fields["grant"], duration_ms=fields["duration_ms"])
            case "control-deny" if error_name(fields["code"]) == "denied":
                scopes = self._prompt.scopes
                self._sign("control-denied", code=fields["code"], request=fields["request"], scopes=scopes)
            case "control-end":
                self._sign("control-ended", grant=fields["grant"], code=fields["code"])

    def grant_ended(self, grant: int, why: str) -> None:
        """Without a `control-end`."""
        self._sign("control-ended", grant=grant, code=registry().errors[why])

    def _end(self) -> None:
        error = registry().errors[self.machine.ended_with or "done"]
        if self._answered:
            self._sign("session-ended", code=error)
        elif self.machine.ended_with == "declined":
            self._sign("consent-declined", code=error)
        super()._end()

    def _look(self) -> None:
        super()._look()
        unsent, self._unsent = self._unsent, []
        for octets in unsent:
            if not self.over and not self.machine.frozen:
                fields = receipt_fields.BODY.decode(octets)
                self._do(
                    self.machine.step(self.machine.now, lambda f=fields: self.machine.send("receipt", **f))
                )

    def _sign(self, decision: str, **fields: int) -> None:
        """RECEIPT-4 to RECEIPT-7."""
        if not self.wants_receipts or self._channel is None:
            return
        self._receipts += 1
        card = self.own_card if self.own_card and self.own_card.receipt_seed else None
        if self._receipt_seed is None:
            self._receipt_seed = card.receipt_seed if card else self.random(32)
        whole = dict.fromkeys(("code", "request", "grant", "scopes", "duration_ms"), 0) | fields
        octets = receipts.make(
            {
                "decision": registry().ids("decision")[decision],
                **whole,
                "time": self.date(self.machine.now),
                "sequence": self._receipts,
                "transcript": self._channel.h,
                "sharer_card": hashlib.sha256(card.octets).digest() if card else NONE,
                "helper_card": self._their_card.hash() if self._their_card else NONE,
            },
            self._receipt_seed,
        )
        self._unsent.append(octets)
        self.tell("receipt", octets=octets)
