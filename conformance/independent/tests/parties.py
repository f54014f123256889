"""Two ends with the numbers of chapter 04, shared by the tests."""

from __future__ import annotations

from alongside_independent import exchange, spake
from alongside_independent.exchange import Channel, Speaks
from alongside_independent.registry import scope_bits

from .chapters import counted, scalar

# A path of forwarded packets is for whoever wants one, and these machines do not.
PATHS = {
    "offer a path",
    "offer a path too early",
    "the path stands",
    "a check comes",
    "give the path up",
    "path",
    "path-open",
    "path-over",
    "path-attempt",
    "path-retry",
}
PASSWORD = spake.password_of_code("4060", "r0gx")
CEILING = scope_bits("view", "pointer", "keyboard", "chat")


def sharer(password: spake.Password = PASSWORD, ceiling: int = CEILING) -> exchange.Sharer:
    return exchange.Sharer(password, Speaks(ceiling=ceiling), scalar(0x00), counted(0x60), counted(0xA0))


def helper(suite: int = 1, password: spake.Password = PASSWORD, ceiling: int = CEILING) -> exchange.Helper:
    speaks = Speaks(suites=(suite,), ceiling=ceiling)
    return exchange.Helper(password, speaks, scalar(0x20), counted(0x40), counted(0x80))


def channels(suite: int = 1) -> tuple[Channel, Channel]:
    """The sharer's and the helper's."""
    one, other = sharer(), helper(suite)
    confirm, of_sharer = one.answer(other.answer(one.offer))
    _, of_helper = other.confirm(confirm)
    return of_sharer, of_helper
