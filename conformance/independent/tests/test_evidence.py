"""Chapters 12, 14, 15 and 16, held to their vectors."""

from __future__ import annotations

import hashlib
import unittest

from alongside_independent import edwards, identity, operation, receipts, reconnect, sealing
from alongside_independent.exchange import prologue
from alongside_independent.messages import Message
from alongside_independent.registry import registry, scope_bits

from .chapters import counted, examples
from .parties import channels
from .test_wire import refusal

NOW = 1_800_000_000


class Reconnect(unittest.TestCase):
    def test_vectors(self) -> None:
        for suite, wanted in zip((1, 2), examples("12-reconnect.md", "vectors"), strict=True):
            channel, _ = channels(suite)
            session = reconnect.Session(1, suite, channel.session_id)
            helper = reconnect.Helper(session, channel.master)
            sharer = reconnect.Sharer(session, channel.master)
            clear = reconnect.clear_of(session, channel.master, 1)
            first = helper.attempt(counted(0x40))
            second = sharer.answer(first, counted(0x60))
            helper.answer(second)
            self.assertEqual(helper.master, sharer.candidate)
            state = {
                "paused": False,
                "scopes": scope_bits("view", "chat"),
                "epoch": 1,
                "grant": 0,
                "sent": 2,
                "received": 1,
            }
            sealer = sealing.SessionSealer(suite, helper.master, "to-sharer")
            got = {
                "psk": reconnect.psk(channel.master),
                "master hash": reconnect.master_hash(channel.master),
                "clear": clear,
                "SHA-256 of the prologue": hashlib.sha256(prologue(b"alongside/1 reconnect", clear)).digest(),
                "reconnect-1": first,
                "reconnect-2": second,
                "h": helper.done.h,
                "next master": helper.master.secret,
                "psk of generation 1": reconnect.psk(helper.master),
                "state, sealed": sealer.seal(sealing.session_record(Message("state", state))),
            }
            self.assertEqual({k: v.hex() for k, v in got.items()}, {k: v.hex() for k, v in wanted.items()})

    def pair(self) -> tuple[reconnect.Helper, reconnect.Sharer]:
        channel, _ = channels()
        session = reconnect.Session(1, 1, channel.session_id)
        return reconnect.Helper(session, channel.master), reconnect.Sharer(session, channel.master)

    def test_a_lost_answer(self) -> None:
        helper, sharer = self.pair()
        lost = sharer.answer(helper.attempt(counted(1)), counted(2))
        again = helper.attempt(counted(3))
        self.assertEqual(refusal(helper.answer, lost), (None, "RECON-21"))
        helper.answer(sharer.answer(again, counted(4)))
        self.assertEqual(refusal(sharer.answer, again, counted(5)), (None, "RECON-14"))
        self.assertEqual(helper.master, sharer.candidate)

    def test_a_lost_state(self) -> None:
        helper, sharer = self.pair()
        helper.answer(sharer.answer(helper.attempt(counted(1)), counted(2)))
        helper.answer(sharer.answer(helper.attempt(counted(3)), counted(4)))
        self.assertEqual((sharer.master.generation, helper.master.generation), (1, 2))
        sharer.opened_under_candidate()
        self.assertEqual(helper.master, sharer.master)

    def test_proofs_that_fail(self) -> None:
        helper, sharer = self.pair()
        good = helper.attempt(counted(1))
        bad = good[:-1] + bytes([good[-1] ^ 1])
        window = registry().timer("proof-window")
        for _ in range(registry().limit("failed-proofs")):
            self.assertEqual(refusal(sharer.answer, bad, counted(2), 0), (None, "RECON-19"))
        self.assertEqual(refusal(sharer.answer, good, counted(2), window - 1), (None, "RECON-20"))
        sharer.answer(good, counted(2), window)


def card_fields(full: bool) -> dict:
    picture = b"a picture"
    return {
        "version": 1,
        "profile": 2 if full else 1,
        "issuer": edwards.public_key(counted(0)),
        "serial": counted(0xA0, 16),
        "first_name": "Ada",
        "last_name": "Lovelace" if full else "L",
        "title": "Engineer" if full else "",
        "organisation": "Analytical Engines" if full else "",
        "domain": "engines.example" if full else "",
        "picture": [{"hash": hashlib.sha256(picture).digest(), "size": len(picture)}] if full else [],
        "ceiling": 0x47 if full else 0x41,
        "card_key": edwards.public_key(counted(0x20)),
        "receipt_key": [edwards.public_key(counted(0x40))] if full else [],
        "not_before": NOW,
        "expires": NOW + 86_400,
    }


