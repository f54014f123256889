"""Chapters 02, 06 and 07, held to the examples that they print."""

from __future__ import annotations

import unittest

from alongside_independent import codes, messages, records
from alongside_independent.messages import Message
from alongside_independent.refusal import Refused
from alongside_independent.registry import registry
from alongside_independent.wire import Reader, write_varint


def refusal(action, *arguments) -> tuple[str | None, str]:  # noqa: ANN001, ANN002
    try:
        result = action(*arguments)
    except Refused as refused:
        return refused.error, refused.requirement
    raise AssertionError(f"not refused: {result}")


class Codes(unittest.TestCase):
    def test_one_code_in_two_ways(self) -> None:
        self.assertEqual(codes.parse_code("4O60 ROGX"), codes.parse_code("4060-r0gx"))
        self.assertEqual(codes.parse_code("4060-r0gx"), codes.Code("4060", "r0gx"))
        self.assertEqual(codes.parse_code("4060-r0gx").shown(), "4060-r0gx")

    def test_refusals(self) -> None:
        for typed in ("406u-r0gx", "4060-r0g\u212a", "4060\tr0gx", "4060-r0gé"):
            self.assertEqual(refusal(codes.parse_code, typed), (None, "CODE-3"))
        for typed in ("", "r0gx", "406-r0gx", "012345678-r0gx"):
            self.assertEqual(refusal(codes.parse_code, typed), (None, "CODE-4"))

    def test_length_of_locators(self) -> None:
        for live, length in ((1, 4), (524, 4), (525, 5), (16_777, 5), (16_778, 6)):
            self.assertEqual(codes.locator_length(live), length)

    def test_links(self) -> None:
        link = codes.parse_link("https://help.example:4433/j#4060-r0gx")
        self.assertEqual((link.relay, link.code), ("help.example:4433", codes.Code("4060", "r0gx")))
        self.assertEqual(link.text(), "https://help.example:4433/j#4060-r0gx")
        for text in (
            "http://help.example/j#4060-r0gx",
            "https://ada@help.example/j#4060-r0gx",
            "https://help.example/j?x=1#4060-r0gx",
            "https://help.example/#4060-r0gx",
            "https:///j#4060-r0gx",
        ):
            self.assertEqual(refusal(codes.parse_link, text), (None, "LINK-3"))
        self.assertEqual(refusal(codes.parse_link, "https://help.example/j#406-r0gx"), (None, "CODE-4"))


EXAMPLES = {
    "020100": Message("hello", {"features": []}),
    "04060101c0cf2400": Message("relay-hello", {"timers": [[1, 600_000]], "limits": []}),
    "0600": Message("code-request", {}),
    "08080434303630c0cf24": Message("code-issued", {"locator": "4060", "lifetime_ms": 600_000}),
    "10028106": Message("leave", {"code": 0x0301}),
}


