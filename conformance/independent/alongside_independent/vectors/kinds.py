"""All kinds that are known."""

from __future__ import annotations

from . import evidence, keys, sequences, simple
from .kind import Kind

KINDS: dict[str, Kind] = {**simple.KINDS, **keys.KINDS, **evidence.KINDS, **sequences.KINDS}
