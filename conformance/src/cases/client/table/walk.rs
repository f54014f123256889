//! Ways through a table that no case goes, for `fuzz`: any events, one after the other.

use alongside_spec::tables::Outcome;
use alongside_wire::session::Message;

use super::{
    helper,
    plan::{Table, UNTIL, WITH, needed_for},
    player::{Player, SHORTLY},
    reaction, sample, set_up, sharer,
};
use crate::{
    cases::tables::Next,
    driver::Role,
    stage::{ClientStage, Done},
};

/// A table as a map.
pub(crate) struct Map(Table);

impl Map {
    pub(crate) fn of(role: Role) -> Self {
        Self(match role {
            Role::Helper => helper::table(),
            Role::Sharer => sharer::table(),
        })
    }

    /// For each state that can be brought about, what has to happen, and the states of all regions then.
    pub(crate) fn places(&self) -> Vec<(Vec<String>, Vec<usize>)> {
        let paths = self.0.states.iter().map(|state| self.0.path(state));
        let places = paths.filter_map(|path| Some((path.clone(), self.0.reached(&path)?)));
        places.collect()
    }

    /// Whether a region is in one of these states.
    pub(crate) fn is(&self, at: &[usize], region: &str, states: &[&str]) -> bool {
        self.0.is(at, region, states)
    }

    /// All that can happen in these states, to which one has come by this path.
    pub(crate) fn next(&self, at: &[usize], path: &[String]) -> Vec<Next<'_>> {
        let table = &self.0;
        let mut all = Vec::new();
        for (number, event) in table.machine.events.iter().enumerate() {
            let decision = table.machine.decide(at, number);
            let mut cells = decision.asked.iter();
            let cannot = cells
                .any(|(region, state, answer)| table.cannot((*region, *state, number, *answer)));
            if cannot || decision.outcome == Outcome::Never {
                continue;
            }
            let name = &event.name;
            if !(table.ways.can)(table, at, path, name) {
                continue;
            }
            if let Some(reaction) = reaction::of(table, at, path, name) {
                all.push(Next {
                    event: name,
                    from: event.from,
                    taken: reaction.is_taken(),
                    to: reaction.to,
                });
            }
        }
        all
    }

    /// What a client has to have for an event.
    pub(crate) fn needs(event: &str) -> &'static [&'static str] {
        needed_for(event)
    }

    /// Messages of the other end, in all kinds that the table tells apart.
    pub(crate) fn messages(&self) -> Vec<&str> {
        let events = self.0.machine.events.iter();
        let peers = events.filter(|event| event.from == "peer");
        peers.map(|event| event.name.as_str()).collect()
    }

    /// Whether an event is an act of the person, or of the client's own program.
    pub(crate) fn is_of_person(&self, event: &str) -> bool {
        let mut events = self.0.machine.events.iter();
        events.any(|known| known.name == event && ["person", "program"].contains(&known.from))
    }

    /// Whether a message of the session is one of those that the table speaks of.
    pub(crate) fn speaks_of(&self, message: &str) -> bool {
        let mut order = self.0.machine.order.iter();
        order.any(|known| known == message)
    }

    /// Somebody at the beginning of a way, all of whose events are known.
    pub(crate) fn walker<'s, 'a, 't>(
        &'t self,
        stage: &'s mut ClientStage<'a>,
        way: &'t [String],
    ) -> Walker<'s, 'a, 't> {
        Walker {
            player: Player::of(stage, &self.0, way),
            gone: Vec::new(),
        }
    }
}

/// Somebody on a way.
pub(crate) struct Walker<'s, 'a, 't> {
    player: Player<'s, 'a, 't>,
    /// What has happened.
    gone: Vec<String>,
}

impl<'a> Walker<'_, 'a, '_> {
    pub(crate) const fn stage(&mut self) -> &mut ClientStage<'a> {
        self.player.stage
    }

    /// Makes an event happen, and sees that what comes of it is what the table says; leaves out what cannot be.
    ///
    /// # Errors
    /// If something else comes of it.
    pub(crate) fn goes(&mut self, event: &str) -> Done {
        let player = &mut self.player;
        if let Some(timer) = event.strip_prefix(UNTIL) {
            if let Ok(left) = player.left(timer) {
                player.stage.pass(left.saturating_sub(SHORTLY))?;
                self.gone.push(event.to_owned());
            }
            return Ok(());
        }
        if event.starts_with(WITH) {
            if let (true, Some(open)) = (
                self.gone.is_empty(),
                set_up::open(player.table.role, event)?,
            ) {
                player.open = open;
                self.gone.push(event.to_owned());
            }
            return Ok(());
        }
        if !(player.table.ways.can)(player.table, &player.at, &self.gone, event) {
            return Ok(());
        }
        let Some(reaction) = reaction::of(player.table, &player.at, &self.gone, event) else {
            return Ok(());
        };
        player.looks(event, &reaction)?;
        self.gone.push(event.to_owned());
        Ok(())
    }

    /// Makes an event happen, whatever comes of it. What the person did was taken, or not.
    ///
    /// # Errors
    /// If it cannot be done.
    pub(crate) fn does(&mut self, event: &str) -> Done<Option<bool>> {
        let player = &mut self.player;
        let reaction = reaction::of(player.table, &player.at, &self.gone, event);
        match reaction {
            Some(reaction) => player.happens(event, &reaction),
            None => Ok(None),
        }
    }

    /// The requirement that says what must come of an event now, if the table has one.
    pub(crate) fn blamed(&self, event: &str) -> Option<&'static str> {
        let Player { table, at, .. } = &self.player;
        reaction::of(table, at, &self.gone, event).map(|reaction| reaction.blamed())
    }

    /// A message of the other end, as it is right now, or at least of that type.
    pub(crate) fn message(&mut self, event: &str) -> Message {
        let message = (self.player.table.ways.message)(&mut self.player, event);
        let kind = event.split(':').next().unwrap_or(event);
        message.unwrap_or_else(|_| sample::sample(kind))
    }

    /// The latest grant that either end has made.
    pub(crate) fn grant(&self) -> u32 {
        match self.player.table.role {
            Role::Sharer => sharer::latest_grant(&self.player),
            Role::Helper => self.player.kept.grant,
        }
    }
}
