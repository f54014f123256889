//! The registries as enums. A test holds them against `spec/registry.toml`.

/// Declares a registered enum: value, name, and the list of all.
macro_rules! registered {
    (
        $(#[$doc:meta])*
        pub enum $name:ident: $repr:ty { $( $(#[$vdoc:meta])* $variant:ident = $value:literal, $label:literal; )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$vdoc])* $variant, )* }

        impl $name {
            /// All of them, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The registered value.
            pub const fn to_wire(self) -> $repr {
                match self { $( Self::$variant => $value, )* }
            }

            /// The entry with this value, if it is registered.
            pub const fn from_wire(value: $repr) -> Option<Self> {
                match value { $( $value => Some(Self::$variant), )* _ => None }
            }

            /// The registered name.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $label, )* }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

registered! {
    /// Cipher suites: the Noise protocol of the handshake, and the AEAD of records.
    pub enum Suite: u8 {
        /// ChaCha20-Poly1305 and BLAKE2s; always there.
        ChaChaPoly = 1, "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";
        /// AES-256-GCM and SHA-256; negotiated.
        AesGcm = 2, "Noise_NNpsk0_25519_AESGCM_SHA256";
    }
}

registered! {
    /// How a client proves to a relay who it is.
    pub enum SignInMethod: u8 {
        /// A secret that the relay's operator gave out; for development.
        Token = 1, "token";
        /// A signed token of an issuer that the relay knows.
        Jwt = 2, "jwt";
    }
}

registered! {
    /// How the pixels of a tile are encoded.
    pub enum Codec: u8 {
        /// A PNG file.
        Png = 1, "png";
        /// A baseline JPEG file.
        Jpeg = 2, "jpeg";
    }
}

registered! {
    /// What an issuer says of a device.
    pub enum DeviceStatus: u8 {
        /// Enrolled, and as the organisation wants it.
        Compliant = 1, "compliant";
        /// Enrolled, and not as the organisation wants it.
        NotCompliant = 2, "not-compliant";
        /// Not the organisation's.
        Unenrolled = 3, "unenrolled";
        /// The issuer cannot tell.
        Unknown = 4, "unknown";
    }
}

registered! {
    /// How much a card tells.
    pub enum Profile: u8 {
        /// First name and the first letter of the last, and nothing else.
        Abbreviated = 1, "abbreviated";
        /// Everything.
        Full = 2, "full";
    }
}

registered! {
    /// The channels of the key schedule.
    pub enum Channel: u8 {
        /// The session plane.
        Session = 0, "session";
        /// Frames of the screen.
        Media = 1, "media";
        /// Input events.
        Input = 2, "input";
    }
}

registered! {
    /// The directions of the key schedule.
    pub enum Direction: u8 {
        /// Sharer to helper.
        ToHelper = 0, "to-helper";
        /// Helper to sharer.
        ToSharer = 1, "to-sharer";
    }
}

registered! {
    /// What a receipt is about.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(try_from = "u8", into = "u8")]
    pub enum Decision: u8 {
        /// The screen may be seen.
        ConsentAllowed = 1, "consent-allowed";
        /// The screen may not be seen.
        ConsentDeclined = 2, "consent-declined";
        /// The helper has control.
        ControlGranted = 3, "control-granted";
        /// The helper does not get control.
        ControlDenied = 4, "control-denied";
        /// The helper has no control any more.
        ControlEnded = 5, "control-ended";
        /// The session is over.
        SessionEnded = 6, "session-ended";
        /// The helper keeps control for longer.
        ControlRenewed = 7, "control-renewed";
    }
}

registered! {
    /// What a report of abuse says.
    pub enum ReportCategory: u8 {
        /// The other pretended to be somebody, or wanted money or secrets.
        Scam = 1, "scam";
        /// Nobody had asked for this help.
        Unasked = 2, "unasked";
        /// Something was done that was not agreed to.
        Harm = 3, "harm";
        /// Anything else.
        Other = 4, "other";
    }
}

/// What an error means for whoever receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The peer broke the protocol.
    Violation,
    /// The request was refused; the session or connection goes on.
    Refusal {
        /// Whether the same request can succeed later.
        retry: bool,
    },
    /// A session, a grant or a code came to its end in order.
    Ending,
}

registered! {
    /// Errors, on every plane and as the code that a transport is closed with.
    pub enum ErrorCode: u16 {
        /// Bytes that are not the encoding of anything.
        Malformed = 0x0101, "malformed";
        /// A message, record or field over its limit.
        TooLarge = 0x0102, "too-large";
        /// A critical message type that is not known.
        UnknownMessage = 0x0103, "unknown-message";
        /// A message that may not come in this state.
        UnexpectedMessage = 0x0104, "unexpected-message";
        /// A SPAKE2 element that is not a canonical point of the prime-order group.
        BadPoint = 0x0105, "bad-point";
        /// The handshake did not authenticate: another code, or somebody in the middle.
        HandshakeFailed = 0x0106, "handshake-failed";
        /// No end-to-end version in common.
        NoCommonVersion = 0x0107, "no-common-version";
        /// No cipher suite in common.
        NoCommonSuite = 0x0108, "no-common-suite";
        /// The opening does not match its commitment.
        BadOpening = 0x0109, "bad-opening";
        /// A record of the session plane that does not open.
        RecordFailed = 0x010A, "record-failed";
        /// Authentic input beyond the scope of its grant.
        ScopeExceeded = 0x010B, "scope-exceeded";
        /// Authentic media in an epoch that its sender announced as paused.
        PausedMedia = 0x010C, "paused-media";
        /// More than a bound allows.
        TooMuch = 0x010D, "too-much";
        /// A card that its issuer did not sign.
        BadCard = 0x0110, "bad-card";
        /// A card that is shown by somebody else than its owner.
        BadProof = 0x0111, "bad-proof";
        /// A picture that is not the one of its card.
        BadPicture = 0x0112, "bad-picture";
        /// A statement about a device that its issuer did not sign.
        BadAdvisory = 0x0113, "bad-advisory";
        /// A receipt that does not verify, or is not of this session.
        BadReceipt = 0x0117, "bad-receipt";
        /// No such code: unknown, expired or spent.
        NotFound = 0x0201, "not-found";
        /// The relay is at a limit.
        Busy = 0x0202, "busy";
        /// Asked before its time.
        TooEarly = 0x0203, "too-early";
        /// The person said no, or nothing.
        Denied = 0x0204, "denied";
        /// A ceiling does not allow it, whatever the person says.
        BeyondCeiling = 0x0205, "beyond-ceiling";
        /// The other end cannot do this.
        Unsupported = 0x0206, "unsupported";
        /// Only who is signed in may do this.
        SignInRequired = 0x0207, "sign-in-required";
        /// The token proves nothing.
        SignInFailed = 0x0208, "sign-in-failed";
        /// The token was good and is not any more.
        SignInExpired = 0x0209, "sign-in-expired";
        /// The role of the account does not allow it.
        RoleNotEnough = 0x020A, "role-not-enough";
        /// The operator, or the organisation, has switched this off.
        ProductDisabled = 0x020B, "product-disabled";
        /// The organisation allows it from certain networks or devices only.
        ConditionsNotMet = 0x020C, "conditions-not-met";
        /// The organisation does not allow help for a device of this standing.
        DeviceNotAllowed = 0x020D, "device-not-allowed";
        /// The organisation does not allow joins by a link.
        LinkNotAllowed = 0x020E, "link-not-allowed";
        /// Helper and sharer must be of one organisation.
        OtherOrganisation = 0x020F, "other-organisation";
        /// No session that this client may report, or not any more.
        NothingToReport = 0x0210, "nothing-to-report";
        /// The relay will shut down, and begins nothing any more; another may.
        Draining = 0x0211, "draining";
        /// The other end takes nobody without a card that it can verify.
        CardNeeded = 0x0214, "card-needed";
        /// A person ended it.
        Done = 0x0301, "done";
        /// The sharer declined, or did not answer.
        Declined = 0x0302, "declined";
        /// The other end, or the way to it, was lost.
        Lost = 0x0303, "lost";
        /// The relay is shutting down.
        RelayShutdown = 0x0304, "relay-shutdown";
        /// The handshake took too long.
        HandshakeTimeout = 0x0305, "handshake-timeout";
        /// The code lived its time.
        CodeExpired = 0x0306, "code-expired";
        /// Nothing happened for too long.
        Idle = 0x0307, "idle";
        /// The session lasted as long as a session may.
        SessionLength = 0x0308, "session-length";
        /// The sharer took the grant back.
        Revoked = 0x0309, "revoked";
        /// The helper gave the grant back.
        Released = 0x030A, "released";
        /// The grant lived its time.
        Expired = 0x030B, "expired";
        /// A pause ended the grant.
        Paused = 0x030C, "paused";
        /// Another grant took its place.
        Replaced = 0x030D, "replaced";
        /// What both ends allow has neither view nor chat in common.
        NothingAllowed = 0x030E, "nothing-allowed";
        /// Another connection took the place of this one.
        Superseded = 0x0310, "superseded";
    }
}

impl ErrorCode {
    /// What kind of error this is.
    pub const fn class(self) -> Class {
        match self.to_wire() >> 8 {
            1 => Class::Violation,
            2 => Class::Refusal {
                retry: matches!(self, Self::Busy | Self::TooEarly | Self::Draining),
            },
            _ => Class::Ending,
        }
    }
}
