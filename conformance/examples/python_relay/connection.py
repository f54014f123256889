"""The QUIC side of one client: chapter 08."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aioquic.quic import events
from aioquic.quic.connection import QuicConnection

from python_quic.end import CONTROL, QuicEnd

from .credit import WINDOW, bound, waiting

if TYPE_CHECKING:
    from .server import Server

LAST_WORDS = 0.5


class ClientConnection(QuicEnd):
    """Tells the server what its client does. Streams of the client are refused until it is in a session."""

    def __init__(self, quic: QuicConnection, server: Server, **given: Any) -> None:  # noqa: ANN401
        super().__init__(quic, **given)
        self.server = server
        self.number: int | None = None
        self.buffer = b""
        self.met: set[int] = set()
        """Frame streams that were met once; what comes on one without a splice is dropped."""
        self._closing = False
        self._departed = False
        self.held_back = False
        streams = server.limit("frame-streams")
        for limit, most in ((quic._local_max_streams_bidi, 1), (quic._local_max_streams_uni, streams)):
            limit.value = limit.sent = most  # TRANSPORT-3, TRANSPORT-8
        self._queue = server.limit("session-queue")
        bound(quic, self._room)

    def address(self) -> str:
        return self._quic._network_paths[0].addr[0]

    # what waits

    def waiting(self, stream: int) -> int:
        return waiting(self._quic, stream)

    def _room(self, stream: int) -> int:
        """RDV-32."""
        room = self._queue - self.server.waits_at_peer(self, stream)
        self.held_back = room < WINDOW
        return max(0, room)

    def more_room(self) -> None:
        """Its peer has taken something."""
        if self.held_back:
            self._transmit_soon()

    # what is done

    def say(self, data: bytes) -> None:
        if not self._closing:
            self._quic.send_stream_data(CONTROL, data)
            self._transmit_soon()

    def open_stream(self) -> int:
        stream = self._quic.get_next_available_stream_id(is_unidirectional=True)
        self._quic.send_stream_data(stream, b"")
        return stream

    def write(self, stream: int, data: bytes, last: bool) -> None:
        if not self._closing:
            self._quic.send_stream_data(stream, data, end_stream=last)
            self._transmit_soon()

    def reset(self, stream: int, code: int) -> None:
        if not self._closing:
            self._quic.reset_stream(stream, code)
            self._transmit_soon()

    def stop(self, stream: int, code: int) -> None:
        if not self._closing and stream in self._quic._streams:
            self._quic.stop_stream(stream, code)
            self._transmit_soon()

    def close_soon(self, code: int) -> None:
        """After the client had a moment to take what was said."""
        if not self._closing:
            self._closing = True
            self.spawn(self._close_after_all_is_said(code))

    async def _close_after_all_is_said(self, code: int) -> None:
        await self.all_is_said(LAST_WORDS)
        self.close(code)

    # what comes

    def _process_events(self) -> None:
        super()._process_events()
        if self.number is not None:
            self.server.has_taken(self)

    def connection_is_over(self, close: events.ConnectionTerminated) -> None:
        if self.number is not None and not self._departed:
            self._departed = True
            by_client = close.frame_type is None and not self._closing
            self.server.departed(self, close.error_code if by_client else None)

    def quic_event_received(self, event: events.QuicEvent) -> None:
        match event:
            case events.HandshakeCompleted():
                self.number = self.server.arrived(self)
                self.spawn(self.keep_alive())
            case _ if self.number is None or self._closing:
                pass
            case events.StreamDataReceived(stream_id=stream, data=data, end_stream=last):
                if stream != CONTROL:
                    self.server.frame_data(self, stream, data, last)
                    return
                if data:
                    self.server.control(self, data)
                if last:
                    self.server.control_ended(self)
            case events.StreamReset(stream_id=stream, error_code=code):
                if stream == CONTROL:
                    self.server.control_ended(self)
                else:
                    self.server.frame_reset(self, stream, code)
            case events.StopSendingReceived(stream_id=stream, error_code=code):
                if stream == CONTROL:
                    self.server.control_ended(self)
                else:
                    self.server.frame_stopped(self, stream, code)
