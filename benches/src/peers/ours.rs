//! The path through the relay of Alongside. Its clients are bare: they speak the messages that lead
//! into a session, and then send frames as bytes, since the relay reads none.

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    quic,
};
use crate::{Failure, RelayProcess, client::Client, process::Process};

/// Through our relay, on spliced streams.
pub(super) struct Spliced(RelayProcess);

impl Spliced {
    pub(super) fn start() -> Result<Self, Failure> {
        Ok(Self(RelayProcess::start()?))
    }
}

impl Route for Spliced {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let address = self.0.address.clone();
        let coded = begin(&ends.receiver, async move {
            let mut helper = Client::connect(&address).await?;
            let locator = helper.code().await?;
            Ok((helper, locator))
        });
        let (mut helper, locator) = finish(&ends.receiver, coded)?;
        let address = self.0.address.clone();
        let joins = begin(&ends.sender, async move {
            let mut sharer = Client::connect(&address).await?;
            sharer.join(locator).await?;
            Ok(Out::Quic(quic::Outgoing::open(sharer.into_held()).await?))
        });
        let joined = begin(&ends.receiver, async move {
            helper.joined().await?;
            Ok(In::Quic(quic::Incoming::new(helper.into_held())))
        });
        let out = finish(&ends.sender, joins)?;
        Ok((out, finish(&ends.receiver, joined)?))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.0.process)
    }
}
