//! Who gets a path, and how each end shows where it is.

use alongside_wire::{
    ErrorCode,
    limits::timers,
    rendezvous::{PathOpen, PathOver, PathProof, PathRequest},
};

use super::{over, short};
use crate::{
    case::Case,
    cases::relay::limits::limited,
    stage::{Done, Heard, RelayStage, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/path/asked",
            "who asks for a path gets a routing id that is drawn each time, and a check with a token that is",
            &["PATH-6", "PATH-8"],
            asked,
        ),
        Case::relay(
            "relay/path/checks",
            "who does not answer is checked again each second with another token, and who has answered is not",
            &["PATH-8"],
            checks,
        ),
        Case::relay(
            "relay/path/checks-bounded",
            "whoever asks again and again is sent five checks in five seconds, and no more",
            &["PATH-35"],
            checks_bounded,
        )
        .twin("relay/path/checks"),
        Case::relay(
            "relay/path/too-many",
            "a client that asks for a sixth path within five seconds is closed with too-much",
            &["PATH-36"],
            too_many,
        )
        .twin("relay/path/asked"),
        Case::relay(
            "relay/path/tokens-bounded",
            "the right token shows nothing after ten wrong ones within a second",
            &["PATH-37"],
            tokens_bounded,
        )
        .twin("relay/path/opens"),
        Case::relay(
            "relay/path/opens",
            "both ends are told that a path is open when the second has shown where it is, and not before",
            &["PATH-9", "PATH-10"],
            opens,
        ),
        Case::relay(
            "relay/path/token-of-another",
            "the token of a check of the other end shows nothing",
            &["PATH-9"],
            token_of_another,
        )
        .twin("relay/path/opens"),
        Case::relay(
            "relay/path/token-of-before",
            "the token of a check before the latest shows nothing",
            &["PATH-9"],
            token_of_before,
        )
        .twin("relay/path/opens"),
        Case::relay(
            "relay/path/token-of-elsewhere",
            "a token shows nothing when its client is at another address already",
            &["PATH-9"],
            token_of_elsewhere,
        )
        .twin("relay/path/opens"),
        Case::relay(
            "relay/path/not-shown",
            "nothing is forwarded while an end has not shown where it is, and then the path is over for both",
            &["PATH-11", "PATH-16"],
            not_shown,
        )
        .twin("relay/path/opens"),
        Case::relay(
            "relay/path/alone",
            "a path to which one end alone has asked is over after a while",
            &["PATH-16"],
            alone,
        )
        .twin("relay/path/opens"),
        Case::relay(
            "relay/path/busy",
            "there are as many paths as the relay states, and who asks for another hears that",
            &["PATH-7"],
            busy,
        )
        .set_up(&limited("paths", 1)),
        Case::relay(
            "relay/path/none",
            "whoever asks a relay without paths for one hears that",
            &["PATH-7"],
            none,
        )
        .set_up(&limited("paths", 0))
        .twin("relay/path/asked"),
        Case::relay(
            "relay/path/peer-away",
            "there is no path to an end that is away",
            &["PATH-6"],
            peer_away,
        )
        .twin("relay/path/asked"),
    ]
}

fn asked(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    let (mut ids, mut tokens) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        for who in [helper, sharer] {
            let before = stage.checks_by_now(who)?;
            stage.must("PATH-6", |stage| {
                ids.push(stage.asks_for_path(who)?);
                Ok(())
            })?;
            stage.must("PATH-8", |stage| {
                tokens.push(stage.check_of(who, before + 1)?);
                Ok(())
            })?;
        }
        stage.say(helper, over(ErrorCode::Done));
        stage.await_(sharer, "path-over", |heard| heard.is("path-over"))?;
    }
    let drawn = |values: &[Vec<u8>]| {
        let all: std::collections::BTreeSet<_> = values.iter().collect();
        let bytes: std::collections::BTreeSet<_> = values.iter().flatten().collect();
        all.len() == values.len() && bytes.len() > 16
    };
    let ids: Vec<_> = ids.iter().map(|id| id.to_vec()).collect();
    let tokens: Vec<_> = tokens.iter().map(|token| token.to_vec()).collect();
    let seen = |values: &[Vec<u8>]| format!("there came {values:02x?}");
    stage.check("PATH-6", drawn(&ids), "fresh random ids", seen(&ids))?;
    stage.check(
        "PATH-8",
        drawn(&tokens),
        "fresh random tokens",
        seen(&tokens),
    )
}

