//! `alongside sharer`.

mod over;
mod told;
mod typed;
mod waiting;

use self::over::Over;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use alongside_client::{
    Clock, Config, ConnectError, Ended,
    clipboard::Place,
    device::read_device,
    inject,
    quality::Quality,
    screen::{self, Screen},
    sharer::{self, Command, Options, Receipts, Start},
};
use alongside_state_machine::{endpoint::spent::SpentLocators, identity::keys::SecretKey};
use alongside_wire::{ErrorCode, Scopes, rendezvous::SignIn};
use tokio::sync::mpsc::{self, Sender};

use super::{
    Exit, Failure, Stop, args, code,
    countdown::Countdown,
    exit,
    face::FaceArgs,
    input::Typed,
    prompt::Prompt,
    receipts::{self, Book},
    spent,
    status::Status,
    terminal::Terminal,
};

pub(crate) async fn run(args: args::Sharer) -> Result<Exit, Failure> {
    let mut terminal = Terminal::new();
    // Whatever cannot work is said before a code is spent.
    let sign_in = args.sign_in.sign_in()?;
    let mut config = args.identity.config()?;
    config.identity.needs_card = args.need_card;
    config.identity.device = args.statement.device()?;
    drop(screen::open(&args.screen)?);
    let receipt_key = args.identity.receipt_key(&config)?;
    let relay = args.relay.relay();
    let device = args.device.as_deref().map(read_device).transpose()?;
    if device.as_ref().is_some_and(|device| !device.without_card)
        && config.identity.anchors.is_empty()
    {
        return Err(NO_TRUST.into());
    }
    let book = match (&args.receipts, &device) {
        (Some(path), None) => Some(Book::create(path)?),
        _ => None,
    };
    let invitation = match &device {
        None => Some(code::first(&mut terminal, &relay)?),
        Some(_) => None,
    };
    let raw = terminal.raw();
    let mut sharer = Sharer {
        terminal,
        typed: Typed::start(raw),
        kept: VecDeque::new(),
        reading: true,
        stop: Stop::new()?,
        raw,
        spent: Arc::default(),
        talk: Talk::default(),
        book,
        sign_in,
        config,
        receipt_key,
        stopped: false,
        face: args.face.clone(),
    };
    if let Some(device) = device {
        return sharer.wait_for_calls(&args, &device).await;
    }
    let Some(invitation) = invitation else {
        return Ok(Exit::Failed);
    };
    sharer.warn_of_receipts(&args);
    let mut over = sharer.session(&args, invitation.into()).await?;
    // In the same run, because only that remembers which codes are spent.
    while raw && over.blames_the_code() {
        let Some(invitation) = sharer.another_code(&relay).await else {
            break;
        };
        over = sharer.session(&args, invitation.into()).await?;
    }
    Ok(over.into())
}

//= spec/19-tools.md#secure-desktop [TOOL-24] 4e2ae472
/// What this screen and this system can carry out. No program can answer a permission prompt of a
/// system with X11.
fn supported(screen: &dyn Screen, clipboard: &Place) -> Scopes {
    let mut without = Scopes::ELEVATION;
    if !screen.can_annotate() {
        without = without.union(Scopes::ANNOTATE);
    }
    if *clipboard == Place::Nowhere {
        let both = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);
        without = without.union(both);
    }
    Scopes::ALL.without(without)
}

//= spec/17-known-devices.md#exchange [DEVICE-17] cfba648f
const WRONG_SECRET: &str = "somebody called this device with another secret, or is in between";
const NO_TRUST: &str = "this device takes only helpers whose card somebody vouches for: say with --trust \
                        FILE whom it believes, or enrol it with --without-card";

/// Events that are told before it is looked at what was typed.
const EVENTS_AT_ONCE: u32 = 64;
/// How long an end, and a report of it, may take to be told to everybody.
const END_PATIENCE: Duration = Duration::from_secs(6);
/// How long somebody at a terminal may report a session that the helper ended.
const REPORT_AFTER: Duration = Duration::from_secs(20);
const NOT_ENDING: &str = "The session did not end in order, so the program stops here. Nothing is shown or \
                          done any more.";

