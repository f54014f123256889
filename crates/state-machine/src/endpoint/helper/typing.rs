//! Input under one grant: queued, and sealed into one record of fixed size each tick.

use alloc::collections::VecDeque;

use alongside_wire::{
    input::{EVENTS, InputEvent},
    limits::timers::INPUT_TICK,
};

use crate::{
    channel::{input::GrantKey, keys::Keys},
    endpoint::Transmit,
    mutant,
    time::Timestamp,
};

/// Events that may wait; beyond that the typing is void, and everything is let go.
const QUEUE: usize = 4_096;

pub(super) struct Typing {
    key: GrantKey,
    stream: u64,
    queue: VecDeque<InputEvent>,
    next_tick: Timestamp,
}

impl Typing {
    pub(super) fn new(
        keys: &Keys,
        grant: u32,
        secret: &[u8; 32],
        stream: u64,
        now: Timestamp,
    ) -> Self {
        Self {
            key: GrantKey::new(keys, grant, secret),
            stream,
            queue: VecDeque::new(),
            next_tick: now.plus_ms(INPUT_TICK),
        }
    }

    pub(super) fn push(&mut self, event: InputEvent) {
        let moves = |event: &InputEvent| matches!(event, InputEvent::Pointer { .. });
        match self.queue.back_mut() {
            // Where the pointer was on its way does not matter.
            Some(last) if moves(last) && moves(&event) => *last = event,
            _ => self.queue.push_back(event),
        }
        if self.queue.len() > QUEUE {
            self.queue.clear();
            self.queue.push_back(InputEvent::ReleaseAll);
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn due(&self) -> Timestamp {
        self.next_tick
    }

    //= spec/06-media-input.md#input-records [INPUT-2] eff6d714
    /// One record if a tick is due, whether or not there is anything to say.
    pub(super) fn tick(&mut self, now: Timestamp) -> Option<Transmit> {
        if now < self.next_tick {
            return None;
        }
        self.next_tick = self.next_tick.plus_ms(INPUT_TICK).max(now);
        let count = self.queue.len().min(EVENTS);
        let events: alloc::vec::Vec<_> = self.queue.drain(..count).collect();
        if events.is_empty() && mutant::is("INPUT-2/idle") {
            return None;
        }
        if mutant::is("INPUT-1/many") {
            self.stream += 1;
        }
        Some(Transmit::Stream {
            id: self.stream,
            bytes: self.key.seal(&events),
            fin: false,
        })
    }

    /// Gives the stream up; what is still on its way is worth nothing without the grant.
    pub(super) fn stop(self) -> Transmit {
        Transmit::Reset { id: self.stream }
    }
}