class Wire(unittest.TestCase):
    def test_examples(self) -> None:
        for octets, message in EXAMPLES.items():
            self.assertEqual(messages.encode("rendezvous", message).hex(), octets)
            self.assertEqual(messages.decode("rendezvous", bytes.fromhex(octets)), message)

    def test_grease_is_skipped_and_an_even_type_is_not(self) -> None:
        self.assertIsNone(messages.decode("rendezvous", bytes.fromhex("bb0100")))
        self.assertEqual(
            refusal(messages.decode, "rendezvous", bytes.fromhex("ba0100")), ("unknown-message", "WIRE-8")
        )

    def test_every_registered_message_has_a_body_and_the_other_way_round(self) -> None:
        for plane in messages.PLANES:
            self.assertEqual(set(messages.bodies(plane)), set(registry().messages(plane)))

    def test_each_kind_of_refusal(self) -> None:
        for octets, error, clause in (
            ("02020000", "malformed", "WIRE-4"),
            ("020141", "too-large", "WIRE-5"),
            ("0201", "malformed", "WIRE-3"),
            ("82000100", "malformed", "WIRE-2"),
            ("02810000", "malformed", "WIRE-2"),
            ("80808001", "malformed", "WIRE-1"),
            ("8080040100", "malformed", "WIRE-1"),
            ("1003818600", "malformed", "WIRE-6"),
            ("1003ffff07", "malformed", "WIRE-1"),
            ("02818004", "too-large", "WIRE-5"),
            ("1a0102", "malformed", "WIRE-7"),
            ("08080434303649c0cf24", "malformed", "WIRE-7"),
            ("300105", "malformed", "WIRE-7"),
            ("0e00", "malformed", "WIRE-3"),
        ):
            got = refusal(messages.decode, "rendezvous", bytes.fromhex(octets))
            self.assertEqual(got, (error, clause), octets)

    def test_a_control_stream_waits_for_the_rest(self) -> None:
        found, rest = messages.decode_control(bytes.fromhex("020100bb0100100281"))
        self.assertEqual(found, [EXAMPLES["020100"], None])
        self.assertEqual(rest.hex(), "100281")

    def test_varints(self) -> None:
        for value in (0, 1, 127, 128, 16_383, 16_384, 2**32 - 1, 2**64 - 1):
            reader = Reader(write_varint(value))
            self.assertEqual(reader.varint(64), value)
            reader.finish()

    def test_session_limits(self) -> None:
        def decode(message: str, **fields: object) -> tuple[str | None, str]:
            return refusal(messages.decode, "session", messages.encode("session", Message(message, fields)))

        big = ("too-large", "WIRE-5")
        bad = ("malformed", "WIRE-7")
        opening = bytes(32)
        self.assertEqual(decode("introduce", opening=opening, name="a" * 65, card=b"", proof=b""), big)
        self.assertEqual(decode("introduce", opening=opening, name="a\n", card=b"", proof=b""), bad)
        self.assertEqual(decode("introduce", opening=opening, name="", card=b"", proof=b"x")[1], "CARD-10")
        self.assertEqual(decode("consent", scopes=0x100), bad)
        self.assertEqual(decode("displays", displays=[{"id": 1, "width": 0, "height": 1}]), bad)
        self.assertEqual(decode("displays", displays=[{"id": 1, "width": 1, "height": 16_385}]), big)
        self.assertEqual(decode("displays", displays=[{"id": 1, "width": 1, "height": 1}] * 2), bad)
        self.assertEqual(decode("chat", id=1, text="a" * 4097), big)
        self.assertEqual(refusal(messages.decode_plaintext, b"")[0], "malformed")

    def test_padding(self) -> None:
        for length in range(0, 600):
            padded = messages.pad_to_multiple(bytes(length), 256)
            self.assertEqual((len(padded) % 256, padded[:length]), (0, bytes(length)))
            reader = Reader(padded[length:])
            while reader.left:
                self.assertEqual(messages.read_message("session", reader).name, "pad")


class Records(unittest.TestCase):
    def test_slots(self) -> None:
        event = records.Event
        for octets, slot in {
            "0101000400000000": event("key", {"down": True, "usage": 4}),
            "0207ffff00000000": event("pointer", {"display": 7, "x": 65_535, "y": 0}),
            "0301010000000000": event("button", {"down": True, "button": 1}),
            "0400ff8800780000": event("wheel", {"dx": -120, "dy": 120}),
            "0500000000000000": event("release-all", {}),
        }.items():
            self.assertEqual(records.encode_slot(slot).hex(), octets)
            self.assertEqual(records.decode_slot(bytes.fromhex(octets)), slot)

    def test_bad_slots(self) -> None:
        for octets in ("06", "0102", "0301", "030106", "0501", "0000000000000001", "0401"):
            self.assertEqual(
                refusal(records.decode_slot, bytes.fromhex(octets).ljust(8, b"\0"))[1], "INPUT-7"
            )

    def test_the_wheel_example_names_right_first(self) -> None:
        wheel = records.decode_slot(bytes.fromhex("0400ff8800780000"))
        self.assertEqual(wheel.values, {"dx": -120, "dy": 120})

    def test_frames(self) -> None:
        one_pixel = bytes.fromhex("0100000100010000")
        self.assertEqual(records.decode_frame(one_pixel), records.Frame(True, 0, 1, 1))
        self.assertEqual(records.encode_frame(records.Frame(True, 0, 1, 1)), one_pixel)
        tile = records.Tile(0, 0, 2, 1, 1, b"")
        outside = records.encode_frame(records.Frame(True, 0, 1, 1, (tile,)))
        self.assertEqual(refusal(records.decode_frame, outside), ("malformed", "WIRE-7"))
        self.assertEqual(refusal(records.decode_frame, one_pixel + b"\0"), ("malformed", "WIRE-4"))
        self.assertEqual(refusal(records.decode_frame, bytes.fromhex("0100400100010000"))[0], "too-large")


if __name__ == "__main__":
    unittest.main()
