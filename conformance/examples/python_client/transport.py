"""A connection to a relay by QUIC: chapter 08. It knows of streams, bytes and codes, and of no message."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aioquic import tls
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion
from alongside_independent.registry import registry
from cryptography.hazmat.primitives.serialization import Encoding

from python_quic.end import ALPN, CONTROL, SILENCE, QuicEnd

LAST_WORDS = 1.0
"""The most seconds that a close waits for what was said to be acknowledged."""


class NotConnected(Exception):
    """No connection came to be, or not to whom it should be."""


@dataclass(frozen=True)
class RelayAddress:
    """`fingerprint` is the SHA-256 of the certificate; without one it is verified against trust anchors."""

    host: str
    port: int
    fingerprint: bytes | None = None
    anchors: str | None = None

    @classmethod
    def parse(cls, text: str, fingerprint: str | None = None, anchors: str | None = None) -> RelayAddress:
        """`HOST:PORT`; an IPv6 address stands in brackets. Without a port it is 443."""
        host, colon, port = text.rpartition(":")
        if not colon or "]" in port:
            host, port = text, "443"
        pinned = bytes.fromhex(fingerprint.replace(":", "")) if fingerprint else None
        if pinned is not None and len(pinned) != 32:
            raise ValueError("a fingerprint has 32 bytes in hexadecimal")
        return cls(host.strip("[]"), int(port), pinned, anchors)


@dataclass
class Listener:
    """What a connection tells. `closed` has the application's code, or None for a lost connection."""

    control: Callable[[bytes], None]
    frame: Callable[[int, bytes], None]
    frame_over: Callable[[int, bool], None]
    """Whether it was reset."""
    stopped: Callable[[int], None]
    closed: Callable[[int | None], None]


@dataclass
class _Streams:
    refused: set[int] = field(default_factory=set)
    own: set[int] = field(default_factory=set)


