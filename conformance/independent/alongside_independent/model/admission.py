"""Sign-ins, cards and reports at a relay: chapters 13, 14 and 15."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import edwards
from ..identity import check_request_proof, decode_card, make_card
from ..messages import Message
from ..policy import Account
from ..refusal import Refused
from ..registry import registry, scope_bits
from ..tokens import Proved
from .clients import Connection, Failures, SignIn, Waiting, most_of
from .set_up import SetUp

A_DAY = 86_400_000
NAME = 64
"""Bytes of a name and an organisation in `signed-in`."""


def _cut(text: str) -> str:
    return text.encode()[:NAME].decode(errors="ignore")


class Admission:
    """A part of `Relay`, which has what is named here."""

    connections: dict[int, Connection]
    set_up: SetUp
    now: int
    date: Callable[[], int]
    _random_bytes: Callable[[int], bytes]
    _refuse: Callable[[int, str], None]
    _send: Callable[..., None]

    def __init__(self) -> None:
        self.sign_ins: list[Waiting] = []
        self.failed_sign_ins = Failures(self.set_up)
        self.reports: dict[str, tuple[int, int]] = {}
        self._reported: tuple[int, int] = (0, 0)

    # signing in

    def _on_sign_in(self, connection: int, client: Connection, message: Message) -> None:
        """AUTH-2, AUTH-5, AUTH-6."""
        methods = registry().ids("sign_in_method")
        if message.fields["method"] not in (methods[name] for name in self.set_up.methods):
            self._refuse(connection, "unsupported")
            return
        client.state = "signing in"
        due = self.now + self.failed_sign_ins.delay(client)
        self.failed_sign_ins.count(client, self.now)
        if self.set_up.check is not None:
            self.sign_ins.append(Waiting(connection, due, message))
            self._check_tokens()

    def _check_tokens(self) -> None:
        due = [waiting for waiting in self.sign_ins if waiting.due <= self.now]
        self.sign_ins = [waiting for waiting in self.sign_ins if waiting.due > self.now]
        for waiting in due:
            fields = waiting.message.fields
            names = {number: name for name, number in registry().ids("sign_in_method").items()}
            try:
                proved = self.set_up.check(names[fields["method"]], fields["token"])(self.date())
            except Refused as refused:
                self._not_signed_in(waiting.connection, refused.error or "sign-in-failed")
            else:
                self._signed_in(waiting.connection, proved)

    def _not_signed_in(self, connection: int, error: str) -> None:
        client = self.connections[connection]
        client.state, client.idle_since = "idle", self.now
        self._refuse(connection, error)

    def _signed_in(self, connection: int, proved: Proved) -> None:
        """AUTH-10."""
        client, account = self.connections[connection], proved.account
        client.state, client.idle_since = "idle", self.now
        self.failed_sign_ins.succeed(client, self.now)
        error = self.set_up.policy.sign_in(account, client.address)
        if error:
            self._refuse(connection, error)
            return
        lasts = self.set_up.timer("sign-in")
        if proved.over_at is not None:
            lasts = min(lasts, (proved.over_at - self.date()) * 1000)
        client.sign_in = SignIn(account, self.now + lasts, proved.expires)
        self._send(
            connection,
            "signed-in",
            help=self.set_up.policy.help(account),
            share=self.set_up.policy.share(account),
            name=_cut(account.name),
            organisation=_cut(account.organisation),
            lasts_ms=lasts,
        )

    # cards

    def _on_card_request(self, connection: int, client: Connection, message: Message) -> None:
        """CARD-22, CARD-23."""
        if not self.set_up.issues_cards:
            self._refuse(connection, "unsupported")
        elif client.sign_in_is_over:
            self._refuse(connection, "sign-in-expired")
        elif client.account is None:
            self._refuse(connection, "sign-in-required")
        elif not self.set_up.policy.help(client.account) & scope_bits("view"):
            self._refuse(connection, "role-not-enough")
        else:
            client.challenge, client.card_wanted = self._random_bytes(32), message.fields
            self._send(connection, "card-challenge", challenge=client.challenge)

    def _on_card_proof(self, connection: int, client: Connection, message: Message) -> None:
        """CARD-24, CARD-25."""
        if client.challenge is None:
            raise Refused("unexpected-message", "RDV-6", "a proof without a challenge")
        challenge, client.challenge = client.challenge, None
        wanted = client.card_wanted
        if self.set_up.card_seed is None:
            return
        if client.sign_in_is_over:
            self._refuse(connection, "sign-in-expired")
            return
        try:
            check_request_proof(challenge, wanted["card_key"], wanted["receipt_key"], message.fields["proof"])
            card = make_card(self._card_of(client.sign_in, wanted), self.set_up.card_seed).octets()
            decode_card(card)
        except (Refused, ValueError):
            self._refuse(connection, "denied")
        else:
            self._send(connection, "card-issued", card=card)

    def _card_of(self, sign_in: SignIn, wanted: dict[str, Any]) -> dict[str, Any]:
        account, date = sign_in.account, self.date()
        full = wanted["profile"] == registry().ids("profile")["full"]
        lasts = min(sign_in.ends_at - self.now, self.set_up.timer("card-lifetime")) // 1000
        expires = date + lasts
        if sign_in.token_expires is not None:
            expires = min(expires, sign_in.token_expires)
        return {
            "version": 1,
            "profile": wanted["profile"],
            "issuer": edwards.public_key(self.set_up.card_seed),
            "serial": self._random_bytes(16),
            **_names(account, full),
            "picture": [],
            "ceiling": self.set_up.policy.help(account),
            "card_key": wanted["card_key"],
            "receipt_key": wanted["receipt_key"],
            "not_before": date,
            "expires": expires,
        }

    # reports

    def _on_report(self, connection: int, client: Connection, _: Message) -> None:
        """REPORT-4 to REPORT-8."""
        timer, limit = self.set_up.timer, self.set_up.limit
        day = self.now // A_DAY
        today = self._reported[1] if self._reported[0] == day else 0
        made = self._reports_of(client)
        if not self.set_up.reports:
            self._refuse(connection, "unsupported")
        elif client.left_at is None or self.now - client.left_at >= timer("report-window"):
            self._refuse(connection, "nothing-to-report")
        elif any(count >= most_of(s, limit("reports-per-source")) for s, count in made.items()):
            self._refuse(connection, "busy")
        elif today >= limit("reports-each-day"):
            self._refuse(connection, "busy")
        else:
            client.left_at, self._reported = None, (day, today + 1)
            self.reports |= {source: (count + 1, self.now) for source, count in made.items()}
            self._send(connection, "reported")

    def _reports_of(self, client: Connection) -> dict[str, int]:
        made = {}
        for source in client.sources:
            count, at = self.reports.get(source, (0, 0))
            made[source] = count if self.now - at < self.set_up.timer("report-decay") else 0
        return made


def _names(account: Account, full: bool) -> dict[str, str]:
    """CARD-5, CARD-25. An account has one name; what is before its first space is the first."""
    first, _, last = account.name.strip().partition(" ")
    last = last.strip()
    if not full:
        return {"first_name": first, "last_name": last[:1], "title": "", "organisation": "", "domain": ""}
    rest = {"title": account.title, "organisation": account.organisation, "domain": account.domain}
    return {"first_name": first, "last_name": last, **rest}
