//! What is of a path in the table of a connection.

use alongside_wire::{
    ErrorCode,
    limits::timers,
    path::RoutingId,
    rendezvous::{Message, Path, PathOpen, PathOver, PathProof, PathRequest},
};

use super::{Plan, Player};
use crate::{
    cases::relay::paths::short,
    stage::{Done, RelayStage, Stop, Who},
};

/// Whether it is about a path, of which not every relay knows.
pub(super) fn is_of_paths(event: &str) -> bool {
    let others = ["its peer returns its check", "its peer ends the path"];
    event.starts_with("path")
        || event.ends_with("asks for a path")
        || event.ends_with("address changes")
        || others.contains(&event)
}

impl Player<'_, '_> {
    pub(super) fn does_with_a_path(&mut self, event: &str) -> Done {
        match event {
            "its peer asks for a path" => {
                if let Some(peer) = self.peer {
                    self.stage.say(peer, PathRequest {});
                }
            }
            "its peer returns its check" => {
                if let Some(peer) = self.peer {
                    self.stage.shows_address(peer)?;
                }
            }
            "its peer ends the path" => {
                self.told = ErrorCode::Declined;
                if let Some(peer) = self.peer {
                    let code = self.told.to_wire();
                    self.stage.say(peer, PathOver { code });
                }
            }
            "its address changes" => self.goes_elsewhere(self.client)?,
            "its peer's address changes" => {
                if let Some(peer) = self.peer {
                    self.goes_elsewhere(peer)?;
                }
            }
            "path-check" => self.stage.pass_a_check()?,
            "path-attempt" => self.stage.pass(timers::PATH_ATTEMPT)?,
            "path-idle" => {
                let idle = self.stage.timer("path-idle")?;
                self.stage.pass(idle)?;
                self.stage.pass_a_check()?;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn message_of_a_path(&mut self, event: &str, state: &str) -> Done<Option<Message>> {
        let code = ErrorCode::Done.to_wire();
        Ok(Some(match event {
            "path-request" => PathRequest {}.into(),
            "path" => Path { id: [1; 8] }.into(),
            "path-proof: of its check" if state == "in a session" => {
                let token = self.stage.fresh_check(self.client)?;
                PathProof { token }.into()
            }
            _ if event.starts_with("path-proof:") => PathProof { token: [0; 16] }.into(),
            "path-open" => PathOpen { id: [1; 8] }.into(),
            "path-over" => PathOver { code }.into(),
            _ => return Ok(None),
        }))
    }

    /// What packets to the client and to its peer are known by.
    pub(super) fn ids(&mut self) -> [Option<RoutingId>; 2] {
        let client = Some(self.client);
        [client, self.peer].map(|who| self.stage.routing_id(who?))
    }

    /// Sees what is done that no message tells of.
    pub(super) fn forwards(
        &mut self,
        plan: &Plan,
        checks: usize,
        before: [Option<RoutingId>; 2],
    ) -> Done {
        // Nobody is there who could forward anything.
        if plan.event == "shut down" {
            return Ok(());
        }
        let by = plan.by.as_slice();
        let outputs = plan.outputs.iter().flatten();
        for output in outputs.filter_map(|output| output.strip_prefix("tell ")) {
            let ids = match output {
                "check" => {
                    let client = self.client;
                    let check = |stage: &mut RelayStage<'_>| stage.check_of(client, checks + 1);
                    self.stage.must(by, check)?;
                    continue;
                }
                "forward" => self.ids(),
                "halt" => before,
                _ => continue,
            };
            let ([Some(own), Some(theirs)], Some(peer)) = (ids, self.peer) else {
                return Err(Stop::Harness("a path without two ends".to_owned()));
            };
            for (from, to, id) in [(self.client, peer, theirs), (peer, self.client, own)] {
                self.stage.takes_datagrams(to, id)?;
                let packet = short(id, 60);
                match output {
                    "halt" => self.stage.is_not_forwarded(by, [from, to], &packet)?,
                    _ => self.stage.is_forwarded(by, [from, to], &packet, None)?,
                }
            }
        }
        Ok(())
    }

    /// An end goes on from another address, and the relay has the time to see it.
    fn goes_elsewhere(&mut self, who: Who) -> Done {
        self.moves += 1;
        self.stage.moves(who, self.moves)?;
        // It means nothing, and comes from there.
        self.stage.say(who, PathProof { token: [0; 16] });
        self.stage.settle()?;
        self.stage.pass_a_check()
    }
}
