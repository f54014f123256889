//! What can be said on the command line.

use std::path::PathBuf;

use super::{
    card::{Card, DeviceArgs, IdentityArgs},
    face::FaceArgs,
    input, script,
};
use alongside_client::{
    Fingerprint, Relay, Trust,
    screen::ScreenSpec,
    sign_in::{self, TokenError},
};
use alongside_wire::rendezvous::SignIn;

use clap::{Args as Group, Parser, Subcommand};

/// Helps somebody at their screen, or lets somebody help at yours.
#[derive(Debug, Parser)]
#[command(version)]
#[command(after_help = "\
A session, from the beginning:
  the helper runs   alongside helper --relay relay.example:443 --fingerprint HEX
  reads the code to the other person, who runs
                    alongside sharer --relay relay.example:443 --fingerprint HEX
  types the code, and is asked before anything is shown.

  alongside demo    plays all of it on this machine, on a screen of its own.

  Where a relay or an organisation wants to know who you are, put the token that you were given
  into a file and add  --token-file FILE  (helper and sharer alike).

Exit codes: 0 ended by a person, 1 failed, 2 wrong usage, 3 no session (declined, wrong or unknown
code, not signed in, not allowed), 4 connection lost.")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Help somebody: get a code, see their screen, ask for control.
    Helper(Helper),
    /// Be helped: join by a code, and decide what is seen and done.
    Sharer(Sharer),
    /// Make a device known, so that it can be called without a code.
    Device(Device),
    /// Check receipts of a session, without a network.
    Receipt(Receipt),
    /// Make and read identity cards.
    Card(Card),
    /// Watch a whole session on this machine.
    Demo(Demo),
}

/// Which relay, and how to know that it is the one.
#[derive(Debug, Group)]
pub(crate) struct RelayArgs {
    /// The relay. Given several times: the first that answers, tried in this order. Both people
    /// should give the same ones.
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "ALONGSIDE_RELAY",
        value_delimiter = ',',
        required = true
    )]
    relay: Vec<String>,

    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Debug, Group)]
#[group(required = true, multiple = false)]
struct TrustArgs {
    /// SHA-256 of the relay's certificate, as the relay prints it: for each relay in the same order,
    /// or one for all.
    #[arg(
        long,
        value_name = "HEX",
        env = "ALONGSIDE_FINGERPRINT",
        value_delimiter = ','
    )]
    fingerprint: Vec<Fingerprint>,

    /// PEM file of the authorities that may vouch for the relay's name.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl RelayArgs {
    /// The first relay.
    pub(crate) fn relay(&self) -> Relay {
        self.at(0)
    }

    /// Those to try after it.
    pub(crate) fn others(&self) -> Vec<Relay> {
        (1..self.relay.len()).map(|place| self.at(place)).collect()
    }

    fn at(&self, place: usize) -> Relay {
        let fingerprints = &self.trust.fingerprint;
        let trust = match fingerprints.get(place).or(fingerprints.first()) {
            Some(fingerprint) => Trust::Fingerprint(*fingerprint),
            // clap has seen to it that one of them is there.
            None => Trust::Authorities(self.trust.ca.clone().unwrap_or_default()),
        };
        Relay {
            address: self.relay.get(place).cloned().unwrap_or_default(),
            trust,
        }
    }
}

/// Who one is at the relay.
#[derive(Debug, Group)]
pub(crate) struct SignInArgs {
    /// Sign in with the token in this file. The token itself can be in ALONGSIDE_TOKEN instead;
    /// it is never an argument, because others on this machine can read those.
    #[arg(long, value_name = "FILE", env = "ALONGSIDE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

impl SignInArgs {
    /// What to sign in with, if the person wants to.
    pub(crate) fn sign_in(&self) -> Result<Option<SignIn>, TokenError> {
        if let Some(path) = &self.token_file {
            return sign_in::from_file(path).map(Some);
        }
        match std::env::var("ALONGSIDE_TOKEN") {
            Ok(token) if !token.is_empty() => sign_in::from_text(&token).map(Some),
            Err(std::env::VarError::NotUnicode(_)) => Err(TokenError::NoToken),
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
        }
    }
}

/// Help somebody.
#[derive(Debug, Group)]
#[command(after_help = helper_help())]
pub(crate) struct Helper {
    #[command(flatten)]
    pub(crate) relay: RelayArgs,

    #[command(flatten)]
    pub(crate) sign_in: SignInArgs,

    /// Call the known device of this file instead of asking for a code. You must be signed in.
    #[arg(long, value_name = "FILE")]
    pub(crate) device: Option<PathBuf>,

    /// Who the other person will read that you are, if you have no card. Nobody vouches for it.
    #[arg(long, default_value = "a helper")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) face: FaceArgs,

    /// Write what is seen as PNG files into this folder, at most five in a second.
    #[arg(long, value_name = "DIR")]
    pub(crate) save_frames: Option<PathBuf>,

    /// Open no window.
    #[arg(long)]
    pub(crate) no_window: bool,

