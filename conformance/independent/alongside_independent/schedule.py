"""From the finished handshake to keys, and the phrase: chapter 04."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from mnemonic import Mnemonic

from . import hkdf
from .registry import registry


def next_master(h: bytes, k1: bytes, k2: bytes) -> bytes:
    return hkdf.extract(h, k1 + k2)


def session_id(h: bytes) -> bytes:
    return hkdf.hkdf(b"", h, b"alongside/1 session id", 16)


def block_of(number: int) -> int:
    return number // registry().limit("block")


@dataclass(frozen=True)
class Master:
    """The newest secret of a session, and how often it was made anew."""

    secret: bytes
    generation: int = 0

    def key(self, channel: str, direction: str, epoch: int = 0, block: int = 0) -> bytes:
        return hkdf.expand(self.secret, self.key_info(channel, direction, epoch, block), 32)

    def key_info(self, channel: str, direction: str, epoch: int, block: int) -> bytes:
        return (
            b"alongside/1 key"
            + bytes([registry().ids("channel")[channel], registry().ids("direction")[direction]])
            + self.generation.to_bytes(4, "big")
            + epoch.to_bytes(4, "big")
            + block.to_bytes(8, "big")
        )

    def input_key(self, grant: int, secret: bytes) -> bytes:
        return hkdf.expand(self.secret, self.input_info(grant, secret), 32)

    def input_info(self, grant: int, secret: bytes) -> bytes:
        numbers = self.generation.to_bytes(4, "big") + grant.to_bytes(4, "big")
        return b"alongside/1 input" + numbers + secret


def phrase_bits(h: bytes, n_h: bytes, n_s: bytes) -> bytes:
    return hkdf.hkdf(h, n_h + n_s, b"alongside/1 phrase", 5)


def phrase_places(h: bytes, n_h: bytes, n_s: bytes) -> list[int]:
    bits = int.from_bytes(phrase_bits(h, n_h, n_s), "big")
    return [bits >> shift & 0x7FF for shift in (29, 18, 7)]


@cache
def words() -> list[str]:
    """The English list of BIP 39."""
    return list(Mnemonic("english").wordlist)


def phrase(places: list[int]) -> str:
    return " ".join(words()[place] for place in places)
