//! `alongside sharer`.

mod waiting;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use alongside_client::{
    By, Clock, Config, ConnectError, Ended, Relay,
    clipboard::Place,
    device::read_device,
    inject,
    quality::Quality,
    screen::{self, Screen},
    sharer::{self, Command, Event, Options, Receipts, SessionEvent, Start},
};
use alongside_state_machine::{endpoint::spent::SpentLocators, identity::keys::SecretKey};
use alongside_wire::{ErrorCode, ReportCategory, Scopes, rendezvous::SignIn};
use tokio::sync::mpsc::{self, Sender};

use super::{
    Exit, Failure, Stop, args,
    code::{self, Invitation},
    countdown::{BACK, Countdown},
    exit,
    face::FaceArgs,
    input::Typed,
    prompt::Prompt,
    receipts::{self, Book},
    report::{became_of, report_category},
    spent,
    status::{Status, choices},
    terminal::Terminal,
    who,
    words::{excerpt, phrase, plain, signed_in_as_sharer},
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

/// What came of a join.
enum Over {
    Ended(Ended),
    /// The code was used here before.
    Spent,
    /// It did not end in order.
    Stuck,
}

impl Over {
    fn blames_the_code(&self) -> bool {
        match self {
            Self::Ended(ended) => code::is_to_blame(ended),
            Self::Spent => true,
            Self::Stuck => false,
        }
    }
}

impl From<Over> for Exit {
    fn from(over: Over) -> Self {
        match over {
            Over::Ended(ended) => ended.into(),
            Over::Spent | Over::Stuck => Self::Failed,
        }
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

    async fn typed(&mut self, word: &str) {
        let category = word.strip_prefix("report ").map(report_category);
        if let Some(Some(category)) = category {
            self.order(Command::EndAndReport(category)).await;
            return;
        }
        if self.talk.over && word != "report" {
            self.order(Command::End).await;
            return;
        }
        if let Some(line) = word.strip_prefix("chat ") {
            self.show_status();
            self.order(Command::Chat(line.to_owned())).await;
            return;
        }
        if self.raw && word == "typing" {
            self.show_status();
            return;
        }
        if let Some(digit) = word.strip_prefix("digit ") {
            self.digit(digit).await;
            return;
        }
        let word = word.strip_prefix("answer ").unwrap_or(word).trim();
        let (word, number) = match word.split_once(' ') {
            Some(("yes", number)) => ("yes", number.trim().parse().ok()),
            _ => (word, None),
        };
        let answer = self.talk.prompt.as_ref();
        let answer = answer.and_then(|prompt| prompt.answer(word, number));
        let command = match (answer, word) {
            (Some(answer), _) => {
                self.answered(&answer);
                answer
            }
            (None, "end" | "q") => Command::End,
            (None, "report" | "!") => Command::EndAndReport(ReportCategory::Other),
            (None, "pause") => Command::Pause(true),
            (None, "unpause") => Command::Pause(false),
            (None, "toggle-pause") => Command::Pause(!self.talk.paused),
            (None, "revoke") => Command::Revoke,
            (None, "card") => Command::ShowCard,
            (None, "copy") => Command::CopyClipboard,
            (None, "take" | "refuse") if !self.talk.offered => {
                self.terminal.line("The helper offers nothing.");
                return;
            }
            (None, "take") => Command::AnswerClipboard(true),
            (None, "refuse") => {
                self.talk.offered = false;
                self.show_status();
                Command::AnswerClipboard(false)
            }
            (None, "quality") => return self.tell_quality(),
            (None, "renew") => Command::Renew,
            (None, "keyboard-back") => {
                let left = self.talk.scopes.intersect(Scopes::GRANTABLE);
                match left.without(Scopes::KEYBOARD) {
                    Scopes::NONE => Command::Revoke,
                    left => Command::Narrow(left),
                }
            }
            (None, word) => return self.not_understood(word),
        };
        self.order(command).await;
    }

    fn tell_quality(&mut self) {
        let quality = self.talk.quality;
        self.terminal.line(&quality.map_or_else(
            || "Nothing is known yet of how well it goes.".to_owned(),
            |quality| format!("It goes at {quality}."),
        ));
    }

    /// An answer is on its way: the next question, if there is one.
    fn answered(&mut self, answer: &Command) {
        let Some(prompt) = &self.talk.prompt else {
            return;
        };
        // The last stays open until the session says so: the answer may come too soon, or while the
        // connection is lost.
        if let Some(next) = prompt.next(answer) {
            self.ask(next);
        }
    }

    fn not_understood(&mut self, word: &str) {
        let line = match &self.talk.prompt {
            Some(prompt) if prompt.wants_word() => "Type no, report, or the whole word: share",
            _ if word.is_empty() => return,
            None if ["yes", "no"].contains(&word) => "Nothing is being asked.",
            _ => {
                "Type yes, no, pause, unpause, revoke, keyboard-back, renew, copy, take, refuse, \
                 quality, chat TEXT, end or report."
            }
        };
        self.terminal.line(line);
        self.want_word();
        self.show_status();
    }

    /// A digit of the number that allows control.
    async fn digit(&mut self, digit: &str) {
        let (Some(Prompt::Control { scopes, .. }), Some(_)) = (&self.talk.prompt, self.talk.number)
        else {
            return;
        };
        let scopes = *scopes;
        self.talk.digits.push_str(digit);
        self.show_status();
        if self.talk.digits.len() == 6 {
            let number = self.talk.digits.parse().ok();
            self.talk.digits.clear();
            self.order(Command::AllowControl(scopes, number)).await;
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Connected => self.terminal.status("waiting for the helper ..."),
            Event::SignedIn(signed_in) => self.terminal.line(&signed_in_as_sharer(&signed_in)),
            //= spec/05-session.md#friction [FRICTION-7] 09126b66
            Event::HeldBack { most } => self.terminal.line(&format!(
                "No answer yet. After wrong codes from this address the relay waits longer and longer \
                 before it answers, up to {most} seconds."
            )),
            Event::Waiting => self.terminal.status("this device waits to be called ..."),
            Event::Phrase(places) => {
                self.talk.met = true;
                self.terminal.line(&format!(
                    "The helper should see the same three words: {}",
                    phrase(places)
                ));
            }
            Event::Picture(fetched) => self.terminal.line(&self.face.tell(&fetched)),
            Event::Number(number) => {
                self.talk.number = Some(number);
                let how = if self.raw {
                    format!("To allow it, type {number:06}.")
                } else {
                    format!("To allow it, type: yes {number:06}")
                };
                self.terminal.alert(&how);
                self.show_status();
            }
            Event::Scopes(scopes) => {
                self.talk.scopes = scopes;
                self.show_status();
            }
            //= spec/05-session.md#friction [FRICTION-5] fec42a09
            Event::NoControlFor { seconds } => self.terminal.line(&format!(
                "The helper cannot ask for control in the next {seconds} seconds."
            )),
            Event::Receipt(receipt, cards) => {
                receipts::keep(&mut self.book, &receipt, cards, &mut self.terminal);
            }
            Event::Quality(quality) => {
                self.talk.quality = Some(quality);
                self.terminal.aside(&quality.to_string());
            }
            Event::Reported(reporting) => self.terminal.alert(became_of(reporting)),
            Event::NotNow(misuse) => {
                self.terminal.line(&format!("Not now: {misuse}."));
                self.want_word();
            }
            Event::Trouble(why) => self.terminal.line(&plain(&why)),
            Event::Frozen { seconds } => {
                self.talk.lost.begin(seconds);
                self.terminal
                    .line("The connection is lost: nothing is shown and nothing done.");
                self.show_status();
            }
            Event::Clipboard(_) => {
                self.talk.offered = false;
                self.terminal.line(
                    "It is in your clipboard now, until the helper's control ends or you copy \
                     something.",
                );
                self.show_status();
            }
            Event::ClipboardSent(text) => self.terminal.line(&format!(
                "Your clipboard is offered to the helper, {} bytes: {}",
                text.len(),
                excerpt(&text)
            )),
            Event::Session(event) => self.session_event(event),
        }
    }

    fn session_event(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::ConsentAsked { name, who, .. } => {
                self.terminal.line("Who asks:");
                for line in who::lines(&name, &who) {
                    self.terminal.line(&line);
                }
                if who
                    .card
                    .as_ref()
                    .is_some_and(|card| !card.picture.is_empty())
                {
                    self.order_now(Command::FetchPicture);
                }
                if self.config.identity.card.is_some() {
                    let key = if self.raw { "i" } else { "card" };
                    let line = format!(
                        "Your own card is shown to an issuer's people; {key} shows it anyway."
                    );
                    self.terminal.line(&line);
                }
                self.ask(Prompt::Contact(who::briefly(&name, &who)));
            }
            SessionEvent::Viewing => {
                self.talk.prompt = None;
                self.terminal.line("Your screen is shown from now on.");
                self.show_status();
            }
            SessionEvent::ControlAsked {
                scopes, renewal, ..
            } => self.ask(Prompt::Control { scopes, renewal }),
            SessionEvent::ControlPromptClosed => {
                self.talk.prompt = None;
                self.terminal
                    .line("The question is closed; control was not granted.");
                self.show_status();
            }
            SessionEvent::ControlGranted { scopes, .. } => {
                self.talk.prompt = None;
                let line = format!("The helper has control; {}.", choices(scopes, self.raw));
                self.terminal.alert(&line);
            }
            SessionEvent::ControlRenewed { .. } => {
                self.talk.prompt = None;
                self.terminal
                    .line("The helper keeps control for 15 minutes more.");
                self.show_status();
            }
            SessionEvent::ClipboardOffered { text, .. } => {
                let (start, bytes) = (excerpt(&text), text.len());
                let (take, refuse) = match self.raw {
                    true => ("v", "x"),
                    false => ("take", "refuse"),
                };
                self.talk.offered = true;
                self.terminal.line(&format!(
                    "The helper offers its clipboard ({take} takes it, {refuse} refuses it), \
                     {bytes} bytes: {start}"
                ));
                self.show_status();
            }
            SessionEvent::ClipboardLapsed { .. } => {
                self.talk.offered = false;
                self.show_status();
                self.terminal
                    .line("(the helper's clipboard is not offered any more)");
            }
            SessionEvent::ClipboardAnswered { taken, .. } => {
                let done = if taken { "took" } else { "did not take" };
                self.terminal
                    .line(&format!("The helper {done} your clipboard."));
            }
            SessionEvent::ControlEnded { code, .. } => {
                self.terminal
                    .line(&format!("The helper has no control any more: {code}."));
            }
            SessionEvent::Paused { local, peer } => {
                self.talk.paused = local;
                self.terminal.line(match (local, peer) {
                    (false, false) => "The session goes on: the helper sees your screen again.",
                    (true, false) => "You paused: nothing is shown.",
                    (false, true) => "The helper paused: nothing is shown.",
                    (true, true) => "Both of you paused: nothing is shown.",
                });
                self.show_status();
            }
            SessionEvent::Ended(ended) => self.over(&ended),
            SessionEvent::Chat(text) => self.terminal.line(&format!("helper: {}", plain(&text))),
            SessionEvent::ChatDelivered(_) => self.terminal.line("(delivered)"),
            SessionEvent::Back => {
                self.talk.lost.stop();
                self.terminal.line(BACK);
                self.show_status();
            }
            // The warning stands in the question that follows the answer.
            SessionEvent::Frozen { .. }
            | SessionEvent::ScamWarning
            | SessionEvent::JoinHeldBack
            | SessionEvent::ControlNotBefore(_)
            | SessionEvent::MediaReady
            | SessionEvent::MediaStopped
            | SessionEvent::CompleteFrameWanted
            | SessionEvent::Inject(_)
            | SessionEvent::ReleaseAll
            | SessionEvent::Stroke(_)
            | SessionEvent::Laser { .. }
            | SessionEvent::LaserGone
            | SessionEvent::DrawingCleared
            | SessionEvent::Delay(_) => {}
        }
    }

    /// The helper ended it, perhaps because they have what they wanted.
    fn over(&mut self, ended: &Ended) {
        self.talk.prompt = None;
        if self.raw && ended.by == By::Peer && ended.fault.is_none() {
            self.talk.over = true;
            let seconds = REPORT_AFTER.as_secs();
            self.terminal.alert(&format!(
                "The helper ended the session. Press ! within {seconds} seconds to report them to \
                 whoever runs the relay; any other key closes."
            ));
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

    /// A code that the person types after a join that came to nothing, if they have one.
    async fn another_code(&mut self, relay: &Relay) -> Option<Invitation> {
        self.terminal
            .alert("If the helper reads you another code, type it. Ctrl-C ends.");
        let mut elsewhere = None;
        loop {
            self.typed.want_line();
            self.terminal.status("code> ");
            let typed = loop {
                let word = tokio::select! {
                    word = self.typed.next() => word?,
                    () = self.stop.next() => return None,
                };
                match word.strip_prefix("answer ") {
                    Some(code) => break code.to_owned(),
                    None if word == "end" => return None,
                    None => {
                        let typed = self.typed.line().unwrap_or_default();
                        let status = format!("code> {typed}");
                        self.terminal.status(&status);
                    }
                }
            };
            if let Some(code) = elsewhere.take().filter(|_| typed.trim() == "yes") {
                return Some(Invitation { code, link: true });
            }
            match code::read(&typed, relay) {
                Ok(code::Read::Invitation(invitation)) => return Some(invitation),
                Ok(code::Read::Elsewhere(link)) => {
                    self.terminal.line(&code::elsewhere(&link, relay));
                    elsewhere = Some(link.code);
                }
                Err(error) => self.terminal.line(&error.to_string()),
            }
        }
    }
}
