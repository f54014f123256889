"""Kinds of the key exchange, of keys and sealed records, and of reconnects."""

from __future__ import annotations

import hashlib
from typing import Any

from .. import exchange, messages, reconnect, schedule, sealing, spake
from ..exchange import Speaks
from ..refusal import Refused
from ..registry import registry
from ..schedule import Master
from .kind import BadVector, Json, Kind, members

_PLACE = ("place", "pw")
_END = ("e", "n", "suites", "ceiling")


def _password(given: Json) -> spake.Password:
    return spake.Password(bytes.fromhex(given["pw"]), given["place"].encode("ascii"))


def _end(given: Json, scalar: str) -> tuple[Speaks, int, bytes, bytes]:
    speaks = Speaks(suites=tuple(given["suites"]), ceiling=given["ceiling"])
    number = int.from_bytes(bytes.fromhex(given[scalar]), "big")
    return speaks, number, bytes.fromhex(given["e"]), bytes.fromhex(given["n"])


def _sharer(password: spake.Password, given: Json) -> exchange.Sharer:
    return exchange.Sharer(password, *_end(given, "x"))


def _helper(password: spake.Password, given: Json) -> exchange.Helper:
    return exchange.Helper(password, *_end(given, "y"))


def _exchange(given: Json) -> Json:
    of_sharer, of_helper = members(given, *_PLACE, "sharer", "helper")[2:]
    members(of_sharer, "x", *_END)
    members(of_helper, "y", *_END)
    password = _password(given)
    sharer, helper = _sharer(password, of_sharer), _helper(password, of_helper)
    answer = helper.answer(sharer.offer)
    confirm, channel = sharer.answer(answer)
    n_s, same = helper.confirm(confirm)
    if same != channel or helper.noise is None:
        raise AssertionError("the ends of an exchange have different channels")
    n_h = bytes.fromhex(of_helper["n"])
    trace = same.trace
    clear = messages.answer_clear().decode(trace["clear"])
    offered = messages.decode("envelope", sharer.offer)
    return {
        "spake2": {
            "w": password.w.to_bytes(32, "big"),
            "x_star": offered.fields["element"] if offered else b"",
            "y_star": clear["element"],
            **{name: trace[name] for name in ("k", "key", "psk")},
        },
        "offer": sharer.offer,
        "suite": channel.suite,
        "clear": trace["clear"],
        "commitment": exchange.commitment(n_h),
        "prologue": trace["prologue"],
        "prologue_sha256": hashlib.sha256(trace["prologue"]).digest(),
        "noise": helper.noise.steps,
        "message_1": trace["noise_1"],
        "answer": answer,
        "message_2": trace["noise_2"],
        "confirm": confirm,
        "h": channel.h,
        "k1": channel.k1,
        "k2": channel.k2,
        "master": channel.master.secret,
        "session_id": channel.session_id,
        "ceiling": channel.ceiling,
        "phrase_bits": schedule.phrase_bits(channel.h, n_h, n_s),
        "phrase": schedule.phrase_places(channel.h, n_h, n_s),
    }


def _answer(given: Json) -> Json:
    *_, offer = members(given, "y", *_END, *_PLACE, "offer")
    return {"answer": _helper(_password(given), given).answer(bytes.fromhex(offer))}


def _confirm(given: Json) -> Json:
    *_, answer = members(given, "x", *_END, *_PLACE, "answer")
    confirm, _ = _sharer(_password(given), given).answer(bytes.fromhex(answer))
    return {"confirm": confirm}


def _finish(given: Json) -> Json:
    *_, offer, confirm = members(given, "y", *_END, *_PLACE, "offer", "confirm")
    helper = _helper(_password(given), given)
    helper.answer(bytes.fromhex(offer))
    _, channel = helper.confirm(bytes.fromhex(confirm))
    return {"h": channel.h, "master": channel.master.secret}


def _opening(given: Json) -> Json:
    h, n_s, committed, opening = (
        bytes.fromhex(octets) for octets in members(given, "h", "n_s", "commitment", "opening")
    )
    exchange.check_opening(committed, opening)
    return {"phrase": schedule.phrase_places(h, opening, n_s)}


_STANDS = {"session": ("direction",), "media": ("epoch",), "input": ("grant", "secret")}


def _where(given: Json, *more: str) -> Master:
    plane = given.get("plane")
    if plane not in _STANDS:
        raise BadVector(f"no plane {plane}")
    extra = ("frame",) if plane == "media" and "plaintext" in more else ()
    members(given, "plane", "master", "generation", "number", *_STANDS[plane], *more, *extra)
    return Master(bytes.fromhex(given["master"]), given["generation"])


def _key_of(given: Json, master: Master) -> tuple[bytes, bytes]:
    """What HKDF-Expand is given, and the key."""
    block = schedule.block_of(given["number"])
    match given["plane"]:
        case "session":
            place: tuple[Any, ...] = ("session", given["direction"], 0, block)
        case "media":
            place = ("media", "to-helper", given["epoch"], block)
        case _:
            secret = bytes.fromhex(given["secret"])
            return master.input_info(given["grant"], secret), master.input_key(given["grant"], secret)
    return master.key_info(*place), master.key(*place)


def _key(given: Json) -> Json:
    info, key = _key_of(given, _where(given))
    return {"info": info, "key": key}


