//! `alongside helper`.

use std::time::{Duration, Instant};

use alongside_client::{
    Clock,
    clipboard::Place,
    device::read_key,
    helper::{self, Command, Event, Options, SessionEvent},
    quality::Quality,
    view::{Folder, View},
    window::Window,
};
use alongside_state_machine::identity::device::Device;
use alongside_wire::{Class, ErrorCode, Scopes, code::Code, limits::SPENT_CODES, link::Link};
use tokio::{
    sync::mpsc::{self, Sender},
    time::{Instant as Moment, sleep_until},
};

use super::{
    Exit, Failure, Stop, args,
    countdown::{BACK, Countdown, lost},
    exit,
    face::FaceArgs,
    input,
    receipts::{self, Book},
    report::became_of,
    script,
    terminal::Terminal,
    who,
    words::{clock, excerpt, phrase, plain, signed_in_as},
};

/// How often a request that came too early is made again, and after how long.
const RETRIES: u32 = 3;
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Numbers of strokes that are typed begin here; those that are drawn begin at 0.
const STROKES: u32 = 1 << 31;

pub(crate) async fn run(args: args::Helper) -> Result<Exit, Failure> {
    let mut terminal = Terminal::new();
    let sign_in = args.sign_in.sign_in()?;
    let config = args.identity.config()?;
    let face = args.face.clone();
    let views = views(&args, &mut terminal)?;
    let book = args.receipts.as_deref();
    let book = book.map(Book::create).transpose()?;
    let device = args.device.as_deref().map(read_key).transpose()?;
    let calls = device.is_some();
    let (commands, orders) = mpsc::channel(64);
    let (events, mut happened) = mpsc::channel(1_024);
    terminal.status("connecting to the relay ...");
    let options = Options {
        relay: args.relay.relay(),
        others: args.relay.others(),
        sign_in,
        device,
        name: args.name,
        config,
        views,
        clipboard: Place::X11(None),
        paths: !args.no_path,
        clock: Clock::default(),
    };
    // On a task of its own: a terminal that does not take what is written must not stop it.
    let mut session = tokio::spawn(helper::run(options, orders, events));
    let mut stop = Stop::new()?;
    let mut lines = input::lines();
    let mut reading = true;
    let mut helper = Helper {
        terminal,
        face,
        commands,
        code: None,
        lost: Countdown::default(),
        screen: None,
        stroke: STROKES,
        wanted: Scopes::CONTROL,
        quality: None,
        retries: 0,
        later: None,
        book,
        tokens: args.sign_in,
        calls,
        exit: None,
    };
    loop {
        let later = helper.later.as_ref().map(|(at, _)| *at);
        tokio::select! {
            ended = &mut session => {
                let ended = ended??;
                while let Ok(event) = happened.try_recv() {
                    helper.happened(event).await;
                }
                helper.terminal.status("");
                if let Some(exit) = helper.exit {
                    return Ok(exit);
                }
                let why = match ended.code {
                    ErrorCode::NotFound if helper.calls => NO_DEVICE.to_owned(),
                    _ => exit::explain(&ended, "the sharer"),
                };
                helper.terminal.line(&why);
                return Ok(ended.into());
            }
            Some(event) = happened.recv() => helper.happened(event).await,
            line = lines.recv(), if reading => match line {
                Some(line) => helper.line(&line).await,
                // Nothing can be typed any more; what is shown goes on.
                None => reading = false,
            },
            () = tick(helper.code.is_some() && helper.terminal.is_terminal()) => helper.count_down(),
            () = helper.lost.tick(), if helper.terminal.is_terminal() => helper.show_lost(),
            () = sleep_until(later.unwrap_or_else(Moment::now)), if later.is_some() => {
                if let Some((_, command)) = helper.later.take() {
                    helper.order(command).await;
                }
            }
            () = stop.next() => helper.order(Command::End).await,
        }
    }
}

const NO_DEVICE: &str = "The device did not answer: it does not wait at this relay, or you are not signed \
                         in to its organisation.";

async fn tick(on: bool) {
    if on {
        tokio::time::sleep(Duration::from_secs(1)).await;
    } else {
        std::future::pending::<()>().await;
    }
}

