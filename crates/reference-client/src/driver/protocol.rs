//! The lines of the driver protocol, as `conformance/driver.md` and its schema have them.

use alongside_wire::{Scopes, input::InputEvent};
use serde::{Deserialize, Serialize};

/// The version that is spoken here.
pub const VERSION: u32 = 1;

/// A line of the suite: what is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its number, which no other has.
    pub id: u64,
    /// What it is.
    #[serde(flatten)]
    pub command: Command,
}

/// What the suite wants done, by its `op`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub enum Command {
    Hello {
        driver: u32,
    },
    Open {
        session: String,
        #[serde(flatten)]
        options: Box<Open>,
    },
    CreateCode {
        session: String,
    },
    Join {
        session: String,
        code: String,
        #[serde(default)]
        link: bool,
    },
    Elsewhere {
        session: String,
        allow: bool,
    },
    Wait {
        session: String,
    },
    Call {
        session: String,
    },
    Contact {
        session: String,
        by: Contact,
    },
    Consent {
        session: String,
        allow: bool,
        #[serde(default)]
        warned: bool,
    },
    RequestControl {
        session: String,
        scopes: Names,
    },
    ReleaseControl {
        session: String,
    },
    Grant {
        session: String,
        scopes: Names,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeat: Option<Repeat>,
    },
    Deny {
        session: String,
    },
    Revoke {
        session: String,
    },
    Narrow {
        session: String,
        scopes: Names,
    },
    Renew {
        session: String,
    },
    Pause {
        session: String,
    },
    Unpause {
        session: String,
    },
    Chat {
        session: String,
        text: String,
    },
    SendFrame {
        session: String,
        width: u16,
        height: u16,
        seed: u32,
    },
    SendInput {
        session: String,
        input: Vec<Input>,
    },
    Copy {
        session: String,
        text: String,
    },
    Take {
        session: String,
        allow: bool,
    },
    Stroke {
        session: String,
        stroke: u32,
        points: Vec<(u16, u16)>,
    },
    Laser {
        session: String,
        x: u16,
        y: u16,
    },
    Clear {
        session: String,
    },
    Acknowledge {
        session: String,
    },
    ShowCard {
        session: String,
    },
    FetchPicture {
        session: String,
    },
    SecureDesktop {
        session: String,
        active: bool,
    },
    Reconnect {
        session: String,
    },
    End {
        session: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<String>,
    },
    Close {
        session: String,
    },
    AdvanceClock {
        session: String,
        ms: u64,
        #[serde(default)]
        read: u64,
    },
    Vector {
        kind: String,
        input: serde_json::Value,
    },
}

impl Command {
    /// The `op` of each.
    pub const NAMES: &[&str] = &[
        "hello",
        "open",
        "create-code",
        "join",
        "elsewhere",
        "wait",
        "call",
        "contact",
        "consent",
        "request-control",
        "release-control",
        "grant",
        "deny",
        "revoke",
        "narrow",
        "renew",
        "pause",
        "unpause",
        "chat",
        "send-frame",
        "send-input",
        "copy",
        "take",
        "stroke",
        "laser",
        "clear",
        "acknowledge",
        "show-card",
        "fetch-picture",
        "secure-desktop",
        "reconnect",
        "end",
        "close",
        "advance-clock",
        "vector",
    ];
}

/// How a client is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// What it is.
    pub role: Role,
    /// Where the relay is.
    pub relay: String,
    /// SHA-256 of the relay's certificate, in hexadecimal.
    pub certificate: String,
    /// What a helper calls itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The most that it will allow, or ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Names>,
    /// What to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Relays to try in turn if that one does not answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<OtherRelay>,
    /// What the sharer's system can carry out, all that this client can without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported: Option<Names>,
    /// Decisions are signed, and the helper gets the receipts too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub receipts: bool,
    /// What the person shows of themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<OwnCard>,
    /// Whose signatures are believed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
    /// A sharer takes only a helper whose card somebody vouches for.
    #[serde(default, rename = "needs-card", skip_serializing_if = "is_false")]
    pub needs_card: bool,
    /// The card that the relay is asked for after the sign-in.
    #[serde(default, rename = "ask-card", skip_serializing_if = "Option::is_none")]
    pub ask_card: Option<AskCard>,
    /// The known device that this is, or that is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A relay, and the SHA-256 of its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct OtherRelay {
    pub relay: String,
    pub certificate: String,
}

/// A card and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct OwnCard {
    pub signed: Hex,
    pub key: Hex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_key: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Hex>,
}

/// An issuer that is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct Anchor {
    pub name: String,
    pub key: Hex,
    #[serde(default, skip_serializing_if = "is_false")]
    pub runs_relay: bool,
}

/// What a card that a relay issues shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the specification says what each is")]
pub enum AskCard {
    Abbreviated,
    Full,
}

/// A known device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct Device {
    pub id: String,
    pub secret: Hex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Hex>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_card: bool,
}

/// Bytes, written in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

impl Hex {
    /// The bytes, if there are so many.
    pub fn sized<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.as_slice().try_into().ok()
    }
}

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not hexadecimal");
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(wrong());
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
        let bytes: Option<_> = pairs.iter().map(byte).collect();
        bytes.map(Self).ok_or_else(wrong)
    }
}

impl From<Hex> for String {
    fn from(Hex(bytes): Hex) -> Self {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What an answer that allows control repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// The number that is shown, if one is.
    #[default]
    Right,
    /// Another.
    Wrong,
    /// Nothing.
    Nothing,
}

/// The roles of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the specification says what each is")]
pub enum Role {
    Helper,
    Sharer,
}

/// Who started the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub enum Contact {
    Person,
    Stranger,
}

/// Scopes by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Names(pub Scopes);