def _sealed(given: Json) -> Json:
    master = _where(given, "suite", "plaintext")
    plaintext, suite, number = bytes.fromhex(given["plaintext"]), given["suite"], given["number"]
    _, key = _key_of(given, master)
    match given["plane"]:
        case "session":
            record = sealing.SessionSealer(suite, master, given["direction"], number).seal(plaintext)
        case "media":
            media = sealing.MediaSealer(suite, master, given["epoch"])
            media.number = number
            record = media.seal(given["frame"], 0, True, plaintext)
        case _:
            grant = sealing.InputSealer(suite, key, given["grant"])
            grant.number = number
            record = grant.seal(plaintext)
    header = record[: -len(plaintext) - 16]
    return {
        "key": key,
        "nonce": sealing.nonce_of(number),
        "header": header,
        "ciphertext": record[len(header) :],
        "record": record,
    }


def _opened(given: Json) -> Json:
    master = _where(given, "suite", "record")
    record, suite, number = bytes.fromhex(given["record"]), given["suite"], given["number"]
    match given["plane"]:
        case "session":
            return {"plaintext": _open_session(suite, master, given["direction"], number, record)}
        case "media":
            return {"plaintext": sealing.MediaOpener(suite, master, given["epoch"]).open(record)[1]}
    _, key = _key_of(given, master)
    opener = sealing.InputOpener(suite, key, given["grant"], 0, number)
    return {"plaintext": opener.decrypt(record)}


def _open_session(suite: int, master: Master, direction: str, number: int, record: bytes) -> bytes:
    """Nobody is told that the record did not open: the link is lost."""
    try:
        return sealing.SessionSealer(suite, master, direction, number).open(record)
    except Refused as refused:
        if refused.requirement == "KEY-7":
            raise Refused(None, "KEY-7", refused.why) from None
        raise


def _window(given: Json) -> Json:
    suite, master, generation, epoch, records = members(
        given, "suite", "master", "generation", "epoch", "records"
    )
    opener = sealing.MediaOpener(suite, Master(bytes.fromhex(master), generation), epoch)
    results = []
    for record in records:
        try:
            results.append({"plaintext": opener.open(bytes.fromhex(record))[1]})
        except Refused as refused:
            results.append({"dropped": refused.requirement})
    return {"results": results}


_BOTH = ("suite", "generation", "master", "session_id")


def _session(given: Json) -> tuple[reconnect.Session, Master]:
    session = reconnect.Session(
        registry().versions["alongside-1"], given["suite"], bytes.fromhex(given["session_id"])
    )
    return session, Master(bytes.fromhex(given["master"]), given["generation"])


def _reconnect(given: Json) -> Json:
    *_, attempt, e_helper, e_sharer, state = members(
        given, *_BOTH, "attempt", "e_helper", "e_sharer", "state"
    )
    session, master = _session(given)
    helper = reconnect.Helper(session, master, attempts=attempt - 1)
    clear = reconnect.clear_of(session, master, attempt)
    first = helper.attempt(bytes.fromhex(e_helper))
    second = reconnect.Sharer(session, master).answer(first, bytes.fromhex(e_sharer))
    helper.answer(second)
    if helper.done is None:
        raise AssertionError("an answer that was taken and finished nothing")
    before = exchange.prologue(b"alongside/1 reconnect", clear)
    return {
        "psk": reconnect.psk(master),
        "master_hash": reconnect.master_hash(master),
        "clear": clear,
        "prologue": before,
        "prologue_sha256": hashlib.sha256(before).digest(),
        "noise": helper.steps,
        "reconnect_1": first,
        "reconnect_2": second,
        **vars(helper.done),
        "next_master": helper.master.secret,
        "next_psk": reconnect.psk(helper.master),
        "sealed_state": sealing.SessionSealer(session.suite, helper.master, "to-sharer").seal(
            bytes.fromhex(state)
        ),
    }


def _reconnect_answer(given: Json) -> Json:
    *_, highest, ephemeral, first = members(given, *_BOTH, "highest", "e_sharer", "reconnect_1")
    sharer = reconnect.Sharer(*_session(given), highest=highest)
    second = sharer.answer(bytes.fromhex(first), bytes.fromhex(ephemeral))
    return {"reconnect_2": second, "candidate": sharer.candidate.secret if sharer.candidate else b""}


def _reconnect_finish(given: Json) -> Json:
    *_, attempt, ephemeral, second = members(given, *_BOTH, "attempt", "e_helper", "reconnect_2")
    helper = reconnect.Helper(*_session(given), attempts=attempt - 1)
    helper.attempt(bytes.fromhex(ephemeral))
    helper.answer(bytes.fromhex(second))
    return {"next_master": helper.master.secret}


KINDS = {
    "exchange": Kind(_exchange),
    "answer": Kind(_answer),
    "confirm": Kind(_confirm),
    "finish": Kind(_finish),
    "opening": Kind(_opening),
    "key": Kind(_key),
    "sealed": Kind(_sealed),
    "opened": Kind(_opened),
    "window": Kind(_window),
    "reconnect": Kind(_reconnect),
    "reconnect-answer": Kind(_reconnect_answer),
    "reconnect-finish": Kind(_reconnect_finish),
}
