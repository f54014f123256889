//! Exit codes that scripts can trust.

use std::process::ExitCode;

use alongside_client::{By, Ended};
use alongside_wire::{Class, ErrorCode};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A person ended the session.
    Done,
    /// Something failed, or the other end broke the protocol.
    Failed,
    /// There was no session: declined, no such code, wrong code.
    Refused,
    /// The other end, the relay, or the way to them was lost.
    Lost,
    /// Receipts hold, but the last ones may be missing.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            // 2 is a wrong command line.
            Exit::Refused => 3,
            Exit::Lost => 4,
            Exit::Incomplete => 5,
        })
    }
}

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Self {
        match ended.code {
            ErrorCode::Done => Self::Done,
            ErrorCode::Declined
            | ErrorCode::NothingAllowed
            | ErrorCode::HandshakeFailed
            | ErrorCode::HandshakeTimeout
            | ErrorCode::CodeExpired => Self::Refused,
            ErrorCode::Lost
            | ErrorCode::RelayShutdown
            | ErrorCode::Idle
            | ErrorCode::SessionLength => Self::Lost,
            code => match code.class() {
                Class::Refusal { .. } => Self::Refused,
                Class::Violation | Class::Ending => Self::Failed,
            },
        }
    }
}

//= spec/17-known-devices.md#exchange [DEVICE-17] cfba648f
//= spec/05-session.md#end [END-7] 4ec22d35
/// What a refusal of the relay means, and what to do next; nothing if it is none of these.
pub(crate) fn refused(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::SignInRequired => {
            "this needs a sign-in; get a token from who runs the relay, or from your organisation, \
             and give it with --token-file FILE"
        }
        ErrorCode::SignInFailed => {
            "the token was not taken: it is not one that this relay knows, or was damaged; get a \
             new one"
        }
        ErrorCode::SignInExpired => "the sign-in is over; get a fresh token and start again",
        ErrorCode::RoleNotEnough => {
            "this account may not help others; ask your organisation for the role of a helper"
        }
        ErrorCode::ProductDisabled => {
            "the relay's operator, or the organisation, has switched this kind of help off; use \
             another relay, or ask them"
        }
        ErrorCode::ConditionsNotMet => {
            "the organisation lets people sign in from certain networks or devices only; use one \
             of those, or ask its administrators"
        }
        ErrorCode::DeviceNotAllowed => {
            "the organisation does not allow help for a device that it does not know well enough; \
             use a device of the organisation, or ask its administrators"
        }
        ErrorCode::LinkNotAllowed => {
            "the organisation does not allow joining by a link; ask for a new code and type it"
        }
        ErrorCode::OtherOrganisation => {
            "the helper's organisation helps its own people only; sign in with an account of it"
        }
        _ => return None,
    })
}

/// Why the relay does not do what was asked, for the person.
pub(crate) fn by_relay(code: ErrorCode) -> String {
    let ended = Ended {
        by: By::Relay,
        code,
        fault: None,
    };
    explain(&ended, "the other end")
}

/// Why it is over, for the person; `other` is what the other end is called.
pub(crate) fn explain(ended: &Ended, other: &str) -> String {
    if let Some(fault) = &ended.fault {
        let who = match ended.by {
            By::Peer => other,
            By::Local | By::Relay => "the relay, or somebody on the way,",
        };
        if ended.code == ErrorCode::HandshakeFailed {
            return format!("the code was wrong, or somebody is in between: {fault}");
        }
        return format!("{who} broke the protocol: {fault}");
    }
    let who = match ended.by {
        By::Local => "you",
        By::Peer => other,
        By::Relay => "the relay",
    };
    if let Some(why) = refused(ended.code) {
        return why.to_owned();
    }
    match ended.code {
        ErrorCode::Unsupported if ended.by == By::Relay => {
            "this relay knows no sign-in of this kind; leave --token-file out, or use another relay"
                .into()
        }
        ErrorCode::Done => format!("{who} ended the session"),
        ErrorCode::Declined if ended.by == By::Local => "no consent was given".to_owned(),
        ErrorCode::Declined => format!("{other} did not consent"),
        ErrorCode::NothingAllowed => {
            "what your side and the other allow has neither seeing nor chat in common, so there is nothing to agree to"
                .into()
        }
        ErrorCode::Lost => format!("the connection to {other}, or to the relay, was lost"),
        ErrorCode::RelayShutdown => "the relay is shutting down; use another, or try later".into(),
        ErrorCode::NotFound => "there is no such code: it was mistyped, has been used, or is more \
                                than ten minutes old; ask for a new one"
            .into(),
        ErrorCode::Busy => "the relay is busy; try again in a minute".into(),
        ErrorCode::Draining => {
            "the relay is about to shut down; use another, or try again later".into()
        }
        ErrorCode::HandshakeTimeout => {
            format!("{other} did not answer in time; ask for a new code and try again")
        }
        ErrorCode::HandshakeFailed => "the code was wrong; ask for a new one".into(),
        ErrorCode::SessionLength => "the session has lasted as long as the relay allows".into(),
        ErrorCode::Idle => "nothing happened for too long".into(),
        code => format!("{who} ended the session: {code}"),
    }
}
