"""The channel to the other end: envelopes, records and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alongside_independent import messages, schedule
from alongside_independent.edwards import L
from alongside_independent.exchange import Channel
from alongside_independent.messages import Message
from alongside_independent.model.end import End
from alongside_independent.model.outcome import ACCEPTED, Outcome
from alongside_independent.reconnect import Session
from alongside_independent.refusal import Refused
from alongside_independent.schedule import Master
from alongside_independent.sealing import SessionSealer

VERSION = 1


class Sealed:
    """A part of `Endpoint`, which has what is named here."""

    direction = ""
    """That of what this end seals."""
    other_direction = ""
    machine: End
    random: Callable[[int], bytes]
    over: bool
    tell: Callable[..., None]
    refuse: Callable[..., None]
    taken: Callable[[int, Message], None]
    _do: Callable[[Outcome], Outcome]
    _ended_by: str
    _beat_at: int

    def __init__(self) -> None:
        self.session_id = b""
        self.channel_stood = False
        self._channel: Channel | None = None
        self._sealer: SessionSealer | None = None
        self._opener: SessionSealer | None = None
        self._reconnect: Any = None
        self._exchange: Any = None

    # envelopes

    def take_envelope(self, now: int, envelope: bytes) -> None:
        try:
            message = messages.decode("envelope", envelope)
        except Refused as refused:
            self.refuse(now, refused)
            return
        if message is None:
            return
        if message.name == "sealed":
            self.take_sealed(now, envelope)
        elif not self.take_proof(now, message.name, envelope):
            self.refuse(now, Refused("unexpected-message", "KEX-21", f"{message.name} in a session"))

    def take_proof(self, now: int, name: str, envelope: bytes) -> bool:
        raise NotImplementedError

    def take_sealed(self, now: int, envelope: bytes) -> None:
        """Under the newest master."""
        if self.machine.frozen and not self.machine.awaiting_state:
            return
        try:
            plaintext = self._opener.open(envelope)
        except Refused:
            self._do(self.machine.record_does_not_open(now))
            return
        self.take_plaintext(now, plaintext)

    def take_plaintext(self, now: int, plaintext: bytes) -> None:
        try:
            taken = messages.decode_plaintext(plaintext)
        except Refused as refused:
            self.refuse(now, refused)
            return
        self.channel_stood = True
        if not taken:
            self.machine.heard_at = now
        for message in taken:
            if self.over:
                return
            self._take_message(now, message)

    def _take_message(self, now: int, message: Message) -> None:
        try:
            self.check(now, message)
        except Refused as refused:
            self.refuse(now, refused)
            return
        self._ended_by = "peer"
        before = self.machine.their_pause
        outcome = self._do(self.machine.receive(now, message))
        if outcome.verdict == ACCEPTED:
            if self.machine.their_pause != before:
                self.tell("pause", own=self.machine.own_pause, other=self.machine.their_pause)
            self.taken(now, message)

    def check(self, now: int, message: Message) -> None:
        """What the machine takes for checked already."""

    # keys

    def stand(self, now: int, channel: Channel) -> None:
        """The channel stands."""
        self._channel = channel
        self.session_id = channel.session_id
        self.machine.ceiling = channel.ceiling
        self.machine.heard_at = self._beat_at = now
        self.use(channel.master)

    def use(self, master: Master) -> None:
        self._sealer = SessionSealer(self._channel.suite, master, self.direction)
        self._opener = SessionSealer(self._channel.suite, master, self.other_direction)

    def session(self) -> Session:
        return Session(VERSION, self._channel.suite, self._channel.session_id)

    def tell_secured(self, n_h: bytes, n_s: bytes) -> None:
        phrase = schedule.phrase(schedule.phrase_places(self._channel.h, n_h, n_s))
        self.tell("secured", session_id=self.session_id, phrase=phrase, ceiling=self.machine.ceiling)

    def scalar(self) -> int:
        return int.from_bytes(self.random(64), "big") % L

    def forget_keys(self) -> None:
        """KEY-5."""
        self._channel = self._sealer = self._opener = self._reconnect = self._exchange = None
