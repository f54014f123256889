//! Limits and timers of protocol version 1. A test holds them against `spec/registry.toml`.

/// Declares constants together with the list that the test compares.
macro_rules! constants {
    ($list:ident: $ty:ty { $( $(#[$doc:meta])* $name:ident = $id:literal, $label:literal, $value:literal; )* }) => {
        $( $(#[$doc])* pub const $name: $ty = $value; )*
        /// All of them: id, registered name, value.
        pub const $list: &[(u16, &str, u64)] = &[$(($id, $label, $value as u64)),*];
    };
}

constants! { LIMITS: usize {
    /// Bytes of the body of a message on a control stream.
    CONTROL_MESSAGE = 1, "control-message", 65_536;
    /// Bytes that a relay takes from a client outside a session.
    UNPAIRED_BYTES = 2, "unpaired-bytes", 16_384;
    /// Bytes of an offer.
    OFFER = 3, "offer", 1_024;
    /// Joins that wait for their tick at a relay.
    PENDING_JOINS = 4, "pending-joins", 1_024;
    /// Sources with failed joins that a relay remembers.
    SOURCES = 5, "sources", 65_536;
    /// Connections of a relay.
    CONNECTIONS = 6, "connections", 10_000;
    /// Live codes of a relay.
    CODES = 7, "codes", 5_000;
    /// Bytes that wait for one client on its control stream.
    SESSION_QUEUE = 8, "session-queue", 262_144;
    /// Frame streams open at once in each direction.
    FRAME_STREAMS = 9, "frame-streams", 8;
    /// Failed joins of a source before the delay grows.
    FREE_JOINS = 10, "free-joins", 3;
    /// Possible locators for each live code.
    CODE_DENSITY = 11, "code-density", 2_000;
    /// Characters of the shortest locator.
    LOCATOR_LEAST = 12, "locator-least", 4;
    /// Characters of the longest locator.
    LOCATOR_MOST = 13, "locator-most", 8;
    /// Characters of a secret.
    SECRET = 14, "secret", 4;
    /// Bytes of the plaintext of a record.
    RECORD_PLAINTEXT = 15, "record-plaintext", 16_384;
    /// Bytes of the plaintext of a frame.
    FRAME = 16, "frame", 16_777_216;
    /// Frames of which a receiver keeps the beginning.
    INCOMPLETE_FRAMES = 17, "incomplete-frames", 2;
    /// Tiles of a frame.
    TILES = 18, "tiles", 4_096;
    /// Pixels of a side of a display.
    DISPLAY_SIDE = 19, "display-side", 16_384;
    /// Displays that a sharer lists.
    DISPLAYS = 20, "displays", 16;
    /// Bytes of a name, in UTF-8.
    NAME = 21, "name", 64;
    /// Bytes of a line of chat, in UTF-8.
    CHAT = 22, "chat", 4_096;
    /// The plaintext of a record with chat is a multiple of this many bytes.
    CHAT_PAD = 23, "chat-pad", 256;
    /// Record numbers below the highest that a receiver still takes.
    REPLAY_WINDOW = 24, "replay-window", 4_096;
    /// Records sealed under one key.
    BLOCK = 25, "block", 1_048_576;
    /// Bytes of the plaintext of an input record.
    INPUT_RECORD = 26, "input-record", 64;
    /// Codes spent without a session before the helper is warned.
    SPENT_CODES = 27, "spent-codes", 3;
    /// Proofs of a reconnect that fail before more are ignored.
    FAILED_PROOFS = 28, "failed-proofs", 8;
    /// Lines of chat that an end keeps because they are not acknowledged.
    CHAT_KEPT = 29, "chat-kept", 64;
    /// Places of lost connections that a relay holds.
    HELD_PLACES = 30, "held-places", 4_096;
    /// Bytes of the token of a sign-in, in UTF-8.
    SIGN_IN_TOKEN = 32, "sign-in-token", 8_192;
    /// Reports that a relay takes of one source within a while; 0 if it takes none.
    REPORTS_PER_SOURCE = 37, "reports-per-source", 3;
    /// Reports that a relay takes in a day.
    REPORTS_EACH_DAY = 38, "reports-each-day", 10_000;
    /// Connections that a relay takes of one source.
    CONNECTIONS_PER_SOURCE = 39, "connections-per-source", 256;
    /// Live codes that a relay gives to one source.
    CODES_PER_SOURCE = 40, "codes-per-source", 64;
    /// Bytes of a file of receipts.
    RECEIPT_FILE = 52, "receipt-file", 4_194_304;
    /// Bytes of an item of a clipboard, in UTF-8.
    CLIPBOARD = 57, "clipboard", 12_288;
    /// Points of one message of a stroke.
    STROKE_POINTS = 58, "stroke-points", 256;
    /// Points of all strokes that a sharer shows.
    DRAWING_POINTS = 59, "drawing-points", 16_384;
    /// Devices that wait at a relay.
    DEVICE_WAITS = 53, "device-waits", 5_000;
    /// Bytes of a card with its signature.
    CARD = 42, "card", 1_024;
    /// Bytes of a job title or an organisation on a card, in UTF-8.
    CARD_TEXT = 43, "card-text", 128;
    /// Bytes of a domain on a card.
    DOMAIN = 44, "domain", 253;
    /// Bytes of the picture of a card.
    PICTURE = 45, "picture", 65_536;
    /// Pixels of a side of the picture of a card.
    PICTURE_SIDE = 46, "picture-side", 1_024;
    /// Bytes of a piece of a picture.
    PICTURE_CHUNK = 47, "picture-chunk", 8_192;
    /// Bytes of a statement about a device with its signature.
    ADVISORY = 48, "advisory", 256;
    /// How far a wheel turns in one slot, in 1/120 of a notch, each way.
    WHEEL_TURN = 60, "wheel-turn", 1_200;
    /// Paths that a relay has at once; 0 if it forwards no packets.
    PATHS = 61, "paths", 5_000;
    /// Bytes of a datagram that a relay forwards.
    PATH_PACKET = 62, "path-packet", 1_452;
    /// Bytes that a relay forwards from one end of a path in a second; 0 if it sets no bound.
    PATH_RATE = 63, "path-rate", 0;
} }

/// Timers, in milliseconds.
pub mod timers {
    constants! { TIMERS: u64 {
        /// How long a code lives.
        CODE_LIFETIME = 1, "code-lifetime", 600_000;
        /// How long the locator of a dead code is not given out again.
        LOCATOR_QUARANTINE = 2, "locator-quarantine", 1_800_000;
        /// Joins are looked up and answered at multiples of this.
        JOIN_TICK = 3, "join-tick", 50;
        /// The first delay of a source with too many failed joins; it doubles.
        JOIN_DELAY_FIRST = 4, "join-delay-first", 1_000;
        /// The longest delay of a source.
        JOIN_DELAY_MOST = 5, "join-delay-most", 60_000;
        /// How long a source must be quiet before its failed joins are forgotten.
        JOIN_DELAY_DECAY = 6, "join-delay-decay", 600_000;
        /// How long a client may stay without a code, a join or a session.
        UNPAIRED_IDLE = 7, "unpaired-idle", 120_000;
        /// How long a session may last.
        SESSION_LENGTH = 8, "session-length", 28_800_000;
        /// How long a handshake may take, to the first sealed message.
        HANDSHAKE = 9, "handshake", 10_000;
        /// How long the consent prompt waits before it is a denial.
        CONSENT_PROMPT = 10, "consent-prompt", 120_000;
        /// How long the control prompt waits before it is a denial.
        CONTROL_PROMPT = 11, "control-prompt", 60_000;
        /// Control cannot be asked for this long after consent.
        CONTROL_AFTER_CONSENT = 12, "control-after-consent", 5_000;
        /// Control cannot be asked for this long after a denial.
        CONTROL_AFTER_DENIAL = 13, "control-after-denial", 10_000;
        /// The longest grant.
        GRANT = 14, "grant", 900_000;
        /// Each end sends a heartbeat this often.
        HEARTBEAT = 15, "heartbeat", 2_000;
        /// An end that hears nothing for this long ends the session as lost.
        SILENCE = 16, "silence", 5_000;
        /// Input records leave this often while a grant lives.
        INPUT_TICK = 17, "input-tick", 10;
        /// The least time between two requests for a complete frame.
        REFRESH_INTERVAL = 18, "refresh-interval", 500;
        /// An answer to a prompt this soon after injected input is not taken.
        ANSWER_GUARD = 19, "answer-guard", 1_000;
        /// How long a sharer's client remembers a locator as spent.
        SHARER_SPENT = 20, "sharer-spent", 2_700_000;
        /// The window in which a helper's client counts spent codes.
        SPENT_WINDOW = 21, "spent-window", 3_600_000;
        /// The longest delay before a new code after too many spent ones.
        SPENT_DELAY = 22, "spent-delay", 60_000;
        /// How long a frozen session waits for its link.
        RECONNECT = 23, "reconnect", 30_000;
        /// How long a relay holds the place of a lost connection.
        RECONNECT_HOLD = 24, "reconnect-hold", 36_000;
        /// How long after one attempt to reconnect the next is made.
        RECONNECT_RETRY = 25, "reconnect-retry", 3_000;
        /// In which time failed proofs are counted.
        PROOF_WINDOW = 26, "proof-window", 5_000;
        /// The longest that a client stays signed in without signing in again.
        SIGN_IN = 28, "sign-in", 43_200_000;
        /// How far the clocks of those who sign and of those who check may be apart.
        CLOCK_TOLERANCE = 29, "clock-tolerance", 300_000;
        /// How long after the beginning of its hour a file of a relay's journal is unlinked.
        JOURNAL_KEEP = 31, "journal-keep", 259_200_000;
        /// How long after a session a client may report it.
        REPORT_WINDOW = 32, "report-window", 60_000;
        /// How long a source must make no report before those it made are forgotten.
        REPORT_DECAY = 33, "report-decay", 3_600_000;
        /// How long after the beginning of its day a file of reports is unlinked.
        REPORT_KEEP = 34, "report-keep", 7_776_000_000;
        /// How long a join may be without an answer before the sharer's person is told.
        JOIN_NOTICE = 49, "join-notice", 2_000;
        /// How long a laser pointer is shown that does not move.
        LASER = 42, "laser", 2_000;
        /// How often an end asks how long an answer takes.
        PROBE = 43, "probe", 2_000;
        /// How long an end rests after it has told how long an answer takes.
        PROBE_REST = 50, "probe-rest", 1_000;
        /// How long a device may wait at a relay at a stretch.
        DEVICE_WAIT = 39, "device-wait", 3_600_000;
        /// How long a device pauses after its first failure before it waits again; it doubles.
        DEVICE_RETRY_FIRST = 40, "device-retry-first", 1_000;
        /// The longest such pause.
        DEVICE_RETRY_MOST = 41, "device-retry-most", 60_000;
        /// How long a path may take to come about, or to be proven again.
        PATH_ATTEMPT = 51, "path-attempt", 5_000;
        /// How often a relay looks where the ends of a path are, and asks them to show it.
        PATH_CHECK = 52, "path-check", 1_000;
        /// After how long without a packet an end gives a path up.
        PATH_SILENCE = 53, "path-silence", 3_000;
        /// How long an end waits between two offers of a path.
        PATH_RETRY = 54, "path-retry", 30_000;
        /// How long a relay keeps a path on which nothing is forwarded.
        PATH_IDLE = 55, "path-idle", 10_000;
        /// How long a client may stay after the end of its control stream.
        FAREWELL = 56, "farewell", 2_000;
        /// How long a card lives at most.
        CARD_LIFETIME = 35, "card-lifetime", 86_400_000;
        /// How long a statement about a device is valid at most.
        ADVISORY_LIFETIME = 37, "advisory-lifetime", 3_600_000;
    } }
}
