//! What is checked, within which bounds, and which seeded fault breaks which property.

/// One configuration of the model.
pub struct Configuration {
    /// The name of its `.cfg` file.
    pub name: &'static str,
    /// The module that it is a configuration of.
    pub module: &'static str,
    /// Only on request: it takes long.
    pub deep: bool,
    /// Whether the machines are held against its graph.
    pub graph: bool,
    /// A guard that is switched off, and the property that fails by that.
    pub faults: &'static [(&'static str, &'static str)],
}

/// All of them.
pub const PLAN: &[Configuration] = &[
    Configuration {
        name: "LyingHelper",
        module: "LyingHelper",
        deep: false,
        graph: true,
        faults: &[
            ("media-while-paused", "P4"),
            ("epoch-not-raised", "P4"),
            ("grant-survives-pause", "P8"),
        ],
    },
    Configuration {
        name: "HelperOutOfTurn",
        module: "LyingHelper",
        deep: false,
        graph: true,
        faults: &[
            ("media-before-consent", "P1"),
            ("consent-unwarned", "P1"),
            ("inject-dead-grant", "P2"),
            ("inject-any-scope", "P2"),
            ("inject-under-prompt", "P2"),
            ("no-release", "P2"),
            ("no-answer-guard", "P2"),
            ("grant-unasked", "P2"),
            ("end-keeps-grant", "P5"),
            ("allow-more", "P6"),
            ("narrow-keeps", "P6"),
            ("silence-consents", "P7"),
            ("silence-grants", "P7"),
            ("grant-survives-freeze", "P8"),
            ("silence-unnoticed", "P10"),
            ("frozen-for-good", "P10"),
        ],
    },
    Configuration {
        name: "LyingSharer",
        module: "LyingSharer",
        deep: false,
        graph: true,
        faults: &[],
    },
    Configuration {
        name: "SharerOutOfTurn",
        module: "LyingSharer",
        deep: false,
        graph: true,
        faults: &[
            ("helper-answers-twice", "P3"),
            ("paused-media-taken", "P4"),
            ("ended-helper-answers", "P5"),
            ("grant-widened", "P6"),
            ("helper-keeps-grant-when-paused", "P8"),
            ("silence-unnoticed", "P10"),
            ("frozen-for-good", "P10"),
        ],
    },
    Configuration {
        name: "Honest",
        module: "Session",
        deep: false,
        graph: true,
        faults: &[
            ("media-while-paused", "NoBlame"),
            ("grant-survives-pause", "P8"),
            ("leave-not-passed-on", "P10"),
        ],
    },
    Configuration {
        name: "Timers",
        module: "Session",
        deep: false,
        graph: true,
        faults: &[
            ("silence-unanswered", "P11b"),
            ("relay-keeps-sessions", "P11c"),
        ],
    },
    Configuration {
        name: "Reconnect",
        module: "Session",
        deep: false,
        graph: true,
        faults: &[("thaw-keeps-epoch", "NoBlame")],
    },
    Configuration {
        name: "Willing",
        module: "Session",
        deep: false,
        graph: false,
        faults: &[("epoch-unseen", "P11a"), ("code-lives-on", "P3")],
    },
    Configuration {
        name: "Reordered",
        module: "Session",
        deep: true,
        graph: false,
        faults: &[("frames-in-any-epoch", "NoBlame")],
    },
    Configuration {
        name: "LyingHelperDeep",
        module: "LyingHelper",
        deep: true,
        graph: false,
        faults: &[],
    },
];
