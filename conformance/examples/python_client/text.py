"""Names and texts of the other end, as they are shown."""

from __future__ import annotations

import re
import unicodedata

from alongside_independent.registry import registry

_FORCED = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")


def shown(text: str) -> str:
    """SESSION-3, TEXT-2."""
    plain = "".join(c for c in text if unicodedata.category(c) != "Cc")
    return "\u2068" + _ISOLATES.sub("", _FORCED.sub(" ", plain)) + "\u2069"


def scope_names(scopes: int) -> list[str]:
    return [name for name, bit in registry().scopes.items() if scopes & bit]
