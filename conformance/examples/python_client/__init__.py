"""A client of Alongside over aioquic, written from `spec/` alone.

The codec, the cryptography and the machines are those of `conformance/independent`; what is here is what
they leave out: the connection to a relay, real timers, frame streams, pictures, a person.
"""

from __future__ import annotations

import python_quic as _  # noqa: F401
