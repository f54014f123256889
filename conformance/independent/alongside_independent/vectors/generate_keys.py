"""Vectors of exchanges, keys, sealed records and reconnects, at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from .. import edwards, messages, sealing
from ..messages import Message
from ..refusal import Refused
from ..registry import registry, scope_bits
from ..schedule import Master, next_master
from . import chance, keys
from .kind import Json
from .writer import Writer

_STATE = {
    "paused": False,
    "scopes": scope_bits("view", "chat"),
    "epoch": 1,
    "grant": 0,
    "sent": 2,
    "received": 1,
}

_PLACES = ("4060", "zzzzzzzz", "0a1b2", "device/000102030405060708090a0b0c0d0e0f")


def flip(random: Random, octets: bytes, first: int = 0) -> bytes:
    """One bit changed, not before this byte."""
    at = random.randrange(first, len(octets))
    return octets[:at] + bytes([octets[at] ^ 1 << random.randrange(8)]) + octets[at + 1 :]


def _end(random: Random, scalar: str) -> dict[str, Any]:
    return {
        scalar: random.randrange(1, edwards.L).to_bytes(32, "big").hex(),
        "e": random.randbytes(32).hex(),
        "n": random.randbytes(32).hex(),
        "suites": random.choice(([1], [2], [1, 2], [2, 1])),
        "ceiling": random.getrandbits(8) | 1,
    }


def _pair(random: Random) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What both know, a sharer and a helper that have a suite in common."""
    place = random.choice(_PLACES)
    secret = random.randbytes(32) if "/" in place else "".join(random.choices("0189abzy", k=4)).encode()
    sharer, helper = _end(random, "x"), _end(random, "y")
    if not set(sharer["suites"]) & set(helper["suites"]):
        helper["suites"] = sharer["suites"]
    return {"place": place, "pw": secret.hex()}, sharer, helper


def bad_elements() -> dict[str, bytes]:
    """What KEX-8 refuses, by name."""
    order_8 = _of_order_8()
    found = {
        "no point": (2).to_bytes(32, "little"),
        "the identity": edwards.IDENTITY.encode(),
        "the identity with its sign set": _with_sign(edwards.IDENTITY.encode()),
        "the identity, y beyond p": (edwards.P + 1).to_bytes(32, "little"),
        "order 8": order_8.encode(),
        "order 4": (2 * order_8).encode(),
        "order 2": (4 * order_8).encode(),
        "beside the subgroup": (5 * edwards.BASE + order_8).encode(),
    }
    for y in range(2, 19):
        if edwards.decode(y.to_bytes(32, "little")):
            found[f"y is p + {y}"] = (edwards.P + y).to_bytes(32, "little")
            break
    return found


def _with_sign(octets: bytes) -> bytes:
    return octets[:31] + bytes([octets[31] | 0x80])


def _of_order_8() -> edwards.Point:
    for y in range(2, 100):
        found = edwards.decode(y.to_bytes(32, "little"))
        if found:
            torsion = edwards.L * found
            if not (4 * torsion).is_identity():
                return torsion
    raise AssertionError("no point of order 8 was found")


