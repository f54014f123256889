//! What the relay's operator and the organisations allow: a function of facts, and nothing else.
//!
//! Rules only ever narrow. [`Rules::meet`] makes of two one that allows what both allow, and every
//! decision is monotone in that order; tests hold it to that.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::net::IpAddr;

use alongside_wire::{ErrorCode, Scopes};

use super::account::{Account, Role, Standing};
use crate::mutant;

/// The rules of both products, and of organisations by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For helpers without an organisation.
    pub assist: Rules,
    /// For helpers of an organisation.
    pub organisation: Rules,
    /// For those of one organisation, on top of the rules of the product.
    pub organisations: BTreeMap<String, Rules>,
}

/// What is allowed. The default allows everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Whether the product is there at all.
    pub enabled: bool,
    /// Whether a helper must be signed in.
    pub sign_in: bool,
    /// The widest role that counts.
    pub most: Role,
    /// Whether a sharer may join by a link.
    pub links: bool,
    /// Who may join.
    pub sharers: Sharers,
    /// The least standing of the device of whoever joins.
    pub devices: Standing,
    /// Networks from which a client may sign in: one of each list. No list is everywhere.
    pub networks: Vec<Vec<Network>>,
    /// The least standing of the device that a client signs in from.
    pub own_device: Standing,
    /// Whether a session ends with the sign-in of its helper.
    pub end_at_expiry: bool,
}

/// Who may join, the widest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sharers {
    /// Anybody with the code.
    #[default]
    Anybody,
    /// Who is signed in.
    SignedIn,
    /// Who is signed in to the helper's organisation.
    SameOrganisation,
}

/// A network of addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// An address of it.
    pub address: IpAddr,
    /// How many bits of it all have; more than the address has are all of them.
    pub bits: u8,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            enabled: true,
            sign_in: false,
            most: Role::Elevation,
            links: true,
            sharers: Sharers::Anybody,
            devices: Standing::Unknown,
            networks: Vec::new(),
            own_device: Standing::Unknown,
            end_at_expiry: false,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            assist: Rules::default(),
            // Help for unenrolled devices is off until somebody allows it.
            organisation: Rules {
                devices: Standing::Enrolled,
                ..Rules::default()
            },
            organisations: BTreeMap::new(),
        }
    }
}

/// The ceilings of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ceilings {
    /// As a helper.
    pub help: Scopes,
    /// As a sharer.
    pub share: Scopes,
}

//= spec/13-sign-in.md#policy [POLICY-1] 15dd3584
impl Rules {
    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self {
            enabled: self.enabled && other.enabled,
            sign_in: self.sign_in || other.sign_in,
            most: self.most.min(other.most),
            links: self.links && other.links,
            sharers: self.sharers.max(other.sharers),
            devices: self.devices.max(other.devices),
            networks: [self.networks.clone(), other.networks.clone()].concat(),
            own_device: self.own_device.max(other.own_device),
            end_at_expiry: self.end_at_expiry || other.end_at_expiry,
        }
    }

    fn take_in(&self, source: IpAddr) -> bool {
        let one_of = |list: &Vec<Network>| list.iter().any(|network| network.contains(source));
        self.networks.iter().all(one_of)
    }
}

