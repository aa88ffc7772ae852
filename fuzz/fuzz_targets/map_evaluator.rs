//! An expression, a line break, and JSON: whatever is accepted runs to its end, within its budget, and gives valid JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spanwright_map::{Env, Program};
use spanwright_shape::{json, room::Room};

fuzz_target!(|bytes: &str| {
    let (text, input) = bytes.split_once('\n').unwrap_or((bytes, "null"));
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
});
