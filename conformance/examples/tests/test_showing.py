"""What a sharer sends, and when it is complete: chapter 06, without a network."""

from __future__ import annotations

import unittest

from alongside_independent.records import Frame, Tile
from alongside_independent.registry import registry
from alongside_independent.schedule import Master
from alongside_independent.sealing import MediaSealer

from python_client.pictures import png
from python_client.showing import Shower

SIDE = 6


class Refreshes(unittest.TestCase):
    def setUp(self) -> None:
        self.shower = Shower()
        self.shower.begin_epoch(MediaSealer(1, Master(bytes(32)), 1))
        self.shower.begin_stream(1)
        self.show()

    def show(self) -> None:
        tile = Tile(0, 0, SIDE, SIDE, registry().ids("codec")["png"], png(SIDE, SIDE, (1, 2, 3)))
        self.shower.seal(Frame(True, 0, SIDE, SIDE, (tile,)))

    def test_one_is_answered_at_once(self) -> None:
        self.assertFalse(self.shower.wants_complete)
        self.shower.asked_for_refresh(1_000)
        self.assertTrue(self.shower.wants_complete)
        self.assertIsNone(self.shower.refresh_at)

    def test_those_that_come_soon_wait_for_one_answer(self) -> None:
        self.shower.asked_for_refresh(1_000)
        self.show()
        self.shower.asked_for_refresh(1_001)
        self.shower.asked_for_refresh(1_499)
        self.assertFalse(self.shower.wants_complete)
        self.assertEqual(self.shower.refresh_at, 1_500)
        self.shower.answer_refresh(1_500)
        self.assertTrue(self.shower.wants_complete)
        self.show()
        self.assertIsNone(self.shower.refresh_at)
        self.shower.asked_for_refresh(1_999)
        self.assertEqual(self.shower.refresh_at, 2_000)

    def test_none_waits_for_another_epoch(self) -> None:
        self.shower.asked_for_refresh(1_000)
        self.shower.asked_for_refresh(1_001)
        self.shower.begin_epoch(MediaSealer(1, Master(bytes(32)), 2))
        self.assertIsNone(self.shower.refresh_at)


if __name__ == "__main__":
    unittest.main()
