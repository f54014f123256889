//! Which cells of a state table the steps of a real machine have asked.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    rc::Rc,
};

use alongside_spec::tables::{Machine, Outcome};

/// A region and its state.
pub(crate) type Region = (&'static str, &'static str);

/// What happened in which states, to all clones of a machine together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells(Rc<RefCell<BTreeMap<Vec<Region>, BTreeSet<&'static str>>>>);

/// What of a table the model leaves out.
pub(crate) struct Outside {
    pub(crate) regions: &'static [&'static str],
    /// Events, or messages with all their variants.
    pub(crate) events: &'static [&'static str],
    /// States that it does not come to, `region: state`, and cells, `region, state: event`, that it
    /// does not ask.
    pub(crate) gaps: &'static [&'static str],
}

impl Cells {
    /// This event came in these states. The name of a message alone stands for all its variants.
    pub(crate) fn note(&self, at: &[Region], event: &'static str) {
        let mut noted = self.0.borrow_mut();
        match noted.get_mut(at) {
            Some(events) => events.insert(event),
            None => noted.entry(at.to_vec()).or_default().insert(event),
        };
    }

    /// Prints how much of a table was asked, and holds that it was all that the model has.
    pub(crate) fn complete(&self, table: &str, outside: &Outside) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let machine = Machine::load(&root, table).expect("a sound table");
        let in_model: Vec<usize> = (0..machine.events.len())
            .filter(|event| {
                let event = &machine.events[*event];
                ![&*event.name, event.base()]
                    .iter()
                    .any(|name| outside.events.contains(name))
            })
            .collect();
        let (mut states, mut asked, mut possible) = (0, BTreeSet::new(), BTreeSet::new());
        let mut reached = BTreeSet::new();
        for (at, happened) in &*self.0.borrow() {
            states += 1;
            let at = machine.states(at).expect("states of the table");
            reached.extend(at.iter().copied().enumerate());
            for &event in &in_model {
                let decision = machine.decide(&at, event);
                if decision.outcome == Outcome::Never {
                    continue;
                }
                let (name, base) = (&*machine.events[event].name, machine.events[event].base());
                let came = happened.contains(name) || happened.contains(base);
                for (region, state, answer) in decision.asked {
                    let asks = &machine.regions[region];
                    let named = outside.regions.contains(&&*asks.name);
                    if named || !asks.cell(state, event).written {
                        continue;
                    }
                    possible.insert((region, state, event, answer));
                    if came {
                        asked.insert((region, state, event, answer));
                    }
                }
            }
        }
        let (cells, events) = (asked.len(), in_model.len());
        println!(
            "counted lock-step cells / {table}: {cells} asked, {} not asked, {events} events, {} events not in the model, {states} states",
            possible.len() - cells,
            machine.events.len() - events
        );
        let unasked = possible.difference(&asked);
        let mut gaps: BTreeSet<String> = unasked
            .map(|(region, state, event, _)| {
                let (region, event) = (&machine.regions[*region], &machine.events[*event].name);
                format!("{}, {}: {event}", region.name, region.states[*state])
            })
            .collect();
        for (index, region) in machine.regions.iter().enumerate() {
            for (state, name) in region.states.iter().enumerate() {
                let left_out = outside.regions.contains(&&*region.name);
                if !left_out && !reached.contains(&(index, state)) {
                    gaps.insert(format!("{}: {name}", region.name));
                }
            }
        }
        let known: BTreeSet<String> = outside.gaps.iter().map(|gap| (*gap).to_owned()).collect();
        assert_eq!(gaps, known, "what of {table} is not asked");
    }
}