    /// Write the receipts that the sharer gives you into this new file.
    #[arg(long, value_name = "FILE")]
    pub(crate) receipts: Option<PathBuf>,

    /// Have pictures go by the relay's own streams alone, which can be slower. Otherwise the sharer can measure how
    /// long packets take to this machine, and guess from that how far away it is.
    #[arg(long)]
    pub(crate) no_path: bool,
}

/// Be helped.
#[derive(Debug, Group)]
#[command(after_help = sharer_help())]
pub(crate) struct Sharer {
    #[command(flatten)]
    pub(crate) relay: RelayArgs,

    #[command(flatten)]
    pub(crate) sign_in: SignInArgs,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) face: FaceArgs,

    /// Take no helper whose card nobody vouches for that you trust.
    #[arg(long, requires = "trust")]
    pub(crate) need_card: bool,

    /// Be the known device of this file: wait to be called, again and again, and be asked each
    /// time. Without it, a code is typed.
    #[arg(long, value_name = "FILE")]
    pub(crate) device: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) statement: DeviceArgs,

    /// What to show.
    #[arg(long, default_value = "x11", value_name = "SCREEN")]
    pub(crate) screen: ScreenSpec,

    /// Sign what you allow and refuse, into this new file. With it others can prove what you
    /// allowed; without it nobody can. With --device each session has a file of its own: FILE.1,
    /// FILE.2 and so on.
    #[arg(long, value_name = "FILE")]
    pub(crate) receipts: Option<PathBuf>,

    /// Let the helper have the receipts too.
    #[arg(long, requires = "receipts")]
    pub(crate) share_receipts: bool,

    /// Keep in this file which codes were used, so that another run of this program does not use
    /// them again. Without this nothing is written anywhere.
    #[arg(long, value_name = "FILE")]
    pub(crate) remember: Option<PathBuf>,

    /// Have pictures go by the relay's own streams alone, which can be slower. Otherwise the helper can measure how
    /// long packets take to this machine, and guess from that how far away it is.
    #[arg(long)]
    pub(crate) no_path: bool,
}

fn helper_help() -> String {
    let commands = script::help();
    format!(
        "{commands}
In the window, while you may draw: F8 draws, F8 again is a laser pointer, Esc ends; 1 to 8 are
colours, C clears. F8 itself cannot be typed there then; `key F8` sends it."
    )
}

fn sharer_help() -> String {
    let keys = input::help();
    format!(
        "The program asks for the code, or the link that the helper sent, or reads it as the first line of its
input; it is no argument, because everybody on a machine can read those. By a link your screen can be
seen, and nothing more. Then it asks whether you started the contact yourself, and then
whether the screen may be seen.

Screens: x11 (the display of this session), x11:DISPLAY, x11#MONITOR, images:DIR, pattern.

{keys}
A KIND of report is one of scam, unasked, harm, other. After a warning only the whole word `share`
agrees. Once the helper has typed or clicked, allowing control again takes a number that is shown,
because a key that the helper typed could arrive late and be taken for yours."
    )
}

/// Make a device known.
#[derive(Debug, Group)]
pub(crate) struct Device {
    #[command(subcommand)]
    pub(crate) task: DeviceTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceTask {
    /// Make the files of a new device: its own, that of the helpers, and what the relay is told.
    Enrol(Enrol),
}

/// Make the files of a new device.
#[derive(Debug, Group)]
pub(crate) struct Enrol {
    /// The organisation whose helpers may call it, as their sign-in names it.
    #[arg(long, value_name = "NAME")]
    pub(crate) organisation: String,

    /// Helpers need no card. Without this the device takes only helpers with a card that somebody
    /// vouches for whom it trusts.
    #[arg(long)]
    pub(crate) without_card: bool,

    /// What the files are called: NAME.device, NAME.helpers, NAME.relay.
    #[arg(long, default_value = "known", value_name = "NAME")]
    pub(crate) name: String,

    /// The folder that they are made in.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Check receipts.
#[derive(Debug, Group)]
pub(crate) struct Receipt {
    #[command(subcommand)]
    pub(crate) task: ReceiptTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptTask {
    /// Say what a file of receipts proves, and what it does not.
    Verify(Verify),
}

/// Say what a file of receipts proves.
#[derive(Debug, Group)]
#[command(after_help = "\
Exit codes: 0 all receipts hold and none is missing, 1 something is wrong with them, 2 wrong usage,
3 they hold, but it is not known whose they are although --trust was given, 5 they hold, but the last
ones may be missing.")]
pub(crate) struct Verify {
    /// A file that `alongside sharer --receipts` or `alongside helper --receipts` wrote.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Issuers of cards that you trust, to learn whose receipts they are.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
}

/// Watch a whole session.
#[derive(Debug, Group)]
pub(crate) struct Demo {
    /// Share this X11 display instead of one that the demo starts itself. Somebody else's program
    /// will type into whatever has the focus there.
    #[arg(long, value_name = "DISPLAY")]
    pub(crate) display: Option<String>,

    /// Share the test pattern, which nobody can control.
    #[arg(long, conflicts_with = "display")]
    pub(crate) pattern: bool,
}
