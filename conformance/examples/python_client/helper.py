"""A whole helper: codes and joins, the exchange, what is seen, control."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from alongside_independent import exchange, identity, messages, receipt_fields, reconnect
from alongside_independent.codes import Code, draw
from alongside_independent.exchange import Speaks
from alongside_independent.identity import Signed, decode_card
from alongside_independent.messages import Message
from alongside_independent.model.helper import Helper as Machine
from alongside_independent.model.outcome import ACCEPTED, Outcome
from alongside_independent.receipts import AtHelper
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry, scope_bits
from alongside_independent.sealing import MediaOpener
from alongside_independent.spake import password_of_code

from .actions import Stop
from .controlling import Controlling
from .device import KnownDevice
from .viewing import Viewer

VIEW_ONLY = ("view", "chat")


class Helper(Controlling):
    direction, other_direction = "to-sharer", "to-helper"
    machine: Machine

    def __init__(
        self,
        name: str,
        ceiling: int | None = None,
        suites: tuple[int, ...] = (1, 2),
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._own_ceiling = scope_bits(*VIEW_ONLY) if ceiling is None else ceiling
        super().__init__(Machine(self._own_ceiling), random)
        self._name, self._suites = name, suites
        self.code: Code | None = None
        self._n_h = b""
        self._joined_at = 0
        self._outstanding = False
        self._attempt_at = 0
        self._device: KnownDevice | None = None
        self._viewing = False
        self._advised = False
        self.viewer = Viewer()
        self._receipts: AtHelper | None = None

    # codes and joins

    def ask_for_code(self, now: int) -> bool:
        """Whether it was asked for: CODE-13 may forbid it for a minute."""
        if self.person(now, self.machine.person_asks_for_code).verdict != ACCEPTED:
            return False
        self.asks_relay("code-request")
        return True

    def may_begin(self, now: int) -> bool:
        """CODE-13."""
        warned = self.machine.warned_at
        return warned is None or now - warned >= registry().timer("spent-delay")

    def calls(self, now: int, device: KnownDevice) -> bool:
        if self.person(now, self.machine.person_calls_device).verdict != ACCEPTED:
            return False
        self._device = device
        self.asks_relay("call", device=device.id)
        return True

    def _relay_code_issued(self, now: int, locator: str, lifetime_ms: int) -> None:
        self._do(self.machine.code_issued(now))
        if self.machine.phase == "with a code":
            secret = draw(registry().limit("secret"), lambda: self.random(1)[0] & 31)
            self.code = Code(locator, secret)
            self.tell("code", code=self.code.shown(), lifetime_ms=lifetime_ms)

    def _relay_refused(self, now: int, code: int) -> None:
        """To a `code-request`, or to what every client asks."""
        asked = self.machine.phase == "asking"
        if self.machine.phase == "calling":
            self.tell("refused", code=error_name(code) or "done")
        super()._relay_refused(now, code)
        if asked and not self.over:
            self.tell("code-ended", code=error_name(code) or "done")

    def _relay_gone(self, now: int, code: int) -> None:
        before = self.machine.phase
        super()._relay_gone(now, code)
        if before == "with a code" and not self.over:
            self.code = None
            self.tell("code-ended", code=error_name(code) or "done")

    def _relay_joined(self, now: int, offer: bytes) -> None:
        """CODE-8: the code is spent before anything is answered."""
        self._do(self.machine.joined(now))
        if self.machine.phase != "securing":
            return
        code, self.code = self.code, None
        self._joined_at, self._token, self._peer_there = now, None, True
        self.tell("joined")
        self._n_h = self.random(32)
        device = self._device
        password = device.password() if device else password_of_code(code.locator, code.secret)
        speaks = Speaks(suites=self._suites, ceiling=self._own_ceiling & self.help)
        self._exchange = exchange.Helper(password, speaks, self.scalar(), self.random(32), self._n_h)
        try:
            self.deliver(self._exchange.answer(offer))
        except Refused as refused:
            self._give_up(now, refused)

    def in_session(self) -> bool:
        return self.machine.phase in ("securing", "deciding", "viewing")

    def _relay_deliver(self, now: int, envelope: bytes) -> None:
        if self.machine.phase == "securing":
            self._take_confirm(now, envelope)
        elif self.in_session():
            self.take_envelope(now, envelope)

    def _take_confirm(self, now: int, envelope: bytes) -> None:
        try:
            if messages.decode("envelope", envelope) is None:
                return
            n_s, channel = self._exchange.confirm(envelope)
        except Refused as refused:
            self._give_up(now, refused)
            return
        self._do(self.machine.handshake(now))
        self.stand(now, channel)
        self._reconnect = reconnect.Helper(self.session(), channel.master)
        self._receipts = AtHelper(channel.h, self._card_hash())
        introduce = {"opening": self._n_h, "name": self._name, "card": b"", "proof": b""}
        if self.own_card is not None:
            card = decode_card(self.own_card.octets)
            self.machine.ceiling &= card.fields["ceiling"]
            self.machine.own_picture = self.own_card.picture_to_show()
            proof = self.own_card.proof("to-sharer", channel.h)
            introduce |= {"name": "", "card": self.own_card.octets, "proof": proof}
        self._do(self.machine.step(now, lambda: self.machine.send("introduce", **introduce)))
        self.tell_secured(self._n_h, n_s)

    def _give_up(self, now: int, refused: Refused) -> None:
        self._do(self.machine.handshake(now, refused.error or "done"))

    def left(self, error: str) -> None:
        """FRICTION-6, CODE-12."""
        self._exchange = None
        if self.machine.phase == "idle":
            machine = self.machine
            self.tell(
                "call-spent" if self._device else "code-spent",
                code=error,
                in_last_hour=len(machine.spent_at),
                warned=machine.warned_at is not None,
                wait_ms=registry().timer("spent-delay") if machine.warned_at is not None else 0,
            )

    # what the sharer says

    def check(self, now: int, message: Message) -> None:
        fields = message.fields
        if message.name == "advisory" and fields["statement"]:
            statement = identity.decode_statement(fields["statement"])
            identity.check_statement(statement)
            identity.check_device_proof(self._channel.h, statement, fields["proof"])
        elif message.name == "card":
            self.check_their_card("to-helper", self._channel.h, fields["card"], fields["proof"])
        elif message.name == "receipt" and self.machine.phase == "viewing":
            self._receipts.take(receipt_fields.BODY.write(fields))
        else:
            super().check(now, message)

    def taken(self, now: int, message: Message) -> None:
        fields = message.fields
        match message.name:
            case "displays":
                self.tell("displays", displays=fields["displays"])
            case "advisory":
                self._take_advisory(now, fields["statement"])
            case "state" if fields["scopes"]:
                self._new_epoch()
            case "epoch":
                self._new_epoch()
                self.tell("epoch", epoch=fields["epoch"], paused=fields["paused"])
            case "secure-desktop":
                self.tell("secure-desktop", active=fields["active"])
            case "card":
                self._take_card(now, decode_card(fields["card"]))
            case _:
                super().taken(now, message)

    def _card_hash(self) -> bytes:
        return hashlib.sha256(self.own_card.octets).digest() if self.own_card else bytes(32)

    def _take_card(self, now: int, card: Signed) -> None:
        """One that comes again after a reconnect was told of (RECON-38)."""
        if self._their_card is None:
            self._their_card = card
            self.tell("card", **self.who(now, "", card))

    def _take_advisory(self, now: int, statement: bytes) -> None:
        """ADVISORY-6, ADVISORY-8."""
        if self._advised:
            return
        self._advised = True
        signed = identity.decode_statement(statement) if statement else None
        status, why = identity.device_status(signed, self.anchors, self.date(now))
        self.tell("advisory", status=status, why=why)
        if status == "compliant" or not self.anchors:
            self.reads_advisory(now)

    def reads_advisory(self, now: int) -> Outcome:
        return self.person(now, self.machine.person_reads_advisory)

    def _look(self) -> None:
        """Consent comes by `consent`, or by `state` (RECON-26)."""
        super()._look()
        if self.machine.phase == "viewing" and not self._viewing:
            self._viewing = True
            self.tell("viewing", scopes=self.machine.consented)
            self.tell_rest("control-after-consent")

    # what is seen

    def _new_epoch(self) -> None:
        opener = MediaOpener(self._channel.suite, self._reconnect.master, self.machine.epoch)
        self.viewer.begin_epoch(opener)

    def frame_data(self, now: int, stream: int, data: bytes) -> None:
        """MEDIA-8: it is read at all times."""
        try:
            records = self.viewer.records(stream, data)
        except Refused:
            self.put(Stop(stream, registry().errors["malformed"]))
            return
        for record in records:
            if self.over:
                return
            self._take_media(now, stream, record)
        self._refresh(now)

    def frame_over(self, now: int, stream: int, reset: bool) -> None:
        self.viewer.stream_is_over(stream, reset)
        self._refresh(now)

    def _take_media(self, now: int, stream: int, record: bytes) -> None:
        if self.machine.phase != "viewing" or self.machine.frozen:
            return
        opened = self.viewer.open(record)
        if opened is None:
            return
        header, plaintext = opened
        self._ended_by = "peer"
        if self._do(self.machine.media(now, header.epoch)).verdict != ACCEPTED:
            return
        try:
            frame = self.viewer.take(stream, header, plaintext)
        except Refused as refused:
            self.refuse(now, refused)
            return
        if frame is not None:
            self.tell("frame", **frame)
            self._do(self.machine.frame_is_shown(now, frame["id"]))

    def _refresh(self, now: int) -> None:
        """MEDIA-21."""
        viewing = self.machine.phase == "viewing" and not self.machine.frozen
        if viewing and self.viewer.wants_refresh(now):
            self._do(self.machine.step(now, lambda: self.machine.send("refresh")))

    # the link

    def freeze(self) -> None:
        self.viewer.begin_epoch(None)
        self._outstanding = False
        self._attempt_at = self.machine.now

    def peer_is_there(self, now: int) -> None:
        self._attempt(now)

    def _may_attempt(self) -> bool:
        return self.machine.frozen and self._up and self._peer_there and not self._rejoining

    def _attempt(self, now: int) -> None:
        """RECON-11."""
        if self._may_attempt():
            self._attempt_at = now + registry().timer("reconnect-retry")
            self._outstanding = True
            self.deliver(self._reconnect.attempt(self.random(32)))

    def take_sealed(self, now: int, envelope: bytes) -> None:
        if not self._outstanding:
            super().take_sealed(now, envelope)

    def take_proof(self, now: int, name: str, envelope: bytes) -> bool:
        if name != "reconnect-2":
            return False
        try:
            self._reconnect.answer(envelope, now)
        except Refused as refused:
            if refused.error:
                self.refuse(now, refused)
            return True
        self._outstanding = False
        self.use(self._reconnect.master)
        self._do(self.machine.reconnected(now))
        return True

    # time

    def own_time(self, now: int) -> None:
        if self.machine.phase == "securing" and now - self._joined_at >= registry().timer("handshake"):
            self._do(self.machine.handshake(now, "handshake-timeout"))
        if self._may_attempt() and now >= self._attempt_at:
            self._attempt(now)
        self._refresh(now)
        super().own_time(now)

    def times(self) -> list[int]:
        times = super().times()
        if self.machine.phase == "securing":
            times.append(self._joined_at + registry().timer("handshake"))
        if self._may_attempt():
            times.append(self._attempt_at)
        if self.viewer.refresh_at is not None and self._beats():
            times.append(self.viewer.refresh_at)
        return times
