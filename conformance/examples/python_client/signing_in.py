"""Signing in at the relay: chapter 13, at a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alongside_independent import edwards
from alongside_independent.identity import check_issued, make_request_proof
from alongside_independent.model.end import End
from alongside_independent.model.outcome import Outcome
from alongside_independent.refusal import Refused
from alongside_independent.registry import all_scopes, error_name, registry

from .cards import OwnCard

METHOD = "token"


class SigningIn:
    """A part of `Endpoint`, which has what is named here."""

    machine: End
    random: Callable[[int], bytes]
    own_card: OwnCard | None
    tell: Callable[..., None]
    _say: Callable[..., None]
    _do: Callable[[Outcome], Outcome]
    _ended_by: str

    def __init__(self) -> None:
        self.sign_in_with: str | None = None
        self.help = self.share = all_scopes()
        self.card_wanted: str | None = None
        """The profile of a card to ask for."""
        self._card_seed: bytes | None = None
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
        if self.card_wanted is not None:
            self._ask_for_card()
        else:
            self._go_on()

    def _ask_for_card(self) -> None:
        self._card_seed = self.random(32)
        key = edwards.public_key(self._card_seed)
        self._say("card-request", profile=self._profile(), card_key=key, receipt_key=[])

    def _profile(self) -> int:
        return registry().ids("profile")[self.card_wanted]

    def _relay_card_challenge(self, now: int, challenge: bytes) -> None:
        if self._card_seed is None:
            raise Refused("unexpected-message", "RDV-5", "no card was asked for")
        self._say("card-proof", proof=make_request_proof(challenge, [self._card_seed]))

    def _relay_card_issued(self, now: int, card: bytes) -> None:
        """CARD-26."""
        if self._card_seed is None:
            raise Refused("unexpected-message", "RDV-5", "no card was asked for")
        seed, self._card_seed = self._card_seed, None
        check_issued(card, edwards.public_key(seed), [], self._profile())
        self.own_card = OwnCard(card, seed)
        self._go_on()

    def _card_is_refused(self) -> None:
        """It goes on without one."""
        self._card_seed = None
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
