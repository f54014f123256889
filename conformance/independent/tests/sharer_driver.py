"""Turns the events of the sharer's table into calls of the sharer's machine, and its state into theirs."""

from __future__ import annotations

from alongside_independent.messages import Message
from alongside_independent.model.outcome import Outcome
from alongside_independent.model.sharer import Sharer
from alongside_independent.records import Event
from alongside_independent.registry import all_scopes, registry, scope_bits

from .parties import PATHS

TOOLS = scope_bits("pointer", "annotate", "clipboard-to-helper", "clipboard-to-sharer")
FEW, KEYS = scope_bits("pointer"), scope_bits("keyboard")
BOTH = scope_bits("view", "chat")
CEILING = all_scopes()
ERRORS = registry().errors
SECRET = bytes(32)
FIFTEEN = 900_000
LEFT_OUT = {"picture-request", "picture", "a violation", "an authentic reconnect-1", *PATHS}


class Driver:
    def __init__(self) -> None:
        self.machine = Sharer(CEILING)
        self.machine.highest_grant = 5  # as after grants of before
        self.now = 100_000
        self.refreshed = False

    def do(self, event: str) -> Outcome:
        self.now += 1
        kind, _, which = event.partition(": ")
        if event in _PLAIN:
            return _PLAIN[event](self.machine, self.now)
        if event in _ANSWERS:
            self._let_a_second_pass()
            return _ANSWERS[event](self.machine, self.now)
        if kind in registry().messages("session"):
            if self.machine.frozen:
                self.machine.awaiting_state = True
            return self.machine.receive(self.now, Message(kind, self._fields(kind, which)))
        if kind == "input":
            return self._input(which)
        return self._time(event)

    def _let_a_second_pass(self) -> None:
        """Without any other clock: the table has events for those."""
        if self.machine.prompt:
            self.machine.prompt.opened_at = self.now - 1_000
        if self.machine.injected_at is not None:
            self.machine.injected_at = self.now - 1_000

    def _input(self, which: str) -> Outcome:
        grant = self.machine.grant.id if self.machine.grant else 0
        events = {"within the scopes": [Event("pointer", {})], "that does not open": None}
        if which == "of another grant":
            return self.machine.input(self.now, grant + 1_000, [])
        beyond = [Event("key", {}), Event("pointer", {})]
        if self.machine.grant and self.machine.grant.scopes & KEYS:
            self.machine.grant.scopes &= ~KEYS
        return self.machine.input(self.now, grant, events.get(which, beyond))

    def _time(self, event: str) -> Outcome:
        m = self.machine
        if event in ("control-after-consent", "control-after-denial"):
            m.consented_at = m.denied_at = m.withdrawn_at = self.now - 10_000
            return m.step(self.now, lambda: None)
        if event in ("refresh-interval", "laser-pointer"):
            if event == "laser-pointer":
                m.laser = False
            return m.step(self.now, lambda: None)
        if event == "handshake":
            return m.handshake_is_over(self.now)
        m.heard_at = m.sent_at = self.now
        if event == "consent-prompt":
            m.deciding_since = self.now - 120_000
        elif event == "control-prompt" and m.prompt:
            m.prompt.opened_at = self.now - 60_000
        elif event == "grant" and m.grant:
            m.grant.ends_at = self.now
        elif event == "silence":
            m.heard_at = self.now - 5_000
        elif event == "reconnect":
            m.frozen_at = self.now - 30_000
        return m.time(self.now)

    def _fields(self, kind: str, which: str) -> dict:
        m = self.machine
        live = m.grant.id if m.grant else 0
        ended = live - 1 if live else m.highest_grant
        named = {
            "under the grant": live,
            "of a grant that has ended": ended,
            "beyond the scopes": live,
            "of no grant": m.highest_grant + 1,
            "not the next": live,
        }.get(which, live)
        other = TOOLS if m.grant is None or m.grant.scopes != TOOLS else TOOLS | KEYS
        asked = {
            "for the scopes of the grant": m.grant.scopes if m.grant else FEW,
            "beyond the ceiling": scope_bits("view"),
            "for what is not supported": scope_bits("elevation"),
        }.get(which, other)
        withdrawn = {
            "of the open request": m.prompt.request if m.prompt else 0,
            "of the request that was granted": m.grant.request if m.grant else 0,
        }.get(which, m.highest_request + 1_000)
        state = {
            "paused": m.their_pause,
            "scopes": m.consented,
            "epoch": m.epoch,
            "grant": m.highest_grant,
            "sent": m.chat.received,
            "received": m.chat.written - len(m.chat.kept),
        }
        last = max(m.frames_sent, default=0)
        return {
            "pad": {"length": 0},
            "pause": {"paused": which == "set"},
            "end": {"code": ERRORS["done"]},
            "shown": {"frame": last + (0 if which == "of the last frame" else 1)},
            "control-request": {
                "request": m.highest_request + (0 if which == "with an old id" else 1),
                "scopes": asked,
            },
            "control-withdraw": {"request": withdrawn},
            "control-end": {
                "grant": {"of the grant": live, "of no grant": m.highest_grant + 1}.get(which, ended),
                "code": ERRORS["released"],
            },
            "epoch-seen": {
                "epoch": m.epoch + {"of the latest": 0, "of an earlier one": -1, "of none": 1}.get(which, 0)
            },
            "chat": {"id": m.chat.received + (1 if which == "the next" else 2), "text": "x"},
            "chat-ack": {"id": m.chat.written + (0 if which == "of a line that waits" else 1)},
            "state": state
            | {
                "with the other flag": {"paused": not m.their_pause},
                "that cannot be": {"received": m.chat.written + 1},
            }.get(which, {}),
            "clipboard": {
                "grant": named,
                "item": m.clipboard.received + (2 if which == "not the next" else 1),
                "text": "x",
            },
            "clipboard-taken": {
                "item": (m.clipboard.offered or 0) + (1_000 if which == "of another item" else 0),
                "taken": True,
            },
            "stroke": {"grant": named, "points": [[0, 0]]},
            "laser": {"grant": named},
            "clear": {"grant": named},
            "probe": {"probe": 1},
            "probe-answer": {"probe": 1},
            "path-offer": {"certificate": SECRET},
            "consent": {"scopes": BOTH},
        }.get(kind, {})

    def can(self, event: str) -> bool:
        """Whether a machine without a history can be given this event at all."""
        m = self.machine
        if event in LEFT_OUT:
            return False
        if m.phase != "viewing" or m.frozen:
            return True
        if event == "epoch-seen: of an earlier one":
            return m.epoch > 1
        if event == "control-request: with an old id":
            return m.highest_request > 0
        if event == "control-withdraw: of the request that was granted":
            return m.grant is not None and m.grant.request > 0
        if event == "control-withdraw: of the open request":
            return m.prompt is not None and m.prompt.request > 0
        return True

    def states(self) -> dict[str, str]:
        m = self.machine
        session, viewing = m.phase in ("deciding", "viewing"), m.phase == "viewing"
        grant = (
            "none" if m.grant is None else "live" if m.grant.scopes & scope_bits("annotate") else "narrowed"
        )
        prompt = "none"
        if m.prompt:
            of_grant = m.grant is not None and m.prompt.scopes == m.grant.scopes
            few = not m.prompt.scopes & scope_bits("annotate")
            prompt = "renewal" if of_grant else "fewer" if few else "open"
            prompt = prompt if m.prompt.request else "own"
        secure = {None: "never", True: "asks", False: "gone"}[m.secure_desktop]
        frames = "none"
        if m.frames_sent:
            frames = "sent" if m.frames_sent[max(m.frames_sent)] >= m.shown_since else "old"
        chat = "settled" if not m.chat.kept else "unsettled"
        if not m.ceiling & scope_bits("chat"):
            chat = "off"
        started = {None: "unsaid", True: "person", False: "other"}[m.started]
        drawing = {(0, 0): "none", (1, 0): "drawn", (0, 1): "pointed", (1, 1): "both"}
        flags = {(0, 0): "running", (1, 0): "own", (0, 1): "other", (1, 1): "both"}
        return {
            "phase": m.phase,
            "link": "frozen" if session and m.frozen else "up",
            "contact": started if m.phase == "deciding" else "unsaid",
            "pause": flags[m.own_pause, m.their_pause] if session else "running",
            "prompt": prompt if viewing else "none",
            "grant": grant if viewing else "none",
            "rest": "rests" if not viewing or m._too_early() or m._withdrawn_lately() else "rested",
            "epoch": "seen" if viewing and m.epoch_seen else "unseen",
            "advised": "yes" if viewing and m.advisory_acknowledged else "no",
            "secure": secure if viewing else "never",
            "media": "flows" if m.may_send_media() else "stopped",
            "frames": frames if viewing else "none",
            "shown": "acknowledged" if viewing and m.seen_frame else "not yet",
            "drawing": drawing[m.drawn, m.laser] if viewing else "none",
            "chat": chat if m.phase not in ("idle", "ended") else "settled",
            "offer": "waits" if viewing and m.clipboard.waiting else "none",
            "item": "waits" if viewing and m.clipboard.offered else "none",
            "told": {None: "nothing", False: "unset", True: "set"}[m.told_pause] if session else "nothing",
        }


