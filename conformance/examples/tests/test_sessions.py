"""View-only sessions of the Python client with the reference and with itself, through both relays."""

from __future__ import annotations

import re
import unittest

from .programs import CODE, Program, Relay, binary, python

THREE_WORDS = re.compile(r"(?:phrase|three words:) ([a-z]+ [a-z]+ [a-z]+)$")


def _code(line: str) -> str | None:
    match = CODE.search(line)
    return match[0] if match else None


def _phrase(line: str) -> str | None:
    match = THREE_WORDS.search(line)
    return match[1] if match else None


class Sessions(unittest.TestCase):
    def start(self, *command: str) -> Program:
        program = Program(*command)
        self.addCleanup(program.stop)
        return program

    def relay(self, kind: str) -> Relay:
        relay = Relay(kind)
        self.addCleanup(relay.stop)
        return relay

    def begin(self, helper: Program, sharer: Program) -> None:
        """From the code to what both people compare."""
        sharer.say(helper.until(_code))
        self.assertEqual(helper.until(_phrase), sharer.until(_phrase))

    def with_itself(self, kind: str) -> tuple[Program, Program]:
        where = self.relay(kind).arguments()
        helper = self.start(*python("python_client", "helper", *where))
        sharer = self.start(*python("python_client", "sharer", *where))
        self.begin(helper, sharer)
        sharer.until("did you start this contact yourself?")
        sharer.say("yes")
        sharer.until("may your screen be seen?")
        sharer.say("yes")
        return helper, sharer

    def test_python_with_python(self) -> None:
        for kind in ("python", "reference"):
            with self.subTest(relay=kind):
                helper, sharer = self.with_itself(kind)
                helper.until("frame 1 320x200 complete")
                helper.until("changes")
                helper.say("chat how do you do")
                sharer.until("chat \u2068how do you do\u2069")
                sharer.say("pause")
                helper.until("this end is running, the other end paused")
                sharer.say("unpause")
                helper.until("this end is running, the other end running")
                helper.until("complete")
                sharer.say("end")
                helper.until("ended done by peer")
                sharer.until("ended done by person")
                self.assertEqual((helper.code(), sharer.code()), (0, 0))

    def test_a_python_helper_sees_a_sharer_of_the_reference(self) -> None:
        for kind in ("python", "reference"):
            with self.subTest(relay=kind):
                where = self.relay(kind).arguments()
                helper = self.start(*python("python_client", "helper", "--name", "Ada", *where))
                sharer = self.start(binary("alongside"), "sharer", "--screen", "pattern", *where)
                self.begin(helper, sharer)
                sharer.until('"Ada" (unverified) wants to SEE YOUR SCREEN')
                sharer.until("yes or no")
                sharer.say("yes")
                sharer.until("yes allows")
                sharer.say("yes")
                helper.until("viewing view chat")
                helper.until("complete")
                helper.until("changes")
                helper.say("chat from Python")
                sharer.until("helper: from Python")
                sharer.say("chat to Python")
                helper.until("to Python")
                helper.say("pause")
                sharer.until("The helper paused")
                helper.say("unpause")
                helper.until("complete")
                sharer.say("end")
                helper.until("ended done by peer")
                self.assertEqual((helper.code(), sharer.code()), (0, 0))

    def test_a_helper_of_the_reference_sees_a_python_sharer(self) -> None:
        for kind in ("python", "reference"):
            with self.subTest(relay=kind):
                where = self.relay(kind).arguments()
                helper = self.start(binary("alongside"), "helper", "--no-window", *where)
                sharer = self.start(*python("python_client", "sharer", *where))
                self.begin(helper, sharer)
                sharer.until("did you start this contact yourself?")
                sharer.say("no")
                sharer.until("type `share`")
                sharer.say("share")
                helper.until("[you see the screen]")
                sharer.until("shown 1")
                helper.say("chat from the reference")
                sharer.until("from the reference")
                helper.say("pause")
                sharer.until("the other end paused")
                helper.say("unpause")
                sharer.until("shown")
                helper.say("end")
                sharer.until("ended done by peer")
                self.assertEqual((helper.code(), sharer.code()), (0, 0))

    def test_a_refusal_is_told_to_both(self) -> None:
        where = self.relay("reference").arguments()
        helper = self.start(binary("alongside"), "helper", "--no-window", *where)
        sharer = self.start(*python("python_client", "sharer", *where))
        self.begin(helper, sharer)
        sharer.until("did you start this contact yourself?")
        sharer.say("yes")
        sharer.say("no")
        sharer.until("ended declined by person")
        self.assertEqual((helper.code(), sharer.code()), (3, 3))

    def test_a_wrong_secret_gives_no_session(self) -> None:
        where = self.relay("reference").arguments()
        helper = self.start(*python("python_client", "helper", *where))
        sharer = self.start(binary("alongside"), "sharer", "--screen", "pattern", *where)
        code = helper.until(_code)
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        sharer.say(wrong)
        helper.until("the code is spent (handshake-failed); 1 in the last hour")
        self.assertNotEqual(sharer.code(), 0)

    def test_another_certificate_is_not_trusted(self) -> None:
        relay = self.relay("python")
        where = ["--relay", relay.address, "--fingerprint", "00" * 32]
        helper = self.start(*python("python_client", "helper", *where))
        helper.until("another fingerprint")
        self.assertEqual(helper.code(), 4)


if __name__ == "__main__":
    unittest.main()
