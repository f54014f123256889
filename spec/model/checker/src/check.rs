//! Properties, and faults that break them.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use tla_checker::{
    ast::{SafetyProperty, Spec, Value},
    checker::{CheckResult, CheckStats, check, format_trace_with_actions},
    load::{Prepared, prepare_from_path},
};

use crate::{
    plan::{Configuration, PLAN},
    work::spread,
};

/// How a check of one configuration came out.
enum Outcome {
    /// With the properties that do.
    Holds(CheckStats, BTreeSet<String>),
    /// The properties that may be meant, and the way there.
    Broken(Vec<String>, String),
}

/// Checks what is named, or everything.
pub fn all(folder: &Path, names: &[&str], deep: bool) -> Result<(), String> {
    let chosen = |plan: &&Configuration| {
        if names.is_empty() {
            deep || !plan.deep
        } else {
            names.contains(&plan.name)
        }
    };
    let plans: Vec<_> = PLAN.iter().filter(chosen).collect();
    let results = spread(jobs(&plans), |job| judge(folder, job));
    report(&plans, results)
}

/// A configuration, as it is or with one of its faults.
struct Job {
    plan: &'static Configuration,
    fault: Option<(&'static str, &'static str)>,
}

fn jobs(plans: &[&'static Configuration]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for plan in plans.iter().copied() {
        jobs.push(Job { plan, fault: None });
        jobs.extend(plan.faults.iter().map(|fault| Job {
            plan,
            fault: Some(*fault),
        }));
    }
    jobs
}

/// What was looked at without a fault: states, transitions, properties.
type Held = (usize, usize, BTreeSet<String>);

/// What is found, or that the fault was caught.
fn judge(folder: &Path, job: &Job) -> Result<Option<Held>, String> {
    match (
        run(folder, job.plan.module, job.plan.name, job.fault)?,
        job.fault,
    ) {
        (Outcome::Holds(stats, properties), None) => Ok(Some((
            stats.states_explored,
            stats.transitions,
            properties,
        ))),
        (Outcome::Broken(_, trace), None) => Err(trace),
        (Outcome::Holds(..), Some((_, property))) => Err(format!("{property} holds all the same")),
        (Outcome::Broken(found, trace), Some((_, property))) => {
            if found.iter().any(|name| name == property) {
                Ok(None)
            } else {
                Err(format!("meant for {property}, but\n{trace}"))
            }
        }
    }
}

