"""The set-up file of `conformance/driver.md`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from alongside_independent.model.set_up import CheckToken, Device, SetUp
from alongside_independent.policy import Account, Policy, Rules
from alongside_independent.tokens import Issuer, account_of, check_jwt, check_secret

Given = dict[str, Any]
_RULES = {rule.name for rule in fields(Rules)}


def read(path: str | None) -> tuple[SetUp, int | None]:
    """And the second of Unix time at which the relay's date begins, if it says so."""
    given: Given = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    methods = {"token": given.get("accounts"), "jwt": given.get("issuers")}
    seed = given.get("cards", {}).get("key")
    set_up = SetUp(
        limits=given.get("limits", {}),
        timers=given.get("timers", {}),
        reports=given.get("reports", True),
        methods=tuple(name for name, those in methods.items() if those),
        check=_check(given),
        policy=_policy(given.get("policy", {})),
        devices={
            bytes.fromhex(device["id"]): Device(bytes.fromhex(device["token_hash"]), device["organisation"])
            for device in given.get("devices", [])
        },
        issues_cards=seed is not None,
        card_seed=bytes.fromhex(seed) if seed else None,
    )
    return set_up, given.get("date")


def _check(given: Given) -> Callable[[str, str], CheckToken]:
    accounts = [(account["token"], _account(account)) for account in given.get("accounts", [])]
    issuers = [Issuer(i["issuer"], i["audience"], i["jwks"]) for i in given.get("issuers", [])]

    def check(method: str, token: str) -> CheckToken:
        if method == "token":
            return lambda _: check_secret(token, accounts)
        return lambda now: check_jwt(token, issuers, now)

    return check


def _account(given: Given) -> Account:
    """What is missing is as in a token without that claim."""
    return account_of("", given | {"sub": given["subject"], "alongside_role": given.get("role")})


def _policy(given: Given) -> Policy:
    return Policy(
        assist=Rules(**_rules(given.get("assist", {}))),
        organisation=Rules(**{"devices": "enrolled"} | _rules(given.get("organisation", {}))),
        organisations={
            name: Rules(**_rules(rules)) for name, rules in given.get("organisations", {}).items()
        },
    )


def _rules(given: Given) -> Given:
    known = {name: value for name, value in given.items() if name in _RULES}
    return known | ({"networks": tuple(known["networks"])} if "networks" in known else {})
