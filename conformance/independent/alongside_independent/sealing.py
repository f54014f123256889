"""Sealed records of the three planes: chapters 04 and 06."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag

from . import messages, records, schedule
from .messages import Message
from .noise import suite
from .records import MediaHeader
from .refusal import Refused
from .registry import registry
from .schedule import Master
from .wire import Reader, write_varint


def nonce_of(number: int) -> bytes:
    return bytes(4) + number.to_bytes(8, "big")


def seal(suite_number: int, key: bytes, number: int, header: bytes, plaintext: bytes) -> bytes:
    return suite(suite_number).aead(key).encrypt(nonce_of(number), plaintext, header)


def open_record(suite_number: int, key: bytes, number: int, header: bytes, sealed: bytes) -> bytes | None:
    """None when it is not authentic."""
    try:
        return suite(suite_number).aead(key).decrypt(nonce_of(number), sealed, header)
    except (InvalidTag, ValueError):
        return None


def _sealed_header(length: int) -> bytes:
    return write_varint(registry().messages("envelope")["sealed"]) + write_varint(length)


class SessionSealer:
    """One direction of the session plane under one master; numbers its records from 0."""

    def __init__(self, suite_number: int, master: Master, direction: str, number: int = 0) -> None:
        self._suite, self._master, self._direction = suite_number, master, direction
        self.number = number

    def _key(self) -> bytes:
        return self._master.key("session", self._direction, block=schedule.block_of(self.number))

    def seal(self, plaintext: bytes) -> bytes:
        """The framed envelope."""
        header = _sealed_header(len(plaintext) + records.TAG)
        sealed = header + seal(self._suite, self._key(), self.number, header, plaintext)
        self.number += 1
        return sealed

    def open(self, envelope: bytes) -> bytes:
        """The plaintext; KEY-7 when it is not the next record of this direction."""
        message = messages.decode("envelope", envelope)
        if message is None or message.name != "sealed":
            raise Refused("unexpected-message", "KEX-21", "not a sealed envelope")
        ciphertext = message.fields["ciphertext"]
        header = envelope[: len(envelope) - len(ciphertext)]
        plaintext = open_record(self._suite, self._key(), self.number, header, ciphertext)
        if plaintext is None:
            raise Refused("record-failed", "KEY-7", "does not open under the next number")
        self.number += 1
        return plaintext


class MediaSealer:
    """The sharer's side of one epoch."""

    def __init__(self, suite_number: int, master: Master, epoch: int) -> None:
        self._suite, self._master, self._epoch = suite_number, master, epoch
        self.number = 0

    def seal(self, frame_id: int, index: int, last: bool, plaintext: bytes) -> bytes:
        length = len(plaintext) + records.TAG
        header = records.encode_media_header(
            MediaHeader(last, index, frame_id, self._epoch, self.number, length)
        )
        key = self._master.key("media", "to-helper", self._epoch, schedule.block_of(self.number))
        sealed = header + seal(self._suite, key, self.number, header, plaintext)
        self.number += 1
        return sealed

    def frame(self, frame_id: int, encoding: bytes) -> list[bytes]:
        pieces = records.cut(encoding)
        return [self.seal(frame_id, i, i == len(pieces) - 1, piece) for i, piece in enumerate(pieces)]


class MediaOpener:
    """The helper's side of one epoch: what is dropped, and by which clause."""

    def __init__(self, suite_number: int, master: Master, epoch: int) -> None:
        self._suite, self._master, self._epoch = suite_number, master, epoch
        self.highest = 0
        self._seen: set[int] = set()

    def judge(self, header: MediaHeader) -> str | None:
        """The clause by which a record is dropped before any key is derived for it."""
        if header.epoch != self._epoch:
            return "MEDIA-4"
        highest = self.highest
        if highest - header.number > registry().limit("replay-window"):
            return "MEDIA-5"
        if schedule.block_of(header.number) > schedule.block_of(highest) + 1:
            return "MEDIA-5"
        if header.number in self._seen:
            return "MEDIA-6"
        return None

    def open(self, record: bytes) -> tuple[MediaHeader, bytes]:
        """Refused without an error is dropped."""
        reader = Reader(record)
        head = reader.take(records.MEDIA_HEADER)
        header = records.decode_media_header(head)
        ciphertext = reader.take(header.length)
        reader.finish()
        dropped = self.judge(header)
        if dropped:
            raise Refused(None, dropped, "the record is dropped")
        key = self._master.key("media", "to-helper", self._epoch, schedule.block_of(header.number))
        plaintext = open_record(self._suite, key, header.number, head, ciphertext)
        if plaintext is None:
            raise Refused(None, "MEDIA-7", "the record does not open")
        self.highest = max(self.highest, header.number)
        self._seen.add(header.number)
        floor = self.highest - registry().limit("replay-window")
        self._seen = {number for number in self._seen if number >= floor}
        return header, plaintext


class InputSealer:
    """The helper's side of one grant."""

    def __init__(self, suite_number: int, key: bytes, grant: int) -> None:
        self._suite, self._key, self._grant = suite_number, key, grant
        self.number = 0

    def seal(self, plaintext: bytes) -> bytes:
        header = records.encode_input_header(self._grant)
        sealed = header + seal(self._suite, self._key, self.number, header, plaintext)
        self.number += 1
        return sealed


class InputOpener:
    """The sharer's side of one grant."""

    def __init__(self, suite_number: int, key: bytes, grant: int, scopes: int, number: int = 0) -> None:
        self._suite, self._key, self._grant, self._scopes = suite_number, key, grant, scopes
        self.number = number

    def open(self, record: bytes) -> list[records.Event]:
        """What may be injected. Refused without an error is skipped."""
        events = records.decode_slots(self.decrypt(record))
        records.check_scopes(events, self._scopes)
        return events

    def decrypt(self, record: bytes) -> bytes:
        reader = Reader(record)
        header = reader.take(records.INPUT_HEADER)
        grant = records.decode_input_header(header)
        sealed = reader.take(registry().limit("input-record") + records.TAG)
        reader.finish()
        if grant != self._grant:
            raise Refused(None, "INPUT-4", "a record of another grant is skipped")
        plaintext = open_record(self._suite, self._key, self.number, header, sealed)
        if plaintext is None:
            raise Refused("record-failed", "INPUT-5", "the record does not open")
        self.number += 1
        return plaintext


def session_record(message: Message) -> bytes:
    """The plaintext of a record with one message, padded where a clause wants it."""
    plaintext = messages.encode("session", message)
    if message.name in ("chat", "clipboard"):
        return messages.pad_to_multiple(plaintext, registry().limit("chat-pad"))
    return plaintext
