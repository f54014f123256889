//! The key exchange, with somebody between the ends who changes, cuts, repeats and makes up what they say, or with an
//! end that does not have the secret; and the handshake of a reconnect. The ciphers and the group are the real ones.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::{
    channel::{
        handshake::{Answering, Offering},
        keys::Keys,
        reconnect::{Answers, Attempts},
    },
    error::Fault,
    time::Timestamp,
};
use alongside_wire::{
    Scopes, Suite,
    code::Code,
    envelope::{Answer, AnswerClear, Confirm, Envelope, Offer, Reconnect1, Reconnect2},
    limits::FAILED_PROOFS,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::{records::tamper, source::Source, words};

/// What an end may speak, best first.
const SUITES: [&[Suite]; 4] = [
    &[Suite::ChaChaPoly, Suite::AesGcm],
    &[Suite::AesGcm, Suite::ChaChaPoly],
    &[Suite::ChaChaPoly],
    &[Suite::AesGcm],
];
const CEILINGS: [Scopes; 4] = [Scopes::ALL, Scopes::CONTROL, Scopes::CONSENT, Scopes::NONE];
/// Steps of the longest run of reconnects.
const LONGEST: usize = 40;

/// Elements that no end may take: no point, the identity, points of small order, and another encoding of a point.
const BAD_POINTS: [[u8; 32]; 5] = [
    [0xFF; 32],
    little(1),
    little(0),
    // The point of order 2: y = -1.
    [
        0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0x7F,
    ],
    // The identity again, as y = p + 1.
    [
        0xEE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0x7F,
    ],
];

const fn little(first: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = first;
    bytes
}

/// Looks for a key exchange or a reconnect that comes about although somebody changed it, or differently at both ends.
///
/// # Panics
/// If there is one.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    match source.below(4) {
        0 => reconnect(&mut source),
        _ => exchange(&mut source),
    }
}

/// An end: what it knows and allows.
struct End {
    code: Code,
    suites: &'static [Suite],
    ceiling: Scopes,
}

impl End {
    fn any(source: &mut Source<'_>) -> Self {
        let secret = if source.one_in(8) { "r0gy" } else { "r0gx" };
        Self {
            code: Code::parse(&format!("4060{secret}")).expect("a code"),
            suites: *source.pick(&SUITES),
            ceiling: *source.pick(&CEILINGS),
        }
    }
}

fn rng(seed: u8, end: u8) -> ChaCha20Rng {
    let mut bytes = [seed; 32];
    bytes[0] = end;
    ChaCha20Rng::from_seed(bytes)
}

/// One exchange. Whatever is done to it on the way, both ends have the same channel, or one of them has none.
fn exchange(source: &mut Source<'_>) {
    let seed = source.byte();
    let (sharer, helper) = (End::any(source), End::any(source));
    let offering = Offering::new(sharer.code, sharer.suites, sharer.ceiling, rng(seed, 0));
    let sent = offering.offer().to_vec();
    let again = Offering::new(sharer.code, sharer.suites, sharer.ceiling, rng(!seed, 0));
    assert_ne!(sent, again.offer(), "an element for two exchanges");

    let (offer, bad) = offer_on_the_way(&sent, source);
    let answering = Answering::new(
        helper.code,
        &offer,
        helper.suites,
        helper.ceiling,
        rng(seed, 1),
    );
    if bad {
        assert!(answering.is_err(), "an answer to no point");
    }
    let (answering, answer) = match answering {
        Ok(answering) => answering,
        Err(fault) => {
            words::blamed(&fault);
            assert!(
                offer != sent || !common(&sharer, &helper),
                "an offer as any is refused"
            );
            return;
        }
    };
    let made = as_answer(&answer).expect("an answer of ours");
    let Some((came, bad)) = answer_on_the_way(&answer, source) else {
        return;
    };
    // Another offer may have another suite for its answer, which is looked at before.
    let bad = bad && offer == sent;
    let channel = offering.answered(&came, sharer.suites, rng(seed, 2));
    let untouched = offer == sent && came == made && sharer.code == helper.code;
    let channel = match channel {
        Ok(channel) => channel,
        Err(fault) => {
            words::blamed(&fault);
            assert!(!untouched, "{fault:?}, and nobody did anything");
            assert!(
                !bad || fault == Fault::BadPoint,
                "{fault:?} of what is no point"
            );
            return;
        }
    };
    assert!(untouched, "an answer is taken that its helper did not give");

    let mut confirm = channel.confirm.clone();
    tamper(&mut confirm, source);
    let Ok(Some(Envelope::Confirm(came))) = Envelope::read(&confirm) else {
        return;
    };
    let same = as_confirm(&channel.confirm).as_ref() == Some(&came);
    let confirmed = match answering.confirmed(&came) {
        Ok(confirmed) => confirmed,
        Err(fault) => {
            words::blamed(&fault);
            assert!(!same, "{fault:?}, and nobody did anything");
            return;
        }
    };
    assert!(same, "a confirmation is taken that its sharer did not give");

    let (mine, theirs) = (&channel.channel, &confirmed.channel);
    assert_eq!(mine.keys.master(), theirs.keys.master(), "two keys");
    assert_eq!(mine.session_id, theirs.session_id, "two sessions");
    assert_eq!(mine.transcript, theirs.transcript, "two transcripts");
    let ceiling = sharer.ceiling.intersect(helper.ceiling);
    assert_eq!(
        [mine.ceiling, theirs.ceiling],
        [ceiling; 2],
        "another ceiling"
    );
    let mut best = helper
        .suites
        .iter()
        .filter(|suite| sharer.suites.contains(suite));
    assert_eq!(best.next(), Some(&mine.keys.suite()), "another suite");
    let mut opening = confirmed.opening;
    let at = source.below(32);
    opening[at] ^= source.byte();
    let opened = channel.open(&opening);
    match opening == confirmed.opening {
        true => assert_eq!(opened, Ok(confirmed.phrase), "two phrases"),
        false => {
            assert_eq!(opened, Err(Fault::BadOpening), "another opening");
            words::blamed(&Fault::BadOpening);
        }
    }
}

