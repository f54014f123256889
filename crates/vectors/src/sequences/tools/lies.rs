//! What the other end gets wrong of the tools, and of what comes first after a reconnect.

use alongside_state_machine::session::{helper::Helper, sharer::Sharer};
use alongside_wire::{
    Scopes,
    session::{Clipboard, Heartbeat, Message, State},
};

use super::{ALL, Add, item, state, stroke};
use crate::sequences::{Done, End, Sequence, helper, sharer, violation};

pub(super) fn to_sharer(add: &mut Add<'_, Sharer>) {
    let mut sharer = Deceived {
        with_tools: sharer::with_tools,
        injects: true,
        add,
    };
    sharer.with_items();
    sharer.told(
        "drawing-grant",
        "a line of a grant that was never made",
        ALL,
        stroke(2, 1),
        (UNEXPECTED, "TOOL-2"),
    );
    sharer.told(
        "drawing-scope",
        "a line under a grant of the pointer",
        Scopes::POINTER,
        stroke(1, 1),
        ("scope-exceeded", "TOOL-3"),
    );
    sharer.with_what_comes_first();
    let epoch = State {
        epoch: 2,
        ..state(0, 0)
    };
    sharer.told_first(
        "reconnect-epoch",
        "an epoch that was never made",
        epoch,
        "RECON-25",
    );
}

pub(super) fn to_helper(add: &mut Add<'_, Helper>) {
    let mut helper = Deceived {
        with_tools: helper::with_tools,
        injects: false,
        add,
    };
    helper.with_items();
    helper.told(
        "drawing-sent",
        "what only a helper sends",
        ALL,
        stroke(1, 1),
        (UNEXPECTED, "SESSION-1"),
    );
    helper.with_what_comes_first();
}

const UNEXPECTED: &str = "unexpected-message";

/// An end that the other end lies to.
struct Deceived<'a, 'b, M> {
    with_tools: fn(Scopes) -> Sequence<M>,
    /// It says with its end that it injects no more.
    injects: bool,
    add: &'a mut Add<'b, M>,
}

impl<M: End> Deceived<'_, '_, M> {
    fn with_items(&mut self) {
        let other = Clipboard {
            grant: 2,
            ..item(1)
        };
        self.told(
            "clipboard-grant",
            "an item of a grant that was never made",
            ALL,
            other,
            (UNEXPECTED, "TOOL-2"),
        );
        self.told(
            "clipboard-first",
            "the first item is not 1",
            ALL,
            item(2),
            (UNEXPECTED, "TOOL-12"),
        );
        self.told(
            "clipboard-scope",
            "an item under a grant of the pointer",
            Scopes::POINTER,
            item(1),
            ("scope-exceeded", "TOOL-3"),
        );
    }

    fn with_what_comes_first(&mut self) {
        self.told_first(
            "reconnect-first",
            "something else than state comes first",
            Heartbeat {},
            "RECON-24",
        );
        self.told_first(
            "reconnect-lines",
            "a line was taken that was never written",
            state(0, 1),
            "RECON-25",
        );
    }

    fn told(
        &mut self,
        id: &str,
        about: &str,
        scopes: Scopes,
        lie: impl Into<Message>,
        (error, requirement): (&'static str, &'static str),
    ) {
        let mut sequence = (self.with_tools)(scopes);
        let ends = Done {
            released: self.injects,
            ..violation(error, requirement)
        };
        sequence.receive(10, lie, ends);
        sequence.receive(100, Heartbeat {}, Done::nothing());
        (self.add)(id, about, &[requirement, "SESSION-2"], sequence);
    }

    fn told_first(
        &mut self,
        id: &str,
        about: &str,
        lie: impl Into<Message>,
        requirement: &'static str,
    ) {
        let mut sequence = (self.with_tools)(ALL);
        let freezes = Done {
            released: self.injects,
            ..Done::default()
        };
        sequence.lost(100, freezes);
        sequence.master(100, Done::sent([state(0, 0).into()]));
        // Nothing is sealed for one that is not back.
        let ends = Done {
            sent: vec![],
            ..violation(UNEXPECTED, requirement)
        };
        sequence.receive(100, lie, ends);
        (self.add)(id, about, &[requirement], sequence);
    }
}
