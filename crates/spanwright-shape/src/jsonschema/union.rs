//! Flattening unions, after every shape is known: no union in a union, no arm twice, anything swallows all.

use crate::shape::{Shape, ShapeId, Shapes, UNION_ARMS_MOST};

pub(super) fn flatten(shapes: &mut Shapes, unions: &[ShapeId]) {
    let flat: Vec<(ShapeId, Shape)> = unions.iter().map(|id| (*id, flat(shapes, *id))).collect();
    for (id, shape) in flat {
        shapes.set(id, shape);
    }
}

fn flat(shapes: &Shapes, id: ShapeId) -> Shape {
    let (mut arms, mut waiting, mut seen) = (Vec::<ShapeId>::new(), vec![id], Vec::new());
    while let Some(next) = waiting.pop() {
        match shapes.get(next) {
            Shape::Any => return Shape::Any,
            Shape::Never => {}
            Shape::OneOf(inner) if !seen.contains(&next) => {
                seen.push(next);
                waiting.extend(inner.iter().rev());
            }
            Shape::OneOf(_) => {}
            _ if arms.len() > UNION_ARMS_MOST => return Shape::Any,
            shape if arms.iter().any(|arm| *arm == next || shapes.get(*arm) == shape) => {}
            Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) | Shape::List(..) | Shape::Record(_) => arms.push(next),
        }
    }
    match arms.as_slice() {
        [] => Shape::Never,
        [one] => shapes.get(*one).clone(),
        many if many.len() > UNION_ARMS_MOST => Shape::Any,
        many => Shape::OneOf(many.into()),
    }
}
