"""A small relay of Alongside over aioquic, written from `spec/` alone, to test with.

The machine is that of `conformance/independent`; what is here is QUIC around it. It is no relay for the
public: it does not bound its memory, and it has no policy.
"""

from __future__ import annotations

import python_quic as _  # noqa: F401