class Connection(QuicEnd):
    listener: Listener | None = None

    def __init__(self, quic: QuicConnection, **given: Any) -> None:  # noqa: ANN401
        super().__init__(quic, **given)
        self._streams = _Streams()
        self._over = False
        self.why_not = "the relay does not answer, or its certificate is not trusted"
        self._alpn: str | None = None

    # what is done

    def say(self, data: bytes) -> None:
        """On the control stream."""
        self._write(CONTROL, data)

    def open_frame_stream(self) -> int:
        stream = self._quic.get_next_available_stream_id(is_unidirectional=True)
        self._streams.own.add(stream)
        self._write(stream, b"")
        return stream

    def write_frame(self, stream: int, data: bytes) -> None:
        if stream in self._streams.own:
            self._write(stream, data)

    def finish_frame_stream(self, stream: int) -> None:
        if stream in self._streams.own and not self._over:
            self._streams.own.discard(stream)
            self._quic.send_stream_data(stream, b"", end_stream=True)
            self._transmit_soon()

    def reset(self, stream: int, code: int) -> None:
        if stream in self._streams.own and not self._over:
            self._streams.own.discard(stream)
            self._quic.reset_stream(stream, code)
            self._transmit_soon()

    def stop(self, stream: int, code: int) -> None:
        self._streams.refused.add(stream)
        if not self._over and stream in self._quic._streams:
            self._quic.stop_stream(stream, code)
            self._transmit_soon()

    def waiting(self) -> int:
        """How many bytes of frames have been written and were not acknowledged yet."""
        streams = (self._quic._streams.get(stream) for stream in self._streams.own)
        return sum(s.sender._buffer_stop - s.sender._buffer_start for s in streams if s is not None)

    def error_received(self, error: Exception) -> None:
        """Nobody listens there: known before the time is over."""
        if self._connected_waiter is not None:
            waiter, self._connected_waiter = self._connected_waiter, None
            waiter.set_exception(ConnectionError(str(error)))

    async def close_after_all_is_said(self, code: int) -> None:
        """TRANSPORT-9."""
        self._over = True
        await self.all_is_said(LAST_WORDS)
        self.close(code)
        await self.wait_closed()
        self._transport.close()

    def abandon(self) -> None:
        """As if the network were gone: nothing more is sent or taken."""
        self._over = True
        self.end_tasks()
        if self._timer is not None:
            self._timer.cancel()
        self._transport.abort()

    def _write(self, stream: int, data: bytes) -> None:
        if not self._over:
            self._quic.send_stream_data(stream, data)
            self._transmit_soon()

    # what comes

    def pin(self, fingerprint: bytes) -> None:
        """TRANSPORT-4, within the handshake: with another certificate there is no connection."""
        tls_context = self._quic.tls
        take = tls_context._set_peer_certificate

        def take_if_pinned(certificate: tls.Certificate) -> None:
            take(certificate)
            der = tls_context._peer_certificate.public_bytes(Encoding.DER)
            if hashlib.sha256(der).digest() != fingerprint:
                self.why_not = "the relay's certificate has another fingerprint"
                raise tls.AlertBadCertificate(self.why_not)

        tls_context._set_peer_certificate = take_if_pinned

    def check_relay(self) -> None:
        """TRANSPORT-1."""
        if self._alpn != ALPN:
            raise NotConnected("this is no relay: it does not speak alongside/1")

    def begin(self, listener: Listener) -> None:
        self.listener = listener
        self.spawn(self.keep_alive())

    def connection_is_over(self, close: events.ConnectionTerminated) -> None:
        if self.listener is not None and not self._over:
            self._over = True
            self.end_tasks()
            self.listener.closed(close.error_code if close.frame_type is None else None)

    def quic_event_received(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.ProtocolNegotiated):
            self._alpn = event.alpn_protocol
        if isinstance(event, events.ConnectionTerminated):
            self.end_tasks()
            self._transport.close()
        if self.listener is None or self._over:
            return
        match event:
            case events.StreamDataReceived(stream_id=stream):
                self._data(stream, event.data, event.end_stream)
            case events.StreamReset(stream_id=stream):
                self._end_of(stream, reset=True)
            case events.StopSendingReceived(stream_id=stream):
                self._streams.own.discard(stream)
                self.listener.stopped(stream)

    def _data(self, stream: int, data: bytes, last: bool) -> None:
        if stream == CONTROL:
            self.listener.control(data)
            return
        if data and stream not in self._streams.refused:
            self.listener.frame(stream, data)
        if last:
            self._end_of(stream, reset=False)

    def _end_of(self, stream: int, reset: bool) -> None:
        if stream != CONTROL:
            self._streams.refused.discard(stream)
            self.listener.frame_over(stream, reset)


def _configuration(address: RelayAddress) -> QuicConfiguration:
    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=[ALPN],
        idle_timeout=SILENCE,
        server_name=address.host,
        supported_versions=[QuicProtocolVersion.VERSION_1],
        cafile=address.anchors,
    )
    if address.fingerprint is not None:
        configuration.verify_mode = ssl.CERT_NONE
    return configuration


async def connect(address: RelayAddress, timeout: float = SILENCE) -> Connection:
    """From a fresh socket. The certificate was verified when this returns, and nothing was said before."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    family, _, _, _, where = found[0]
    quic = QuicConnection(configuration=_configuration(address))
    quic._local_max_streams_bidi.value = quic._local_max_streams_bidi.sent = 0
    streams = registry().limit("frame-streams")
    quic._local_max_streams_uni.value = quic._local_max_streams_uni.sent = streams
    transport, made = await loop.create_datagram_endpoint(lambda: Connection(quic), family=family)
    try:
        made.connect(where)
        if address.fingerprint is not None:
            made.pin(address.fingerprint)
        await asyncio.wait_for(made.wait_connected(), timeout)
        made.check_relay()
    except (ConnectionError, TimeoutError) as error:
        transport.close()
        raise NotConnected(made.why_not) from error
    except NotConnected:
        made.close(registry().errors["done"])
        transport.close()
        raise
    return made