fn views(args: &args::Helper, terminal: &mut Terminal) -> Result<Vec<Box<dyn View>>, Failure> {
    let mut views: Vec<Box<dyn View>> = Vec::new();
    if let Some(folder) = &args.save_frames {
        views.push(Box::new(Folder::create(folder).map_err(|error| {
            format!(
                "{}: {error}; name a folder that can be made",
                folder.display()
            )
        })?));
    }
    if !args.no_window {
        match Window::open("Alongside") {
            Ok(window) => views.push(Box::new(window)),
            Err(error) if views.is_empty() => {
                return Err(format!(
                    "no window can be opened ({error}); use --save-frames DIR to see pictures all \
                     the same, or --no-window to do without"
                )
                .into());
            }
            Err(error) => terminal.line(&format!("no window ({error}); pictures are saved")),
        }
    }
    Ok(views)
}

struct Helper {
    terminal: Terminal,
    face: FaceArgs,
    commands: Sender<Command>,
    /// The code that waits, and when it dies.
    code: Option<(Code, Instant)>,
    /// The connection is lost, and has so long to come back.
    lost: Countdown,
    /// The display that is seen: id, width, height.
    screen: Option<(u8, u16, u16)>,
    /// The latest number for a stroke.
    stroke: u32,
    /// What was asked for last.
    wanted: Scopes,
    /// How well it goes.
    quality: Option<Quality>,
    retries: u32,
    /// Something to do later.
    later: Option<(Moment, Command)>,
    /// Where receipts go, if there are any.
    book: Option<Book>,
    /// Where a token to sign in with is found.
    tokens: args::SignInArgs,
    /// A known device is called; there are no codes.
    calls: bool,
    /// How the program ends, if there will be no session.
    exit: Option<Exit>,
}

impl Helper {
    async fn order(&self, command: Command) {
        // It fails when the session is over, which is told.
        let _ = self.commands.send(command).await;
    }

