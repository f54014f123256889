//! Who is signed in, what is allowed, which devices wait, who may have a card and who may report: kept beside the relay from
//! what goes into it and comes out of it, in the words of the text, and held against what it does.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use alongside_state_machine::{
    device::token_hash,
    relay::{
        CardWanted, ConnId, Event, NotVerified, Registration, RelayConfig, Verified,
        account::{Account, Role, Standing},
        policy::{Ceilings, Network, Policy, Rules, Sharers},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    device::DeviceId,
    rendezvous::{CardRequest, CodeIssued, Gone, Join, Message, Refused, SignedIn, Wait},
};

/// What is known of a connection.
struct Client {
    source: IpAddr,
    /// Its account, and until when.
    account: Option<(Account, Timestamp)>,
    join: Option<Join>,
    wait: Option<Wait>,
    request: Option<CardRequest>,
    challenge: Option<[u8; 32]>,
    /// The device that it was told it waits for, as that was registered then.
    waits: Option<(DeviceId, Registration)>,
    session: Option<u64>,
    /// When it left the session that it may report, and whose account is to be named.
    left: Option<(Timestamp, String)>,
    /// Some of its bytes may have been read otherwise than they were meant.
    garbled: bool,
}

struct Session {
    ends: [ConnId; 2],
    until: Timestamp,
    /// The helper's account, as a report names it.
    helped_by: String,
}

/// What is true of a relay's clients.
pub(super) struct Facts {
    config: RelayConfig,
    policy: Policy,
    devices: BTreeMap<DeviceId, Registration>,
    issuing: bool,
    clients: BTreeMap<ConnId, Client>,
    sessions: BTreeMap<u64, Session>,
    begun: u64,
    /// Connections that ever had a session.
    had_one: BTreeSet<ConnId>,
    challenges: BTreeSet<[u8; 32]>,
    /// Offers that helpers are to be told.
    offers: BTreeMap<ConnId, Vec<u8>>,
}

impl Facts {
    pub(super) fn new(config: &RelayConfig, issuing: bool) -> Self {
        Self {
            config: config.clone(),
            policy: Policy::default(),
            devices: BTreeMap::new(),
            issuing,
            clients: BTreeMap::new(),
            sessions: BTreeMap::new(),
            begun: 0,
            had_one: BTreeSet::new(),
            challenges: BTreeSet::new(),
            offers: BTreeMap::new(),
        }
    }

    pub(super) fn set_policy(&mut self, policy: Policy) {
        let both = self.policy.meet(&policy);
        let all = self.clients.values().filter(|one| one.account.is_some());
        let known: Vec<_> = all
            .filter_map(|one| Some((&one.account.as_ref()?.0, one.source)))
            .collect();
        for (account, source) in &known {
            let may = |policy: &Policy| policy.sign_in(account, *source).ok();
            let each = may(&self.policy).zip(may(&policy));
            let meet = |(one, other): (Ceilings, Ceilings)| Ceilings {
                help: one.help.intersect(other.help),
                share: one.share.intersect(other.share),
            };
            assert_eq!(may(&both), each.map(meet), "what both allow");
        }
        let helpers = known.iter().map(|(account, _)| Some(*account));
        for helper in helpers.chain([None]) {
            let sharer = known.first().map(|(account, _)| *account);
            for (sharer, link) in [(None, false), (None, true), (sharer, false)] {
                let may = |policy: &Policy| policy.join(helper, sharer, link).ok();
                let Some(scopes) = may(&both) else {
                    continue;
                };
                let each = may(&self.policy).zip(may(&policy));
                let (one, other) = each.expect("what both allow, each allows");
                assert_eq!(scopes, one.intersect(other));
            }
        }
        self.policy = policy;
    }

    pub(super) fn set_devices(&mut self, devices: BTreeMap<DeviceId, Registration>) {
        self.devices = devices;
    }

    pub(super) fn set_issuing(&mut self, issuing: bool) {
        self.issuing = issuing;
    }

    pub(super) fn connected(&mut self, conn: ConnId, source: IpAddr) {
        let client = Client {
            source,
            account: None,
            join: None,
            wait: None,
            request: None,
            challenge: None,
            waits: None,
            session: None,
            left: None,
            garbled: false,
        };
        self.clients.insert(conn, client);
    }

