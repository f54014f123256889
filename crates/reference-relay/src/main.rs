//! `alongside-relay`: runs a relay until it is told to stop.

mod args;
mod settings;
mod signals;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use alongside_relay::{
    Issuer, Options, Relay,
    books::{print_journal, print_reports},
    devices,
    sign_in::Access,
    tls::Identity,
};
use args::{Args, Command};
use clap::{CommandFactory as _, Parser as _};
use settings::Settings;
use signals::{Signal, Signals};
use tracing::info;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

fn main() -> ExitCode {
    let args = Args::parse();
    log();
    let done = match &args.command {
        Some(Command::Journal { dir, json }) => {
            print_journal(dir, *json, &mut io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Reports { dir, json }) => {
            print_reports(dir, *json, &mut io::stdout().lock()).map_err(Into::into)
        }
        None => run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "alongside-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn log() {
    let asked = std::env::var("ALONGSIDE_LOG").ok();
    let filter: Option<Targets> = asked.and_then(|asked| asked.parse().ok());
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()));
    tracing_subscriber::registry()
        .with(filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .with(layer)
        .init();
}

#[tokio::main]
async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(&args)?;
    if args.print_config {
        write!(io::stdout().lock(), "{}", settings.print())?;
        return Ok(());
    }
    if settings.cert.is_none() && !args.self_signed {
        let kind = clap::error::ErrorKind::MissingRequiredArgument;
        let why = "give --cert and --key, or --self-signed, or a --config that names a certificate";
        Args::command().error(kind, why).exit();
    }
    let identity = match &settings.cert {
        Some((cert, key)) => Identity::from_files(cert, key)?,
        None => Identity::self_signed(args.name.clone())?,
    };
    let access = Access::open(&settings.sign_in)?;
    let devices = settings.devices.as_deref().map(devices::read).transpose()?;
    let issuer = settings.issuer_key.as_deref();
    let issuer = issuer.map(Issuer::open).transpose()?;
    // Heard from now on, so that a signal right after the start is not lost.
    let mut signals = Signals::listen()?;
    let bound = Relay::memory_bound(&settings.config);
    info!(
        connections = settings.config.connections,
        mebibytes = bound / (1024 * 1024),
        "most memory for clients"
    );
    let relay = Relay::bind(Options {
        config: settings.config.clone(),
        access,
        issuer,
        devices: devices.unwrap_or_default(),
        journal: settings.journal.clone(),
        reports: settings.reports.clone(),
        health: settings.health,
        ..Options::new(settings.listen, identity)
    })?;
    ready(&args, &relay)?;
    say("READY=1");
    let drain = loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            // Whoever looks after the program starts it again.
            error = relay.failed() => return Err(error.into()),
        };
        match signal {
            Signal::Stop => break false,
            Signal::Drain => break true,
            Signal::Reload => {
                renew(&relay, &settings);
                enrol(&relay, &settings);
            }
        }
    };
    say("STOPPING=1");
    if drain && settings.drain_seconds > 0 {
        info!(settings.drain_seconds, "draining: nothing begins any more");
        let most = Duration::from_secs(settings.drain_seconds);
        tokio::select! {
            _ = tokio::time::timeout(most, relay.drain()) => {}
            // Whoever is in a hurry says so again.
            () = signals.stop() => {}
        }
    }
    info!("shutting down: every client is told");
    relay.shutdown().await;
    Ok(())
}

/// Reads the certificate again; one that cannot be used changes nothing.
fn renew(relay: &Relay, settings: &Settings) {
    let Some((cert, key)) = &settings.cert else {
        info!("a self-signed certificate is made once");
        return;
    };
    let renewed = Identity::from_files(cert, key).and_then(|identity| {
        let fingerprint = identity.fingerprint();
        relay.renew(identity).map(|()| fingerprint)
    });
    match renewed {
        Ok(fingerprint) => info!(%fingerprint, "the certificate was read again"),
        Err(error) => tracing::error!(%error, "the certificate stays as it was"),
    }
}

/// Reads the devices again; a file that cannot be used changes nothing.
fn enrol(relay: &Relay, settings: &Settings) {
    let Some(file) = &settings.devices else {
        return;
    };
    match devices::read(file) {
        Ok(devices) => {
            info!(devices = devices.len(), "the devices were read again");
            relay.set_devices(devices);
        }
        Err(error) => tracing::error!(%error, "the devices stay as they were"),
    }
}

fn say(state: &str) {
    #[cfg(target_os = "linux")]
    if let Err(error) = alongside_relay::notify::notify(state) {
        tracing::warn!(%error, "the service manager does not hear");
    }
}

/// Says where it listens: a line for programs, or two for people.
fn ready(args: &Args, relay: &Relay) -> io::Result<()> {
    let (address, fingerprint) = (relay.local_addr()?, relay.fingerprint());
    let mut out = io::stdout().lock();
    if args.json {
        let ready = serde_json::json!({
            "listening": address.to_string(),
            "fingerprint": fingerprint,
        });
        writeln!(out, "{ready}")?;
    } else {
        writeln!(out, "listening on UDP {address}")?;
        writeln!(out, "fingerprint {fingerprint}")?;
        if args.self_signed {
            let note = "self-signed: clients need --fingerprint with the line above";
            writeln!(out, "{note}")?;
        }
    }
    out.flush()
}
