"""Cards, what they are worth here, and their pictures: chapter 15, at a client."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alongside_independent import edwards, identity
from alongside_independent.identity import Anchor, Signed, Worth, card_proof_text, decode_card
from alongside_independent.messages import Message
from alongside_independent.model.end import End
from alongside_independent.model.outcome import Outcome
from alongside_independent.refusal import Refused
from PIL import Image


@dataclass(frozen=True)
class OwnCard:
    """What its owner has: `octets` with the signature, and seeds of keys."""

    octets: bytes
    seed: bytes
    receipt_seed: bytes | None = None
    picture: bytes | None = None

    def picture_to_show(self) -> bytes | None:
        """Empty when the card names one that is not at hand (PICTURE-3)."""
        return (self.picture or b"") if decode_card(self.octets).fields["picture"] else None

    def proof(self, direction: str, h: bytes) -> bytes:
        return edwards.sign(self.seed, card_proof_text(direction, h, decode_card(self.octets)))


class Cards:
    """A part of `Endpoint`, which has what is named here."""

    machine: End
    tell: Callable[..., None]
    person: Callable[..., Outcome]

    def __init__(self) -> None:
        self.own_card: OwnCard | None = None
        self.anchors: list[Anchor] = []
        self.date: Callable[[int], int] = lambda _: int(time.time())
        """The second of Unix time at a moment of the clock."""
        self._their_card: Signed | None = None
        self._picture_is_told = False

    def judge(self, now: int, card: Signed | None) -> Worth:
        return identity.worth(card, self.anchors, self.date(now))

    def check_their_card(self, direction: str, h: bytes, octets: bytes, proof: bytes) -> Signed:
        """CARD-7, CARD-9."""
        card = decode_card(octets)
        identity.check_card(card)
        identity.check_card_proof(direction, h, card, proof)
        return card

    def who(self, now: int, name: str, card: Signed | None) -> dict[str, Any]:
        """What is told of somebody who shows this card, or none."""
        worth = self.judge(now, card)
        return {
            "name": name,
            "verified": worth.result == "verified",
            "worth": worth,
            "card": card.fields if card else None,
        }

    def fetches_picture(self, now: int) -> Outcome:
        pictures = self._their_card.fields["picture"] if self._their_card else []

        def ask() -> None:
            raise Refused(None, "PICTURE-1", "no card with a picture was shown")

        if not pictures:
            return self.person(now, self.machine.step, ask)
        return self.person(now, self.machine.person_asks_for_picture, pictures[0])

    def _picture_came(self) -> None:
        """PICTURE-5. One that is not at hand is not shown either."""
        picture = self.machine.picture
        if picture is None or not picture.over or self._picture_is_told:
            return
        self._picture_is_told = True
        self.tell("picture", shown=picture.whole and _can_be_shown(picture.file))

    def taken(self, now: int, message: Message) -> None:
        if message.name == "picture":
            self._picture_came()


def _can_be_shown(file: bytes) -> bool:
    try:
        identity.picture_sides(file)
        Image.open(io.BytesIO(file), formats=["PNG", "JPEG"]).load()
    except (Refused, OSError, SyntaxError, ValueError):
        return False
    return True
