//! A sharer, from the join to the end.

mod filming;
mod pace;
mod receipts;
mod tools;

use std::{
    future::ready,
    sync::{Mutex, PoisonError},
    time::Duration,
};

pub use alongside_state_machine::{
    channel::phrase::Phrase,
    session::{
        friction::{Consent, Contact},
        sharer::Event as SessionEvent,
    },
};
use alongside_state_machine::{
    device::Device,
    endpoint::{
        faces::Fetched,
        sharer::{Event as Machine, SharerEndpoint},
        spent::SpentLocators,
    },
    identity::keys::SecretKey,
    mutant,
    time::Timestamp,
};
use alongside_wire::{
    ReportCategory, Scopes,
    code::Code,
    input::InputEvent,
    receipt::Receipt,
    rendezvous::{SignIn, SignedIn},
};
use tokio::sync::mpsc::{Receiver, Sender, error::TrySendError};

use crate::{
    Config, Ended, Misuse, Reporting,
    aead::Ring,
    clipboard::{Board, Place},
    clock::{Clock, sleep},
    events::when_heard,
    inject::Injector,
    net::{ConnectError, Incoming, Path, PathEnd, Relay},
    quality::{Meter, Quality},
    report::{After, settle},
    screen::Screen,
    way::{Way, Ways},
};
use filming::Filming;

/// How a sharer is set up.
pub struct Options {
    /// The relay.
    pub relay: Relay,
    /// Relays to try in turn if that one does not answer. Once there is a code, or a join was sent,
    /// no other is tried.
    pub others: Vec<Relay>,
    /// How to prove to the relay who this is, if the person wants to.
    pub sign_in: Option<SignIn>,
    /// How helper and sharer find each other.
    pub start: Start,
    /// Suites and ceiling.
    pub config: Config,
    /// What is shown.
    pub screen: Box<dyn Screen>,
    /// What carries input out.
    pub injector: Box<dyn Injector>,
    /// The person's clipboard.
    pub clipboard: Place,
    /// Whether the answers are signed, and for whom; `None` is the usual choice.
    pub receipts: Option<Receipts>,
    /// How long the person may still report a session that the helper ended; the run ends later by
    /// that, or by [`Command::End`].
    pub report_after: Duration,
    /// Whether pictures may go on a path, in packets that the relay forwards, if the helper wants that too. The
    /// helper can measure then how long packets take to this machine.
    pub paths: bool,
    /// What time is counted by.
    pub clock: Clock,
}

/// How a session begins.
#[derive(Clone)]
pub enum Start {
    /// By the code that the helper passed on.
    Code(Code),
    /// By a code that came in a link: the screen may be seen, and nothing more.
    Link(Code),
    /// This is a known device, which waits to be called.
    Device(Device),
}

/// Signed evidence of what the person allows and refuses, which takes deniability away.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// The helper gets it too.
    pub share: bool,
    /// The receipt key of the card in the configuration; without it, a key for one session.
    pub key: Option<SecretKey>,
}

/// What the person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who started the contact; without this there is no consent.
    Contact(Contact),
    /// The answer to the consent prompt.
    Consent(Consent),
    /// Allow control, and repeat the number if there was one.
    AllowControl(Scopes, Option<u32>),
    /// Do not allow control.
    DenyControl,
    /// Take control back.
    Revoke,
    /// Take a part of control back; these scopes are left.
    Narrow(Scopes),
    /// Be asked whether the grant may live longer.
    Renew,
    /// Read the person's clipboard, once, and send it as one item.
    CopyClipboard,
    /// Send this as one item of the clipboard.
    SendClipboard(String),
    /// Take (true) or refuse the item that the helper offers.
    AnswerClipboard(bool),
    /// The system's own question for permission appeared (true), or is gone.
    SecureDesktop(bool),
    /// Show the person's card to the helper.
    ShowCard,
    /// Fetch the picture of the helper's card.
    FetchPicture,
    /// Set this end's pause flag.
    Pause(bool),
    /// Send a line of chat.
    Chat(String),
    /// The network has changed: close the connection, and go on over another.
    ChangePath,
    /// End it.
    End,
    /// End it, and report it to whoever runs the relay, in one act.
    EndAndReport(ReportCategory),
}