impl Policy {
    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let mut organisations = self.organisations.clone();
        for (name, rules) in &other.organisations {
            let both = organisations
                .get(name)
                .map_or_else(|| rules.clone(), |own| own.meet(rules));
            organisations.insert(name.clone(), both);
        }
        Self {
            assist: self.assist.meet(&other.assist),
            organisation: self.organisation.meet(&other.organisation),
            organisations,
        }
    }

    //= spec/13-sign-in.md#policy [POLICY-2] f3e7c2c2
    /// The rules for a helper, or for somebody who signs in.
    pub fn rules(&self, account: Option<&Account>) -> Rules {
        let organisation = account.map(|account| account.organisation.as_str());
        match organisation.filter(|name| !name.is_empty()) {
            None if mutant::is("POLICY-2/both") => Rules {
                enabled: self.assist.enabled && self.organisation.enabled,
                ..self.assist.clone()
            },
            None => self.assist.clone(),
            Some(name) => match self.organisations.get(name) {
                None => self.organisation.clone(),
                Some(rules) if mutant::is("POLICY-1/own") => rules.clone(),
                Some(rules) => self.organisation.meet(rules),
            },
        }
    }

    /// Whether a client may sign in to this account from there, and its ceilings.
    ///
    /// # Errors
    /// The registered refusal.
    pub fn sign_in(&self, account: &Account, source: IpAddr) -> Result<Ceilings, ErrorCode> {
        let rules = self.rules(Some(account));
        //= spec/13-sign-in.md#policy [POLICY-3] aeffbc89
        if !rules.enabled && !mutant::is("POLICY-3/lets-in") {
            return Err(ErrorCode::ProductDisabled);
        }
        //= spec/13-sign-in.md#policy [POLICY-4] 6f961406
        if !rules.take_in(source) || account.device < rules.own_device {
            return Err(ErrorCode::ConditionsNotMet);
        }
        let share = rules.most.ceiling();
        let help = account.role.ceiling().intersect(share);
        Ok(Ceilings { help, share })
    }

    /// Whether a helper gets a code, and the ceiling of what it may do by it.
    ///
    /// # Errors
    /// The registered refusal.
    pub fn code(&self, helper: Option<&Account>) -> Result<Scopes, ErrorCode> {
        let rules = self.rules(helper);
        if helper.is_none() {
            let other = rules.enabled || self.organisation.enabled;
            //= spec/13-sign-in.md#policy [POLICY-6] b904142d
            if other && (!rules.enabled || rules.sign_in) && !mutant::is("POLICY-6/lets") {
                return Err(ErrorCode::SignInRequired);
            }
        }
        //= spec/13-sign-in.md#policy [POLICY-5] 280d079e
        if !rules.enabled && !mutant::is("POLICY-5/lets") {
            return Err(ErrorCode::ProductDisabled);
        }
        let role = helper.map_or(Role::Elevation, |account| account.role);
        let ceiling = role.ceiling().intersect(rules.most.ceiling());
        //= spec/13-sign-in.md#policy [POLICY-7] 4760a642
        if !ceiling.contains(Scopes::VIEW) && !mutant::is("POLICY-7/lets") {
            return Err(ErrorCode::RoleNotEnough);
        }
        Ok(ceiling)
    }

    /// Whether this sharer may join by a code of this helper, and the ceiling of their session.
    ///
    /// # Errors
    /// The registered refusal.
    pub fn join(
        &self,
        helper: Option<&Account>,
        sharer: Option<&Account>,
        link: bool,
    ) -> Result<Scopes, ErrorCode> {
        let ceiling = self.code(helper)?;
        let rules = self.rules(helper);
        //= spec/13-sign-in.md#policy [POLICY-8] 8246cf8d
        if link && !rules.links {
            return Err(ErrorCode::LinkNotAllowed);
        }
        //= spec/13-sign-in.md#policy [POLICY-9] 04c2f4e3
        let wants_account = rules.sharers > Sharers::Anybody || rules.devices > Standing::Unknown;
        let Some(sharer) = sharer else {
            return if wants_account {
                Err(ErrorCode::SignInRequired)
            } else {
                Ok(ceiling)
            };
        };
        let same = helper.is_some_and(|helper| helper.shares_organisation(sharer));
        if rules.sharers == Sharers::SameOrganisation && !same {
            return Err(ErrorCode::OtherOrganisation);
        }
        //= spec/13-sign-in.md#policy [POLICY-10] 2175e37f
        if sharer.device < rules.devices {
            return Err(ErrorCode::DeviceNotAllowed);
        }
        Ok(ceiling)
    }
}

impl Network {
    /// Whether an address is in it; an IPv4 address that came mapped into IPv6 is that address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.bits.min(32))
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.bits.min(128))
            }
            _ => false,
        }
    }
}
