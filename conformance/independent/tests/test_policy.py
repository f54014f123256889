"""Rules, and what a token says: chapter 13."""

from __future__ import annotations

import base64
import json
import unittest
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alongside_independent.policy import Account, Policy, Rules, ceiling_of
from alongside_independent.refusal import Refused
from alongside_independent.registry import all_scopes, registry, scope_bits
from alongside_independent.tokens import Issuer, check_jwt

NOW = 1_800_000_000
TOLERANCE = registry().timer("clock-tolerance") // 1000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ADA = Account("i", "ada", organisation="Engines", role="control", device="enrolled")
BOB = Account("i", "bob", role="view")


def text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


JWK = {"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": text(KEY.public_key().public_bytes_raw())}
ISSUER = Issuer("https://id.example", "relay", {"keys": [JWK]})


def token(head: dict[str, Any] | None = None, **claims: Any) -> str:  # noqa: ANN401
    head = {"alg": "EdDSA", "kid": "k"} | (head or {})
    whole = {"iss": "https://id.example", "aud": "relay", "sub": "ada", "exp": NOW + 60} | claims
    whole = {name: value for name, value in whole.items() if value is not None}
    signed = ".".join(text(json.dumps(part).encode()) for part in (head, whole))
    return f"{signed}.{text(KEY.sign(signed.encode()))}"


class Policies(unittest.TestCase):
    def test_without_a_policy(self) -> None:
        policy = Policy()
        self.assertEqual((policy.code(None), policy.code(BOB), policy.code(ADA)), (None, None, None))
        self.assertEqual((policy.help(BOB), policy.share(BOB)), (ceiling_of("view"), all_scopes()))
        rules = policy.code_rules(ADA)
        self.assertEqual(rules.join(True, None), "sign-in-required")
        self.assertEqual(rules.join(True, BOB), "device-not-allowed")
        self.assertIsNone(rules.join(True, ADA))
        self.assertIsNone(policy.code_rules(None).join(True, None))

    def test_all_rules_that_apply_hold(self) -> None:
        """POLICY-1."""
        policy = Policy(organisation=Rules(most="control"), organisations={"Engines": Rules(most="view")})
        self.assertEqual((policy.help(ADA), policy.share(ADA)), (ceiling_of("view"), ceiling_of("view")))
        self.assertFalse(ceiling_of("view") & scope_bits("pointer"))

    def test_products(self) -> None:
        """POLICY-2, POLICY-3, POLICY-5 to POLICY-7."""
        off = Rules(enabled=False)
        self.assertEqual(Policy(assist=off).code(None), "sign-in-required")
        self.assertEqual(Policy(assist=off, organisation=off).code(None), "product-disabled")
        self.assertEqual(Policy(assist=off).sign_in(BOB, "192.0.2.1"), "product-disabled")
        self.assertIsNone(Policy(assist=off).sign_in(ADA, "192.0.2.1"))
        self.assertEqual(Policy(assist=Rules(sign_in=True)).code(None), "sign-in-required")
        self.assertEqual(Policy(assist=Rules(most="none")).code(BOB), "role-not-enough")

    def test_where_somebody_signs_in(self) -> None:
        """POLICY-4."""
        policy = Policy(organisation=Rules(networks=("192.0.2.0/24",), own_device="enrolled"))
        self.assertIsNone(policy.sign_in(ADA, "::ffff:192.0.2.9"))
        self.assertEqual(policy.sign_in(ADA, "198.51.100.1"), "conditions-not-met")
        low = Account("i", "cy", organisation="Engines", device="unenrolled")
        self.assertEqual(policy.sign_in(low, "192.0.2.9"), "conditions-not-met")

    def test_joins_in_their_order(self) -> None:
        """POLICY-8 to POLICY-10."""
        rules = Rules(links=False, sharers="same-organisation", devices="compliant")
        code = Policy(organisation=rules).code_rules(ADA)
        found = [
            code.join(link, who) for link, who in ((True, ADA), (False, None), (False, BOB), (False, ADA))
        ]
        wanted = ["link-not-allowed", "sign-in-required", "other-organisation", "device-not-allowed"]
        self.assertEqual(found, wanted)

    def test_the_same_word_of_another_issuer_is_another_organisation(self) -> None:
        code = Policy(organisation=Rules(sharers="same-organisation")).code_rules(ADA)
        self.assertIsNone(code.join(False, ADA))
        self.assertEqual(code.join(False, replace(ADA, issuer="elsewhere")), "other-organisation")


class Tokens(unittest.TestCase):
    def error(self, given: str, issuer: Issuer = ISSUER) -> str | None:
        try:
            check_jwt(given, [issuer], NOW)
        except Refused as refused:
            return refused.error
        return None

    def test_one_that_is_right(self) -> None:
        proved = check_jwt(token(aud=["x", "relay"], alongside_role=["view", "control"]), [ISSUER], NOW)
        self.assertEqual((proved.account.role, proved.account.device), ("control", "unknown"))
        self.assertEqual((proved.account.subject, proved.expires), ("ada", NOW + 60))

    def test_what_proves_nothing(self) -> None:
        wrong = {
            "no key": token({"kid": "other"}),
            "no kid": token({"kid": None}),
            "another algorithm": token({"alg": "none"}),
            "issuer": token(iss="https://other.example"),
            "audience": token(aud="other"),
            "nobody": token(sub=None),
            "no end": token(exp=None),
            "an end that is no number": token(exp=True),
            "not yet": token(nbf=NOW + TOLERANCE + 1),
            "an extension": token({"crit": ["x"]}),
            "signature": token()[:-8] + "AAAAAAAA",
            "two parts": "a.b",
            "no JSON": "YQ.YQ.YQ",
        }
        for name, given in wrong.items():
            with self.subTest(name):
                self.assertEqual(self.error(given), "sign-in-failed")

    def test_time(self) -> None:
        """AUTH-4, AUTH-17."""
        self.assertIsNone(self.error(token(exp=NOW - TOLERANCE + 1, nbf=NOW + TOLERANCE)))
        self.assertEqual(self.error(token(exp=NOW - TOLERANCE)), "sign-in-expired")

    def test_a_key_for_something_else(self) -> None:
        """AUTH-14."""
        for changed in ({"use": "enc"}, {"alg": "RS256"}, {"kty": "oct", "crv": None}):
            with self.subTest(changed):
                issuer = Issuer(ISSUER.issuer, ISSUER.audience, {"keys": [JWK | changed]})
                self.assertEqual(self.error(token(), issuer), "sign-in-failed")


if __name__ == "__main__":
    unittest.main()
