//! A helper, from the code to the end.

mod tools;

use std::{collections::VecDeque, fmt, time::Duration};

pub use alongside_state_machine::session::helper::Line;
pub use alongside_state_machine::{
    channel::phrase::Phrase, session::helper::Event as SessionEvent,
};
use alongside_state_machine::{
    device::DeviceKey,
    endpoint::{
        faces::Fetched,
        helper::{Event as Machine, HelperEndpoint},
    },
    identity::{device::Device, trust::Who},
    mutant,
};
use alongside_wire::{
    ErrorCode, ReportCategory, Scopes,
    code::Code,
    input::InputEvent,
    receipt::Receipt,
    rendezvous::{SignIn, SignedIn},
};
use tokio::sync::mpsc::{
    Receiver, Sender, UnboundedReceiver, error::TrySendError, unbounded_channel,
};

use crate::{
    By, Config, Ended, Misuse, Reporting,
    aead::Ring,
    clipboard::{Board, Place},
    clock::Clock,
    events::when_heard,
    net::{ConnectError, Incoming, Path, PathEnd, Relay},
    quality::Quality,
    report::{After, settle},
    view::{Seen, View, Viewer},
    way::{Way, Ways},
};
use tools::Tools;

/// How a helper is set up.
pub struct Options {
    /// The relay.
    pub relay: Relay,
    /// Relays to try in turn if that one does not answer. Once there is a code, or a join was sent,
    /// no other is tried.
    pub others: Vec<Relay>,
    /// How to prove to the relay who this is, if it asks for that.
    pub sign_in: Option<SignIn>,
    /// The known device to call; without it, the helper gets a code.
    pub device: Option<DeviceKey>,
    /// Who the helper says they are: 64 bytes at most.
    pub name: String,
    /// Suites and ceiling.
    pub config: Config,
    /// What frames are shown in.
    pub views: Vec<Box<dyn View>>,
    /// The person's clipboard.
    pub clipboard: Place,
    /// Whether pictures may come on a path, in packets that the relay forwards, if the sharer wants that too. The
    /// sharer can measure then how long packets take to this machine.
    pub paths: bool,
    /// What time is counted by.
    pub clock: Clock,
}

/// What the person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask for another code, after one was spent or died; or call the device again.
    NewCode,
    /// Sign in again, after the sign-in was over; a code is asked for then.
    SignIn(SignIn),
    /// Ask for control.
    RequestControl(Scopes),
    /// Take the request back, or give up control.
    ReleaseControl,
    /// Do something on the sharer's screen.
    Input(Vec<InputEvent>),
    /// Read the person's clipboard, once, and send it as one item.
    CopyClipboard,
    /// Send this as one item of the clipboard.
    SendClipboard(String),
    /// Take (true) or refuse the item that the sharer offers.
    AnswerClipboard(bool),
    /// Draw a line on the sharer's screen, or go on with one.
    Stroke(Line),
    /// Point at a place of a display of the sharer's.
    Laser(u8, (u16, u16)),
    /// Take away all that was drawn.
    Clear,
    /// The person has read what is said of the sharer's device.
    Acknowledge,
    /// Fetch the picture of the sharer's card.
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
    /// The connection to the relay stands.
    Connected,
    /// The relay knows who this is.
    SignedIn(SignedIn),
    /// The code to pass on.
    Code {
        /// The code.
        code: Code,
        /// How long it lives, in seconds.
        seconds: u64,
        /// The relay that gave it, as the helper knows it.
        relay: String,
    },
    /// Places of three words, the same at both ends.
    Phrase(Phrase),
    /// The connection is lost. It is tried for again; after so many seconds the session is over.
    Frozen {
        /// How long that is.
        seconds: u64,
    },
    /// Something of the session.
    Session(SessionEvent),
    /// The sharer signed a decision, and lets this end keep it. It holds; with it the cards that it names,
    /// as far as they are here.
    Receipt(Box<Receipt>, Vec<Vec<u8>>),
    /// The sharer showed its card.
    Sharer(Box<Who>),
    /// What is said of the sharer's device.
    Device {
        /// What is known.
        device: Device,
        /// Nothing is shown before [`Command::Acknowledge`].
        to_acknowledge: bool,
    },
    /// The picture of the sharer's card was asked for, and this is what came.
    Picture(Fetched),
    /// A frame is on the screen.
    Shown(u32),
    /// Control cannot be asked for for a while.
    NoControlFor {
        /// How long, in seconds.
        seconds: u64,
    },
    /// The item of the sharer's clipboard that the person took. It is in their clipboard, if
    /// there is one, until the grant ends.
    Clipboard(String),
    /// This was read from the person's clipboard and sent.
    ClipboardSent(String),
    /// How well it goes, every two seconds.
    Quality(Quality),
    /// Pictures come this way from now on.
    Way(Way),
    /// What became of a report; it comes after the end.
    Reported(Reporting),
    /// A command could not be carried out.
    NotNow(Misuse),
    /// A frame or a view has trouble; the session goes on.
    Trouble(String),
}

