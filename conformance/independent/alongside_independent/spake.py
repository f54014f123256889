"""SPAKE2 as chapter 04 spells it out, with every value on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from . import edwards, hkdf
from .edwards import BASE, L
from .refusal import Refused

M = bytes.fromhex("15cfd18e385952982b6a8f8c7854963b58e34388c8e6dae891db756481a02312")
N = bytes.fromhex("f04f2e7eb734b2a8f8b472eaf9c3c632576ac64aea650b496a8a20ff00e583c3")
_BLIND = {"sharer": edwards.point(M), "helper": edwards.point(N)}


@dataclass(frozen=True)
class Password:
    """What both ends have: of a code its secret and its locator, of a device (17) secret and text."""

    secret: bytes
    place: bytes

    @property
    def w(self) -> int:
        return int.from_bytes(hkdf.hkdf(b"", self.secret, b"SPAKE2 pw", 48), "big") % L

    def identity(self, role: str) -> bytes:
        return b"alongside/1 " + role.encode() + b"\0" + self.place


def password_of_code(locator: str, secret: str) -> Password:
    return Password(secret.encode("ascii"), locator.encode("ascii"))


def password_of_device(device: bytes, secret: bytes) -> Password:
    """DEVICE-12."""
    return Password(secret, b"device/" + device.hex().encode("ascii"))


@lru_cache(8)
def element(password: Password, role: str, scalar: int) -> bytes:
    """X* of a sharer, Y* of a helper."""
    return (scalar * BASE + password.w * _BLIND[role]).encode()


def check_element(octets: bytes) -> None:
    why = edwards.why_not_an_element(octets)
    if why:
        raise Refused("bad-point", "KEX-8", why)


@dataclass(frozen=True)
class Shared:
    k: bytes
    key: bytes
    psk: bytes


def finish(password: Password, role: str, scalar: int, theirs: bytes) -> Shared:
    """The secret of both; `theirs` is the element of the other end."""
    check_element(theirs)
    other = "helper" if role == "sharer" else "sharer"
    k = (scalar * (edwards.point(theirs) - password.w * _BLIND[other])).encode()
    own = element(password, role, scalar)
    x, y = (own, theirs) if role == "sharer" else (theirs, own)
    transcript = (
        hashlib.sha256(password.secret).digest()
        + hashlib.sha256(password.identity("sharer")).digest()
        + hashlib.sha256(password.identity("helper")).digest()
        + x
        + y
        + k
    )
    key = hashlib.sha256(transcript).digest()
    return Shared(k, key, hkdf.hkdf(b"", key, b"alongside/1 psk", 32))
