"""All kinds that are known."""

from __future__ import annotations

from . import simple
from .kind import Kind

KINDS: dict[str, Kind] = {**simple.KINDS}
