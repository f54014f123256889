"""What a token says: the methods *token* and *jwt* of chapter 13."""

from __future__ import annotations

import base64
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .policy import ROLES, STANDINGS, Account
from .refusal import Refused
from .registry import registry

LEAST_RSA = 2048
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Issuer:
    """`jwks` as in RFC 7517."""

    issuer: str
    audience: str
    jwks: dict[str, Any]


@dataclass(frozen=True)
class Proved:
    """`expires` in seconds of Unix time, as the token says it."""

    account: Account
    expires: int | None = None

    @property
    def over_at(self) -> int | None:
        """AUTH-17."""
        return None if self.expires is None else self.expires + clock_tolerance()


def clock_tolerance() -> int:
    """Seconds."""
    return registry().timer("clock-tolerance") // 1000


def _failed(why: str, clause: str = "AUTH-3") -> Refused:
    return Refused("sign-in-failed", clause, why)


def account_of(issuer: str, claims: dict[str, Any]) -> Account:
    """AUTH-18, AUTH-21. What is no text counts as missing."""

    def text(name: str) -> str:
        value = claims.get(name)
        return value if isinstance(value, str) else ""

    roles = claims.get("alongside_role")
    known = [role for role in ROLES if role in (roles if isinstance(roles, list) else [roles])]
    device = text("device")
    return Account(
        issuer=issuer,
        subject=text("sub"),
        **{name: text(name) for name in ("name", "title", "organisation", "domain")},
        role=known[-1] if known else "none",
        device=device if device in STANDINGS else "unknown",
    )


def check_secret(token: str, accounts: list[tuple[str, Account]]) -> Proved:
    """The method *token*."""
    found = None
    for secret, account in accounts:
        if hmac.compare_digest(secret.encode(), token.encode()):
            found = account
    if found is None:
        raise _failed("nobody's token")
    return Proved(found)


def check_jwt(token: str, issuers: list[Issuer], now: int) -> Proved:
    """AUTH-13 to AUTH-17."""
    parts = token.split(".")
    if len(parts) != 3:
        raise _failed("not the compact form")
    header, claims = _object(parts[0]), _object(parts[1])
    if "crit" in header:
        raise _failed("an extension that must be understood (RFC 7515)")
    for issuer in issuers:
        for key in issuer.jwks.get("keys", []):
            if key.get("kid") == header.get("kid") is not None and _signed(key, header, parts):
                return _proved(issuer, claims, now)
    raise _failed("signed by no key that it may be signed with", "AUTH-14")


def _octets(text: Any) -> bytes:  # noqa: ANN401
    if not isinstance(text, str) or not _SEGMENT.fullmatch(text):
        raise _failed("no base64url")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise _failed("no base64url") from None


def _object(segment: str) -> dict[str, Any]:
    try:
        found = json.loads(_octets(segment))
    except (ValueError, RecursionError):
        raise _failed("no JSON") from None
    if not isinstance(found, dict):
        raise _failed("no JSON object")
    return found


def _signed(key: dict[str, Any], header: dict[str, Any], parts: list[str]) -> bool:
    alg = _alg_of(key)
    if (
        alg is None
        or header.get("alg") != alg
        or key.get("alg", alg) != alg
        or key.get("use", "sig") != "sig"
    ):
        return False
    text, signature = f"{parts[0]}.{parts[1]}".encode(), _octets(parts[2])
    try:
        _VERIFY[alg](key, text, signature)
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def _alg_of(key: dict[str, Any]) -> str | None:
    """What the key is for, by its type and curve."""
    kinds = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}
    return kinds.get((key.get("kty"), key.get("crv")))


def _number(text: Any) -> int:  # noqa: ANN401
    return int.from_bytes(_octets(text), "big")


def _verify_eddsa(key: dict[str, Any], text: bytes, signature: bytes) -> None:
    ed25519.Ed25519PublicKey.from_public_bytes(_octets(key["x"])).verify(signature, text)


def _verify_es256(key: dict[str, Any], text: bytes, signature: bytes) -> None:
    if len(signature) != 64:
        raise InvalidSignature
    public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1()).public_key()
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public.verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))


def _verify_rs256(key: dict[str, Any], text: bytes, signature: bytes) -> None:
    public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
    if public.key_size < LEAST_RSA:
        raise InvalidSignature
    public.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())


_VERIFY = {"EdDSA": _verify_eddsa, "ES256": _verify_es256, "RS256": _verify_rs256}


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool)


def _proved(issuer: Issuer, claims: dict[str, Any], now: int) -> Proved:
    audiences = claims.get("aud")
    audiences = audiences if isinstance(audiences, list) else [audiences]
    if claims.get("iss") != issuer.issuer or issuer.audience not in audiences:
        raise _failed("an issuer or an audience that is not that of its key", "AUTH-15")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise _failed("nobody's", "AUTH-15")
    if not _is_number(claims.get("exp")):
        raise _failed("no end", "AUTH-15")
    if "nbf" in claims and not (_is_number(claims["nbf"]) and claims["nbf"] - clock_tolerance() <= now):
        raise _failed("not yet", "AUTH-16")
    proved = Proved(account_of(issuer.issuer, claims), int(claims["exp"]))
    if now >= proved.over_at:
        raise Refused("sign-in-expired", "AUTH-4", "its time is over")
    return proved