_PLAIN = {
    "join": lambda m, now: m.joins(now),
    "wait as a device": lambda m, now: m.waits_as_device(now),
    "say: I started it": lambda m, now: m.person_says_who_started(now, True),
    "say: somebody else did": lambda m, now: m.person_says_who_started(now, False),
    "refuse": lambda m, now: m.person_declines(now),
    "give consent": lambda m, now: m.person_consents(now, BOTH),
    "give consent after the warning": lambda m, now: m.person_consents(now, BOTH, further_act=True),
    "allow within a second": lambda m, now: _allow_at_once(m, now),
    "narrow the grant": lambda m, now: m.person_narrows(now, FEW, SECRET),
    "ask for more time": lambda m, now: m.person_asks_for_time(now),
    "set pause": lambda m, now: m.person_pauses(now, True),
    "unset pause": lambda m, now: m.person_pauses(now, False),
    "write chat": lambda m, now: m.person_writes(now, "x"),
    "send a clipboard item": lambda m, now: m.person_sends_item(now, "x"),
    "answer a clipboard item": lambda m, now: m.person_answers_item(now, True),
    "end the session": lambda m, now: m.person_ends(now),
    "displays change": lambda m, now: m.displays_change(now, m.displays),
    "a frame is sent": lambda m, now: m.sends_frame(now, max(m.frames_sent, default=0) + 1),
    "a secure desktop appears": lambda m, now: m.system_asks(now, True),
    "a secure desktop goes": lambda m, now: m.system_asks(now, False),
    "refused": lambda m, now: m.refused(now, "not-found"),
    "gone": lambda m, now: m.gone(now, "done"),
    "peer-lost": lambda m, now: m.peer_lost(now),
    "connection lost": lambda m, now: m.connection_lost(now),
    "connection closed on purpose": lambda m, now: m.connection_closed(now, "superseded"),
    "answer": lambda m, now: m.answered(now, CEILING),
    "answer: without chat": lambda m, now: m.answered(now, CEILING & ~scope_bits("chat")),
    "introduced": lambda m, now: m.receive(now, Message("introduce", {})),
    "introduced: with nothing to allow": lambda m, now: _introduced_for_nothing(m, now),
    "a next master": lambda m, now: m.reconnected(now),
    "a record does not open": lambda m, now: m.record_does_not_open(now),
    "join-notice": lambda m, now: m.join_is_late(now),
}
_ANSWERS = {
    "allow what was asked": lambda m, now: m.person_allows(now, FIFTEEN, SECRET, repeated=True),
    "allow less": lambda m, now: _allow_less(m, now),
    "allow more": lambda m, now: m.person_allows(now, FIFTEEN, SECRET, CEILING, repeated=True),
    "allow for too long": lambda m, now: m.person_allows(now, FIFTEEN + 1, SECRET, repeated=True),
    "deny": lambda m, now: m.person_denies(now),
    "take control back": lambda m, now: m.person_revokes(now),
}


def _introduced_for_nothing(m: Sharer, now: int) -> Outcome:
    m.ceiling &= ~BOTH
    return m.receive(now, Message("introduce", {}))


def _allow_less(m: Sharer, now: int) -> Outcome:
    few = FEW if m.prompt is None or m.prompt.scopes != FEW else 0
    return m.person_allows(now, FIFTEEN, SECRET, few, repeated=True)


def _allow_at_once(m: Sharer, now: int) -> Outcome:
    if m.prompt:
        m.prompt.opened_at = now
    return m.person_allows(now, FIFTEEN, SECRET, repeated=True)