    pub(super) fn gone(&mut self, conn: ConnId) {
        self.clients.remove(&conn);
        self.offers.remove(&conn);
    }

    pub(super) fn garbled(&mut self, conn: ConnId) {
        if let Some(client) = self.clients.get_mut(&conn) {
            client.garbled = true;
        }
    }

    /// Whether a number was that of somebody in a session: it is not to be given again, so that everybody knows who is meant.
    pub(super) fn had_a_session(&self, conn: ConnId) -> bool {
        self.had_one.contains(&conn)
    }

    /// Whether all that a client said was read as it was meant.
    pub(super) fn is_sure(&self, conn: ConnId) -> bool {
        self.clients.get(&conn).is_some_and(|one| !one.garbled)
    }

    /// A client says this.
    pub(super) fn says(&mut self, conn: ConnId, message: &Message) {
        let Some(client) = self.clients.get_mut(&conn) else {
            return;
        };
        match message {
            Message::Join(join) => (client.join, client.wait) = (Some(join.clone()), None),
            Message::Wait(wait) => (client.wait, client.join) = (Some(wait.clone()), None),
            Message::CardRequest(request) => client.request = Some(request.clone()),
            Message::Leave(_) => client.waits = None,
            _ => {}
        }
    }

    /// The account of a client; or that its sign-in is over.
    fn account(&self, conn: ConnId, now: Timestamp) -> Result<Option<&Account>, ErrorCode> {
        let known = self.clients.get(&conn);
        match known.and_then(|client| client.account.as_ref()) {
            Some((_, until)) if now >= *until => Err(ErrorCode::SignInExpired),
            Some((account, _)) => Ok(Some(account)),
            None => Ok(None),
        }
    }

    //= test spec/13-sign-in.md#policy [POLICY-1] 15dd3584
    /// All rules that apply to a helper, or to somebody who signs in.
    fn rules(&self, account: Option<&Account>) -> Vec<&Rules> {
        match account.filter(|account| !account.organisation.is_empty()) {
            None => vec![&self.policy.assist],
            Some(account) => {
                let own = self.policy.organisations.get(&account.organisation);
                [&self.policy.organisation].into_iter().chain(own).collect()
            }
        }
    }

    /// The ceilings of somebody who signs in, or why they may not.
    fn may_sign_in(&self, account: &Account, source: IpAddr) -> Result<[Scopes; 2], ErrorCode> {
        let rules = self.rules(Some(account));
        if rules.iter().any(|rules| !rules.enabled) {
            return Err(ErrorCode::ProductDisabled);
        }
        let from = |list: &Vec<Network>| list.iter().any(|network| is_in(network, source));
        let fits =
            |rules: &&Rules| rules.networks.iter().all(from) && account.device >= rules.own_device;
        if !rules.iter().all(fits) {
            return Err(ErrorCode::ConditionsNotMet);
        }
        let share = most(&rules);
        Ok([account.role.ceiling().intersect(share), share])
    }

    /// Why a helper gets no code by the rules, if it is so.
    pub(super) fn refuses_code(&self, conn: ConnId, now: Timestamp) -> Option<ErrorCode> {
        let account = match self.account(conn, now) {
            Ok(account) => account,
            Err(code) => return Some(code),
        };
        let rules = self.rules(account);
        let enabled = rules.iter().all(|rules| rules.enabled);
        if account.is_none() {
            let helps = !enabled && self.policy.organisation.enabled;
            let wanted = enabled && self.policy.assist.sign_in;
            if helps || wanted {
                return Some(ErrorCode::SignInRequired);
            }
        }
        if !enabled {
            return Some(ErrorCode::ProductDisabled);
        }
        let role = account.map_or(Role::Elevation, |account| account.role);
        let sees = role != Role::None && rules.iter().all(|rules| rules.most != Role::None);
        (!sees).then_some(ErrorCode::RoleNotEnough)
    }

    /// Whether a sharer may join by a code of this helper.
    fn may_join(&self, helper: ConnId, sharer: ConnId, link: bool, now: Timestamp) -> bool {
        let account = self.account(helper, now).ok().flatten();
        // A sign-in that is over is none here.
        let sharer = self.account(sharer, now).ok().flatten();
        self.rules(account).iter().all(|rules| {
            let same = sharer.zip(account).is_some_and(|(sharer, helper)| {
                !helper.organisation.is_empty()
                    && (&helper.issuer, &helper.organisation)
                        == (&sharer.issuer, &sharer.organisation)
            });
            let known = match rules.sharers {
                Sharers::Anybody => true,
                Sharers::SignedIn => sharer.is_some(),
                Sharers::SameOrganisation => same,
            };
            let device = sharer.map_or(Standing::Unknown, |sharer| sharer.device);
            known && device >= rules.devices && (rules.links || !link)
        })
    }

