//! What a relay's operator and one organisation allow.

use alongside_state_machine::relay::{
    account::{Role, Standing},
    policy::{Network, Policy, Rules, Sharers},
};

use crate::source::Source;

/// The organisation that has rules of its own.
pub(crate) const OURS: &str = "ours";

/// What is so without a policy, but that any device is helped.
pub(crate) fn open() -> Policy {
    let mut policy = Policy::default();
    policy.organisation.devices = Standing::Unknown;
    policy
}

/// What allows most, or anything.
pub(crate) fn policy(source: &mut Source<'_>) -> Policy {
    let mut policy = open();
    if source.one_in(3) {
        policy.assist = rules(source);
        policy.organisation = rules(source);
        policy.organisations.insert(OURS.to_owned(), rules(source));
    }
    policy
}

/// Rules of anything for one product or the organisation.
pub(crate) fn one(source: &mut Source<'_>) -> Policy {
    let mut policy = open();
    let which = source.below(3);
    let rules = rules(source);
    match which {
        0 => policy.assist = rules,
        1 => policy.organisation = rules,
        _ => drop(policy.organisations.insert(OURS.to_owned(), rules)),
    }
    policy
}

fn rules(source: &mut Source<'_>) -> Rules {
    Rules {
        enabled: !source.one_in(12),
        sign_in: source.one_in(6),
        most: match source.one_in(6) {
            true => *source.pick(&Role::ALL),
            false => Role::Elevation,
        },
        links: !source.one_in(8),
        sharers: *source.pick(&[
            Sharers::Anybody,
            Sharers::Anybody,
            Sharers::SignedIn,
            Sharers::SameOrganisation,
        ]),
        devices: *source.pick(&[
            Standing::Unknown,
            Standing::Unknown,
            Standing::Unknown,
            Standing::Enrolled,
        ]),
        networks: match source.one_in(8) {
            true => vec![vec![network(source)]],
            false => Vec::new(),
        },
        own_device: match source.one_in(8) {
            true => Standing::Enrolled,
            false => Standing::Unknown,
        },
        end_at_expiry: source.bool(),
    }
}

fn network(source: &mut Source<'_>) -> Network {
    match source.bool() {
        true => Network {
            address: [192, 0, 2, 0].into(),
            bits: source.byte() % 40,
        },
        false => Network {
            address: [0x2001, 0xDB8, 0, 1, 0, 0, 0, 0].into(),
            bits: source.byte() % 140,
        },
    }
}