/// What the person is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The connection to the relay stands, and the sign-in or the join is on its way.
    Connected,
    /// The relay knows who this is.
    SignedIn(SignedIn),
    /// This device can be called from now on.
    Waiting,
    /// Places of three words, the same at both ends.
    Phrase(Phrase),
    /// An answer that allows control must repeat this number, of 6 digits. It follows the question.
    Number(u32),
    /// The connection is lost. It is tried for again; after so many seconds the session is over.
    Frozen {
        /// How long that is.
        seconds: u64,
    },
    /// The picture of the helper's card was asked for, and this is what came.
    Picture(Fetched),
    /// Something of the session; never input, and nothing that another of these events tells.
    Session(SessionEvent),
    /// A decision was signed: keep it, with the cards that it names. Only if receipts were chosen.
    Receipt(Box<Receipt>, Vec<Vec<u8>>),
    /// What the helper may do from now on.
    Scopes(Scopes),
    /// The join has had no answer for a while: the relay may be holding it back.
    HeldBack {
        /// For how long at the most, in seconds.
        most: u64,
    },
    /// The helper cannot ask for control for a while.
    NoControlFor {
        /// How long, in seconds.
        seconds: u64,
    },
    /// The item of the helper's clipboard that the person took. It is in their clipboard, if
    /// there is one, until the grant ends.
    Clipboard(String),
    /// This was read from the person's clipboard and sent.
    ClipboardSent(String),
    /// How well it goes, every two seconds.
    Quality(Quality),
    /// Pictures go this way from now on.
    Way(Way),
    /// What became of a report; it comes after the end.
    Reported(Reporting),
    /// A command could not be carried out.
    NotNow(Misuse),
    /// The screen or the injection has trouble; the session goes on.
    Trouble(String),
}

/// Runs a sharer until its session ends. Events go to `events`, which holds 1,024 at least; the last
/// is the end, or what became of a report after it. Nothing is read from the network while they are not taken. When `commands` is closed the session is ended. `spent` is the program's memory of codes.
///
/// # Errors
/// [`ConnectError`] if there is no connection to the relay, or the code was used here before.
pub async fn run(
    options: Options,
    spent: &Mutex<SpentLocators>,
    mut commands: Receiver<Command>,
    events: Sender<Event>,
) -> Result<Ended, ConnectError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| ConnectError::System(format!("no random numbers: {error}")))?;
    let clock = options.clock;
    let mut config = options.config;
    clock.date(&mut config);
    config.aead = &Ring;
    let card = config.identity.card.clone();
    let mut endpoint = SharerEndpoint::new(config, seed);
    if let Some(receipts) = options.receipts {
        let recorder = receipts::recorder(receipts, card.as_ref())?;
        endpoint
            .keep_receipts(recorder)
            .map_err(|misuse| ConnectError::Refused(misuse.to_string()))?;
    }
    let mut relays = options.others;
    relays.insert(0, options.relay);
    let connecting = Path::open(&relays, CHUNK, |relay, error| {
        let why = format!("{}: {error}; trying another relay", relay.address);
        // Nobody may listen.
        let _ = events.try_send(Event::Trouble(why));
    });
    // A thread takes its time to begin, and the relay to answer.
    let (path, filming) = tokio::join!(connecting, async { Filming::start(options.screen) });
    let mut path = path?;
    let refused = |misuse: Misuse| match misuse {
        Misuse::SpentCode => ConnectError::Spent,
        misuse => ConnectError::Refused(misuse.to_string()),
    };
    let signed_in = options.sign_in.is_none();
    if let Some(request) = options.sign_in {
        endpoint.sign_in(request).map_err(refused)?;
    }
    let mut to_start = Some(options.start);
    let mut sharer = Sharer {
        clock,
        endpoint,
        filming,
        meter: Meter::start(),
        injector: options.injector,
        injection_failed: false,
        injected: None,
        board: Board::new(options.clipboard),
        scopes: Scopes::NONE,
        signed_in,
        ways: Ways::new(PathEnd::Sharer, options.paths),
        events,
    };
    sharer.tell(Event::Connected);
    loop {
        // Injection first: what the machine allowed is done before anything else is looked at.
        sharer.carry_out(&mut commands);
        sharer.choose_way(&mut path);
        if let Some(start) = to_start.take_if(|_| sharer.signed_in) {
            let (relay, now) = (&path.relay().address, sharer.clock.now());
            let endpoint = &mut sharer.endpoint;
            let mut spent = spent.lock().unwrap_or_else(PoisonError::into_inner);
            let started = match start {
                Start::Code(code) => endpoint.join(code, relay, &mut spent, now),
                Start::Link(code) => endpoint.join_by_link(code, relay, &mut spent, now),
                Start::Device(device) => endpoint.wait(&device, now),
            };
            started.map_err(refused)?;
        }
        while let Some(transmit) = sharer.endpoint.poll_transmit() {
            path.transmit(transmit);
        }
        path.want(sharer.endpoint.wants_connection());
        if let Some(ended) = sharer.endpoint.machine().ended() {
            sharer.undo();
            let patience = options.report_after;
            let Sharer {
                endpoint, clock, ..
            } = &mut sharer;
            let done = settle(
                endpoint,
                &mut path,
                clock,
                &mut commands,
                patience,
                |command| match command {
                    Command::EndAndReport(category) => After::Report(*category),
                    Command::End => After::Leave,
                    _ => After::Nothing,
                },
            );
            let reporting = done.await;
            if reporting != Reporting::None {
                sharer.tell(Event::Reported(reporting));
            }
            // Whoever moves a clock does not wait for the transport.
            drop(sharer.clock);
            let relay = [path.relay().clone()];
            path.close(ended.code).await;
            if mutant::is("RECON-9/again") {
                drop(Path::open(&relay, CHUNK, |_, _| {}).await);
            }
            return Ok(ended);
        }
        sharer.wait(&mut path, &mut commands).await;
    }
}

