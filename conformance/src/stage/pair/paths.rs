//! The well-trodden ways to each phase of a session of a pair.

use alongside_wire::Scopes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::PairStage;
use crate::{
    driver::{Event, Role},
    stage::{Blame, Done, NAME, names, pixels},
};

impl PairStage<'_> {
    /// Sets an end up with these fields of `open` besides the usual ones.
    ///
    /// # Errors
    /// If the driver does not take it.
    pub fn set_up(&mut self, end: Role, more: &Value) -> Done {
        let mut fields = json!({
            "role": end,
            "relay": self.bench.relay.address.to_string(),
            "certificate": self.bench.relay.certificate,
            "name": NAME,
        });
        if let (Some(fields), Some(more)) = (fields.as_object_mut(), more.as_object()) {
            fields.extend(more.clone());
        }
        self.does(end, "open", fields)?;
        self.open.push(end);
        Ok(())
    }

    /// A helper that has a code, as it shows it, and a sharer that has none yet.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn has_code(&mut self) -> Done<String> {
        self.set_up(Role::Helper, &json!({}))?;
        self.set_up(Role::Sharer, &json!({}))?;
        self.gets_code()
    }

    /// A code that no relay of a test has given out, because it has few, and another in each session:
    /// a sharer does not try one twice.
    pub fn unknown_code(&self) -> String {
        let digits = self.session.chars().filter(char::is_ascii_digit);
        format!("{:0>8}-0000", digits.collect::<String>())
    }

    /// A helper that is set up gets a code, and shows it.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn gets_code(&mut self) -> Done<String> {
        self.act(Role::Helper, "create-code")?;
        let code = self.told(Role::Helper, "code")?;
        Ok(code.text("code").to_owned())
    }

    /// The sharer has joined, and its person is being asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn deciding(&mut self) -> Done {
        let code = self.has_code()?;
        self.joins(&code)
    }

    /// The sharer joins by this code, and its person is being asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn joins(&mut self, code: &str) -> Done {
        self.does(Role::Sharer, "join", json!({ "code": code }))?;
        self.told(Role::Sharer, "consent-asked").map(|_| ())
    }

    /// The sharer's person started the contact, and says yes.
    ///
    /// # Errors
    /// If the driver does not take it.
    pub fn agrees(&mut self) -> Done {
        self.does(Role::Sharer, "contact", json!({ "by": "person" }))?;
        self.does(Role::Sharer, "consent", json!({ "allow": true }))?;
        Ok(())
    }

    /// The sharer's person has agreed, and both know it.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn viewing(&mut self) -> Done {
        self.deciding()?;
        self.agrees()?;
        self.both_told("viewing").map(|_| ())
    }

    /// A frame was shown.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn shown(&mut self) -> Done {
        self.viewing()?;
        self.shows("MEDIA-13", (64, 48), 1)
    }

    /// The sharer shows the test picture, and the helper has to show the same.
    ///
    /// # Errors
    /// If it does not.
    pub fn shows(
        &mut self,
        blame: impl Into<Blame>,
        (width, height): (u16, u16),
        seed: u32,
    ) -> Done {
        let picture = json!({ "width": width, "height": height, "seed": seed });
        self.does(Role::Sharer, "send-frame", picture)?;
        let frame = json!({
            "display": 0,
            "width": width,
            "height": height,
            "sha256": hash((width, height), seed),
        });
        self.tells_that(blame, Role::Helper, "frame", &frame)?;
        Ok(())
    }

    /// A frame was shown, and control can be asked for.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn ready_for_control(&mut self) -> Done {
        self.shown()?;
        self.pass(6_000)?;
        self.fresh();
        Ok(())
    }

    /// The helper asks for these scopes, and the sharer's person is being asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn prompted(&mut self, scopes: Scopes) -> Done<Event> {
        let scopes = json!({ "scopes": names(scopes) });
        self.does(Role::Helper, "request-control", scopes)?;
        self.told(Role::Sharer, "control-asked")
    }

    /// The sharer's person allows these scopes, after a while. What both are told of the grant.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn allows(&mut self, scopes: Scopes) -> Done<[Event; 2]> {
        self.pass(1_500)?;
        let scopes = json!({ "scopes": names(scopes) });
        self.does(Role::Sharer, "grant", scopes)?;
        self.both_told("granted")
    }

    /// The helper has control of these scopes.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn controlled(&mut self, scopes: Scopes) -> Done<[Event; 2]> {
        self.ready_for_control()?;
        self.prompted(scopes)?;
        self.allows(scopes)
    }
}

/// The other end.
pub(crate) const fn other(end: Role) -> Role {
    match end {
        Role::Helper => Role::Sharer,
        Role::Sharer => Role::Helper,
    }
}

/// What a helper tells of the test picture.
pub(crate) fn hash((width, height): (u16, u16), seed: u32) -> String {
    hex::encode(Sha256::digest(pixels(width, height, seed)))
}
