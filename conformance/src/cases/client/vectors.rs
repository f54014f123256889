//! The test vectors, computed by the client that its driver drives.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    case::{Case, Target},
    driver::Answer,
    requirements,
    stage::{ClientStage, Done, Stop},
    vectors::{Kind, computed, otherwise, wanted},
};

/// A case for each kind that shows what an end has to obey.
pub(super) fn cases() -> Vec<Case> {
    computed().iter().filter_map(case).collect()
}

fn case(file: &'static Kind) -> Option<Case> {
    let shown = |target| -> Vec<&'static str> {
        let shown = file.vectors.iter().flat_map(|vector| shows(vector, target));
        shown.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let kind = &file.kind;
    let id = format!("client/vector/{kind}");
    let title = format!("what is computed of the inputs of {kind}.json is what is written there");
    let run = move |stage: &mut ClientStage<'_>| computes(stage, file);
    let (helper, sharer) = (shown(Target::Helper), shown(Target::Sharer));
    let case = match (helper.is_empty(), sharer.is_empty()) {
        (true, true) => return None,
        (false, true) => Case::helper(id, title, &helper, run),
        (true, false) => Case::sharer(id, title, &sharer, run),
        (false, false) => {
            let both: BTreeSet<_> = helper.into_iter().chain(sharer).collect();
            Case::client(id, title, &both.into_iter().collect::<Vec<_>>(), run)
        }
    };
    Some(case.needs("vector"))
}

/// The requirements that a vector shows and this end has to obey.
fn shows(vector: &'static Value, target: Target) -> Vec<&'static str> {
    let ids = vector["shows"].as_array().into_iter().flatten();
    let theirs = |id: &&str| {
        let known = requirements::all().get(*id);
        known.is_some_and(|one| requirements::roles(target).contains(&one.role.as_str()))
    };
    ids.filter_map(Value::as_str).filter(theirs).collect()
}

/// The vectors that show nothing which this end has to obey are left to the other.
fn computes(stage: &mut ClientStage<'_>, file: &'static Kind) -> Done {
    let target = Target::from(stage.role);
    let vectors = file
        .vectors
        .iter()
        .map(|vector| (vector, shows(vector, target)));
    let theirs = vectors.filter(|(_, shown)| !shown.is_empty());
    for (place, (vector, shown)) in theirs.enumerate() {
        let answer = stage.compute(&file.kind, &vector["input"])?;
        if place == 0 && answer == Answer::Unsupported {
            return Err(Stop::Unsupported("vector".to_owned()));
        }
        let said = otherwise(vector, &answer);
        let (id, wanted) = (&vector["id"], wanted(vector));
        let expected = format!("{wanted} for the vector {id}");
        let seen = format!("it answers {}", said.clone().unwrap_or_default());
        stage.check(&shown[..], said.is_none(), &expected, seen)?;
    }
    Ok(())
}