/// Runs a helper until its session ends. Events go to `events`, which holds 1,024 at least; the last
/// is the end, or what became of a report after it. Nothing is read from the network while they are not taken. When `commands` is closed the session is ended.
///
/// # Errors
/// [`ConnectError`] if there is no connection to the relay.
pub async fn run(
    options: Options,
    mut commands: Receiver<Command>,
    events: Sender<Event>,
) -> Result<Ended, ConnectError> {
    let mut relays = VecDeque::from(options.others);
    relays.push_front(options.relay);
    let mut path = connect(&mut relays, &events).await?;
    let (seen, mut views) = unbounded_channel();
    let clock = options.clock;
    let mut config = options.config;
    clock.date(&mut config);
    config.aead = &Ring;
    let mut helper = Helper {
        clock,
        endpoint: HelperEndpoint::new(&options.name, config.clone(), seed()?),
        device: options.device,
        viewer: Viewer::start(options.views, seen),
        board: Board::new(options.clipboard),
        tools: Tools::default(),
        ways: Ways::new(PathEnd::Helper, options.paths),
        events,
        relay: path.relay().address.clone(),
        others: relays,
        code: CodeIs::Wanted,
    };
    helper.start(options.sign_in.clone());
    loop {
        // Events first: some of them ask for something that is to be sent.
        helper.tell_events();
        helper.choose_way(&mut path);
        while let Some(transmit) = helper.endpoint.poll_transmit() {
            path.transmit(transmit);
        }
        path.want(helper.endpoint.wants_connection());
        if let Some(why) = helper.passes_over() {
            helper.tell(Event::Trouble(trying_another(&helper.relay, why)));
            path.close(ErrorCode::Done).await;
            path = connect(&mut helper.others, &helper.events).await?;
            helper.relay.clone_from(&path.relay().address);
            helper.endpoint = HelperEndpoint::new(&options.name, config.clone(), seed()?);
            helper.code = CodeIs::Wanted;
            helper.start(options.sign_in.clone());
            continue;
        }
        if let Some(ended) = helper.endpoint.machine().ended() {
            helper.board.withdraw();
            let patience = Duration::ZERO;
            let Helper {
                endpoint, clock, ..
            } = &mut helper;
            let done = settle(
                endpoint,
                &mut path,
                clock,
                &mut commands,
                patience,
                |command| match command {
                    Command::EndAndReport(category) => After::Report(*category),
                    _ => After::Nothing,
                },
            );
            let reporting = done.await;
            if reporting != Reporting::None {
                helper.tell(Event::Reported(reporting));
            }
            // Whoever moves a clock does not wait for the transport.
            drop(helper.clock);
            let relay = [path.relay().clone()];
            tokio::join!(path.close(ended.code), helper.viewer.close());
            if mutant::is("RECON-9/again") {
                drop(Path::open(&relay, CHUNK, |_, _| {}).await);
            }
            return Ok(ended);
        }
        helper.wait(&mut path, &mut commands, &mut views).await;
    }
}

fn seed() -> Result<[u8; 32], ConnectError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| ConnectError::System(format!("no random numbers: {error}")))?;
    Ok(seed)
}

/// Connects to the first of these relays that answers, and leaves those that come after it.
async fn connect(
    relays: &mut VecDeque<Relay>,
    events: &Sender<Event>,
) -> Result<Path, ConnectError> {
    let path = Path::open(relays.make_contiguous(), CHUNK, |relay, error| {
        // Nobody may listen.
        let _ = events.try_send(Event::Trouble(trying_another(&relay.address, error)));
    })
    .await?;
    while relays
        .pop_front()
        .is_some_and(|relay| relay != *path.relay())
    {}
    Ok(path)
}

