//! The helper as one object: it gets a code, shows what came, and types.

mod calling;
mod forwarded;
mod identity;
mod incoming;
mod outgoing;
mod pictures;
mod reconnect;
mod typing;

use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};

use alongside_wire::{
    ErrorCode, ReportCategory, Scopes,
    code::Code,
    input::InputEvent,
    media::Frame,
    receipt::Receipt,
    record::MediaHeader,
    rendezvous::{CodeRequest, RelayHello, SignIn, SignedIn},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub use super::forwarded::PATH_STREAMS;
use super::{
    Config, Counters, Reporting, Transmit,
    asking::Asking,
    faces::{Faces, Fetched},
    frames::{Assembly, Streams},
    path::Path,
    rendezvous::Control,
};
pub use crate::session::helper::{Event as SessionEvent, Line};
pub use crate::session::path::Event as PathEvent;
use crate::{
    channel::{
        handshake::{Answering, HelperChannel},
        media,
        phrase::Phrase,
        reconnect::Attempts,
        session::{Opener, Sealer},
    },
    device::DeviceKey,
    error::Misuse,
    identity::{device::Device, trust::Who},
    mutant,
    receipt::received::Received,
    session::{By, helper::Helper},
    time::Timestamp,
};
use typing::Typing;

/// What the helper's program learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The relay knows who this is, and says what it will allow.
    SignedIn(SignedIn),
    /// The code to pass on, and when it dies. It is spent by the first join.
    Code {
        /// The code.
        code: Code,
        /// When it dies.
        until: Timestamp,
    },
    /// The channel stands, and these words can be compared with the sharer's.
    Phrase(Phrase),
    /// A frame to show. Tell [`HelperEndpoint::shown`] when it is on the screen.
    Frame {
        /// Its number.
        id: u32,
        /// Rectangles, whose pictures nobody has decoded yet.
        frame: Frame,
    },
    /// The sharer signed an answer of its person. It holds, and is of this session.
    Receipt(Box<Receipt>),
    /// The sharer showed its card.
    Sharer(Box<Who>),
    /// What is said of the sharer's device.
    Device {
        /// What is known.
        device: Device,
        /// Nothing is shown before [`HelperEndpoint::acknowledge`].
        to_acknowledge: bool,
    },
    /// The relay issued no card, and why; the session goes on without.
    NoCard(ErrorCode),
    /// The picture of the sharer's card was asked for, and this is what came.
    Picture(Fetched),
    /// Something of the session.
    Session(SessionEvent),
}

enum Channel {
    None,
    /// A code is alive; half of it is known only here.
    Code(Code),
    /// A known device is called.
    Calling(DeviceKey),
    Answered(Box<Answering>),
    Standing(Box<Standing>),
}

struct Standing {
    handshake: HelperChannel,
    sealer: Sealer,
    opener: Opener,
    media: media::Opener,
    attempts: Attempts,
    /// The keys were made since the session froze.
    fresh: bool,
}

/// A helper's end of one connection to a relay.
pub struct HelperEndpoint {
    name: String,
    config: Config,
    rng: ChaCha20Rng,
    control: Control,
    path: Path,
    machine: Helper,
    channel: Channel,
    streams: Streams,
    assembly: Assembly,
    /// Input under the live grant.
    typing: Option<Typing>,
    /// The latest frame that was handed out.
    last_frame: Option<u32>,
    /// The first frame of an epoch that was handed out, and that epoch: the latest of them.
    first_frame: Option<(u32, u32)>,
    /// The latest frame is what the next one builds on.
    whole: bool,
    /// When the next attempt to reconnect is made, if the sharer can be reached.
    attempt_at: Timestamp,
    next_stream: u64,
    events: VecDeque<Event>,
    counters: Counters,
    receipts: Received,
    faces: Faces,
    asking: Option<Asking>,
}

impl HelperEndpoint {
    /// A helper on a fresh connection, who says that it is `name` (64 bytes at most, no control
    /// characters; the rest is left out). `seed` is 32 random bytes that nobody else knows.
    pub fn new(name: &str, config: Config, seed: [u8; 32]) -> Self {
        Self {
            name: shortened(name),
            config,
            rng: ChaCha20Rng::from_seed(seed),
            control: Control::new(),
            path: Path::new(),
            machine: Helper::new(),
            channel: Channel::None,
            streams: Streams::default(),
            assembly: Assembly::default(),
            typing: None,
            last_frame: None,
            first_frame: None,
            whole: false,
            attempt_at: Timestamp::default(),
            next_stream: 0,
            events: VecDeque::new(),
            counters: Counters::default(),
            receipts: Received::default(),
            faces: Faces::default(),
            asking: None,
        }
    }