struct Sharer {
    clock: Clock,
    endpoint: SharerEndpoint,
    filming: Filming,
    meter: Meter,
    injector: Box<dyn Injector>,
    injection_failed: bool,
    /// When the helper last typed or clicked.
    injected: Option<Timestamp>,
    board: Board,
    scopes: Scopes,
    /// Nothing has to be proved to the relay any more.
    signed_in: bool,
    ways: Ways,
    events: Sender<Event>,
}

impl Sharer {
    /// Waits for the next thing to happen, and handles it.
    async fn wait(&mut self, path: &mut Path, commands: &mut Receiver<Command>) {
        let due = self.endpoint.poll_timeout();
        let stale = self.filming.stale_at(&self.endpoint, path.waiting());
        let due = [due, stale, self.ways.due(&self.endpoint)];
        let due = due.into_iter().flatten().min();
        let film = self.filming.due(&self.endpoint, path.waiting());
        let first = self.filming.first_is_due(&self.endpoint, path.waiting());
        let stream = path.stream();
        let events = self.events.clone();
        tokio::select! {
            // The person first, then time, then what others send.
            biased;
            command = commands.recv() => self.command(command.unwrap_or(Command::End)),
            () = self.clock.reach(due, stream) => self.time_passed(path.waiting()),
            incoming = when_heard(&events, path.next()) => self.incoming(incoming, path, commands),
            told = self.filming.told() => self.filmed(told),
            read = self.board.was_read() => self.send(read),
            // The shortest timer takes a millisecond, and up to another.
            () = ready(()), if first => self.film(),
            () = sleep(film) => self.film(),
        }
    }

    /// The next picture is due.
    fn film(&mut self) {
        match self.filming.first() {
            Some(first) => self.filmed(first),
            None => self.filming.take(self.endpoint.wants_complete()),
        }
    }

