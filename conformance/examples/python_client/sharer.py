"""A whole sharer: joins, the exchange, consent, what is shown, control."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from alongside_independent import exchange, identity, messages, reconnect
from alongside_independent.codes import Code
from alongside_independent.exchange import Speaks
from alongside_independent.messages import Message
from alongside_independent.model.outcome import ACCEPTED, IGNORED, Outcome
from alongside_independent.model.sharer import Sharer as Machine
from alongside_independent.records import Frame
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry, scope_bits
from alongside_independent.sealing import MediaSealer, SessionSealer
from alongside_independent.spake import password_of_code

from .actions import Finish, Write
from .device import KnownDevice
from .granting import Granting
from .showing import Shower

VIEW_ONLY = ("view", "chat")


@dataclass
class Marks:
    """CODE-10, CODE-11, for one run of a program (CODE-14)."""

    _spent: dict[tuple[str, str], int] = field(default_factory=dict)

    def spend(self, now: int, relay: str, locator: str) -> bool:
        """False when it was spent lately."""
        if self.spent(now, relay, locator):
            return False
        self._spent[relay, locator] = now
        return True

    def spent(self, now: int, relay: str, locator: str) -> bool:
        last = self._spent.get((relay, locator))
        return last is not None and now - last < registry().timer("sharer-spent")


class Sharer(Granting):
    direction, other_direction = "to-helper", "to-sharer"
    machine: Machine

    def __init__(
        self,
        displays: list[dict[str, int]],
        ceiling: int | None = None,
        suites: tuple[int, ...] = (1, 2),
        random: Callable[[int], bytes] = secrets.token_bytes,
        marks: Marks | None = None,
    ) -> None:
        self._own_ceiling = scope_bits(*VIEW_ONLY) if ceiling is None else ceiling
        super().__init__(Machine(self._own_ceiling, displays), random)
        self._marks = marks or Marks()
        self.needs_card = False
        self.begins_at: int | None = None
        """When it is time to connect, for a device that waits once more."""
        self._device: KnownDevice | None = None
        self._waits = False
        self.was_called = False
        self._suites = suites
        self._n_s = b""
        self._joined_at = 0
        self._answered_at = 0
        self._candidate: SessionSealer | None = None
        self._shower = Shower()

    # a join

    def may_join(self, now: int, relay: str, code: Code) -> bool:
        return self.machine.phase == "idle" and not self._marks.spent(now, relay, code.locator)

    def join(self, now: int, relay: str, code: Code, by_link: bool = False) -> bool:
        """Whether the join was sent: CODE-11 may forbid it."""
        if self.machine.phase != "idle" or not self._marks.spend(now, relay, code.locator):
            return False
        self.person(now, self.machine.joins)
        self._joined_at = now
        self._n_s = self.random(32)
        ceiling = self._own_ceiling & self.share
        if by_link:
            ceiling &= scope_bits("view")
        password = password_of_code(code.locator, code.secret)
        speaks = Speaks(suites=self._suites, ceiling=ceiling)
        self._exchange = exchange.Sharer(password, speaks, self.scalar(), self.random(32), self._n_s)
        self.asks_relay("join", locator=code.locator, link=by_link, offer=self._exchange.offer)
        return True

    @property
    def rests(self) -> bool:
        return self.begins_at is not None

    def waits(self, now: int, device: KnownDevice) -> bool:
        """DEVICE-13, DEVICE-18."""
        if self.person(now, self.machine.waits_as_device).verdict != ACCEPTED:
            return False
        self._device, self.needs_card = device, not device.without_card
        self._n_s = self.random(32)
        speaks = Speaks(suites=self._suites, ceiling=self._own_ceiling & self.share)
        made = exchange.Sharer(device.password(), speaks, self.scalar(), self.random(32), self._n_s)
        self._exchange = made
        self.asks_relay("wait", device=device.id, token=device.token, offer=made.offer)
        return True

    def _relay_waiting(self, now: int) -> None:
        if self._device is None or self._waits:
            raise Refused("unexpected-message", "RDV-5", "nobody wants to wait")
        self._waits = True
        self.tell("waiting")

    def _relay_refused(self, now: int, code: int) -> None:
        if self.machine.phase in ("joining", "waiting"):
            self.tell("refused", code=error_name(code) or "done")
        super()._relay_refused(now, code)

    def in_session(self) -> bool:
        return self.machine.phase not in ("idle", "ended")

    def _relay_deliver(self, now: int, envelope: bytes) -> None:
        self.was_called = True
        match self.machine.phase:
            case "idle":
                raise Refused("unexpected-message", "RDV-5", "deliver before a join")
            case "joining" | "waiting":
                self._take_answer(now, envelope)
            case _:
                self.take_envelope(now, envelope)

    def _take_answer(self, now: int, envelope: bytes) -> None:
        try:
            if messages.decode("envelope", envelope) is None:
                return
            confirm, channel = self._exchange.answer(envelope)
        except Refused as refused:
            self.refuse(now, refused)
            return
        self._do(self.machine.answered(now, channel.ceiling))
        self._answered_at = now
        self.stand(now, channel)
        self._reconnect = reconnect.Sharer(self.session(), channel.master)
        self.deliver(confirm)

    # what the helper says

    def check(self, now: int, message: Message) -> None:
        """KEX-15 and the helper's card, before anything but an `end` is sealed."""
        if message.name != "introduce" or self.machine.phase != "securing":
            return
        fields = message.fields
        self._exchange.check_opening(fields["opening"])
        if fields["card"]:
            self._their_card = self.check_their_card(
                "to-sharer", self._channel.h, fields["card"], fields["proof"]
            )
        worth = self.judge(now, self._their_card)
        if self.needs_card and not worth.vouched:
            raise Refused("card-needed", "CARD-17", "no anchor vouches for it")
        ceiling = identity.narrowed_ceiling(self.machine.ceiling, self._their_card, worth)
        self.machine.ceiling = ceiling

    def taken(self, now: int, message: Message) -> None:
        fields = message.fields
        match message.name:
            case "introduce" if self.machine.phase == "deciding":
                self._beat_at = now
                self.tell_secured(fields["opening"], self._n_s)
                self.tell("asks-consent", **self.who(now, fields["name"], self._their_card))
                if self.judge(now, self._their_card).result == "verified":
                    self.shows_card(now)
            case "shown":
                self.tell("shown", frame=fields["frame"])
            case "refresh":
                if self.may_show:
                    self._shower.asked_for_refresh(now)
                self.tell("refresh")
            case _:
                super().taken(now, message)

    def sent(self, message: Message) -> None:
        if message.name == "epoch":
            self._new_epoch(message.fields["epoch"])
        super().sent(message)

    # the person

    def says_who_started(self, now: int, themselves: bool) -> Outcome:
        outcome = self.person(now, self.machine.person_says_who_started, themselves)
        if outcome.verdict == ACCEPTED and not themselves:
            self.tell("warned")
        return outcome

    def consents(self, now: int, further_act: bool = False) -> Outcome:
        scopes = scope_bits(*VIEW_ONLY)
        outcome = self.person(now, self.machine.person_consents, scopes, further_act)
        if outcome.verdict == ACCEPTED:
            self.tell("viewing", scopes=self.machine.consented)
            self.tell_rest("control-after-consent")
        return outcome

    def declines(self, now: int) -> Outcome:
        return self.person(now, self.machine.person_declines)

    def shows_card(self, now: int) -> Outcome:
        """CARD-20: unasked to who is verified, to others when the person says so."""
        own = self.own_card
        if own is None:
            return Outcome(IGNORED, None, "CARD-20")
        self.machine.own_picture = own.picture_to_show()
        proof = own.proof("to-helper", self._channel.h) if self._channel else b""
        return self.person(now, self.machine.person_shows_card, own.octets, proof)

    # what is shown

    def _new_epoch(self, epoch: int) -> None:
        self._end_stream()
        self._shower.begin_epoch(MediaSealer(self._channel.suite, self._reconnect.master, epoch))

    def _end_stream(self) -> None:
        if self._shower.stream is not None:
            self.put(Finish(self._shower.stream))
            self._shower.stream_is_gone()

    @property
    def may_show(self) -> bool:
        return self.machine.may_send_media()

    @property
    def wants_complete(self) -> bool:
        return self._shower.wants_complete

    def show(self, now: int, frame: Frame) -> int | None:
        """The id of the frame; None when nothing may be sent."""
        number = self._shower.next_frame
        if self.person(now, self.machine.sends_frame, number).verdict != ACCEPTED:
            return None
        if self._shower.stream is None:
            self._shower.begin_stream(self.new_stream())
        self.put(Write(self._shower.stream, self._shower.seal(frame)))
        return number

    def displays_are(self, now: int, displays: list[dict[str, int]]) -> None:
        """Another size, for which a complete frame is due; before consent nobody is told."""
        self.machine.displays = displays
        self._shower.begin_anew()
        self.person(now, self.machine.displays_change, displays)

    def system_asks(self, now: int, active: bool) -> Outcome:
        """TOOL-21, TOOL-23."""
        before = self.machine.secure_desktop
        outcome = self.person(now, self.machine.system_asks, active)
        if not active:
            self._shower.begin_anew()
            return outcome
        self._shower.no_refresh_waits()
        if not before and self.machine.grant is not None:
            self.tell("released")
        return outcome

    def stream_stopped(self, stream: int) -> None:
        if stream == self._shower.stream:
            self._shower.stream_is_gone()

    # the link

    def freeze(self) -> None:
        self._shower.begin_epoch(None)
        self._candidate = None

    def take_proof(self, now: int, name: str, envelope: bytes) -> bool:
        if name != "reconnect-1" or self.machine.phase not in ("deciding", "viewing"):
            return False
        try:
            answer = self._reconnect.answer(envelope, self.random(32), now)
        except Refused as refused:
            if refused.error:
                self.refuse(now, refused)
            return True
        self._ended_by = "peer"
        self._do(self.machine.lose_link(now))
        self.machine.awaiting_state = False
        self._candidate = SessionSealer(self._channel.suite, self._reconnect.candidate, self.other_direction)
        self.deliver(answer)
        return True

    def take_sealed(self, now: int, envelope: bytes) -> None:
        """RECON-17: while there is a candidate, under that alone."""
        if self._candidate is None:
            super().take_sealed(now, envelope)
            return
        try:
            plaintext = self._candidate.open(envelope)
        except Refused:
            return
        opener, self._candidate = self._candidate, None
        self._reconnect.opened_under_candidate()
        self.use(self._reconnect.master)
        self._opener = opener
        self._do(self.machine.reconnected(now))
        self.take_plaintext(now, plaintext)

    # time

    def own_time(self, now: int) -> None:
        machine, timer = self.machine, registry().timer
        if self.begins_at is not None and now >= self.begins_at:
            self.begins_at = None
            self.tell("due")
        if machine.phase == "joining" and now - self._joined_at >= timer("join-notice"):
            self._do(machine.join_is_late(now))
            self.tell("join-is-held-back", most_ms=self.stated("join-delay-most"))
        elif self._handshake_ends() is not None and now >= self._handshake_ends():
            self._do(machine.handshake_is_over(now))
        if self._shower.refresh_at is not None and now >= self._shower.refresh_at:
            self._shower.answer_refresh(now)
        super().own_time(now)

    def _handshake_ends(self) -> int | None:
        """KEX-18, and the end of a join that nobody answers."""
        handshake = registry().timer("handshake")
        match self.machine.phase:
            case "joining" | "waiting" if self._device is None:
                return self._joined_at + self.stated("join-delay-most") + handshake
            case "securing":
                return self._answered_at + handshake
        return None

    def times(self) -> list[int]:
        machine, timer = self.machine, registry().timer
        times = super().times()
        if self.begins_at is not None:
            times.append(self.begins_at)
        if machine.phase == "joining":
            times.append(self._joined_at + timer("join-notice"))
        if self._handshake_ends() is not None:
            times.append(self._handshake_ends())
        if self._shower.refresh_at is not None:
            times.append(self._shower.refresh_at)
        if machine.phase == "deciding":
            times.append(machine.deciding_since + timer("consent-prompt"))
        if machine.grant is not None:
            times.append(machine.grant.ends_at)
        if machine.prompt is not None:
            times.append(machine.prompt.opened_at + timer("control-prompt"))
        return times