impl TryFrom<Vec<String>> for Names {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let mut scopes = Scopes::NONE;
        for name in names {
            let known = Scopes::REGISTERED.iter().find(|(_, known)| *known == name);
            let (scope, _) = known.ok_or_else(|| format!("there is no scope `{name}`"))?;
            scopes = scopes.union(*scope);
        }
        Ok(Self(scopes))
    }
}

impl From<Names> for Vec<String> {
    fn from(Names(scopes): Names) -> Self {
        let known = Scopes::REGISTERED.iter();
        let held = known.filter(|(scope, _)| scopes.contains(*scope));
        held.map(|(_, name)| (*name).to_owned()).collect()
    }
}

/// One thing that a helper did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub enum Input {
    Key { key: u16, down: bool },
    Pointer { pointer: (u16, u16), display: u8 },
    Button { button: u8, down: bool },
    Wheel { wheel: (i16, i16) },
    Release { release: bool },
}

impl From<Input> for InputEvent {
    fn from(input: Input) -> Self {
        match input {
            Input::Key { key: usage, down } => Self::Key { usage, down },
            Input::Pointer {
                pointer: (x, y),
                display,
            } => Self::Pointer { display, x, y },
            Input::Button { button, down } => Self::Button { button, down },
            Input::Wheel { wheel: (dx, dy) } => Self::Wheel { dx, dy },
            Input::Release { .. } => Self::ReleaseAll,
        }
    }
}

impl From<InputEvent> for Input {
    fn from(event: InputEvent) -> Self {
        match event {
            InputEvent::Key { usage: key, down } => Self::Key { key, down },
            InputEvent::Pointer { display, x, y } => Self::Pointer {
                pointer: (x, y),
                display,
            },
            InputEvent::Button { button, down } => Self::Button { button, down },
            InputEvent::Wheel { dx, dy } => Self::Wheel { wheel: (dx, dy) },
            InputEvent::ReleaseAll => Self::Release { release: true },
        }
    }
}

/// A line of the driver: the answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The number of the request.
    pub id: u64,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What becomes of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The client does it.
    Ok(Done),
    /// It does not, and why.
    Err {
        /// Whose mistake it is.
        class: ErrorClass,
        /// What is wrong, for people.
        detail: String,
    },
    /// There is no such command, or no such thing in this client.
    Unsupported {},
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Done {
    /// Who answers here.
    Hello {
        /// The version of this protocol.
        driver: u32,
        /// The client's name.
        name: String,
        /// The client's version.
        version: String,
        /// What it can be.
        roles: Vec<Role>,
        /// What it can do.
        capabilities: Vec<String>,
    },
    /// The clock was moved.
    Advanced {
        /// Bytes that the client has sent on the control stream of its present connection.
        sent: u64,
    },
    /// What the input of a vector makes.
    Computed {
        /// As the vector has it.
        output: serde_json::Value,
    },
    /// The input of a vector is refused.
    Refused {
        /// The name of the error, empty where nobody is told.
        error: String,
    },
    /// Nothing but that it is done.
    Nothing {},
}

/// Whose mistake an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// The client does not do it now.
    Misuse,
    /// The command is not one.
    Command,
    /// The driver or the client has broken down.
    Internal,
}

/// A line of the driver: something happened in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Where.
    pub session: String,
}

/// What happened, by its `event`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub enum Event {
    Connected,
    Code {
        code: String,
    },
    CodeEnded {
        code: String,
    },
    Spent {
        count: u64,
        warned: bool,
    },
    Elsewhere {
        relay: String,
    },
    HeldBack {
        seconds: u64,
    },
    Waiting,
    DeviceFailed {
        code: String,
    },
    Phrase {
        words: [String; 3],
    },
    ConsentAsked {
        name: String,
        #[serde(default)]
        verified: bool,
        #[serde(flatten)]
        who: Who,
    },
    Warned,
    Viewing {
        scopes: Names,
    },
    Displays {
        displays: Vec<Display>,
    },
    CardShown {
        name: String,
        #[serde(flatten)]
        who: Who,
    },
    Picture {
        shown: bool,
    },
    NoControl {
        seconds: u64,
    },
    ControlAsked {
        scopes: Names,
        #[serde(default)]
        renewal: bool,
    },
    PromptClosed,
    Granted {
        scopes: Names,
        seconds: u64,
    },
    Renewed {
        seconds: u64,
    },
    Denied {
        code: String,
    },
    ControlEnded {
        code: String,
    },
    Paused {
        own: bool,
        other: bool,
    },
    Frame {
        display: u8,
        width: u16,
        height: u16,
        sha256: String,
    },
    Injected {
        input: Input,
    },
    Released,
    Chat {
        text: String,
    },
    Delivered {
        line: u32,
    },
    Offered {
        text: String,
    },
    Lapsed,
    Answered {
        taken: bool,
    },
    Drawn {
        stroke: u32,
    },
    Pointed {
        x: u16,
        y: u16,
    },
    LaserGone,
    Cleared,
    Device {
        standing: String,
    },
    SecureDesktop {
        active: bool,
    },
    Frozen {
        seconds: u64,
    },
    Back,
    Refused {
        code: String,
    },
    Ended {
        by: By,
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clause: Option<String>,
    },
    Reported,
}

/// What is known of who the other end is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct Who {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub standing: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardTexts>,
}

/// All texts of a card, as they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct CardTexts {
    pub first_name: String,
    pub last_name: String,
    pub title: String,
    pub organisation: String,
    pub domain: String,
}

/// A display of the sharer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub struct Display {
    pub id: u8,
    pub width: u16,
    pub height: u16,
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "driver.md says what each is")]
pub enum By {
    Own,
    Other,
    Relay,
}
