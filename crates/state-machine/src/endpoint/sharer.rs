//! The sharer as one object: give it a code, show it what came, do what it says.

mod forwarded;
mod identity;
mod incoming;
mod outgoing;
mod receipts;
mod reconnect;
mod waiting;

use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};

use alongside_wire::{
    ErrorCode, ReportCategory, Scopes,
    code::Code,
    limits::timers,
    media::Frame,
    record::InputHeader,
    rendezvous::{Join, RelayHello, SignIn, SignedIn},
    session::{DisplayInfo, Message},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::{
    Config, Counters, Reporting, Transmit,
    asking::Asking,
    faces::{Faces, Fetched},
    frames::Streams,
    path::Path,
    rendezvous::Control,
    spent::SpentLocators,
};
pub use crate::session::path::Event as PathEvent;
pub use crate::session::sharer::Event as SessionEvent;
use crate::{
    channel::{
        handshake::{Offering, SharerChannel},
        input::GrantKey,
        media::{self, Parts},
        phrase::Phrase,
        reconnect::Answers,
        session::{Opener, Sealer},
    },
    error::Misuse,
    mutant,
    receipt::recorder::Recorder,
    session::{
        By,
        friction::{Consent, Contact},
        sharer::Sharer,
    },
    time::Timestamp,
};

/// What the sharer's program learns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The relay knows who this is: now [`SharerEndpoint::join`].
    SignedIn(SignedIn),
    /// The channel stands, and these words can be compared with the helper's.
    Phrase(Phrase),
    /// An answer that allows control must repeat this number, of 6 digits. It follows the question.
    Number(u32),
    /// The relay knows this device: it can be called.
    Waiting,
    /// The relay issued no card, and why; the session goes on without.
    NoCard(ErrorCode),
    /// The picture of the helper's card was asked for, and this is what came.
    Picture(Fetched),
    /// Something of the session.
    Session(SessionEvent),
}

/// The registered name of the timer that says how long a join is held back.
const JOIN_DELAY_MOST: &str = "join-delay-most";

enum Channel {
    None,
    Offered(Box<Offering>),
    Standing(Box<Standing>),
}

struct Standing {
    handshake: SharerChannel,
    sealer: Sealer,
    opener: Opener,
    grant: Option<GrantKey>,
    media: Option<media::Sealer>,
    answers: Answers,
    /// The keys were made since the session froze.
    fresh: bool,
}

/// A sharer's end of one connection to a relay.
pub struct SharerEndpoint {
    config: Config,
    rng: ChaCha20Rng,
    control: Control,
    path: Path,
    machine: Sharer,
    channel: Channel,
    streams: Streams,
    events: VecDeque<Event>,
    counters: Counters,
    next_stream: u64,
    frame_stream: Option<u64>,
    /// Frames go on a path.
    on_path: bool,
    next_frame: u32,
    /// The next frame must need no other.
    complete: bool,
    /// Input was injected in this session.
    injected: bool,
    /// What an answer to the open prompt must repeat.
    number: Option<u32>,
    /// Makes receipts, if the person wants them.
    recorder: Option<Recorder>,
    /// The relay has not said yet whether this device may wait.
    asked_to_wait: bool,
    faces: Faces,
    /// Receipts for the helper that wait for the link.
    unsent: Vec<Message>,
    asking: Option<Asking>,
}

