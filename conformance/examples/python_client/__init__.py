"""A client of Alongside over aioquic, written from `spec/` alone.

The codec, the cryptography and the machines are those of `conformance/independent`; what is here is what
they leave out: the connection to a relay, real timers, frame streams, pictures, a person.
"""

from __future__ import annotations

import sys
from pathlib import Path

_INDEPENDENT = str(Path(__file__).resolve().parents[2] / "independent")
if _INDEPENDENT not in sys.path:
    sys.path.append(_INDEPENDENT)
