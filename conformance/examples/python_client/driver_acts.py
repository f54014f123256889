"""Acts of the person, one for each command to a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alongside_independent.codes import parse_code, parse_link
from alongside_independent.model.outcome import ACCEPTED, Outcome
from alongside_independent.refusal import Refused
from alongside_independent.registry import registry

from .driver_fields import Command, Misuse, WrongCommand, input_event, scopes_of, test_picture
from .driver_session import Session

HELPER, SHARER = "helper", "sharer"
LARGEST_SIDE = 256


@dataclass(frozen=True)
class Act:
    role: str | None
    do: Callable[[Session, Command], None]


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


def _send_input(session: Session, command: Command) -> None:
    events = [input_event(event) for event in command["input"]]
    if not session.client.do(session.endpoint.send_input, events):
        raise Misuse("there is no grant for it")


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


ACTS = {
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