    fn incoming(&mut self, incoming: Incoming, path: &mut Path, commands: &mut Receiver<Command>) {
        let now = self.clock.now();
        match incoming {
            Incoming::Control(bytes) => self.endpoint.handle_control(&bytes, now),
            Incoming::Stream { id, bytes, stop } => {
                self.endpoint.handle_stream(id, &bytes, false, now);
                self.carry_out(commands);
                while let Some(transmit) = self.endpoint.poll_transmit() {
                    path.transmit(transmit);
                }
                if let Some(stop) = stop
                    && path.take_unwanted(id)
                {
                    let _ = stop.send(());
                }
            }
            Incoming::StreamEnded { id } => self.endpoint.handle_stream(id, &[], true, now),
            Incoming::StreamReset { id } => self.endpoint.handle_stream_reset(id),
            Incoming::Drained => {}
            //= spec/08-transport.md#quic [TRANSPORT-10] 778d0d75
            Incoming::Lost(code) => self.endpoint.handle_transport_lost(code, now),
            Incoming::Connected => self.endpoint.handle_connected(now),
            Incoming::Path(news) => {
                if let Some(way) = self.ways.heard(news, &mut self.endpoint, now) {
                    self.tell(Event::Way(way));
                }
            }
        }
    }

    /// Does what is to be done for a path.
    fn choose_way(&mut self, path: &mut Path) {
        let now = self.clock.now();
        let way = self.ways.carry_out(&mut self.endpoint, path, now);
        if let Some(way) = way.filter(|_| self.endpoint.machine().ended().is_none()) {
            self.tell(Event::Way(way));
        }
    }

    fn command(&mut self, command: Command) {
        let now = self.clock.now();
        let hides = matches!(command, Command::Pause(_) | Command::SecureDesktop(_));
        let done = match command {
            Command::Contact(contact) => self.endpoint.contact(contact, now),
            Command::Consent(answer) => {
                let displays = self.filming.displays();
                let done = self.endpoint.consent(answer, displays, now);
                if done.is_ok() && self.endpoint.scopes().contains(Scopes::VIEW) {
                    self.filming.begin();
                }
                done
            }
            Command::AllowControl(scopes, number) => {
                self.endpoint.allow_control(scopes, number, now)
            }
            Command::DenyControl => self.endpoint.deny_control(now),
            Command::Revoke => self.endpoint.revoke(now),
            Command::Narrow(scopes) => self.endpoint.narrow(scopes, now),
            Command::Renew => self.endpoint.ask_renewal(now),
            Command::CopyClipboard => self.guard().map(|()| self.board.read()),
            Command::SendClipboard(text) => {
                let guarded = self.guard();
                guarded.and_then(|()| self.endpoint.send_clipboard(&text, now).map(|_| ()))
            }
            Command::AnswerClipboard(taken) => {
                let guarded = if taken { self.guard() } else { Ok(()) };
                let answered = guarded.and_then(|()| self.endpoint.answer_clipboard(taken, now));
                answered.map(|text| {
                    if let Some(text) = text {
                        self.take(text);
                    }
                })
            }
            Command::SecureDesktop(active) => self.endpoint.set_secure_desktop(active, now),
            Command::ShowCard => self.endpoint.show_card(now),
            Command::FetchPicture => self.endpoint.fetch_picture(now),
            Command::Pause(paused) => self.endpoint.set_paused(paused, now),
            Command::Chat(text) => self.endpoint.chat(&text).map(|_| ()),
            Command::ChangePath => {
                self.endpoint.change_path(now);
                Ok(())
            }
            Command::End => {
                self.endpoint.end();
                Ok(())
            }
            Command::EndAndReport(category) => self.endpoint.end_and_report(category),
        };
        // The first picture may be of what the person did not want to be seen after all.
        if hides && !self.endpoint.may_send_frame() {
            self.filming.stop();
        }
        if let Err(misuse) = done {
            self.tell(Event::NotNow(misuse));
        }
    }

    /// Time has passed; what was sent may have grown stale by that.
    fn time_passed(&mut self, waiting: usize) {
        let now = self.clock.now();
        self.endpoint.handle_timeout(now);
        let stale = self.filming.stale_at(&self.endpoint, waiting);
        if stale.is_some_and(|stale| now >= stale) {
            self.endpoint.drop_stale_frames();
        }
    }

