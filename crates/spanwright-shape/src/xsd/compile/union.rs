//! What unions become, which is known only when all their types are.

use crate::xsd::graph::{Common, Graph, Kind, Simple, Type};

/// Unions inside of unions.
const UNION_DEPTH_MOST: usize = 16;

/// Says of each union what it becomes.
pub(super) fn unite(graph: &mut Graph) {
    let united: Vec<Option<Common>> = graph.types.iter().map(|made| common(graph, made, 0)).collect();
    for (made, common) in graph.types.iter_mut().zip(united) {
        if let (Type::Simple(Simple { kind: Kind::Union(_, is), .. }), Some(common)) = (made, common) {
            *is = common;
        }
    }
}

/// What a type of a union becomes; `None` for what is no union and neither number nor flag.
fn common(graph: &Graph, made: &Type, depth: usize) -> Option<Common> {
    let Type::Simple(simple) = made else { return None };
    match &simple.kind {
        Kind::Integer { .. } => Some(Common::Integer),
        Kind::Decimal => Some(Common::Number),
        Kind::Flag => Some(Common::Flag),
        Kind::Union(members, _) if depth < UNION_DEPTH_MOST => {
            let mut all = members.iter().map(|id| common(graph, graph.content(*id), depth + 1).unwrap_or(Common::Text));
            let first = all.next().unwrap_or(Common::Text);
            Some(all.fold(first, |one, other| match (one, other) {
                _ if one == other => one,
                (Common::Integer | Common::Number, Common::Integer | Common::Number) => Common::Number,
                _ => Common::Text,
            }))
        }
        _ => Some(Common::Text),
    }
}