class Identity(unittest.TestCase):
    def setUp(self) -> None:
        self.wanted = examples("15-identity.md", "vectors")[0]
        self.short = identity.make_card(card_fields(False), counted(0))
        self.full = identity.make_card(card_fields(True), counted(0))
        self.h = channels()[0].h

    def test_vectors(self) -> None:
        statement = identity.make_statement(
            {
                "version": 1,
                "issuer": edwards.public_key(counted(0)),
                "device_key": edwards.public_key(counted(0x60)),
                "status": 3,
                "issued": NOW,
                "expires": NOW + 3_600,
            },
            counted(0),
        )
        rows = iter(self.wanted.items())
        got = [
            ("issuer key", edwards.public_key(counted(0))),
            ("card key", edwards.public_key(counted(0x20))),
            ("receipt key", edwards.public_key(counted(0x40))),
            ("abbreviated card", self.short.octets()),
            (
                "proof, to-sharer",
                edwards.sign(counted(0x20), identity.card_proof_text("to-sharer", self.h, self.short)),
            ),
            ("full card", self.full.octets()),
            (
                "proof, to-helper",
                edwards.sign(counted(0x20), identity.card_proof_text("to-helper", self.h, self.full)),
            ),
            ("device key", edwards.public_key(counted(0x60))),
            ("statement", statement.octets()),
            ("device proof", edwards.sign(counted(0x60), identity.device_proof_text(self.h, statement))),
        ]
        for name, octets in got:
            self.assertEqual(self.wanted[name].hex(), octets.hex(), name)
        self.assertEqual(len(list(rows)), len(got) + 1)
        identity.check_card(identity.decode_card(self.full.octets()))
        identity.check_statement(identity.decode_statement(statement.octets()))
        identity.check_card_proof("to-sharer", self.h, self.short, self.wanted["proof, to-sharer"])
        identity.check_device_proof(self.h, statement, self.wanted["device proof"])
        other = refusal(
            identity.check_card_proof, "to-helper", self.h, self.short, self.wanted["proof, to-sharer"]
        )
        self.assertEqual(other, ("bad-proof", "CARD-9"))

    def test_cards_that_are_refused(self) -> None:
        for change, answer in (
            ({"expires": NOW}, ("malformed", "CARD-3")),
            ({"expires": NOW + 86_401}, ("malformed", "CARD-3")),
            ({"profile": 1}, ("malformed", "CARD-5")),
            ({"last_name": "Love\u202elace"}, ("malformed", "CARD-6")),
            ({"first_name": ""}, ("malformed", "WIRE-7")),
            ({"ceiling": 0x46}, ("malformed", "WIRE-7")),
            ({"domain": "Engines.example"}, ("malformed", "WIRE-7")),
            ({"title": "a" * 129}, ("too-large", "WIRE-5")),
            ({"version": 2}, ("malformed", "WIRE-7")),
        ):
            made = identity.make_card({**card_fields(True), **change}, counted(0))
            self.assertEqual(refusal(identity.decode_card, made.octets()), answer, change)
        forged = identity.decode_card(self.full.octets()[:-1] + b"\0")
        self.assertEqual(refusal(identity.check_card, forged), ("bad-card", "CARD-7"))

    def test_worth(self) -> None:
        issuer = edwards.public_key(counted(0))
        anchors = [identity.Anchor("Engines", issuer)]
        relay = [identity.Anchor("Engines", issuer, runs_relay=True)]
        for card, list_, now, result in (
            (None, anchors, NOW, "unverified: no card"),
            (self.full, [], NOW, "unverified: issuer not known here"),
            (self.full, anchors, NOW - 301, "unverified: clock"),
            (self.full, anchors, None, "unverified: clock"),
            (self.full, anchors, NOW + 86_700, "verified by Engines"),
            (self.full, relay, NOW, "vouched for by the relay's operator, Engines"),
        ):
            self.assertEqual(identity.worth(card, list_, now).shown(), result)

    def test_pictures(self) -> None:
        file = bytes(range(256)) * 40
        picture = {"hash": hashlib.sha256(file).digest(), "size": len(file)}
        receiver = identity.PictureReceiver(picture)
        got = [receiver.piece(offset, data) for offset, data in identity.picture_pieces(file)]
        self.assertEqual(got, [None, file])
        changed = identity.PictureReceiver({**picture, "size": 3})
        self.assertEqual(refusal(changed.piece, 0, b"abc"), ("bad-picture", "PICTURE-4"))
        self.assertEqual(refusal(changed.piece, 3, b""), ("unexpected-message", "PICTURE-2"))

    def test_a_card_request(self) -> None:
        seeds = [counted(0x20), counted(0x40)]
        keys = [edwards.public_key(seed) for seed in seeds]
        proof = identity.make_request_proof(counted(9), seeds)
        identity.check_request_proof(counted(9), keys[0], keys[1:], proof)
        for other in (proof[:64], proof[64:] + proof[:64]):
            got = refusal(identity.check_request_proof, counted(9), keys[0], keys[1:], other)
            self.assertEqual(got, ("denied", "CARD-24"))


