"""The helper before its channel stands: codes, calls, joins. Chapters 02, 03, 04, 17."""

from __future__ import annotations

from ..refusal import Refused
from ..registry import registry
from .end import End
from .outcome import Outcome


class Joining(End):
    """Phases idle, asking, calling, with a code, securing; then those of the session."""

    role = "helper"

    def __init__(self, ceiling: int) -> None:
        super().__init__(ceiling, "idle")
        self.spent_at: list[int] = []
        self.warned_at: int | None = None

    # the person

    def person_asks_for_code(self, now: int) -> Outcome:
        return self.step(now, lambda: self._begin("asking"))

    def person_calls_device(self, now: int) -> Outcome:
        return self.step(now, lambda: self._begin("calling"))

    def _begin(self, phase: str) -> None:
        if self.phase != "idle":
            raise Refused(None, "RDV-6", "something else is under way")
        if self.warned_at is not None and self.now - self.warned_at < registry().timer("spent-delay"):
            raise Refused(None, "CODE-13", "the helper waits after a warning")
        self.phase = phase

    # the relay

    def code_issued(self, now: int) -> Outcome:
        return self.step(now, lambda: self._answered(("asking",), "with a code"))

    def joined(self, now: int) -> Outcome:
        return self.step(now, lambda: self._answered(("with a code", "calling"), "securing"))

    def _answered(self, phases: tuple[str, ...], then: str) -> None:
        if self.phase not in phases:
            raise self.violation("RDV-5", "answers nothing that was asked")
        self.phase = then

    def refused(self, now: int, error: str) -> Outcome:
        def take() -> None:
            if self.phase not in ("asking", "calling"):
                raise self.violation("RDV-5", "answers nothing that was asked")
            entry = next(entry for entry in registry().raw["error"] if entry["name"] == error)
            if entry.get("retry"):
                self.phase = "idle"
            else:
                self.finish(error)

        return self.step(now, take)

    def gone(self, now: int, error: str) -> Outcome:
        def take() -> None:
            if error in ("idle", "relay-shutdown") or self.phase in ("deciding", "viewing"):
                self.finish(error, tell=False)
            elif self.phase == "securing":
                self._give_up(error)
            elif self.phase in ("with a code", "calling"):
                self.phase = "idle"
            else:
                raise Refused(None, "END-5", "it crossed a leave")

        return self.step(now, take)

    def peer_lost(self, now: int) -> Outcome:
        def take() -> None:
            if self.phase == "securing":
                self._give_up("lost")
            elif self.phase in ("deciding", "viewing"):
                self.freeze()
            else:
                raise Refused(None, "RECON-1", "it crossed a leave")

        return self.step(now, take)

    def connection_lost(self, now: int) -> Outcome:
        def take() -> None:
            if self.phase in ("deciding", "viewing"):
                self.freeze()
            else:
                self.finish("lost", tell=False)

        return self.step(now, take)

    def connection_closed(self, now: int, error: str) -> Outcome:
        """By the relay, on purpose."""
        return self.step(now, lambda: self._closed(error))

    # the exchange

    def handshake(self, now: int, error: str | None = None) -> Outcome:
        """How the exchange ended; None for a channel that stands."""

        def take() -> None:
            if error:
                self._give_up(error)
                return
            self.phase = "deciding"
            self.spent_at.clear()
            self.warned_at = None

        return self.step(now, take)

    def _give_up(self, error: str) -> None:
        self._leave = error
        self.phase = "idle"
        timer, limit = registry().timer, registry().limit
        self.spent_at = [at for at in self.spent_at if self.now - at < timer("spent-window")] + [self.now]
        if len(self.spent_at) >= limit("spent-codes"):
            self.warned_at = self.now
