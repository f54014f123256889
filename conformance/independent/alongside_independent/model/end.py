"""What helper and sharer have in common: phases, pause, chat, pictures, clipboard, the link, the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..identity import PictureReceiver, picture_pieces
from ..messages import Message
from ..refusal import Refused
from ..registry import registry, scope_bits
from .outcome import ACCEPTED, IGNORED, REFUSED, Outcome
from .phases import ALLOWED


@dataclass
class Grant:
    id: int
    scopes: int
    request: int = 0
    ends_at: int = 0


@dataclass
class Chat:
    written: int = 0
    received: int = 0
    kept: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Clipboard:
    """Item numbers of both directions, and the item that waits for the person here."""

    sent: int = 0
    received: int = 0
    waiting: int | None = None
    offered: int | None = None


def code(name: str) -> int:
    return registry().errors[name]


class End:
    """Subclasses have a method `on_x_y` for each message `x-y` that may come, and the person's acts."""

    role = ""
    sealing_phases: tuple[str, ...] = ("deciding", "viewing")

    def __init__(self, ceiling: int, phase: str) -> None:
        self.ceiling = ceiling
        self.phase = phase
        self.frozen = False
        self.awaiting_state = False
        self.ended_with: str | None = None
        self.own_pause = False
        self.their_pause = False
        self.consented = 0
        self.grant: Grant | None = None
        self.highest_grant = 0
        self.chat = Chat()
        self.clipboard = Clipboard()
        self.own_picture: bytes | None = None
        self.picture_was_asked = False
        self.picture: PictureReceiver | None = None
        self.picture_wanted: dict[str, Any] | None = None
        self.probe_answered_at: int | None = None
        self.told_pause: bool | None = None
        self.probe: int | None = None
        self.now = 0
        self.heard_at = 0
        self.sent_at = 0
        self.frozen_at = 0
        self._out: list[Message] = []
        self._leave: str | None = None
        self._close: str | None = None
        self._why: str | None = None

    # steps

    def receive(self, now: int, message: Message) -> Outcome:
        """One message of a record that opened under the newest master."""
        return self.step(now, lambda: self._take(message))

    def step(self, now: int, action: Callable[[], None]) -> Outcome:
        self.now = now
        if self.phase == "ended":
            return Outcome(IGNORED, None, "SESSION-2")
        try:
            action()
        except Refused as refused:
            if refused.error is None:
                return self._outcome(IGNORED, None, refused.requirement)
            self.finish(refused.error)
            return self._outcome(REFUSED, refused.error, refused.requirement)
        return self._outcome(ACCEPTED, None, self._why)

    def _outcome(self, verdict: str, error: str | None, requirement: str | None) -> Outcome:
        made = Outcome(verdict, error, requirement, self._out, self._leave, self._close)
        self._out, self._leave, self._close, self._why = [], None, None, None
        return made

    def send(self, name: str, /, **fields: Any) -> None:  # noqa: ANN401
        self.sent_at = self.now
        self._out.append(Message(name, fields))

    def violation(self, clause: str, why: str, error: str = "unexpected-message") -> Refused:
        return Refused(error, clause, why)

    def _take(self, message: Message) -> None:
        if self.phase not in ("securing", "deciding", "viewing"):
            raise Refused(None, "KEX-21", "it belongs to a session that is over")
        self.heard_at = self.now
        if message.name == "pad" and self.phase in self.sealing_phases:
            return
        if self.frozen:
            self._take_frozen(message)
            return
        if message.name == "path-offer" and self.phase != "viewing":
            raise self.violation("PATH-4", "a path is offered before consent")
        if (self.role, self.phase) not in ALLOWED[message.name]:
            raise self.violation("SESSION-1", f"{message.name} may not come in {self.phase}")
        getattr(self, "on_" + message.name.replace("-", "_"))(**message.fields)

    def _take_frozen(self, message: Message) -> None:
        if not self.awaiting_state:
            raise Refused(None, "RECON-23", "it comes late, under an old master")
        if message.name not in ("state", "end"):
            raise self.violation("RECON-24", "neither state nor end comes first")
        if message.name == "end":
            self.on_end(**message.fields)
            return
        self.check_state(message.fields)
        self.frozen = self.awaiting_state = False
        self._tell_pause()
        self.go_on(message.fields)
        self._ask_for_picture_again()

    def send_state(self) -> None:
        self.awaiting_state, self.told_pause = True, self.own_pause
        self.send("state", **self.own_state())

    def _tell_pause(self) -> None:
        """RECON-37: the flag that changed after `state` was sent."""
        if self.told_pause is not None and self.told_pause != self.own_pause:
            self.send("pause", paused=self.own_pause)
        self.told_pause = None

    def check_state(self, state: dict[str, Any]) -> None:
        if state["received"] > self.chat.written or state["sent"] < self.chat.received:
            raise self.violation("RECON-25", "lines of chat that cannot be so")

    def go_on(self, state: dict[str, Any]) -> None:
        raise NotImplementedError

    def own_state(self) -> dict[str, Any]:
        raise NotImplementedError

    def resend_chat(self, received: int) -> None:
        """RECON-32."""
        self.acknowledge(received)
        for number, text in self.chat.kept:
            self.send("chat", id=number, text=text)

    # the end

    def finish(self, error: str, tell: bool = True) -> None:
        """Ends the session here: by `end` where a record can be sealed (END-2), and `leave` (END-3)."""
        self.end_grant_silently()
        if tell and not self.frozen and self.phase in self.sealing_phases:
            self.send("end", code=code(error))
        if self.phase != "idle":
            self._leave = error
        self.phase, self.ended_with = "ended", error

    def on_end(self, code: int) -> None:
        known = next((name for name, number in registry().errors.items() if number == code), "done")
        self.finish(known, tell=False)
        self._why = "END-4"

    def end_grant_silently(self) -> None:
        self.grant = None

    def person_ends(self, now: int) -> Outcome:
        return self.step(now, lambda: self.finish("done"))

    # the link

    def _closed(self, error: str) -> None:
        if error == "busy" and self.frozen:
            raise Refused(None, "END-5", "the relay may have room in a moment")
        self.finish(error, tell=False)

    def lose_link(self, now: int) -> Outcome:
        """RECON-1 to RECON-3, RECON-34: `peer-lost`, or a connection that is lost."""
        return self.step(now, self.freeze)

    def record_does_not_open(self, now: int) -> Outcome:
        """KEY-7, RECON-6."""

        def freeze() -> None:
            if self.frozen:
                raise Refused(None, "RECON-7", "a record that does not open while frozen")
            self.freeze()
            self._close = "lost"

        return self.step(now, freeze)

    def freeze(self) -> None:
        self.frozen, self.awaiting_state, self.frozen_at = True, False, self.now
        self.end_grant_silently()
        self.clipboard = Clipboard()
        self.picture_was_asked = False

    def pass_time(self) -> None:
        """What both ends do by the clock: silence, the end of what is frozen, heartbeats."""
        timer = registry().timer
        if self.frozen:
            if self.now - self.frozen_at >= timer("reconnect"):
                self.finish("lost", tell=False)
                self._why = "RECON-5"
            return
        if self.phase in ("deciding", "viewing"):
            if self.now - self.heard_at >= timer("silence"):
                self.freeze()
                self._close = "lost"
                self._why = "SESSION-5"
            elif self.now - self.sent_at >= timer("heartbeat"):
                self.send("heartbeat")

    def on_heartbeat(self) -> None:
        pass

    # pause

    @property
    def paused(self) -> bool:
        return self.own_pause or self.their_pause

    # chat

    def person_writes(self, now: int, text: str) -> Outcome:
        return self.step(now, lambda: self._write(text))

    def _write(self, text: str) -> None:
        if self.phase != "viewing":
            raise Refused(None, "SESSION-1", "not before consent")
        if len(self.chat.kept) >= registry().limit("chat-kept"):
            raise Refused(None, "RECON-31", "too many lines are not acknowledged")
        if not self.consented & scope_bits("chat"):
            raise Refused(None, "CHAT-4", "chat was not consented to")
        self.chat.written += 1
        self.chat.kept.append((self.chat.written, text))
        if not self.frozen:
            self.send("chat", id=self.chat.written, text=text)

    def on_chat(self, id: int, text: str) -> None:
        if not self.consented & scope_bits("chat"):
            raise self.violation("CHAT-4", "chat was not consented to", "scope-exceeded")
        if id != self.chat.received + 1:
            raise self.violation("CHAT-2", "not one higher than the last line")
        self.chat.received = id
        self.send("chat-ack", id=id)

    def on_chat_ack(self, id: int) -> None:
        if not 1 <= id <= self.chat.written:
            raise Refused(None, "CHAT-6", "a line that was never sent")
        self.acknowledge(id)

    def acknowledge(self, upto: int) -> None:
        self.chat.kept = [line for line in self.chat.kept if line[0] > upto]

    # pictures

    def person_asks_for_picture(self, now: int, picture: dict[str, Any]) -> Outcome:
        """The picture that a card names by hash and size."""

        def ask() -> None:
            if self.phase not in ("deciding", "viewing") or self.frozen:
                raise Refused(None, "RECON-40", "nothing is sent now")
            if self.picture_wanted is not None:
                raise Refused(None, "PICTURE-1", "it was asked for before")
            self.picture_wanted, self.picture = picture, PictureReceiver(picture)
            self.send("picture-request")

        return self.step(now, ask)

    def _ask_for_picture_again(self) -> None:
        """RECON-39."""
        if self.picture_wanted is not None and self.picture is not None and not self.picture.whole:
            self.picture = PictureReceiver(self.picture_wanted)
            self.send("picture-request")

    def on_picture_request(self) -> None:
        if self.own_picture is None or self.picture_was_asked:
            raise self.violation("PICTURE-2", "no picture was shown, or it was asked for before")
        self.picture_was_asked = True
        for offset, data in picture_pieces(self.own_picture):
            self.send("picture", offset=offset, data=data)

    def on_picture(self, offset: int, data: bytes) -> None:
        if self.picture is None:
            raise self.violation("PICTURE-2", "no picture was asked for")
        self.picture.piece(offset, data)

    # what names a grant

    def judge_grant(self, named: int, scope: str) -> None:
        """TOOL-1 to TOOL-3."""
        if not 1 <= named <= self.highest_grant:
            raise self.violation("TOOL-2", "a grant that was never made")
        if self.grant is None or named != self.grant.id:
            raise Refused(None, "TOOL-1", "a grant that has ended")
        if not self.grant.scopes & scope_bits(scope):
            raise self.violation("TOOL-3", f"the grant has not the scope {scope}", "scope-exceeded")

    def take_item(self, grant: int, item: int, scope: str) -> None:
        if item != self.clipboard.received + 1:
            raise self.violation("TOOL-12", "not one higher than the last item")
        self.clipboard.received = item
        self.judge_grant(grant, scope)
        self.refuse_item()
        self.clipboard.waiting = item

    def grant_with(self, scope: str) -> int:
        """TOOL-4."""
        if self.grant is None or not self.grant.scopes & scope_bits(scope):
            raise Refused(None, "TOOL-4", "no live grant with its scope")
        return self.grant.id

    def send_item(self, text: str, scope: str) -> None:
        grant = self.grant_with(scope)
        self.clipboard.sent += 1
        self.clipboard.offered = self.clipboard.sent
        self.send("clipboard", grant=grant, item=self.clipboard.sent, text=text)

    def person_answers_item(self, now: int, taken: bool) -> Outcome:
        def answer() -> None:
            if self.clipboard.waiting is None:
                raise Refused(None, "TOOL-14", "no item waits")
            self.send("clipboard-taken", item=self.clipboard.waiting, taken=taken)
            self.clipboard.waiting = None

        return self.step(now, answer)

    def refuse_item(self) -> None:
        """TOOL-14, for an item whose grant ends or that another follows."""
        if self.clipboard.waiting is not None:
            self.send("clipboard-taken", item=self.clipboard.waiting, taken=False)
            self.clipboard.waiting = None

    def on_clipboard_taken(self, item: int, taken: bool) -> None:
        if self.clipboard.offered != item:
            raise Refused(None, "TOOL-14", "no item waits for this")
        self.clipboard.offered = None

    # quality

    def on_probe(self, probe: int) -> None:
        last, rest = self.probe_answered_at, registry().timer("probe-rest")
        if last is not None and self.now - last < rest:
            raise Refused(None, "TOOL-30", "an answer was sent a moment ago")
        self.probe_answered_at = self.now
        self.send("probe-answer", probe=probe)

    def on_path_offer(self, certificate: bytes) -> None:
        """Nobody has to want a path, and these machines do not."""

    def on_probe_answer(self, probe: int) -> None:
        if probe != self.probe:
            raise Refused(None, "TOOL-26", "not the probe that was sent last")
        self.probe = None
