//! What stands between consent and the end, as the helper knows it.

use alloc::{collections::VecDeque, string::String, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{
        Advisory, AdvisoryAck, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, ControlEnd,
        ControlGrant, ControlRenew, ControlRequest, ControlWithdraw, EpochSeen, Heartbeat, Laser,
        Message, Pause, Refresh, Shown, Stroke,
    },
};

use super::{Event, Flags, Output};
use crate::{
    error::{Fault, Misuse, Plane},
    mutant,
    session::{
        chat::ChatIds, clipboard, known, once::Once, path::Path, probe::Prober, pulse::Pulse,
    },
    time::Timestamp,
};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Viewing {
    pub(super) pulse: Pulse,
    pub(super) consented: Scopes,
    ceiling: Scopes,
    pub(super) paused: Flags,
    /// The latest epoch that was announced, and whether as paused.
    pub(super) epoch: u32,
    pub(super) epoch_paused: bool,
    /// A frame of this epoch was acknowledged.
    shown_in: Option<u32>,
    refresh: RefreshState,
    pub(super) chat: ChatIds,
    last_request: u32,
    request: Option<(u32, Scopes)>,
    pub(super) last_grant: u32,
    grant: Option<Grant>,
    /// The scopes of the last grant, if it ended because another takes its place.
    replaced: Option<Scopes>,
    pub(super) clipboard: clipboard::Clipboard,
    pub(super) prober: Prober,
    pub(super) path: Path,
    /// What is said of the sharer's device.
    pub(super) advisory: Once<Advisory>,
    /// The person has read it.
    advised: bool,
}

/// At most one request for a complete frame in each interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct RefreshState {
    last: Option<Timestamp>,
    wanted_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Grant {
    id: u32,
    scopes: Scopes,
    until: Timestamp,
    secret: [u8; 32],
}

