//! A client under test: the suite is its relay and the other end, and its driver is its person.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::{Duration, Instant},
};

use alongside_state_machine::{
    channel::{
        handshake::{Offering, SharerChannel},
        media,
        phrase::Phrase,
    },
    device::DeviceKey,
};
use alongside_wire::{
    Scopes, Suite,
    code::Code,
    envelope::{Envelope, Sealed},
    framing::{self, Deframer},
    input, limits,
    media::Frame,
    record::{INPUT, InputHeader, MEDIA, MediaHeader},
    rendezvous::{self, Deliver},
    session::{self, AdvisoryAck, ChatAck, EpochSeen, Message, Shown},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

use super::{
    Channel, Item, Transcript,
    forwarded::Forwarded,
    ledger::Ledger,
    stop::{Done, Stop},
    transcript::On,
};
use crate::{
    driver::{Answer, Class, Driver, Heard, Line, Role, Unheard, names},
    quic::{Identity, Link, Seen, Server},
};

/// Commands after which a client connects.
const BEGINNINGS: &[&str] = &["create-code", "join", "wait", "call"];

/// How often the suite looks whether it has to show that it lives.
const ALIVE: Duration = Duration::from_millis(250);

/// What one worker of the suite has from case to case.
pub struct Bench {
    /// The client under test.
    pub driver: Driver,
    /// Where the suite's connections live.
    pub runtime: Handle,
    /// How long something that needs no time may take.
    pub patience: Duration,
    /// Whether cases may wait for minutes by the computer's clock.
    pub real_time: bool,
}

/// Something from one of the sources of a case.
pub(super) enum Input {
    Link(Seen),
    /// Of the connection of a path.
    Path(Seen),
    Driver(Unheard),
}

/// What the suite does by itself while a case waits.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// As a helper: answer `epoch` by `epoch-seen`.
    pub epoch_seen: bool,
    /// As a helper: answer `advisory` by `advisory-ack`.
    pub advisory_ack: bool,
    /// As a helper: say `shown` of each frame.
    pub shown: bool,
    /// Acknowledge lines of chat.
    pub chat_ack: bool,
    /// Heartbeats while time passes.
    pub heartbeat: bool,
}

/// A frame stream of the client: whether it is one of a path, and its number there.
type Stream = (bool, u64);

/// One session of a client under test.
pub struct ClientStage<'a> {
    pub(super) bench: &'a mut Bench,
    /// What the client is.
    pub role: Role,
    /// What the driver calls it.
    pub session: String,
    pub(super) server: Server,
    pub(crate) link: Option<Link>,
    inbox: Receiver<Input>,
    sender: Sender<Input>,
    answers: BTreeMap<u64, Answer>,
    /// The command that has the client connect, and whether it was answered.
    begins: Option<(u64, bool)>,
    /// Everything that was heard.
    pub log: Vec<Item>,
    /// What is before this was waited for already.
    pub(super) mark: usize,
    /// The same for what the driver tells.
    pub(super) told_mark: usize,
    deframer: Deframer,
    /// Of each frame stream what was not taken yet; nothing more of one that cannot be read.
    streams: BTreeMap<Stream, Option<Vec<u8>>>,
    frames: BTreeMap<u32, Vec<u8>>,
    /// Bytes of the control stream that the suite has sent on the present connection.
    pub(super) said: u64,
    /// Bytes of the control stream that were heard on the present connection.
    pub(super) heard: u64,
    /// The channel, once it stands.
    pub channel: Option<Channel>,
    pub(super) offering: Option<Offering>,
    /// The code of the session.
    pub code: Option<Code>,
    /// The known device, if it is a session of one.
    pub device: Option<DeviceKey>,
    /// What the suite's end speaks, best first.
    pub suites: Vec<Suite>,
    /// What the suite's end allows.
    pub ceiling: Scopes,
    /// What the suite does by itself.
    pub manners: Manners,
    pub(super) rng: ChaCha20Rng,
    /// Milliseconds that have passed by the client's clock.
    pub(super) now: u64,
    pub(super) spoke_at: Instant,
    pub(super) ledger: Ledger,
    pub(super) transcript: Transcript,
    pub(super) film: u32,
    /// The stream that the suite's frames go by, as a sharer.
    pub film_stream: Option<u64>,
    /// The latest epoch that the suite announced, as a sharer.
    pub epoch: u32,
    /// The latest request for control that the suite made, as a helper.
    pub request: u32,
    /// The latest grant that the suite made, as a sharer.
    pub grant: u32,
    /// The place that the suite gave the client, as a relay.
    pub token: [u8; 32],
    /// What opens the commitment of the suite's end, as a helper.
    pub opening: [u8; 32],
    /// The phrase as the suite's end has it, as a helper.
    pub phrase: Phrase,
    /// The helper's commitment, if the suite is the sharer.
    pub(super) committed: Option<SharerChannel>,
    pub(super) introduced: bool,
    /// The suite's end takes the session for frozen.
    pub(super) frozen: bool,
    /// Lines of chat that the suite's end has written.
    pub lines: u32,
    /// What was consented to.
    pub consented: Scopes,
    pub(super) over: bool,
    /// A connection that was seen to come, and not taken yet.
    pub(super) early: Option<Link>,
    /// Another relay that the client was told of.
    pub(super) another: Option<Server>,
    /// How many paths the suite's relay states, if it states that.
    pub paths: Option<u64>,
    /// The path, once the suite's end has offered one.
    pub(super) path: Option<Forwarded>,
    /// What the suite's end offers next, if it is nothing fresh.
    pub(super) same_identity: Option<Identity>,
    /// What the client offered before this was answered.
    pub(super) offers_mark: usize,
}

