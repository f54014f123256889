"""One end of a connection: chapter 08, as far as it is the same at a client and at a relay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.connection import QuicConnection

ALPN = "alongside/1"
CONTROL = 0
"""The first bidirectional stream that a client opens (TRANSPORT-2)."""
SILENCE = 5.0
"""Seconds without a packet after which the connection is lost (TRANSPORT-11)."""
SIGN_OF_LIFE = 1.0


class QuicEnd(QuicConnectionProtocol):
    def __init__(self, quic: QuicConnection, **given: Any) -> None:  # noqa: ANN401
        super().__init__(quic, **given)
        self._tasks: set[asyncio.Task[None]] = set()
        self._all_said: asyncio.Future[None] | None = None

    def connection_is_over(self, close: events.ConnectionTerminated) -> None:
        """The connection is over. This end may have closed it itself, and may be told of it twice."""
        raise NotImplementedError

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def keep_alive(self) -> None:
        """A packet a second, when there is nothing else to send."""
        sent = self._quic._packet_number
        while not self._closed.is_set():
            await asyncio.sleep(SIGN_OF_LIFE)
            if self._quic._packet_number == sent:
                self._quic.send_ping(0)
                self.transmit()
            sent = self._quic._packet_number

    async def all_is_said(self, most: float) -> None:
        """Until what was written on the control stream is acknowledged; not for more than so many seconds."""
        if self._unacknowledged():
            self._all_said = self._loop.create_future()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_said, most)

    def _unacknowledged(self) -> bool:
        control = self._quic._streams.get(CONTROL)
        return (
            control is not None
            and not self._closed.is_set()
            and control.sender._buffer_start < control.sender._buffer_stop
        )

    def _process_events(self) -> None:
        """Whatever comes, and every timer of QUIC, ends here.

        aioquic tells of a close when it is over with it; here it is told when it comes.
        """
        super()._process_events()
        if self._all_said is not None and not self._all_said.done() and not self._unacknowledged():
            self._all_said.set_result(None)
        close = self._quic._close_event
        if close is not None:
            self.connection_is_over(close)