impl core::fmt::Debug for Grant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Grant")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Viewing {
    pub(super) fn new(
        consented: Scopes,
        ceiling: Scopes,
        pulse: Pulse,
        paused: Flags,
        now: Timestamp,
    ) -> Self {
        Self {
            pulse,
            consented,
            ceiling,
            paused,
            epoch: 0,
            epoch_paused: true,
            shown_in: None,
            refresh: RefreshState::default(),
            chat: ChatIds::default(),
            last_request: 0,
            request: None,
            last_grant: 0,
            grant: None,
            replaced: None,
            clipboard: clipboard::Clipboard::default(),
            prober: Prober::new(now),
            path: Path::default(),
            advisory: Once::new(),
            advised: false,
        }
    }

    pub(super) fn handle_message(
        &mut self,
        message: &Message,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        match message {
            // A receipt changes nothing here; whoever has the keys checks it.
            // So is a card, and a picture.
            Message::Pad(_)
            | Message::Heartbeat(_)
            | Message::Receipt(_)
            | Message::Card(_)
            | Message::PictureRequest(_)
            | Message::Picture(_) => {}
            Message::Advisory(advisory) => {
                self.advisory.take(advisory)?;
                //= spec/12-reconnect.md#state [RECON-36] 4915b6d9
                if self.advised {
                    out.push_back(Output::Send(AdvisoryAck {}.into()));
                }
            }
            Message::Displays(displays) => {
                out.push_back(Output::Event(Event::Displays(displays.displays.clone())));
            }
            Message::Epoch(epoch) => {
                //= spec/05-session.md#pause [PAUSE-6] 43ab6282
                if Some(epoch.epoch) != self.epoch.checked_add(1) {
                    return Err(Fault::EpochNotNext);
                }
                self.epoch = epoch.epoch;
                self.epoch_paused = epoch.paused;
                let epoch = self.epoch;
                //= spec/05-session.md#pause [PAUSE-4] 8606513d
                out.push_back(Output::Send(EpochSeen { epoch }.into()));
            }
            Message::Pause(pause) => {
                if self.paused.peer != pause.paused || mutant::is("PAUSE-12/tells") {
                    self.paused.peer = pause.paused;
                    self.pause_changed(out);
                }
            }
            Message::ControlGrant(grant) => self.granted(grant, now, out)?,
            Message::ControlDeny(deny) => {
                if self.request.is_some_and(|(id, _)| id == deny.request) {
                    self.request = None;
                    let code = known(deny.code);
                    out.push_back(Output::Event(Event::ControlDenied(code)));
                    if code == ErrorCode::Denied {
                        not_before(now, out);
                    }
                }
            }
            Message::ControlEnd(end) => {
                if self
                    .grant
                    .as_ref()
                    .is_some_and(|grant| grant.id == end.grant)
                {
                    let (code, scopes) = (known(end.code), self.scopes());
                    self.end_grant(code, out);
                    self.replaced = (code == ErrorCode::Replaced).then_some(scopes);
                }
            }
            Message::Chat(chat) => {
                if !self.consented.contains(Scopes::CHAT) {
                    return Err(Fault::ChatWithoutScope);
                }
                self.chat.receive(chat)?;
                out.push_back(Output::Send(ChatAck { id: chat.id }.into()));
                out.push_back(Output::Event(Event::Chat(chat.text.clone())));
            }
            Message::ChatAck(ack) => {
                let acknowledged = self.chat.acknowledged(ack.id);
                if acknowledged.is_empty() && mutant::is("CHAT-6/blames") {
                    return Err(Fault::ChatNotNext);
                }
                for id in acknowledged {
                    out.push_back(Output::Event(Event::ChatDelivered(id)));
                }
            }
            Message::ControlRenew(renew) => self.renewed(renew, now, out)?,
            Message::Clipboard(item) => self.clipboard_item(item, out)?,
            Message::ClipboardTaken(answer) => {
                if self.clipboard.answered(answer.item) {
                    let ClipboardTaken { item, taken } = *answer;
                    out.push_back(Output::Event(Event::ClipboardAnswered { item, taken }));
                }
            }
            Message::SecureDesktop(secure) => {
                out.push_back(Output::Event(Event::SecureDesktop(secure.active)));
            }
            Message::Probe(probe) => {
                let answer = self.prober.answer(probe, now);
                out.extend(answer.map(|answer| Output::Send(answer.into())));
            }
            Message::ProbeAnswer(answer) => {
                if let Some(delay_ms) = self.prober.answered(answer.probe, now) {
                    out.push_back(Output::Event(Event::Delay(delay_ms)));
                } else if mutant::is("TOOL-26/blames") {
                    return Err(Fault::ItemNotNext);
                }
            }
            Message::PathOffer(offer) => self.path.offered(offer.certificate, now, out),
            Message::Stroke(_)
            | Message::Laser(_)
            | Message::Clear(_)
            | Message::AdvisoryAck(_)
            | Message::Introduce(_)
            | Message::Consent(_)
            | Message::Shown(_)
            | Message::ControlRequest(_)
            | Message::ControlWithdraw(_)
            | Message::EpochSeen(_)
            | Message::Refresh(_)
            | Message::State(_)
            | Message::End(_) => {
                return Err(Fault::Unexpected {
                    plane: Plane::Session,
                    message: message.name(),
                    phase: "while viewing",
                });
            }
        }
        self.pulse.heard(now);
        Ok(())
    }

    pub(super) fn knows(&self, advisory: &Advisory) -> bool {
        self.advisory.is(advisory)
    }

    /// The person has read the advisory.
    pub(super) fn acknowledge(&mut self) -> Result<(), Misuse> {
        if self.advised || !self.advisory.is_seen() {
            return Err(Misuse::Nothing);
        }
        self.advised = true;
        Ok(())
    }

    fn granted(
        &mut self,
        message: &ControlGrant,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        //= spec/05-session.md#control [CONTROL-16] 639fbe31
        if message.grant <= self.last_grant {
            return Err(Fault::GrantNotRising);
        }
        if u64::from(message.duration_ms) > timers::GRANT {
            return Err(Fault::GrantTooLong);
        }
        if message.request == 0 {
            return self.narrowed(message, now, out);
        }
        //= spec/05-session.md#control [CONTROL-17] 4d5f2971
        let asked = self.request.filter(|(id, _)| *id == message.request);
        // An answer to what was withdrawn: the sharer will read the withdrawal and end the grant.
        let Some((_, asked)) = asked else {
            if mutant::is("CONTROL-17/blames") {
                return Err(Fault::GrantBeyondRequest);
            }
            self.last_grant = message.grant;
            self.replaced = None;
            return Ok(());
        };
        if message.scopes.is_empty() || !asked.contains(message.scopes) {
            return Err(Fault::GrantBeyondRequest);
        }
        self.request = None;
        self.end_grant(ErrorCode::Replaced, out);
        self.take_grant(message, now, out);
        Ok(())
    }

    //= spec/05-session.md#control [CONTROL-30] 9f1f001f
    //= spec/05-session.md#control [CONTROL-31] d00acb60
    /// The sharer took a part of the last grant back, and gives the rest.
    fn narrowed(
        &mut self,
        message: &ControlGrant,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        if message.scopes.is_empty() {
            return Err(Fault::GrantBeyondRequest);
        }
        match self.replaced {
            Some(before) if !before.contains(message.scopes) => Err(Fault::GrantWidened),
            Some(_) => {
                self.take_grant(message, now, out);
                Ok(())
            }
            None => {
                let grant = message.grant;
                self.last_grant = grant;
                let code = ErrorCode::Released.to_wire();
                out.push_back(Output::Send(ControlEnd { grant, code }.into()));
                Ok(())
            }
        }
    }

    fn take_grant(&mut self, message: &ControlGrant, now: Timestamp, out: &mut Out) {
        self.last_grant = message.grant;
        self.replaced = None;
        let until = now.plus_ms(message.duration_ms.into());
        self.grant = Some(Grant {
            id: message.grant,
            scopes: message.scopes,
            until,
            secret: message.secret,
        });
        out.push_back(Output::Event(Event::ControlGranted {
            grant: message.grant,
            scopes: message.scopes,
            until,
        }));
    }

    //= spec/19-tools.md#renewal [TOOL-7] e5b56d18
    //= spec/19-tools.md#renewal [TOOL-8] 366829d3
    fn renewed(
        &mut self,
        message: &ControlRenew,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        if u64::from(message.duration_ms) > timers::GRANT {
            return Err(Fault::RenewalTooLong);
        }
        let open = self.request.is_some_and(|(id, _)| id == message.request);
        let takes = mutant::is("TOOL-8/takes");
        let live = self.grant.as_mut();
        let live = live.filter(|g| g.id == message.grant || takes);
        let (true, Some(grant)) = (open || message.request == 0 || takes, live) else {
            return Ok(());
        };
        let until = now.plus_ms(message.duration_ms.into());
        grant.until = until;
        let grant = grant.id;
        if open {
            self.request = None;
        }
        out.push_back(Output::Event(Event::ControlRenewed { grant, until }));
        Ok(())
    }

    fn clipboard_item(&mut self, item: &Clipboard, out: &mut Out) -> Result<(), Fault> {
        if item.grant == 0 || item.grant > self.last_grant {
            return Err(Fault::ToolWithoutGrant);
        }
        let live = self.grant.as_ref().filter(|live| live.id == item.grant);
        let allowed = live.map(|live| live.scopes.contains(Scopes::CLIPBOARD_TO_HELPER));
        if allowed == Some(false) {
            return Err(Fault::ToolWithoutScope);
        }
        self.clipboard.count(item.item)?;
        if allowed.is_some() || mutant::is("TOOL-1/takes") {
            if let Some(before) = self.clipboard.offer(item) {
                refuse_item(before, out);
            }
            out.push_back(Output::Event(Event::ClipboardOffered {
                item: item.item,
                text: item.text.clone(),
            }));
        }
        Ok(())
    }

    /// The live grant, if it has this scope.
    fn tool(&self, scope: Scopes) -> Result<u32, Misuse> {
        //= spec/19-tools.md#grants [TOOL-4] 073ebf43
        let grant = self.grant.as_ref().ok_or(Misuse::Nothing)?;
        if !grant.scopes.contains(scope) && !mutant::is("TOOL-4/beyond") {
            return Err(Misuse::Scope);
        }
        Ok(grant.id)
    }

    //= spec/19-tools.md#clipboard [TOOL-9] 14fcf6e3
    pub(super) fn send_clipboard(&mut self, text: &str, out: &mut Out) -> Result<u32, Misuse> {
        let grant = self.tool(Scopes::CLIPBOARD_TO_SHARER)?;
        let item = self.clipboard.send(grant, text)?;
        let id = item.item;
        out.push_back(Output::Send(item.into()));
        Ok(id)
    }

    pub(super) fn answer_clipboard(
        &mut self,
        taken: bool,
        out: &mut Out,
    ) -> Result<Option<String>, Misuse> {
        let (item, text) = self.clipboard.answer().ok_or(Misuse::Nothing)?;
        out.push_back(Output::Send(ClipboardTaken { item, taken }.into()));
        Ok(taken.then_some(text))
    }

    pub(super) fn stroke(&mut self, line: super::Line, out: &mut Out) -> Result<(), Misuse> {
        let grant = self.tool(Scopes::ANNOTATE)?;
        let points: Vec<_> = line.points;
        let fits = (1..=alongside_wire::limits::STROKE_POINTS).contains(&points.len());
        if !fits || line.colour > 7 || !(1..=32).contains(&line.width) {
            return Err(Misuse::TooLong);
        }
        let stroke = Stroke {
            grant,
            stroke: line.id,
            display: line.display,
            colour: line.colour,
            width: line.width,
            points,
        };
        out.push_back(Output::Send(stroke.into()));
        Ok(())
    }

    pub(super) fn laser(
        &mut self,
        display: u8,
        (x, y): (u16, u16),
        out: &mut Out,
    ) -> Result<(), Misuse> {
        let grant = self.tool(Scopes::ANNOTATE)?;
        let laser = Laser {
            grant,
            display,
            x,
            y,
        };
        out.push_back(Output::Send(laser.into()));
        Ok(())
    }

    pub(super) fn clear_drawing(&mut self, out: &mut Out) -> Result<(), Misuse> {
        let grant = self.tool(Scopes::ANNOTATE)?;
        out.push_back(Output::Send(Clear { grant }.into()));
        Ok(())
    }

    /// What the helper may do beside what consent gave.
    pub(super) fn scopes(&self) -> Scopes {
        self.grant
            .as_ref()
            .map_or(Scopes::NONE, |grant| grant.scopes)
    }

    pub(super) fn request_control(&mut self, scopes: Scopes) -> Result<ControlRequest, Misuse> {
        if self.paused.either() {
            return Err(Misuse::Paused);
        }
        if self.request.is_some() {
            return Err(Misuse::Phase("while a request for control is open"));
        }
        if scopes.is_empty() || !self.ceiling.intersect(Scopes::GRANTABLE).contains(scopes) {
            return Err(Misuse::Scope);
        }
        //= spec/05-session.md#control [CONTROL-1] cc4fcac1
        self.last_request += 1;
        self.request = Some((self.last_request, scopes));
        Ok(ControlRequest {
            request: self.last_request,
            scopes,
        })
    }

    pub(super) fn release_control(&mut self, now: Timestamp, out: &mut Out) -> Result<(), Misuse> {
        if self.request.is_none() && self.grant.is_none() {
            return Err(Misuse::Nothing);
        }
        self.withdraw(now, out);
        if let Some(Grant { id: grant, .. }) = self.grant {
            self.end_grant(ErrorCode::Released, out);
            let code = ErrorCode::Released.to_wire();
            out.push_back(Output::Send(ControlEnd { grant, code }.into()));
        }
        Ok(())
    }

    //= spec/05-session.md#control [CONTROL-12] 2c07943b
    fn withdraw(&mut self, now: Timestamp, out: &mut Out) {
        if let Some((request, _)) = self.request.take() {
            out.push_back(Output::Send(ControlWithdraw { request }.into()));
            // The question was put to the sharer's person, as far as is known here.
            not_before(now, out);
        }
    }

    fn end_grant(&mut self, code: ErrorCode, out: &mut Out) {
        self.replaced = None;
        if let Some(Grant { id: grant, .. }) = self.grant.take() {
            out.push_back(Output::Event(Event::ControlEnded { grant, code }));
            if let Some(item) = self.clipboard.lapse(None) {
                refuse_item(item, out);
            }
        }
    }

    /// The session ends, which answers what waits.
    pub(super) fn end(&mut self, code: ErrorCode, out: &mut Out) {
        self.clipboard.lapse(None);
        self.close(code, out);
        self.path.close(code, out);
    }

    pub(super) fn close(&mut self, code: ErrorCode, out: &mut Out) {
        self.request = None;
        self.end_grant(code, out);
    }

    pub(super) fn set_local_pause(&mut self, paused: bool, now: Timestamp, out: &mut Out) {
        if self.paused.local != paused {
            self.paused.local = paused;
            self.withdraw(now, out);
            out.push_back(Output::Send(Pause { paused }.into()));
            self.pause_changed(out);
        }
    }

    //= spec/05-session.md#pause [PAUSE-10] 9b111616
    /// A pause ends control here at once; the sharer's word on it follows.
    pub(super) fn pause_changed(&mut self, out: &mut Out) {
        if self.paused.either() && !mutant::is("PAUSE-10/goes-on") {
            self.request = None;
            self.end_grant(ErrorCode::Paused, out);
        }
        out.push_back(Output::Event(Event::Paused {
            local: self.paused.local,
            peer: self.paused.peer,
        }));
    }

    //= spec/05-session.md#pause [PAUSE-11] 229d140f
    pub(super) fn check_media(&self, epoch: u32) -> Result<(), Fault> {
        if epoch == self.epoch && self.epoch_paused {
            return Err(Fault::PausedMedia);
        }
        Ok(())
    }

    pub(super) fn epoch(&self) -> Option<u32> {
        (self.epoch > 0).then_some(self.epoch)
    }

    pub(super) fn live_grant(&self) -> Option<(u32, Scopes, [u8; 32])> {
        self.grant
            .as_ref()
            .map(|grant| (grant.id, grant.scopes, grant.secret))
    }

    //= spec/06-media-input.md#frames [MEDIA-19] 743c9156
    pub(super) fn shown(&mut self, frame: u32, out: &mut Out) {
        if self.shown_in == Some(self.epoch) && mutant::is("MEDIA-19/once") {
            return;
        }
        self.shown_in = Some(self.epoch);
        out.push_back(Output::Send(Shown { frame }.into()));
    }

    //= spec/06-media-input.md#frames [MEDIA-21] 579df7bb
    pub(super) fn refresh(&mut self, now: Timestamp, out: &mut Out) {
        let at = self
            .refresh
            .last
            .map_or(now, |last| last.plus_ms(timers::REFRESH_INTERVAL).max(now));
        self.refresh.wanted_at = Some(at);
        self.ask_refresh(now, out);
    }

    fn ask_refresh(&mut self, now: Timestamp, out: &mut Out) {
        if self.refresh.wanted_at.is_some_and(|at| now >= at) {
            self.refresh.wanted_at = None;
            self.refresh.last = Some(now);
            out.push_back(Output::Send(Refresh {}.into()));
        }
    }

    pub(super) fn chat(&mut self, text: &str) -> Result<Chat, Misuse> {
        if !self.consented.contains(Scopes::CHAT) {
            return Err(Misuse::Scope);
        }
        self.chat.send(text)
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, out: &mut Out) {
        if self.grant.as_ref().is_some_and(|grant| now >= grant.until) {
            self.end_grant(ErrorCode::Expired, out);
        }
        self.ask_refresh(now, out);
        self.path.handle_timeout(now, out);
        if let Some(probe) = self.prober.ask(now) {
            out.push_back(Output::Send(probe.into()));
        }
        if self.pulse.beat(now) {
            out.push_back(Output::Send(Heartbeat {}.into()));
        }
    }

    pub(super) fn due(&self) -> Timestamp {
        let grant = self.grant.as_ref().map(|grant| grant.until);
        let others = grant.into_iter().chain(self.refresh.wanted_at);
        let others = others.chain(self.path.due());
        let always = self.pulse.due().min(self.prober.due());
        others.fold(always, Timestamp::min)
    }
}

