"""From pictures to frame streams: the sharer's side of chapter 06."""

from __future__ import annotations

from alongside_independent.records import Frame, encode_frame
from alongside_independent.registry import registry
from alongside_independent.sealing import MediaSealer


class Shower:
    """The records of the frames of a session. What may be sent, and when, is for the machine to say."""

    def __init__(self) -> None:
        self._sealer: MediaSealer | None = None
        self._next = 1
        self.stream: int | None = None
        self._complete_next = True
        self._answered_at: int | None = None
        self._refresh_waits = False

    def begin_epoch(self, sealer: MediaSealer | None) -> None:
        """MEDIA-12."""
        self._sealer, self.stream = sealer, None
        self.no_refresh_waits()

    def begin_stream(self, stream: int) -> None:
        self.stream, self._complete_next = stream, True

    def begin_anew(self) -> None:
        self._complete_next = True

    def stream_is_gone(self) -> None:
        self.stream = None

    def asked_for_refresh(self, now: int) -> None:
        """MEDIA-22, and MEDIA-23 for one that comes soon after another."""
        if self._answered_at is None or now >= self._rested_at:
            self.answer_refresh(now)
        else:
            self._refresh_waits = True

    def answer_refresh(self, now: int) -> None:
        self._answered_at, self._refresh_waits = now, False
        self._complete_next = True

    def no_refresh_waits(self) -> None:
        """What is shown next is complete by itself."""
        self._refresh_waits = False

    @property
    def refresh_at(self) -> int | None:
        """When one that waits is to be answered."""
        return self._rested_at if self._refresh_waits else None

    @property
    def _rested_at(self) -> int:
        return self._answered_at + registry().timer("refresh-interval")

    @property
    def wants_complete(self) -> bool:
        return self._complete_next or self.stream is None

    @property
    def next_frame(self) -> int:
        return self._next

    def seal(self, frame: Frame) -> bytes:
        """The records of the next frame, one after the other."""
        if self.wants_complete and not frame.complete:
            raise ValueError("a complete frame is due")
        self._complete_next = False
        self._next += 1
        return b"".join(self._sealer.frame(self._next - 1, encode_frame(frame)))
