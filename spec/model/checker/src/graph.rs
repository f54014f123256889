//! The reachable graph of a configuration, as a file that the machines can be held against.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    io::{Read as _, Write as _},
    path::Path,
    sync::Arc,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use tla_checker::{
    ast::{Env, Expr, State, Value},
    checker::prepare_spec,
    eval::{eval, init_states, make_primed_names, next_states},
};

use crate::{check::prepare, plan::PLAN, work::spread};

/// Writes what is named, or everything; or only looks whether it is as it should be.
pub fn all(folder: &Path, names: &[&str], only_check: bool) -> Result<(), String> {
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    let plans: Vec<_> = PLAN
        .iter()
        .filter(|plan| plan.graph && wanted(plan.name))
        .collect();
    let count = plans.len();
    let graphs = spread(plans, |plan| explore(folder, plan.module, plan.name));
    if graphs.len() < count {
        return Err("not all was explored".to_owned());
    }
    let mut stale = Vec::new();
    for (plan, graph) in graphs {
        let (summary, text) = graph?;
        print!("{summary}");
        let path = folder
            .join("graphs")
            .join(format!("{}.graph.gz", plan.name));
        if only_check {
            if read(&path).as_deref() != Some(&text) {
                stale.push(path.display().to_string());
            }
        } else {
            write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("not what the model says: {}", stale.join(", ")))
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).ok()?)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut out = GzEncoder::new(std::fs::File::create(path)?, Compression::best());
    out.write_all(text.as_bytes())?;
    out.finish()?;
    Ok(())
}

/// Texts that come again and again, by number.
#[derive(Default)]
struct Texts {
    known: HashMap<String, usize>,
    all: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: String) -> usize {
        *self.known.entry(text).or_insert_with_key(|text| {
            self.all.push(text.clone());
            self.all.len() - 1
        })
    }
}

/// What is found at a state: what can be seen there, and what can happen.
struct Node {
    seen: usize,
    /// Beyond the bound: nothing is known of what can happen.
    leaf: bool,
    /// What happens, what comes of it, where it leads.
    edges: Vec<(usize, usize, usize)>,
}

/// How much there is, and the graph as text.
fn explore(folder: &Path, module: &str, name: &str) -> Result<(String, String), String> {
    let prepared = prepare(folder, module, name, None)?;
    let (spec, config) = (&prepared.spec, &prepared.checker_config);
    let told = |error| format!("{module}: {error:?}");
    let (domains, defs) = prepare_spec(spec, &prepared.domains, Some(&prepared.spec_path), true)
        .map_err(|error| format!("{module}: {error:?}"))?;
    let (Some(init), Some(next)) = (&spec.init, &spec.next) else {
        return Err(format!("{module} has no behaviours"));
    };
    let defined = |name: &str| Expr::Var(name.into());
    let view = config
        .view
        .clone()
        .ok_or_else(|| format!("{name} has no VIEW"))?;
    let (seen, act, out) = (defined("Obs"), defined("act"), defined("Out"));
    let primed = make_primed_names(&spec.vars);
    let at = |expr: &Expr, state: &State| {
        let mut env = bound(&domains, &spec.vars, state);
        eval(expr, &mut env, &defs).map_err(told)
    };
    let mut ids: HashMap<Value, usize> = HashMap::new();
    let mut states: Vec<State> = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    let (mut acts, mut outs, mut sights) = (Texts::default(), Texts::default(), Texts::default());
    for state in init_states(init, &spec.vars, &domains, &defs).map_err(told)? {
        ids.insert(at(&view, &state)?, states.len());
        states.push(state);
    }
    let mut env = domains.clone();
    while nodes.len() < states.len() {
        let state = states[nodes.len()].clone();
        let seen = sights.number(text(&at(&seen, &state)?));
        let mut leaf = false;
        for constraint in &config.state_constraints {
            leaf |= at(constraint, &state)? != Value::Bool(true);
        }
        let mut edges = Vec::new();
        if !leaf {
            for step in
                next_states(next, &state, &spec.vars, &primed, &mut env, &defs).map_err(told)?
            {
                let target = *ids.entry(at(&view, &step.state)?).or_insert_with(|| {
                    states.push(step.state.clone());
                    states.len() - 1
                });
                let act = acts.number(text(&at(&act, &step.state)?));
                let out = outs.number(text(&at(&out, &step.state)?));
                edges.push((act, out, target));
            }
            edges.sort_unstable();
            edges.dedup();
        }
        nodes.push(Node { seen, leaf, edges });
    }
    let text = written(&nodes, &[&acts, &outs, &sights]);
    Ok((summary(name, &nodes, &acts), text))
}

fn bound(domains: &Env, vars: &[Arc<str>], state: &State) -> Env {
    let mut env = domains.clone();
    for (name, value) in vars.iter().zip(&state.values) {
        env.insert(name.clone(), value.clone());
    }
    env
}

fn summary(name: &str, nodes: &[Node], acts: &Texts) -> String {
    let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for (act, _, _) in nodes.iter().flat_map(|node| &node.edges) {
        let kind = acts.all[*act].trim_matches(['(', ')']);
        *by_kind
            .entry(kind.split(' ').next().unwrap_or_default())
            .or_default() += 1;
    }
    let mut summary = format!("{name}: {} states\n", nodes.len());
    for (kind, count) in by_kind {
        let _ = writeln!(summary, "    {kind:<20} {count:>8}");
    }
    summary
}

fn written(nodes: &[Node], texts: &[&Texts]) -> String {
    let mut file = String::from("alongside model graph 1\n");
    for texts in texts {
        let _ = writeln!(file, "{}", texts.all.len());
        for text in &texts.all {
            let _ = writeln!(file, "{text}");
        }
    }
    let _ = writeln!(file, "{}", nodes.len());
    for node in nodes {
        let _ = write!(
            file,
            "{}{}",
            node.seen,
            if node.leaf { " leaf" } else { "" }
        );
        for (act, out, target) in &node.edges {
            let _ = write!(file, " {act} {out} {target}");
        }
        file.push('\n');
    }
    file
}

/// A value as text: `(a b)`, `{a b}`.
fn text(value: &Value) -> String {
    let joined = |values: &mut dyn Iterator<Item = &Value>| values.map(text).collect::<Vec<_>>();
    match value {
        Value::Bool(bool) => bool.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Str(name) | Value::Model(name) => name.to_string(),
        Value::Tuple(values) => format!("({})", joined(&mut values.iter()).join(" ")),
        Value::Set(values) => {
            let mut texts = joined(&mut values.iter());
            texts.sort();
            format!("{{{}}}", texts.join(" "))
        }
        other => format!("{other:?}"),
    }
}