/// What the machine is in, in the words of `spec/tables/helper.toml`.
impl Viewing {
    /// Without a session there is none of this.
    pub(super) const NO_REGIONS: [(&'static str, &'static str); 9] = [
        ("epoch", "none"),
        ("shown", "not yet"),
        ("request", "none"),
        ("grant", "none"),
        ("chat", "off"),
        ("offer", "none"),
        ("item", "none"),
        ("advisory", "awaited"),
        ("path", "none"),
    ];

    pub(super) fn regions(&self) -> [(&'static str, &'static str); 9] {
        let waits = |waits: bool| if waits { "waits" } else { "none" };
        [
            (
                "epoch",
                match (self.epoch, self.epoch_paused) {
                    (0, _) => "none",
                    (_, true) => "paused",
                    (_, false) => "running",
                },
            ),
            (
                "shown",
                if self.shown_in == Some(self.epoch) {
                    "acknowledged"
                } else {
                    "not yet"
                },
            ),
            (
                "request",
                if self.request.is_some() {
                    "open"
                } else {
                    "none"
                },
            ),
            (
                "grant",
                match (&self.grant, self.replaced) {
                    (Some(grant), _) if grant.scopes.contains(Scopes::ANNOTATE) => "live",
                    (Some(_), _) => "narrowed",
                    (None, Some(_)) => "replaced",
                    (None, None) => "none",
                },
            ),
            (
                "chat",
                match self.chat.kept().next() {
                    _ if !self.consented.contains(Scopes::CHAT) => "off",
                    None => "settled",
                    Some(_) => "unsettled",
                },
            ),
            ("offer", waits(self.clipboard.is_offered())),
            ("item", waits(self.clipboard.is_sent())),
            (
                "advisory",
                match (self.advisory.is_seen(), self.advised, self.advisory.again()) {
                    (false, _, _) => "awaited",
                    (true, false, false) => "unread",
                    (true, false, true) => "unread again",
                    (true, true, false) => "read",
                    (true, true, true) => "read again",
                },
            ),
            ("path", self.path.region()),
        ]
    }
}

//= spec/05-session.md#friction [FRICTION-5] fec42a09
/// The sharer's person was asked and will not be asked again for a while.
fn not_before(now: Timestamp, out: &mut Out) {
    let from = now.plus_ms(timers::CONTROL_AFTER_DENIAL);
    out.push_back(Output::Event(Event::ControlNotBefore(from)));
}

fn refuse_item(item: u32, out: &mut Out) {
    let taken = false;
    out.push_back(Output::Send(ClipboardTaken { item, taken }.into()));
    out.push_back(Output::Event(Event::ClipboardLapsed { item }));
}
