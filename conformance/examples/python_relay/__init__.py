"""A small relay of Alongside over aioquic, written from `spec/` alone, to test with.

The machine is that of `conformance/independent`; what is here is QUIC around it. It is no relay for the
public: it bounds neither what waits for a slow client (RDV-32) nor its memory, and it has no policy.
"""

from __future__ import annotations

import python_quic as _  # noqa: F401
