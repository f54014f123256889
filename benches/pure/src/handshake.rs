//! From a shared code to a channel that stands, both ends.

use alongside_state_machine::channel::handshake::{
    Answering, HelperChannel, Offering, SharerChannel,
};
use alongside_wire::{Scopes, Suite, code::Code, envelope::Envelope};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{Failure, Workload, turns};

/// Both suites, and what they are called here.
pub(crate) const SUITES: [(Suite, &str); 2] =
    [(Suite::ChaChaPoly, "chachapoly"), (Suite::AesGcm, "aesgcm")];

pub(crate) fn workloads() -> Vec<Workload> {
    let both = SUITES.map(|(suite, name)| {
        Workload::new(format!("handshake/{name}"), move || {
            let code = Code::parse("4060-r0gx")?;
            let mut rng = rng();
            Ok(turns(move || meet(&code, suite, &mut rng)))
        })
    });
    both.into()
}

/// Two ends that have met.
///
/// # Errors
/// If they have not, which is a fault of the code that is measured.
pub fn met(suite: Suite) -> Result<(SharerChannel, HelperChannel), Failure> {
    let code = Code::parse("4060-r0gx")?;
    meet(&code, suite, &mut rng()).ok_or_else(|| "the handshake fails".into())
}

/// The same numbers each time: instructions are to be the same too.
fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

fn meet(
    code: &Code,
    suite: Suite,
    rng: &mut ChaCha20Rng,
) -> Option<(SharerChannel, HelperChannel)> {
    let suites = [suite];
    let offering = Offering::new(code, &suites, Scopes::ALL, &mut *rng);
    let answering = Answering::new(code, offering.offer(), &suites, Scopes::ALL, &mut *rng);
    let (answering, answer) = answering.ok()?;
    let Some(Envelope::Answer(answer)) = Envelope::read(&answer).ok()? else {
        return None;
    };
    let sharer = offering.answered(&answer, &suites, &mut *rng).ok()?;
    let Some(Envelope::Confirm(confirm)) = Envelope::read(&sharer.confirm).ok()? else {
        return None;
    };
    let helper = answering.confirmed(&confirm).ok()?;
    sharer.open(&helper.opening).ok()?;
    Some((sharer, helper))
}
