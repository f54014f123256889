//! What benchmarks share: a relay in a process of its own, and sessions through it.

pub mod chart;
pub mod peers;
mod still;

pub use still::Still;

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use alongside_client::{
    Clock, Config, ConnectError, Ended, Relay as Address, Trust,
    canvas::Canvas,
    clipboard::Place,
    helper,
    inject::NoInjector,
    screen::{Pattern, Screen},
    sharer,
    view::View,
};
use alongside_relay::{Options, Relay, RelayConfig, tls::Identity};
use alongside_state_machine::endpoint::spent::SpentLocators;
use tokio::{
    sync::mpsc::{self, Sender, UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

/// Any error, with its text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The argument that makes the calling program a relay.
pub const RELAY: &str = "--be-a-relay";

/// Is a relay until its standard input ends; says where on its standard output.
///
/// # Errors
/// If it cannot start.
pub fn be_a_relay() -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _guard = runtime.enter();
    let identity = Identity::self_signed(vec!["localhost".to_owned()])?;
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), identity);
    options.config = roomy();
    let relay = Relay::bind(options)?;
    let line = format!("{} {}\n", relay.local_addr()?, relay.fingerprint());
    io::Write::write_all(&mut io::stdout(), line.as_bytes())?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// The bounds of the registry, but for those of one source: here everybody is one, and there are many.
fn roomy() -> RelayConfig {
    let mut config = RelayConfig::default();
    config.connections *= 2;
    config.connections_per_source = config.connections;
    config.codes_per_source = config.connections;
    config
}

/// A relay in a process of its own, so that its memory is its own.
pub struct RelayProcess {
    child: Child,
    /// Where it is.
    pub address: Address,
}

impl RelayProcess {
    /// Starts this very program as a relay.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(RELAY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("it has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let (address, fingerprint) = line.trim().split_once(' ').ok_or("it said nothing")?;
        let trust = Trust::Fingerprint(fingerprint.parse()?);
        let address = Address {
            address: address.to_owned(),
            trust,
        };
        Ok(Self { child, address })
    }

    /// The most memory that it ever had, in KiB, if the system says so.
    pub fn peak_kib(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    /// The memory that it has, in KiB, if the system says so.
    pub fn memory_kib(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// The time that processors have spent on it, all its threads together, if the system says so.
    pub fn cpu(&self) -> Option<Duration> {
        let path = format!("/proc/{}/task", self.child.id());
        let mut all = Duration::ZERO;
        for thread in std::fs::read_dir(path).ok()? {
            let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            let nanoseconds = told.split_whitespace().next()?.parse().ok()?;
            all += Duration::from_nanos(nanoseconds);
        }
        Some(all)
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // Either fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A session that shows a screen.
pub struct Session {
    helper: Sender<helper::Command>,
    sharer: Sender<sharer::Command>,
    ends: [JoinHandle<Result<Ended, ConnectError>>; 2],
    frames: UnboundedReceiver<u32>,
    /// From the join to the question to the sharer's person.
    pub secured: Duration,
    /// From the answer to the first frame on the helper's side.
    pub first_frame: Duration,
}

struct Counter(mpsc::UnboundedSender<u32>);

impl View for Counter {
    fn show(&mut self, id: u32, _canvas: &Canvas) -> Result<(), String> {
        self.0.send(id).map_err(|error| error.to_string())
    }
}

impl Session {
    /// Begins one that shows the test pattern, and waits for its first frame.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn begin(address: &Address) -> Result<Self, Failure> {
        Self::show(address, Box::new(Pattern::new())).await
    }

    /// Begins one that shows this, and waits for its first frame.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn show(address: &Address, screen: Box<dyn Screen>) -> Result<Self, Failure> {
        let (helper, orders) = mpsc::channel(4);
        let (events, mut told) = mpsc::channel(1_024);
        let (seen, mut frames) = unbounded_channel();
        let options = helper::Options {
            relay: address.clone(),
            others: Vec::new(),
            sign_in: None,
            device: None,
            name: "benchmark".to_owned(),
            config: Config::default(),
            views: vec![Box::new(Counter(seen))],
            clipboard: Place::Nowhere,
            clock: Clock::default(),
        };
        let helping = tokio::spawn(helper::run(options, orders, events));
        let code = loop {
            let event = told.recv().await.ok_or("the helper is gone")?;
            if let helper::Event::Code { code, .. } = event {
                break code;
            }
        };
        let (sharer, orders) = mpsc::channel(4);
        let (events, mut told) = mpsc::channel(1_024);
        let options = sharer::Options {
            relay: address.clone(),
            others: Vec::new(),
            sign_in: None,
            start: sharer::Start::Code(code),
            config: Config::default(),
            screen,
            injector: Box::new(NoInjector),
            clipboard: Place::Nowhere,
            receipts: None,
            report_after: Duration::ZERO,
            clock: Clock::default(),
        };
        let began = Instant::now();
        let sharing = tokio::spawn(async move {
            let spent = Mutex::new(SpentLocators::default());
            sharer::run(options, &spent, orders, events).await
        });
        loop {
            let event = told.recv().await.ok_or("the sharer is gone")?;
            if let sharer::Event::Session(sharer::SessionEvent::ConsentAsked { .. }) = event {
                break;
            }
        }
        let secured = began.elapsed();
        let answered = Instant::now();
        let contact = sharer::Command::Contact(sharer::Contact::Person);
        sharer.send(contact).await?;
        let consent = sharer::Command::Consent(sharer::Consent::Given);
        sharer.send(consent).await?;
        frames.recv().await.ok_or("no frame")?;
        Ok(Self {
            helper,
            sharer,
            ends: [helping, sharing],
            frames,
            secured,
            first_frame: answered.elapsed(),
        })
    }

    /// How many frames came since the last call.
    pub fn frames(&mut self) -> usize {
        std::iter::from_fn(|| self.frames.try_recv().ok()).count()
    }

    /// Whether an end of it has ended, for whatever reason.
    pub fn is_over(&self) -> bool {
        self.ends.iter().any(JoinHandle::is_finished)
    }

    /// Ends it, and waits for both ends.
    ///
    /// # Errors
    /// If an end failed.
    pub async fn end(self) -> Result<(), Failure> {
        self.sharer.send(sharer::Command::End).await?;
        for end in self.ends {
            end.await??;
        }
        drop(self.helper);
        Ok(())
    }
}
