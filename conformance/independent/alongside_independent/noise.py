"""`Noise_NNpsk0` as chapter 04 spells it out."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from .refusal import Refused
from .registry import registry


@dataclass(frozen=True)
class Suite:
    """Hash and cipher. `noise_order` is the byte order of the counter in Noise's own nonces."""

    name: bytes
    hash: Callable[[bytes], hashlib._Hash]
    aead: type[ChaCha20Poly1305] | type[AESGCM]
    noise_order: str


def suite(number: int) -> Suite:
    entry = registry().suites[number]
    if entry["aead"] == "ChaCha20-Poly1305":
        return Suite(entry["name"].encode(), hashlib.blake2s, ChaCha20Poly1305, "little")
    return Suite(entry["name"].encode(), hashlib.sha256, AESGCM, "big")


def x25519_public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def x25519(private: bytes, public: bytes) -> bytes:
    """Refuses a public key that leaves nothing secret."""
    try:
        mine = X25519PrivateKey.from_private_bytes(private)
        return mine.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Refused("handshake-failed", "KEX-13", "an ephemeral key of small order") from None


@dataclass(frozen=True)
class Finished:
    h: bytes
    k1: bytes
    k2: bytes


class Handshake:
    """Either end. Call `write_1`, `read_1`, `write_2`, `read_2` as the role and the order say.

    `steps` keeps the values after each step, under the names of the chapter.
    """

    def __init__(self, number: int, prologue: bytes, psk: bytes, ephemeral: bytes) -> None:
        self._suite = suite(number)
        self._psk = psk
        self._private = ephemeral
        self._n = 0
        self._k = b""
        name = self._suite.name
        self._h = name.ljust(32, b"\0") if len(name) <= 32 else self._hash(name)
        self._ck = self._h
        self.steps: dict[str, dict[str, bytes]] = {"start": {"h": self._h, "ck": self._ck}}
        self._mix_hash(prologue)
        self.steps["prologue"] = {"h": self._h}
        self._e1 = b""

    def _hash(self, data: bytes) -> bytes:
        return self._suite.hash(data).digest()

    def _hkdf(self, ikm: bytes, count: int) -> list[bytes]:
        def mac(key: bytes, data: bytes) -> bytes:
            return hmac.new(key, data, self._suite.hash).digest()

        prk, out = mac(self._ck, ikm), [b""]
        for index in range(1, count + 1):
            out.append(mac(prk, out[-1] + bytes([index])))
        return out[1:]

    def _mix_hash(self, data: bytes) -> None:
        self._h = self._hash(self._h + data)

    def _mix_key(self, ikm: bytes) -> None:
        self._ck, self._k = self._hkdf(ikm, 2)
        self._n = 0

    def _mix_psk(self) -> None:
        self._ck, temporary, self._k = self._hkdf(self._psk, 3)
        self._mix_hash(temporary)
        self._n = 0
        self.steps["psk"] = {"ck": self._ck, "t": temporary, "k": self._k, "h": self._h}

    def _mix_public(self, step: str, public: bytes) -> None:
        self._mix_hash(public)
        self._mix_key(public)
        self.steps[step] = {"public": public, "h": self._h, "ck": self._ck, "k": self._k}

    def _mix_shared(self, public: bytes) -> None:
        shared = x25519(self._private, public)
        self._mix_key(shared)
        self.steps["dh"] = {"shared": shared, "ck": self._ck, "k": self._k}

    def _nonce(self) -> bytes:
        self._n += 1
        return bytes(4) + (self._n - 1).to_bytes(8, self._suite.noise_order)

    def _encrypt(self, step: str, payload: bytes) -> bytes:
        sealed = self._suite.aead(self._k).encrypt(self._nonce(), payload, self._h)
        self._mix_hash(sealed)
        self.steps[step] = {"c": sealed, "h": self._h}
        return sealed

    def _decrypt(self, step: str, sealed: bytes) -> bytes:
        try:
            payload = self._suite.aead(self._k).decrypt(self._nonce(), sealed, self._h)
        except (InvalidTag, ValueError):
            raise Refused("handshake-failed", "KEX-13", "a message that does not authenticate") from None
        self._mix_hash(sealed)
        self.steps[step] = {"c": sealed, "h": self._h}
        return payload

    def write_1(self, payload: bytes) -> bytes:
        self._mix_psk()
        self._e1 = x25519_public(self._private)
        self._mix_public("e1", self._e1)
        return self._e1 + self._encrypt("c1", payload)

    def read_1(self, message: bytes) -> bytes:
        self._mix_psk()
        self._e1 = self._public_of(message)
        self._mix_public("e1", self._e1)
        return self._decrypt("c1", message[32:])

    def write_2(self, payload: bytes) -> bytes:
        public = x25519_public(self._private)
        self._mix_public("e2", public)
        self._mix_shared(self._e1)
        return public + self._encrypt("c2", payload)

    def read_2(self, message: bytes) -> bytes:
        public = self._public_of(message)
        self._mix_public("e2", public)
        self._mix_shared(public)
        return self._decrypt("c2", message[32:])

    @staticmethod
    def _public_of(message: bytes) -> bytes:
        if len(message) < 32 + 16:
            raise Refused("handshake-failed", "KEX-13", "a message without a key and a tag")
        return message[:32]

    def copy(self) -> Handshake:
        """For a message that may not be authentic and then changes nothing."""
        copied = copy(self)
        copied.steps = dict(self.steps)
        return copied

    def finish(self) -> Finished:
        k1, k2 = self._hkdf(b"", 2)
        return Finished(self._h, k1, k2)
