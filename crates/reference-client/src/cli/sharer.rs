//! `alongside sharer`.

use std::{
    io::BufRead as _,
    time::{Duration, Instant},
};

use alongside_client::{
    Config, inject, screen,
    sharer::{self, Command, Event, Options, Receipts, SessionEvent},
};
use alongside_state_machine::endpoint::spent::SpentLocators;
use alongside_wire::{Scopes, code::Code};
use tokio::sync::mpsc::{self, Sender, UnboundedReceiver};

use super::{
    Exit, Failure, Stop, args, exit, input,
    receipts::{self, Book},
    spent,
    terminal::Terminal,
    words::{may, may_briefly, phrase, plain, signed_in_as_sharer},
};

/// What the person is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    Consent,
    Control(Scopes),
}

pub(crate) async fn run(args: args::Sharer) -> Result<Exit, Failure> {
    let mut terminal = Terminal::new();
    // Whatever cannot work is said before the code is spent.
    let sign_in = args.sign_in.sign_in()?;
    let screen = screen::open(&args.screen)?;
    let injector = inject::open(&args.screen).map_err(|error| error.to_string())?;
    let book = args.receipts.as_deref().map(Book::create).transpose()?;
    let code = match args.code {
        Some(code) => code,
        None => ask_code(&mut terminal)?,
    };
    let relay = args.relay.relay();
    spent::spend(&relay.address, &code.locator)?;
    let (commands, orders) = mpsc::channel(64);
    let (events, mut happened) = mpsc::channel(1_024);
    terminal.status("joining ...");
    let options = Options {
        relay,
        sign_in,
        code,
        config: Config::default(),
        screen,
        injector,
        receipts: args.receipts.is_some().then_some(Receipts {
            share: args.share_receipts,
        }),
    };
    // On a task of its own: a terminal that does not take what is written must not stop it.
    let mut session = tokio::spawn(async move {
        let mut marked = SpentLocators::default();
        sharer::run(options, &mut marked, orders, events).await
    });
    let mut stop = Stop::new()?;
    let raw = terminal.raw();
    let mut typed = if raw { input::keys() } else { input::lines() };
    let mut reading = true;
    let mut sharer = Sharer {
        terminal,
        commands,
        raw,
        prompt: None,
        number: None,
        digits: String::new(),
        line: None,
        paused: false,
        scopes: Scopes::NONE,
        ending: None,
        book,
    };
    if let Some(book) = &sharer.book {
        let warning = book.warning(args.share_receipts);
        sharer.terminal.line(&warning);
    }
    loop {
        tokio::select! {
            // What happened is known before what was typed is understood.
            biased;
            ended = &mut session => {
                let ended = ended??;
                while let Ok(event) = happened.try_recv() {
                    sharer.happened(event, &mut typed);
                }
                sharer.terminal.status("");
                sharer.terminal.line(&exit::explain(&ended, "the helper"));
                return Ok(ended.into());
            }
            Some(event) = happened.recv() => sharer.happened(event, &mut typed),
            word = typed.recv(), if reading => match word {
                Some(word) => sharer.typed(&word).await,
                // Nobody can answer any more, and silence is no consent.
                None => reading = false,
            },
            () = stop.next() => sharer.order(Command::End).await,
            () = overdue(sharer.ending) => {
                sharer.terminal.status("");
                sharer.terminal.line(NOT_ENDING);
                return Ok(Exit::Failed);
            }
        }
    }
}

/// How long an end may take to be told to everybody.
const END_PATIENCE: Duration = Duration::from_secs(4);
const NOT_ENDING: &str = "The session did not end in order, so the program stops here. Nothing is shown or \
                          done any more.";

/// Waits until an end that was wanted is overdue: the screen may hang, and the session with it.
async fn overdue(ending: Option<Instant>) {
    match ending {
        Some(since) => tokio::time::sleep_until((since + END_PATIENCE).into()).await,
        None => std::future::pending().await,
    }
}

fn ask_code(terminal: &mut Terminal) -> Result<Code, Failure> {
    loop {
        terminal.line("Type the code that the helper reads to you:");
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err("no code was given".into());
        }
        match Code::parse(&line) {
            Ok(code) => return Ok(code),
            Err(error) => terminal.line(&error.to_string()),
        }
    }
}

