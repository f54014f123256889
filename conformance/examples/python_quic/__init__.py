"""What a client and a relay over aioquic have in common; and where the independent implementation is."""

from __future__ import annotations

import sys
from pathlib import Path

_INDEPENDENT = str(Path(__file__).resolve().parents[2] / "independent")
if _INDEPENDENT not in sys.path:
    sys.path.append(_INDEPENDENT)
