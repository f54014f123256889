"""The sharer's machine: chapters 05, 06, 12, 19."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..records import Event, check_scopes
from ..refusal import Refused
from ..registry import all_scopes, registry, scope_bits
from .arriving import Arriving
from .end import Grant, code
from .outcome import Outcome


@dataclass
class Prompt:
    request: int
    scopes: int
    opened_at: int


class Sharer(Arriving):
    """From a channel that stands to the end. The opening has been checked when `introduce` is taken."""

    def __init__(self, ceiling: int, displays: list[dict[str, int]] | None = None) -> None:
        super().__init__(ceiling)
        self.displays = displays or [{"id": 0, "width": 1, "height": 1}]
        self.can_do = all_scopes() & ~scope_bits("elevation")
        self.statement: tuple[bytes, bytes] = (b"", b"")
        self.advisory_acknowledged = False
        self.secure_desktop: bool | None = None
        self.deciding_since = 0
        self.consented_at = 0
        self.denied_at: int | None = None
        self.withdrawn_at: int | None = None
        self.card: tuple[bytes, bytes] | None = None
        self.prompt: Prompt | None = None
        self.highest_request = 0
        self.epoch = 0
        self.epoch_runs = False
        self.epoch_seen = False
        self.frames_sent: dict[int, int] = {}
        self.shown_since = 0
        self.seen_frame = False
        self.injected_at: int | None = None
        self.points = 0
        self.drawn = False
        self.laser = False
        self.started: bool | None = None

    # deciding

    def person_says_who_started(self, now: int, themselves: bool) -> Outcome:
        """FRICTION-4."""

        def say() -> None:
            if self.phase != "deciding" or self.started is not None:
                raise Refused(None, "FRICTION-4", "it is not asked, or was said")
            self.started = themselves

        return self.step(now, say)

    def on_introduce(self, **_: Any) -> None:  # noqa: ANN401
        if not self.ceiling & scope_bits("view", "chat"):
            self.finish("nothing-allowed")
            self._why = "CONSENT-9"
            return
        self.phase, self.deciding_since = "deciding", self.now
        self.sent_at = self.now
        self.send("heartbeat")

    def person_consents(self, now: int, scopes: int, further_act: bool = False) -> Outcome:
        return self.step(now, lambda: self._consent(scopes, further_act))

    def _consent(self, scopes: int, further_act: bool) -> None:
        if self.phase != "deciding":
            raise Refused(None, "CONSENT-1", "nothing is asked")
        if self.started is None:
            raise Refused(None, "FRICTION-1", "it was not said who started the contact")
        if not self.started and not further_act:
            raise Refused(None, "FRICTION-3", "a plain answer is not enough")
        if self.frozen:
            raise Refused(None, "RECON-8", "the session is frozen")
        self.consented = scopes & self.ceiling & scope_bits("view", "chat")
        self.phase, self.consented_at = "viewing", self.now
        self.send("consent", scopes=self.consented)
        self._say_displays()
        self._advise()
        self._next_epoch()

    def _say_displays(self) -> None:
        """CONSENT-10."""
        sees = self.consented & scope_bits("view")
        self.send("displays", displays=self.displays if sees else [])

    def person_declines(self, now: int) -> Outcome:
        def decline() -> None:
            if self.phase != "deciding":
                raise Refused(None, "CONSENT-3", "nothing is asked")
            self.finish("declined")
            self._why = "CONSENT-3"

        return self.step(now, decline)

    def _advise(self) -> None:
        self.send("advisory", statement=self.statement[0], proof=self.statement[1])

    def person_shows_card(self, now: int, card: bytes, proof: bytes) -> Outcome:
        """CARD-20, which needs the helper's card, is judged by who calls this."""

        def show() -> None:
            if self.phase not in ("deciding", "viewing") or self.frozen:
                raise Refused(None, "RECON-40", "nothing is sent now")
            if self.card is not None:
                raise Refused(None, "CARD-21", "it was shown before")
            self.card = (card, proof)
            self.send("card", card=card, proof=proof)

        return self.step(now, show)

    def on_advisory_ack(self) -> None:
        self.advisory_acknowledged = True

    # epochs and pause

    def _next_epoch(self) -> None:
        self.epoch += 1
        self.epoch_runs, self.epoch_seen = not self.paused, False
        self.send("epoch", epoch=self.epoch, paused=self.paused)

    def on_epoch_seen(self, epoch: int) -> None:
        if not 1 <= epoch <= self.epoch:
            raise self.violation("PAUSE-7", "an epoch that was never announced")
        if epoch == self.epoch:
            self.epoch_seen = True

    def on_pause(self, paused: bool) -> None:
        before, self.their_pause = self.paused, paused
        self._pause_changed(before)

    def person_pauses(self, now: int, paused: bool) -> Outcome:
        def change() -> None:
            before = self.paused
            if self.phase not in ("deciding", "viewing"):
                raise Refused(None, "PAUSE-1", "there is no session")
            if self.own_pause == paused:
                return
            self.own_pause = paused
            if not self.frozen:
                self.send("pause", paused=paused)
            self._pause_changed(before)

        return self.step(now, change)

    def _pause_changed(self, before: bool) -> None:
        if self.phase != "viewing" or self.frozen or before == self.paused:
            return
        if self.paused:
            self._end_grant("paused")
            if self.prompt:
                if self.prompt.request:
                    self._deny(self.prompt.request, "too-early", "PAUSE-9")
                self.prompt = None
        self._next_epoch()

    def may_send_media(self) -> bool:
        """PAUSE-5, ADVISORY-2."""
        up = self.phase == "viewing" and not self.frozen and not self.secure_desktop
        return up and self.epoch_runs and self.epoch_seen and self.advisory_acknowledged

    def sends_frame(self, now: int, frame: int) -> Outcome:
        def take() -> None:
            if not self.may_send_media():
                raise Refused(None, "PAUSE-5", "no media now")
            self.frames_sent[frame] = self.epoch

        return self.step(now, take)

    def on_shown(self, frame: int) -> None:
        if frame not in self.frames_sent:
            raise self.violation("MEDIA-20", "a frame that was not sent")
        if self.frames_sent[frame] >= self.shown_since:
            self.seen_frame = True

    def on_refresh(self) -> None:
        pass

    # control

    def _deny(self, request: int, error: str, clause: str) -> None:
        self.send("control-deny", request=request, code=code(error))
        self._why = clause

    def on_control_request(self, request: int, scopes: int) -> None:
        if request <= self.highest_request:
            raise self.violation("CONTROL-2", "not higher than all before")
        self.highest_request = request
        given = scope_bits("view", "chat")
        if scopes == 0 or scopes & given or scopes & ~self.ceiling:
            self._deny(request, "beyond-ceiling", "CONTROL-3")
        elif scopes & ~self.can_do:
            self._deny(request, "unsupported", "TOOL-24")
        elif self.paused or self.prompt or not self.seen_frame:
            clause = "CONTROL-4" if self.paused or self.prompt or self.shown_since == 0 else "RECON-29"
            self._deny(request, "too-early", clause)
        elif self._too_early():
            self._deny(request, "too-early", "CONTROL-5")
        elif self._withdrawn_lately():
            self._deny(request, "too-early", "CONTROL-33")
        else:
            self._open_prompt(request, scopes)
            self._why = "CONTROL-6"

    def _open_prompt(self, request: int, scopes: int) -> None:
        self.prompt = Prompt(request, scopes, self.now)
        self._clear()

    def person_asks_for_time(self, now: int) -> Outcome:
        """TOOL-6: a renewal that the person begins."""

        def ask() -> None:
            if self.grant is None or self.prompt:
                raise Refused(None, "TOOL-6", "no live grant, or a prompt is open")
            self._open_prompt(0, self.grant.scopes)

        return self.step(now, ask)

    def _clear(self) -> None:
        self.points, self.drawn, self.laser = 0, False, False

    def _too_early(self) -> bool:
        timer = registry().timer
        if self.now - self.consented_at < timer("control-after-consent"):
            return True
        return self.denied_at is not None and self.now - self.denied_at < timer("control-after-denial")

    def _withdrawn_lately(self) -> bool:
        rest = registry().timer("control-after-denial")
        return self.withdrawn_at is not None and self.now - self.withdrawn_at < rest

    def on_control_withdraw(self, request: int) -> None:
        if self.prompt and self.prompt.request == request:
            self.prompt, self.withdrawn_at = None, self.now
            self._why = "CONTROL-11"
        elif self.grant and self.grant.request == request:
            self._end_grant("released")
        else:
            raise Refused(None, "CONTROL-11", "neither open nor granted")

    def on_control_end(self, grant: int, code: int) -> None:
        if not 1 <= grant <= self.highest_grant:
            raise self.violation("CONTROL-22", "a grant that was never made")
        if self.grant is None or self.grant.id != grant:
            raise Refused(None, "CONTROL-23", "a grant that has ended")
        self._grant_is_over()

    def _end_grant(self, why: str) -> None:
        if self.grant:
            self.send("control-end", grant=self.grant.id, code=code(why))
            self._grant_is_over()

    def _grant_is_over(self) -> None:
        self.refuse_item()
        self.grant = None
        self._clear()
        if self.prompt and self.prompt.request == 0:
            self.prompt = None

    def end_grant_silently(self) -> None:
        self.grant = None
        self.clipboard.waiting = None
        self.prompt = None
        self._clear()

    def person_allows(
        self, now: int, duration: int, secret: bytes, scopes: int | None = None, repeated: bool | None = None
    ) -> Outcome:
        """`repeated` is whether the number was right; None when none was given."""
        return self.step(now, lambda: self._allow(duration, secret, scopes, repeated))

    def _allow(self, duration: int, secret: bytes, scopes: int | None, repeated: bool | None) -> None:
        prompt = self.prompt
        if prompt is None:
            raise Refused(None, "CONTROL-6", "nothing is asked")
        guard = registry().timer("answer-guard")
        last = max(prompt.opened_at, self.injected_at if self.injected_at is not None else -guard)
        if self.now - last < guard:
            raise Refused(None, "CONTROL-8", "within a second of the prompt or of input")
        if repeated is False:
            self._deny_prompt("CONTROL-28")
            return
        if self.injected_at is not None and repeated is None:
            raise Refused(None, "CONTROL-27", "the number was not repeated")
        scopes = prompt.scopes if scopes is None else scopes
        if scopes == 0 or scopes & ~prompt.scopes or duration > registry().timer("grant"):
            raise Refused(None, "CONTROL-15", "more than was asked for, or for too long")
        if prompt.request == 0 and scopes != prompt.scopes:
            raise Refused(None, "TOOL-6", "a renewal changes no scopes")
        self.prompt = None
        if self.grant and self.grant.scopes == scopes == prompt.scopes:
            self.grant.ends_at = self.now + duration
            self.send("control-renew", request=prompt.request, grant=self.grant.id, duration_ms=duration)
            self._why = "TOOL-5"
            return
        self._end_grant("replaced")
        self._make_grant(prompt.request, scopes, duration, secret)

    def _make_grant(self, request: int, scopes: int, duration: int, secret: bytes) -> None:
        self.highest_grant += 1
        self.grant = Grant(self.highest_grant, scopes, request, self.now + duration)
        self.send(
            "control-grant",
            request=request,
            grant=self.highest_grant,
            scopes=scopes,
            duration_ms=duration,
            secret=secret,
        )

    def person_narrows(self, now: int, scopes: int, secret: bytes) -> Outcome:
        """CONTROL-29, CONTROL-32."""

        def narrow() -> None:
            grant = self.grant
            if grant is None or scopes & ~grant.scopes or scopes == grant.scopes:
                raise Refused(None, "CONTROL-29", "not fewer scopes of a live grant")
            if not scopes:
                self._end_grant("revoked")
                self._why = "CONTROL-32"
                return
            self._end_grant("replaced")
            self._make_grant(0, scopes, grant.ends_at - self.now, secret)

        return self.step(now, narrow)

    def person_denies(self, now: int) -> Outcome:
        return self.step(now, lambda: self._deny_prompt("CONTROL-7"))

    def _deny_prompt(self, clause: str) -> None:
        if self.prompt is None:
            raise Refused(None, clause, "nothing is asked")
        if self.prompt.request:
            self._deny(self.prompt.request, "denied", clause)
            self.denied_at = self.now
        self.prompt = None

    def person_revokes(self, now: int) -> Outcome:
        def revoke() -> None:
            if self.grant is None:
                raise Refused(None, "CONTROL-19", "there is no grant")
            self._end_grant("revoked")

        return self.step(now, revoke)

    def input(self, now: int, grant: int, events: list[Event] | None) -> Outcome:
        """An input record; None when it does not open."""
        return self.step(now, lambda: self._input(grant, events))

    def _input(self, grant: int, events: list[Event] | None) -> None:
        if self.grant is None or grant != self.grant.id:
            raise Refused(None, "INPUT-4", "not the live grant")
        if events is None:
            self._end_grant("record-failed")
            self._why = "INPUT-5"
            return
        check_scopes(events, self.grant.scopes)
        if self.prompt:
            raise Refused(None, "CONTROL-9", "a prompt is open")
        if self.secure_desktop and not self.grant.scopes & scope_bits("elevation"):
            raise Refused(None, "TOOL-21", "the system asks a question of its own")
        if any(event.kind != "empty" for event in events):
            self.injected_at = self.now

    # drawing, clipboard, displays, the system's own question

    def on_stroke(self, grant: int, points: list[list[int]], **_: Any) -> None:  # noqa: ANN401
        self.judge_grant(grant, "annotate")
        if self.prompt:
            raise Refused(None, "TOOL-16", "a prompt is open")
        if self.points + len(points) > registry().limit("drawing-points"):
            raise Refused(None, "TOOL-19", "too many points")
        self.points += len(points)
        self.drawn = True

    def on_laser(self, grant: int, **_: Any) -> None:  # noqa: ANN401
        self.judge_grant(grant, "annotate")
        if self.prompt:
            raise Refused(None, "TOOL-16", "a prompt is open")
        self.laser = True

    def on_clear(self, grant: int) -> None:
        self.judge_grant(grant, "annotate")
        self._clear()

    def on_clipboard(self, grant: int, item: int, text: str) -> None:
        self.take_item(grant, item, "clipboard-to-sharer")

    def person_sends_item(self, now: int, text: str) -> Outcome:
        return self.step(now, lambda: self.send_item(text, "clipboard-to-helper"))

    def displays_change(self, now: int, displays: list[dict[str, int]]) -> Outcome:
        def change() -> None:
            if self.phase != "viewing":
                raise Refused(None, "CONSENT-2", "nothing is shown yet")
            self.displays = displays
            if not self.frozen:
                self._say_displays()

        return self.step(now, change)

    def system_asks(self, now: int, active: bool) -> Outcome:
        """TOOL-21, TOOL-22."""

        def change() -> None:
            if self.phase != "viewing":
                raise Refused(None, "TOOL-22", "nothing is shown yet")
            if bool(self.secure_desktop) == active:
                return
            self.secure_desktop = active
            if not self.frozen:
                self.send("secure-desktop", active=active)

        return self.step(now, change)

    # the link

    def freeze(self) -> None:
        if self.frozen:
            raise Refused(None, "RECON-1", "it is frozen")
        super().freeze()
        self.epoch_seen = False

    def reconnected(self, now: int) -> Outcome:
        """A record opened under the candidate: RECON-22."""

        return self.step(now, self.send_state)

    def own_state(self) -> dict[str, Any]:
        return {
            "paused": self.own_pause,
            "scopes": self.consented,
            "epoch": self.epoch,
            "grant": self.highest_grant,
            "sent": self.chat.written,
            "received": self.chat.received,
        }

    def check_state(self, state: dict[str, Any]) -> None:
        super().check_state(state)
        if state["epoch"] > self.epoch or state["grant"] > self.highest_grant:
            raise self.violation("RECON-25", "an epoch or a grant that was never made")
        if state["scopes"] & ~self.consented:
            raise self.violation("RECON-25", "scopes that were not consented to")

    def go_on(self, state: dict[str, Any]) -> None:
        self.their_pause = state["paused"]
        if self.card is not None:
            self.send("card", card=self.card[0], proof=self.card[1])
        if self.phase == "viewing":
            self._say_displays()
            if not self.advisory_acknowledged:
                self._advise()
            self._next_epoch()
            self.shown_since, self.seen_frame = self.epoch, False
        if self.secure_desktop is not None:
            self.send("secure-desktop", active=self.secure_desktop)
        self.resend_chat(state["received"])

    # time

    def time(self, now: int) -> Outcome:
        return self.step(now, self._time)

    def _time(self) -> None:
        timer = registry().timer
        if self.phase == "deciding" and self.now - self.deciding_since >= timer("consent-prompt"):
            self.finish("declined")
            self._why = "CONSENT-4"
            return
        if self.grant and self.now >= self.grant.ends_at:
            self._end_grant("expired")
            self._why = "CONTROL-18"
        if self.prompt and self.now - self.prompt.opened_at >= timer("control-prompt"):
            self._deny_prompt("CONTROL-7")
        self.pass_time()
