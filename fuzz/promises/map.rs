//! What holds for any text: shared by the fuzz targets and by the test that runs their corpus on every machine.

use spanwright_map::{Env, Program, Scope};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shape, Shapes},
    text::{Problems, Scalar},
};

/// Any text is read as an expression or refused: no panic, no endless reading, and every fault stands inside the text.
pub fn parser(text: &str) {
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
}

/// An expression, a line break, and JSON: whatever is accepted runs to its end, within its budget, and gives valid JSON.
pub fn evaluator(text: &str) {
    let (text, input) = text.split_once('\n').unwrap_or((text, "null"));
    let Some(program) = Program::of(text) else { return };
    let (room, work) = (Room::new(), Room::new());
    let Ok(dot) = json::read(input.as_bytes(), &room) else { return };
    let env = Env { dot, names: &[] };
    let mut written = Vec::new();
    let _ = program.each(&env, &work, &mut |value| {
        written.clear();
        json::write(&value, &mut written);
        let again = Room::new();
        assert!(json::read(&written, &again).is_ok(), "what was written cannot be read");
    });
    let _ = program.one(&env, &work);
}
