//! Cards that are shown, and who they say their holder is.

mod wrong;

use alongside_state_machine::{
    error::Fault,
    identity::trust::{self, Anchor, Doubt, Standing},
};
use alongside_wire::{Direction, card::Card};
use serde_json::{Value, json};

use super::{
    anchor, anchors_json, anchors_of,
    chapter::{DAY, NOW, abbreviated, full, secret, sign, transcript},
    direction_of, proofs, refused,
};
use crate::{
    fields::{self, bytes_of, key_of},
    spelled::{Key, hex},
    vector::{File, Refusal},
};

pub(super) fn file() -> File {
    let mut file = File::new("card");
    right(&mut file);
    wrong::add(&mut file);
    file
}

fn right(file: &mut File) {
    let sound = || Shown::of(&full());
    let relay = vec![anchor("Relay", secret(0).public(), true)];
    let other = vec![anchor("Other", secret(1).public(), false)];
    let tolerated = 300;
    for (id, about, shows, shown, result) in [
        (
            "verified",
            "the issuer is an anchor",
            "CARD-13",
            sound(),
            "verified",
        ),
        (
            "abbreviated",
            "an abbreviated card",
            "CARD-13",
            Shown::of(&abbreviated()),
            "verified",
        ),
        (
            "relay",
            "the issuer also runs the relay",
            "CARD-15",
            Shown {
                anchors: relay,
                ..sound()
            },
            "vouched-by-relay",
        ),
        (
            "unknown",
            "the issuer is another than the anchor",
            "CARD-14",
            Shown {
                anchors: other,
                ..sound()
            },
            "unknown-issuer",
        ),
        (
            "no-anchors",
            "no anchors",
            "CARD-14",
            Shown {
                anchors: vec![],
                ..sound()
            },
            "unknown-issuer",
        ),
        (
            "no-clock",
            "the time is not known",
            "CARD-14",
            Shown {
                now: None,
                ..sound()
            },
            "clock",
        ),
        (
            "just-begun",
            "five minutes before it begins",
            "CARD-13",
            Shown {
                now: Some(NOW - tolerated),
                ..sound()
            },
            "verified",
        ),
        (
            "early",
            "a second earlier",
            "CARD-14",
            Shown {
                now: Some(NOW - tolerated - 1),
                ..sound()
            },
            "clock",
        ),
        (
            "just-ended",
            "five minutes after it expires",
            "CARD-13",
            Shown {
                now: Some(NOW + DAY + tolerated),
                ..sound()
            },
            "verified",
        ),
        (
            "late",
            "a second later",
            "CARD-14",
            Shown {
                now: Some(NOW + DAY + tolerated + 1),
                ..sound()
            },
            "clock",
        ),
        (
            "none",
            "no card",
            "CARD-14",
            Shown {
                card: vec![],
                proof: vec![],
                ..sound()
            },
            "no-card",
        ),
    ] {
        let who = shown.judge().expect(id);
        let output = who_json(&who);
        assert_eq!(output["result"], result, "{id}");
        file.taken(id, about, &[shows], shown.json(), output);
    }
}

/// One card that is shown.
struct Shown {
    card: Vec<u8>,
    proof: Vec<u8>,
    direction: Direction,
    h: Key,
    anchors: Vec<Anchor>,
    now: Option<u64>,
}

impl Shown {
    fn of(card: &Card) -> Self {
        let bytes = sign(card, &secret(0));
        let h = transcript();
        let direction = Direction::ToSharer;
        let signed = proofs::message(proofs::CARD, direction, &h, &bytes);
        Self {
            card: bytes,
            proof: secret(0x20).sign(&signed).into(),
            direction,
            h,
            anchors: vec![anchor("Engines", secret(0).public(), false)],
            now: Some(NOW + 1),
        }
    }

    fn json(&self) -> Value {
        json!({
            "card": hex(&self.card), "proof": hex(&self.proof), "direction": self.direction.name(),
            "h": hex(self.h), "anchors": anchors_json(&self.anchors), "now": self.now,
        })
    }

    fn judge(&self) -> Result<trust::Who, Fault> {
        let card = trust::authenticate(&self.card, &self.proof, self.direction, &self.h)?;
        Ok(trust::judge(card, &self.anchors, self.now))
    }
}

fn who_json(who: &trust::Who) -> Value {
    let (result, issuer) = match &who.standing {
        Standing::Verified { issuer } => ("verified", Some(issuer)),
        Standing::VouchedByRelay { issuer } => ("vouched-by-relay", Some(issuer)),
        Standing::Unverified(Doubt::NoCard) => ("no-card", None),
        Standing::Unverified(Doubt::UnknownIssuer) => ("unknown-issuer", None),
        Standing::Unverified(Doubt::Clock) => ("clock", None),
    };
    let mut output = json!({ "result": result });
    if let Some(issuer) = issuer {
        output["issuer"] = json!(issuer);
    }
    if let Some(card) = &who.card {
        output["fields"] = fields::of(card);
    }
    output
}

pub(super) fn compute(input: &Value) -> Result<Value, Refusal> {
    let shown = Shown {
        card: bytes_of(input, "card"),
        proof: bytes_of(input, "proof"),
        direction: direction_of(input),
        h: key_of(input, "h"),
        anchors: anchors_of(input),
        now: input["now"].as_u64(),
    };
    Ok(who_json(&shown.judge().map_err(refused)?))
}