struct Sharer {
    terminal: Terminal,
    commands: Sender<Command>,
    raw: bool,
    prompt: Option<Prompt>,
    /// What an answer that allows control must repeat, and what was typed of it.
    number: Option<u32>,
    digits: String,
    /// A line of chat that is being typed, key by key.
    line: Option<String>,
    paused: bool,
    scopes: Scopes,
    /// When the person wanted to end it.
    ending: Option<Instant>,
    /// Where receipts go, if there are any.
    book: Option<Book>,
}

impl Sharer {
    async fn order(&mut self, command: Command) {
        if command == Command::End {
            self.ending.get_or_insert_with(Instant::now);
        }
        // It fails when the session is over, which is told.
        let _ = self.commands.send(command).await;
    }

    async fn typed(&mut self, word: &str) {
        if let Some(line) = word.strip_prefix("chat ") {
            self.line = None;
            self.show_status();
            self.order(Command::Chat(line.to_owned())).await;
            return;
        }
        if self.raw && (word == "unsaid" || word.starts_with("typing ")) {
            self.line = word.strip_prefix("typing ").map(str::to_owned);
            self.show_status();
            return;
        }
        if let Some(digit) = word.strip_prefix("digit ") {
            self.digit(digit).await;
            return;
        }
        let (word, number) = match word.split_once(' ') {
            Some(("yes", number)) => ("yes", number.trim().parse().ok()),
            _ => (word, None),
        };
        let command = match (word, self.prompt) {
            ("yes", Some(Prompt::Consent)) => Command::Consent(true),
            ("no", Some(Prompt::Consent)) => Command::Consent(false),
            ("yes", Some(Prompt::Control(scopes))) => Command::AllowControl(scopes, number),
            ("no", Some(Prompt::Control(_))) => Command::DenyControl,
            ("yes" | "no", None) => {
                self.terminal.line("Nothing is being asked.");
                return;
            }
            ("pause", _) => Command::Pause(true),
            ("unpause", _) => Command::Pause(false),
            ("toggle-pause", _) => Command::Pause(!self.paused),
            ("revoke", _) => Command::Revoke,
            ("end", _) => Command::End,
            ("", _) => return,
            _ => {
                self.terminal
                    .line("Type yes, no, pause, unpause, revoke, chat TEXT or end.");
                return;
            }
        };
        if let Command::Consent(_) = command {
            self.prompt = None;
        }
        self.order(command).await;
    }

    /// A digit of the number that allows control.
    async fn digit(&mut self, digit: &str) {
        let (Some(Prompt::Control(scopes)), Some(_)) = (self.prompt, self.number) else {
            return;
        };
        self.digits.push_str(digit);
        self.show_status();
        if self.digits.len() == 6 {
            let number = self.digits.parse().ok();
            self.digits.clear();
            self.order(Command::AllowControl(scopes, number)).await;
        }
    }

    fn happened(&mut self, event: Event, typed: &mut UnboundedReceiver<String>) {
        match event {
            Event::Connected => self.terminal.status("waiting for the helper ..."),
            Event::SignedIn(signed_in) => self.terminal.line(&signed_in_as_sharer(&signed_in)),
            Event::Phrase(places) => self.terminal.line(&format!(
                "The helper should see the same three words: {}",
                phrase(places)
            )),
            Event::Number(number) => {
                self.number = Some(number);
                let how = if self.raw {
                    format!("To allow it, type {number:06}.")
                } else {
                    format!("To allow it, type: yes {number:06}")
                };
                self.terminal.alert(&how);
                self.show_status();
            }
            Event::Scopes(scopes) => {
                self.scopes = scopes;
                self.show_status();
            }
            Event::Receipt(receipt) => receipts::keep(&mut self.book, &receipt, &mut self.terminal),
            Event::NotNow(misuse) => self.terminal.line(&format!("Not now: {misuse}.")),
            Event::Trouble(why) => self.terminal.line(&plain(&why)),
            Event::Session(event) => self.session(event, typed),
        }
    }

