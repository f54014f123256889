"""Codes and links: chapter 02."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .refusal import Refused
from .registry import registry

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ALIKE = {"o": "0", "i": "1", "l": "1"}


@dataclass(frozen=True)
class Code:
    locator: str
    secret: str

    def shown(self) -> str:
        return f"{self.locator}-{self.secret}"


def normalise(typed: str) -> str:
    """CODE-1, which maps capital letters of ASCII and no others; white space around all of it is cut off."""
    out = []
    for character in typed.strip():
        if character in " -":
            continue
        if "A" <= character <= "Z":
            character = character.lower()
        out.append(_ALIKE.get(character, character))
    return "".join(out)


def parse_code(typed: str) -> Code:
    text = normalise(typed)
    strange = [character for character in text if character not in ALPHABET]
    if strange:
        raise Refused(None, "CODE-3", f"{strange[0]!r} is not in the alphabet")
    length = registry().limit("secret")
    locator, secret = text[:-length], text[-length:]
    if not registry().limit("locator-least") <= len(locator) <= registry().limit("locator-most"):
        raise Refused(None, "CODE-4", f"the locator has {len(locator)} characters")
    return Code(locator, secret)


def is_locator(text: str) -> bool:
    """Whether this may stand as locator in a message: normalised, of 4 to 8 characters."""
    least, most = registry().limit("locator-least"), registry().limit("locator-most")
    return least <= len(text) <= most and all(character in ALPHABET for character in text)


def locator_length(live_codes: int) -> int:
    """RDV-17; the number of live codes includes the new one."""
    least, most = registry().limit("locator-least"), registry().limit("locator-most")
    wanted = registry().limit("code-density") * live_codes
    return next((n for n in range(least, most) if 32**n >= wanted), most)


def draw(length: int, five_bits: Callable[[], int]) -> str:
    """A locator or a secret; `five_bits` gives a uniform number below 32 (CODE-5, RDV-16)."""
    return "".join(ALPHABET[five_bits()] for _ in range(length))


@dataclass(frozen=True)
class Link:
    relay: str
    code: Code

    def text(self) -> str:
        return f"https://{self.relay}/j#{self.code.shown()}"


_LINK = re.compile(r"https://([^/?#]+)/j#(.*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


def parse_link(text: str) -> Link:
    match = _LINK.fullmatch(text)
    if match is None:
        raise Refused(None, "LINK-3", "not of the form https://HOST/j#CODE")
    if _HOST.fullmatch(match[1]) is None:
        raise Refused(None, "LINK-3", f"{match[1]!r} is no host, or has a user name")
    return Link(match[1].lower(), parse_code(match[2]))