fn report(
    plans: &[&'static Configuration],
    results: Vec<(Job, Result<Option<Held>, String>)>,
) -> Result<(), String> {
    let (mut states, mut transitions, mut caught, mut bad) = (0, 0, 0, Vec::new());
    let (mut all, mut broken) = (BTreeSet::new(), BTreeSet::new());
    for plan in plans {
        let (mut faults, mut held) = (Vec::new(), None);
        for (job, result) in results.iter().filter(|(job, _)| job.plan.name == plan.name) {
            match (result, job.fault) {
                (Ok(Some(found)), _) => held = Some(found),
                (Ok(None), Some((fault, property))) => faults.push((property, fault)),
                (Ok(None), None) => {}
                (Err(why), fault) => {
                    let fault = fault.map_or("as it is", |(fault, _)| fault);
                    bad.push(format!("{} ({fault}): {why}", plan.name));
                }
            }
        }
        faults.sort_unstable();
        caught += faults.len();
        for (property, fault) in &faults {
            println!("    {property:<12} fails with {fault}");
            broken.insert(*property);
        }
        if let Some((some, more, properties)) = held {
            states += some;
            transitions += more;
            println!(
                "counted model / {}: {some} states, {more} transitions, {} properties, {} faults caught",
                plan.name,
                properties.len(),
                faults.len()
            );
            all.extend(properties);
        }
    }
    println!(
        "counted properties: {} in all, {} that a seeded fault breaks",
        all.len(),
        broken.len()
    );
    let planned: usize = plans.iter().map(|plan| plan.faults.len()).sum();
    println!("{states} states, {transitions} transitions, {caught} of {planned} faults caught");
    if results.len() < plans.len() + planned {
        bad.push("not all was checked".to_owned());
    }
    if bad.is_empty() {
        Ok(())
    } else {
        Err(bad.join("\n"))
    }
}

/// Prepares a module with a configuration and, perhaps, a fault.
pub fn prepare(
    folder: &Path,
    module: &str,
    name: &str,
    fault: Option<&str>,
) -> Result<Prepared, String> {
    let root = folder.join(format!("{module}.tla"));
    let cfg = folder.join(format!("{name}.cfg"));
    let constants: Vec<(Arc<str>, Value)> = fault
        .map(|fault| ("Fault".into(), Value::Str(fault.into())))
        .into_iter()
        .collect();
    let mut prepared = prepare_from_path(&root, Some(&cfg), &constants)
        .map_err(|error| format!("{module}: {error}"))?;
    if let Some(warning) = prepared.warnings.first() {
        return Err(format!("{module}: {warning:?}"));
    }
    prepared.checker_config.max_depth = 1_000_000;
    prepared.checker_config.max_states = 10_000_000;
    Ok(prepared)
}

/// With a fault, only the property that it is meant to break is looked at.
fn run(
    folder: &Path,
    module: &str,
    name: &str,
    fault: Option<(&str, &str)>,
) -> Result<Outcome, String> {
    let mut prepared = prepare(folder, module, name, fault.map(|(fault, _)| fault))?;
    if let Some((_, property)) = fault {
        only(&mut prepared.spec, property);
    }
    let spec = &prepared.spec;
    let told = |trace: &[_], actions: &[_]| format_trace_with_actions(trace, actions, &spec.vars);
    Ok(
        match check(spec, &prepared.domains, &prepared.checker_config) {
            CheckResult::Ok(stats) => Outcome::Holds(stats, properties(spec)),
            CheckResult::InvariantViolation(found, _) => {
                let name = spec.invariant_names[found.violated_invariant].as_deref();
                let name = name.unwrap_or("an invariant").to_owned();
                let trace = format!("{name} fails\n{}", told(&found.trace, &found.actions));
                Outcome::Broken(vec![name], trace)
            }
            CheckResult::PropertyViolation(found, _) => {
                let name = found.property.to_string();
                let trace = format!("{name} fails\n{}", told(&found.trace, &found.actions));
                Outcome::Broken(vec![name], trace)
            }
            CheckResult::LivenessViolation(found, _) => {
                let name = found.property.to_string();
                let trace = format!(
                    "{name} fails\n{}\nand then for ever\n{}",
                    told(&found.prefix, &[]),
                    told(&found.cycle, &[])
                );
                Outcome::Broken(vec![name], trace)
            }
            CheckResult::NextError(error, trace, _) => {
                return Err(format!("{module}: {error:?}\n{}", told(&trace, &[])));
            }
            other => return Err(format!("{module}: {:.2000}", format!("{other:?}"))),
        },
    )
}

fn properties(spec: &Spec) -> BTreeSet<String> {
    let invariants = spec.invariant_names.iter().flatten();
    let invariants = invariants.map(|name| name.to_string());
    let live = spec.liveness_properties.iter().map(|p| p.name.to_string());
    let steps = spec.safety_properties.iter().map(|known| {
        let (SafetyProperty::Init { name, .. } | SafetyProperty::Action { name, .. }) = known;
        name.to_string()
    });
    invariants.chain(live).chain(steps).collect()
}

fn only(spec: &mut Spec, property: &str) {
    let named: Vec<bool> = spec
        .invariant_names
        .iter()
        .map(|name| name.as_deref() == Some(property))
        .collect();
    let mut keep = named.iter();
    spec.invariants.retain(|_| keep.next() == Some(&true));
    spec.invariant_names
        .retain(|name| name.as_deref() == Some(property));
    spec.liveness_properties
        .retain(|known| &*known.name == property);
    spec.safety_properties.retain(|known| {
        let (SafetyProperty::Init { name, .. } | SafetyProperty::Action { name, .. }) = known;
        &**name == property
    });
}

/// Checks one configuration, and tells the whole way to what fails.
pub fn trace(folder: &Path, names: &[&str]) -> Result<(), String> {
    let module = names[0];
    let name = names.get(1).unwrap_or(&module);
    let fault = names
        .get(2)
        .zip(names.get(3))
        .map(|(fault, property)| (*fault, *property));
    match run(folder, module, name, fault)? {
        Outcome::Holds(stats, _) => {
            println!(
                "{} states, {} transitions, {:.1} s",
                stats.states_explored, stats.transitions, stats.elapsed_secs
            );
            Ok(())
        }
        Outcome::Broken(_, trace) => Err(trace),
    }
}
