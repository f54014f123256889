"""Helper and sharer against each other."""

from __future__ import annotations

import unittest

from alongside_independent.messages import Message, decode_plaintext, encode_plaintext
from alongside_independent.model.helper import Helper
from alongside_independent.model.outcome import Outcome
from alongside_independent.model.sharer import Sharer
from alongside_independent.records import Event
from alongside_independent.registry import all_scopes, registry, scope_bits

SECRET = bytes(32)
POINTER, KEYS = scope_bits("pointer"), scope_bits("keyboard")
FIFTEEN = 900_000


class Pair(unittest.TestCase):
    """What one end sends is encoded, decoded and given to the other at once."""

    def setUp(self) -> None:
        self.now = 0
        self.helper, self.sharer = Helper(all_scopes()), Sharer(all_scopes())
        for act in (self.helper.person_asks_for_code, self.helper.code_issued, self.helper.joined):
            act(self.now)
        self.helper.handshake(self.now)
        self.sharer.joins(self.now)
        self.sharer.answered(self.now, all_scopes())
        self.log: list[str] = []
        opening = {"opening": SECRET, "name": "Ada", "card": b"", "proof": b""}
        self.pass_on(self.sharer.receive(0, Message("introduce", opening)), self.helper)
        self.sharer.person_says_who_started(0, True)

    def pass_on(self, outcome: Outcome, other: Helper | Sharer) -> None:
        for message in decode_plaintext(encode_plaintext(outcome.sent)) if outcome.sent else []:
            self.log.append(message.name)
            answer = other.receive(self.now, message)
            self.assertNotEqual(answer.verdict, "refused", f"{message}: {answer}")
            self.pass_on(answer, self.helper if other is self.sharer else self.sharer)

    def by_sharer(self, outcome: Outcome) -> Outcome:
        self.pass_on(outcome, self.helper)
        return outcome

    def by_helper(self, outcome: Outcome) -> Outcome:
        self.pass_on(outcome, self.sharer)
        return outcome

    def view(self) -> None:
        self.by_sharer(self.sharer.person_consents(self.now, scope_bits("view", "chat")))
        self.by_helper(self.helper.person_reads_advisory(self.now))
        self.sharer.sends_frame(self.now, 1)
        self.by_helper(self.helper.frame_is_shown(self.now, 1))
        self.now = 5_000

    def control(self, scopes: int = POINTER | KEYS) -> None:
        self.by_helper(self.helper.person_asks(self.now, scopes))
        self.now += 1_000
        self.by_sharer(self.sharer.person_allows(self.now, FIFTEEN, SECRET, repeated=True))

    def test_consent_first(self) -> None:
        early = self.sharer.sends_frame(0, 1)
        self.assertEqual(early.requirement, "PAUSE-5")
        self.view()
        first = ["consent", "displays", "advisory", "epoch", "epoch-seen", "advisory-ack", "shown"]
        self.assertEqual([name for name in self.log if name != "heartbeat"], first)

    def test_control_and_its_end(self) -> None:
        self.view()
        self.control()
        self.assertEqual(self.helper.grant.id, self.sharer.grant.id)
        self.assertEqual(self.sharer.input(self.now, 1, [Event("key", {})]).verdict, "accepted")
        self.by_sharer(self.sharer.person_revokes(self.now))
        self.assertIsNone(self.helper.grant)
        self.assertEqual(self.sharer.input(self.now, 1, []).requirement, "INPUT-4")

    def test_the_number_after_input(self) -> None:
        self.view()
        self.control()
        self.sharer.input(self.now, 1, [Event("release-all", {})])
        self.by_helper(self.helper.person_asks(self.now, POINTER))
        self.now += 999
        soon = self.sharer.person_allows(self.now, FIFTEEN, SECRET, repeated=True)
        self.assertEqual(soon.requirement, "CONTROL-8")
        self.now += 1
        without = self.sharer.person_allows(self.now, FIFTEEN, SECRET)
        self.assertEqual(without.requirement, "CONTROL-27")
        wrong = self.by_sharer(self.sharer.person_allows(self.now, FIFTEEN, SECRET, repeated=False))
        self.assertEqual((wrong.requirement, self.sharer.prompt), ("CONTROL-28", None))

    def test_renewal_and_narrowing(self) -> None:
        self.view()
        self.control()
        self.control()
        self.assertEqual((self.sharer.highest_grant, self.log[-1]), (1, "control-renew"))
        self.by_sharer(self.sharer.person_narrows(self.now, POINTER, SECRET))
        self.assertEqual((self.helper.grant.id, self.helper.grant.scopes), (2, POINTER))

    def test_requests_that_are_denied(self) -> None:
        def ask(request: int, scopes: int) -> tuple[str | None, int | None]:
            outcome = self.sharer.receive(
                self.now, Message("control-request", {"request": request, "scopes": scopes})
            )
            return outcome.requirement, outcome.sent[0].fields["code"] if outcome.sent else None

        errors = registry().errors
        self.by_sharer(self.sharer.person_consents(self.now, scope_bits("view", "chat")))
        self.assertEqual(ask(1, POINTER), ("CONTROL-4", errors["too-early"]))
        self.assertEqual(ask(2, 0), ("CONTROL-3", errors["beyond-ceiling"]))
        self.assertEqual(ask(3, POINTER | scope_bits("view")), ("CONTROL-3", errors["beyond-ceiling"]))
        self.assertEqual(ask(4, scope_bits("elevation")), ("TOOL-24", errors["unsupported"]))
        self.assertEqual(ask(4, POINTER), ("CONTROL-2", errors["unexpected-message"]))

    def test_a_pause(self) -> None:
        self.view()
        self.control()
        self.log.clear()
        self.by_sharer(self.sharer.person_pauses(self.now, True))
        self.assertEqual(self.log, ["pause", "control-end", "epoch", "epoch-seen"])
        self.assertEqual(self.helper.media(self.now, 2).requirement, "PAUSE-11")

    def test_a_reconnect(self) -> None:
        self.view()
        self.control()
        self.by_helper(self.helper.person_writes(self.now, "one"))
        for end in (self.helper, self.sharer):
            end.lose_link(self.now)
        self.helper.person_writes(self.now, "two")
        self.assertEqual(self.sharer.person_consents(self.now, 1).verdict, "ignored")
        self.log.clear()
        of_helper = self.helper.reconnected(self.now)
        of_sharer = self.sharer.reconnected(self.now)
        self.assertEqual([message.name for message in of_helper.sent + of_sharer.sent], ["state", "state"])
        goes_on = self.sharer.receive(self.now, of_helper.sent[0])
        lines = self.helper.receive(self.now, of_sharer.sent[0])
        self.by_sharer(goes_on)
        self.by_helper(lines)
        self.assertEqual((self.helper.epoch, self.sharer.epoch), (2, 2))
        self.assertEqual((self.sharer.chat.received, self.helper.chat.kept), (2, []))
        self.assertIsNone(self.sharer.grant)
        request = Message("control-request", {"request": 2, "scopes": POINTER})
        self.assertEqual(self.sharer.receive(self.now, request).requirement, "RECON-29")

    def test_a_withdrawal_is_followed_by_a_quiet(self) -> None:
        self.view()
        self.by_helper(self.helper.person_asks(self.now, POINTER))
        self.by_helper(self.helper.person_gives_up(self.now))
        for after, why in ((9_999, "CONTROL-33"), (10_000, "CONTROL-6")):
            request = {"request": after, "scopes": POINTER}
            answer = self.sharer.receive(self.now + after, Message("control-request", request))
            self.assertEqual(answer.requirement, why)

    def test_narrowing_to_nothing(self) -> None:
        self.view()
        self.control()
        self.assertEqual(
            self.by_sharer(self.sharer.person_narrows(self.now, 0, SECRET)).requirement, "CONTROL-32"
        )
        self.assertEqual((self.helper.grant, self.log[-1]), (None, "control-end"))

    def test_probes_that_come_together(self) -> None:
        self.view()
        probe = Message("probe", {"probe": 1})
        answers = [len(self.sharer.receive(self.now + at, probe).sent) for at in (0, 999, 1_000)]
        self.assertEqual(answers, [1, 0, 1])

    def test_what_a_reconnect_repeats(self) -> None:
        self.view()
        self.by_sharer(self.sharer.person_shows_card(self.now, b"card", SECRET * 2))
        for end in (self.helper, self.sharer):
            end.lose_link(self.now)
        self.assertEqual(self.helper.person_asks_for_picture(self.now, {}).requirement, "RECON-40")
        of_helper, of_sharer = self.helper.reconnected(self.now), self.sharer.reconnected(self.now)
        self.helper.person_pauses(self.now, True)
        goes_on = self.sharer.receive(self.now, of_helper.sent[0])
        of_flag = self.helper.receive(self.now, of_sharer.sent[0])
        self.log.clear()
        self.by_sharer(goes_on)
        self.assertIn("card", self.log)
        self.by_helper(of_flag)
        self.assertTrue(self.sharer.their_pause)
        card = Message("card", {"card": b"card", "proof": SECRET * 2})
        self.assertEqual(self.helper.receive(self.now, card).requirement, "CARD-21")

    def test_silence(self) -> None:
        self.view()
        frozen = self.sharer.time(self.now + 5_000)
        self.assertEqual((frozen.requirement, frozen.close), ("SESSION-5", "lost"))
        over = self.sharer.time(self.now + 35_000)
        self.assertEqual((over.requirement, self.sharer.ended_with), ("RECON-5", "lost"))


if __name__ == "__main__":
    unittest.main()