fn trying_another(relay: &str, why: impl fmt::Display) -> String {
    format!("{relay}: {why}; trying another relay")
}

/// Whether the relay has given a code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CodeIs {
    Wanted,
    Refused(ErrorCode),
    Given,
}

/// Bytes of frames that are taken at once.
const CHUNK: usize = 64 * 1024;

struct Helper {
    clock: Clock,
    endpoint: HelperEndpoint,
    device: Option<DeviceKey>,
    viewer: Viewer,
    board: Board,
    tools: Tools,
    ways: Ways,
    events: Sender<Event>,
    /// The relay that answered.
    relay: String,
    /// Those to try if it gives no code.
    others: VecDeque<Relay>,
    code: CodeIs,
}

impl Helper {
    /// It has just connected: it signs in, if it can, and wants a code.
    fn start(&mut self, sign_in: Option<SignIn>) {
        self.tell(Event::Connected);
        match sign_in {
            Some(request) => {
                let asked = self.endpoint.sign_in(request);
                self.done(asked);
            }
            None => self.command(Command::NewCode),
        }
    }

    //= spec/12-reconnect.md#relays [RECON-33] 2f63d216
    /// Why another relay is to be asked for a code, which this one does not give.
    fn passes_over(&self) -> Option<ErrorCode> {
        let ended = self.endpoint.machine().ended();
        let code = match self.code {
            CodeIs::Given if mutant::is("RECON-33/goes-on") => ended
                .filter(|ended| ended.by == By::Relay)
                .map(|ended| ended.code),
            CodeIs::Given => None,
            CodeIs::Refused(code) => Some(code),
            CodeIs::Wanted => ended
                .filter(|ended| ended.by == By::Relay && ended.fault.is_none())
                .map(|ended| ended.code),
        };
        code.filter(|code| [ErrorCode::Busy, ErrorCode::RelayShutdown].contains(code))
            .filter(|_| !self.others.is_empty())
    }

    /// Waits for the next thing to happen, and handles it.
    async fn wait(
        &mut self,
        path: &mut Path,
        commands: &mut Receiver<Command>,
        views: &mut UnboundedReceiver<Seen>,
    ) {
        let due = [self.endpoint.poll_timeout(), self.ways.due(&self.endpoint)];
        let due = due.into_iter().flatten().min();
        let stream = path.stream();
        let events = self.events.clone();
        tokio::select! {
            // The person first, then time, then what others send.
            biased;
            command = commands.recv() => self.command(command.unwrap_or(Command::End)),
            () = self.clock.reach(due, stream) => self.endpoint.handle_timeout(self.clock.now()),
            Some(seen) = views.recv() => self.seen(seen),
            read = self.board.was_read() => self.send(read),
            incoming = when_heard(&events, path.next()) => self.incoming(incoming, path),
        }
    }

