//! Who talks to whom: systems that are read, flows, systems that are written.

use std::fmt::Write as _;

use super::mermaid::label;
use crate::book::{Book, Effect, From};

/// The graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Where messages come from.
    pub sources: Vec<String>,
    /// The flows.
    pub flows: Vec<String>,
    /// What they ask.
    pub targets: Vec<String>,
    /// Source, flow, how.
    pub reads: Vec<(usize, usize, String)>,
    /// Flow, target, how.
    pub asks: Vec<(usize, usize, String)>,
    /// Flow that hands over, flow that takes.
    pub hands: Vec<(usize, usize)>,
}

/// Of a book.
pub fn of(book: &Book) -> Graph {
    let mut graph = Graph::default();
    for flow in &book.flows {
        let at = graph.flows.len();
        graph.flows.push(flow.name.clone());
        let from = match &flow.from {
            From::Poll { system, operation, queue: Some(_), .. } => Some((system.clone(), operation.clone())),
            From::Poll { system, operation, every, .. } => Some((system.clone(), format!("{operation}, every {every}"))),
            From::Door { wire, .. } => Some(("senders".to_string(), wire.clone())),
            From::Cron { line, zone, .. } => Some(("clock".to_string(), format!("{line}, {zone}"))),
            From::Letters(flows) => Some((
                "dead letters".to_string(),
                flows.as_ref().map_or("of any flow".to_string(), |flows| format!("of {}", flows.join(", "))),
            )),
            From::Handed(_) | From::Round(_) | From::Nowhere => None,
        };
        if let Some((name, how)) = from {
            let source = number(&mut graph.sources, &name);
            graph.reads.push((source, at, how));
        }
        for effect in flow.effects().into_iter().filter(|effect| effect.hands_to().is_none()) {
            let (target, how) = match effect.tells() {
                Some(channel) => ("people", channel),
                None => (effect.system.as_str(), effect.operation.as_str()),
            };
            let target = number(&mut graph.targets, target);
            // Several operations of one system are one line, or their words would lie on each other.
            match graph.asks.iter_mut().find(|(flow, system, _)| (*flow, *system) == (at, target)) {
                Some((.., all)) if all.split(", ").any(|have| have == how) => {}
                Some((.., all)) => *all += &format!(", {how}"),
                None => graph.asks.push((at, target, how.to_string())),
            }
        }
    }
    for (at, flow) in book.flows.iter().enumerate() {
        let told = flow.effects().into_iter().filter_map(Effect::hands_to).chain(flow.when_all_done.as_deref());
        let takers = told.filter_map(|taker| graph.flows.iter().position(|name| name == taker));
        let hands: Vec<(usize, usize)> = takers.map(|taker| (at, taker)).collect();
        graph.hands.extend(hands);
    }
    graph.hands.dedup();
    graph
}

fn number(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|have| have == name).unwrap_or_else(|| {
        names.push(name.to_string());
        names.len() - 1
    })
}

impl Graph {
    /// As Mermaid text. A system that is read and written is one node.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        for (n, name) in self.systems().iter().enumerate() {
            let _ = writeln!(out, "  s{n}[\"{}\"]", label(name));
        }
        for (n, name) in self.flows.iter().enumerate() {
            let _ = writeln!(out, "  f{n}([\"{}\"])", label(name));
        }
        let at = |name: &String| self.systems().iter().position(|have| have == name).unwrap_or(0);
        for (source, flow, how) in &self.reads {
            let _ = writeln!(out, "  s{} -->|\"{}\"| f{flow}", at(&self.sources[*source]), label(how));
        }
        for (flow, target, how) in &self.asks {
            let _ = writeln!(out, "  f{flow} -->|\"{}\"| s{}", label(how), at(&self.targets[*target]));
        }
        for (from, to) in &self.hands {
            let _ = writeln!(out, "  f{from} -->|\"hands over\"| f{to}");
        }
        out
    }

    /// As DOT, for Graphviz.
    pub fn dot(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let mut out = String::from("digraph spanwright {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
        for name in self.systems() {
            let _ = writeln!(out, "  {} [shape=box];", quoted(&format!("system {name}")));
        }
        for name in &self.flows {
            let _ = writeln!(out, "  {} [shape=box, style=rounded];", quoted(&format!("flow {name}")));
        }
        for (source, flow, how) in &self.reads {
            let (from, to) = (format!("system {}", self.sources[*source]), format!("flow {}", self.flows[*flow]));
            let _ = writeln!(out, "  {} -> {} [label={}];", quoted(&from), quoted(&to), quoted(how));
        }
        for (flow, target, how) in &self.asks {
            let (from, to) = (format!("flow {}", self.flows[*flow]), format!("system {}", self.targets[*target]));
            let _ = writeln!(out, "  {} -> {} [label={}];", quoted(&from), quoted(&to), quoted(how));
        }
        for (from, to) in &self.hands {
            let (from, to) = (format!("flow {}", self.flows[*from]), format!("flow {}", self.flows[*to]));
            let _ = writeln!(out, "  {} -> {} [label={}];", quoted(&from), quoted(&to), quoted("hands over"));
        }
        out + "}\n"
    }

    fn systems(&self) -> Vec<String> {
        let mut all = self.sources.clone();
        all.extend(self.targets.iter().filter(|name| !self.sources.contains(name)).cloned());
        all
    }
}
