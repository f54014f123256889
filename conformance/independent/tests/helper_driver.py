"""Turns the events of the helper's table into calls of the helper's machine, and its state into theirs."""

from __future__ import annotations

from alongside_independent.messages import Message
from alongside_independent.model.helper import Helper
from alongside_independent.model.outcome import Outcome
from alongside_independent.registry import all_scopes, registry, scope_bits

from .parties import PATHS

TOOLS = scope_bits("pointer", "annotate", "clipboard-to-helper", "clipboard-to-sharer")
FEW = scope_bits("pointer")
VIEW, BOTH = scope_bits("view"), scope_bits("view", "chat")
ERRORS = registry().errors
SECRET = bytes(32)


# What is in a picture is no business of the table; a violation is what other events lead to.
LEFT_OUT = {"picture-request", "picture", "a violation", *PATHS}


class Driver:
    def __init__(self) -> None:
        self.machine = Helper(all_scopes() & ~scope_bits("elevation"))
        self.warned = False
        self.now = 0

    def do(self, event: str) -> Outcome:
        self.now += 1
        kind, _, which = event.partition(": ")
        if event in _PLAIN:
            return _PLAIN[event](self.machine, self.now)
        if kind in registry().messages("session"):
            if self.machine.frozen:  # a record under the newest master, whose handshake the table leaves out
                self.machine.awaiting_state = True
            return self.machine.receive(self.now, Message(kind, self._fields(kind, which)))
        return self._time(event)

    def _time(self, event: str) -> Outcome:
        machine = self.machine
        if event == "spent-delay":
            self.now += registry().timer("spent-delay")
            return machine.time(self.now)
        if event == "handshake":
            return machine.handshake(self.now, "handshake-timeout")
        if event == "grant":
            machine.heard_at = self.now = machine.grant.ends_at
            machine.sent_at = self.now
            return machine.time(self.now)
        self.now = (machine.frozen_at if event == "reconnect" else machine.heard_at) + registry().timer(event)
        if machine.grant:
            machine.grant.ends_at = self.now + 1
        return machine.time(self.now)

    def _fields(self, kind: str, which: str) -> dict:
        m = self.machine
        live = m.grant.id if m.grant else 0
        mine = m.open_request or (0, 0)
        grant = {
            "request": mine[0],
            "grant": m.highest_grant + 2,
            "scopes": mine[1],
            "duration_ms": 900_000,
            "secret": SECRET,
        }
        item = {"grant": live, "item": m.clipboard.received + 1, "text": "x"}
        state = {
            "paused": m.their_pause,
            "scopes": m.consented,
            "epoch": m.epoch,
            "grant": m.highest_grant,
            "sent": m.chat.received,
            "received": m.chat.written - len(m.chat.kept),
        }
        fields = {
            "introduce": {},
            "displays": {"displays": []},
            "shown": {"frame": 1},
            "pad": {"length": 0},
            "control-request": {"request": 1, "scopes": 2},
            "control-withdraw": {"request": 1},
            "pause": {"paused": which == "set"},
            "epoch-seen": {"epoch": 1},
            "end": {"code": ERRORS["done"]},
            "card": {"card": b"x", "proof": SECRET * 2},
            "advisory": {"statement": b"", "proof": b""},
            "secure-desktop": {"active": True},
            "probe": {"probe": 1},
            "probe-answer": {"probe": 1},
            "path-offer": {"certificate": SECRET},
            "laser": {},
            "clear": {"grant": 1},
            "stroke": {},
            "receipt": {},
            "consent": {"scopes": {"of view and chat": BOTH, "of view": VIEW}.get(which, BOTH | FEW)},
            "control-grant": grant
            | {
                "that was asked for": {},
                "of another request": {"request": mine[0] + 1_000, "scopes": FEW},
                "unasked of fewer scopes": {"request": 0, "scopes": FEW},
                "unasked of more scopes": {"request": 0, "scopes": TOOLS | scope_bits("keyboard")},
                "beyond the request": {"scopes": mine[1] | scope_bits("keyboard")},
                "with an old id": {"grant": m.highest_grant, "scopes": FEW},
                "for too long": {"duration_ms": 900_001, "scopes": mine[1] or FEW},
            }.get(which, {}),
            "control-deny": {
                "request": mine[0] + (1_000 if which == "of another request" else 0),
                "code": ERRORS["denied" if which == "by the person" else "too-early"],
            },
            "control-end": {
                "grant": live if which in ("of the grant", "replaced") else live + 1_000,
                "code": ERRORS["replaced" if which == "replaced" else "revoked"],
            },
            "epoch": {
                "epoch": m.epoch + (2 if which == "not the next" else 1),
                "paused": which.endswith("paused"),
            },
            "chat": {"id": m.chat.received + (1 if which == "the next" else 2), "text": "x"},
            "chat-ack": {"id": m.chat.written + (0 if which == "of a line that waits" else 1)},
            "state": state
            | {
                "with the other flag": {"paused": not m.their_pause},
                "that consents": {"scopes": BOTH},
                "beyond the ceiling": {"scopes": BOTH | FEW},
                "that cannot be": {"received": m.chat.written + 1},
            }.get(which, {}),
            "control-renew": {
                "request": mine[0] if which == "as asked" else 0,
                "grant": live + (1_000 if which == "of another grant" else 0),
                "duration_ms": 900_001 if which == "for too long" else 900_000,
            },
            "clipboard": item
            | {
                "of a grant that has ended": {"grant": m.highest_grant if not live else live - 1},
                "of no grant": {"grant": m.highest_grant + 1},
                "not the next": {"item": m.clipboard.received + 2},
            }.get(which, {}),
            "clipboard-taken": {
                "item": (m.clipboard.offered or 0) + (1_000 if which == "of another item" else 0),
                "taken": True,
            },
        }
        return fields.get(kind, {})

    def can(self, event: str) -> bool:
        """Whether a machine without a history can be given this event at all."""
        m = self.machine
        if event in LEFT_OUT:
            return False
        needs_history = ("clipboard: of a grant that has ended", "control-grant: unasked of fewer scopes")
        looked_at = m.phase == "viewing" and not m.frozen
        return not (event in needs_history and looked_at and m.highest_grant == 0)

    def states(self) -> dict[str, str]:
        """The projection of the machine on the regions of its table that are held against it."""
        m = self.machine
        session, viewing = m.phase in ("deciding", "viewing"), m.phase == "viewing"
        epoch = "paused" if m.epoch_paused else "running" if m.epoch else "none"
        grant = "none"
        if m.grant:
            grant = "narrowed" if m.grant.scopes == FEW else "live"
        elif m.last_was_replaced:
            grant = "replaced"
        chat = "unsettled" if m.chat.kept else "settled"
        advisory = "awaited"
        card = "unseen" if m.card is None else "seen again" if m.card_again else "seen"
        if m.advisory is not None:
            advisory = ("read" if m.advisory_read else "unread") + (" again" if m.advisory_again else "")
        return {
            "phase": m.phase,
            "link": "frozen" if session and m.frozen else "up",
            "pause": _FLAGS[m.own_pause, m.their_pause] if session else "running",
            "epoch": epoch if session else "none",
            "shown": "acknowledged" if viewing and m.shown_frame else "not yet",
            "request": "open" if viewing and m.open_request else "none",
            "grant": grant if viewing else "none",
            "chat": chat if viewing and m.consented & scope_bits("chat") else "off",
            "offer": "waits" if viewing and m.clipboard.waiting else "none",
            "item": "waits" if viewing and m.clipboard.offered else "none",
            "told": _TOLD[m.told_pause] if session else "nothing",
            "card": card if session else "unseen",
            "advisory": advisory if viewing else "awaited",
        }