impl SharerEndpoint {
    /// A sharer on a fresh connection. `seed` is 32 random bytes that nobody else knows.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        Self {
            machine: Sharer::new(config.supported),
            config,
            rng: ChaCha20Rng::from_seed(seed),
            control: Control::new(),
            path: Path::new(),
            channel: Channel::None,
            streams: Streams::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
            next_stream: 0,
            frame_stream: None,
            on_path: false,
            next_frame: 0,
            complete: true,
            injected: false,
            number: None,
            recorder: None,
            asked_to_wait: false,
            faces: Faces::default(),
            unsent: Vec::new(),
            asking: None,
        }
    }

    /// Proves to the relay who this is, before the join. The answer is [`Event::SignedIn`], or the
    /// end.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if this endpoint has joined, or a sign-in, or the request for its card, is not answered yet.
    pub fn sign_in(&mut self, request: SignIn) -> Result<(), Misuse> {
        if !self.machine.is_idle() || self.is_signing_in() {
            return Err(Misuse::Phase(self.machine.phase()));
        }
        self.control.sign_in(request);
        Ok(())
    }

    //= spec/02-codes.md#links [LINK-4] 26dd3785
    /// Joins by the code of a link: nothing but seeing can come of it. The rest is as with
    /// [`SharerEndpoint::join`].
    ///
    /// # Errors
    /// As [`SharerEndpoint::join`].
    pub fn join_by_link(
        &mut self,
        code: Code,
        relay: &str,
        spent: &mut SpentLocators,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        let mut ceiling = self.config.ceiling.intersect(Scopes::VIEW);
        if mutant::is("LINK-4/beyond") {
            ceiling = self.config.ceiling;
        }
        self.join_with(code, true, ceiling, relay, spent, now)
    }

    /// Joins by a code. `relay` is the relay's name in `spent`.
    ///
    /// # Errors
    /// [`Misuse::SpentCode`] if this code was used here before, [`Misuse::Phase`] if this
    /// endpoint has joined, or a sign-in, or the request for its card, is not answered yet.
    pub fn join(
        &mut self,
        code: Code,
        relay: &str,
        spent: &mut SpentLocators,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        self.join_with(code, false, self.config.ceiling, relay, spent, now)
    }

    fn join_with(
        &mut self,
        code: Code,
        link: bool,
        ceiling: Scopes,
        relay: &str,
        spent: &mut SpentLocators,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        if !matches!(self.channel, Channel::None) || self.machine.ended().is_some() {
            return Err(Misuse::Phase(self.machine.phase()));
        }
        if self.is_signing_in() {
            return Err(Misuse::Phase("while signing in"));
        }
        //= spec/02-codes.md#spent [CODE-10] a161176f
        match mutant::is("CODE-10/secret") {
            true => {
                let relay = alloc::format!("{relay} {}", code.secret.as_str());
                spent.spend(&relay, code.locator, now)?;
            }
            false => spent.spend(relay, code.locator, now)?,
        }
        self.machine.join(now)?;
        //= spec/13-sign-in.md#roles [AUTH-20] 6be2edec
        let ceiling = match mutant::is("AUTH-20/beyond") {
            true => ceiling,
            false => ceiling.intersect(self.control.share()),
        };
        let offering = Offering::new(code, &self.config.suites, ceiling, &mut self.rng);
        self.control.send(Join {
            locator: code.locator,
            link,
            offer: offering.offer().into(),
        });
        self.channel = Channel::Offered(offering.into());
        Ok(())
    }

    /// Takes bytes of the control stream.
    pub fn handle_control(&mut self, bytes: &[u8], now: Timestamp) {
        // What comes too late does not undo what time has ended.
        self.handle_timeout(now);
        if self.machine.ended().is_some() {
            self.control.hear_of_report(bytes);
            return;
        }
        if self.path.is_down() {
            return;
        }
        if mutant::is("SESSION-6/any") {
            self.machine.heard(now);
        }
        self.control.push(bytes);
        loop {
            let handled = match self.control.pull() {
                Ok(None) => break,
                Ok(Some(message)) => self.handle_rendezvous(message, now),
                Err(fault) => Err(fault),
            };
            // What was not under seal may be anybody's doing on the way.
            if let Err(fault) = handled {
                self.machine.fail(By::Relay, fault);
            }
            self.carry_out();
            if self.machine.ended().is_some() || self.path.is_down() {
                break;
            }
        }
    }

    /// Takes bytes of a frame stream of the helper's; `fin` says that nothing follows.
    pub fn handle_stream(&mut self, id: u64, bytes: &[u8], fin: bool, now: Timestamp) {
        let mut records = Vec::new();
        let pushed = self
            .streams
            .push::<InputHeader>(id, bytes, fin, |header, body| {
                records.push((header, body));
            });
        for (header, body) in records {
            self.handle_input(&header, &body, now);
            self.streams.reuse(body);
        }
        if pushed.is_err() && !mutant::is("MEDIA-9/reads-on") {
            self.counters.stopped_streams += 1;
            self.streams.forget(id);
            self.control.transmits.push_back(Transmit::Stop { id });
        }
        self.carry_out();
    }

    /// The helper, or the relay, gave up a stream of the helper's.
    pub fn handle_stream_reset(&mut self, id: u64) {
        self.streams.forget(id);
    }

    /// The connection to the relay is gone; `code` is what the relay closed it with, if it did.
    pub fn handle_transport_lost(&mut self, code: Option<ErrorCode>, now: Timestamp) {
        self.control.lost();
        self.path.lost();
        //= spec/08-transport.md#quic [TRANSPORT-10] 778d0d75
        match code {
            None | Some(ErrorCode::Lost) if mutant::is("TRANSPORT-10/ends") => {
                self.machine.relay_ended(ErrorCode::Lost);
            }
            None | Some(ErrorCode::Lost) => self.machine.link_lost(now),
            // A relay that is full may not be in a moment.
            //= spec/05-session.md#end [END-5] f9e6172e
            Some(ErrorCode::Busy) if self.machine.frozen_until().is_some() => {}
            Some(code) => self.machine.relay_ended(code),
        }
        self.carry_out();
    }

    /// The network has changed, as the program knows: the connection is closed as lost, and the session
    /// goes on over another.
    pub fn change_path(&mut self, now: Timestamp) {
        self.control.lost();
        self.path.give_up();
        self.machine.link_lost(now);
        self.carry_out();
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.machine.handle_timeout(now);
        self.carry_out();
    }

    /// When [`SharerEndpoint::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.machine.poll_timeout()
    }

    /// The next thing that the transport is to do.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.path.poll(&mut self.control)
    }

    /// The next thing that the program is to know or do.
    pub fn poll_event(&mut self) -> Option<Event> {
        let hidden = |event: &&Event| mutant::hides(mutant::Target::Sharer, *event);
        while self.events.front().filter(hidden).is_some() {
            self.events.pop_front();
        }
        self.events.pop_front()
    }

    /// The person says who started the contact; without that there is no consent.
    ///
    /// # Errors
    /// As [`Sharer::contact`].
    pub fn contact(&mut self, contact: Contact, now: Timestamp) -> Result<(), Misuse> {
        let result = self.machine.contact(contact, now);
        self.carry_out();
        result
    }

    /// The person's answer to the consent prompt, and what there is to show.
    ///
    /// # Errors
    /// As [`Sharer::consent`].
    pub fn consent(
        &mut self,
        answer: Consent,
        displays: Vec<DisplayInfo>,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        if answer == Consent::Refused && mutant::is("CONSENT-3/ignores") {
            return Ok(());
        }
        let result = self.machine.consent(answer, displays, now);
        self.carry_out();
        result
    }

    /// The person allows control, for 15 minutes at most, and repeats the number if there is one.
    ///
    /// # Errors
    /// As [`Sharer::allow_control`]; [`Misuse::NumberNeeded`] without the number, and
    /// [`Misuse::WrongNumber`] with another, which denies the request.
    pub fn allow_control(
        &mut self,
        scopes: Scopes,
        number: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        if self.number.is_some() && self.number != number {
            if number.is_none() {
                return Err(Misuse::NumberNeeded);
            }
            //= spec/05-session.md#control [CONTROL-28] 6224c297
            if !mutant::is("CONTROL-28/forgives") {
                self.deny_control(now)?;
            }
            return Err(Misuse::WrongNumber);
        }
        //= spec/05-session.md#control [CONTROL-14] 13feb48b
        let mut secret = [0; 32];
        if !mutant::is("CONTROL-14/same") {
            self.rng.fill_bytes(&mut secret);
        }
        let duration = u32::try_from(timers::GRANT).unwrap_or(u32::MAX);
        self.act(|machine| machine.allow_control(scopes, duration, secret, now))
    }

    /// The person does not allow control.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no prompt.
    pub fn deny_control(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(|machine| machine.deny_control(now))
    }

    /// The person takes control back.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no grant.
    pub fn revoke(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(|machine| machine.revoke(now))
    }

    /// The person takes a part of control back: what is left is a grant of its own.
    ///
    /// # Errors
    /// As [`Sharer::narrow`].
    pub fn narrow(&mut self, scopes: Scopes, now: Timestamp) -> Result<(), Misuse> {
        let mut secret = [0; 32];
        self.rng.fill_bytes(&mut secret);
        self.act(|machine| machine.narrow(scopes, secret, now))
    }

    /// The person wants the grant to live longer, and is asked as for any other.
    ///
    /// # Errors
    /// As [`Sharer::ask_renewal`].
    pub fn ask_renewal(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(|machine| machine.ask_renewal(now))
    }

    /// Sends one item of the clipboard, at an act of the person for that item.
    ///
    /// # Errors
    /// As [`Sharer::send_clipboard`].
    pub fn send_clipboard(&mut self, text: &str, now: Timestamp) -> Result<u32, Misuse> {
        self.act(|machine| machine.send_clipboard(text, now))
    }

    /// The person takes what the helper offered, which is returned, or refuses it.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if nothing waits.
    pub fn answer_clipboard(
        &mut self,
        taken: bool,
        now: Timestamp,
    ) -> Result<Option<String>, Misuse> {
        self.act(|machine| machine.answer_clipboard(taken, now))
    }

    /// The system's own question for permission appeared, or is gone.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if nothing is shared.
    pub fn set_secure_desktop(&mut self, active: bool, now: Timestamp) -> Result<(), Misuse> {
        self.act(|machine| machine.set_secure_desktop(active, now))?;
        self.complete &= active || !mutant::is("TOOL-23/part");
        Ok(())
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Sharer) -> Result<T, Misuse>) -> Result<T, Misuse> {
        let done = act(&mut self.machine);
        self.carry_out();
        done
    }

    /// Sets this end's pause flag.
    ///
    /// # Errors
    /// [`Misuse::Phase`] before the helper is known and after the end.
    pub fn set_paused(&mut self, paused: bool, now: Timestamp) -> Result<(), Misuse> {
        self.act(|machine| machine.set_paused(paused, now))
    }

    /// Sends a line of chat; the number is what the event of its delivery will name.
    ///
    /// # Errors
    /// As [`Sharer::chat`].
    pub fn chat(&mut self, text: &str) -> Result<u32, Misuse> {
        self.act(|machine| machine.chat(text))
    }

    /// The displays changed.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if the helper may not see them.
    pub fn displays(&mut self, displays: Vec<DisplayInfo>) -> Result<(), Misuse> {
        self.act(|machine| machine.displays(displays))
    }

    /// The person ends it. Works at once and always.
    pub fn end(&mut self) {
        if mutant::is("END-1/waits") && self.machine.is_securing() {
            return;
        }
        self.machine.end(ErrorCode::Done);
        self.carry_out();
    }

    //= spec/14-operation.md#reports [REPORT-1] 2df739ff
    //= spec/14-operation.md#reports [REPORT-2] 18a23bbc
    /// The person ends it and reports it to whoever runs the relay, in one act; or reports it, if it
    /// has just ended. What comes of that is [`SharerEndpoint::reporting`]: until it is no longer
    /// [`Reporting::Waiting`], the connection has to stay.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if it was reported already.
    pub fn end_and_report(&mut self, category: ReportCategory) -> Result<(), Misuse> {
        if mutant::is("REPORT-3/early") {
            self.control.report(category)?;
            self.end();
            return Ok(());
        }
        self.end();
        self.control.report(category)
    }

    /// What became of the report.
    pub fn reporting(&self) -> Reporting {
        self.control.reporting()
    }

    /// Whether a frame may be sent now.
    pub fn may_send_frame(&self) -> bool {
        self.machine.media_epoch().is_some()
    }

    /// Whether the next frame must be complete.
    pub fn wants_complete(&self) -> bool {
        self.complete && !mutant::is("MEDIA-12/parts")
    }

    /// Seals a frame and sends it; the number is what the helper will acknowledge.
    ///
    /// # Errors
    /// [`Misuse::NotReady`] if nothing may be seen, or a complete frame is needed and this is
    /// none; [`Misuse::TooLong`] if it breaks a limit of frames.
    pub fn send_frame(&mut self, frame: &Frame) -> Result<u32, Misuse> {
        let epoch = self.machine.media_epoch().ok_or(Misuse::NotReady)?;
        let complete = self.wants_complete();
        let Channel::Standing(standing) = &mut self.channel else {
            return Err(Misuse::NotReady);
        };
        //= spec/06-media-input.md#frames [MEDIA-12] 41760917
        if complete && !frame.complete {
            return Err(Misuse::NotReady);
        }
        let mut parts = Parts::with_capacity(frame.encoded_len());
        frame
            .encode(|part| parts.put(part))
            .map_err(|_| Misuse::TooLong)?;
        let keys = &standing.handshake.channel.keys;
        let sealer = match &mut standing.media {
            Some(sealer) if sealer.epoch() == epoch => sealer,
            media => media.insert(media::Sealer::new(keys, epoch)),
        };
        //= spec/06-media-input.md#media-records [MEDIA-3] 1e82cb6d
        self.next_frame += if mutant::is("MEDIA-3/skips") { 2 } else { 1 };
        let id = self.next_frame;
        let bytes = sealer.seal(keys, id, parts);
        //= spec/20-forwarded-packets.md#clients [PATH-26] cf905e6a
        let stream = *self.frame_stream.get_or_insert_with(|| {
            self.next_stream += 1;
            self.next_stream
        });
        self.control.transmits.push_back(Transmit::Stream {
            id: stream,
            bytes,
            fin: false,
        });
        self.machine.frame_sent(id);
        self.complete = false;
        Ok(id)
    }

    /// What was sent of the latest frames is stale: gives their stream up. The next frame must be
    /// complete.
    pub fn drop_stale_frames(&mut self) {
        if let Some(id) = self.frame_stream.take() {
            let stale = |transmit: &Transmit| matches!(transmit, Transmit::Stream { .. });
            self.control.transmits.retain(|transmit| !stale(transmit));
            self.control.transmits.push_back(Transmit::Reset { id });
        }
        self.complete = true;
    }

    /// What the helper may do at this moment.
    pub fn scopes(&self) -> Scopes {
        self.machine.scopes()
    }

    /// The session's logic, to look at.
    pub fn machine(&self) -> &Sharer {
        &self.machine
    }

    /// What was dropped so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What the relay said of its timers and limits.
    pub fn relay(&self) -> Option<&RelayHello> {
        self.control.relay()
    }

    /// For how long the relay holds a join back at the most, in milliseconds: what it said, or the
    /// registered value.
    pub fn join_delay_most(&self) -> u64 {
        let mut timers = timers::TIMERS.iter();
        let timer = timers.find(|(_, name, _)| *name == JOIN_DELAY_MOST);
        let id = timer.map(|(id, ..)| *id);
        let stated = self.relay().map(|relay| relay.timers.as_slice());
        let mut stated = stated.unwrap_or_default().iter();
        let stated = stated.find(|(known, _)| Some(*known) == id);
        stated.map_or(timers::JOIN_DELAY_MOST, |(_, ms)| *ms)
    }

    /// The hash of the session's handshake: the same at both ends, and no secret.
    pub fn transcript(&self) -> Option<[u8; 32]> {
        match &self.channel {
            Channel::Standing(standing) => Some(standing.handshake.channel.transcript),
            _ => None,
        }
    }

    /// The keys, for tests and tools.
    #[cfg(feature = "key-log")]
    pub fn keys(&self) -> Option<&crate::channel::keys::Keys> {
        match &self.channel {
            Channel::Standing(standing) => Some(&standing.handshake.channel.keys),
            Channel::None | Channel::Offered(_) => None,
        }
    }
}