impl<'a> ClientStage<'a> {
    /// Sets a client up that has not connected.
    ///
    /// # Errors
    /// If the suite has no port, or the driver does not take it.
    pub fn open(bench: &'a mut Bench, role: Role, session: String, seed: u64) -> Done<Self> {
        let server = Server::start(&bench.runtime).map_err(Stop::Harness)?;
        let mut transcript = Transcript::default();
        let qlog = ("relay".to_owned(), server.qlog.clone());
        transcript.qlogs.push(qlog);
        let (sender, inbox) = channel();
        bench.driver.listen(&sender, Input::Driver);
        Ok(Self {
            role,
            session,
            server,
            link: None,
            inbox,
            sender,
            answers: BTreeMap::new(),
            begins: None,
            log: Vec::new(),
            mark: 0,
            told_mark: 0,
            deframer: Deframer::new(limits::CONTROL_MESSAGE, "a message"),
            streams: BTreeMap::new(),
            frames: BTreeMap::new(),
            said: 0,
            heard: 0,
            channel: None,
            offering: None,
            code: None,
            device: None,
            suites: vec![Suite::ChaChaPoly, Suite::AesGcm],
            ceiling: Scopes::ALL,
            manners: Manners {
                epoch_seen: true,
                advisory_ack: true,
                shown: true,
                chat_ack: true,
                heartbeat: true,
            },
            rng: ChaCha20Rng::seed_from_u64(seed),
            now: 0,
            spoke_at: Instant::now(),
            ledger: Ledger::default(),
            transcript,
            film: 0,
            film_stream: None,
            epoch: 0,
            request: 0,
            grant: 0,
            token: [0; 32],
            opening: [0; 32],
            phrase: [0; 3],
            committed: None,
            introduced: false,
            frozen: false,
            lines: 0,
            consented: Scopes::NONE,
            over: false,
            early: None,
            another: None,
            paths: None,
            path: None,
            same_identity: None,
            offers_mark: 0,
            bench,
        })
    }

    /// What the driver says comes here from now on.
    pub(super) fn listen(&self) {
        self.bench.driver.listen(&self.sender, Input::Driver);
    }

    /// Whether the client says that it has this.
    pub fn can(&self, capability: &str) -> bool {
        self.bench.driver.can(capability)
    }

    /// Stops the case unless the client has this.
    ///
    /// # Errors
    /// [`Stop::Unsupported`].
    pub fn needs(&self, capability: &'static str) -> Done {
        match self.can(capability) {
            true => Ok(()),
            false => Err(Stop::Unsupported(capability.to_owned())),
        }
    }

