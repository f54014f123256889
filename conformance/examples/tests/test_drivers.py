"""The driver of the Python client, and the skeleton, as the suite would use them."""

from __future__ import annotations

import hashlib
import json
import sys
import unittest
from pathlib import Path
from typing import Any

from .programs import EXAMPLES, Driver, Relay, python

VECTORS = EXAMPLES.parents[1] / "spec" / "vectors"
ALL = ["view", "pointer", "keyboard", "clipboard-to-helper", "clipboard-to-sharer", "annotate", "chat"]
SILENCE, GUARD, A_TICK = 5_000, 1_000, 10


def picture(width: int, height: int, seed: int) -> str:
    """The SHA-256 of the test picture, by its text."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            pixels += bytes([(x + seed) % 256, (y + 3 * seed) % 256, (x * y + 7 * seed) % 256])
    return hashlib.sha256(pixels).hexdigest()


class Drivers(unittest.TestCase):
    def driver(self, *command: str) -> Driver:
        driver = Driver(*command)
        self.addCleanup(driver.stop)
        return driver

    def setUp(self) -> None:
        self.relay = Relay("python")
        self.addCleanup(self.relay.stop)

    def open(self, driver: Driver, role: str, **more: Any) -> None:  # noqa: ANN401
        where = {"relay": self.relay.address, "certificate": self.relay.certificate}
        driver.do("open", session="a", role=role, **where, **more)

    def secured(self) -> tuple[Driver, Driver]:
        helper = self.driver(*python("python_client", "driver"))
        sharer = self.driver(*python("python_client", "driver"))
        self.open(helper, "helper", name="Ada", ceiling=ALL)
        self.open(sharer, "sharer", ceiling=ALL)
        helper.do("create-code", session="a")
        sharer.do("join", session="a", code=helper.event("code")["code"])
        words = helper.event("phrase")["words"]
        self.assertEqual((len(words), sharer.event("phrase")["words"]), (3, words))
        self.assertEqual(sharer.event("consent-asked")["name"], "Ada")
        return helper, sharer

    def viewing(self) -> tuple[Driver, Driver]:
        helper, sharer = self.secured()
        sharer.do("contact", session="a", by="person")
        sharer.do("consent", session="a", allow=True)
        for end in (helper, sharer):
            self.assertEqual(end.event("viewing")["scopes"], ["view", "chat"])
        return helper, sharer

    def both(self, helper: Driver, sharer: Driver, ms: int) -> None:
        """Time for both; in steps, so that each has something to hear of the other meanwhile."""
        while ms > 0:
            step = min(ms, 1_000)
            ms -= step
            for end, other in ((helper, sharer), (sharer, helper)):
                end.do("advance-clock", session="a", ms=step)
                end.do("chat", session="a", text="still here")
                other.event("chat", text="still here")

    def test_a_view_only_session(self) -> None:
        helper, sharer = self.viewing()
        for width, height, seed in ((64, 48, 1), (64, 48, 2), (7, 256, 3)):
            sharer.do("send-frame", session="a", width=width, height=height, seed=seed)
            frame = helper.event("frame", sha256=picture(width, height, seed))
            self.assertEqual((frame["display"], frame["width"], frame["height"]), (0, width, height))
        helper.do("chat", session="a", text="one")
        sharer.event("chat", text="one")
        helper.event("delivered", line=1)
        sharer.do("pause", session="a")
        sharer.event("paused", own=True, other=False)
        helper.event("paused", own=False, other=True)
        sharer.do("send-frame", session="a", width=5, height=5, seed=9)
        sharer.do("unpause", session="a")
        helper.event("paused", own=False, other=False)
        helper.event("frame", sha256=picture(5, 5, 9))
        self.assertEqual(sharer.ask("take", session="a", allow=True)["err"]["class"], "misuse")
        helper.do("end", session="a")
        self.assertEqual(helper.event("ended")["by"], "own")
        ended = sharer.event("ended")
        self.assertEqual((ended["by"], ended["code"]), ("other", "done"))
        self.assertEqual(sharer.ask("chat", session="a", text="x")["err"]["class"], "misuse")
        sharer.do("close", session="a")
        self.assertEqual(sharer.ask("chat", session="a", text="x")["err"]["class"], "command")

    def test_the_question_who_started_it(self) -> None:
        _, sharer = self.secured()
        self.assertEqual(sharer.ask("consent", session="a", allow=True)["err"]["class"], "misuse")
        sharer.do("contact", session="a", by="stranger")
        sharer.event("warned")
        self.assertEqual(sharer.ask("consent", session="a", allow=True)["err"]["class"], "misuse")
        sharer.do("consent", session="a", allow=True, warned=True)
        sharer.event("viewing")

    def test_time_stands_still_but_for_the_command(self) -> None:
        helper, sharer = self.viewing()
        sharer.do("send-frame", session="a", width=8, height=8, seed=1)
        helper.event("frame")
        helper.do("chat", session="a", text="the last that is under way")
        sharer.event("chat")
        sharer.do("advance-clock", session="a", ms=SILENCE - 1)
        sharer.do("advance-clock", session="a", ms=0)
        self.assertEqual(sharer.events, [])
        sharer.do("advance-clock", session="a", ms=1)
        self.assertEqual(sharer.event("frozen")["seconds"], 30)
        helper.event("frozen")
        for end in (helper, sharer):
            end.event("back")
        sharer.do("chat", session="a", text="again")
        helper.event("chat", text="again")

    def test_a_connection_that_is_lost(self) -> None:
        helper, sharer = self.viewing()
        for lost, other in ((helper, sharer), (sharer, helper)):
            lost.do("reconnect", session="a")
            lost.event("frozen")
            other.event("frozen")
            lost.event("back")
            other.event("back")
            sharer.do("send-frame", session="a", width=8, height=8, seed=4)
            helper.event("frame", sha256=picture(8, 8, 4))

    def test_control_and_its_tools(self) -> None:
        helper, sharer = self.viewing()
        sharer.do("send-frame", session="a", width=8, height=8, seed=1)
        helper.event("frame")
        helper.do("request-control", session="a", scopes=["pointer"])
        self.assertEqual(helper.event("denied")["code"], "too-early")
        self.both(helper, sharer, 5_000)
        asked = [scope for scope in ALL if scope not in ("view", "chat")]
        helper.do("request-control", session="a", scopes=asked)
        self.assertEqual(sharer.event("control-asked")["scopes"], asked)
        self.assertEqual(sharer.ask("grant", session="a", scopes=asked)["err"]["class"], "misuse")
        sharer.do("advance-clock", session="a", ms=GUARD)
        sharer.do("grant", session="a", scopes=asked)
        self.assertEqual(helper.event("granted")["scopes"], asked)
        self.assertEqual(sharer.event("granted")["seconds"], 900)
        inputs = [{"key": 4, "down": True}, {"pointer": [1, 65535], "display": 0}, {"wheel": [0, -120]}]
        helper.do("send-input", session="a", input=inputs)
        helper.do("advance-clock", session="a", ms=A_TICK)
        for each in inputs:
            self.assertEqual(sharer.event("injected")["input"], each)
        helper.do("stroke", session="a", stroke=3, points=[[0, 0], [9, 9]])
        self.assertEqual(sharer.event("drawn")["stroke"], 3)
        helper.do("copy", session="a", text="ein Text")
        self.assertEqual(sharer.event("offered")["text"], "ein Text")
        self.assertEqual(sharer.ask("take", session="a", allow=True)["err"]["class"], "misuse")
        sharer.do("take", session="a", allow=False)
        self.assertFalse(helper.event("answered")["taken"])
        sharer.do("narrow", session="a", scopes=["pointer"])
        self.assertEqual(helper.event("control-ended")["code"], "replaced")
        self.assertEqual(helper.event("granted")["scopes"], ["pointer"])
        self.assertEqual(helper.ask("send-input", session="a", input=inputs)["err"]["class"], "misuse")
        helper.do("release-control", session="a")
        for end in (helper, sharer):
            end.event("control-ended", code="released")

    def test_a_report_follows_the_end(self) -> None:
        _, sharer = self.secured()
        sharer.do("end", session="a", report="scam")
        sharer.event("ended", by="own")
        sharer.event("reported")

    def test_what_is_not_a_command(self) -> None:
        driver = self.driver(*python("python_client", "driver"))
        self.assertEqual(driver.do("hello", driver=1)["driver"], 1)
        self.assertEqual(driver.ask("fly", session="a"), {"unsupported": {}})
        self.assertEqual(driver.ask("chat", session="a", text="x")["err"]["class"], "command")
        self.assertEqual(driver.ask("open", session="a", role="sharer")["err"]["class"], "command")
        driver.process.stdin.close()
        self.assertEqual(driver.code(), 0)

    def test_vectors(self) -> None:
        driver = self.driver(*python("python_client", "driver"))
        for kind in ("code", "record", "exchange"):
            vectors = json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))["vectors"]
            for vector in vectors:
                got = driver.do("vector", kind=kind, input=vector["input"])
                if "output" in vector:
                    self.assertEqual(got, {"output": vector["output"]}, vector["id"])
                else:
                    self.assertEqual(got, {"error": vector["error"].get("name", "")}, vector["id"])


class Skeleton(unittest.TestCase):
    def test_it_answers_from_the_first_minute_on(self) -> None:
        path = EXAMPLES / "skeleton_driver.py"
        self.assertLess(len(Path(path).read_text(encoding="utf-8").splitlines()), 150)
        driver = Driver(sys.executable, "-I", str(path))
        self.addCleanup(driver.stop)
        self.assertEqual(driver.do("hello", driver=1)["capabilities"], [])
        self.assertEqual(driver.ask("open", session="a", role="helper"), {"unsupported": {}})
        self.assertEqual(driver.ask("fly", session="a"), {"unsupported": {}})
        self.assertEqual(driver.ask("close", session="a")["err"]["class"], "command")


if __name__ == "__main__":
    unittest.main()