fn common(one: &End, other: &End) -> bool {
    one.suites.iter().any(|suite| other.suites.contains(suite))
}

/// The offer as it comes, and whether its element is none.
fn offer_on_the_way(sent: &[u8], source: &mut Source<'_>) -> (Vec<u8>, bool) {
    let Ok(Some(Envelope::Offer(mut offer))) = Envelope::read(sent) else {
        panic!("an offer of ours");
    };
    match source.below(8) {
        0 => offer.element = *source.pick(&BAD_POINTS),
        1 => offer.ceiling = *source.pick(&CEILINGS),
        2 => offer.suites = source.bytes(3).to_vec(),
        3 => offer.versions = vec![1, source.number() as u16],
        4 => {
            if let Ok(any) = source.value::<Offer>() {
                offer = any;
            }
        }
        _ => {
            let mut bytes = sent.to_vec();
            tamper(&mut bytes, source);
            return (bytes, false);
        }
    }
    let bad = BAD_POINTS.contains(&offer.element);
    (Envelope::from(offer).to_bytes(), bad)
}

/// The answer as it comes, if it is one, and whether all but its element is as it was, and that is none.
fn answer_on_the_way(answer: &[u8], source: &mut Source<'_>) -> Option<(Answer, bool)> {
    let mut came = as_answer(answer)?;
    let mut clear = AnswerClear::read(&came.clear).expect("an answer of ours");
    let mut bad = false;
    match source.below(8) {
        0 => {
            clear.element = *source.pick(&BAD_POINTS);
            bad = true;
        }
        1 => clear.ceiling = *source.pick(&CEILINGS),
        2 => clear.suite = source.byte(),
        3 => clear.version = source.number() as u16,
        4 => tamper(&mut came.noise, source),
        _ => {
            let mut bytes = answer.to_vec();
            tamper(&mut bytes, source);
            return Some((as_answer(&bytes)?, false));
        }
    }
    came.clear = clear.to_bytes();
    Some((came, bad))
}

fn as_answer(envelope: &[u8]) -> Option<Answer> {
    match Envelope::read(envelope) {
        Ok(Some(Envelope::Answer(answer))) => Some(answer),
        _ => None,
    }
}

fn as_confirm(envelope: &[u8]) -> Option<Confirm> {
    match Envelope::read(envelope) {
        Ok(Some(Envelope::Confirm(confirm))) => Some(confirm),
        _ => None,
    }
}

/// Two ends that lost their link, and what became of their attempts.
struct Lost {
    helper: (Keys, Attempts),
    sharer: (Keys, Answers),
    /// First messages and answers, as they were made.
    firsts: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
    answered: BTreeSet<Vec<u8>>,
    /// The master that follows from an answer.
    follows: BTreeMap<Vec<u8>, [u8; 32]>,
    now: Timestamp,
}