def receipt_fields() -> list[dict]:
    common = {
        "request": 0,
        "grant": 0,
        "scopes": 0,
        "duration_ms": 0,
        "code": 0,
        "transcript": channels()[0].h,
        "sharer_card": bytes(32),
        "helper_card": bytes(32),
    }
    at = 1_700_000_000
    errors = registry().errors
    changes = [
        {"decision": 1, "scopes": scope_bits("view", "chat"), "time": at},
        {
            "decision": 3,
            "request": 1,
            "grant": 1,
            "scopes": scope_bits("pointer", "keyboard"),
            "duration_ms": 900_000,
            "time": at + 10,
        },
        {"decision": 5, "grant": 1, "code": errors["revoked"], "time": at + 20},
        {"decision": 6, "code": errors["done"], "time": at + 30},
    ]
    return [{**common, **change, "sequence": n} for n, change in enumerate(changes, start=1)]


class Receipts(unittest.TestCase):
    def setUp(self) -> None:
        self.made = [receipts.make(fields, counted(0)) for fields in receipt_fields()]

    def test_vectors(self) -> None:
        wanted = examples("16-receipts.md", "receipt-vectors")[0]
        for number, made in enumerate(self.made, start=1):
            self.assertEqual(made.hex(), wanted[f"receipt {number}"].hex())
        digest = hashlib.sha256(receipts.make_file(self.made)).digest()
        self.assertEqual(digest, wanted["SHA-256 of the file"])

    def test_a_file(self) -> None:
        def verify(*places: int) -> receipts.Report:
            return receipts.verify_file(receipts.make_file([self.made[place] for place in places]))

        finding = receipts.Finding
        whole = receipts.Report(receipts=4, complete=True, integrity_only="no-card")
        self.assertEqual(verify(0, 1, 2, 3), whole)
        self.assertEqual(verify(0, 2, 3).findings, [finding(2, "RECEIPT-12", (2, 2))])
        self.assertFalse(verify(0, 1, 2).complete)
        turned = [finding(2, "RECEIPT-12", (2, 2)), finding(3, "RECEIPT-12"), finding(5, "RECEIPT-12")]
        self.assertEqual(verify(0, 2, 1, 3, 3).findings, turned)
        file = receipts.make_file(self.made)
        for broken in (file[1:], file[:-1], file + b"\x06\x00"):
            self.assertEqual(refusal(receipts.verify_file, broken)[1], "RECEIPT-11")

    def test_receipts_that_do_not_fit(self) -> None:
        for change in ({"decision": 8}, {"scopes": 0}, {"grant": 1}, {"duration_ms": 1}, {"sequence": 0}):
            made = receipts.make({**receipt_fields()[0], **change}, counted(0))
            self.assertEqual(refusal(receipts.BODY.decode, made), ("malformed", "RECEIPT-8"), change)

    def test_at_the_helper(self) -> None:
        helper = receipts.AtHelper(channels()[0].h)
        helper.take(self.made[0])
        helper.take(self.made[1])
        for bad in (self.made[1], self.made[2][:-1] + b"\0"):
            self.assertEqual(refusal(helper.take, bad), ("bad-receipt", "RECEIPT-10"))


class Operation(unittest.TestCase):
    def test_journal(self) -> None:
        line = b"17 1795248013 1795249120 0301 0003\n"
        record = operation.journal_record(line)
        self.assertEqual(record.line(), line)
        self.assertEqual((record.number, record.error, record.features), (17, 0x0301, 3))
        for bad in (b"017 1 2 0301 0003\n", b"1 1 2 0301 0003", b"1 1 2 03FF 0003\n", b"1 1 2 0301 8000\n"):
            self.assertIsNone(operation.journal_record(bad))
        self.assertEqual(operation.read_journal(b"x\n" + line + b"17 1"), [record])
        self.assertEqual(operation.journal_file_name(1_795_248_013), "1795248000.journal")

    def test_reports(self) -> None:
        line = b"1795249121 01 https://id.example%20helper@example.org\n"
        record = (1_795_249_121, 1, b"https://id.example helper@example.org")
        self.assertEqual(operation.report_record(line), record)
        self.assertEqual(operation.report_line(*record), line)
        self.assertEqual(operation.report_line(1, 4, None), b"1 04 -\n")
        self.assertEqual(operation.report_line(1, 4, b"-"), b"1 04 %2D\n")
        self.assertIsNone(operation.report_record(b"1 04 a%2Fb\n"))

    def test_delays(self) -> None:
        self.assertEqual(
            [operation.delay(n) for n in (2, 3, 4, 8, 9, 99)], [0, 1000, 2000, 32000, 60000, 60000]
        )
        self.assertEqual([operation.device_retry(n) for n in (0, 1, 2, 7)], [0, 1000, 2000, 60000])

    def test_device_token(self) -> None:
        wanted = examples("17-known-devices.md", "device-vectors")[0]
        self.assertEqual(operation.device_token_hash(counted(0xC0)), wanted["token hash"])


if __name__ == "__main__":
    unittest.main()
