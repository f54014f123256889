"""What a datagram shows to a relay that forwards it, and a check: chapter 20."""

from __future__ import annotations

_LONG_HEADER = 0x80
_CONNECTION_ID = 16
_CHECK = b"\x40" + bytes(8)


def routing_id(datagram: bytes) -> bytes | None:
    """None if it has none: it is too short for a connection id of 16 bytes, or has one of another length."""
    if datagram[:1] and datagram[0] & _LONG_HEADER:
        length, rest = datagram[5:6], datagram[6:]
        if length != bytes([_CONNECTION_ID]):
            return None
    else:
        rest = datagram[1:]
    return rest[:8] if len(rest) >= _CONNECTION_ID else None


def check(token: bytes) -> bytes:
    return _CHECK + token


def token_of_check(datagram: bytes) -> bytes | None:
    """None if it is no check."""
    token = datagram.removeprefix(_CHECK)
    return token if len(token) == 16 and datagram == check(token) else None