    fn filmed(&mut self, told: filming::Told) {
        match self
            .filming
            .filmed(told, &mut self.endpoint, &mut self.meter, self.clock.now())
        {
            Ok(()) => {}
            Err(why) => self.tell(Event::Trouble(why)),
        }
    }

    //= spec/06-media-input.md#input-records [INPUT-8] 917fc2e1
    /// Does what the machine says, in its order: input is carried out here and nowhere else. Between
    /// two inputs the person is heard, and time passes: an act may take a system long.
    fn carry_out(&mut self, commands: &mut Receiver<Command>) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Machine::Session(SessionEvent::Inject(input)) => {
                    self.inject(&input);
                    if let Ok(command) = commands.try_recv() {
                        self.command(command);
                    }
                    self.endpoint.handle_timeout(self.clock.now());
                }
                Machine::SignedIn(signed_in) => {
                    self.signed_in = true;
                    self.tell(Event::SignedIn(signed_in));
                }
                Machine::Phrase(phrase) => self.tell(Event::Phrase(phrase)),
                Machine::Number(number) => self.tell(Event::Number(number)),
                Machine::NoCard(code) => {
                    self.tell(Event::Trouble(format!("the relay issues no card: {code}")))
                }
                Machine::Picture(fetched) => self.tell(Event::Picture(fetched)),
                Machine::Waiting => self.tell(Event::Waiting),
                Machine::Session(SessionEvent::ReleaseAll) => self.inject(&InputEvent::ReleaseAll),
                Machine::Session(SessionEvent::Path(event)) => self.ways.decided(event),
                Machine::Session(SessionEvent::Frozen { until }) => {
                    self.ways.rest();
                    let left = self.clock.until(until).as_secs_f64();
                    let seconds = left.round() as u64;
                    self.tell(Event::Frozen { seconds });
                }
                Machine::Session(SessionEvent::JoinHeldBack) => {
                    let most = self.endpoint.join_delay_most().div_ceil(1_000);
                    self.tell(Event::HeldBack { most });
                }
                Machine::Session(SessionEvent::ControlNotBefore(from)) => {
                    let seconds = self.clock.seconds_until(from);
                    self.tell(Event::NoControlFor { seconds });
                }
                Machine::Session(SessionEvent::Delay(ms)) => {
                    let quality = self.meter.take(ms, self.ways.way());
                    self.tell(Event::Quality(quality));
                }
                Machine::Session(event) => {
                    if event == SessionEvent::MediaReady {
                        self.ways.begin();
                    }
                    self.use_tool(&event);
                    self.tell(Event::Session(event));
                }
            }
        }
        while let Some(receipt) = self.endpoint.poll_receipt(self.clock.unix_now()) {
            let cards = self.endpoint.cards_of(&receipt);
            self.tell(Event::Receipt(Box::new(receipt), cards));
        }
        let scopes = self.endpoint.scopes();
        if scopes != self.scopes {
            self.scopes = scopes;
            self.tell(Event::Scopes(scopes));
        }
    }

    fn inject(&mut self, input: &InputEvent) {
        if let InputEvent::Key { .. } | InputEvent::Button { .. } = input {
            self.injected = Some(self.clock.now());
        }
        if let Err(error) = self.injector.inject(input) {
            // Once is enough: a screen that cannot be controlled cannot for every key.
            if !self.injection_failed {
                self.injection_failed = true;
                self.tell(Event::Trouble(error.to_string()));
            }
        }
    }

    fn tell(&mut self, event: Event) {
        // There is room for what one thing causes, unless it is a flood; then the person would not
        // know what is so any more, and the session ends. If nobody listens, it is theirs to end.
        if let Err(TrySendError::Full(_)) = self.events.try_send(event) {
            self.endpoint.end();
        }
    }
}

/// Bytes of input that are taken at once.
const CHUNK: usize = 4 * 1024;
/// Frames that the network has not taken for so many milliseconds are stale.
const STALE: u64 = 2_000;
