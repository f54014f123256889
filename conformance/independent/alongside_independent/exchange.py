"""The key exchange between a code and a channel: chapter 04, and 17 for known devices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from . import messages, schedule, spake
from .messages import Message
from .noise import Handshake
from .refusal import Refused
from .schedule import Master
from .spake import Password

NONCE = 32


def commitment(n_h: bytes) -> bytes:
    return hashlib.sha256(b"alongside/1 phrase commitment" + b"\0" + n_h).digest()


def check_opening(committed: bytes, opening: bytes) -> None:
    if commitment(opening) != committed:
        raise Refused("bad-opening", "KEX-15", "the opening is not what was committed to")


def prologue(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def exchange_prologue(version: int, place: bytes, offer: bytes, clear: bytes) -> bytes:
    return prologue(b"alongside/1 noise", version.to_bytes(2, "big"), place, offer, clear)


@dataclass(frozen=True)
class Channel:
    """What an end has once the channel stands. `trace` has every value on the way, for vectors."""

    suite: int
    ceiling: int
    h: bytes
    k1: bytes
    k2: bytes
    trace: dict[str, bytes] = field(compare=False)

    @property
    def master(self) -> Master:
        return Master(schedule.next_master(self.h, self.k1, self.k2))

    @property
    def session_id(self) -> bytes:
        return schedule.session_id(self.h)


@dataclass(frozen=True)
class Speaks:
    """What an end can do, the preferred things first."""

    versions: tuple[int, ...] = (1,)
    suites: tuple[int, ...] = (1, 2)
    ceiling: int = 0


def _expect(envelope: bytes, name: str) -> dict:
    message = messages.decode("envelope", envelope)
    if message is None or message.name != name:
        raise Refused("unexpected-message", "KEX-21", f"not {name}")
    return message.fields


class Sharer:
    """`offer`, then `answer` with what the helper sent, then `check_opening`."""

    def __init__(self, password: Password, speaks: Speaks, x: int, ephemeral: bytes, n_s: bytes) -> None:
        self._password, self._speaks, self._x = password, speaks, x
        self._ephemeral, self._n_s = ephemeral, n_s
        self._commitment = b""
        self.offer = messages.encode(
            "envelope",
            Message(
                "offer",
                {
                    "versions": list(speaks.versions),
                    "suites": list(speaks.suites),
                    "ceiling": speaks.ceiling,
                    "element": spake.element(password, "sharer", x),
                },
            ),
        )

    def answer(self, envelope: bytes) -> tuple[bytes, Channel]:
        """The confirm envelope and the channel."""
        fields = _expect(envelope, "answer")
        clear = messages.answer_clear().decode(fields["clear"])
        if clear["version"] not in self._speaks.versions:
            raise Refused("no-common-version", "KEX-5", "the answer chose what was not offered")
        if clear["suite"] not in self._speaks.suites:
            raise Refused("no-common-suite", "KEX-5", "the answer chose what was not offered")
        shared = spake.finish(self._password, "sharer", self._x, clear["element"])
        before = exchange_prologue(clear["version"], self._password.place, self.offer, fields["clear"])
        noise = Handshake(clear["suite"], before, shared.psk, self._ephemeral)
        self._commitment = noise.read_1(fields["noise"])
        if len(self._commitment) != NONCE:
            raise Refused("handshake-failed", "KEX-13", "a commitment of another size")
        second = noise.write_2(self._n_s)
        done = noise.finish()
        trace = {
            "k": shared.k,
            "key": shared.key,
            "psk": shared.psk,
            "prologue": before,
            "noise_1": fields["noise"],
            "noise_2": second,
        }
        channel = Channel(
            clear["suite"], clear["ceiling"] & self._speaks.ceiling, done.h, done.k1, done.k2, trace
        )
        return messages.encode("envelope", Message("confirm", {"noise": second})), channel

    def check_opening(self, opening: bytes) -> None:
        check_opening(self._commitment, opening)


class Helper:
    """`answer` with the sharer's offer, then `confirm` with what comes back."""

    def __init__(self, password: Password, speaks: Speaks, y: int, ephemeral: bytes, n_h: bytes) -> None:
        self._password, self._speaks, self._y = password, speaks, y
        self._ephemeral, self._n_h = ephemeral, n_h
        self._suite = 0
        self._ceiling = 0
        self.noise: Handshake | None = None
        self.trace: dict[str, bytes] = {}

    def answer(self, offer: bytes) -> bytes:
        """The answer envelope."""
        fields = _expect(offer, "offer")
        version = next((v for v in self._speaks.versions if v in fields["versions"]), None)
        if version is None:
            raise Refused("no-common-version", "KEX-3", "no version of the offer is spoken here")
        self._suite = next((s for s in self._speaks.suites if s in fields["suites"]), 0)
        if self._suite == 0:
            raise Refused("no-common-suite", "KEX-4", "no suite of the offer is spoken here")
        self._ceiling = fields["ceiling"] & self._speaks.ceiling
        shared = spake.finish(self._password, "helper", self._y, fields["element"])
        clear = messages.answer_clear().write(
            {
                "version": version,
                "suite": self._suite,
                "ceiling": self._speaks.ceiling,
                "element": spake.element(self._password, "helper", self._y),
            }
        )
        before = exchange_prologue(version, self._password.place, offer, clear)
        self.noise = Handshake(self._suite, before, shared.psk, self._ephemeral)
        first = self.noise.write_1(commitment(self._n_h))
        self.trace = {
            "k": shared.k,
            "key": shared.key,
            "psk": shared.psk,
            "prologue": before,
            "clear": clear,
            "noise_1": first,
        }
        return messages.encode("envelope", Message("answer", {"clear": clear, "noise": first}))

    def confirm(self, envelope: bytes) -> tuple[bytes, Channel]:
        """n_s and the channel."""
        if self.noise is None:
            raise Refused("unexpected-message", "KEX-21", "a confirm before the answer")
        second = _expect(envelope, "confirm")["noise"]
        n_s = self.noise.read_2(second)
        if len(n_s) != NONCE:
            raise Refused("handshake-failed", "KEX-13", "a payload of another size")
        done = self.noise.finish()
        trace = {**self.trace, "noise_2": second}
        return n_s, Channel(self._suite, self._ceiling, done.h, done.k1, done.k2, trace)