fn checks(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    stage.asks_for_path(helper)?;
    stage.asks_for_path(sharer)?;
    stage.shows_address(sharer)?;
    stage.settle()?;
    let mut tokens = vec![stage.check_of(helper, 1)?];
    for count in 2..=4 {
        stage.pass_a_check()?;
        stage.must("PATH-8", |stage| {
            tokens.push(stage.check_of(helper, count)?);
            Ok(())
        })?;
    }
    let latest = tokens.pop().unwrap_or_default();
    let fresh = !tokens.contains(&latest);
    stage.check("PATH-8", fresh, "another token each time", "one came twice")?;
    let other = stage.checks_by_now(sharer)?;
    let seen = format!("there came {other} checks");
    stage.check(
        "PATH-8",
        other == 1,
        "one check of who has answered it",
        seen,
    )
}

fn checks_bounded(stage: &mut RelayStage<'_>) -> Done {
    let (helper, _) = stage.pair_by_ways()?;
    for _ in 0..5 {
        stage.asks_for_path(helper)?;
    }
    for _ in 0..3 {
        stage.pass_a_check()?;
    }
    let came = stage.checks_by_now(helper)?;
    let seen = format!("there came {came} checks");
    stage.check("PATH-35", came <= 5, "five checks at most", seen)
}

fn too_many(stage: &mut RelayStage<'_>) -> Done {
    let (helper, _) = stage.pair_by_ways()?;
    for _ in 0..5 {
        stage.asks_for_path(helper)?;
    }
    stage.say(helper, PathRequest {});
    stage.closes("PATH-36", helper, ErrorCode::TooMuch)
}

fn tokens_bounded(stage: &mut RelayStage<'_>) -> Done {
    let [helper, sharer] = both_asked(stage)?;
    stage.shows_address(sharer)?;
    let right = stage.check_of(helper, 1)?;
    for _ in 0..10 {
        let token = right.map(|byte| !byte);
        stage.say(helper, PathProof { token });
    }
    stage.say(helper, PathProof { token: right });
    stage.silent("PATH-37", helper)?;
    stage.silent("PATH-37", sharer)
}

fn opens(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    let ids = [stage.asks_for_path(helper)?, stage.asks_for_path(sharer)?];
    stage.shows_address(helper)?;
    stage.silent(["PATH-9", "PATH-10"], helper)?;
    stage.silent(["PATH-9", "PATH-10"], sharer)?;
    stage.shows_address(sharer)?;
    let [to_helper, to_sharer] = ids;
    for (who, id) in [(helper, to_sharer), (sharer, to_helper)] {
        stage.only(["PATH-10", "PATH-9"], who, &[PathOpen { id }.into()])?;
    }
    Ok(())
}

/// Both have asked.
fn both_asked(stage: &mut RelayStage<'_>) -> Done<[Who; 2]> {
    let (helper, sharer) = stage.pair_by_ways()?;
    stage.asks_for_path(helper)?;
    stage.asks_for_path(sharer)?;
    Ok([helper, sharer])
}

fn token_of_another(stage: &mut RelayStage<'_>) -> Done {
    let ends = both_asked(stage)?;
    let [helper, sharer] = ends;
    let [of_helper, of_sharer] = [stage.check_of(helper, 1)?, stage.check_of(sharer, 1)?];
    stage.say(helper, PathProof { token: of_sharer });
    stage.say(sharer, PathProof { token: of_helper });
    for who in ends {
        stage.silent("PATH-9", who)?;
    }
    Ok(())
}

