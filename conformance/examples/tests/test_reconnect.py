"""A connection that is lost in a session with the programs of the reference: sight comes back."""

from __future__ import annotations

import asyncio
import unittest

from alongside_independent.codes import parse_code

from python_client.actions import Tell
from python_client.client import Client
from python_client.helper import Helper
from python_client.pictures import TestScreen
from python_client.sharer import Sharer
from python_client.transport import RelayAddress

from .programs import PATIENCE, Program, Relay, binary
from .test_sessions import _code


class Reconnect(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.relay = Relay("reference")
        self.addCleanup(self.relay.stop)

    def start(self, *command: str) -> Program:
        program = Program(*command, *self.relay.arguments())
        self.addCleanup(program.stop)
        return program

    async def client(self, endpoint: Helper | Sharer) -> Client:
        client = Client(endpoint, RelayAddress.parse(self.relay.address, self.relay.certificate))
        self.addAsyncCleanup(client.close)
        await client.connect()
        await self.event(client, "connected")
        return client

    async def event(self, client: Client, name: str) -> Tell:
        async with asyncio.timeout(PATIENCE):
            while (event := await client.events.get()).what != name:
                self.assertNotEqual(event.what, "ended", event)
        return event

    async def until(self, program: Program, wanted: object) -> str:
        return await asyncio.to_thread(program.until, wanted)

    async def test_a_helper_comes_back(self) -> None:
        helper = await self.client(Helper("Ada"))
        sharer = self.start(binary("alongside"), "sharer", "--screen", "pattern")
        helper.do(helper.endpoint.ask_for_code)
        sharer.say((await self.event(helper, "code")).fields["code"])
        for question in ("yes or no", "yes allows"):
            await self.until(sharer, question)
            sharer.say("yes")
        await self.event(helper, "frame")
        for generation in (1, 2):
            helper.lose_connection()
            for what in ("frozen", "back", "frame"):
                await self.event(helper, what)
            self.assertEqual(helper.endpoint._reconnect.master.generation, generation)
        sharer.say("chat still there")
        self.assertEqual((await self.event(helper, "chat")).fields["text"], "still there")
        helper.do(helper.endpoint.ends)
        await self.until(sharer, "the helper ended the session")

    async def test_a_sharer_comes_back(self) -> None:
        screen = TestScreen()
        sharer = await self.client(Sharer([screen.display()]))
        helper = self.start(binary("alongside"), "helper", "--no-window")
        code = parse_code(await self.until(helper, _code))
        sharer.do(sharer.endpoint.join, self.relay.address, code)
        await self.event(sharer, "asks-consent")
        sharer.do(sharer.endpoint.says_who_started, True)
        sharer.do(sharer.endpoint.consents)
        sharer.after = lambda: self.show(sharer, screen)
        await self.event(sharer, "shown")
        for generation in (1, 2):
            sharer.lose_connection()
            for what in ("frozen", "back", "shown"):
                await self.event(sharer, what)
            self.assertEqual(sharer.endpoint._reconnect.master.generation, generation)
        sharer.do(sharer.endpoint.ends)
        await self.until(helper, "the sharer ended the session")

    def show(self, client: Client, screen: TestScreen) -> None:
        """A complete frame whenever one is due."""
        if client.endpoint.may_show and client.endpoint.wants_complete:
            client.do(client.endpoint.show, screen.frame(0, complete=True))


if __name__ == "__main__":
    unittest.main()
