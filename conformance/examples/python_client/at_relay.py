"""The connection to the relay: what it carries, what the relay says, and the way back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alongside_independent import messages
from alongside_independent.messages import Message
from alongside_independent.model.end import End
from alongside_independent.model.outcome import Outcome
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry
from alongside_independent.wire import frame

from .actions import Action, Close, Connect, Say


class AtRelay:
    """A part of `Endpoint`, which has what is named here."""

    machine: End
    random: Callable[[int], bytes]
    over: bool
    reporting_until: int | None
    put: Callable[[Action], None]
    tell: Callable[..., None]
    refuse: Callable[..., None]
    cannot_report: Callable[[], None]
    report_answered: Callable[[Message], None]
    _do: Callable[[Outcome], Outcome]
    _ended_by: str
    _signing_in: bool
    _card_seed: bytes | None
    _begin_to_sign_in: Callable[[], None]
    _sign_in_is_refused: Callable[[int, int], None]
    _card_is_refused: Callable[[], None]

    def __init__(self) -> None:
        self.timers: dict[int, int] = {}
        self.limits: dict[int, int] = {}
        self._buffer = b""
        self._up = False
        self._greeted = False
        self._token: bytes | None = None
        self._rejoining = False
        self._peer_there = True

    def connected(self, now: int) -> None:
        """RDV-1, WIRE-10."""
        self._up, self._greeted, self._buffer = True, False, b""
        self._rejoining = self.machine.frozen and self._token is not None
        grease = registry().grease
        kind = grease[self.random(1)[0] % len(grease)]
        self._say("hello", features=[])
        self.put(Say(frame(kind, self.random(self.random(1)[0] % 32))))

    def control(self, now: int, data: bytes) -> None:
        self._buffer += data
        while self._up and (not self.over or self.reporting_until is not None):
            try:
                message, rest = messages.decode_first(self._buffer)
                if rest is None:
                    return
                self._buffer = rest
                if message is not None:
                    self._from_relay(now, message)
            except Refused as refused:
                self.refuse(now, refused, by="relay")

    def connection_lost(self, now: int) -> None:
        self._up = False
        self.cannot_report()
        if not self.over:
            self._without_connection(self.machine.connection_lost, now)

    def connection_closed(self, now: int, number: int | None) -> None:
        """By the relay; TRANSPORT-10 for a code that is not registered."""
        error = error_name(number) if number is not None else None
        if error in (None, "lost"):
            self.connection_lost(now)
            return
        self._up = False
        if self.over:
            return
        self._without_connection(self.machine.connection_closed, now, error)

    def _without_connection(self, step: Callable[..., Outcome], now: int, *given: str) -> None:
        """A session that freezes by it looks for another connection by itself."""
        was_frozen, self._ended_by = self.machine.frozen, "relay"
        self._do(step(now, *given))
        if was_frozen and not self.over:
            self.put(Connect())

    def _say(self, name: str, **fields: Any) -> None:  # noqa: ANN401
        if self._up:
            self.put(Say(messages.encode("rendezvous", Message(name, fields))))

    def deliver(self, envelope: bytes) -> None:
        self._say("deliver", envelope=envelope)

    # what the relay says

    def _from_relay(self, now: int, message: Message) -> None:
        if not self._greeted:
            if message.name != "relay-hello":
                raise Refused("unexpected-message", "RDV-5", "relay-hello does not come first")
            self._greeted = True
            self.timers = {number: value for number, value in message.fields["timers"]}
            self.limits = {number: value for number, value in message.fields["limits"]}
            self._ready()
            return
        if self.over:
            self.report_answered(message)
            return
        take = getattr(self, "_relay_" + message.name.replace("-", "_"), None)
        if take is None:
            raise Refused("unexpected-message", "RDV-5", f"{message.name} answers nothing that was asked")
        take(now, **message.fields)

    def _ready(self) -> None:
        """RECON-10, or the beginning."""
        if self._rejoining:
            self._say("rejoin", token=self._token)
        else:
            self.tell("connected")
            self._begin_to_sign_in()

    def in_session(self) -> bool:
        """Whether the relay has paired this end, as far as it knows."""
        raise NotImplementedError

    def _relay_place(self, now: int, token: bytes) -> None:
        if not self.in_session():
            return
        if self._token is not None:
            raise Refused("unexpected-message", "RDV-5", "a second place")
        self._token = token

    def _relay_rejoined(self, now: int, peer: bool) -> None:
        if not self._rejoining:
            raise Refused("unexpected-message", "RDV-5", "nobody wanted to come back")
        self._rejoining, self._peer_there = False, peer
        if peer:
            self.peer_is_there(now)

    def _relay_peer_lost(self, now: int) -> None:
        if not self.in_session():
            return
        if not self._peer_there:
            raise Refused("unexpected-message", "RDV-5", "the peer was lost before")
        self._peer_there = False
        self._ended_by = "peer"
        self._do(self.machine.peer_lost(now))

    def _relay_peer_back(self, now: int) -> None:
        if not self.in_session():
            return
        if self._peer_there:
            raise Refused("unexpected-message", "RDV-5", "the peer was not lost")
        self._peer_there = True
        self.peer_is_there(now)

    def _relay_gone(self, now: int, code: int) -> None:
        error = error_name(code) or "done"
        self._ended_by = "relay"
        self._do(self.machine.gone(now, error))

    def _relay_refused(self, now: int, code: int) -> None:
        error = error_name(code) or "done"
        self._ended_by = "relay"
        if self._signing_in:
            self._sign_in_is_refused(now, code)
        elif self._card_seed is not None:
            self._card_is_refused()
        elif self._rejoining:
            self._rejoining = False
            self._do(self.machine.gone(now, error))
        else:
            self._do(self.machine.refused(now, error))

    def peer_is_there(self, now: int) -> None:
        """While the session is frozen."""

    def _relay_deliver(self, now: int, envelope: bytes) -> None:
        raise NotImplementedError

    # a session at the relay, and its end

    def _leave(self, error: str) -> None:
        self._say("leave", code=registry().errors[error])
        self._token = None
        self.left(error)

    def asks_relay(self, name: str, **fields: Any) -> None:  # noqa: ANN401
        """For another session."""
        self._peer_there = True
        self._say(name, **fields)

    def left(self, error: str) -> None:
        """The session at the relay, or the join, is over."""

    def _close(self, error: str) -> None:
        if self._up:
            self._up = False
            self.put(Close(registry().errors[error]))

    def stated(self, timer: str) -> int:
        """The value that the relay stated, or else that of the registry."""
        number = registry().ids("timer")[timer]
        return self.timers.get(number, registry().timer(timer))
