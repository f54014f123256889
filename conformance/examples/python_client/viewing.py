"""From frame streams to frames that are seen: the helper's side of chapter 06."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from alongside_independent.records import (
    MEDIA_HEADER,
    MediaHeader,
    decode_frame,
    decode_media_header,
)
from alongside_independent.refusal import Refused, too_large
from alongside_independent.registry import registry
from alongside_independent.sealing import MediaOpener

from .pictures import CannotDecode, Canvas


@dataclass
class _Beginning:
    """The records of a frame that is not complete yet."""

    frame: int
    index: int = 0
    encoding: bytearray = field(default_factory=bytearray)


class Viewer:
    """`canvas` has the display as it is seen."""

    def __init__(self) -> None:
        self.canvas = Canvas()
        self._opener: MediaOpener | None = None
        self._buffers: dict[int, bytes] = {}
        self._stopped: set[int] = set()
        self._beginnings: dict[int, _Beginning] = {}
        self._taken = -1
        self._shown: tuple[int, int, int, int] | None = None
        self.refresh_at: int | None = None
        self._refreshed_at: int | None = None
        self._lost = False

    def begin_epoch(self, opener: MediaOpener | None) -> None:
        self._opener = opener
        self._beginnings.clear()
        self._lost, self.refresh_at = False, None

    # records

    def records(self, stream: int, data: bytes) -> list[bytes]:
        """Whole records of a stream. Refused is MEDIA-9, once for each stream."""
        if stream in self._stopped:
            return []
        buffer, found = self._buffers.get(stream, b"") + data, []
        while len(buffer) >= MEDIA_HEADER:
            try:
                header = decode_media_header(buffer[:MEDIA_HEADER])
            except Refused:
                self._stopped.add(stream)
                self._buffers.pop(stream, None)
                raise
            end = MEDIA_HEADER + header.length
            if len(buffer) < end:
                break
            found.append(buffer[:end])
            buffer = buffer[end:]
        self._buffers[stream] = buffer
        return found

    def stream_is_over(self, stream: int, reset: bool) -> None:
        """What follows a stream that was reset is complete, so that nothing is to be asked for."""
        self._stopped.discard(stream)
        self._buffers.pop(stream, None)
        if self._beginnings.pop(stream, None) is not None and not reset:
            self._lost = True

    def open(self, record: bytes) -> tuple[MediaHeader, bytes] | None:
        """MEDIA-4 to MEDIA-7; None for what is dropped."""
        if self._opener is None:
            return None
        try:
            return self._opener.open(record)
        except Refused as refused:
            self._lost |= refused.requirement != "MEDIA-4"
            return None

    # frames

    def take(self, stream: int, header: MediaHeader, plaintext: bytes) -> dict[str, Any] | None:
        """An authentic record; what is to be told of the frame that it completes and that was shown."""
        beginning = self._beginnings.pop(stream, None)
        if header.index == 0:
            self._lost |= beginning is not None
            beginning = _Beginning(header.frame)
        if beginning is None or (beginning.frame, beginning.index) != (header.frame, header.index):
            self._lost = True
            return None
        beginning.index += 1
        beginning.encoding += plaintext
        if len(beginning.encoding) > registry().limit("frame"):
            raise too_large("the records of a frame are too many bytes", "MEDIA-11")
        if header.last:
            return self._show(header.frame, bytes(beginning.encoding))
        self._hold(stream, beginning)
        return None

    def _hold(self, stream: int, beginning: _Beginning) -> None:
        """MEDIA-10: the oldest makes room."""
        self._beginnings[stream] = beginning
        while len(self._beginnings) > registry().limit("incomplete-frames"):
            self._beginnings.pop(next(iter(self._beginnings)))
            self._lost = True

    def _show(self, number: int, encoding: bytes) -> dict[str, Any] | None:
        frame = decode_frame(encoding)
        place = (frame.display, frame.width, frame.height)
        if frame.complete:
            fits = number > self._taken
        else:
            fits = self._shown == (number - 1, *place)
        self._taken = max(self._taken, number) if fits else self._taken
        try:
            if not fits:
                raise CannotDecode("it does not follow the frame that is shown")
            self.canvas.paint(frame)
        except CannotDecode:
            self._lost = True
            return None
        self._shown = (number, *place)
        self._lost = False if frame.complete else self._lost
        return {
            "id": number,
            "complete": frame.complete,
            "display": frame.display,
            "width": frame.width,
            "height": frame.height,
            "tiles": len(frame.tiles),
            "sha256": hashlib.sha256(self.canvas.pixels()).hexdigest(),
        }

    def wants_refresh(self, now: int) -> bool:
        """MEDIA-21: at most once in the timer `refresh-interval`; what is lost meanwhile waits."""
        if not self._lost:
            self.refresh_at = None
            return False
        last, rest = self._refreshed_at, registry().timer("refresh-interval")
        if last is not None and now - last < rest:
            self.refresh_at = last + rest
            return False
        self._lost, self._refreshed_at, self.refresh_at = False, now, None
        return True
