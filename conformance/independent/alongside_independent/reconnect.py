"""Coming back after a lost link: proofs, candidates and masters of chapter 12."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import hkdf, messages
from .exchange import prologue
from .messages import Message
from .noise import Finished, Handshake
from .refusal import Refused
from .registry import registry
from .schedule import Master, next_master

_LABEL = b"alongside/1 reconnect"


@dataclass(frozen=True)
class Session:
    """What a reconnect may not change."""

    version: int
    suite: int
    session_id: bytes


def psk(master: Master) -> bytes:
    return hkdf.expand(master.secret, _LABEL + master.generation.to_bytes(4, "big"), 32)


def master_hash(master: Master) -> bytes:
    return hkdf.expand(master.secret, b"alongside/1 master hash", 32)


def clear_of(session: Session, master: Master, attempt: int) -> bytes:
    return messages.reconnect_clear().write(
        {
            "version": session.version,
            "suite": session.suite,
            "session_id": session.session_id,
            "master_hash": master_hash(master),
            "generation": master.generation,
            "attempt": attempt,
        }
    )


def _handshake(session: Session, master: Master, clear: bytes, ephemeral: bytes) -> Handshake:
    return Handshake(session.suite, prologue(_LABEL, clear), psk(master), ephemeral)


def _following(done: Finished, master: Master) -> Master:
    return Master(next_master(done.h, done.k1, done.k2), master.generation + 1)


@dataclass
class Proofs:
    """RECON-20: when proofs failed, in milliseconds."""

    failed: list[int] = field(default_factory=list)

    def check(self, now: int) -> None:
        self.failed = [at for at in self.failed if now - at < registry().timer("proof-window")]
        if len(self.failed) >= registry().limit("failed-proofs"):
            raise Refused(None, "RECON-20", "too many proofs have failed")


class Helper:
    """One end; `master` is replaced when an attempt is answered."""

    def __init__(self, session: Session, master: Master, attempts: int = 0) -> None:
        self._session, self.master = session, master
        self._attempt = attempts
        self._outstanding: Handshake | None = None
        self._proofs = Proofs()
        self.done: Finished | None = None
        self.steps: dict[str, dict[str, bytes]] = {}

    def attempt(self, ephemeral: bytes) -> bytes:
        """The next reconnect-1."""
        self._attempt += 1
        clear = clear_of(self._session, self.master, self._attempt)
        self._outstanding = _handshake(self._session, self.master, clear, ephemeral)
        noise = self._outstanding.write_1(b"")
        return messages.encode("envelope", Message("reconnect-1", {"clear": clear, "noise": noise}))

    def answer(self, envelope: bytes, now: int = 0) -> None:
        """Takes a reconnect-2 and the next master with it. Refused without an error is ignored."""
        fields = _expect(envelope, "reconnect-2")
        self._proofs.check(now)
        named = (fields["generation"], fields["attempt"])
        if self._outstanding is None or named != (self.master.generation, self._attempt):
            raise Refused(None, "RECON-21", "not of the outstanding attempt")
        tried = self._outstanding.copy()
        try:
            _no_payload(tried.read_2(fields["noise"]))
        except Refused as refused:
            self._proofs.failed.append(now)
            raise Refused(None, "RECON-19", refused.why) from None
        self.done, self.steps = tried.finish(), tried.steps
        self.master = _following(self.done, self.master)
        self._attempt, self._outstanding = 0, None


class Sharer:
    """The other end: a master, and a candidate that follows from it."""

    def __init__(self, session: Session, master: Master, highest: int = 0) -> None:
        self._session, self.master = session, master
        self.candidate: Master | None = None
        self._highest = highest
        self._proofs = Proofs()

    def answer(self, envelope: bytes, ephemeral: bytes, now: int = 0) -> bytes:
        """The reconnect-2 to an authentic reconnect-1. Refused without an error is ignored."""
        fields = _expect(envelope, "reconnect-1")
        self._proofs.check(now)
        try:
            clear = messages.reconnect_clear().decode(fields["clear"])
        except Refused as refused:
            raise Refused(None, "RECON-14", refused.why) from None
        named = self._named(clear)
        noise = _handshake(self._session, named, fields["clear"], ephemeral)
        try:
            _no_payload(noise.read_1(fields["noise"]))
            second = noise.write_2(b"")
        except Refused as refused:
            self._proofs.failed.append(now)
            raise Refused(None, "RECON-19", refused.why) from None
        self.master = named
        self._highest = clear["attempt"]
        self.candidate = _following(noise.finish(), named)
        return messages.encode(
            "envelope",
            Message(
                "reconnect-2",
                {"generation": clear["generation"], "attempt": clear["attempt"], "noise": second},
            ),
        )

    def _named(self, clear: dict[str, Any]) -> Master:
        """RECON-14."""
        fixed = (clear["version"], clear["suite"], clear["session_id"])
        if fixed != (self._session.version, self._session.suite, self._session.session_id):
            raise Refused(None, "RECON-14", "another version, suite or session")
        for master, highest in ((self.master, self._highest), (self.candidate, 0)):
            if master is None or clear["generation"] != master.generation:
                continue
            if clear["master_hash"] != master_hash(master):
                raise Refused(None, "RECON-14", "another master")
            if clear["attempt"] <= highest:
                raise Refused(None, "RECON-14", "not above every attempt that was authentic")
            return master
        raise Refused(None, "RECON-14", "another generation")

    def opened_under_candidate(self) -> None:
        """RECON-17."""
        if self.candidate is not None:
            self.master, self.candidate, self._highest = self.candidate, None, 0


def _no_payload(payload: bytes) -> None:
    if payload:
        raise Refused("handshake-failed", "KEX-13", "a payload where none belongs")


def _expect(envelope: bytes, name: str) -> dict[str, Any]:
    message = messages.decode("envelope", envelope)
    if message is None or message.name != name:
        raise Refused("unexpected-message", "KEX-21", f"not {name}")
    return message.fields
