"""A session of the driver: a client, and what became of its person's acts as events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from alongside_independent.codes import Code, Link

from .actions import Tell
from .client import Client, StillClock
from .device import IN_VAIN, Patience
from .driver_events import events_of
from .driver_fields import Command, Misuse, WrongCommand
from .driver_set_up import device_of, endpoint_of
from .pictures import whole
from .sharer import Marks
from .transport import NotConnected, RelayAddress


class Session:
    def __init__(
        self, command: Command, clock: StillClock, marks: Marks, say: Callable[[dict[str, Any]], None]
    ) -> None:
        self.name, self.role, self.relay = command["session"], command["role"], command["relay"]
        self._say = say
        if self.role not in ("helper", "sharer"):
            raise WrongCommand("neither helper nor sharer")
        began = time.time() - clock.now() / 1000
        self._make = lambda: endpoint_of(command, marks, lambda at: int(began + at / 1000))
        self.endpoint = self._make()
        self._device = device_of(command)
        self._patience = Patience()
        self._certificate = command["certificate"]
        self.client = Client(self.endpoint, RelayAddress.parse(self.relay, self._certificate), clock)
        others = command.get("relays", [])
        self.client.others = [RelayAddress.parse(other["relay"], other["certificate"]) for other in others]
        self._known = {other["relay"].lower(): r for other, r in zip(others, self.client.others, strict=True)}
        self._known[self.relay.lower()] = self.client.relay
        self._link: Link | None = None
        self.client.after = self._after
        clock.clients.append(self.client)
        self._clock = clock
        self._begun = False
        self._screen: tuple[int, int, bytes] | None = None
        self._fresh = False
        self._number: str | None = None

    # events

    def _after(self) -> None:
        while not self.client.events.empty():
            event = self.client.events.get_nowait()
            if event.what == "asks-control":
                self._number = event.fields["number"]
            if event.what == "due":
                self._wait()
            if event.what == "ended" and self._device is not None and self.role == "sharer":
                event = self._device_goes_on(event)
            for line in events_of(self.role, event):
                self._say({"event": line.pop("event"), "session": self.name, **line})
        self._show()

    async def forget(self) -> None:
        self.client.after = lambda: None
        if not self.endpoint.over:
            self.client.do(self.endpoint.ends)
        self._clock.clients.remove(self.client)
        await self.client.close()

    # beginning

    def begin(self, then: Callable[[], Any]) -> None:
        """Connects, if that was not done yet."""
        if self.client.connection is not None:
            then()
            return
        if self._begun:
            raise Misuse("it is connecting, or the connection was lost")
        self._begun = True
        self._connecting = asyncio.create_task(self._connect(then))

    async def _connect(self, then: Callable[[], Any]) -> None:
        try:
            await self.client.connect()
        except (NotConnected, OSError):
            self.client.do(self.endpoint.connection_lost)
            return
        if not self.endpoint.over:
            self.client.do(self.endpoint.when_signed_in, then)

    # a known device

    def wait(self) -> None:
        if self._device is None or self.endpoint.machine.phase != "idle" or self._begun:
            raise Misuse("it is no known device, or waits")
        self._wait()

    def _wait(self) -> None:
        self._begun = False
        self.begin(lambda: self.client.do(self.endpoint.waits, self._device))

    def call(self) -> None:
        """CODE-13 may forbid it."""
        endpoint, now = self.endpoint, self.client.clock.now()
        if self._device is None or endpoint.machine.phase != "idle" or not endpoint.may_begin(now):
            raise Misuse("there is no device to call, or not now")
        self.begin(lambda: self.client.do(endpoint.calls, self._device))

    def _device_goes_on(self, ended: Tell) -> Tell:
        """It waits again by itself, unless its person ended it or it would be in vain."""
        endpoint, code = self.endpoint, ended.fields["code"]
        over = ended.fields["by"] == "person" or (code in IN_VAIN and not endpoint.was_called)
        if over and not endpoint.channel_stood:
            return ended
        now, stood = self.client.clock.now(), endpoint.channel_stood
        pause = self._patience.after(stood, failed=endpoint.was_called or code != "idle")
        self.endpoint = self.client.endpoint = self._make()
        self.endpoint.begins_at = now + pause
        self.client.do(self.endpoint.time)
        if stood:
            return ended
        return Tell("device-failed", {"code": code}) if endpoint.was_called else Tell("")

    # links

    def join(self, code: Code, by_link: bool) -> None:
        if not self.endpoint.may_join(self.client.clock.now(), self.relay, code):
            raise Misuse("not again, by CODE-11")
        self.begin(lambda: self.client.do(self.endpoint.join, self.relay, code, by_link))

    def follow(self, link: Link) -> None:
        """LINK-2."""
        if link.relay in self._known:
            self._go_to(link, self._known[link.relay])
            return
        self._link = link
        self.endpoint.tell("elsewhere", relay=link.relay)
        self.client.do(lambda _: None)

    def goes_elsewhere(self, allow: bool) -> None:
        link, self._link = self._link, None
        if link is None:
            raise Misuse("nothing is asked")
        if allow:
            self._go_to(link, RelayAddress.parse(link.relay, self._certificate))

    def _go_to(self, link: Link, address: RelayAddress) -> None:
        self.relay = link.relay
        self.client.relay, self.client.others = address, []
        self.join(link.code, by_link=True)

    # what is shown

    def screen(self, width: int, height: int, pixels: bytes) -> None:
        self._screen, self._fresh = (width, height, pixels), True
        display = {"id": 0, "width": width, "height": height}
        if self.endpoint.machine.displays != [display]:
            self.client.do(self.endpoint.displays_are, [display])
        self._show()

    def _show(self) -> None:
        """As a screen that is captured: when it changed, and whenever a complete frame is due."""
        if self._screen is None or not self.endpoint.may_show:
            return
        complete = self.endpoint.wants_complete
        if self._fresh or complete:
            self._fresh = False
            self.client.do(self.endpoint.show, whole(0, *self._screen, complete))

    def repeated_number(self, how: str) -> str | None:
        """The driver repeats what the person would read (CONTROL-27)."""
        match how:
            case "right":
                return self._number
            case "wrong":
                return "000000" if self._number != "000000" else "000001"
            case "nothing":
                return None
        raise WrongCommand(f"repeats {how}")
