//! The reachable graph of a configuration of the model, as `model graphs` wrote it.

use std::{fs::File, io::Read as _, path::PathBuf};

use flate2::read::GzDecoder;

use crate::term::Term;

/// All that the model can do within its bound.
pub(crate) struct Graph {
    pub(crate) name: &'static str,
    /// What can happen.
    pub(crate) acts: Vec<Term>,
    /// What comes of it.
    pub(crate) outs: Vec<String>,
    pub(crate) nodes: Vec<Node>,
}

/// A state of the model.
pub(crate) struct Node {
    /// What can be seen of it.
    pub(crate) seen: String,
    /// Beyond the bound: what can happen there is not known.
    pub(crate) leaf: bool,
    /// Act, outputs, next state.
    pub(crate) edges: Vec<(usize, usize, usize)>,
}

impl Graph {
    pub(crate) fn read(name: &'static str) -> Self {
        let folder = PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../spec/model/graphs"
        ));
        let file = File::open(folder.join(format!("{name}.graph.gz"))).expect("a graph");
        let mut text = String::new();
        GzDecoder::new(file)
            .read_to_string(&mut text)
            .expect("text");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("alongside model graph 1"));
        let mut section = || -> Vec<String> {
            let count = lines.next().expect("a count").parse().expect("a number");
            lines.by_ref().take(count).map(str::to_owned).collect()
        };
        let acts = section().iter().map(|text| Term::read(text)).collect();
        let (outs, sights) = (section(), section());
        let nodes = section()
            .iter()
            .map(|line| Node::read(line, &sights))
            .collect();
        Self {
            name,
            acts,
            outs,
            nodes,
        }
    }
}

impl Node {
    fn read(line: &str, sights: &[String]) -> Self {
        let leaf = line.ends_with(" leaf");
        let numbers = line.trim_end_matches(" leaf").split(' ');
        let numbers: Vec<usize> = numbers.map(|n| n.parse().expect("a number")).collect();
        let edges = numbers[1..]
            .chunks_exact(3)
            .map(|edge| (edge[0], edge[1], edge[2]));
        Self {
            seen: sights[numbers[0]].clone(),
            leaf,
            edges: edges.collect(),
        }
    }
}
