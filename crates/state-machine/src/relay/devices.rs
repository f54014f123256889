//! Known devices at the relay: they wait, and helpers of their organisation call them.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use alongside_wire::{
    ErrorCode,
    device::DeviceId,
    journal::Features,
    rendezvous::{Call, Joined, Wait, Waiting},
};

use super::{ConnId, Event, Relay, account::Account, client::Phase, control::Held};
use crate::{device::token_hash, mutant, time::Timestamp};

/// What a relay knows of a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Registration {
    /// [`token_hash`] of its registration token.
    pub token_hash: [u8; 32],
    /// Whose helpers may call it; never empty.
    pub organisation: String,
    /// Who must vouch for those helpers; `None` is anybody whom the relay believes.
    pub issuer: Option<String>,
}

impl Registration {
    /// Whether an account is of the organisation of the device.
    fn is_of(&self, account: &Account) -> bool {
        let issuer = self.issuer.as_ref();
        !self.organisation.is_empty()
            && self.organisation == account.organisation
            && issuer.is_none_or(|issuer| *issuer == account.issuer)
    }
}

/// The devices of a relay.
#[derive(Clone, Default)]
pub(super) struct Devices {
    registered: BTreeMap<DeviceId, Registration>,
    waiting: BTreeMap<DeviceId, ConnId>,
}

/// What a client has to do with devices.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Dialling {
    /// What it asked for waits to be looked up.
    Asking { asked: Asked, held: Held },
    /// It can be called.
    Listening { device: DeviceId, offer: Vec<u8> },
}

/// What is to be looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Wait(Wait),
    Call(Call),
}

impl Devices {
    pub(super) fn is_registered(&self, wait: &Wait) -> bool {
        let known = self.registered.get(&wait.device);
        known.is_some_and(|known| known.token_hash == token_hash(&wait.token))
    }
}

impl Relay {
    //= spec/17-known-devices.md#waiting [DEVICE-11] 889afba1
    /// The devices from now on. Those that wait and are no longer registered as they were are told,
    /// and wait no more.
    pub fn set_devices(&mut self, registered: BTreeMap<DeviceId, Registration>, now: Timestamp) {
        let before = core::mem::replace(&mut self.devices.registered, registered);
        let waiting = self.devices.waiting.iter();
        let gone = waiting
            .filter(|(device, _)| before.get(*device) != self.devices.registered.get(*device));
        let gone: Vec<ConnId> = gone.map(|(_, conn)| *conn).collect();
        for conn in gone {
            if mutant::is("DEVICE-11/waits-on") {
                continue;
            }
            self.release(conn, ErrorCode::NotFound.to_wire(), now);
            self.tell(conn, ErrorCode::NotFound);
        }
    }

    //= spec/17-known-devices.md#waiting [DEVICE-3] bcf94be4
    pub(super) fn dial(&mut self, conn: ConnId, asked: Asked, now: Timestamp) {
        if let Some(held) = self.hold_back(conn, now) {
            self.enter(conn, Phase::Device(Dialling::Asking { asked, held }), now);
            if mutant::is("DEVICE-3/at-once") {
                self.dialled(conn, now);
            }
        }
    }

    /// The time of a client that has to do with devices has come.
    pub(super) fn dialled(&mut self, conn: ConnId, now: Timestamp) {
        let asking = matches!(
            self.clients.get(&conn).map(|client| &client.phase),
            Some(Phase::Device(Dialling::Asking { .. }))
        );
        if !asking {
            //= spec/17-known-devices.md#waiting [DEVICE-10] e37311d1
            self.tell(conn, ErrorCode::Idle);
            self.close(conn, ErrorCode::Idle, now);
            return;
        }
        let left = self.enter(conn, Phase::Idle, now);
        let Some(Phase::Device(Dialling::Asking { asked, held })) = left else {
            return;
        };
        match asked {
            Asked::Wait(wait) => self.wait(conn, wait, &held, now),
            Asked::Call(call) => self.call(conn, &call, &held, now),
        }
    }

    //= spec/17-known-devices.md#waiting [DEVICE-4] 9018bf39
    fn wait(&mut self, conn: ConnId, wait: Wait, held: &Held, now: Timestamp) {
        let device = wait.device;
        if !self.devices.is_registered(&wait) {
            self.refuse(conn, ErrorCode::NotFound);
            return;
        }
        self.sources.succeeded(held.counted);
        //= spec/17-known-devices.md#waiting [DEVICE-8] b3f963c5
        if let Some(earlier) = self.devices.waiting.get(&device).copied() {
            let code = ErrorCode::Replaced;
            self.release(earlier, code.to_wire(), now);
            self.tell(earlier, code);
        }
        //= spec/17-known-devices.md#waiting [DEVICE-9] 048631ca
        if self.devices.waiting.len() >= self.config.device_waits {
            self.refuse(conn, ErrorCode::Busy);
            return;
        }
        self.devices.waiting.insert(device, conn);
        let offer = wait.offer;
        let listening = Dialling::Listening { device, offer };
        self.enter(conn, Phase::Device(listening), now);
        self.send(conn, Waiting {});
    }

    //= spec/17-known-devices.md#waiting [DEVICE-5] 7b8d3f64
    //= spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
    fn call(&mut self, helper: ConnId, call: &Call, held: &Held, now: Timestamp) {
        let Some(sharer) = self.found(helper, &call.device, now) else {
            self.refuse(helper, ErrorCode::NotFound);
            return;
        };
        //= spec/17-known-devices.md#waiting [DEVICE-7] d24a85b4
        if !mutant::is("DEVICE-7/stays") {
            self.devices.waiting.remove(&call.device);
        }
        self.sources.succeeded(held.counted);
        let until = self.session_ends(helper, now);
        let phase = |peer| {
            let peer = Some(peer);
            Phase::Paired { peer, until }
        };
        self.enter(helper, phase(sharer), now);
        let waited = self.enter(sharer, phase(helper), now);
        let Some(Phase::Device(Dialling::Listening { offer, .. })) = waited else {
            return;
        };
        self.events.push_back(Event::Paired { helper, sharer });
        self.note_account(helper, sharer, false, now);
        self.events.push_back(Event::Used {
            conn: helper,
            features: Features::KNOWN_DEVICE,
        });
        let offer = if mutant::is("DEVICE-5/changes") {
            offer.into_iter().rev().collect()
        } else {
            offer
        };
        self.send(helper, Joined { offer });
        self.give_places(helper, sharer, until);
    }

    /// Who waits for the caller, if the caller may call that device.
    pub(super) fn found(
        &self,
        helper: ConnId,
        device: &DeviceId,
        now: Timestamp,
    ) -> Option<ConnId> {
        let account = self.account(helper, now)?;
        let registration = self.devices.registered.get(device)?;
        let may_help = self.policy.code(Some(account)).is_ok();
        let is_of = registration.is_of(account) || mutant::is("DEVICE-6/anybody");
        if !may_help || !is_of {
            return None;
        }
        self.devices.waiting.get(device).copied()
    }

    /// A client waits no more.
    pub(super) fn hung_up(&mut self, dialling: Dialling) {
        if let Dialling::Listening { device, .. } = dialling {
            self.devices.waiting.remove(&device);
        }
    }
}
