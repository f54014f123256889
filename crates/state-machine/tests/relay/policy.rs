//! Policies only ever narrow, whatever they and the facts are.

use std::net::IpAddr;

use alongside_state_machine::relay::{
    account::{Account, Role, Standing},
    policy::{Network, Policy, Rules, Sharers},
};
use alongside_wire::{ErrorCode, Scopes};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::sign_in::account;

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn address() -> impl Strategy<Value = IpAddr> {
    // Few, so that they meet.
    one_of(&["192.0.2.1", "192.0.3.1", "198.51.100.1", "2001:db8::1"])
        .prop_map(|text| text.parse().expect("an address"))
}

fn rules() -> impl Strategy<Value = Rules> {
    let network = (address(), one_of(&[0_u8, 16, 24, 32, 128]))
        .prop_map(|(address, bits)| Network { address, bits });
    let list = proptest::collection::vec(network, 0..3);
    let networks = proptest::collection::vec(list, 0..2);
    let sharers = one_of(&[
        Sharers::Anybody,
        Sharers::SignedIn,
        Sharers::SameOrganisation,
    ]);
    let switches = (
        proptest::bool::weighted(0.9),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let rest = (
        one_of(&Role::ALL),
        sharers,
        one_of(&Standing::ALL),
        networks,
        one_of(&Standing::ALL),
    );
    (switches, rest).prop_map(
        |((enabled, sign_in, links, end_at_expiry), (most, sharers, devices, networks, own))| {
            Rules {
                enabled,
                sign_in,
                most,
                links,
                sharers,
                devices,
                networks,
                own_device: own,
                end_at_expiry,
            }
        },
    )
}

const ORGANISATIONS: &[&str] = &["", "Example", "Other"];

fn policy() -> impl Strategy<Value = Policy> {
    let named = proptest::collection::btree_map(
        one_of(ORGANISATIONS).prop_map(str::to_owned),
        rules(),
        0..3,
    );
    (rules(), rules(), named).prop_map(|(assist, organisation, organisations)| Policy {
        assist,
        organisation,
        organisations,
    })
}

fn person() -> impl Strategy<Value = Account> {
    let facts = (
        one_of(ORGANISATIONS),
        one_of(&Role::ALL),
        one_of(&Standing::ALL),
    );
    facts.prop_map(|(organisation, role, device)| Account {
        device,
        ..account("somebody", organisation, role)
    })
}

fn somebody() -> impl Strategy<Value = Option<Account>> {
    proptest::option::weighted(0.7, person())
}

/// Whether one answer allows no more than another.
fn within(narrow: Result<Scopes, ErrorCode>, wide: Result<Scopes, ErrorCode>) -> bool {
    match (narrow, wide) {
        (Err(_), _) => true,
        (Ok(narrow), Ok(wide)) => wide.contains(narrow),
        (Ok(_), Err(_)) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, rng_seed: RngSeed::Fixed(2_027), ..ProptestConfig::default() })]

    //= test spec/13-sign-in.md#policy [POLICY-1] 15dd3584
    #[test]
    fn a_policy_on_top_of_another_never_allows_more(
        p in policy(), q in policy(), helper in somebody(), sharer in somebody(),
        source in address(), link: bool,
    ) {
        let both = p.meet(&q);
        let (helper, sharer) = (helper.as_ref(), sharer.as_ref());
        for one in [&p, &q] {
            prop_assert!(within(both.code(helper), one.code(helper)));
            let join = |policy: &Policy| policy.join(helper, sharer, link);
            prop_assert!(within(join(&both), join(one)));
            if let Some(account) = helper {
                let sign_in = |policy: &Policy| policy.sign_in(account, source);
                let help = |policy: &Policy| sign_in(policy).map(|may| may.help);
                let share = |policy: &Policy| sign_in(policy).map(|may| may.share);
                prop_assert!(within(help(&both), help(one)));
                prop_assert!(within(share(&both), share(one)));
            }
            prop_assert!(both.rules(helper).end_at_expiry >= one.rules(helper).end_at_expiry);
        }
    }

    //= test spec/13-sign-in.md#policy [POLICY-1] 15dd3584
    #[test]
    fn a_ceiling_is_within_the_role_and_within_all_rules(
        p in policy(), helper in person(), sharer in somebody(), source in address(), link: bool,
    ) {
        let role = helper.role.ceiling();
        let most = p.rules(Some(&helper)).most.ceiling();
        let product = if helper.organisation.is_empty() { &p.assist } else { &p.organisation };
        let named = p.organisations.get(&helper.organisation).filter(|_| !helper.organisation.is_empty());
        let all = [Some(role), Some(most), Some(product.most.ceiling()), named.map(|rules| rules.most.ceiling())];
        for limit in all.into_iter().flatten() {
            prop_assert!(within(p.code(Some(&helper)), Ok(limit)));
            prop_assert!(within(p.join(Some(&helper), sharer.as_ref(), link), Ok(limit)));
            prop_assert!(within(p.sign_in(&helper, source).map(|may| may.help), Ok(limit)));
        }
        prop_assert!(within(p.sign_in(&helper, source).map(|may| may.share), Ok(most)));
        prop_assert!(within(p.join(Some(&helper), sharer.as_ref(), link), p.code(Some(&helper))));
        prop_assert!(within(p.join(Some(&helper), sharer.as_ref(), true), p.join(Some(&helper), sharer.as_ref(), false)));
    }

    //= test spec/13-sign-in.md#policy [POLICY-2] f3e7c2c2
    #[test]
    fn one_product_is_the_same_whatever_the_other_is(
        p in policy(), other in rules(), helper in somebody(), sharer in somebody(),
        source in address(), link: bool,
    ) {
        let mut q = p.clone();
        let helper = helper.as_ref();
        if helper.is_some_and(|account| !account.organisation.is_empty()) {
            q.assist = other;
        } else {
            q.organisation = other;
        }
        let sharer = sharer.as_ref();
        prop_assert_eq!(p.code(helper).ok(), q.code(helper).ok());
        prop_assert_eq!(p.join(helper, sharer, link).ok(), q.join(helper, sharer, link).ok());
        if let Some(account) = helper {
            prop_assert_eq!(p.sign_in(account, source), q.sign_in(account, source));
        }
    }

    #[test]
    fn a_wider_role_is_never_allowed_less(
        p in policy(), helper in person(), sharer in somebody(), link: bool,
    ) {
        let wider = Account { role: Role::Elevation, ..helper.clone() };
        prop_assert!(within(
            p.join(Some(&helper), sharer.as_ref(), link),
            p.join(Some(&wider), sharer.as_ref(), link),
        ));
    }
}

/// Otherwise the properties would prove little.
#[test]
fn random_policies_do_allow_something() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut allowed = |_: &i32| {
        let tree = (policy(), somebody(), somebody()).new_tree(&mut runner);
        let (policy, helper, sharer) = tree.expect("a policy").current();
        policy.join(helper.as_ref(), sharer.as_ref(), false).is_ok()
    };
    let count = (0..1_000).filter(|number| allowed(number)).count();
    assert!((50..900).contains(&count), "{count} of 1,000");
}
