//! `alongside-relay`: runs a relay until it is told to stop.

mod args;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use alongside_relay::{
    Issuer, Options, Relay,
    books::{print_journal, print_reports},
    devices,
    sign_in::Access,
    tls::Identity,
};
use args::{Args, Command};
use clap::Parser as _;
use tracing::info;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    let filter =
        EnvFilter::try_from_env("ALONGSIDE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .init();
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

#[tokio::main]
async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let identity = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Identity::from_files(cert, key)?,
        _ => Identity::self_signed(args.name.clone())?,
    };
    let config = args.config();
    let access = Access::open(&args.sign_in.options())?;
    let issuer = args.issuer_key.as_deref().map(Issuer::open).transpose()?;
    let devices = args.devices.as_deref().map(devices::read).transpose()?;
    let devices = devices.unwrap_or_default();
    // Heard from now on, so that a signal right after the start is not lost.
    let stop = stop_signal()?;
    let bound = Relay::memory_bound(&config);
    info!(
        connections = config.connections,
        mebibytes = bound / (1024 * 1024),
        "most memory for clients"
    );
    let relay = Relay::bind(Options {
        config,
        access,
        issuer,
        devices,
        journal: args.journal.clone(),
        reports: args.reports.clone(),
        ..Options::new(args.listen, identity)
    })?;
    ready(&args, &relay)?;
    stop.await;
    info!("shutting down: every client is told");
    relay.shutdown().await;
    Ok(())
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
        if args.cert.is_none() {
            let note = "self-signed: clients need --fingerprint with the line above";
            writeln!(out, "{note}")?;
        }
    }
    out.flush()
}

#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
