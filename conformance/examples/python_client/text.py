"""Names and texts of the other end, as they are shown."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from alongside_independent.registry import registry

_FORCED = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")


def clean(text: str) -> str:
    """SESSION-3, TEXT-2, for a place of its own."""
    plain = "".join(c for c in text if unicodedata.category(c) != "Cc")
    return _ISOLATES.sub("", _FORCED.sub(" ", plain))


def shown(text: str) -> str:
    """The same beside other text."""
    return "\u2068" + clean(text) + "\u2069"


def name_shown(name: str, card: dict[str, Any] | None) -> str:
    """Beside a card there is no other name than the one on it (CARD-10)."""
    return f"{card['first_name']} {card['last_name']}".strip() if card else name


def scope_names(scopes: int) -> list[str]:
    return [name for name, bit in registry().scopes.items() if scopes & bit]
