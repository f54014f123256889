//! What a sharer is in, in the words of `spec/tables/sharer.toml`.

use alongside_wire::Scopes;

use super::{Flags, Phase, Sharer, control::Control, drawing::Drawing, viewing::Viewing};
use crate::{session::friction::Contact, time::Timestamp};

/// A region and its state.
type Region = (&'static str, &'static str);

impl Sharer {
    /// The state of each region, by their names in `spec/tables/sharer.toml`: for models, tests and
    /// people.
    pub fn regions(&self, now: Timestamp) -> [Region; 20] {
        let (flags, contact) = match &self.phase {
            Phase::Deciding {
                paused, contact, ..
            } => (*paused, *contact),
            Phase::Viewing(viewing) => (viewing.paused, None),
            _ => (Flags::default(), None),
        };
        let contact = match contact {
            None => "unsaid",
            Some(Contact::Person) => "person",
            Some(Contact::Other) => "other",
        };
        let viewing = match &self.phase {
            Phase::Viewing(viewing) => viewing.regions(now),
            _ => Viewing::NO_REGIONS,
        };
        let [
            prompt,
            grant,
            rest,
            secure,
            epoch,
            advised,
            media,
            frames,
            shown,
            refresh,
            drawing,
            offer,
            item,
            path,
        ] = viewing;
        [
            ("link", if self.link.is_lost() { "frozen" } else { "up" }),
            ("phase", self.region()),
            ("contact", contact),
            ("pause", flags.region()),
            prompt,
            grant,
            rest,
            epoch,
            advised,
            secure,
            media,
            frames,
            shown,
            refresh,
            drawing,
            ("chat", self.chat_region()),
            offer,
            item,
            ("told", self.link.told()),
            path,
        ]
    }

    fn region(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "idle",
            Phase::Joining {
                notice: Some(_), ..
            } => "joining",
            Phase::Joining { notice: None, .. } => "waiting",
            Phase::Securing { .. } => "securing",
            Phase::Deciding { .. } => "deciding",
            Phase::Viewing(_) => "viewing",
            Phase::Ended(_) => "ended",
        }
    }

    fn chat_region(&self) -> &'static str {
        let known = matches!(self.phase, Phase::Securing { .. } | Phase::Deciding { .. });
        match &self.phase {
            Phase::Viewing(viewing) if !viewing.consented.contains(Scopes::CHAT) => "off",
            Phase::Viewing(viewing) if viewing.chat.kept().next().is_some() => "unsettled",
            _ if known && !self.limits.ceiling.contains(Scopes::CHAT) => "off",
            _ => "settled",
        }
    }
}

impl Viewing {
    /// Without consent there is none of this.
    const NO_REGIONS: [Region; 14] = [
        ("prompt", "none"),
        ("grant", "none"),
        ("rest", "rests"),
        ("secure", "never"),
        ("epoch", "unseen"),
        ("advised", "no"),
        ("media", "stopped"),
        ("frames", "none"),
        ("shown", "not yet"),
        ("refresh", "rested"),
        ("drawing", "none"),
        ("offer", "none"),
        ("item", "none"),
        ("path", "none"),
    ];

    fn regions(&self, now: Timestamp) -> [Region; 14] {
        let waits = |waits: bool| if waits { "waits" } else { "none" };
        let seen = self.epoch_seen == self.epoch;
        let frames = match (self.frame, self.old_frame) {
            (None, _) => "none",
            (last, old) if last == old => "old",
            _ => "sent",
        };
        let [prompt, grant, rest, secure, shown] = self.control.regions(now);
        [
            prompt,
            grant,
            rest,
            secure,
            ("epoch", if seen { "seen" } else { "unseen" }),
            ("advised", if self.advised { "yes" } else { "no" }),
            ("media", if self.media { "flows" } else { "stopped" }),
            ("frames", frames),
            shown,
            ("refresh", self.refresh.region(now)),
            ("drawing", self.drawing.region()),
            ("offer", waits(self.clipboard.is_offered())),
            ("item", waits(self.clipboard.is_sent())),
            ("path", self.path.region()),
        ]
    }
}

impl Control {
    fn regions(&self, now: Timestamp) -> [Region; 5] {
        let with_tools = |scopes: Scopes| scopes.contains(Scopes::ANNOTATE);
        let grant = self.grant.as_ref().map(|grant| grant.scopes);
        let prompt = self.prompt.as_ref().map(|p| (p.request, p.scopes));
        let prompt = match prompt {
            None => "none",
            Some((0, _)) => "own",
            Some((_, scopes)) if grant == Some(scopes) => "renewal",
            Some((_, scopes)) if with_tools(scopes) => "open",
            Some(_) => "fewer",
        };
        let grant = match grant {
            None => "none",
            Some(scopes) if with_tools(scopes) => "live",
            Some(_) => "narrowed",
        };
        let secure = match (self.secure, self.secure_told) {
            (true, _) => "asks",
            (false, true) => "gone",
            (false, false) => "never",
        };
        let rests = now < self.quiet_until;
        [
            ("prompt", prompt),
            ("grant", grant),
            ("rest", if rests { "rests" } else { "rested" }),
            ("secure", secure),
            (
                "shown",
                if self.shown {
                    "acknowledged"
                } else {
                    "not yet"
                },
            ),
        ]
    }
}

impl Drawing {
    fn region(&self) -> &'static str {
        match (self.has_lines(), self.laser_until.is_some()) {
            (false, false) => "none",
            (true, false) => "drawn",
            (false, true) => "pointed",
            (true, true) => "both",
        }
    }
}