def _exchanges(random: Random) -> Iterator[Writer]:
    whole, answer, confirm = Writer("exchange"), Writer("answer"), Writer("confirm")
    finish, opening = Writer("finish"), Writer("opening")
    for _ in range(8):
        both, sharer, helper = _pair(random)
        whole.valid("random", "at random", ["KEX-7", "KEX-10"], both | {"sharer": sharer, "helper": helper})
        made = keys.KINDS["exchange"].compute(both | {"sharer": sharer, "helper": helper})
        of_helper, of_sharer = both | helper | {"offer": made["offer"]}, both | sharer
        answer.valid("random", "at random", ["KEX-2", "KEX-11"], of_helper)
        confirm.valid("random", "at random", ["KEX-12"], of_sharer | {"answer": made["answer"]})
        finish.valid("random", "at random", ["KEX-13"], of_helper | {"confirm": made["confirm"]})
        given = {"h": made["h"], "n_s": sharer["n"], "commitment": made["commitment"], "opening": helper["n"]}
        opening.valid("random", "at random", ["KEX-19"], given)
        other = given | {"opening": flip(random, bytes.fromhex(helper["n"]))}
        opening.invalid("changed", "a bit of the opening", other, "bad-opening", "KEX-15")
        bit = flip(random, made["answer"], len(made["answer"]) - 80)
        given = of_sharer | {"answer": bit}
        confirm.invalid("changed", "a bit of message 1", given, "handshake-failed", "KEX-13")
        given = of_helper | {"confirm": flip(random, made["confirm"], 2)}
        finish.invalid("changed", "a bit of message 2", given, "handshake-failed", "KEX-13")
        given = of_sharer | {"answer": made["answer"], "pw": bytes.fromhex(both["pw"])[::-1]}
        confirm.invalid("password", "another password", given, "handshake-failed", "KEX-13")
    for about, element in bad_elements().items():
        offer = _changed(made["offer"], element=element)
        answer.invalid("element", about, of_helper | {"offer": offer}, "bad-point", "KEX-8")
        changed = _with_clear(made["answer"], element=element)
        confirm.invalid("element", about, of_sharer | {"answer": changed}, "bad-point", "KEX-8")
    for about, fields, error, clause in (
        ("versions of later times", {"versions": [2, 65_535]}, "no-common-version", "KEX-3"),
        ("suites of later times", {"suites": [3, 0]}, "no-common-suite", "KEX-4"),
    ):
        offer = _changed(made["offer"], **fields)
        answer.invalid("nothing", about, of_helper | {"offer": offer}, error, clause)
    for about, fields, error in (
        ("a version that was not offered", {"version": 2}, "no-common-version"),
        ("a suite that was not offered", {"suite": 9}, "no-common-suite"),
    ):
        changed = _with_clear(made["answer"], **fields)
        confirm.invalid("other", about, of_sharer | {"answer": changed}, error, "KEX-5")
    yield from (whole, answer, confirm, finish, opening)


def _changed(envelope: bytes, **fields: Any) -> bytes:  # noqa: ANN401
    message = messages.decode("envelope", envelope)
    if message is None:
        raise AssertionError("an envelope that is skipped")
    return messages.encode("envelope", Message(message.name, message.fields | fields))


def _with_clear(answer: bytes, **fields: Any) -> bytes:  # noqa: ANN401
    message = messages.decode("envelope", answer)
    layout = messages.answer_clear()
    clear = layout.decode(message.fields["clear"] if message else b"") | fields
    return _changed(answer, clear=layout.write(clear))


def _place(random: Random, plane: str) -> dict[str, Any]:
    """Where a record stands, but for suite and number."""
    where: dict[str, Any] = {
        "plane": plane,
        "master": random.randbytes(32).hex(),
        "generation": random.choice((0, 1, chance.number(random, 32))),
    }
    match plane:
        case "session":
            return where | {"direction": random.choice(("to-helper", "to-sharer"))}
        case "media":
            return where | {"epoch": chance.number(random, 32)}
    return where | {"grant": chance.number(random, 32), "secret": random.randbytes(32).hex()}


def _numbers(random: Random, plane: str) -> int:
    if plane == "input":
        return random.randrange(3)
    block = registry().limit("block")
    return random.choice((0, 1, block - 1, block, random.getrandbits(40)))


def _records(random: Random) -> Iterator[Writer]:
    key, sealed, opened = Writer("key"), Writer("sealed"), Writer("opened")
    refusals = {
        "session": (None, "KEY-7"),
        "media": (None, "MEDIA-7"),
        "input": ("record-failed", "INPUT-5"),
    }
    for turn in range(18):
        plane, suite = ("session", "media", "input")[turn % 3], 1 + turn // 3 % 2
        where = _place(random, plane) | {"number": _numbers(random, plane)}
        key.valid(plane, "at random", ["KEY-1"], where)
        length = 64 if plane == "input" else random.randrange(1, 200)
        given = where | {"suite": suite, "plaintext": random.randbytes(length)}
        if plane == "media":
            given |= {"frame": chance.number(random, 32), "number": random.randrange(2**20 + 9)}
        sealed.valid(plane, "at random", ["KEY-1", "KEY-2", "KEY-3"], given)
        record = keys.KINDS["sealed"].compute(_hex(given))["record"]
        given = {name: value for name, value in given.items() if name not in ("plaintext", "frame")}
        opened.valid(plane, "the record that is expected", ["KEY-1"], given | {"record": record})
        changed = flip(random, record, len(record) - 16)
        error, clause = refusals[plane]
        opened.invalid(plane, "a bit of the tag", given | {"record": changed}, error, clause)
        other = given | {"record": record, "master": random.randbytes(32)}
        opened.invalid(plane, "another master", other, error, clause)
    yield from (key, sealed, opened, _windows(random))


