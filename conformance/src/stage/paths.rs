//! The well-trodden ways to each phase. A case goes one, and then does what it is about.

use alongside_state_machine::channel::{
    Password,
    handshake::{Answering, Offering, SharerChannel},
    phrase::Phrase,
};
use alongside_wire::{
    ErrorCode, Scopes,
    code::{Code, Locator, Secret},
    envelope::{Answer, Envelope},
    limits::{self, timers},
    rendezvous::{self, CodeIssued, Join, Joined, Place, RelayHello},
    session::{
        Advisory, Chat, Consent, ControlGrant, ControlRequest, DisplayInfo, Displays, Epoch,
        Introduce, Message,
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore as _;
use serde_json::json;

use super::{Blame, Channel, ClientStage, Done, Item, Stop, a_while, channel::copy, frames};
use crate::{driver::Role, quic::Server};

/// What the suite calls itself as a helper.
pub(crate) const NAME: &str = "Ada";

impl ClientStage<'_> {
    /// Sets the client up with these fields of `open` besides the usual ones.
    ///
    /// # Errors
    /// If the driver does not take it.
    pub fn set_up(&mut self, more: &serde_json::Value) -> Done {
        let mut fields = json!({
            "role": self.role,
            "relay": self.server.address.to_string(),
            "certificate": self.server.certificate,
            "name": NAME,
        });
        if let (Some(fields), Some(more)) = (fields.as_object_mut(), more.as_object()) {
            fields.extend(more.clone());
        }
        self.does("open", fields).map(|_| ())
    }

    /// The client is connected, and has said `hello`.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn connected(&mut self) -> Done {
        self.set_up(&json!({}))?;
        self.connects()
    }

    /// It connects, after it was set up.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn connects(&mut self) -> Done {
        self.begins()?;
        self.accept()?;
        self.await_("hello", |item| item.is_to_relay("hello"))?;
        Ok(())
    }

    /// The person wants a code, or joins by one.
    ///
    /// # Errors
    /// If the driver does not take it.
    pub fn begins(&mut self) -> Done {
        match self.role {
            Role::Helper => self.act("create-code"),
            Role::Sharer => {
                let code = self.draw_code();
                let code = json!({ "code": code.to_string() });
                self.does("join", code).map(|_| ())
            }
        }
    }

    /// Where the suite's relay is, as the client was told.
    pub fn relay_address(&self) -> String {
        self.server.address.to_string()
    }

    /// Sets the client up with another relay beside the first.
    ///
    /// # Errors
    /// If the suite has no port, or the driver does not take it.
    pub fn know_another_relay(&mut self) -> Done {
        let another = Server::start(&self.bench.runtime).map_err(Stop::Harness)?;
        let relay = json!({
            "relay": another.address.to_string(),
            "certificate": another.certificate,
        });
        self.another = Some(another);
        self.set_up(&json!({ "relays": [relay] }))
    }

    /// The first relay takes no connection.
    ///
    /// # Errors
    /// If the client does not try to make one.
    pub fn turns_away(&mut self) -> Done {
        match self.server.hears_a_knock(self.bench.patience) {
            true => Ok(()),
            false => Err(self.in_vain("a connection")),
        }
    }

    /// Sees that the client comes to the other relay that it knows.
    ///
    /// # Errors
    /// If it does not.
    pub fn answers_as_another(&mut self, requirement: &'static str) -> Done {
        let patience = self.bench.patience;
        let knocks = |server: &Server| server.hears_a_knock(patience);
        let comes = self.another.as_ref().is_some_and(knocks);
        let seen = "it does not try to reach it";
        self.check(requirement, comes, "the next relay to be tried", seen)
    }

    /// Sees that the client does not come to the other relay that it knows.
    ///
    /// # Errors
    /// If it does.
    pub fn stays_with_its_relay(&mut self, requirement: &'static str) -> Done {
        // A client that tries another may not answer meanwhile.
        let settled = self.settle();
        let within = a_while(self.bench.patience);
        let knocks = |server: &Server| server.hears_a_knock(within);
        let comes = self.another.as_ref().is_some_and(knocks);
        self.check(requirement, !comes, "no other relay to be tried", "one was")?;
        settled
    }

    /// Draws a code that no session had before.
    pub fn draw_code(&mut self) -> Code {
        let (mut locator, mut secret) = ([0; 8], [0; 4]);
        self.rng.fill_bytes(&mut locator);
        self.rng.fill_bytes(&mut secret);
        let code = Code {
            locator: Locator::from_random(&locator, 8),
            secret: Secret::from_random(&secret),
        };
        self.code = Some(code);
        code
    }

    /// The relay's hello: no value differs from the registry, and no paths are stated but in cases about them.
    pub fn greet(&mut self) {
        let (mut hello, stated) = (RelayHello::default(), self.paths);
        let paths = limits::LIMITS.iter().find(|(_, name, _)| *name == "paths");
        if let (Some(stated), Some((id, ..))) = (stated, paths) {
            hello.limits.push((*id, stated));
        }
        self.say(hello);
    }

    /// The hellos are said, and the client has asked for what it wants.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn asking(&mut self) -> Done<rendezvous::Message> {
        self.connected()?;
        self.asks()
    }

    /// It asks for what it wants, once it is connected.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn asks(&mut self) -> Done<rendezvous::Message> {
        self.greet();
        let wanted = match self.role {
            Role::Helper => "code-request",
            Role::Sharer => "join",
        };
        match self.await_(wanted, |item| item.is_to_relay(wanted))? {
            Item::ToRelay(message) => Ok(message),
            other => Err(Stop::Harness(format!("{other} is no message"))),
        }
    }

    /// A helper has its code.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn has_code(&mut self) -> Done<Code> {
        self.asking()?;
        self.gets_code()
    }

    /// A helper that has asked gets a code, and shows it.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn gets_code(&mut self) -> Done<Code> {
        let locator = self.draw_code().locator;
        self.say(CodeIssued {
            locator,
            lifetime_ms: timers::CODE_LIFETIME as u32,
        });
        let event = self.told("code")?;
        let code = Code::parse(event.text("code"))
            .map_err(|error| Stop::Driver(format!("it shows a code that is none: {error}")))?;
        if code.locator != locator {
            return Err(Stop::Timeout {
                awaited: format!("a code with the locator {locator:?}"),
                seen: event.text("code").to_owned(),
            });
        }
        self.code = Some(code);
        Ok(code)
    }

    /// The handshake is under way: a sharer's join was answered with the helper's envelope, a helper
    /// has got an offer and answered it.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn securing(&mut self) -> Done<Envelope> {
        match self.role {
            Role::Sharer => {
                let offer = self.joins()?;
                self.answers(&offer)
            }
            Role::Helper => {
                self.has_code()?;
                self.offers()
            }
        }
    }

    /// The offer in the join of a sharer.
    ///
    /// # Errors
    /// If it does not join.
    pub fn joins(&mut self) -> Done<Vec<u8>> {
        self.set_up(&json!({}))?;
        self.joins_now()
    }

    /// The offer in the join of a sharer that is set up.
    ///
    /// # Errors
    /// If it does not join.
    pub fn joins_now(&mut self) -> Done<Vec<u8>> {
        self.connects()?;
        match self.asks()? {
            rendezvous::Message::Join(Join { offer, .. }) => Ok(offer),
            other => Err(Stop::Harness(format!("{} is no join", other.name()))),
        }
    }

    /// From a connection on, everything until the sharer's person is being asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn asks_and_decides(&mut self) -> Done {
        let envelope = match (self.role, self.asks()?) {
            (Role::Sharer, rendezvous::Message::Join(join)) => self.answers(&join.offer)?,
            _ => {
                self.gets_code()?;
                self.offers()?
            }
        };
        self.decides(envelope)
    }

    /// The case ends here, because the client has no such thing and need not.
    ///
    /// # Errors
    /// Always.
    pub fn lacks(&self, what: &str) -> Done {
        Err(Stop::Unsupported(what.to_owned()))
    }

    /// To a sharer: the place, and the answer to its offer. What comes back is its `confirm`.
    ///
    /// # Errors
    /// If nothing comes back, or the offer is no good.
    pub fn answers(&mut self, offer: &[u8]) -> Done<Envelope> {
        let (answering, answer) = self.answer_to(offer)?;
        self.place();
        self.deliver(answer);
        self.confirms(answering)
    }

    /// As a helper: what an offer is answered with, as an envelope.
    ///
    /// # Errors
    /// If the offer is no good.
    pub fn answer_to(&mut self, offer: &[u8]) -> Done<(Answering, Vec<u8>)> {
        let password = self.password()?;
        let answered = Answering::new(password, offer, &self.suites, self.ceiling, &mut self.rng);
        answered.map_err(|fault| self.no_key(&fault))
    }

    /// As a helper: the sharer's `confirm`, after which the channel stands.
    ///
    /// # Errors
    /// If none comes, or it is no good.
    pub fn confirms(&mut self, answering: Answering) -> Done<Envelope> {
        let envelope = self.envelope_of("confirm")?;
        let Envelope::Confirm(confirm) = &envelope else {
            return Ok(envelope);
        };
        let established = answering
            .confirmed(confirm)
            .map_err(|fault| self.no_key(&fault))?;
        self.opening = established.opening;
        self.phrase = established.phrase;
        self.stands(Channel::opposite(self.role, established.channel));
        Ok(envelope)
    }

    /// To a helper: somebody joins. What comes back is its `answer`.
    ///
    /// # Errors
    /// If nothing comes back.
    pub fn offers(&mut self) -> Done<Envelope> {
        let password = self.password()?;
        let offering = Offering::new(password, &self.suites, self.ceiling, &mut self.rng);
        self.say(Joined {
            offer: offering.offer().to_vec(),
        });
        self.place();
        self.offering = Some(offering);
        self.envelope_of("answer")
    }

    /// A place in the session, as the relay gives it.
    pub fn place(&mut self) {
        let mut token = [0; 32];
        self.rng.fill_bytes(&mut token);
        self.token = token;
        self.say(Place { token });
    }

    /// What both ends know: the key of the known device, or the code.
    fn password(&self) -> Done<Password> {
        let none = || Stop::Harness("the case wants a code, and there is none".to_owned());
        match &self.device {
            Some(device) => Ok(device.into()),
            None => self.code.map(Password::from).ok_or_else(none),
        }
    }

    fn envelope_of(&mut self, name: &str) -> Done<Envelope> {
        match self.await_(name, |item| item.is_envelope(name))? {
            Item::Envelope(envelope) => Ok(envelope),
            other => Err(Stop::Harness(format!("{other} is no envelope"))),
        }
    }

    fn no_key(&self, fault: &alongside_client::Fault) -> Stop {
        Stop::Timeout {
            awaited: "a key exchange that works".to_owned(),
            seen: fault.to_string(),
        }
    }

    /// Both ends have the same keys, and the sharer's person is being asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn deciding(&mut self) -> Done {
        let envelope = self.securing()?;
        self.decides(envelope)
    }

    /// The handshake comes to its end.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn decides(&mut self, envelope: Envelope) -> Done {
        match (self.role, envelope) {
            (Role::Helper, Envelope::Answer(answer)) => {
                self.keys_follow(&answer)?;
                self.hears("introduce")?;
            }
            _ => {
                self.introduce(NAME)?;
                self.told("consent-asked")?;
            }
        }
        Ok(())
    }

    /// As a sharer: has the same keys by the answer as the helper, and confirms it.
    ///
    /// # Errors
    /// If the answer is no good, or the helper does not take what confirms it.
    pub fn keys_follow(&mut self, answer: &Answer) -> Done {
        let established = self.established_by(answer)?;
        self.deliver(established.confirm.clone());
        let keys = copy(&established.channel);
        self.stands(Channel::opposite(self.role, keys));
        self.committed = Some(established);
        let from = self.mark;
        self.settle()?;
        match self.has_come(from, |item| item.is_to_relay("leave")) || self.link.is_none() {
            true => Err(self.in_vain("a key exchange that works")),
            false => Ok(()),
        }
    }

    /// As a sharer: what confirms an answer, as an envelope.
    ///
    /// # Errors
    /// If the answer is no good.
    pub fn confirm_of(&mut self, answer: &Answer) -> Done<Vec<u8>> {
        Ok(self.established_by(answer)?.confirm)
    }

    fn established_by(&mut self, answer: &Answer) -> Done<SharerChannel> {
        let none = || Stop::Harness("no offer was made".to_owned());
        let offering = self.offering.take().ok_or_else(none)?;
        let answered = offering.answered(answer, &self.suites, &mut self.rng);
        answered.map_err(|fault| self.no_key(&fault))
    }

    /// As a sharer: sees that `introduce` opens the commitment, and what the phrase is.
    ///
    /// # Errors
    /// If it does not.
    pub fn opens_commitment(&mut self, blame: impl Into<Blame>) -> Done<Phrase> {
        let blame = blame.into();
        let opening = self.log.iter().find_map(|item| match item.sealed() {
            Some(Message::Introduce(introduce)) => Some(introduce.opening),
            _ => None,
        });
        let channel = self.committed.as_ref();
        let phrase = opening.and_then(|opening| channel?.open(&opening).ok());
        let none = || Stop::Harness("it was seen to open".to_owned());
        let seen = "it does not open it";
        self.check(
            &blame,
            phrase.is_some(),
            "the opening of the commitment",
            seen,
        )?;
        phrase.ok_or_else(none)
    }

    /// What the suite draws from.
    pub const fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.rng
    }

    /// As a helper: opens the commitment, and says a name.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn introduce(&mut self, name: &str) -> Done {
        let introduce = Introduce {
            opening: self.opening,
            name: name.to_owned(),
            card: Vec::new(),
            proof: Vec::new(),
        };
        self.introduces(introduce)
    }

    /// As a helper: says this as its introduction.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn introduces(&mut self, introduce: Introduce) -> Done {
        self.introduced = true;
        self.seal_one(introduce)
    }

    /// The hash of the session's first handshake.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn transcript_hash(&self) -> Done<[u8; 32]> {
        let none = || Stop::Harness("there is no channel".to_owned());
        let channel = self.channel.as_ref().ok_or_else(none)?;
        Ok(channel.transcript)
    }

    /// The id of the latest frame that a sharer sent.
    pub fn latest_frame(&self) -> u32 {
        let frames = self.log.iter().rev();
        let mut ids = frames.filter_map(|item| match item {
            Item::Frame { id, .. } => Some(*id),
            _ => None,
        });
        ids.next().unwrap_or_default()
    }

    /// Whether the other end may say anything yet but its introduction.
    pub(super) const fn introduced(&self) -> bool {
        matches!(self.role, Role::Helper) || self.introduced
    }

    /// The sharer's person has agreed; frames may be sent.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn viewing(&mut self) -> Done {
        self.deciding()?;
        self.views()
    }

    /// The sharer's person agrees.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn views(&mut self) -> Done {
        match self.role {
            Role::Sharer => {
                self.agrees()?;
                self.await_("epoch 1", |item| item.is_sealed("epoch"))?;
            }
            Role::Helper => {
                self.consents(Scopes::CONSENT)?;
                self.await_("epoch-seen", |item| item.is_sealed("epoch-seen"))?;
            }
        }
        self.settle()
    }

    /// To a sharer: its person started the contact, and says yes.
    ///
    /// # Errors
    /// If the driver does not take it.
    pub fn agrees(&mut self) -> Done {
        self.does("contact", json!({ "by": "person" }))?;
        self.does("consent", json!({ "allow": true }))?;
        Ok(())
    }

    /// As a sharer: consent of these scopes, one display, epoch 1.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn consents(&mut self, scopes: Scopes) -> Done {
        let scopes = scopes.intersect(self.standing()?.ceiling);
        self.consented = scopes;
        let display = DisplayInfo {
            id: 0,
            width: 64,
            height: 48,
        };
        self.seal(&[
            Consent { scopes }.into(),
            Displays {
                displays: vec![display],
            }
            .into(),
            Advisory {
                statement: Vec::new(),
                proof: Vec::new(),
            }
            .into(),
        ])?;
        self.epoch = 1;
        self.seal_one(Epoch {
            epoch: 1,
            paused: false,
        })
    }

    /// A frame was shown.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn shown(&mut self) -> Done {
        self.viewing()?;
        self.shows()
    }

    /// The first frame is sent and shown.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn shows(&mut self) -> Done {
        match self.role {
            Role::Sharer => {
                self.does(
                    "send-frame",
                    json!({ "width": 64, "height": 48, "seed": 1 }),
                )?;
                self.await_("a frame", |item| matches!(item, Item::Frame { .. }))?;
            }
            Role::Helper => {
                let stream = self.open_stream()?;
                self.film_stream = Some(stream);
                let epoch = self.epoch;
                self.show(stream, epoch, 1)?;
                self.await_("shown", |item| item.is_sealed("shown"))?;
            }
        }
        self.settle()
    }

    /// The helper has control of these scopes.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn controlled(&mut self, scopes: Scopes) -> Done<ControlGrant> {
        self.needs("control")?;
        self.shown()?;
        self.pass(6_000)?;
        self.controls(scopes)
    }

    /// It asks, is asked for, and has it.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn controls(&mut self, scopes: Scopes) -> Done<ControlGrant> {
        self.request += 1;
        let request = self.request;
        match self.role {
            Role::Sharer => {
                self.seal_one(ControlRequest { request, scopes })?;
                self.told("control-asked")?;
                self.pass(1_500)?;
                self.does("grant", json!({ "scopes": names(scopes) }))?;
                let granted = self.await_("a grant", |item| item.is_sealed("control-grant"))?;
                match granted.sealed() {
                    Some(Message::ControlGrant(grant)) => Ok(grant.clone()),
                    _ => Err(Stop::Harness("a grant that is none".to_owned())),
                }
            }
            Role::Helper => {
                self.does("request-control", json!({ "scopes": names(scopes) }))?;
                let asked = self.await_("a request", |item| item.is_sealed("control-request"))?;
                let Some(Message::ControlRequest(asked)) = asked.sealed().cloned() else {
                    return Err(Stop::Harness("a request that is none".to_owned()));
                };
                self.grants(asked.request, asked.scopes)
            }
        }
    }

    /// As a sharer: grants a request, for 5 minutes.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn grants(&mut self, request: u32, scopes: Scopes) -> Done<ControlGrant> {
        self.grants_for(request, scopes, 300_000)
    }

    /// A grant that the suite could make next, as a sharer.
    pub fn next_grant(&mut self, request: u32, scopes: Scopes) -> ControlGrant {
        let mut secret = [0; 32];
        self.rng.fill_bytes(&mut secret);
        ControlGrant {
            request,
            grant: self.grant + 1,
            scopes,
            duration_ms: 300_000,
            secret,
        }
    }

    /// As a sharer: grants a request for so many milliseconds.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn grants_for(
        &mut self,
        request: u32,
        scopes: Scopes,
        duration_ms: u32,
    ) -> Done<ControlGrant> {
        let grant = ControlGrant {
            duration_ms,
            ..self.next_grant(request, scopes)
        };
        self.grant = grant.grant;
        self.learn_grant(&grant)?;
        self.seal_one(grant.clone())?;
        self.settle()?;
        Ok(grant)
    }

    /// As a helper: asks for control. The number of the request.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn requests(&mut self, scopes: Scopes) -> Done<u32> {
        self.request += 1;
        let request = self.request;
        self.seal_one(ControlRequest { request, scopes })?;
        Ok(request)
    }

    /// To a sharer: a frame was shown, and time has passed since consent.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn ready_for_control(&mut self) -> Done {
        self.needs("control")?;
        self.shown()?;
        self.pass(6_000)?;
        self.fresh().map(|_| ())
    }

    /// To a sharer: asks for control; its person is being asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn prompted(&mut self, scopes: Scopes) -> Done<u32> {
        let request = self.requests(scopes)?;
        self.told("control-asked")?;
        Ok(request)
    }

    /// Writes a line of chat as the other end.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn chats(&mut self, text: &str) -> Done {
        self.lines += 1;
        let id = self.lines;
        let text = text.to_owned();
        self.seal_one(Chat { id, text })
    }

    /// The session in order: it ends, and everybody knows why.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn leaves(&mut self) -> Done {
        self.does("end", json!({}))?;
        self.ends("END-2", ErrorCode::Done)
    }

    /// What the picture of a frame shows, if it is one.
    pub fn picture(item: &Item) -> Option<Vec<u8>> {
        match item {
            Item::Frame {
                frame: Ok(frame), ..
            } => frames::shown(frame),
            _ => None,
        }
    }
}

/// Scopes as the driver protocol has them.
pub(crate) fn names(scopes: Scopes) -> Vec<&'static str> {
    let registered = Scopes::REGISTERED.iter();
    registered
        .filter(|(scope, _)| scopes.contains(*scope))
        .map(|(_, name)| *name)
        .collect()
}