/// Waits until an end that was wanted is overdue: the screen may hang, and the session with it.
async fn overdue(ending: Option<Instant>) {
    match ending {
        Some(since) => tokio::time::sleep_until((since + END_PATIENCE).into()).await,
        None => std::future::pending().await,
    }
}

/// The person and what they see, for one session after the other.
struct Sharer {
    terminal: Terminal,
    typed: Typed,
    /// What was typed before a question, and only takes something away.
    kept: VecDeque<String>,
    /// Something can still be typed.
    reading: bool,
    stop: Stop,
    raw: bool,
    //= spec/02-codes.md#spent [CODE-14] 29511607
    /// The program's memory of codes, which dies with it.
    spent: Arc<Mutex<SpentLocators>>,
    talk: Talk,
    /// Where receipts go, if there are any.
    book: Option<Book>,
    /// Who the person is to the relay, if they say so.
    sign_in: Option<SignIn>,
    /// What becomes of the picture of the helper's card.
    face: FaceArgs,
    /// Who the person is to the helper, and whom they believe.
    config: Config,
    /// What receipts are signed with, if the person's card has a key for that.
    receipt_key: Option<SecretKey>,
    /// The program was told to end, and not only the session.
    stopped: bool,
}

/// What is being said in one session.
#[derive(Default)]
struct Talk {
    commands: Option<Sender<Command>>,
    prompt: Option<Prompt>,
    /// What an answer that allows control must repeat, and what was typed of it.
    number: Option<u32>,
    digits: String,
    paused: bool,
    /// An item of the helper's clipboard waits for an answer.
    offered: bool,
    scopes: Scopes,
    quality: Option<Quality>,
    /// When the person wanted to end it.
    ending: Option<Instant>,
    /// It is over, and the person may still report it.
    over: bool,
    /// A channel has stood.
    met: bool,
    /// The connection is lost, and has so long to come back.
    lost: Countdown,
}

type Session = tokio::task::JoinHandle<Result<Ended, ConnectError>>;

impl Sharer {
    fn warn_of_receipts(&mut self, args: &args::Sharer) {
        if let Some(book) = &self.book {
            let warning = book.warning(args.share_receipts);
            self.terminal.line(&warning);
        }
    }