    /// A token was judged, and this client was told that, if anything.
    pub(super) fn verified(
        &mut self,
        conn: ConnId,
        result: Result<Verified, NotVerified>,
        answer: Option<&Message>,
        now: Timestamp,
    ) {
        let Some(client) = self.clients.get(&conn) else {
            return;
        };
        let may = match &result {
            Ok(verified) => self.may_sign_in(&verified.account, client.source),
            Err(NotVerified::Unsupported) => Err(ErrorCode::Unsupported),
            Err(NotVerified::Failed) => Err(ErrorCode::SignInFailed),
            Err(NotVerified::Expired) => Err(ErrorCode::SignInExpired),
        };
        match answer {
            Some(Message::SignedIn(told)) => {
                let verified = result.expect("somebody is signed in by a bad token");
                self.is_signed_in(conn, verified, may, told, now);
            }
            Some(Message::Refused(Refused { code })) => {
                let code = ErrorCode::from_wire(*code);
                assert_eq!(may.err(), code, "why nobody is signed in");
            }
            // It has left in the meantime.
            _ => {}
        }
    }

    fn is_signed_in(
        &mut self,
        conn: ConnId,
        verified: Verified,
        may: Result<[Scopes; 2], ErrorCode>,
        told: &SignedIn,
        now: Timestamp,
    ) {
        assert_eq!(may, Ok([told.help, told.share]), "what they may");
        let lasts_ms = verified.lasts_ms.min(self.config.sign_in_ms);
        assert_eq!(told.lasts_ms, lasts_ms);
        let part = |of: &str, told: &str| {
            let visible: String = of.chars().filter(|one| !one.is_control()).collect();
            told.len() <= 64 && visible.starts_with(told)
        };
        let Verified { account, .. } = verified;
        assert!(part(&account.name, &told.name), "another name");
        assert!(part(&account.organisation, &told.organisation));
        if let Some(client) = self.clients.get_mut(&conn) {
            client.account = Some((account, now.plus_ms(lasts_ms)));
        }
    }

    /// A client was told this.
    pub(super) fn told(&mut self, conn: ConnId, message: &Message, now: Timestamp) {
        match message {
            Message::CodeIssued(issued) => self.has_code(conn, issued, now),
            Message::Waiting(_) => self.waits(conn),
            Message::CardChallenge(told) => {
                let new = self.challenges.insert(told.challenge);
                assert!(new, "a challenge twice");
                self.is_challenged(conn, told.challenge, now);
            }
            Message::Joined(joined) => {
                let offer = self.offers.remove(&conn);
                assert!(offer.is_none_or(|offer| offer == joined.offer), "another");
            }
            Message::Gone(Gone { .. }) => {
                if let Some(client) = self.clients.get_mut(&conn) {
                    client.waits = None;
                }
            }
            _ => {}
        }
    }

    fn has_code(&self, conn: ConnId, issued: &CodeIssued, now: Timestamp) {
        assert_eq!(self.refuses_code(conn, now), None, "and has a code");
        let known = self.clients.get(&conn);
        let account = known.and_then(|client| client.account.as_ref());
        let until = now.plus_ms(issued.lifetime_ms.into());
        //= test spec/13-sign-in.md#lasting [AUTH-12] b929b60d
        assert!(
            account.is_none_or(|(_, signed_in)| until <= *signed_in),
            "a code outlives the sign-in"
        );
    }

    //= test spec/17-known-devices.md#waiting [DEVICE-4] 9018bf39
    fn waits(&mut self, conn: ConnId) {
        let others = self.clients.values().filter(|client| !client.garbled);
        let others: Vec<_> = others.filter_map(|one| one.waits.clone()).collect();
        assert!(others.len() < self.config.device_waits, "too many wait");
        // It may have been called at the same moment.
        let waits = |one: &&Client| !one.garbled && one.session.is_none();
        let Some(client) = self.clients.get(&conn).filter(waits) else {
            return;
        };
        let device = self.device_of(client);
        let device = device.expect("a device that is registered, and its token");
        let twice = others.iter().any(|(other, _)| *other == device.0);
        assert!(!twice, "two wait as one device");
        if let Some(client) = self.clients.get_mut(&conn) {
            client.waits = Some(device);
        }
    }

