"""The helper's machine: chapters 05, 12, 15, 19."""

from __future__ import annotations

from typing import Any

from ..refusal import Refused
from ..registry import registry, scope_bits
from .end import Grant, code
from .joining import Joining
from .outcome import Outcome


class Helper(Joining):
    def __init__(self, ceiling: int) -> None:
        super().__init__(ceiling)
        self.epoch = 0
        self.epoch_paused = False
        self.open_request: tuple[int, int] | None = None
        self.highest_request = 0
        self.last_scopes = 0
        self.last_was_replaced = False
        self.card: dict[str, Any] | None = None
        self.card_again = False
        self.advisory: dict[str, Any] | None = None
        self.advisory_read = False
        self.advisory_again = False
        self.shown_frame = False

    # consent and what is seen

    def _check_consent(self, scopes: int, clause: str) -> None:
        if scopes == 0 or scopes & ~(scope_bits("view", "chat") & self.ceiling):
            raise self.violation(clause, "scopes that consent cannot give")

    def on_consent(self, scopes: int) -> None:
        self._check_consent(scopes, "CONSENT-7")
        self.consented, self.phase = scopes, "viewing"

    def on_displays(self, displays: list[dict[str, int]]) -> None:
        pass

    def on_epoch(self, epoch: int, paused: bool) -> None:
        if epoch != self.epoch + 1:
            raise self.violation("PAUSE-6", "not the epoch after the last")
        self.epoch, self.epoch_paused, self.shown_frame = epoch, paused, False
        self.send("epoch-seen", epoch=epoch)

    def media(self, now: int, epoch: int) -> Outcome:
        """An authentic media record of this epoch."""

        def take() -> None:
            if epoch != self.epoch:
                raise Refused(None, "MEDIA-4", "not the latest epoch")
            if self.epoch_paused:
                raise self.violation("PAUSE-11", "media in a paused epoch", "paused-media")

        return self.step(now, take)

    def on_card(self, **body: Any) -> None:  # noqa: ANN401
        if self.card is not None and not (self.card_again and body == self.card):
            raise self.violation("CARD-21", "a second card")
        self.card, self.card_again = body, False

    def on_advisory(self, **body: Any) -> None:  # noqa: ANN401
        if self.advisory is not None and not (self.advisory_again and body == self.advisory):
            raise self.violation("CARD-21", "a second advisory")
        self.advisory, self.advisory_again = body, False
        if self.advisory_read:
            self.send("advisory-ack")

    def person_reads_advisory(self, now: int) -> Outcome:
        def read() -> None:
            if self.advisory is None or self.advisory_read:
                raise Refused(None, "ADVISORY-8", "nothing is to be read")
            self.advisory_read = True
            if not self.frozen:
                self.send("advisory-ack")

        return self.step(now, read)

    def frame_is_shown(self, now: int, frame: int) -> Outcome:
        """MEDIA-19."""

        def show() -> None:
            if self.phase != "viewing" or self.frozen:
                raise Refused(None, "RECON-7", "nothing is sent now")
            self.shown_frame = True
            self.send("shown", frame=frame)

        return self.step(now, show)

    def on_secure_desktop(self, active: bool) -> None:
        pass

    def on_receipt(self, **_: Any) -> None:  # noqa: ANN401
        """Checked by `receipts.AtHelper`, which has the bytes."""

    # pause

    def on_pause(self, paused: bool) -> None:
        self.their_pause = paused
        if paused:
            self.open_request = None
            self._forget_grant("paused")

    def person_pauses(self, now: int, paused: bool) -> Outcome:
        def change() -> None:
            if self.phase not in ("deciding", "viewing"):
                raise Refused(None, "PAUSE-1", "there is no session")
            if self.own_pause == paused:
                return
            self.own_pause = paused
            if paused:
                self._withdraw()
            if not self.frozen:
                self.send("pause", paused=paused)
            if paused:
                self._forget_grant("paused")

        return self.step(now, change)

    # control

    def person_asks(self, now: int, scopes: int) -> Outcome:
        def ask() -> None:
            if self.phase != "viewing" or self.frozen or self.open_request or self.paused:
                raise Refused(None, "CONTROL-1", "nothing can be asked now")
            if scopes & ~self.ceiling:
                raise Refused(None, "CONTROL-3", "beyond the ceiling")
            self.highest_request += 1
            self.open_request = (self.highest_request, scopes)
            self.send("control-request", request=self.highest_request, scopes=scopes)

        return self.step(now, ask)

    def _withdraw(self) -> None:
        if self.open_request:
            if not self.frozen:
                self.send("control-withdraw", request=self.open_request[0])
            self.open_request = None

    def person_gives_up(self, now: int) -> Outcome:
        def give_up() -> None:
            if self.open_request is None and self.grant is None:
                raise Refused(None, "CONTROL-12", "there is nothing to give up")
            self._withdraw()
            if self.grant:
                self._forget_grant("released", give_back=True)

        return self.step(now, give_up)

    def _give_back(self, grant: int) -> None:
        self.send("control-end", grant=grant, code=code("released"))

    def _forget_grant(self, why: str, give_back: bool = False) -> None:
        self.last_was_replaced = False
        if self.grant:
            if not self.frozen:
                self.refuse_item()
            self.clipboard.waiting = None
            if give_back:
                self._give_back(self.grant.id)
            self.last_was_replaced = why == "replaced"
            self.grant = None

    def end_grant_silently(self) -> None:
        self.clipboard.waiting = None
        self._forget_grant("ended")

    def draws(self, now: int, points: list[list[int]]) -> Outcome:
        def draw() -> None:
            grant = self.grant_with("annotate")
            self.send("stroke", grant=grant, stroke=1, display=0, colour=0, width=1, points=points)

        return self.step(now, draw)

    def person_sends_item(self, now: int, text: str) -> Outcome:
        return self.step(now, lambda: self.send_item(text, "clipboard-to-sharer"))

    def on_control_grant(
        self, request: int, grant: int, scopes: int, duration_ms: int, secret: bytes
    ) -> None:
        if grant <= self.highest_grant:
            raise self.violation("CONTROL-16", "an id that is not higher than all before")
        if scopes == 0:
            raise self.violation("CONTROL-16", "no scopes")
        if duration_ms > registry().timer("grant"):
            raise self.violation("CONTROL-16", "more than 15 minutes")
        if request == 0:
            self._take_narrowed(grant, scopes, duration_ms)
            return
        if self.open_request is None or self.open_request[0] != request:
            self.highest_grant, self.last_was_replaced = grant, False
            raise Refused(None, "CONTROL-17", "not of the open request")
        if scopes & ~self.open_request[1]:
            raise self.violation("CONTROL-16", "beyond its request")
        self.open_request = None
        self._have(grant, scopes, request, duration_ms)

    def _have(self, grant: int, scopes: int, request: int, duration: int) -> None:
        self._forget_grant("replaced")
        self.highest_grant, self.last_scopes = grant, scopes
        self.grant = Grant(grant, scopes, request, self.now + duration)
        if self.paused:
            self._forget_grant("paused")

    def _take_narrowed(self, grant: int, scopes: int, duration: int) -> None:
        self.highest_grant = grant
        if not self.last_was_replaced:
            self._give_back(grant)
            self._why = "CONTROL-31"
            return
        if scopes & ~self.last_scopes:
            raise self.violation("CONTROL-30", "more than the grant before it")
        self._have(grant, scopes, 0, duration)

    def on_control_deny(self, request: int, code: int) -> None:
        if self.open_request is None or self.open_request[0] != request:
            raise Refused(None, "CONTROL-17", "not of the open request")
        self.open_request = None

    def on_control_end(self, grant: int, code: int) -> None:
        if self.grant is None or self.grant.id != grant:
            raise Refused(None, "CONTROL-23", "not the live grant")
        replaced = code == registry().errors["replaced"]
        self._forget_grant("replaced" if replaced else "ended")

    def on_control_renew(self, request: int, grant: int, duration_ms: int) -> None:
        if duration_ms > registry().timer("grant"):
            raise self.violation("TOOL-7", "more than 15 minutes")
        mine = self.open_request[0] if self.open_request else None
        if self.grant is None or self.grant.id != grant or request not in (0, mine):
            raise Refused(None, "TOOL-8", "not the live grant, or not the open request")
        if request:
            self.open_request = None
        self.grant.ends_at = self.now + duration_ms

    def on_clipboard(self, grant: int, item: int, text: str) -> None:
        self.take_item(grant, item, "clipboard-to-helper")

    # the link

    def freeze(self) -> None:
        if self.frozen:
            raise Refused(None, "RECON-1", "it is frozen")
        super().freeze()
        self.open_request = None

    def reconnected(self, now: int) -> Outcome:
        """An authentic reconnect-2 was taken: RECON-18."""

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
        if state["epoch"] < self.epoch or state["grant"] < self.highest_grant:
            raise self.violation("RECON-25", "a lower epoch or grant than is known")
        if self.consented and state["scopes"] != self.consented:
            raise self.violation("RECON-25", "other scopes than before")
        if state["scopes"]:
            self._check_consent(state["scopes"], "CONSENT-7")

    def go_on(self, state: dict[str, Any]) -> None:
        self.their_pause = state["paused"]
        if state["scopes"]:
            self.consented, self.phase = state["scopes"], "viewing"
            self.epoch_paused = True
        self.card_again = self.card is not None
        self.advisory_again = self.advisory is not None
        self.epoch, self.highest_grant = state["epoch"], state["grant"]
        self.resend_chat(state["received"])

    # time

    def time(self, now: int) -> Outcome:
        return self.step(now, self._time)

    def _time(self) -> None:
        if self.grant and self.now >= self.grant.ends_at:
            self._forget_grant("expired")
        self.pass_time()
