//! Every function of the language, one small file a noun, in one list that parser, checker, evaluator and reference read.
//!
//! A function is either of its input and arguments ([`Makes::Value`]), or another way to write an expression
//! ([`Makes::Form`]: `map(f)` is `[.[] | f]`). What jq has too gives jq's answer; what is ours says so.

mod asked;
mod bounds;
mod by;
mod case;
mod containment;
mod dates;
mod entries;
mod kinds;
mod lists;
mod numbers;
mod outputs;
mod patterns;
mod quantifiers;
mod strings;
mod trims;
mod types;
mod xml;

use spanwright_shape::{text, value::Value};

pub use asked::{Asked, Prepared};
pub use kinds::word;
pub use types::{Makes, Nulls, Result, Types};

use crate::{
    lower::{Lowering, Place},
    op::{Op, OpKind},
    run::{Outcome, Run},
};

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Argument lists that it takes, as they are written: `""`, `"f"`, `"from; to"`.
    pub takes: &'static [&'static str],
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// Program, input and output; a test runs it.
    pub example: [&'static str; 3],
    /// Whether jq has it not.
    pub ours: bool,
    /// How it works.
    pub makes: Makes,
}

/// The list, in the order of the reference.
pub static ALL: &[&Function] = &[
    &strings::TOSTRING,
    &strings::TOJSON,
    &strings::JOIN,
    &strings::SPLIT,
    &strings::STARTSWITH,
    &strings::ENDSWITH,
    &strings::INDEX,
    &strings::EXPLODE,
    &case::ASCII_DOWNCASE,
    &case::ASCII_UPCASE,
    &trims::TRIM,
    &trims::LTRIM,
    &trims::RTRIM,
    &trims::LTRIMSTR,
    &trims::RTRIMSTR,
    &patterns::TEST,
    &patterns::SUB,
    &patterns::GSUB,
    &numbers::TONUMBER,
    &numbers::TOINT,
    &numbers::ROUND,
    &numbers::FLOOR,
    &numbers::CEIL,
    &numbers::ABS,
    &lists::LENGTH,
    &lists::ADD,
    &lists::REVERSE,
    &lists::FLATTEN,
    &by::SORT,
    &by::SORT_BY,
    &by::UNIQUE,
    &by::UNIQUE_BY,
    &by::GROUP_BY,
    &bounds::MIN,
    &bounds::MAX,
    &bounds::MIN_BY,
    &bounds::MAX_BY,
    &containment::CONTAINS,
    &containment::HAS,
    &containment::IN,
    &entries::KEYS,
    &entries::TO_ENTRIES,
    &entries::FROM_ENTRIES,
    &entries::WITH_ENTRIES,
    &outputs::MAP,
    &outputs::MAP_VALUES,
    &outputs::SELECT,
    &outputs::EMPTY,
    &outputs::FIRST,
    &outputs::LAST,
    &outputs::LIMIT,
    &outputs::RANGE,
    &quantifiers::NOT,
    &quantifiers::ANY,
    &quantifiers::ALL,
    &kinds::TYPE,
    &kinds::VALUES,
    &kinds::NULLS,
    &kinds::STRINGS,
    &kinds::NUMBERS,
    &kinds::BOOLEANS,
    &kinds::ARRAYS,
    &kinds::OBJECTS,
    &xml::TEXT,
    &xml::ATTR,
    &dates::ZONED,
    &dates::DATE,
    &dates::UTC,
];

/// The function of a name.
pub fn find(name: &str) -> Option<&'static Function> {
    ALL.iter().copied().find(|function| function.name == name)
}

/// The name nearest to one that is none.
pub fn near(name: &str) -> Option<&'static str> {
    text::near(name, ALL.iter().map(|function| function.name))
}

impl Function {
    /// Whether it takes so many arguments.
    pub fn takes_so_many(&self, arguments: usize) -> bool {
        self.takes.iter().any(|list| counted(list) == arguments)
    }

    /// `write `join(separator)``
    pub fn usage(&self) -> String {
        let forms =
            self.takes.iter().map(|list| if list.is_empty() { format!("`{}`", self.name) } else { format!("`{}({list})`", self.name) });
        format!("write {}", forms.collect::<Vec<_>>().join(" or "))
    }

    /// The node of a call; the number of arguments is right.
    pub fn lower(&'static self, lowering: &mut Lowering<'_>, at: Place, arguments: Vec<Op>) -> Op {
        match &self.makes {
            Makes::Form(form) => form(lowering, at, arguments),
            Makes::Value { prepare, .. } => {
                single_arguments(self, lowering, at, &arguments);
                let prepared = prepare(lowering, at, &arguments);
                lowering.op(at, false, OpKind::Call(self, arguments.into(), prepared))
            }
        }
    }

    /// Its value; forms have none, since they became other nodes.
    pub(crate) fn run<'a>(&self, run: &Run<'a>, dot: Value<'a>, arguments: &[Value<'a>], prepared: &'a Prepared, site: u32) -> Outcome<'a> {
        match &self.makes {
            Makes::Value { run: value, .. } => value(&Asked { run, dot, arguments, prepared, site, who: self.name }),
            Makes::Form(_) => Ok(dot),
        }
    }
}

fn counted(list: &str) -> usize {
    if list.is_empty() { 0 } else { list.split(';').count() }
}

/// jq would try each result of an argument; here an argument gives one.
fn single_arguments(function: &Function, lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) {
    if arguments.iter().any(|argument| argument.many) {
        let says = format!("an argument of `{}` may give one result only", function.name);
        lowering.fault(&crate::codes::MANY, at, says, "take one: `first(..)`".to_string());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Env, Program};
    use spanwright_shape::{json, room::Room};

    #[test]
    fn every_example_gives_what_it_says() {
        for function in ALL {
            let [program, input, output] = function.example;
            let (room, work) = (Room::new(), Room::new());
            let env = Env { dot: json::read(input.as_bytes(), &room).unwrap(), names: &[] };
            let program = Program::of(program).unwrap_or_else(|| panic!("{program} is refused"));
            let mut written = Vec::new();
            program.each(&env, &work, &mut |value| json::write(&value, &mut written)).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), output, "{}", function.name);
        }
    }

    #[test]
    fn names_are_unique_and_none_is_refused() {
        for (n, function) in ALL.iter().enumerate() {
            assert!(ALL[..n].iter().all(|other| other.name != function.name), "{} twice", function.name);
            assert!(crate::refused::instead_of(function.name).is_none(), "{} is refused", function.name);
        }
    }
}
