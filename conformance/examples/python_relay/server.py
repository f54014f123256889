"""The machine of a relay on real connections, and the frame streams that go past it."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion
from alongside_independent import messages
from alongside_independent.model.relay import Out, Relay
from alongside_independent.model.set_up import SetUp
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry
from cryptography.hazmat.primitives import hashes

from python_quic.end import ALPN, CONTROL, SILENCE

from .certificate import self_signed
from .connection import ClientConnection
from .credit import WINDOW
from .listener import Listener


@dataclass(frozen=True)
class Splice:
    """Bytes of a stream of one client go on as a stream to the other."""

    from_client: int
    from_stream: int
    to_client: int
    to_stream: int


class Server:
    """`still`: its time goes on by `advance` alone, and its date from `date` on."""

    def __init__(self, set_up: SetUp | None = None, still: bool = False, date: int | None = None) -> None:
        self._set_up = set_up or SetUp()
        # Whoever asks for a path hears that there is none.
        self._set_up.limits["paths"] = 0
        self._began = int(time.time()) if date is None else date
        self.machine = Relay(lambda: secrets.randbelow(32), secrets.token_bytes, self._set_up, self.date)
        self.clients: dict[int, ClientConnection] = {}
        self._certificate, self._key = self_signed()
        self._numbers = 0
        self._splices: list[Splice] = []
        self._still = still
        self._added = 0
        self._tick = self._set_up.timer("join-tick")
        self._configuration: QuicConfiguration | None = None
        self._quic: Listener | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def listen(self, host: str, port: int) -> str:
        """The address that clients are given."""
        self._configuration = configuration = QuicConfiguration(
            is_client=False,
            alpn_protocols=[ALPN],
            idle_timeout=SILENCE,
            supported_versions=[QuicProtocolVersion.VERSION_1],
            certificate=self._certificate,
            private_key=self._key,
            max_stream_data=WINDOW,
        )
        transport, self._quic = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Listener(
                self._crowded,
                configuration=configuration,
                create_protocol=lambda quic, **given: ClientConnection(quic, self, **given),
            ),
            local_addr=(host, port),
        )
        if not self._still:
            self._ticking = asyncio.create_task(self._tick_for_ever())
        found = transport.get_extra_info("sockname")
        return f"[{found[0]}]:{found[1]}" if ":" in found[0] else f"{found[0]}:{found[1]}"

    async def shut_down(self) -> None:
        """RDV-15."""
        if self._ticking is not None:
            self._ticking.cancel()
        closing = list(self.clients.values())
        self._carry_out(self.machine.shut_down(self.now()))
        await asyncio.gather(*(client.wait_closed() for client in closing))
        self._quic.close()

    def fingerprint(self) -> str:
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    def renew_certificate(self) -> None:
        """OPERATION-3: for the connections that come; those that are there have had theirs."""
        self._certificate, self._key = self_signed()
        self._configuration.certificate, self._configuration.private_key = self._certificate, self._key

    def _crowded(self) -> bool:
        """SOURCE-3."""
        return 4 * len(self.machine.connections) >= self.limit("connections")

    def drain(self) -> None:
        self._carry_out(self.machine.drain(self.now()))

    def reload(self, set_up: SetUp) -> None:
        self._carry_out(self.machine.reload(self.now(), set_up))

    def limit(self, name: str) -> int:
        return self._set_up.limit(name)

    # time

    def date(self) -> int:
        """Seconds of Unix time."""
        return self._began + self._added // 1000 if self._still else int(time.time())

    def now(self) -> int:
        return self._added if self._still else int(asyncio.get_running_loop().time() * 1000)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep((self._tick - self.now() % self._tick + 1) / 1000)
            now = self.now()
            self._carry_out(self.machine.time(now - now % self._tick))

    def advance(self, ms: int) -> None:
        """Each timer at its own time; ticks are of interest while a join waits for one."""
        until = self._added + ms
        while self._added < until:
            next_tick = self._added + self._tick - self._added % self._tick
            due = next_tick if self.machine.joins else self.machine.next_time()
            self._added = until if due is None else min(max(due, self._added + 1), until)
            self._carry_out(self.machine.time(self._added))

    # clients

    def arrived(self, client: ClientConnection) -> int:
        self._numbers += 1
        self.clients[self._numbers] = client
        self._carry_out(self.machine.connect(self.now(), self._numbers, client.address()))
        return self._numbers

    def departed(self, client: ClientConnection, code: int | None) -> None:
        """HOLD-3, HOLD-10."""
        del self.clients[client.number]
        error = error_name(code) if code is not None else None
        if error in (None, "lost"):
            self._carry_out(self.machine.lose(self.now(), client.number))
        else:
            self._carry_out(self.machine.close(self.now(), client.number, error))

    def control(self, client: ClientConnection, data: bytes) -> None:
        client.buffer += data
        while client.number in self.machine.connections:
            try:
                message, rest = messages.decode_first(client.buffer)
            except Refused as refused:
                self._carry_out(self.machine.breaks(self.now(), client.number, refused))
                return
            if rest is None:
                self._carry_out(self.machine.begun(self.now(), client.number, len(client.buffer)))
                return
            size = len(client.buffer) - len(rest)
            client.buffer = rest
            self._carry_out(self.machine.receive(self.now(), client.number, message, size))

    def control_ended(self, client: ClientConnection) -> None:
        self._carry_out(self.machine.control_stream_ends(self.now(), client.number))

    def _carry_out(self, outs: list[Out]) -> None:
        for out in outs:
            client = self.clients.get(out.connection)
            if client is None:
                continue
            if out.message is not None:
                client.say(messages.encode("rendezvous", out.message))
            if out.close is not None:
                client.close_soon(registry().errors[out.close])
        self._cut()

    # what waits

    def waits_at_peer(self, client: ClientConnection, stream: int) -> int:
        """Bytes that came on this stream, and that the peer has not taken."""
        peer = self.clients.get(self._peer(client.number))
        if peer is None:
            return 0
        if stream == CONTROL:
            return peer.waiting(CONTROL)
        splice = self._splice_of(client, stream)
        return peer.waiting(splice.to_stream) if splice else 0

    def has_taken(self, client: ClientConnection) -> None:
        peer = self.clients.get(self._peer(client.number))
        if peer is not None:
            peer.more_room()

    # frame streams

    def _peer(self, number: int) -> int | None:
        """Who is in a session with this client, now."""
        client = self.machine.connections.get(number)
        if client is None or client.session is None:
            return None
        return client.session.places[1 - client.place]

    def _cut(self) -> None:
        """Streams do not outlive the connection of either end, or the session."""
        lost = registry().errors["lost"]
        for splice in self._splices:
            if self._peer(splice.from_client) != splice.to_client:
                if splice.from_client in self.clients:
                    self.clients[splice.from_client].stop(splice.from_stream, lost)
                if splice.to_client in self.clients:
                    self.clients[splice.to_client].reset(splice.to_stream, lost)
        self._splices = [s for s in self._splices if self._peer(s.from_client) == s.to_client]

    def _splice_of(self, client: ClientConnection, stream: int) -> Splice | None:
        wanted = (client.number, stream)
        return next((s for s in self._splices if (s.from_client, s.from_stream) == wanted), None)

    def frame_data(self, client: ClientConnection, stream: int, data: bytes, last: bool) -> None:
        """TRANSPORT-5 to TRANSPORT-7."""
        splice = self._splice_of(client, stream)
        if splice is None:
            splice = self._begin(client, stream)
        if splice is None:
            return
        self.clients[splice.to_client].write(splice.to_stream, data, last)
        if last:
            self._splices.remove(splice)

    def _begin(self, client: ClientConnection, stream: int) -> Splice | None:
        if stream in client.met:
            return None
        client.met.add(stream)
        peer = self._peer(client.number)
        if peer is None:
            client.stop(stream, registry().errors["unexpected-message"])
            return None
        splice = Splice(client.number, stream, peer, self.clients[peer].open_stream())
        self._splices.append(splice)
        return splice

    def frame_reset(self, client: ClientConnection, stream: int, code: int) -> None:
        splice = self._splice_of(client, stream)
        if splice is not None:
            self._splices.remove(splice)
            self.clients[splice.to_client].reset(splice.to_stream, code)

    def frame_stopped(self, client: ClientConnection, stream: int, code: int) -> None:
        wanted = (client.number, stream)
        splice = next((s for s in self._splices if (s.to_client, s.to_stream) == wanted), None)
        if splice is not None:
            self._splices.remove(splice)
            self.clients[splice.from_client].stop(splice.from_stream, code)