    /// One join, or one wait, and what comes of it.
    async fn session(&mut self, args: &args::Sharer, start: Start) -> Result<Over, Failure> {
        let relay = args.relay.relay();
        let screen = screen::open(&args.screen)?;
        let injector = inject::open(&args.screen).map_err(|error| error.to_string())?;
        let clipboard = Place::of(&args.screen);
        if let (Some(file), Start::Code(code) | Start::Link(code)) = (&args.remember, &start)
            && !spent::spend(file, &relay.address, &code.locator)?
        {
            self.terminal.line(&ConnectError::Spent.to_string());
            return Ok(Over::Spent);
        }
        let (commands, orders) = mpsc::channel(64);
        let (events, mut happened) = mpsc::channel(1_024);
        self.talk = Talk {
            commands: Some(commands),
            ..Talk::default()
        };
        self.terminal.status(match &start {
            Start::Code(_) | Start::Link(_) => "joining ...",
            Start::Device(_) => "connecting to the relay ...",
        });
        let options = Options {
            relay,
            others: args.relay.others(),
            sign_in: self.sign_in.clone(),
            start,
            config: Config {
                supported: supported(&*screen, &clipboard),
                ..self.config.clone()
            },
            screen,
            injector,
            clipboard,
            paths: !args.no_path,
            clock: Clock::default(),
            receipts: args.receipts.is_some().then_some(Receipts {
                share: args.share_receipts,
                key: self.receipt_key.clone(),
            }),
            report_after: if self.raw {
                REPORT_AFTER
            } else {
                Duration::ZERO
            },
        };
        let spent = Arc::clone(&self.spent);
        // On a task of its own: a terminal that does not take what is written must not stop it.
        let mut session: Session =
            tokio::spawn(async move { sharer::run(options, &spent, orders, events).await });
        let mut events_since = 0;
        loop {
            //= spec/05-session.md#end [END-1] 76b70464
            // However much happens, the person is heard.
            if events_since >= EVENTS_AT_ONCE {
                events_since = 0;
                if let Some(word) = self.typed.waiting() {
                    self.typed(&word).await;
                }
            }
            while let Some(word) = self.kept.pop_front() {
                self.typed(&word).await;
            }
            tokio::select! {
                // What happened is known before what was typed is understood.
                biased;
                () = self.stop.next() => {
                    self.stopped = true;
                    self.order(Command::End).await;
                }
                ended = &mut session => {
                    let ended = match ended? {
                        Err(ConnectError::Spent) => {
                            self.terminal.status("");
                            self.terminal.line(&ConnectError::Spent.to_string());
                            return Ok(Over::Spent);
                        }
                        ended => ended?,
                    };
                    while let Ok(event) = happened.try_recv() {
                        self.happened(event);
                    }
                    self.terminal.status("");
                    let why = match ended.code {
                        ErrorCode::HandshakeFailed if args.device.is_some() => WRONG_SECRET.into(),
                        _ => exit::explain(&ended, "the helper"),
                    };
                    self.terminal.line(&why);
                    return Ok(Over::Ended(ended));
                }
                Some(event) = happened.recv() => {
                    events_since += 1;
                    self.happened(event);
                }
                word = self.typed.next(), if self.reading => match word {
                    Some(word) => self.typed(&word).await,
                    // Nobody can answer any more, and silence is no consent.
                    None => self.reading = false,
                },
                () = self.talk.lost.tick(), if self.terminal.is_terminal() => self.show_status(),
                () = overdue(self.talk.ending) => {
                    self.terminal.status("");
                    self.terminal.line(NOT_ENDING);
                    return Ok(Over::Stuck);
                }
            }
        }
    }

    async fn order(&mut self, command: Command) {
        if matches!(command, Command::End | Command::EndAndReport(_)) {
            self.talk.ending.get_or_insert_with(Instant::now);
        }
        if let Some(commands) = &self.talk.commands {
            // It fails when the session is over, which is told.
            let _ = commands.send(command).await;
        }
    }

    /// Something that the program itself wants done, if there is room.
    fn order_now(&self, command: Command) {
        if let Some(commands) = &self.talk.commands {
            let _ = commands.try_send(command);
        }
    }

    //= spec/05-session.md#control [CONTROL-6] d5b72aae
    fn ask(&mut self, prompt: Prompt) {
        // What was typed before the question cannot have been the answer that allows it.
        let paused = self.talk.paused;
        let kept = self.typed.discard().into_iter();
        self.kept
            .extend(kept.filter(|word| !paused || word != "toggle-pause"));
        for line in prompt.question().lines() {
            self.terminal.alert(line);
        }
        self.talk.prompt = Some(prompt);
        self.talk.number = None;
        self.talk.digits.clear();
        self.want_word();
        self.show_status();
    }

    fn want_word(&mut self) {
        if self.talk.prompt.as_ref().is_some_and(Prompt::wants_word) {
            self.typed.want_line();
        }
    }

    fn show_status(&mut self) {
        if let Some(lost) = self.talk.lost.status() {
            let end = if self.raw { "q ends it" } else { "end ends it" };
            self.terminal.status(&format!("{lost} | {end}"));
            return;
        }
        let status = Status {
            scopes: self.talk.scopes,
            prompt: self.talk.prompt.as_ref(),
            digits: self.talk.number.map(|_| self.talk.digits.as_str()),
            line: self.typed.line(),
            offered: self.talk.offered,
            raw: self.raw,
        };
        let status = status.text(self.terminal.room());
        self.terminal.status(&status);
    }
}
