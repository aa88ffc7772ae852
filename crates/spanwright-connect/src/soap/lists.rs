//! Where in a request the elements are that may repeat.

use std::sync::Arc;

use spanwright_shape::xsd::{ElementId, Graph, MemberKind, Type, TypeId};

/// Keys that are looked at in one request: types stand in many places, and schemas are large.
const KEYS_MOST: usize = 10_000;

/// The paths from a request's element to what may repeat in it, in schema order. What repeats inside of an item is the item's own.
pub(super) fn of_request(graph: &Graph, input: ElementId) -> Vec<Vec<Arc<str>>> {
    let mut search = Search { graph, left: KEYS_MOST, path: Vec::new(), open: Vec::new(), found: Vec::new() };
    search.below(input);
    search.found
}

struct Search<'g> {
    graph: &'g Graph,
    left: usize,
    path: Vec<Arc<str>>,
    /// The types that we are in; a type inside of itself is not looked through again.
    open: Vec<TypeId>,
    found: Vec<Vec<Arc<str>>>,
}

impl Search<'_> {
    fn below(&mut self, element: ElementId) {
        let graph = self.graph;
        let content = graph.element(element).content;
        let Type::Complex(complex) = graph.content(content) else { return };
        if self.open.contains(&content) {
            return;
        }
        self.open.push(content);
        for member in &complex.members {
            let (MemberKind::Element(inner), true) = (&member.kind, self.left > 0) else { continue };
            self.left -= 1;
            self.path.push(member.key.clone());
            match member.list {
                true => self.found.push(self.path.clone()),
                false => self.below(*inner),
            }
            self.path.pop();
        }
        self.open.pop();
    }
}
