"""The QUIC side of one client: chapter 08."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.connection import NetworkAddress, QuicConnection
from alongside_independent.registry import registry

if TYPE_CHECKING:
    from .server import Server

CONTROL = 0
SIGN_OF_LIFE = 1.0
LAST_WORDS = 0.5


class ClientConnection(QuicConnectionProtocol):
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
        self._tasks: set[asyncio.Task[None]] = set()
        streams = registry().limit("frame-streams")
        for limit, most in ((quic._local_max_streams_bidi, 1), (quic._local_max_streams_uni, streams)):
            limit.value = limit.sent = most  # TRANSPORT-3, TRANSPORT-8

    def address(self) -> str:
        return self._quic._network_paths[0].addr[0]

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
            self._spawn(self._close_after_all_is_said(code))

    async def _close_after_all_is_said(self, code: int) -> None:
        until = self._loop.time() + LAST_WORDS
        control = self._quic._streams.get(CONTROL)
        while (
            control is not None
            and control.sender._buffer_start < control.sender._buffer_stop
            and self._loop.time() < until
        ):
            await asyncio.sleep(0.005)
        self.close(code)

    async def _keep_alive(self) -> None:
        while not self._closed.is_set():
            await asyncio.sleep(SIGN_OF_LIFE)
            self._quic.send_ping(0)
            self.transmit()

    def _spawn(self, work: Any) -> None:  # noqa: ANN401
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # what comes

    def datagram_received(self, data: bytes | str, addr: NetworkAddress) -> None:
        """aioquic tells of a close when it is over with it; here it is told when it comes."""
        super().datagram_received(data, addr)
        close = self._quic._close_event
        if close is not None:
            self._depart(close)

    def _depart(self, close: events.ConnectionTerminated) -> None:
        if self.number is not None and not self._departed:
            self._departed = True
            by_client = close.frame_type is None and not self._closing
            self.server.departed(self, close.error_code if by_client else None)

    def quic_event_received(self, event: events.QuicEvent) -> None:
        match event:
            case events.HandshakeCompleted():
                self.number = self.server.arrived(self)
                self._spawn(self._keep_alive())
            case events.ConnectionTerminated():
                self._depart(event)
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