    async fn line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if line == "quality" {
            let quality = self.quality;
            self.terminal.line(&quality.map_or_else(
                || "nothing is known yet of how well it goes".to_owned(),
                |quality| format!("it goes at {quality}"),
            ));
            return;
        }
        self.stroke += 1;
        match script::command(line, self.screen, self.stroke) {
            Ok(command) => {
                if let Command::RequestControl(scopes) = command {
                    self.wanted = scopes;
                    self.retries = RETRIES;
                }
                self.order(command).await;
            }
            Err(why) => self.terminal.line(&why),
        }
    }

    fn show_lost(&mut self) {
        if let Some(status) = self.lost.status() {
            self.terminal.status(&status);
        }
    }

    fn count_down(&mut self) {
        if let Some((code, dies)) = &self.code {
            let left = dies.saturating_duration_since(Instant::now()).as_secs();
            let status = format!("code {code}, {} left", clock(left));
            self.terminal.status(&status);
        }
    }

    async fn happened(&mut self, event: Event) {
        match event {
            Event::Connected if self.calls => self.terminal.status("calling the device ..."),
            Event::Connected => self.terminal.status("asking for a code ..."),
            Event::SignedIn(signed_in) => self.terminal.line(&signed_in_as(&signed_in)),
            Event::Code {
                code,
                seconds,
                relay,
            } => {
                let dies = Instant::now() + Duration::from_secs(seconds);
                self.code = Some((code, dies));
                self.terminal.status("");
                self.terminal.alert(&format!("Your code: {code}"));
                self.terminal.line(&format!(
                    "Read it to the person you help; it works once, for {}.",
                    clock(seconds)
                ));
                let link = Link { relay, code }.text();
                self.terminal.line(&format!(
                    "Or send this link, by which they show their screen and no more: {link}"
                ));
            }
            Event::Phrase(places) => self.terminal.line(&format!(
                "The other person should see the same three words: {}",
                phrase(places)
            )),
            Event::Receipt(receipt, cards) => {
                receipts::keep(&mut self.book, &receipt, cards, &mut self.terminal);
            }
            Event::Sharer(who) => {
                self.terminal.line("The person you help shows their card:");
                for line in who::lines("", &who) {
                    self.terminal.line(&line);
                }
                if who.card.is_some_and(|card| !card.picture.is_empty()) {
                    self.order(Command::FetchPicture).await;
                }
            }
            Event::Device {
                device,
                to_acknowledge,
            } => self.device(&device, to_acknowledge),
            Event::Picture(fetched) => self.terminal.line(&self.face.tell(&fetched)),
            // It is told with how well it goes.
            Event::Shown(_) | Event::Way(_) => {}
            //= spec/05-session.md#friction [FRICTION-5] fec42a09
            Event::NoControlFor { seconds } => self.terminal.line(&format!(
                "Control cannot be asked for in the next {seconds} seconds."
            )),
            Event::Quality(quality) => {
                self.quality = Some(quality);
                self.terminal.aside(&quality.to_string());
            }
            Event::Reported(reporting) => self.terminal.alert(became_of(reporting)),
            Event::NotNow(misuse) => self.terminal.line(&format!("not now: {misuse}")),
            Event::Trouble(why) => self.terminal.line(&plain(&why)),
            Event::Clipboard(_) => self.terminal.line(
                "It is in your clipboard now, until your control ends or something is copied.",
            ),
            Event::ClipboardSent(text) => self.terminal.line(&format!(
                "Your clipboard is offered, {} bytes: {}",
                text.len(),
                excerpt(&text)
            )),
            Event::Frozen { seconds } => {
                self.lost.begin(seconds);
                self.terminal
                    .line("The connection is lost; control, if you had it, is over.");
                self.terminal.status(&lost(seconds));
            }
            Event::Session(event) => self.session(event).await,
        }
    }

    //= spec/15-identity.md#advisories [ADVISORY-7] fda4903b
    /// What is said of the sharer's device. The screen waits until the person has read a warning.
    fn device(&mut self, device: &Device, to_acknowledge: bool) {
        let line = format!("{}.", plain(&device.to_string()));
        if to_acknowledge {
            self.terminal.alert(&format!("Note: {line}"));
            self.terminal
                .alert("Type a (and Enter) when you have read that; then the screen comes.");
        } else {
            self.terminal.line(&line);
        }
    }

    async fn session(&mut self, event: SessionEvent) {
        let terminal = &mut self.terminal;
        match event {
            SessionEvent::CodeIssued { .. }
            | SessionEvent::ControlNotBefore(_)
            | SessionEvent::Frozen { .. }
            | SessionEvent::Ended(_) => {}
            SessionEvent::Back => {
                self.lost.stop();
                terminal.line(BACK);
                terminal.status("back: view only");
            }
            SessionEvent::CodeEnded(ErrorCode::Busy) => {
                terminal.line("the relay is busy; asking again in five seconds");
                self.after(Duration::from_secs(5), Command::NewCode);
            }
            SessionEvent::CodeEnded(ErrorCode::SignInExpired) => {
                self.code = None;
                self.sign_in_again().await;
            }
            // There is none, and asking again at once would bring the same answer.
            SessionEvent::CodeEnded(code) if self.code.is_none() => {
                self.give_up(&exit::by_relay(code)).await;
            }
            SessionEvent::CodeEnded(code) if matches!(code.class(), Class::Refusal { .. }) => {
                self.code = None;
                let why = exit::refused(code).unwrap_or("it was refused");
                terminal.alert(&format!("Somebody tried to join, and was told: {why}."));
                terminal.line("The code is spent by that; here is a new one.");
                self.order(Command::NewCode).await;
            }
            SessionEvent::CodeEnded(_) => {
                self.code = None;
                terminal.line("nobody used the code in time; here is a new one");
                self.order(Command::NewCode).await;
            }
            SessionEvent::Joined => {
                self.code = None;
                terminal.status("making the connection secure ...");
            }
            //= spec/17-known-devices.md#exchange [DEVICE-17] cfba648f
            SessionEvent::CodeSpent { .. } if self.calls => {
                self.give_up(
                    "The exchange with the device failed: its secret is another than in your \
                     file, or somebody is in between.",
                )
                .await;
            }
            SessionEvent::CodeSpent { spent, warn, .. } => self.spent(spent, warn),
            SessionEvent::Secured => terminal.status("the other person is being asked ..."),
            SessionEvent::Viewing { .. } => {
                terminal.status("you see the screen");
                terminal.line("The other person agreed. Type `control` to ask for control.");
            }
            SessionEvent::Displays(displays) => {
                let first = displays.first();
                self.screen = first.map(|first| (first.id, first.width, first.height));
            }
            SessionEvent::ControlGranted { scopes, .. } => {
                self.retries = 0;
                terminal.status(&format!("you have control: {scopes}"));
                terminal.line("Control was granted.");
            }
            SessionEvent::ControlRenewed { .. } => {
                terminal.line("You keep control for 15 minutes more.");
            }
            SessionEvent::ClipboardOffered { text, .. } => {
                let (start, bytes) = (excerpt(&text), text.len());
                terminal.line(&format!(
                    "The sharer offers its clipboard (`take` takes it, `refuse` refuses it), {bytes} \
                     bytes: {start}"
                ));
            }
            SessionEvent::ClipboardLapsed { .. } => {
                terminal.line("(the sharer's clipboard is not offered any more)");
            }
            SessionEvent::ClipboardAnswered { taken, .. } => {
                let done = if taken { "took" } else { "did not take" };
                terminal.line(&format!("The sharer {done} your clipboard."));
            }
            SessionEvent::SecureDesktop(active) => terminal.line(if active {
                "Their system asks them for permission; you see nothing until they answered."
            } else {
                "Their system has its answer; the screen comes back."
            }),
            SessionEvent::Delay(_) | SessionEvent::Path(_) => {}
            SessionEvent::ControlDenied(code) => self.denied(code),
            SessionEvent::ControlEnded { code, .. } => {
                terminal.status("you see the screen");
                terminal.line(&format!("Control is over: {code}."));
            }
            SessionEvent::Paused { local, peer } => {
                let (line, status) = match (local, peer) {
                    (false, false) => (
                        "The session goes on; you see the screen.",
                        "you see the screen",
                    ),
                    (true, false) => ("You paused the session.", "paused by you"),
                    (false, true) => ("The other person paused the session.", "paused by them"),
                    (true, true) => ("Both of you paused the session.", "paused by both"),
                };
                terminal.status(status);
                terminal.line(line);
            }
            SessionEvent::Chat(text) => terminal.line(&format!("sharer: {}", plain(&text))),
            SessionEvent::ChatDelivered(_) => terminal.line("(delivered)"),
        }
    }

    /// The sign-in is over, and the code with it. There may be a fresh token by now.
    async fn sign_in_again(&mut self) {
        self.terminal
            .line("Your sign-in is over; signing in again.");
        match self.tokens.sign_in() {
            Ok(Some(request)) => self.order(Command::SignIn(request)).await,
            // The relay says what to do next.
            Ok(None) => self.order(Command::NewCode).await,
            Err(error) => {
                self.terminal.line(&error.to_string());
                self.order(Command::NewCode).await;
            }
        }
    }

    //= spec/02-codes.md#spent [CODE-12] 09f7ca84
    //= spec/05-session.md#friction [FRICTION-6] a4023c49
    fn spent(&mut self, spent: usize, warn: bool) {
        self.code = None;
        self.terminal.status("");
        self.terminal
            .alert("Somebody used this code with a wrong secret, or gave up. It is spent.");
        self.terminal.line(&format!(
            "{spent} of {SPENT_CODES} codes spent without a session in the last hour."
        ));
        if warn {
            self.terminal.alert(
                "That was the third within an hour: somebody may be guessing. The next code comes \
                 in a minute.",
            );
            //= spec/02-codes.md#spent [CODE-13] b170a9c7
            let wait = Duration::from_millis(alongside_wire::limits::timers::SPENT_DELAY + 100);
            self.after(wait, Command::NewCode);
        } else {
            self.after(Duration::ZERO, Command::NewCode);
        }
    }

    /// There will be no session.
    async fn give_up(&mut self, why: &str) {
        self.terminal.status("");
        self.terminal.alert(why);
        self.exit = Some(Exit::Refused);
        self.order(Command::End).await;
    }

    fn denied(&mut self, code: ErrorCode) {
        if code == ErrorCode::TooEarly && self.retries > 0 {
            self.retries -= 1;
            self.terminal
                .line("It is too early to ask for control; asking again in five seconds.");
            self.after(RETRY_AFTER, Command::RequestControl(self.wanted));
        } else {
            self.terminal
                .line(&format!("Control was not granted: {code}."));
        }
    }

    fn after(&mut self, wait: Duration, command: Command) {
        self.later = Some((Moment::now() + wait, command));
    }
}
