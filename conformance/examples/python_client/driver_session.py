"""A session of the driver: each command is an act of the person, each thing that is told an event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alongside_independent.codes import Code, Link, parse_code, parse_link
from alongside_independent.identity import Anchor
from alongside_independent.model.outcome import ACCEPTED, Outcome
from alongside_independent.records import Event
from alongside_independent.refusal import Refused
from alongside_independent.registry import all_scopes, registry, scope_bits

from .actions import Tell
from .cards import OwnCard
from .client import Client, StillClock
from .device import IN_VAIN, KnownDevice, Patience
from .driver_events import events_of
from .helper import Helper
from .pictures import whole
from .sharer import Marks, Sharer
from .transport import NotConnected, RelayAddress

Command = dict[str, Any]
FIRST_DISPLAY = {"id": 0, "width": 256, "height": 256}
"""Before the first picture. The text says no size; with this one, the largest, the suite expects no `displays`."""
LARGEST_SIDE = 256


class Misuse(Exception):
    """The client does not do this now."""


class WrongCommand(Exception):
    """A field is missing or wrong."""


@dataclass(frozen=True)
class Act:
    role: str | None
    do: Callable[[Session, Command], None]


class Session:
    ACTS: dict[str, Act]

    def __init__(
        self, command: Command, clock: StillClock, marks: Marks, say: Callable[[dict[str, Any]], None]
    ) -> None:
        self.name, self.role, self.relay = command["session"], command["role"], command["relay"]
        self._say = say
        if self.role not in ("helper", "sharer"):
            raise WrongCommand("neither helper nor sharer")
        began = time.time() - clock.now() / 1000
        self._make = lambda: _endpoint(command, marks, lambda at: int(began + at / 1000))
        self.endpoint = self._make()
        self._device = _device_of(command)
        self._patience = Patience()
        self._certificate = command["certificate"]
        self.client = Client(self.endpoint, RelayAddress.parse(self.relay, self._certificate), clock)
        others = command.get("relays", [])
        self.client.others = [RelayAddress.parse(other["relay"], other["certificate"]) for other in others]
        self._known = {other["relay"].lower(): r for other, r in zip(others, self.client.others, strict=True)}
        self._known[self.relay.lower()] = self.client.relay
        self._link: Link | None = None
        self.client.after = self._after
        clock.clients.append(self.client)
        self._clock = clock
        self._begun = False
        self._screen: tuple[int, int, bytes] | None = None
        self._fresh = False
        self._number: str | None = None

    # events

    def _after(self) -> None:
        while not self.client.events.empty():
            event = self.client.events.get_nowait()
            if event.what == "asks-control":
                self._number = event.fields["number"]
            if event.what == "due":
                self._wait()
            if event.what == "ended" and self._device is not None and self.role == "sharer":
                event = self._device_goes_on(event)
            for line in events_of(self.role, event):
                self._say({"event": line.pop("event"), "session": self.name, **line})
        self._show()

    async def forget(self) -> None:
        self.client.after = lambda: None
        if not self.endpoint.over:
            self.client.do(self.endpoint.ends)
        self._clock.clients.remove(self.client)
        await self.client.close()

    # beginning

    def begin(self, then: Callable[[], Any]) -> None:
        """Connects, if that was not done yet."""
        if self.client.connection is not None:
            then()
            return
        if self._begun:
            raise Misuse("it is connecting, or the connection was lost")
        self._begun = True
        self._connecting = asyncio.create_task(self._connect(then))

    async def _connect(self, then: Callable[[], Any]) -> None:
        try:
            await self.client.connect()
        except (NotConnected, OSError):
            self.client.do(self.endpoint.connection_lost)
            return
        if not self.endpoint.over:
            self.client.do(self.endpoint.when_signed_in, then)

    # a known device

    def wait(self) -> None:
        if self._device is None or self.endpoint.machine.phase != "idle" or self._begun:
            raise Misuse("it is no known device, or waits")
        self._wait()

    def _wait(self) -> None:
        self._begun = False
        self.begin(lambda: self.client.do(self.endpoint.waits, self._device))

    def call(self) -> None:
        """CODE-13 may forbid it."""
        endpoint, now = self.endpoint, self.client.clock.now()
        if self._device is None or endpoint.machine.phase != "idle" or not endpoint.may_begin(now):
            raise Misuse("there is no device to call, or not now")
        self.begin(lambda: self.client.do(endpoint.calls, self._device))

    def _device_goes_on(self, ended: Tell) -> Tell:
        """It waits again by itself, unless its person ended it or it would be in vain."""
        endpoint, code = self.endpoint, ended.fields["code"]
        over = ended.fields["by"] == "person" or (code in IN_VAIN and not endpoint.was_called)
        if over and not endpoint.channel_stood:
            return ended
        now, stood = self.client.clock.now(), endpoint.channel_stood
        pause = self._patience.after(stood, failed=endpoint.was_called or code != "idle")
        self.endpoint = self.client.endpoint = self._make()
        self.endpoint.begins_at = now + pause
        self.client.do(self.endpoint.time)
        if stood:
            return ended
        return Tell("device-failed", {"code": code}) if endpoint.was_called else Tell("")

    # links

    def join(self, code: Code, by_link: bool) -> None:
        if not self.endpoint.may_join(self.client.clock.now(), self.relay, code):
            raise Misuse("not again, by CODE-11")
        self.begin(lambda: self.client.do(self.endpoint.join, self.relay, code, by_link))

    def follow(self, link: Link) -> None:
        """LINK-2."""
        if link.relay in self._known:
            self._go_to(link, self._known[link.relay])
            return
        self._link = link
        self.endpoint.tell("elsewhere", relay=link.relay)
        self.client.do(lambda _: None)

    def goes_elsewhere(self, allow: bool) -> None:
        link, self._link = self._link, None
        if link is None:
            raise Misuse("nothing is asked")
        if allow:
            self._go_to(link, RelayAddress.parse(link.relay, self._certificate))

    def _go_to(self, link: Link, address: RelayAddress) -> None:
        self.relay = link.relay
        self.client.relay, self.client.others = address, []
        self.join(link.code, by_link=True)

    # what is shown

    def screen(self, width: int, height: int, pixels: bytes) -> None:
        self._screen, self._fresh = (width, height, pixels), True
        display = {"id": 0, "width": width, "height": height}
        if self.endpoint.machine.displays != [display]:
            self.client.do(self.endpoint.displays_are, [display])
        self._show()

    def _show(self) -> None:
        """As a screen that is captured: when it changed, and whenever a complete frame is due."""
        if self._screen is None or not self.endpoint.may_show:
            return
        complete = self.endpoint.wants_complete
        if self._fresh or complete:
            self._fresh = False
            self.client.do(self.endpoint.show, whole(0, *self._screen, complete))

    def repeated_number(self, how: str) -> str | None:
        """The driver repeats what the person would read (CONTROL-27)."""
        match how:
            case "right":
                return self._number
            case "wrong":
                return "000000" if self._number != "000000" else "000001"
            case "nothing":
                return None
        raise WrongCommand(f"repeats {how}")


def _endpoint(command: Command, marks: Marks, date: Callable[[int], int]) -> Helper | Sharer:
    ceiling = scopes_of(command["ceiling"]) if "ceiling" in command else all_scopes()
    endpoint: Helper | Sharer
    if command["role"] == "helper":
        endpoint = Helper(command.get("name", ""), ceiling)
    else:
        endpoint = Sharer([FIRST_DISPLAY], ceiling, marks=marks)
        if "supported" in command:
            endpoint.machine.can_do = scopes_of(command["supported"])
    _set_up_cards(endpoint, command)
    endpoint.date, endpoint.sign_in_with = date, command.get("token")
    return endpoint


def _device_of(command: Command) -> KnownDevice | None:
    given = command.get("device")
    if given is None:
        return None
    octets = [bytes.fromhex(given.get(name, "")) for name in ("id", "secret", "token")]
    return KnownDevice(*octets, given.get("without-card", False))


def _set_up_cards(endpoint: Helper | Sharer, command: Command) -> None:
    endpoint.anchors = [
        Anchor(anchor["name"], bytes.fromhex(anchor["key"]), anchor.get("runs-relay", False))
        for anchor in command.get("anchors", [])
    ]
    if "card" in command:
        card = {name: bytes.fromhex(value) for name, value in command["card"].items()}
        endpoint.own_card = OwnCard(card["signed"], card["key"], card.get("receipt-key"), card.get("picture"))
    endpoint.card_wanted = command.get("ask-card")
    if isinstance(endpoint, Sharer):
        endpoint.needs_card = command.get("needs-card", False)
        endpoint.wants_receipts = command.get("receipts", False)


def scopes_of(names: list[str]) -> int:
    try:
        return scope_bits(*names)
    except KeyError as unknown:
        raise WrongCommand(f"no scope {unknown}") from None


def _must(outcome: Outcome) -> None:
    if outcome.verdict != ACCEPTED:
        raise Misuse(f"not now, by {outcome.requirement}")


def _person(act: Callable[..., Callable[..., Outcome]], *fields: str) -> Callable[[Session, Command], None]:
    """An act of the endpoint with these fields of the command."""

    def do(session: Session, command: Command) -> None:
        given = [command[field] for field in fields]
        _must(session.client.do(act(session.endpoint), *given))

    return do


def _create_code(session: Session, command: Command) -> None:
    machine = session.endpoint.machine

    def ask() -> bool:
        return session.client.do(session.endpoint.ask_for_code)

    if machine.phase != "idle":
        raise Misuse(f"it is {machine.phase}")
    if session.client.connection is not None:
        if not ask():
            raise Misuse("not now, by CODE-13")
        return
    session.begin(ask)


def _join(session: Session, command: Command) -> None:
    text = command["code"]
    if session.endpoint.machine.phase != "idle":
        raise Misuse("it has joined")
    try:
        if text.startswith("https:"):
            session.follow(parse_link(text))
        else:
            session.join(parse_code(text), bool(command.get("link")))
    except Refused as refused:
        raise Misuse(f"no code, by {refused.requirement}") from None


def _contact(session: Session, command: Command) -> None:
    by = command["by"]
    if by not in ("person", "stranger"):
        raise WrongCommand(f"started by {by}")
    _must(session.client.do(session.endpoint.says_who_started, by == "person"))


def _consent(session: Session, command: Command) -> None:
    if command["allow"]:
        _must(session.client.do(session.endpoint.consents, bool(command.get("warned"))))
    else:
        _must(session.client.do(session.endpoint.declines))


def _request_control(session: Session, command: Command) -> None:
    _must(session.client.do(session.endpoint.asks_control, scopes_of(command["scopes"])))


def _grant(session: Session, command: Command) -> None:
    longest = registry().timer("grant")
    scopes = scopes_of(command["scopes"])
    number = session.repeated_number(command.get("repeat", "right"))
    _must(session.client.do(session.endpoint.allows, longest, scopes, number))


def _narrow(session: Session, command: Command) -> None:
    _must(session.client.do(session.endpoint.narrows, scopes_of(command["scopes"])))


def _pauses(paused: bool) -> Callable[[Session, Command], None]:
    def do(session: Session, command: Command) -> None:
        _must(session.client.do(session.endpoint.pauses, paused))

    return do


def _chat(session: Session, command: Command) -> None:
    if len(command["text"].encode()) > registry().limit("chat"):
        raise Misuse("too long a line")
    _must(session.client.do(session.endpoint.writes, command["text"]))


def _send_frame(session: Session, command: Command) -> None:
    width, height, seed = (int(command[name]) for name in ("width", "height", "seed"))
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise WrongCommand("a picture of another size")
    session.screen(width, height, test_picture(width, height, seed))


def test_picture(width: int, height: int, seed: int) -> bytes:
    return bytes(
        value % 256
        for y in range(height)
        for x in range(width)
        for value in (x + seed, y + 3 * seed, x * y + 7 * seed)
    )


def _send_input(session: Session, command: Command) -> None:
    events = [input_event(event) for event in command["input"]]
    if not session.client.do(session.endpoint.send_input, events):
        raise Misuse("there is no grant for it")


def input_event(value: Command) -> Event:
    match value:
        case {"key": usage, "down": bool(down)}:
            return Event("key", {"usage": usage, "down": down})
        case {"pointer": [x, y], "display": display}:
            return Event("pointer", {"display": display, "x": x, "y": y})
        case {"button": button, "down": bool(down)}:
            return Event("button", {"button": button, "down": down})
        case {"wheel": [dx, dy]}:
            return Event("wheel", {"dx": dx, "dy": dy})
        case {"release": True}:
            return Event("release-all", {})
    raise WrongCommand(f"no input: {value}")


def _reconnect(session: Session, command: Command) -> None:
    if session.client.connection is None:
        raise Misuse("there is no connection")
    session.client.lose_connection()


def _end(session: Session, command: Command) -> None:
    report = None
    if "report" in command:
        report = registry().ids("report_category").get(command["report"])
        if report is None:
            raise WrongCommand("no such category")
    session.client.do(session.endpoint.ends, report)


HELPER, SHARER = "helper", "sharer"
Session.ACTS = {
    "create-code": Act(HELPER, _create_code),
    "join": Act(SHARER, _join),
    "wait": Act(SHARER, lambda session, _: session.wait()),
    "call": Act(HELPER, lambda session, _: session.call()),
    "elsewhere": Act(SHARER, lambda session, command: session.goes_elsewhere(command["allow"])),
    "contact": Act(SHARER, _contact),
    "consent": Act(SHARER, _consent),
    "request-control": Act(HELPER, _request_control),
    "release-control": Act(HELPER, _person(lambda endpoint: endpoint.gives_up)),
    "grant": Act(SHARER, _grant),
    "deny": Act(SHARER, _person(lambda endpoint: endpoint.denies)),
    "revoke": Act(SHARER, _person(lambda endpoint: endpoint.revokes)),
    "narrow": Act(SHARER, _narrow),
    "renew": Act(SHARER, _person(lambda endpoint: endpoint.asks_for_time)),
    "pause": Act(None, _pauses(True)),
    "unpause": Act(None, _pauses(False)),
    "chat": Act(None, _chat),
    "send-frame": Act(SHARER, _send_frame),
    "send-input": Act(HELPER, _send_input),
    "copy": Act(None, _person(lambda endpoint: endpoint.sends_item, "text")),
    "take": Act(None, _person(lambda endpoint: endpoint.answers_item, "allow")),
    "stroke": Act(HELPER, _person(lambda endpoint: endpoint.draws, "stroke", "points")),
    "laser": Act(HELPER, _person(lambda endpoint: endpoint.points, "x", "y")),
    "clear": Act(HELPER, _person(lambda endpoint: endpoint.clears)),
    "acknowledge": Act(HELPER, _person(lambda endpoint: endpoint.reads_advisory)),
    "show-card": Act(SHARER, _person(lambda endpoint: endpoint.shows_card)),
    "fetch-picture": Act(None, _person(lambda endpoint: endpoint.fetches_picture)),
    "secure-desktop": Act(SHARER, _person(lambda endpoint: endpoint.system_asks, "active")),
    "reconnect": Act(None, _reconnect),
    "end": Act(None, _end),
}
