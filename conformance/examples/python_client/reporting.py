"""A report of abuse, which is the last that a client says: chapter 14, at a client."""

from __future__ import annotations

from collections.abc import Callable

from alongside_independent.messages import Message
from alongside_independent.model.end import End
from alongside_independent.registry import error_name

WAITS = 5_000


class Reporting:
    """A part of `Endpoint`, which has what is named here."""

    machine: End
    tell: Callable[..., None]
    _say: Callable[..., None]
    _close: Callable[[str], None]
    _up: bool

    def __init__(self) -> None:
        self.report: int | None = None
        """The category, once the person has ended the session to report it."""
        self.reporting_until: int | None = None

    def begins_to_report(self) -> bool:
        if self.report is None or not self._up:
            return False
        self._say("report", category=self.report)
        self.reporting_until = self.machine.now + WAITS
        return True

    def report_answered(self, message: Message) -> None:
        if message.name == "reported":
            self.tell("reported")
        elif message.name == "refused":
            self.tell("report-refused", code=error_name(message.fields["code"]) or "done")
        else:
            return
        self._done_reporting()

    def cannot_report(self) -> None:
        """The connection is lost."""
        if self.reporting_until is not None:
            self.reporting_until = None
            self.tell("report-refused", code="lost")

    def reports_no_longer(self, now: int) -> None:
        if self.reporting_until is not None and now >= self.reporting_until:
            self._done_reporting()

    def _done_reporting(self) -> None:
        self.reporting_until = None
        self._close(self.machine.ended_with or "done")
