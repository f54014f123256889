"""The endpoint that `open` asks for."""

from __future__ import annotations

from collections.abc import Callable

from alongside_independent.identity import Anchor
from alongside_independent.registry import all_scopes

from .cards import OwnCard
from .device import KnownDevice
from .driver_fields import Command, scopes_of
from .helper import Helper
from .sharer import Marks, Sharer

FIRST_DISPLAY = {"id": 0, "width": 256, "height": 256}
"""Before the first picture. The text says no size; with the largest the suite expects no `displays`."""


def endpoint_of(command: Command, marks: Marks, date: Callable[[int], int]) -> Helper | Sharer:
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


def device_of(command: Command) -> KnownDevice | None:
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