def _hex(given: Json) -> Json:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in given.items()}


def _windows(random: Random) -> Writer:
    writer = Writer("window")
    window, block = registry().limit("replay-window"), registry().limit("block")
    jumps: list[Callable[[int], int]] = [
        lambda highest: highest + 1,
        lambda highest: highest,
        lambda highest: max(0, highest - random.randrange(window + 3)),
        lambda highest: max(0, highest - window),
        lambda highest: max(0, highest - window - 1),
        lambda highest: highest + random.randrange(2 * window),
        lambda highest: (highest // block + 1) * block + random.randrange(9),
        lambda highest: (highest // block + 2) * block,
    ]
    for suite in (1, 2, 1, 2):
        master, epoch, records = Master(random.randbytes(32), random.randrange(3)), 7, []
        opener = sealing.MediaOpener(suite, master, epoch)
        for _ in range(24):
            number = random.choice(jumps)(opener.highest)
            record = _media(suite, master, epoch, number)
            if _opens(opener, record):
                if random.random() < 0.1:
                    again = _media(suite, master, epoch, opener.highest + 1)
                    records.append(flip(random, again, len(again) - 17))
                if random.random() < 0.1:
                    records.append(_media(suite, master, epoch + 1, opener.highest + 1))
            records.append(record)
        given = {"suite": suite, "master": master.secret, "generation": master.generation, "epoch": epoch}
        shows = ["MEDIA-4", "MEDIA-5", "MEDIA-6", "MEDIA-7"]
        writer.valid("random", "numbers at random", shows, given | {"records": records})
    return writer


def _media(suite: int, master: Master, epoch: int, number: int) -> bytes:
    sealer = sealing.MediaSealer(suite, master, epoch)
    sealer.number = number
    return sealer.seal(1, 0, True, b"x")


def _opens(opener: sealing.MediaOpener, record: bytes) -> bool:
    try:
        opener.open(record)
    except Refused:
        return False
    return True


def _reconnects(random: Random) -> Iterator[Writer]:
    whole, answer, finish = Writer("reconnect"), Writer("reconnect-answer"), Writer("reconnect-finish")
    for turn in range(6):
        both = {
            "suite": 1 + turn % 2,
            "generation": random.choice((0, 1, chance.number(random, 31))),
            "master": next_master(random.randbytes(32), random.randbytes(32), random.randbytes(32)).hex(),
            "session_id": random.randbytes(16).hex(),
        }
        attempt = random.randrange(1, 9)
        helper = {"attempt": attempt, "e_helper": random.randbytes(32).hex()}
        sharer = {"e_sharer": random.randbytes(32).hex()}
        given = both | helper | sharer | {"state": sealing.session_record(Message("state", _STATE)).hex()}
        whole.valid("random", "at random", ["RECON-12"], given)
        made = keys.KINDS["reconnect"].compute(given)
        of_sharer = both | sharer | {"highest": attempt - 1}
        first, second = made["reconnect_1"], made["reconnect_2"]
        answer.valid("random", "at random", ["RECON-15"], of_sharer | {"reconnect_1": first})
        known = both | sharer | {"highest": attempt, "reconnect_1": first}
        answer.invalid("known", "an attempt that was answered", known, None, "RECON-14")
        other = of_sharer | {"reconnect_1": first, "session_id": random.randbytes(16)}
        answer.invalid("session", "another session", other, None, "RECON-14")
        changed = of_sharer | {"reconnect_1": flip(random, first, len(first) - 48)}
        answer.invalid("changed", "a bit of the Noise message", changed, None, "RECON-19")
        of_helper = both | helper
        finish.valid("random", "at random", ["RECON-18"], of_helper | {"reconnect_2": second})
        changed = of_helper | {"reconnect_2": flip(random, second, len(second) - 48)}
        finish.invalid("changed", "a bit of the Noise message", changed, None, "RECON-19")
        late = of_helper | {"attempt": attempt + 1, "reconnect_2": second}
        finish.invalid("late", "of the attempt before", late, None, "RECON-21")
    yield from (whole, answer, finish)


def writers(random: Random) -> Iterator[Writer]:
    yield from _exchanges(random)
    yield from _records(random)
    yield from _reconnects(random)