    /// Gives the driver a command, and waits for its answer.
    ///
    /// # Errors
    /// If the client cannot do it, or does not answer.
    pub fn ask(&mut self, op: &str, fields: Value) -> Done<Result<Map<String, Value>, String>> {
        if !names().commands.contains(op) {
            return Err(Stop::Harness(format!("there is no command {op:?}")));
        }
        let text = format!("{op} {fields}");
        self.transcript
            .note(self.now, '>', None, format!("driver: {text}"));
        let id = self.bench.driver.tell(op, Some(&self.session), fields);
        if self.begins.is_none() && BEGINNINGS.contains(&op) {
            self.begins = Some((id, false));
        }
        match self.answer(op, id)? {
            Answer::Ok(fields) => Ok(Ok(fields)),
            Answer::Err(Class::Misuse, why) => Ok(Err(why)),
            Answer::Err(Class::Command, why) => {
                Err(Stop::Driver(format!("{text} is no command to it: {why}")))
            }
            Answer::Err(Class::Internal, why) => Err(Stop::Crash(why)),
            Answer::Unsupported => Err(Stop::Unsupported(op.to_owned())),
        }
    }

    /// Lets the driver compute a vector.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn compute(&mut self, kind: &str, input: &Value) -> Done<Answer> {
        let fields = json!({ "kind": kind, "input": input });
        let id = self.bench.driver.tell("vector", None, fields);
        self.answer("vector", id)
    }

    fn answer(&mut self, op: &str, id: u64) -> Done<Answer> {
        let deadline = Instant::now() + self.bench.patience;
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Ok(answer);
            }
            if !self.hear(deadline)? {
                if self.bench.driver.has_ended() {
                    return Err(self.driver_ended());
                }
                return Err(Stop::Timeout {
                    awaited: format!("an answer to {op:?}"),
                    seen: self.since(self.mark),
                });
            }
        }
    }

    /// Gives the driver a command that the client has to carry out.
    ///
    /// # Errors
    /// As [`ClientStage::ask`], and if it may not do it now.
    pub fn does(&mut self, op: &str, fields: Value) -> Done<Map<String, Value>> {
        self.ask(op, fields)?.map_err(|why| Stop::Timeout {
            awaited: format!("the client to do {op:?}"),
            seen: format!("it says that it may not: {why}"),
        })
    }

    /// Where what comes is told.
    pub(super) fn sender(&self) -> Sender<Input> {
        self.sender.clone()
    }

    /// Where a connection tells what comes.
    pub(super) fn report(&self) -> (Sender<Input>, fn(Seen) -> Input) {
        (self.sender.clone(), Input::Link as fn(Seen) -> Input)
    }

    /// Waits for the client to connect.
    ///
    /// # Errors
    /// If it does not.
    pub fn accept(&mut self) -> Done {
        let link = match self.early.take() {
            Some(link) => Some(link),
            None => self.server.accept(self.report(), self.bench.patience),
        };
        if link.is_none() {
            // What its driver has said meanwhile may be the reason.
            self.hear_all()?;
            return Err(self.in_vain(format!("a connection to {}", self.server.address)));
        }
        self.link = link;
        self.deframer = Deframer::new(limits::CONTROL_MESSAGE, "a message");
        self.said = 0;
        self.heard = 0;
        self.streams.retain(|(path, _), _| *path);
        self.transcript.note(self.now, '<', None, "connected");
        Ok(())
    }

    /// Says something to the client as its relay.
    pub fn say(&mut self, message: impl Into<rendezvous::Message>) {
        let message = message.into();
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.say_bytes(message.name(), bytes);
    }

    /// Says these bytes on the control stream.
    pub fn say_bytes(&mut self, what: &str, bytes: Vec<u8>) {
        let (at, on) = ((self.now, '>', None), On::Control);
        self.transcript.bytes(at, on, what, &bytes);
        self.said += bytes.len() as u64;
        self.spoke_at = Instant::now();
        if let Some(link) = &self.link {
            link.control(bytes);
        }
    }

    /// Says a framed message of any type.
    pub fn say_raw(&mut self, message_type: u16, body: &[u8]) {
        let mut bytes = Vec::new();
        framing::encode(message_type, body, &mut bytes);
        self.say_bytes(&format!("type 0x{message_type:02X}"), bytes);
    }

    /// Delivers an envelope of the other end.
    pub fn deliver(&mut self, envelope: Vec<u8>) {
        self.say(Deliver { envelope });
    }

    /// Says something to the client as the other end, sealed, in one record.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn seal(&mut self, messages: &[Message]) -> Done {
        let envelope = self.standing()?.seal(messages);
        self.deliver(envelope);
        Ok(())
    }

    /// Seals any plaintext, as the next record.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn seal_bytes(&mut self, plaintext: &[u8]) -> Done {
        let envelope = self.standing()?.seal_plaintext(plaintext);
        self.deliver(envelope);
        Ok(())
    }

    /// Seals a message of any type.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn seal_raw(&mut self, message_type: u16, body: &[u8]) -> Done {
        let mut plaintext = Vec::new();
        framing::encode(message_type, body, &mut plaintext);
        self.seal_bytes(&plaintext)
    }

    /// From now on the other end seals with this.
    pub(super) fn stands(&mut self, channel: Channel) {
        self.transcript.secret(&channel.keys);
        self.channel = Some(channel);
    }

    pub(super) fn standing(&mut self) -> Done<&mut Channel> {
        let missing = || Stop::Harness("the case wants a channel, and there is none".to_owned());
        self.channel.as_mut().ok_or_else(missing)
    }

    /// Hears the next thing of any source, if something comes before the deadline.
    pub(super) fn hear(&mut self, deadline: Instant) -> Done<bool> {
        loop {
            self.keep_alive();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            match self.inbox.recv_timeout(left.min(ALIVE)) {
                Ok(input) => return self.take(input).map(|()| true),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(false),
            }
        }
    }

    /// Hears all that has come by now.
    pub(super) fn hear_all(&mut self) -> Done {
        let deadline = Instant::now() + self.bench.patience;
        while let Ok(input) = self.inbox.try_recv() {
            self.take(input)?;
            if Instant::now() >= deadline {
                return Err(self.in_vain("a moment in which nothing comes"));
            }
        }
        Ok(())
    }

    fn take(&mut self, input: Input) -> Done {
        match input {
            Input::Driver(unheard) => self.driver_said(unheard.hear())?,
            Input::Link(seen) => self.seen(seen)?,
            Input::Path(seen) => self.seen_on_path(seen),
        }
        Ok(())
    }

    fn driver_said(&mut self, heard: Heard) -> Done {
        match heard {
            Heard::Line(Line::Answer(id, answer)) => {
                if let Some((_, answered)) = self.begins.as_mut().filter(|(first, _)| *first == id)
                {
                    *answered = true;
                }
                self.answers.insert(id, answer);
            }
            Heard::Line(Line::Event(event)) => {
                let driver = &self.bench.driver;
                if let Some(wrong) = driver.strange(&event, &self.session, self.role) {
                    return Err(Stop::Driver(wrong));
                }
                // A session before this one may still have its last words.
                if event.session != self.session {
                    return Ok(());
                }
                if self.begins.is_none_or(|(_, answered)| !answered) {
                    return Err(Stop::Driver(format!(
                        "it tells {:?} before it has answered the command that has the client \
                         connect; what a command causes comes after its answer",
                        event.name
                    )));
                }
                self.note(Item::Told(event));
            }
            Heard::Nonsense(line) => return Err(Stop::Driver(line)),
            Heard::End => return Err(self.driver_ended()),
        }
        Ok(())
    }

    fn driver_ended(&mut self) -> Stop {
        Stop::Crash(format!("its driver: {}", self.bench.driver.has_ended_how()))
    }

    pub(super) fn note(&mut self, item: Item) {
        if !item.is_of_bytes() {
            let words = match &item {
                Item::Told(event) => format!("driver: {} {}", event.name, json!(event.fields)),
                other => other.to_string(),
            };
            self.transcript.note(self.now, '<', None, words);
        }
        if matches!(&item, Item::Told(event) if event.name == "ended") {
            self.over = true;
        }
        self.log.push(item);
    }

    fn seen(&mut self, seen: Seen) -> Done {
        match seen {
            Seen::Control(bytes) => return self.control(&bytes),
            Seen::ControlEnded => self.note(Item::ControlEnded),
            Seen::Stream { id, bytes } => {
                let (at, on) = ((self.now, '<', None), On::Stream(id));
                self.transcript.bytes(at, on, "", &bytes);
                self.stream((false, id), &bytes);
            }
            Seen::StreamEnded(id) => self.note(Item::StreamOver { id, reset: false }),
            Seen::StreamReset(id) => self.note(Item::StreamOver { id, reset: true }),
            Seen::StreamStopped(id) => self.note(Item::StreamStopped(id)),
            // A relay would close the connection: what comes after means nothing.
            Seen::SecondControl => {
                let (one, second) = ("one bidirectional stream", "it opened a second one");
                return self.check("TRANSPORT-2", false, one, second);
            }
            Seen::Closed(close) => {
                self.link = None;
                self.said = 0;
                self.note(Item::Closed(close));
            }
        }
        Ok(())
    }

    fn control(&mut self, bytes: &[u8]) -> Done {
        self.transcript
            .bytes((self.now, '<', None), On::Control, "", bytes);
        self.heard += bytes.len() as u64;
        self.deframer.push(bytes);
        loop {
            let (message_type, message) = match self.deframer.pull() {
                Ok(Some(raw)) => (raw.message_type, rendezvous::Message::decode(raw)),
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.note(Item::Broken("a message", error));
                    return Ok(());
                }
            };
            match message {
                Ok(Some(rendezvous::Message::Deliver(deliver))) => self.envelope(&deliver)?,
                Ok(Some(message)) => self.note(Item::ToRelay(message)),
                Ok(None) => self.note(Item::Ignorable(message_type)),
                Err(error) => self.note(Item::Broken("a message", error)),
            }
        }
    }

    fn envelope(&mut self, deliver: &Deliver) -> Done {
        match Envelope::read(&deliver.envelope) {
            Ok(Some(Envelope::Sealed(sealed))) if self.channel.is_some() => self.record(&sealed)?,
            Ok(Some(envelope)) => self.note(Item::Envelope(envelope)),
            Ok(None) => {}
            Err(error) => self.note(Item::Broken("an envelope", error)),
        }
        Ok(())
    }

    fn record(&mut self, sealed: &Sealed) -> Done {
        let Some((number, plaintext)) = self.standing()?.open(sealed) else {
            self.note(Item::Unopened);
            return Ok(());
        };
        match Message::read_all(&plaintext) {
            Ok(messages) => {
                for message in messages {
                    self.note(Item::Sealed(number, message.clone()));
                    self.answer_politely(&message)?;
                }
            }
            Err(error) => self.note(Item::Broken("a sealed plaintext", error)),
        }
        self.note(Item::Record {
            len: plaintext.len(),
            number,
        });
        Ok(())
    }

    fn answer_politely(&mut self, message: &Message) -> Done {
        if let (Message::ControlGrant(grant), Role::Sharer) = (message, self.role) {
            self.learn_grant(grant)?;
        }
        if let Message::Consent(consent) = message {
            self.consented = consent.scopes;
        }
        match message {
            Message::Epoch(epoch) if self.manners.epoch_seen && self.role == Role::Sharer => {
                let epoch = epoch.epoch;
                self.seal(&[EpochSeen { epoch }.into()])
            }
            Message::Advisory(_) if self.manners.advisory_ack && self.role == Role::Sharer => {
                self.seal(&[AdvisoryAck {}.into()])
            }
            Message::Chat(session::Chat { id, .. }) if self.manners.chat_ack => {
                self.seal(&[ChatAck { id: *id }.into()])
            }
            _ => Ok(()),
        }
    }

    pub(super) fn stream(&mut self, id: Stream, bytes: &[u8]) {
        let begun = self.streams.entry(id).or_insert_with(|| Some(Vec::new()));
        let Some(mut buffer) = begun.take() else {
            return;
        };
        buffer.extend_from_slice(bytes);
        let mut taken = 0;
        loop {
            let rest = buffer.get(taken..).unwrap_or_default();
            match self.frame_record(id, rest) {
                Ok(Some(used)) => taken += used,
                Ok(None) => break,
                Err(broken) => return self.note(broken),
            }
        }
        buffer.drain(..taken);
        self.streams.insert(id, Some(buffer));
    }

    /// Takes one record off the beginning of these bytes, if it is whole, and says how long it was.
    fn frame_record(&mut self, stream: Stream, bytes: &[u8]) -> Result<Option<usize>, Item> {
        match bytes.first() {
            None => Ok(None),
            Some(&MEDIA) => {
                let Some(header) = bytes.first_chunk::<{ MediaHeader::LEN }>() else {
                    return Ok(None);
                };
                let header = MediaHeader::read(header)
                    .map_err(|error| Item::Broken("a header of media", error))?;
                let end = MediaHeader::LEN + header.length as usize;
                let Some(ciphertext) = bytes.get(MediaHeader::LEN..end) else {
                    return Ok(None);
                };
                self.media(stream, header, ciphertext);
                Ok(Some(end))
            }
            Some(&INPUT) if !stream.0 => {
                let Some(header) = bytes.first_chunk::<{ InputHeader::LEN }>() else {
                    return Ok(None);
                };
                let header = InputHeader::read(header)
                    .map_err(|error| Item::Broken("a header of input", error))?;
                let end = InputHeader::LEN + InputHeader::LENGTH;
                let Some(ciphertext) = bytes.get(InputHeader::LEN..end) else {
                    return Ok(None);
                };
                self.input_record(stream.1, header, ciphertext);
                Ok(Some(end))
            }
            Some(_) => {
                let none: [u8; MediaHeader::LEN] = [0xFF; MediaHeader::LEN];
                match MediaHeader::read(&none) {
                    Ok(_) => Ok(None),
                    Err(error) => Err(Item::Broken("a record of a frame stream", error)),
                }
            }
        }
    }

    fn media(&mut self, (path, stream): Stream, header: MediaHeader, ciphertext: &[u8]) {
        let opened = self.channel.as_mut().and_then(|channel| {
            let opener = channel.media.entry(header.epoch);
            let opener = opener.or_insert_with(|| media::Opener::new(header.epoch));
            opener.open(&channel.keys, &header, ciphertext).ok()
        });
        let record = match path {
            false => Item::Media(header, opened.clone()),
            true => Item::MediaOnPath(header, opened.clone()),
        };
        self.note(record);
        let Some(plaintext) = opened else { return };
        let frame = self.frames.entry(header.frame).or_default();
        frame.extend_from_slice(&plaintext);
        if !header.last {
            return;
        }
        let encoding = self.frames.remove(&header.frame).unwrap_or_default();
        let frame = Frame::read(&encoding);
        let right = frame.is_ok();
        self.note(Item::Frame {
            id: header.frame,
            epoch: header.epoch,
            path,
            stream,
            frame,
        });
        if right && self.manners.shown {
            // It cannot fail: there is a channel.
            let _ = self.seal(&[Shown {
                frame: header.frame,
            }
            .into()]);
        }
    }

    fn input_record(&mut self, stream: u64, header: InputHeader, ciphertext: &[u8]) {
        let opened = self.channel.as_mut().and_then(|channel| {
            let key = channel.grants.get_mut(&header.grant)?;
            key.open(ciphertext).ok()
        });
        let events = opened.and_then(|plaintext| input::read_record(&plaintext).ok());
        self.note(Item::Input {
            grant: header.grant,
            stream,
            events,
        });
    }

    /// Whether nothing more can come of this session.
    pub(super) fn is_over(&self) -> bool {
        self.over && self.link.is_none()
    }

    pub(crate) fn in_vain(&self, awaited: impl Into<String>) -> Stop {
        Stop::Timeout {
            awaited: awaited.into(),
            seen: self.since(self.mark),
        }
    }

    /// What was heard from some place of the log on, in words.
    pub fn since(&self, from: usize) -> String {
        let items = self.log.get(from..).unwrap_or_default();
        let quiet = |item: &&Item| {
            !matches!(
                item,
                Item::Record { .. } | Item::Media(..) | Item::MediaOnPath(..)
            )
        };
        let words: Vec<_> = items
            .iter()
            .filter(quiet)
            .map(ToString::to_string)
            .collect();
        match words.len() {
            0 => "nothing came".to_owned(),
            1..=8 => format!("there came: {}", words.join("; ")),
            more => format!(
                "there came {} and more, at last: {}",
                words[..4].join("; "),
                words[more - 3..].join("; ")
            ),
        }
    }

    /// What was seen to hold, said and heard, when the case is over.
    pub fn close(self) -> (Vec<&'static str>, Transcript) {
        // The driver may have broken down, which the next case finds.
        self.bench
            .driver
            .tell("close", Some(&self.session), Value::Object(Map::new()));
        (self.ledger.held(), self.transcript)
    }
}
