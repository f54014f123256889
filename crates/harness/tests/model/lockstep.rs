//! A machine and the model, step by step, from every state that both can reach.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    fmt::Debug,
};

use alongside_state_machine::time::Timestamp;

use crate::{graph::Graph, term::Term};

/// What is compared with a model.
pub(crate) trait Subject: Clone {
    /// Does this, and says what came of it; `None`, and nothing has changed, if it is refused.
    fn act(&mut self, act: &Term) -> Option<String>;

    /// Whether this may be refused: an act of a person or a program, which nothing forces on the
    /// machine.
    fn refusable(act: &Term) -> bool;

    /// Acts that the model never allows.
    fn never() -> Vec<Term>;

    /// What can be seen of it.
    fn seen(&self) -> String;

    /// Whether both are the same in every respect.
    fn is_like(&self, other: &Self) -> bool;

    /// All of it, for what happens from now on.
    fn whole(&self) -> String;
}

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) states: usize,
    pub(crate) pairs: usize,
    pub(crate) steps: usize,
    pub(crate) refusals: usize,
    pub(crate) by_kind: BTreeMap<String, usize>,
}

/// Holds `start` against `graph`: all that was compared, or the first difference.
pub(crate) fn compare<S: Subject>(graph: &Graph, start: S) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let mut seen: HashSet<(usize, String)> = HashSet::from([(0, start.whole())]);
    let mut reached = BTreeSet::from([0]);
    let mut queue = VecDeque::from([(0, start, Vec::new())]);
    let never = S::never();
    let refusable: Vec<usize> = (0..graph.acts.len())
        .filter(|act| S::refusable(&graph.acts[*act]))
        .collect();
    while let Some((state, machine, way)) = queue.pop_front() {
        compared.pairs += 1;
        let node = &graph.nodes[state];
        let told = |what: &str, model: &str, real: &str| {
            let way: Vec<_> = way
                .iter()
                .map(|act: &usize| text(&graph.acts[*act]))
                .collect();
            format!(
                "{}: after {}\n{what}\nmodel: {model}\nreal:  {real}",
                graph.name,
                way.join(" ")
            )
        };
        let sight = machine.seen();
        if sight != node.seen {
            return Err(told("what is seen differs", &node.seen, &sight));
        }
        if node.leaf {
            continue;
        }
        let acts: BTreeSet<usize> = node.edges.iter().map(|(act, _, _)| *act).collect();
        for &(act, out, target) in &node.edges {
            let mut next = machine.clone();
            let label = text(&graph.acts[act]);
            let real = next
                .act(&graph.acts[act])
                .unwrap_or_else(|| "refused".to_owned());
            if real != graph.outs[out] {
                return Err(told(&label, &graph.outs[out], &real));
            }
            compared.steps += 1;
            *compared
                .by_kind
                .entry(graph.acts[act].kind().to_owned())
                .or_default() += 1;
            if seen.insert((target, next.whole())) {
                reached.insert(target);
                let mut way = way.clone();
                way.push(act);
                queue.push_back((target, next, way));
            }
        }
        let forbidden = refusable.iter().filter(|act| !acts.contains(act));
        for act in forbidden.map(|act| &graph.acts[*act]).chain(&never) {
            let mut next = machine.clone();
            if let Some(real) = next.act(act) {
                return Err(told(&text(act), "refused", &real));
            }
            if !next.is_like(&machine) {
                return Err(told(&text(act), "refused without a trace", "changed"));
            }
            compared.refusals += 1;
        }
    }
    compared.states = reached.len();
    Ok(compared)
}

/// Compares, prints what was compared, and that nothing of the model was left out.
pub(crate) fn holds<S: Subject>(graph: &Graph, start: S) {
    let compared = compare(graph, start).unwrap_or_else(|difference| panic!("{difference}"));
    let Compared {
        states,
        pairs,
        steps,
        refusals,
        by_kind,
    } = &compared;
    println!(
        "counted lock-step / {}: {states} states, {pairs} pairs, {steps} steps, {refusals} refusals",
        graph.name
    );
    println!("    {by_kind:?}");
    assert_eq!(
        *states,
        graph.nodes.len(),
        "each state of the model is reached"
    );
    let kinds: BTreeSet<_> = graph.acts.iter().map(Term::kind).collect();
    let done: BTreeSet<_> = by_kind.keys().map(String::as_str).collect();
    assert_eq!(done, kinds, "each act of the model is done");
}

fn text(term: &Term) -> String {
    let joined = |parts: &[Term]| parts.iter().map(text).collect::<Vec<_>>().join(" ");
    match term {
        Term::Word(word) => word.clone(),
        Term::Tuple(parts) => format!("({})", joined(parts)),
        Term::Set(parts) => format!("{{{}}}", joined(parts)),
    }
}

/// A machine as text, with each moment as so much later than `now`: what is past is past.
pub(crate) fn whole(machine: &impl Debug, now: Timestamp) -> String {
    let text = format!("{machine:?}");
    let mut parts = text.split("Timestamp(");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (micros, rest) = part.split_once(')').expect("a moment");
        let micros: u64 = micros.parse().expect("a number");
        match micros.checked_sub(now.as_micros()) {
            Some(later) => whole.push_str(&format!("+{later}")),
            None => whole.push_str("past"),
        }
        whole.push_str(rest);
    }
    without_probes(&whole)
}

/// How often an end has asked how long an answer takes is no matter of the session.
fn without_probes(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("Prober {") {
        whole.push_str(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    whole + rest
}
