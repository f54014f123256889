"""Chapters 04 and 17, held to their vectors and to the libraries that they name."""

from __future__ import annotations

import hashlib
import unittest

from noise.connection import Keypair, NoiseConnection
from spake2.spake2 import DefaultParams

from alongside_independent import edwards, exchange, messages, schedule, sealing, spake
from alongside_independent.messages import Message
from alongside_independent.noise import Handshake, suite, x25519_public
from alongside_independent.records import Event, Frame, encode_frame, encode_slots
from alongside_independent.registry import scope_bits

from .chapters import counted, examples, scalar
from .parties import PASSWORD, channels, helper, sharer
from .test_wire import refusal

CHAPTER = "04-key-exchange.md"


class Vectors(unittest.TestCase):
    def test_up_to_the_psk(self) -> None:
        wanted = examples(CHAPTER, "vectors")[0]
        one, other = sharer(), helper()
        other.answer(one.offer)
        self.assertEqual(PASSWORD.w.to_bytes(32, "big"), wanted["w"])
        self.assertEqual(spake.element(PASSWORD, "sharer", scalar(0)), wanted["X*"])
        self.assertEqual(spake.element(PASSWORD, "helper", scalar(0x20)), wanted["Y*"])
        self.assertEqual(other.trace["k"], wanted["K"])
        self.assertEqual(other.trace["key"], wanted["key"])
        self.assertEqual(other.trace["psk"], wanted["psk"])
        self.assertEqual(one.offer, wanted["offer, framed"])
        self.assertEqual(exchange.commitment(counted(0x80)), wanted["commitment"])

    def test_suite_1(self) -> None:
        _, before, records, _ = examples(CHAPTER, "vectors")
        self.check_suite(1, before | records, [481, 1774, 558])
        self.assertEqual(schedule.phrase([481, 1774, 558]), "destroy tape easy")

    def test_suite_2(self) -> None:
        self.check_suite(2, examples(CHAPTER, "vectors")[3], [1715, 50, 189])

    def check_suite(self, number: int, wanted: dict[str, bytes], places: list[int]) -> None:
        one, two = channels(number)
        self.assertEqual(one, two)
        got = {
            "clear": two.trace["clear"],
            "SHA-256 of the prologue": hashlib.sha256(two.trace["prologue"]).digest(),
            "message 1": two.trace["noise_1"],
            "message 2": two.trace["noise_2"],
            "h": one.h,
            "k1": one.k1,
            "k2": one.k2,
            "master": one.master.secret,
            "session id": one.session_id,
            "session key, to-sharer": one.master.key("session", "to-sharer"),
            "session key, to-helper": one.master.key("session", "to-helper"),
            "media key, epoch 1": one.master.key("media", "to-helper", epoch=1),
            "input key, grant 1": one.master.input_key(1, counted(0xC0)),
            **self.records(number, one),
        }
        self.assertEqual(len(two.trace["prologue"]), 118)
        for name, octets in wanted.items():
            self.assertEqual(got[name].hex(), octets.hex(), name)
        self.assertEqual(schedule.phrase_places(one.h, counted(0x80), counted(0xA0)), places)

    def records(self, number: int, channel: exchange.Channel) -> dict[str, bytes]:
        opening = {"opening": counted(0x80), "name": "Ada", "card": b"", "proof": b""}
        master = channel.master
        to_sharer = sealing.SessionSealer(number, master, "to-sharer")
        to_helper = sealing.SessionSealer(number, master, "to-helper")
        media = sealing.MediaSealer(number, master, epoch=1)
        grant = sealing.InputSealer(number, master.input_key(1, counted(0xC0)), 1)
        return {
            "introduce, sealed": to_sharer.seal(sealing.session_record(Message("introduce", opening))),
            "heartbeat, sealed": to_helper.seal(sealing.session_record(Message("heartbeat", {}))),
            "media record": media.frame(1, encode_frame(Frame(True, 0, 1, 1)))[0],
            "input record": grant.seal(encode_slots([Event("key", {"down": True, "usage": 4})])),
        }

    def test_a_known_device(self) -> None:
        wanted = examples("17-known-devices.md", "device-vectors")[0]
        password = spake.password_of_device(counted(0, 16), counted(0xE0))
        one, other = sharer(password), helper(1, password)
        other.answer(one.offer)
        self.assertEqual(password.place, b"device/000102030405060708090a0b0c0d0e0f")
        self.assertEqual(password.w.to_bytes(32, "big"), wanted["w"])
        self.assertEqual(spake.element(password, "sharer", scalar(0)), wanted["X*"])
        self.assertEqual(spake.element(password, "helper", scalar(0x20)), wanted["Y*"])
        self.assertEqual(other.trace["k"], wanted["K"])
        self.assertEqual(other.trace["key"], wanted["key"])
        self.assertEqual(other.trace["psk"], wanted["psk"])


