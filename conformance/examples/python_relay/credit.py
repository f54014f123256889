"""How much a client may send before its peer has taken it: flow control, which aioquic leaves to nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aioquic.quic.connection import QuicConnection
from aioquic.quic.stream import QuicStream

WINDOW = 65_536
"""The most that may be on its way on one stream."""


def waiting(quic: QuicConnection, stream: int) -> int:
    """Bytes that were written and are not acknowledged."""
    found = quic._streams.get(stream)
    return found.sender._buffer_stop - found.sender._buffer_start if found else 0


def bound(quic: QuicConnection, room: Callable[[int], int]) -> None:
    """RDV-32: a client gets no more credit on a stream than there is `room` for what comes on it."""
    write_limits = quic._write_stream_limits

    def write(builder: Any, space: Any, stream: QuicStream) -> None:  # noqa: ANN401
        come = stream.receiver.highest_offset
        if stream.max_stream_data_local:
            granted = come + min(WINDOW, room(stream.stream_id))
            if granted - stream.max_stream_data_local >= WINDOW // 2:
                stream.max_stream_data_local = granted
        stream.receiver.highest_offset = 0  # or aioquic doubles the credit whenever half of it is used
        write_limits(builder, space, stream)
        stream.receiver.highest_offset = come

    quic._write_stream_limits = write
