"""The sharer before its channel stands: a join, or a wait as a device. Chapters 03, 04, 17."""

from __future__ import annotations

from ..refusal import Refused
from .end import End
from .outcome import Outcome


class Arriving(End):
    """Phases idle, joining, waiting, securing; then those of the session."""

    role = "sharer"
    sealing_phases = ("securing", "deciding", "viewing")

    def __init__(self, ceiling: int) -> None:
        super().__init__(ceiling, "idle")

    def joins(self, now: int) -> Outcome:
        return self.step(now, lambda: self._begin("joining"))

    def waits_as_device(self, now: int) -> Outcome:
        return self.step(now, lambda: self._begin("waiting"))

    def _begin(self, phase: str) -> None:
        if self.phase != "idle":
            raise Refused(None, "RDV-6", "something else is under way")
        self.phase = phase

    def join_is_late(self, now: int) -> Outcome:
        """FRICTION-7."""

        def wait() -> None:
            self.phase = "waiting"

        return self.step(now, wait)

    def answered(self, now: int, ceiling: int) -> Outcome:
        """The exchange has given a channel with this effective ceiling."""

        def secure() -> None:
            self.phase, self.ceiling = "securing", ceiling

        return self.step(now, secure)

    def refused(self, now: int, error: str) -> Outcome:
        def take() -> None:
            if self.phase not in ("joining", "waiting"):
                raise self.violation("RDV-5", "answers nothing that was asked")
            self.finish(error)

        return self.step(now, take)

    def gone(self, now: int, error: str) -> Outcome:
        return self.step(now, lambda: self.finish(error, tell=False))

    def connection_closed(self, now: int, error: str) -> Outcome:
        """By the relay, on purpose."""
        return self.step(now, lambda: self._closed(error))

    def peer_lost(self, now: int) -> Outcome:
        def take() -> None:
            if self.phase == "idle":
                raise self.violation("RDV-5", "there is no peer")
            self._lost()

        return self.step(now, take)

    def connection_lost(self, now: int) -> Outcome:
        return self.step(now, self._lost)

    def _lost(self) -> None:
        if self.phase in ("deciding", "viewing"):
            self.freeze()
        else:
            self.finish("lost", tell=False)

    def handshake_is_over(self, now: int) -> Outcome:
        """KEX-18."""
        return self.step(now, lambda: self.finish("handshake-timeout"))

    def record_does_not_open(self, now: int) -> Outcome:
        if self.phase == "securing":
            return self.step(now, lambda: self.finish("record-failed"))
        return super().record_does_not_open(now)
