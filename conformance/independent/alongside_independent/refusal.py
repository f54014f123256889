"""The one exception of this package: what was refused, with which error, by which requirement."""

from __future__ import annotations


class Refused(Exception):
    """Input that the specification says to refuse.

    `error` is the name of a registered error, or None where the refusal stays at the person who typed
    something and never reaches the wire. `requirement` is the id of the sentence that says so.
    """

    def __init__(self, error: str | None, requirement: str, why: str) -> None:
        super().__init__(f"{error or 'refused'} by {requirement}: {why}")
        self.error = error
        self.requirement = requirement
        self.why = why


def malformed(requirement: str, why: str) -> Refused:
    return Refused("malformed", requirement, why)


def too_large(why: str, requirement: str = "WIRE-5") -> Refused:
    return Refused("too-large", requirement, why)
