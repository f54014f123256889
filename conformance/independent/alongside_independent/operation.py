"""Lines of a journal and of reports, delays, tokens of devices: chapters 03, 14 and 17."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .registry import error_name, registry

_DECIMAL = r"(0|[1-9][0-9]{0,19})"
_JOURNAL = re.compile(rf"{_DECIMAL} {_DECIMAL} {_DECIMAL} ([0-9a-f]{{4}}) ([0-9a-f]{{4}})\n".encode())
_REPORT = re.compile(rf"{_DECIMAL} ([0-9a-f]{{2}}) ([!-~]+)\n".encode())


@dataclass(frozen=True)
class JournalRecord:
    number: int
    start: int
    end: int
    error: int
    features: int

    def line(self) -> bytes:
        error = self.error if error_name(self.error) else registry().errors["done"]
        return f"{self.number} {self.start} {self.end} {error:04x} {self.features:04x}\n".encode()


def journal_record(line: bytes) -> JournalRecord | None:
    """None for what is no record."""
    match = _JOURNAL.fullmatch(line)
    if match is None:
        return None
    numbers = [int(group) for group in match.groups()[:3]]
    error, features = (int(group, 16) for group in match.groups()[3:])
    known = sum(registry().bits("journal_feature").values())
    if any(number >= 2**64 for number in numbers) or error_name(error) is None or features & ~known:
        return None
    return JournalRecord(*numbers, error, features)


def lines_of(file: bytes) -> list[bytes]:
    """Each with its line feed; what is after the last one is a line without."""
    whole, _, torn = file.rpartition(b"\n")
    lines = [line + b"\n" for line in whole.split(b"\n")] if b"\n" in file else []
    return lines + ([torn] if torn else [])


def read_journal(file: bytes) -> list[JournalRecord]:
    """JOURNAL-7."""
    records = [journal_record(line) for line in lines_of(file)]
    return [record for record in records if record is not None]


def journal_file_name(now: int) -> str:
    """Of the hour of this second of Unix time (JOURNAL-3)."""
    return f"{now - now % 3600}.journal"


def escape_account(account: bytes | None) -> bytes:
    if account is None:
        return b"-"
    if account == b"-":
        return b"%2D"
    return b"".join(
        bytes([byte]) if 0x21 <= byte <= 0x7E and byte != 0x25 else b"%%%02X" % byte for byte in account
    )


def report_line(time: int, category: int, account: bytes | None) -> bytes:
    return b"%d %02x %s\n" % (time, category, escape_account(account))


def report_record(line: bytes) -> tuple[int, int, bytes | None] | None:
    """Time, category and account; None for what is no record."""
    match = _REPORT.fullmatch(line)
    if match is None:
        return None
    time, category, escaped = int(match[1]), int(match[2], 16), match[3]
    account = None
    if escaped != b"-":
        account = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), escaped)
        try:
            account.decode("utf-8")
        except UnicodeDecodeError:
            return None
    known = category in registry().ids("report_category").values()
    if not known or time >= 2**64 or escape_account(account) != escaped:
        return None
    return time, category, account


def delay(failed: int, free: int | None = None, first: int | None = None, most: int | None = None) -> int:
    """RDV-23: milliseconds before a look-up, by the failed joins that were counted before.

    What is not given is as in the registry.
    """
    free = registry().limit("free-joins") if free is None else free
    if failed < free:
        return 0
    first = registry().timer("join-delay-first") if first is None else first
    most = registry().timer("join-delay-most") if most is None else most
    return min(first << min(failed - free, 32), most)


def device_retry(failures: int) -> int:
    """DEVICE-15: milliseconds before the next `wait`, after so many in a row."""
    first, most = registry().timer("device-retry-first"), registry().timer("device-retry-most")
    return min(first << min(failures - 1, 32), most) if failures else 0


def device_token_hash(token: bytes) -> bytes:
    return hashlib.sha256(b"alongside/1 device token\0" + token).digest()


def place_token_hash(token: bytes) -> bytes:
    """HOLD-2."""
    return hashlib.sha256(token).digest()