fn token_of_before(stage: &mut RelayStage<'_>) -> Done {
    let [helper, sharer] = both_asked(stage)?;
    let first = stage.check_of(helper, 1)?;
    stage.shows_address(sharer)?;
    stage.settle()?;
    stage.pass_a_check()?;
    stage.check_of(helper, 2)?;
    stage.say(helper, PathProof { token: first });
    stage.silent("PATH-9", helper)?;
    stage.silent("PATH-9", sharer)
}

fn token_of_elsewhere(stage: &mut RelayStage<'_>) -> Done {
    let [helper, sharer] = both_asked(stage)?;
    stage.shows_address(sharer)?;
    let token = stage.check_of(helper, 1)?;
    stage.moves(helper, 1)?;
    // From where it is now, so that the relay has heard of it when the token comes.
    stage.deliver(helper, b"from another address");
    stage.await_(sharer, "deliver", |heard| heard.is("deliver"))?;
    stage.say(helper, PathProof { token });
    stage.silent("PATH-9", helper)?;
    stage.silent("PATH-9", sharer)
}

fn not_shown(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    let (to_helper, to_sharer) = (stage.asks_for_path(helper)?, stage.asks_for_path(sharer)?);
    stage.shows_address(sharer)?;
    stage.is_not_forwarded("PATH-11", [helper, sharer], &short(to_sharer, 60))?;
    stage.is_not_forwarded("PATH-11", [sharer, helper], &short(to_helper, 60))?;
    stage.pass(timers::PATH_ATTEMPT)?;
    for who in [helper, sharer] {
        stage.only("PATH-16", who, &[over(ErrorCode::Lost)])?;
    }
    Ok(())
}

fn alone(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    stage.asks_for_path(helper)?;
    stage.shows_address(helper)?;
    stage.pass(timers::PATH_ATTEMPT)?;
    stage.only("PATH-16", helper, &[over(ErrorCode::Lost)])?;
    stage.silent("PATH-16", sharer)
}

fn busy(stage: &mut RelayStage<'_>) -> Done {
    if stage.paths()? > 1 {
        return Err(Stop::Untestable(
            "the suite has no patience for so many paths: let the relay follow `limits` of the \
             set-up file in driver.md"
                .to_owned(),
        ));
    }
    let (helper, sharer) = stage.pair_by_ways()?;
    let (other, _) = stage.pair_by_ways()?;
    stage.asks_for_path(helper)?;
    stage.say(other, PathRequest {});
    stage.next("PATH-7", other, &over(ErrorCode::Busy))?;
    // The other end of a path that there is asks for no other one.
    stage.say(sharer, PathRequest {});
    stage.sees("PATH-7", sharer, "path", |heard| heard.is("path"))?;
    let code = ErrorCode::Done.to_wire();
    stage.say(sharer, PathOver { code });
    stage.await_(helper, "path-over", |heard| heard.is("path-over"))?;
    stage.say(other, PathRequest {});
    stage
        .sees("PATH-7", other, "path, as there is none now", |heard| {
            heard.is("path")
        })
        .map(|_| ())
}

fn none(stage: &mut RelayStage<'_>) -> Done {
    match stage.states("paths")? {
        Some(0) => {}
        None => return Err(Stop::Unsupported("paths".to_owned())),
        Some(_) => {
            return Err(Stop::Untestable(
                "it takes a relay that states that it has no paths: let it follow `limits` of the \
                 set-up file in driver.md"
                    .to_owned(),
            ));
        }
    }
    let (helper, _) = stage.pair()?;
    stage.say(helper, PathRequest {});
    stage.only("PATH-7", helper, &[over(ErrorCode::Busy)])
}

fn peer_away(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    stage.close(sharer, ErrorCode::Lost.to_wire());
    stage.await_(helper, "peer-lost", |heard| heard.is("peer-lost"))?;
    stage.say(helper, PathRequest {});
    let lost = |heard: &Heard| matches!(heard, Heard::Said(said) if *said == over(ErrorCode::Lost));
    stage.sees("PATH-6", helper, "path-over with lost", lost)?;
    stage.silent("PATH-6", helper)
}
