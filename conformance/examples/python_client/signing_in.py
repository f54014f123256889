"""Signing in at the relay: chapter 13, at a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alongside_independent.model.end import End
from alongside_independent.model.outcome import Outcome
from alongside_independent.refusal import Refused
from alongside_independent.registry import all_scopes, error_name, registry

METHOD = "token"


class SigningIn:
    """A part of `Endpoint`, which has what is named here."""

    machine: End
    tell: Callable[..., None]
    _say: Callable[..., None]
    _do: Callable[[Outcome], Outcome]
    _ended_by: str

    def __init__(self) -> None:
        self.sign_in_with: str | None = None
        self.help = self.share = all_scopes()
        self._signing_in = False
        self._after: list[Callable[[], Any]] = []

    def _begin_to_sign_in(self) -> None:
        """It comes before all that the client wants, because that has to be within what it gives."""
        if self.sign_in_with is not None:
            self._signing_in = True
            method = registry().ids("sign_in_method")[METHOD]
            self._say("sign-in", method=method, token=self.sign_in_with)

    def when_signed_in(self, now: int, act: Callable[[], Any]) -> None:
        """At once, if that is not under way and not to come."""
        if self.sign_in_with is None:
            act()
        else:
            self._after.append(act)

    def _relay_signed_in(self, now: int, help: int, share: int, **told: Any) -> None:  # noqa: ANN401
        """AUTH-19, AUTH-20."""
        if not self._signing_in:
            raise Refused("unexpected-message", "RDV-5", "nobody signed in")
        self._signing_in, self.sign_in_with = False, None
        self.help, self.share = help, share
        self.tell("signed-in", help=help, share=share, **told)
        self._go_on()

    def _go_on(self) -> None:
        acts, self._after = self._after, []
        for act in acts:
            act()

    def _sign_in_is_refused(self, now: int, code: int) -> None:
        """AUTH-9."""
        error = error_name(code) or "done"
        self._signing_in, self._ended_by = False, "relay"
        self.tell("refused", code=error)
        self._do(self.machine.step(now, lambda: self.machine.finish(error, tell=False)))
