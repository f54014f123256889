//! Asking for control, granting it, its end; pause.

use alongside_wire::{
    ErrorCode, Scopes,
    session::{
        ControlDeny, ControlEnd, ControlGrant, ControlRequest, ControlWithdraw, Message, Pause,
    },
};

use crate::messages::{Plane, run};

pub(super) fn add(plane: &mut Plane<Message>) {
    let request = ControlRequest {
        request: 1,
        scopes: Scopes::CONTROL,
    };
    plane.message("control", "pointer and keyboard", request);
    plane.valid(
        "none",
        "no scopes: the sharer judges that",
        ControlRequest {
            request: 0,
            scopes: Scopes::NONE,
        },
    );
    plane.valid(
        "all",
        "every scope",
        ControlRequest {
            request: u32::MAX,
            scopes: Scopes::ALL,
        },
    );
    plane.body(
        "control-request/scopes",
        "a scope that is not registered",
        0x0A,
        &[1, 0x80, 0x02],
        "WIRE-7",
    );
    plane.message("first", "request 1", ControlWithdraw { request: 1 });
    let grant = ControlGrant {
        request: 1,
        grant: 1,
        scopes: Scopes::CONTROL,
        duration_ms: 900_000,
        secret: run(0xC0),
    };
    plane.message(
        "control",
        "pointer and keyboard for 15 minutes",
        grant.clone(),
    );
    plane.valid(
        "narrowed",
        "a grant that answers no request",
        ControlGrant {
            request: 0,
            grant: 2,
            scopes: Scopes::POINTER,
            ..grant
        },
    );
    let scopes = [&[1, 1, 0x80, 0x02, 1][..], &run::<32>(0xC0)].concat();
    plane.body(
        "control-grant/scopes",
        "a scope that is not registered",
        0x0E,
        &scopes,
        "WIRE-7",
    );
    plane.message(
        "denied",
        "the person refused",
        ControlDeny {
            request: 1,
            code: ErrorCode::Denied.to_wire(),
        },
    );
    plane.message(
        "revoked",
        "the person took it back",
        ControlEnd {
            grant: 1,
            code: ErrorCode::Revoked.to_wire(),
        },
    );
    plane.valid(
        "unregistered",
        "a code that is not registered",
        ControlEnd {
            grant: 1,
            code: 0xFFFF,
        },
    );
    plane.body(
        "control-end/large",
        "a code beyond 16 bits",
        0x12,
        &[1, 0x80, 0x80, 0x04],
        "WIRE-1",
    );
    plane.message("set", "the flag is set", Pause { paused: true });
    plane.valid("unset", "the flag is unset", Pause { paused: false });
    plane.body("pause/bool", "a bool that is 2", 0x14, &[2], "WIRE-7");
}
