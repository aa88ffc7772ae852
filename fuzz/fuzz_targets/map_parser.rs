//! Any text is read as an expression or refused: no panic, no endless reading, and every fault stands inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spanwright_map::{Program, Scope};
use spanwright_shape::{
    shape::{Shape, Shapes},
    text::{Problems, Scalar},
};

fuzz_target!(|text: &str| {
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None };
    let mut problems = Problems::new();
    let mut scalar = Scalar::made(text);
    scalar.span.to = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let checked = Program::check(&scalar, &mut scope, &mut problems);
    assert!(checked.is_some() || problems.errors() > 0, "refused without a word");
    for problem in problems.iter() {
        let at = problem.at.expect("a place");
        assert!(at.from <= at.to && at.to as usize <= text.len(), "a place outside the text");
    }
});