    fn incoming(&mut self, incoming: Incoming, path: &mut Path) {
        let now = self.clock.now();
        match incoming {
            Incoming::Control(bytes) => self.endpoint.handle_control(&bytes, now),
            Incoming::Stream { id, bytes, stop } => {
                self.endpoint.handle_stream(id, &bytes, false, now);
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
        let done = match command {
            Command::SignIn(request) => self.endpoint.sign_in(request),
            Command::NewCode => match &self.device {
                Some(device) => self.endpoint.call(device, now),
                None => self.endpoint.request_code(now),
            },
            Command::RequestControl(scopes) => {
                let asked = self.endpoint.request_control(scopes, now);
                asked.map(|()| self.wiped())
            }
            Command::ReleaseControl => self.endpoint.release_control(now),
            Command::Input(events) => events
                .into_iter()
                .try_for_each(|event| self.endpoint.input(event)),
            Command::CopyClipboard => {
                self.board.read();
                Ok(())
            }
            Command::SendClipboard(text) => self.endpoint.send_clipboard(&text, now).map(|_| ()),
            Command::AnswerClipboard(taken) => {
                self.endpoint.answer_clipboard(taken, now).map(|text| {
                    if let Some(text) = text {
                        self.take(text);
                    }
                })
            }
            Command::Stroke(line) => self.endpoint.stroke(line, now),
            Command::Laser(display, at) => self.endpoint.laser(display, at, now),
            Command::Clear => self.endpoint.clear(now),
            Command::Acknowledge => self.endpoint.acknowledge(now),
            Command::FetchPicture => self.endpoint.fetch_picture(now),
            Command::Pause(paused) => self.endpoint.set_paused(paused, now),
            Command::Chat(text) => self.endpoint.chat(&text, now).map(|_| ()),
            Command::ChangePath => {
                self.endpoint.change_path(now);
                Ok(())
            }
            Command::End => {
                self.endpoint.end(now);
                Ok(())
            }
            Command::EndAndReport(category) => self.endpoint.end_and_report(category, now),
        };
        self.done(done);
    }

    fn done(&mut self, done: Result<(), Misuse>) {
        if let Err(misuse) = done {
            self.tell(Event::NotNow(misuse));
        }
    }

    fn seen(&mut self, seen: Seen) {
        let now = self.clock.now();
        match seen {
            Seen::Shown(id) => {
                self.endpoint.shown(id, now);
                self.tell(Event::Shown(id));
            }
            Seen::Damaged(why) => {
                self.endpoint.refresh(now);
                if !why.is_empty() {
                    self.tell(Event::Trouble(why));
                }
            }
            // Without control a window is only looked at.
            Seen::Input(event) => {
                let _ = self.endpoint.input(event);
            }
            Seen::Mark(mark) => self.draw(mark),
            Seen::Closed => self.endpoint.end(now),
            Seen::Trouble(why) => self.tell(Event::Trouble(why)),
        }
    }

    fn tell_events(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Machine::SignedIn(signed_in) => {
                    self.tell(Event::SignedIn(signed_in));
                    self.command(Command::NewCode);
                }
                Machine::Code { code, until } => {
                    let seconds = self.clock.until(until).as_secs();
                    self.code = CodeIs::Given;
                    let relay = self.relay.clone();
                    self.tell(Event::Code {
                        code,
                        seconds,
                        relay,
                    });
                }
                Machine::Phrase(phrase) => self.tell(Event::Phrase(phrase)),
                Machine::Frame { id, frame } => {
                    self.tools.count(&frame);
                    if !self.viewer.offer(id, frame) {
                        self.endpoint.refresh(self.clock.now());
                    }
                }
                Machine::Receipt(receipt) => {
                    let cards = self.endpoint.cards_of(&receipt);
                    self.tell(Event::Receipt(receipt, cards));
                }
                Machine::Session(SessionEvent::Path(event)) => self.ways.decided(event),
                Machine::Session(SessionEvent::Frozen { until }) => {
                    let left = self.clock.until(until).as_secs_f64();
                    let seconds = left.round() as u64;
                    self.tell(Event::Frozen { seconds });
                }
                Machine::Session(SessionEvent::CodeEnded(code)) => {
                    if self.code == CodeIs::Wanted {
                        self.code = CodeIs::Refused(code);
                    }
                    if self.passes_over().is_none() {
                        self.tell(Event::Session(SessionEvent::CodeEnded(code)));
                    }
                }
                Machine::NoCard(code) => {
                    self.tell(Event::Trouble(format!("the relay issues no card: {code}")))
                }
                Machine::Sharer(who) => self.tell(Event::Sharer(who)),
                Machine::Device {
                    device,
                    to_acknowledge,
                } => self.tell(Event::Device {
                    device,
                    to_acknowledge,
                }),
                Machine::Picture(fetched) => self.tell(Event::Picture(fetched)),
                Machine::Session(SessionEvent::ControlNotBefore(from)) => {
                    let seconds = self.clock.seconds_until(from);
                    self.tell(Event::NoControlFor { seconds });
                }
                Machine::Session(event) => {
                    self.notice(&event);
                    self.tell(Event::Session(event));
                }
            }
        }
    }

    fn tell(&mut self, event: Event) {
        // There is room for what one thing causes, unless it is a flood; then the person would not
        // know what is so any more, and the session ends. If nobody listens, it is theirs to end.
        if let Err(TrySendError::Full(_)) = self.events.try_send(event) {
            self.endpoint.end(self.clock.now());
        }
    }
}
