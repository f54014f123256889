"""An endpoint on a real connection, with real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alongside_independent.registry import registry

from .actions import Close, Connect, Finish, Reset, Say, Stop, Tell, Write
from .endpoint import Endpoint
from .transport import Connection, Listener, NotConnected, RelayAddress, connect

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
"""Seconds between two tries to come back."""


def fail_loudly() -> None:
    """What goes wrong in a callback ends the program, and is not only written down."""
    loop = asyncio.get_running_loop()

    def fail(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        loop.stop()

    loop.set_exception_handler(fail)


class Clock:
    """Milliseconds that do not jump."""

    still = False

    def now(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)


class StillClock(Clock):
    """Stands still but for `advance`, for the clients that were made with it."""

    still = True

    def __init__(self) -> None:
        self._now = 1_000_000
        self.clients: list[Client] = []

    def now(self) -> int:
        return self._now

    def advance(self, ms: int) -> None:
        """Timers run out in their order, each at its own time."""
        until = self._now + ms
        while (due := self._next()) is not None and due <= until:
            self._now = max(self._now, due)
            for client in self.clients:
                wanted = client.endpoint.next_time()
                if wanted is not None and wanted <= self._now:
                    client.do(client.endpoint.time)
                    if client.endpoint.next_time() == wanted:
                        raise RuntimeError("a timer that ran out does not go")
        self._now = until

    def _next(self) -> int | None:
        times = (client.endpoint.next_time() for client in self.clients)
        return min((time for time in times if time is not None), default=None)


class Client:
    """`events` has what the endpoint tells, in order."""

    def __init__(self, endpoint: Endpoint, relay: RelayAddress, clock: Clock | None = None) -> None:
        self.endpoint = endpoint
        self.relay = relay
        self.others: list[RelayAddress] = []
        """Relays to try in turn when those before do not answer."""
        self.clock = clock or Clock()
        self.events: asyncio.Queue[Tell] = asyncio.Queue()
        self.connection: Connection | None = None
        self.heard = 0
        """Bytes of the control stream that the latest connection has brought, and that were handled."""
        self.said = 0
        """Bytes that were sent on it."""
        self._heard_more = asyncio.Event()
        self.after = lambda: None
        """Called when something has happened."""
        self._streams: dict[int, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        """RECON-33: what connects is the relay from then on. Raises `NotConnected`."""
        for relay in (self.relay, *self.others):
            try:
                made = await connect(relay)
            except (NotConnected, OSError) as error:
                why = error
            else:
                self.relay = relay
                self._attach(made)
                return
        raise NotConnected(str(why)) from why

    def do(self, act: Callable[..., Any], *given: Any, **named: Any) -> Any:  # noqa: ANN401
        """A method of the endpoint, which wants the time first."""
        result = act(self.clock.now(), *given, **named)
        self._pump()
        self.after()
        return result

    async def handled(self, count: int) -> None:
        """Waits until so many bytes of the control stream were handled, or no more can come."""
        while self.heard < count and not (self.endpoint.over or self.endpoint.rests):
            self._heard_more.clear()
            await self._heard_more.wait()

    def backlog(self) -> int:
        """Bytes of frames that are on their way; a sharer leaves out frames while there are many."""
        return self.connection.waiting() if self.connection else 0

    def lose_connection(self) -> None:
        """As a network does it, for tests: nothing goes out or comes in any more on this connection."""
        if self.connection is not None:
            lost, self.connection = self.connection, None
            lost.listener = None
            lost.abandon()
            self.do(self.endpoint.connection_lost)

    async def close(self) -> None:
        """At once, as if the program had ended; a session should have been ended before."""
        await self.settle()
        if self._timer is not None:
            self._timer.cancel()
        if self.connection is not None:
            self.connection.listener = None
            await self.connection.close_after_all_is_said(registry().errors["done"])
            self.connection = None

    async def settle(self) -> None:
        """Until connections that are being closed are closed."""
        for task in list(self._tasks):
            await task

    # the connection

    def _attach(self, connection: Connection) -> None:
        self.connection, self.heard, self.said = connection, 0, 0
        self._streams.clear()

        def mine(act: Callable[..., None]) -> Callable[..., None]:
            def call(*given: Any) -> None:  # noqa: ANN401
                if self.connection is connection:
                    self.do(act, *given)

            return call

        connection.begin(
            Listener(
                control=mine(self._control),
                frame=mine(self.endpoint.frame_data),
                frame_over=mine(self.endpoint.frame_over),
                stopped=mine(self._stopped),
                closed=mine(self._closed),
            )
        )
        self.do(self.endpoint.connected)

    def _control(self, now: int, data: bytes) -> None:
        self.endpoint.control(now, data)
        self.heard += len(data)
        self._heard_more.set()

    def _closed(self, now: int, code: int | None) -> None:
        self.connection = None
        self.endpoint.connection_closed(now, code)

    def _stopped(self, now: int, stream: int) -> None:
        for own, theirs in self._streams.items():
            if theirs == stream:
                self.endpoint.stream_stopped(own)

    async def _come_back(self) -> None:
        pause = FIRST_PAUSE
        while not self.endpoint.over:
            try:
                made = await connect(self.relay)
            except (NotConnected, OSError):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            if self.endpoint.over:
                await made.close_after_all_is_said(registry().errors["done"])
            else:
                self._attach(made)
            return

    def _spawn(self, work: Any) -> None:  # noqa: ANN401
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # what the endpoint wants

    def _pump(self) -> None:
        for action in self.endpoint.poll():
            self._carry_out(action)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.endpoint.next_time()
        if due is not None and not self.clock.still:
            wait = max(0, due - self.clock.now()) / 1000
            self._timer = asyncio.get_running_loop().call_later(wait + 0.001, self._time)

    def _time(self) -> None:
        self._timer = None
        self.do(self.endpoint.time)

    def _carry_out(self, action: object) -> None:
        connection = self.connection
        match action:
            case Tell():
                self.events.put_nowait(action)
                self._heard_more.set()
            case Connect():
                self._spawn(self._come_back())
            case Close(code=code) if connection is not None:
                self.connection = None
                self._spawn(connection.close_after_all_is_said(code))
            case Say(data=data) if connection is not None:
                connection.say(data)
                self.said += len(data)
            case Write(stream=stream, data=data) if connection is not None:
                if stream not in self._streams:
                    self._streams[stream] = connection.open_frame_stream()
                connection.write_frame(self._streams[stream], data)
            case Finish(stream=stream) if connection is not None and stream in self._streams:
                connection.finish_frame_stream(self._streams.pop(stream))
            case Reset(stream=stream, code=code) if connection is not None and stream in self._streams:
                connection.reset(self._streams.pop(stream), code)
            case Stop(stream=stream, code=code) if connection is not None:
                connection.stop(stream, code)
