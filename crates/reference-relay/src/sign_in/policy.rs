//! A file of rules.

use std::{collections::BTreeMap, net::IpAddr, path::Path};

use alongside_state_machine::relay::{
    account::{Role, Standing},
    policy::{Network, Policy, Rules, Sharers},
};
use serde::Deserialize;

use super::{AccessError, reload::Reload};

/// The rules in a file. What it does not say is as without a file.
pub(super) fn open(path: &Path) -> Result<Reload<Policy>, AccessError> {
    Reload::open(path, parse)
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    assist: RulesTable,
    organisation: RulesTable,
    organisations: BTreeMap<String, RulesTable>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RulesTable {
    enabled: Option<bool>,
    sign_in: Option<bool>,
    most: Option<String>,
    links: Option<bool>,
    sharers: Option<String>,
    devices: Option<String>,
    networks: Option<Vec<String>>,
    own_device: Option<String>,
    end_at_expiry: Option<bool>,
}

fn parse(text: &str) -> Result<Policy, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let usual = Policy::default();
    let in_table = |table: &str, why: String| format!("[{table}] {why}");
    let assist = file.assist.rules(usual.assist);
    let organisation = file.organisation.rules(usual.organisation);
    let mut organisations = BTreeMap::new();
    for (name, table) in file.organisations {
        if name.is_empty() {
            return Err("an organisation has a name".to_owned());
        }
        let rules = table.rules(Rules::default());
        let rules = rules.map_err(|why| in_table(&format!("organisations.\"{name}\""), why))?;
        organisations.insert(name, rules);
    }
    Ok(Policy {
        assist: assist.map_err(|why| in_table("assist", why))?,
        organisation: organisation.map_err(|why| in_table("organisation", why))?,
        organisations,
    })
}

impl RulesTable {
    fn rules(self, usual: Rules) -> Result<Rules, String> {
        let networks = match self.networks {
            None => usual.networks,
            Some(list) if list.is_empty() => {
                return Err(
                    "networks: an empty list would let nobody in; leave it out, or say \
                            enabled = false"
                        .to_owned(),
                );
            }
            Some(list) => vec![
                list.iter()
                    .map(|text| network(text))
                    .collect::<Result<_, _>>()?,
            ],
        };
        Ok(Rules {
            enabled: self.enabled.unwrap_or(usual.enabled),
            sign_in: self.sign_in.unwrap_or(usual.sign_in),
            most: word("most", self.most, usual.most, &Role::ALL, Role::name)?,
            links: self.links.unwrap_or(usual.links),
            sharers: word("sharers", self.sharers, usual.sharers, &SHARERS, sharers)?,
            devices: standing("devices", self.devices, usual.devices)?,
            networks,
            own_device: standing("own_device", self.own_device, usual.own_device)?,
            end_at_expiry: self.end_at_expiry.unwrap_or(usual.end_at_expiry),
        })
    }
}

const SHARERS: [Sharers; 3] = [
    Sharers::Anybody,
    Sharers::SignedIn,
    Sharers::SameOrganisation,
];

fn sharers(sharers: Sharers) -> &'static str {
    match sharers {
        Sharers::Anybody => "anybody",
        Sharers::SignedIn => "signed-in",
        Sharers::SameOrganisation => "same-organisation",
    }
}

fn standing(rule: &str, said: Option<String>, usual: Standing) -> Result<Standing, String> {
    word(rule, said, usual, &Standing::ALL, Standing::name)
}

/// One of some words.
fn word<T: Copy>(
    rule: &str,
    said: Option<String>,
    usual: T,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    let Some(said) = said else {
        return Ok(usual);
    };
    let found = all.iter().copied().find(|one| name(*one) == said);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        format!("{rule} = \"{said}\": it is one of {}", names.join(", "))
    })
}

/// An address, or a network such as `192.0.2.0/24`.
fn network(text: &str) -> Result<Network, String> {
    let wrong = || format!("networks: \"{text}\" is no network such as 192.0.2.0/24");
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
    if bits > most {
        return Err(wrong());
    }
    Ok(Network { address, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_differs_from_usual() {
        assert_eq!(parse("").unwrap(), Policy::default());
        let policy = parse(
            "[assist]\nenabled = false\n\
             [organisation]\nlinks = false\nsharers = \"same-organisation\"\n\
             devices = \"unknown\"\nmost = \"control\"\n\
             networks = [\"192.0.2.0/24\", \"2001:db8::1\"]\nown_device = \"compliant\"\n\
             [organisations.\"Example Ltd\"]\nend_at_expiry = true\n",
        )
        .unwrap();
        let network = |text: &str, bits| Network {
            address: text.parse().unwrap(),
            bits,
        };
        assert!(!policy.assist.enabled && policy.assist.links);
        let expected = Rules {
            most: Role::Control,
            links: false,
            sharers: Sharers::SameOrganisation,
            networks: vec![vec![network("192.0.2.0", 24), network("2001:db8::1", 128)]],
            own_device: Standing::Compliant,
            ..Rules::default()
        };
        assert_eq!(policy.organisation, expected);
        assert!(policy.organisations["Example Ltd"].end_at_expiry);
    }

    #[test]
    fn a_wrong_file_says_where_and_what_to_do() {
        let cases = [
            (
                "[organisation]\nmost = \"all\"",
                "[organisation] most = \"all\": it is one of none",
            ),
            ("[assist]\nsharers = \"me\"", "signed-in"),
            (
                "[organisations.X]\ndevices = \"fine\"",
                "[organisations.\"X\"]",
            ),
            (
                "[organisation]\nnetworks = [\"192.0.2.0/33\"]",
                "192.0.2.0/33",
            ),
            ("[organisation]\nnetworks = [\"here\"]", "here"),
            ("[organisation]\nnetworks = []", "nobody"),
            ("[organisation]\nenabeld = true", "enabeld"),
            ("[consumers]\nenabled = true", "consumers"),
        ];
        for (text, told) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