    /// The device that a client has asked to wait as, if it is that one.
    fn device_of(&self, client: &Client) -> Option<(DeviceId, Registration)> {
        let wait = client.wait.as_ref()?;
        let registered = self.devices.get(&wait.device)?;
        let is_its = registered.token_hash == token_hash(&wait.token);
        is_its.then(|| (wait.device, registered.clone()))
    }

    //= test spec/15-identity.md#issuing [CARD-22] 069eb6d8
    fn is_challenged(&mut self, conn: ConnId, challenge: [u8; 32], now: Timestamp) {
        assert!(self.issuing, "no cards are issued");
        self.ceiling(conn, now).expect("a card for this account");
        if let Some(client) = self.clients.get_mut(&conn) {
            client.challenge = Some(challenge);
        }
    }

    /// The most that may be on the card of a client.
    fn ceiling(&self, conn: ConnId, now: Timestamp) -> Option<Scopes> {
        let account = self.account(conn, now).ok()??;
        let source = self.clients.get(&conn)?.source;
        let [help, _] = self.may_sign_in(account, source).ok()?;
        help.contains(Scopes::VIEW).then_some(help)
    }

    //= test spec/15-identity.md#issuing [CARD-23] 718a21a7
    //= test spec/15-identity.md#issuing [CARD-25] e32699bd
    /// A card is to be signed.
    pub(super) fn wanted(&mut self, conn: ConnId, wanted: &CardWanted, now: Timestamp) {
        let ceiling = self.ceiling(conn, now);
        assert_eq!(ceiling, Some(wanted.ceiling), "what is on the card");
        let client = self.clients.get_mut(&conn).expect("a card for nobody");
        let challenge = client.challenge.take();
        assert_eq!(challenge, Some(wanted.challenge), "an old challenge");
        let (account, until) = client.account.as_ref().expect("somebody");
        assert_eq!(account, &*wanted.account, "somebody else's");
        assert_eq!(wanted.lasts_ms, until.since(now) / 1_000);
        if let Some(request) = client.request.as_ref().filter(|_| !client.garbled) {
            let keys = (&request.card_key, &request.receipt_key);
            assert_eq!(
                keys,
                (&wanted.request.card_key, &wanted.request.receipt_key)
            );
            assert_eq!(request.profile, wanted.profile);
        }
    }

    /// Something happened in the relay, by what this client said if anybody did.
    pub(super) fn happened(&mut self, event: &Event, speaker: Option<ConnId>, now: Timestamp) {
        match event {
            Event::Paired { helper, sharer } => self.paired([*helper, *sharer], now),
            Event::PeerBack {
                before, now: after, ..
            } => self.is_back(*before, *after),
            Event::Unpaired { ends, .. } => self.unpaired(*ends, now),
            Event::Reported { account, .. } => {
                let client = speaker.and_then(|conn| self.clients.get_mut(&conn));
                let left = client.and_then(|client| client.left.take());
                let (at, helped_by) = left.expect("a report of a session");
                //= test spec/14-operation.md#reports [REPORT-5] 8b739be3
                let window = self.config.report_window_ms;
                assert!(now < at.plus_ms(window), "a report after its time");
                assert_eq!(*account, helped_by, "another account is reported");
            }
            Event::PeerLost { .. } | Event::Used { .. } | Event::Violation { .. } => {}
        }
    }