    fn session(&mut self, event: SessionEvent, typed: &mut UnboundedReceiver<String>) {
        match event {
            //= spec/05-session.md#consent [CONSENT-5] 9b48cef1
            SessionEvent::ConsentAsked { name, .. } => {
                let name = plain(&name);
                let question =
                    format!("\"{name}\" (unverified) wants to SEE YOUR SCREEN. Allow it?");
                self.ask(Prompt::Consent, &question, typed);
            }
            SessionEvent::Viewing => self.terminal.line("Your screen is shown from now on."),
            SessionEvent::ControlAsked { scopes, .. } => {
                let question = format!("The helper wants to CONTROL: {scopes}. Allow it?");
                self.ask(Prompt::Control(scopes), &question, typed);
            }
            SessionEvent::ControlPromptClosed => {
                self.prompt = None;
                self.terminal
                    .line("The question is closed; control was not granted.");
                self.show_status();
            }
            SessionEvent::ControlGranted { .. } => {
                self.prompt = None;
                let key = if self.raw { "r" } else { "revoke" };
                let line = format!("The helper has control; {key} takes it back.");
                self.terminal.alert(&line);
            }
            SessionEvent::ControlEnded { code, .. } => {
                self.terminal
                    .line(&format!("The helper has no control any more: {code}."));
            }
            SessionEvent::Paused { local, peer } => {
                self.paused = local;
                self.terminal.line(match (local, peer) {
                    (false, false) => "The session goes on: the helper sees your screen again.",
                    (true, false) => "You paused: nothing is shown.",
                    (false, true) => "The helper paused: nothing is shown.",
                    (true, true) => "Both of you paused: nothing is shown.",
                });
                self.show_status();
            }
            SessionEvent::Chat(text) => self.terminal.line(&format!("helper: {}", plain(&text))),
            SessionEvent::ChatDelivered(_) => self.terminal.line("(delivered)"),
            SessionEvent::MediaReady
            | SessionEvent::MediaStopped
            | SessionEvent::CompleteFrameWanted
            | SessionEvent::Inject(_)
            | SessionEvent::ReleaseAll
            | SessionEvent::Ended(_) => {}
        }
    }

    //= spec/05-session.md#control [CONTROL-6] d5b72aae
    fn ask(&mut self, prompt: Prompt, question: &str, typed: &mut UnboundedReceiver<String>) {
        // What was typed before the question cannot have been its answer.
        if input::discard(typed) {
            self.ending.get_or_insert_with(Instant::now);
            let _ = self.commands.try_send(Command::End);
        }
        self.prompt = Some(prompt);
        self.number = None;
        self.digits.clear();
        self.terminal.alert(question);
        self.show_status();
    }

    //= spec/05-session.md#consent [CONSENT-8] f836b0cb
    fn show_status(&mut self) {
        let rest = match (&self.line, self.number, self.prompt) {
            (Some(line), _, prompt) => {
                let how = if prompt.is_some() {
                    "Esc before you answer"
                } else {
                    "Enter sends"
                };
                // Its end is what the person is typing.
                let skip = line.chars().count().saturating_sub(LINE);
                format!("{how}> {}", line.chars().skip(skip).collect::<String>())
            }
            (None, Some(_), Some(_)) if self.raw => {
                format!("number: {:6} | n refuses, q ends", self.digits)
            }
            (None, _, Some(_)) if self.raw => "y allows, n refuses, q ends".to_owned(),
            (None, _, Some(_)) => "yes allows, no refuses, end ends".to_owned(),
            (None, _, None) if self.raw => {
                "q ends, p pauses, r takes control back, t chats".to_owned()
            }
            (None, _, None) => "end, pause, unpause, revoke, chat TEXT".to_owned(),
        };
        let mut status = format!("{} | {rest}", may(self.scopes));
        if status.chars().count() > self.terminal.room() {
            status = format!("{} | {rest}", may_briefly(self.scopes));
        }
        self.terminal.status(&status);
    }
}

/// Characters of a line of chat that are seen while it is typed.
const LINE: usize = 20;
