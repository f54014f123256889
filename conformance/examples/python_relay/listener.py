"""Where datagrams come in: who has no connection yet may have to prove its address first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aioquic.asyncio.server import QuicServer
from aioquic.buffer import Buffer
from aioquic.quic.connection import NetworkAddress
from aioquic.quic.packet import QuicPacketType, pull_quic_header


class Listener(QuicServer):
    """SOURCE-3: with Retry while it is `crowded`. aioquic has it always or never."""

    def __init__(self, crowded: Callable[[], bool], **given: Any) -> None:  # noqa: ANN401
        super().__init__(retry=True, **given)
        self._crowded, self._tokens = crowded, self._retry

    def datagram_received(self, data: bytes | str, addr: NetworkAddress) -> None:
        self._retry = self._tokens if self._crowded() or self._has_token(data) else None
        super().datagram_received(data, addr)

    def _has_token(self, data: bytes) -> bool:
        """Of a Retry that was sent while it was crowded."""
        try:
            header = pull_quic_header(Buffer(data=data), self._configuration.connection_id_length)
        except ValueError:
            return False
        return header.packet_type == QuicPacketType.INITIAL and bool(header.token)