    fn paired(&mut self, [helper, sharer]: [ConnId; 2], now: Timestamp) {
        let account = self.account(helper, now).ok().flatten();
        if self.is_sure(helper) && self.is_sure(sharer) {
            assert_eq!(self.refuses_code(helper, now), None, "and has a session");
            let client = &self.clients[&sharer];
            // What it asked for may be looked up at the same moment.
            let device = client.waits.clone().or_else(|| self.device_of(client));
            match &device {
                Some((device, registered)) => {
                    //= test spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
                    let is_of = account.is_some_and(|account| {
                        let issuer = registered.issuer.as_ref();
                        account.organisation == registered.organisation
                            && issuer.is_none_or(|issuer| *issuer == account.issuer)
                    });
                    assert!(is_of, "somebody else calls {device:?}");
                    assert_eq!(self.devices.get(device), Some(registered));
                }
                None => {
                    let join = client.join.as_ref().expect("it joined");
                    //= test spec/13-sign-in.md#policy [POLICY-8] 8246cf8d
                    //= test spec/13-sign-in.md#policy [POLICY-9] 04c2f4e3
                    //= test spec/13-sign-in.md#policy [POLICY-10] 2175e37f
                    assert!(
                        self.may_join(helper, sharer, join.link, now),
                        "no rule allows it"
                    );
                }
            }
            let wait = client.wait.as_ref().map(|wait| &wait.offer);
            let offer = wait.or(client.join.as_ref().map(|join| &join.offer));
            let offer = offer.cloned();
            self.offers.extend(offer.map(|offer| (helper, offer)));
        }
        let account = self.account(helper, now).ok().flatten();
        let name = account.map(|account| format!("{} {}", account.issuer, account.subject));
        let helped_by = name.unwrap_or_default();
        let mut until = now.plus_ms(self.config.session_length_ms);
        //= test spec/13-sign-in.md#policy [POLICY-12] 3700ef75
        if self.rules(account).iter().any(|rules| rules.end_at_expiry)
            && let Some((_, signed_in)) = &self.clients[&helper].account
        {
            until = until.min(*signed_in);
        }
        self.begun += 1;
        let ends = [helper, sharer];
        for end in ends {
            self.had_one.insert(end);
            if let Some(client) = self.clients.get_mut(&end) {
                (client.session, client.waits) = (Some(self.begun), None);
            }
        }
        let session = Session {
            ends,
            until,
            helped_by,
        };
        self.sessions.insert(self.begun, session);
    }

    fn is_back(&mut self, before: ConnId, after: ConnId) {
        let mut all = self.sessions.iter_mut();
        let its = all.find(|(_, session)| session.ends.contains(&before));
        let (number, session) = its.expect("a place in a session");
        for end in session.ends.iter_mut().filter(|end| **end == before) {
            *end = after;
        }
        self.had_one.insert(after);
        if let Some(client) = self.clients.get_mut(&before) {
            client.session = None;
        }
        if let Some(client) = self.clients.get_mut(&after) {
            client.session = Some(*number);
        }
    }

    fn unpaired(&mut self, ends: [ConnId; 2], now: Timestamp) {
        let its = self.sessions.iter().find(|(_, known)| known.ends == ends);
        let number = *its.expect("the end of a session").0;
        let Some(session) = self.sessions.remove(&number) else {
            return;
        };
        for end in ends {
            let client = self.clients.get_mut(&end);
            if let Some(client) = client.filter(|one| one.session == Some(number)) {
                client.session = None;
                client.left = Some((now, session.helped_by.clone()));
            }
        }
    }

    /// Whether a client has a session to report.
    pub(super) fn may_report(&self, conn: ConnId, now: Timestamp) -> bool {
        let left = self.clients.get(&conn).and_then(|one| one.left.as_ref());
        left.is_some_and(|(at, _)| now < at.plus_ms(self.config.report_window_ms))
    }

    /// What is so at any time, when all that is due was done.
    pub(super) fn check(&self, now: Timestamp) {
        for client in self.clients.values() {
            if let Some(session) = client.session.and_then(|number| self.sessions.get(&number)) {
                assert!(now < session.until, "a session goes on after its end");
            }
            //= test spec/17-known-devices.md#waiting [DEVICE-11] 889afba1
            if let Some((device, registered)) = client.waits.as_ref().filter(|_| !client.garbled) {
                let known = self.devices.get(device);
                assert_eq!(known, Some(registered), "it waits, and is no such device");
            }
        }
    }
}

/// What the widest role that counts may do.
fn most(rules: &[&Rules]) -> Scopes {
    let all = rules.iter().map(|rules| rules.most.ceiling());
    all.fold(Scopes::ALL, Scopes::intersect)
}

/// Whether an address begins with the bits of a network.
fn is_in(network: &Network, address: IpAddr) -> bool {
    let bytes = |address: IpAddr| match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (of, one) = (bytes(network.address), bytes(address));
    let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let bits = usize::from(network.bits).min(8 * of.len());
    of.len() == one.len() && (0..bits).all(|at| bit(&of, at) == bit(&one, at))
}
