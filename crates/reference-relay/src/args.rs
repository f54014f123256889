//! What can be said on the command line.

use std::{net::SocketAddr, path::PathBuf};

use alongside_relay::{RelayConfig, sign_in};
use clap::{ArgGroup, Parser, Subcommand};

/// Pairs helpers and sharers of Alongside by a code, and carries what they seal, unread.
#[derive(Debug, Parser)]
#[command(version, group(ArgGroup::new("identity").args(["cert", "self_signed"])))]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  alongside-relay --self-signed --listen '[::]:4433'
      For trying it out. Prints a fingerprint; clients are given it with --fingerprint.
  alongside-relay --cert fullchain.pem --key privkey.pem
      For real use, on UDP port 443.

  alongside-relay --cert fullchain.pem --key privkey.pem --journal /var/lib/alongside/journal
      The same, with a journal of sessions for 72 hours; `alongside-relay journal DIR` prints it.

  alongside-relay --cert fullchain.pem --key privkey.pem --policy policy.toml \
      --sign-in-jwks jwks.json --sign-in-issuer https://login.example --sign-in-audience alongside
      For an organisation: helpers sign in, and rules say who may help whom, and how far.

It opens one UDP port and nothing else, and keeps nothing on disk unless --journal or --reports is given. SIGINT and SIGTERM end it after
every client was told, SIGTERM after the last session or --drain-seconds; SIGHUP reads the certificate and the devices again. ALONGSIDE_LOG sets the log: error, warn, info (default), debug.

Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong usage.")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Where to listen: address and UDP port.
    /// [default: [::]:443]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,

    /// Read this TOML file first; what is said here wins.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print what is in force, as a configuration file, and end.
    #[arg(long)]
    pub(crate) print_config: bool,

    /// Answer GET /health by HTTP on this loopback address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) health: Option<SocketAddr>,

    /// On SIGTERM let the sessions go on for so long, and begin nothing; 0 ends them at once.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) drain_seconds: Option<u64>,

    /// Certificate chain in PEM form, the relay's own certificate first.
    #[arg(long, requires = "key", value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM form.
    #[arg(long, requires = "cert", value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// Issue identity cards to those who sign in, with this key of `alongside card issuer-key`.
    #[arg(long, value_name = "FILE")]
    pub(crate) issuer_key: Option<PathBuf>,

    /// Make a certificate on the spot, for development; clients pin its fingerprint.
    #[arg(long)]
    pub(crate) self_signed: bool,

    /// A name or address in the self-signed certificate; can be given again.
    #[arg(long, default_value = "localhost", value_name = "HOST")]
    pub(crate) name: Vec<String>,

    /// Print one line of JSON when ready, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Let the known devices of this file wait to be called. `alongside device enrol` makes its
    /// entries; they hold no secret.
    #[arg(long, value_name = "FILE")]
    pub(crate) devices: Option<PathBuf>,

    /// Keep a journal of sessions in this folder: number, start, end, error and features of each,
    /// nothing else, for 72 hours.
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,

    /// Take reports of abuse and keep them in this folder: the helper's account, time and category
    /// of each, nothing else.
    #[arg(long, value_name = "DIR")]
    pub(crate) reports: Option<PathBuf>,

    /// How long reports are kept, in days.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3_650))]
    pub(crate) reports_days: Option<u64>,

    /// The most connections at once.
    #[arg(long, value_name = "N")]
    pub(crate) connections: Option<usize>,

    /// The most live codes at once.
    #[arg(long, value_name = "N")]
    pub(crate) codes: Option<usize>,

    /// How long a code lives, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) code_lifetime: Option<u64>,

    /// How long a session may last, in minutes.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub(crate) session_length: Option<u64>,

    // Last, because its heading goes on to the end.
    #[command(flatten)]
    pub(crate) sign_in: sign_in::Flags,
}

/// What else there is to do than to run a relay.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the journal in a folder, the oldest session first.
    Journal {
        /// The folder that was given to --journal.
        dir: PathBuf,
        /// Print one line of JSON for each session.
        #[arg(long)]
        json: bool,
    },
    /// Print the reports of abuse in a folder, the oldest first.
    Reports {
        /// The folder that was given to --reports.
        dir: PathBuf,
        /// Print one line of JSON for each report.
        #[arg(long)]
        json: bool,
    },
}

impl Args {
    /// Puts what was asked for here in place of what is in `config`.
    pub(crate) fn adjust(&self, config: &mut RelayConfig) {
        if let Some(connections) = self.connections {
            config.connections = connections;
        }
        if let Some(codes) = self.codes {
            config.codes = codes;
        }
        if let Some(seconds) = self.code_lifetime {
            config.code_lifetime_ms = seconds * 1_000;
        }
        if let Some(minutes) = self.session_length {
            config.session_length_ms = minutes * 60_000;
        }
        if let Some(days) = self.reports_days {
            config.report_keep_ms = days * 86_400_000;
        }
    }
}
