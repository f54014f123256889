"""The group of Ed25519 and strict signatures: RFC 8032, KEX-8, CARD-4, CARD-8. Not constant in time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


@dataclass(frozen=True)
class Point:
    """Extended coordinates: x = X/Z, y = Y/Z, XY = ZT."""

    X: int
    Y: int
    Z: int
    T: int

    def __add__(self, other: Point) -> Point:
        a = (self.Y - self.X) * (other.Y - other.X) % P
        b = (self.Y + self.X) * (other.Y + other.X) % P
        c = 2 * self.T * other.T * _D % P
        d = 2 * self.Z * other.Z % P
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f % P, g * h % P, f * g % P, e * h % P)

    def __neg__(self) -> Point:
        return Point(-self.X % P, self.Y, self.Z, -self.T % P)

    def __sub__(self, other: Point) -> Point:
        return self + -other

    def doubled(self, times: int) -> Point:
        """Without a `Point` for each step: most of the time of a session goes by here."""
        x, y, z, t = self.X, self.Y, self.Z, self.T
        for _ in range(times):
            a, b, c = x * x, y * y, 2 * z * z
            h = a + b
            e = h - (x + y) ** 2
            g = a - b
            f = (c + g) % P
            x, y, z, t = e * f % P, g * h % P, f * g % P, e * h % P
        return Point(x, y, z, t)

    def __rmul__(self, scalar: int) -> Point:
        """Four bits at a time."""
        multiples = [IDENTITY]
        for _ in range(15):
            multiples.append(multiples[-1] + self)
        total = IDENTITY
        for digit in f"{scalar:x}":
            total = total.doubled(4) + multiples[int(digit, 16)]
        return total

    def encode(self) -> bytes:
        inverse = pow(self.Z, -1, P)
        x, y = self.X * inverse % P, self.Y * inverse % P
        return (y | (x & 1) << 255).to_bytes(32, "little")

    def is_identity(self) -> bool:
        return self.X == 0 and self.Y == self.Z

    def is_small(self) -> bool:
        return (8 * self).is_identity()


IDENTITY = Point(0, 1, 1, 0)


def decode(octets: bytes) -> Point | None:
    """The point, also of an encoding that is not canonical; None where there is none."""
    number = int.from_bytes(octets, "little")
    y, sign = (number & (1 << 255) - 1) % P, number >> 255
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * _ROOT_OF_MINUS_ONE % P
    if x * x % P != square:
        return None
    if x & 1 != sign:
        x = -x % P
    return Point(x, y, 1, x * y % P)


def point(octets: bytes) -> Point:
    found = decode(octets)
    if found is None:
        raise ValueError("no point")
    return found


BASE = point(bytes.fromhex("58" + "66" * 31))


def why_not_an_element(octets: bytes) -> str | None:
    """What KEX-8 and CARD-4 have against this as an element or a key; None when nothing."""
    found = decode(octets)
    if found is None:
        return "does not decode to a point"
    if found.encode() != octets:
        return "is not the encoding of its point"
    if found.is_identity():
        return "is the identity"
    if not (L * found).is_identity():
        return "is not in the subgroup of order L"
    return None


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def why_not_signed(key: bytes, message: bytes, signature: bytes) -> str | None:
    """What CARD-8 has against the signature under a key that decodes; None when it is valid."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return "S is not below L"
    public = decode(key)
    if public is None:
        return "the key does not decode to a point"
    wanted = s * BASE - challenge(r, key, message) * public
    if wanted.encode() != r:
        return "R is not S·B - k·A"
    if wanted.is_small():
        return "R is of small order"
    return None


def _expand_seed(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def public_key(seed: bytes) -> bytes:
    return (_expand_seed(seed)[0] * BASE).encode()


def sign(seed: bytes, message: bytes) -> bytes:
    scalar, prefix = _expand_seed(seed)
    key = (scalar * BASE).encode()
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    r = (nonce * BASE).encode()
    s = (nonce + challenge(r, key, message) * scalar) % L
    return r + s.to_bytes(32, "little")