    /// Proves to the relay who this is, before a code is asked for. The answer is
    /// [`Event::SignedIn`], or the end.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if there is a code or a session, or a sign-in, or the request for its card, is not answered yet.
    pub fn sign_in(&mut self, request: SignIn) -> Result<(), Misuse> {
        if !self.machine.is_idle() || self.is_signing_in() {
            return Err(Misuse::Phase(self.machine.phase()));
        }
        self.control.sign_in(request);
        Ok(())
    }

    /// Asks the relay for a code.
    ///
    /// # Errors
    /// [`Misuse`] if there is a code or a session, a sign-in, or the request for its card, is not answered yet, or too many
    /// codes were spent just now.
    pub fn request_code(&mut self, now: Timestamp) -> Result<(), Misuse> {
        if self.is_signing_in() {
            return Err(Misuse::Phase("while signing in"));
        }
        self.machine.request_code(now)?;
        self.control.send(CodeRequest {});
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
            self.carry_out(now);
            if self.machine.ended().is_some() || self.path.is_down() {
                break;
            }
        }
    }

    //= spec/20-forwarded-packets.md#clients [PATH-29] 49b5bdfb
    /// Takes bytes of a frame stream of the sharer's; `fin` says that nothing follows. A stream of a path goes by an `id`
    /// from [`PATH_STREAMS`] on, and one of the connection to the relay by a lower one.
    pub fn handle_stream(&mut self, id: u64, bytes: &[u8], fin: bool, now: Timestamp) {
        let mut records = Vec::new();
        if mutant::is("MEDIA-8/one") && id > 1 {
            self.control.transmits.push_back(Transmit::Stop { id });
            return;
        }
        let pushed = self
            .streams
            .push::<MediaHeader>(id, bytes, fin, |header, body| {
                records.push((header, body));
            });
        self.machine.handle_timeout(now);
        for (header, mut body) in records {
            self.handle_media(id, &header, &mut body, now);
            self.streams.reuse(body);
        }
        if pushed.is_err() && !mutant::is("MEDIA-9/reads-on") {
            self.counters.stopped_streams += 1;
            self.streams.forget(id);
            self.control.transmits.push_back(Transmit::Stop { id });
            self.machine.refresh(now);
        }
        self.carry_out(now);
    }

    /// The sharer, or the relay, gave up a stream of the sharer's; a complete frame follows.
    pub fn handle_stream_reset(&mut self, id: u64) {
        self.streams.forget(id);
        self.assembly.forget(id);
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
        self.carry_out(now);
    }

    /// The network has changed, as the program knows: the connection is closed as lost, and the session
    /// goes on over another.
    pub fn change_path(&mut self, now: Timestamp) {
        self.control.lost();
        self.path.give_up();
        self.machine.link_lost(now);
        self.carry_out(now);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.machine.handle_timeout(now);
        self.carry_out(now);
        if let Some(typing) = &mut self.typing {
            self.control.transmits.extend(typing.tick(now));
        }
        if self.attempt_due().is_some_and(|due| now >= due) {
            self.attempt(now);
        }
    }

    /// When [`HelperEndpoint::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let tick = self.typing.as_ref().map(Typing::due);
        let others = tick.into_iter().chain(self.attempt_due());
        self.machine.poll_timeout().into_iter().chain(others).min()
    }

    /// The next thing that the transport is to do.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.path.poll(&mut self.control)
    }

    /// The next thing that the program is to know or do.
    pub fn poll_event(&mut self) -> Option<Event> {
        let hidden = |event: &&Event| mutant::hides(mutant::Target::Helper, *event);
        while self.events.front().filter(hidden).is_some() {
            self.events.pop_front();
        }
        self.events.pop_front()
    }

    /// Asks for control.
    ///
    /// # Errors
    /// As [`Helper::request_control`].
    pub fn request_control(&mut self, scopes: Scopes, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |machine| machine.request_control(scopes, now))
    }

    /// Takes the request back, or gives up control.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is neither.
    pub fn release_control(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |machine| machine.release_control(now))
    }

    /// Does something on the sharer's screen; it leaves with the next tick.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] without control, [`Misuse::Scope`] beyond what was granted, and for a button that there is
    /// not: the sharer would end the session.
    pub fn input(&mut self, event: InputEvent) -> Result<(), Misuse> {
        let (_, scopes, _) = self.machine.live_grant().ok_or(Misuse::Nothing)?;
        let typing = self.typing.as_mut().ok_or(Misuse::Nothing)?;
        if !scopes.contains(event.scope()) || !event.exists() {
            return Err(Misuse::Scope);
        }
        typing.push(event);
        Ok(())
    }

    /// How many events wait for a tick.
    pub fn input_pending(&self) -> usize {
        self.typing.as_ref().map_or(0, Typing::pending)
    }

    /// Sends one item of the clipboard, at an act of the person for that item.
    ///
    /// # Errors
    /// As [`Helper::send_clipboard`].
    pub fn send_clipboard(&mut self, text: &str, now: Timestamp) -> Result<u32, Misuse> {
        self.act(now, |machine| machine.send_clipboard(text, now))
    }

    /// The person takes what the sharer offered, which is returned, or refuses it.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if nothing waits.
    pub fn answer_clipboard(
        &mut self,
        taken: bool,
        now: Timestamp,
    ) -> Result<Option<String>, Misuse> {
        self.act(now, |machine| machine.answer_clipboard(taken, now))
    }

    /// Draws a line on the sharer's screen, or goes on with one.
    ///
    /// # Errors
    /// As [`Helper::stroke`].
    pub fn stroke(&mut self, line: Line, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |machine| machine.stroke(line, now))
    }

    /// Points at a place of the sharer's screen.
    ///
    /// # Errors
    /// As [`Helper::laser`].
    pub fn laser(&mut self, display: u8, at: (u16, u16), now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |machine| machine.laser(display, at, now))
    }

    /// Takes away all that was drawn.
    ///
    /// # Errors
    /// As [`Helper::clear`].
    pub fn clear(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |machine| machine.clear(now))
    }

    fn act<T>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Helper) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        let done = act(&mut self.machine);
        self.carry_out(now);
        done
    }

    /// A frame is on the screen.
    pub fn shown(&mut self, frame: u32, now: Timestamp) {
        //= spec/06-media-input.md#frames [MEDIA-19] 743c9156
        // One of an epoch before says nothing of this one.
        let epoch = self.machine.media_epoch();
        if self
            .first_frame
            .is_some_and(|(first, of)| epoch == Some(of) && frame >= first)
        {
            self.machine.shown(frame);
        }
        self.carry_out(now);
    }

    /// A frame could not be shown: asks for a complete one.
    pub fn refresh(&mut self, now: Timestamp) {
        self.whole = false;
        self.machine.refresh(now);
        self.carry_out(now);
    }

    /// Sets this end's pause flag.
    ///
    /// # Errors
    /// [`Misuse::Phase`] before the sharer is known and after the end.
    pub fn set_paused(&mut self, paused: bool, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |machine| machine.set_paused(paused, now))
    }

    /// The most that this end will ask for: what it is willing to, and the relay allows.
    fn ceiling(&self) -> Scopes {
        //= spec/13-sign-in.md#roles [AUTH-19] 77ef17ca
        if mutant::is("AUTH-19/beyond") {
            return self.config.ceiling;
        }
        self.config.ceiling.intersect(self.control.help())
    }

    /// Sends a line of chat; the number is what the event of its delivery will name.
    ///
    /// # Errors
    /// As [`Helper::chat`].
    pub fn chat(&mut self, text: &str, now: Timestamp) -> Result<u32, Misuse> {
        self.act(now, |machine| machine.chat(text))
    }

    /// The person ends it: code, handshake or session. Works at once and always.
    pub fn end(&mut self, now: Timestamp) {
        if mutant::is("END-1/waits") && matches!(self.channel, Channel::Answered(_)) {
            return;
        }
        self.machine.end(ErrorCode::Done);
        self.carry_out(now);
    }

    //= spec/14-operation.md#reports [REPORT-1] 2df739ff
    //= spec/14-operation.md#reports [REPORT-2] 18a23bbc
    /// The person ends it and reports it to whoever runs the relay, in one act; or reports it, if it
    /// has just ended. What comes of that is [`HelperEndpoint::reporting`]: until it is no longer
    /// [`Reporting::Waiting`], the connection has to stay.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if it was reported already.
    pub fn end_and_report(
        &mut self,
        category: ReportCategory,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        if mutant::is("REPORT-3/early") {
            self.control.report(category)?;
            self.end(now);
            return Ok(());
        }
        self.end(now);
        self.control.report(category)
    }

    /// What became of the report.
    pub fn reporting(&self) -> Reporting {
        self.control.reporting()
    }

    /// The session's logic, to look at.
    pub fn machine(&self) -> &Helper {
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
            Channel::None | Channel::Code(_) | Channel::Calling(_) | Channel::Answered(_) => None,
        }
    }
}

/// As much of a name as the protocol takes.
fn shortened(name: &str) -> String {
    let mut short = String::new();
    for character in name.chars().filter(|character| !character.is_control()) {
        if short.len() + character.len_utf8() > alongside_wire::limits::NAME {
            break;
        }
        short.push(character);
    }
    short
}
