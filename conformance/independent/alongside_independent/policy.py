"""Accounts, roles and rules: who may help whom, and how far. Chapter 13, without a clock."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from .registry import all_scopes, scope_bits

ROLES = ("none", "view", "control", "elevation")
STANDINGS = ("unknown", "unenrolled", "enrolled", "compliant")
SHARERS = ("anybody", "signed-in", "same-organisation")
"""Each from the narrowest to the widest, or from the least to the most that is asked."""


def ceiling_of(role: str) -> int:
    view = ("view", "annotate", "chat")
    match role:
        case "none":
            return 0
        case "view":
            return scope_bits(*view)
        case "control":
            more = ("pointer", "keyboard", "clipboard-to-helper", "clipboard-to-sharer")
            return scope_bits(*view, *more)
    return all_scopes()


@dataclass(frozen=True)
class Account:
    issuer: str
    subject: str
    name: str = ""
    title: str = ""
    organisation: str = ""
    domain: str = ""
    role: str = "none"
    device: str = "unknown"


@dataclass(frozen=True)
class Rules:
    """Those that forbid nothing."""

    enabled: bool = True
    sign_in: bool = False
    most: str = "elevation"
    links: bool = True
    sharers: str = "anybody"
    devices: str = "unknown"
    networks: tuple[str, ...] | None = None
    own_device: str = "unknown"
    end_at_expiry: bool = False

    def allow_network(self, address: str) -> bool:
        if self.networks is None:
            return True
        ip = ipaddress.ip_address(address)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in ipaddress.ip_network(network, strict=False) for network in self.networks)


@dataclass(frozen=True)
class CodeRules:
    """Those of the code that a helper was given, or of its session."""

    rules: tuple[Rules, ...]
    helper: Account | None

    @property
    def end_at_expiry(self) -> bool:
        return any(rules.end_at_expiry for rules in self.rules)

    def join(self, link: bool, account: Account | None) -> str | None:
        """POLICY-8 to POLICY-10, in this order."""
        if link and not all(rules.links for rules in self.rules):
            return "link-not-allowed"
        wanted = max(SHARERS.index(rules.sharers) for rules in self.rules)
        least = max(STANDINGS.index(rules.devices) for rules in self.rules)
        if account is None:
            return "sign-in-required" if wanted or least else None
        if SHARERS[wanted] == "same-organisation" and not _same_organisation(account, self.helper):
            return "other-organisation"
        return "device-not-allowed" if STANDINGS.index(account.device) < least else None


@dataclass(frozen=True)
class Policy:
    """What each function gives is the error of a refusal, or None."""

    assist: Rules = Rules()
    organisation: Rules = Rules(devices="enrolled")
    organisations: dict[str, Rules] = field(default_factory=dict)

    def rules_of(self, account: Account | None) -> tuple[Rules, ...]:
        """POLICY-1: all of them hold."""
        if account is None or not account.organisation:
            return (self.assist,)
        own = self.organisations.get(account.organisation)
        return (self.organisation, own) if own else (self.organisation,)

    def share(self, account: Account | None) -> int:
        ceiling = all_scopes()
        for rules in self.rules_of(account):
            ceiling &= ceiling_of(rules.most)
        return ceiling

    def help(self, account: Account | None) -> int:
        return self.share(account) & (ceiling_of(account.role) if account else all_scopes())

    def sign_in(self, account: Account, address: str) -> str | None:
        """POLICY-3, POLICY-4."""
        rules = self.rules_of(account)
        if not all(each.enabled for each in rules):
            return "product-disabled"
        least = max(STANDINGS.index(each.own_device) for each in rules)
        if STANDINGS.index(account.device) < least or not all(e.allow_network(address) for e in rules):
            return "conditions-not-met"
        return None

    def code(self, account: Account | None) -> str | None:
        """POLICY-5 to POLICY-7."""
        if not all(rules.enabled for rules in self.rules_of(account)):
            by_signing_in = account is None and self.organisation.enabled
            return "sign-in-required" if by_signing_in else "product-disabled"
        if account is None and self.assist.sign_in:
            return "sign-in-required"
        return None if self.help(account) & scope_bits("view") else "role-not-enough"

    def code_rules(self, account: Account | None) -> CodeRules:
        return CodeRules(self.rules_of(account), account)


def _same_organisation(one: Account, other: Account | None) -> bool:
    """The same issuer has to have named it for both."""
    named = other is not None and bool(other.organisation)
    return named and (one.issuer, one.organisation) == (other.issuer, other.organisation)