/// Attempts, of which each message may come late, twice, changed or not at all.
fn reconnect(source: &mut Source<'_>) {
    let suite = *source.pick(&[Suite::ChaChaPoly, Suite::AesGcm]);
    let master = [source.byte(); 32];
    let keys = || Keys::from_master(suite, master);
    let mut lost = Lost {
        helper: (keys(), Attempts::default()),
        sharer: (keys(), Answers::default()),
        firsts: Vec::new(),
        answers: Vec::new(),
        answered: BTreeSet::new(),
        follows: BTreeMap::new(),
        now: Timestamp::from_millis(1),
    };
    let mut rng = rng(source.byte(), 3);
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        match source.below(8) {
            0 | 1 => {
                let (keys, attempts) = &mut lost.helper;
                let first = attempts
                    .begin(keys, &[7; 16], &mut rng)
                    .expect("an attempt");
                assert!(!lost.firsts.contains(&first), "an attempt twice");
                lost.firsts.push(first);
            }
            2..=4 => lost.answer(source, &mut rng),
            5 | 6 => lost.take(source),
            _ => lost.pass(source),
        }
    }
}

impl Lost {
    /// A first message comes to the sharer.
    fn answer(&mut self, source: &mut Source<'_>, rng: &mut ChaCha20Rng) {
        let back = source.below(3);
        let Some(made) = self.firsts.iter().rev().nth(back).cloned() else {
            return;
        };
        let mut came = made.clone();
        tamper(&mut came, source);
        let Ok(Some(Envelope::Reconnect1(first))) = Envelope::read(&came) else {
            return;
        };
        let (keys, answers) = &mut self.sharer;
        // Somebody guesses, as often as may be and more.
        let guesses = if source.one_in(6) {
            FAILED_PROOFS + 2
        } else {
            0
        };
        for _ in 0..guesses {
            let mut guess = first.clone();
            guess.noise.reverse();
            let answer = answers.answer(keys, &[7; 16], &guess, rng, self.now);
            assert!(answer.is_none(), "a guess is answered");
        }
        let Some(answer) = answers.answer(keys, &[7; 16], &first, rng, self.now) else {
            return;
        };
        let same = |made: &Vec<u8>| matches!(Envelope::read(made), Ok(Some(Envelope::Reconnect1(made))) if made == first);
        assert!(
            self.firsts.iter().any(same),
            "an attempt that nobody made is answered"
        );
        let Reconnect1 { clear, .. } = first;
        assert!(self.answered.insert(clear), "an attempt is answered twice");
        let next = answers.candidate().expect("what follows from an answer");
        self.follows.insert(answer.clone(), next.master());
        self.answers.push(answer);
    }

    /// An answer comes to the helper.
    fn take(&mut self, source: &mut Source<'_>) {
        let back = source.below(3);
        let Some(made) = self.answers.iter().rev().nth(back).cloned() else {
            return;
        };
        let mut came = made.clone();
        tamper(&mut came, source);
        let Ok(Some(Envelope::Reconnect2(answer))) = Envelope::read(&came) else {
            return;
        };
        let (keys, attempts) = &mut self.helper;
        let waits = attempts.is_outstanding();
        let Some(next) = attempts.answered(keys, &answer, self.now) else {
            return;
        };
        assert!(waits, "an answer to nothing");
        let same = |made: &&Vec<u8>| matches!(Envelope::read(made), Ok(Some(Envelope::Reconnect2(made))) if is(&made, &answer));
        let made = self
            .answers
            .iter()
            .find(same)
            .expect("an answer that the sharer gave");
        assert_eq!(self.follows[made], next.master(), "two masters");
        assert_eq!(next.generation(), keys.generation() + 1);
        *keys = next;
    }

    /// Time passes; or a record comes that the helper sealed under its latest keys.
    fn pass(&mut self, source: &mut Source<'_>) {
        if source.bool() {
            self.now = self.now.plus_ms(source.below(20_000) as u64);
            return;
        }
        let (keys, answers) = &mut self.sharer;
        let helpers = self.helper.0.master();
        if answers
            .candidate()
            .is_some_and(|next| next.master() == helpers)
        {
            *keys = answers.take_candidate().expect("a candidate");
        }
    }
}

fn is(one: &Reconnect2, other: &Reconnect2) -> bool {
    one.generation == other.generation && one.attempt == other.attempt && one.noise == other.noise
}