_FLAGS = {(False, False): "running", (True, False): "own", (False, True): "other", (True, True): "both"}
_TOLD = {None: "nothing", False: "unset", True: "set"}
_PLAIN = {
    "ask for a code": lambda m, now: m.person_asks_for_code(now),
    "call a device": lambda m, now: m.person_calls_device(now),
    "ask for control": lambda m, now: m.person_asks(now, TOOLS),
    "ask for more than the ceiling": lambda m, now: m.person_asks(now, TOOLS | scope_bits("elevation")),
    "give control up": lambda m, now: m.person_gives_up(now),
    "set pause": lambda m, now: m.person_pauses(now, True),
    "unset pause": lambda m, now: m.person_pauses(now, False),
    "write chat": lambda m, now: m.person_writes(now, "x"),
    "send a clipboard item": lambda m, now: m.person_sends_item(now, "x"),
    "answer a clipboard item": lambda m, now: m.person_answers_item(now, True),
    "draw": lambda m, now: m.draws(now, [[0, 0]]),
    "read the advisory": lambda m, now: m.person_reads_advisory(now),
    "end the session": lambda m, now: m.person_ends(now),
    "a frame is on the screen": lambda m, now: m.frame_is_shown(now, 1),
    "code-issued": lambda m, now: m.code_issued(now),
    "refused: for now": lambda m, now: m.refused(now, "busy"),
    "refused: for good": lambda m, now: m.refused(now, "role-not-enough"),
    "joined": lambda m, now: m.joined(now),
    "gone": lambda m, now: m.gone(now, "done"),
    "gone: idle or relay-shutdown": lambda m, now: m.gone(now, "idle"),
    "peer-lost": lambda m, now: m.peer_lost(now),
    "connection lost": lambda m, now: m.connection_lost(now),
    "connection closed on purpose": lambda m, now: m.connection_closed(now, "superseded"),
    "handshake succeeds": lambda m, now: m.handshake(now),
    "handshake fails": lambda m, now: m.handshake(now, "handshake-failed"),
    "a record does not open": lambda m, now: m.record_does_not_open(now),
    "a next master": lambda m, now: m.reconnected(now),
    "media of the latest epoch": lambda m, now: m.media(now, m.epoch),
}
