"""The relay's machine, held to chapter 03."""

from __future__ import annotations

import unittest
from random import Random

from alongside_independent import edwards
from alongside_independent.identity import decode_card, make_request_proof
from alongside_independent.messages import Message
from alongside_independent.model.clients import sources_of
from alongside_independent.model.relay import Out, Relay
from alongside_independent.model.set_up import Device
from alongside_independent.operation import device_token_hash
from alongside_independent.policy import Account
from alongside_independent.registry import registry
from alongside_independent.tokens import Proved

HELPER, SHARER, OTHER = 1, 2, 3
ADA = Account("", "ada", name="Ada Lovelace", organisation="Engines", role="control")
DONE = registry().errors["done"]


class RelayTest(unittest.TestCase):
    def setUp(self) -> None:
        random = Random(1)
        self.relay = Relay(lambda: random.randrange(32), random.randbytes)
        self.now = 1
        for number in (HELPER, SHARER, OTHER):
            self.relay.connect(self.now, number, f"192.0.2.{number}")
            said = self.say(number, "hello", features=[])
            self.assertEqual([out.message.name for out in said], ["relay-hello"])

    def say(self, connection: int, name: str, **fields: object) -> list[Out]:
        return self.relay.receive(self.now, connection, Message(name, fields))

    def at(self, now: int) -> list[Out]:
        self.now = now
        return self.relay.time(now)

    def brief(self, outs: list[Out]) -> list[tuple]:
        found = []
        for out in outs:
            if out.close:
                found.append((out.connection, "close", out.close))
            else:
                code = out.message.fields.get("code")
                name = next((n for n, number in registry().errors.items() if number == code), None)
                found.append((out.connection, out.message.name, *([name] if name else [])))
        return found

    def pair(self) -> tuple[bytes, bytes]:
        issued = self.say(HELPER, "code-request")[0].message.fields["locator"]
        self.assertEqual(self.say(SHARER, "join", locator=issued, link=False, offer=b"o"), [])
        outs = self.at(50)
        self.assertEqual(self.brief(outs), [(HELPER, "joined"), (HELPER, "place"), (SHARER, "place")])
        return outs[1].message.fields["token"], outs[2].message.fields["token"]

    def test_a_session(self) -> None:
        self.pair()
        delivered = Message("deliver", {"envelope": b"x"})
        outs = self.say(HELPER, "deliver", envelope=b"x")
        self.assertEqual([(out.connection, out.message) for out in outs], [(SHARER, delivered)])
        self.assertEqual(self.brief(self.say(HELPER, "leave", code=DONE)), [(SHARER, "gone", "done")])
        self.assertEqual(self.say(SHARER, "deliver", envelope=b"late"), [])

    def test_violations(self) -> None:
        for name, fields in (("deliver", {"envelope": b"x"}), ("hello", {"features": []}), ("waiting", {})):
            self.setUp()
            closed = [(HELPER, "close", "unexpected-message")]
            self.assertEqual(self.brief(self.say(HELPER, name, **fields)), closed)

    def test_a_violation_in_a_session_ends_it(self) -> None:
        self.pair()
        outs = self.brief(self.say(HELPER, "code-request"))
        self.assertEqual(outs, [(HELPER, "close", "unexpected-message"), (SHARER, "gone", "lost")])

    def test_an_unknown_locator_at_the_tick(self) -> None:
        self.say(SHARER, "join", locator="0000", link=False, offer=b"")
        self.assertEqual(self.at(49), [])
        self.assertEqual(self.brief(self.at(50)), [(SHARER, "refused", "not-found")])

    def test_delays_grow(self) -> None:
        for wait in (0, 0, 0, 1_000, 2_000):
            start = self.now = self.now - self.now % 50
            self.say(SHARER, "join", locator="0000", link=False, offer=b"")
            if wait:
                self.assertEqual(self.at(start + wait - 50), [])
            self.assertEqual(self.brief(self.at(start + wait)), [(SHARER, "refused", "not-found")])
            self.now += 50

    def test_a_code_dies(self) -> None:
        self.say(HELPER, "code-request")
        lifetime = registry().timer("code-lifetime")
        self.assertNotIn((HELPER, "gone", "code-expired"), self.brief(self.at(lifetime)))
        self.assertIn((HELPER, "gone", "code-expired"), self.brief(self.at(lifetime + 1)))

    def test_places(self) -> None:
        token, _ = self.pair()
        self.assertEqual(self.brief(self.relay.lose(60, HELPER)), [(SHARER, "peer-lost")])
        self.assertEqual(self.say(SHARER, "deliver", envelope=b"dropped"), [])
        outs = self.say(OTHER, "rejoin", token=token)
        self.assertEqual(self.brief(outs), [(OTHER, "rejoined"), (SHARER, "peer-back")])
        self.relay.lose(100, OTHER)
        self.assertEqual(self.brief(self.at(36_100)), [(SHARER, "gone", "lost")])

    def test_superseded(self) -> None:
        token, _ = self.pair()
        outs = self.brief(self.say(OTHER, "rejoin", token=token))
        told = [
            (HELPER, "close", "superseded"),
            (SHARER, "peer-lost"),
            (OTHER, "rejoined"),
            (SHARER, "peer-back"),
        ]
        self.assertEqual(outs, told)
        self.assertEqual(self.brief(self.say(OTHER, "leave", code=DONE)), [(SHARER, "gone", "done")])
        self.assertEqual(
            self.brief(self.say(OTHER, "rejoin", token=token)), [(OTHER, "refused", "not-found")]
        )

    def test_idle(self) -> None:
        outs = self.brief(self.at(120_001))
        self.assertEqual(outs[:2], [(HELPER, "gone", "idle"), (HELPER, "close", "idle")])

    def test_too_much(self) -> None:
        skipped = self.relay.receive(1, HELPER, None, size=16_384 - 3)
        self.assertEqual(skipped, [])
        self.assertEqual(
            self.brief(self.relay.receive(1, HELPER, None, size=1)), [(HELPER, "close", "too-much")]
        )

    def test_reports(self) -> None:
        self.assertEqual(
            self.brief(self.say(HELPER, "report", category=1)), [(HELPER, "refused", "nothing-to-report")]
        )
        self.pair()
        self.say(HELPER, "leave", code=DONE)
        for connection in (HELPER, SHARER):
            self.assertEqual(
                self.brief(self.say(connection, "report", category=1)), [(connection, "reported")]
            )
            again = self.brief(self.say(connection, "report", category=1))
            self.assertEqual(again, [(connection, "refused", "nothing-to-report")])

    def test_devices(self) -> None:
        self.relay.set_up.devices[b"d" * 16] = Device(device_token_hash(b"t" * 32), "Engines")
        self.say(SHARER, "wait", device=b"d" * 16, token=b"x" * 32, offer=b"o")
        self.assertEqual(self.brief(self.at(50)), [(SHARER, "refused", "not-found")])
        self.say(SHARER, "wait", device=b"d" * 16, token=b"t" * 32, offer=b"o")
        self.assertEqual(self.brief(self.at(100)), [(SHARER, "waiting")])
        self.say(OTHER, "wait", device=b"d" * 16, token=b"t" * 32, offer=b"p")
        self.assertEqual(self.brief(self.at(150)), [(SHARER, "gone", "replaced"), (OTHER, "waiting")])
        self.relay.token_checked(self.now, HELPER, Proved(ADA))
        self.say(HELPER, "call", device=b"d" * 16)
        outs = self.at(200)
        self.assertEqual(self.brief(outs), [(HELPER, "joined"), (HELPER, "place"), (OTHER, "place")])
        self.assertEqual(outs[0].message.fields, {"offer": b"p"})

    def test_a_card_does_not_outlive_the_token(self) -> None:
        self.relay.set_up.issues_cards, self.relay.set_up.card_seed = True, bytes(32)
        seed = bytes([1]) * 32
        self.relay.set_up.timers["unpaired-idle"] = registry().timer("sign-in")
        until = self.relay.date() + 60
        self.relay.token_checked(self.now, HELPER, Proved(ADA, until))
        profile = registry().ids("profile")["full"]
        wanted = {"profile": profile, "card_key": edwards.public_key(seed), "receipt_key": []}

        def ask() -> bytes:
            return self.say(HELPER, "card-request", **wanted)[0].message.fields["challenge"]

        proof = make_request_proof(ask(), [seed])
        issued = self.say(HELPER, "card-proof", proof=proof)[0].message.fields["card"]
        self.assertEqual(decode_card(issued).fields["expires"], until)
        proof = make_request_proof(ask(), [seed])
        self.at(self.now + registry().timer("clock-tolerance") + 60_000)
        refused = [(HELPER, "refused", "sign-in-expired")]
        self.assertEqual(self.brief(self.say(HELPER, "card-proof", proof=proof)), refused)
        self.assertEqual(self.brief(self.say(HELPER, "card-request", **wanted)), refused)

    def test_sources(self) -> None:
        self.assertEqual(sources_of("::ffff:192.0.2.1"), ("192.0.2.1",))
        self.assertEqual(sources_of("2001:db8:1:2::9"), ("2001:db8:1:2::/64", "2001:db8:1::/48"))


if __name__ == "__main__":
    unittest.main()
