"""A known device: chapter 17, at a client."""

from __future__ import annotations

from dataclasses import dataclass

from alongside_independent.operation import device_retry
from alongside_independent.spake import Password, password_of_device


@dataclass(frozen=True)
class KnownDevice:
    id: bytes
    secret: bytes
    token: bytes = b""
    """For the sharer."""
    without_card: bool = False

    def password(self) -> Password:
        return password_of_device(self.id, self.secret)


IN_VAIN = ("not-found", "replaced", "unsupported", "sign-in-failed", "bad-card")
"""With these a device that waits is over."""


class Patience:
    """DEVICE-15: how long a device waits before it waits again."""

    def __init__(self) -> None:
        self._failures = 0

    def after(self, stood: bool, failed: bool) -> int:
        """Milliseconds, after a session that had a channel, or an exchange or a connection that failed."""
        if stood:
            self._failures = 0
        elif failed:
            self._failures += 1
        return device_retry(self._failures) if failed and not stood else 0
