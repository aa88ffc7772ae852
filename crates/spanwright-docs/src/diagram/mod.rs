//! Drawings: who talks to whom, and what happens to one message, with the ways on which it fails.
//!
//! A drawing is data first ([`Sequence`], [`Graph`]); it is drawn as SVG and written as Mermaid text, so that both say the same.

mod draw;
mod flow;
mod graph;
mod mermaid;
mod overview;
mod sequence;

pub use flow::sequence;
pub use graph::{Graph, of as graph};
pub use sequence::{Arrow, Item, Sequence};

/// A drawing, both ways.
pub struct Figure {
    /// Below the drawing.
    pub caption: String,
    /// The drawing.
    pub svg: String,
    /// The same as Mermaid text.
    pub mermaid: String,
    /// Where the drawing lies as a file: `diagrams/customers.svg`.
    pub file: String,
}

impl Figure {
    /// Of what happens to one message.
    pub fn of_sequence(sequence: &Sequence, caption: &str, file: &str) -> Figure {
        Figure { caption: caption.to_string(), svg: draw::sequence(sequence), mermaid: mermaid::sequence(sequence), file: file.to_string() }
    }

    /// Of who talks to whom.
    pub fn of_graph(graph: &Graph, caption: &str, file: &str) -> Figure {
        Figure { caption: caption.to_string(), svg: overview::draw(graph), mermaid: graph.mermaid(), file: file.to_string() }
    }
}