class Refusals(unittest.TestCase):
    def test_elements(self) -> None:
        torsion = bytes(32)
        mixed = (edwards.BASE + edwards.point(torsion)).encode()
        bad = {
            "the identity": bytes([1]) + bytes(31),
            "another encoding of the identity": b"\xee" + b"\xff" * 30 + b"\x7f",
            "small order": torsion,
            "a component of small order": mixed,
            "no point": bytes([2]) + bytes(31),
            "x is 0 and its sign is set": bytes([1]) + bytes(30) + b"\x80",
        }
        for name, octets in bad.items():
            self.assertEqual(refusal(spake.check_element, octets), ("bad-point", "KEX-8"), name)
        self.assertIsNone(edwards.why_not_an_element(edwards.BASE.encode()))

    def test_a_wrong_code(self) -> None:
        one = sharer(spake.password_of_code("4060", "r0gy"))
        self.assertEqual(refusal(one.answer, helper().answer(one.offer)), ("handshake-failed", "KEX-13"))

    def test_a_ceiling_that_was_changed_on_the_way(self) -> None:
        one = sharer()
        changed = messages.decode("envelope", one.offer)
        changed.fields["ceiling"] = 1
        answer = helper().answer(messages.encode("envelope", changed))
        self.assertEqual(refusal(one.answer, answer), ("handshake-failed", "KEX-13"))

    def test_versions_and_suites(self) -> None:
        offer = messages.decode("envelope", sharer().offer)
        for field, clause in (("versions", "KEX-3"), ("suites", "KEX-4")):
            changed = Message("offer", {**offer.fields, field: [9]})
            self.assertEqual(refusal(helper().answer, messages.encode("envelope", changed))[1], clause)

    def test_the_opening(self) -> None:
        one, other = sharer(), helper()
        one.answer(other.answer(one.offer))
        one.check_opening(counted(0x80))
        self.assertEqual(refusal(one.check_opening, counted(0x81)), ("bad-opening", "KEX-15"))

    def test_ceilings(self) -> None:
        one, other = sharer(ceiling=scope_bits("view", "chat")), helper()
        _, channel = one.answer(other.answer(one.offer))
        self.assertEqual(channel.ceiling, scope_bits("view", "chat"))


class Libraries(unittest.TestCase):
    def test_spake2_of_pypi_has_our_points(self) -> None:
        self.assertEqual(DefaultParams.M.to_bytes(), spake.M)
        self.assertEqual(DefaultParams.N.to_bytes(), spake.N)
        self.assertEqual(DefaultParams.group.password_to_scalar(b"r0gx"), PASSWORD.w)

    def test_noiseprotocol_of_pypi_says_the_same(self) -> None:
        for number in (1, 2):
            psk, before = counted(7), b"a prologue"
            ours = [Handshake(number, before, psk, counted(first)) for first in (0x40, 0x60)]
            theirs = []
            for index, first in enumerate((0x40, 0x60)):
                connection = NoiseConnection.from_name(suite(number).name)
                (connection.set_as_initiator, connection.set_as_responder)[index]()
                connection.set_psks(psk)
                connection.set_prologue(before)
                connection.set_keypair_from_private_bytes(Keypair.EPHEMERAL, counted(first))
                connection.start_handshake()
                theirs.append(connection)
            first_message = ours[0].write_1(b"one")
            self.assertEqual(bytes(theirs[0].write_message(b"one")), first_message)
            self.assertEqual(ours[1].read_1(first_message), b"one")
            self.assertEqual(bytes(theirs[1].read_message(first_message)), b"one")
            second_message = ours[1].write_2(b"two")
            self.assertEqual(bytes(theirs[1].write_message(b"two")), second_message)
            self.assertEqual(ours[0].read_2(second_message), b"two")
            self.assertEqual(ours[0].finish(), ours[1].finish())
            self.assertEqual(ours[0].finish().h, theirs[1].get_handshake_hash())

    def test_signatures_and_keys(self) -> None:
        signature = edwards.sign(counted(0), b"text")
        self.assertIsNone(edwards.why_not_signed(edwards.public_key(counted(0)), b"text", signature))
        self.assertIsNotNone(edwards.why_not_signed(edwards.public_key(counted(0)), b"test", signature))
        self.assertEqual(len(x25519_public(counted(0x40))), 32)


class Dropped(unittest.TestCase):
    def test_a_window_of_4096_and_one_block_ahead(self) -> None:
        channel, _ = channels()
        sealer = sealing.MediaSealer(1, channel.master, 1)
        opener = sealing.MediaOpener(1, channel.master, 1)

        def record(number: int, epoch: int = 1) -> bytes:
            sealer.number = number
            sealer._epoch = epoch
            return sealer.seal(1, 0, True, b"x")

        opener.open(record(5_000))
        opener.open(record(5_000 - 4_096))
        for number, epoch, clause in (
            (5_000 - 4_096, 1, "MEDIA-6"),
            (5_000, 1, "MEDIA-6"),
            (903, 1, "MEDIA-5"),
            (2 * 2**20, 1, "MEDIA-5"),
            (5_001, 2, "MEDIA-4"),
        ):
            self.assertEqual(refusal(opener.open, record(number, epoch)), (None, clause))
        changed = record(5_001)
        self.assertEqual(refusal(opener.open, changed[:-1] + b"\0"), (None, "MEDIA-7"))
        opener.open(changed)
        opener.open(record(2**20))

    def test_a_record_again(self) -> None:
        channel, _ = channels()
        sealer = sealing.SessionSealer(1, channel.master, "to-helper")
        opener = sealing.SessionSealer(1, channel.master, "to-helper")
        sealed = sealer.seal(b"x")
        self.assertEqual(opener.open(sealed), b"x")
        self.assertEqual(refusal(opener.open, sealed), ("record-failed", "KEY-7"))

    def test_input_beyond_its_scopes(self) -> None:
        key = counted(1)
        sealer = sealing.InputSealer(1, key, 3)
        opener = sealing.InputOpener(1, key, 3, scope_bits("pointer"))
        sealed = sealer.seal(encode_slots([Event("key", {"down": True, "usage": 4})]))
        self.assertEqual(refusal(opener.open, sealed), ("scope-exceeded", "INPUT-6"))
        self.assertEqual(refusal(opener.open, sealed), ("record-failed", "INPUT-5"))


if __name__ == "__main__":
    unittest.main()
