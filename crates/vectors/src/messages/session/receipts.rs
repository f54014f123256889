//! Receipts, by the fields of each decision.

use alongside_wire::{
    Decision, Scopes,
    receipt::{self, Statement},
    session::{Message, Receipt},
};

use crate::messages::{Plane, run};

pub(super) fn add(plane: &mut Plane<Message>) {
    let allowed = Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes: Scopes::CONSENT,
        duration_ms: 0,
        time: 1_700_000_000,
        sequence: 1,
        transcript: run(0),
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: run(0x40),
    };
    let granted = Statement {
        decision: Decision::ControlGranted,
        request: 1,
        grant: 1,
        scopes: Scopes::CONTROL,
        duration_ms: 900_000,
        ..allowed
    };
    let receipt = |statement| Receipt {
        receipt: Box::new(receipt::Receipt {
            statement,
            signature: [run(0x60), run(0x80)],
        }),
    };
    let of = |decision, code, request, grant, scopes, duration_ms| Statement {
        decision,
        code,
        request,
        grant,
        scopes,
        duration_ms,
        ..allowed
    };
    let none = Scopes::NONE;
    plane.message(
        "consent-allowed",
        "of each decision the fields that it has; signatures are checked elsewhere",
        receipt(allowed),
    );
    for (id, statement) in [
        (
            "consent-declined",
            of(Decision::ConsentDeclined, 0x0302, 0, 0, none, 0),
        ),
        ("control-granted", granted),
        (
            "control-granted-narrowed",
            Statement {
                request: 0,
                ..granted
            },
        ),
        (
            "control-denied",
            of(Decision::ControlDenied, 0x0204, 3, 0, Scopes::CONTROL, 0),
        ),
        (
            "control-ended",
            of(Decision::ControlEnded, 0x0309, 0, 1, none, 0),
        ),
        (
            "session-ended",
            of(Decision::SessionEnded, 0x0301, 0, 0, none, 0),
        ),
        (
            "control-renewed",
            of(Decision::ControlRenewed, 0, 0, 1, none, 900_000),
        ),
    ] {
        plane.valid(id, "the fields of this decision", receipt(statement));
    }
    let mut body = Vec::new();
    alongside_wire::framing::encode(0x61, &receipt(allowed).receipt.to_bytes(), &mut body);
    let body = &body[3..];
    for decision in [0, 8] {
        let unknown = [&[decision][..], &body[1..]].concat();
        plane.body(
            &format!("receipt/decision-{decision}"),
            "a decision that is not in the table",
            0x61,
            &unknown,
            "RECEIPT-8",
        );
    }
    for (id, about, statement) in [
        (
            "allowed-nothing",
            "consent to no scopes",
            Statement {
                scopes: none,
                ..allowed
            },
        ),
        (
            "allowed-code",
            "consent with a code",
            Statement {
                code: 0x0301,
                ..allowed
            },
        ),
        (
            "allowed-request",
            "consent with a request",
            Statement {
                request: 1,
                ..allowed
            },
        ),
        (
            "allowed-grant",
            "consent with a grant",
            Statement {
                grant: 1,
                ..allowed
            },
        ),
        (
            "allowed-duration",
            "consent with a duration",
            Statement {
                duration_ms: 1,
                ..allowed
            },
        ),
        (
            "sequence",
            "the sequence 0",
            Statement {
                sequence: 0,
                ..allowed
            },
        ),
        (
            "declined-code",
            "a refusal with another code",
            of(Decision::ConsentDeclined, 0x0301, 0, 0, none, 0),
        ),
        (
            "granted-long",
            "a grant of more than 15 minutes",
            Statement {
                duration_ms: 900_001,
                ..granted
            },
        ),
        (
            "granted-forever",
            "a grant without a duration",
            Statement {
                duration_ms: 0,
                ..granted
            },
        ),
        (
            "granted-none",
            "a grant without an id",
            Statement {
                grant: 0,
                ..granted
            },
        ),
        (
            "granted-nothing",
            "a grant of no scopes",
            Statement {
                scopes: none,
                ..granted
            },
        ),
        (
            "denied-unasked",
            "a denial without a request",
            of(Decision::ControlDenied, 0x0204, 0, 0, Scopes::CONTROL, 0),
        ),
        (
            "denied-early",
            "a denial that no person gave",
            of(Decision::ControlDenied, 0x0203, 3, 0, Scopes::CONTROL, 0),
        ),
        (
            "ended-why",
            "the end of a grant without a reason",
            of(Decision::ControlEnded, 0, 0, 1, none, 0),
        ),
        (
            "session-why",
            "the end of a session without a reason",
            of(Decision::SessionEnded, 0, 0, 0, none, 0),
        ),
        (
            "renewed-scopes",
            "a renewal with scopes",
            of(Decision::ControlRenewed, 0, 0, 1, Scopes::CONTROL, 1),
        ),
    ] {
        plane.wrong(id, about, receipt(statement), "RECEIPT-8");
    }
}
