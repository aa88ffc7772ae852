//! Every function of the language, one small file a noun, in one list that parser, checker, evaluator and reference read.
//!
//! A function is either of its input and arguments ([`Makes::Value`]), or another way to write an expression
//! ([`Makes::Form`]: `map(f)` is `[.[] | f]`). What jq has too gives jq's answer; what is ours says so.

mod asked;
mod base64;
mod bounds;
mod by;
pub(crate) mod calendar;
mod case;
mod containment;
mod csv;
mod dates;
mod digests;
mod entries;
mod formats;
mod json;
mod kinds;
mod letters;
mod lists;
pub(crate) mod matches;
mod money;
mod numbers;
mod outputs;
mod pads;
mod patterns;
mod periods;
mod places;
mod quantifiers;
mod strings;
mod trims;
mod types;
mod urls;
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
    &json::FROMJSON,
    &json::TOBOOLEAN,
    &strings::JOIN,
    &strings::SPLIT,
    &strings::STARTSWITH,
    &strings::ENDSWITH,
    &strings::INDEX,
    &places::RINDEX,
    &places::INDICES,
    &places::UTF8BYTELENGTH,
    &strings::EXPLODE,
    &strings::IMPLODE,
    &case::ASCII_DOWNCASE,
    &case::ASCII_UPCASE,
    &letters::DOWNCASE,
    &letters::UPCASE,
    &letters::NORMALIZE,
    &letters::WITHOUT_ACCENTS,
    &trims::TRIM,
    &trims::LTRIM,
    &trims::RTRIM,
    &trims::LTRIMSTR,
    &trims::RTRIMSTR,
    &trims::TRIMSTR,
    &pads::LPAD,
    &pads::RPAD,
    &patterns::TEST,
    &patterns::SUB,
    &patterns::GSUB,
    &matches::MATCH,
    &matches::CAPTURE,
    &matches::SCAN,
    &matches::SPLITS,
    &numbers::TONUMBER,
    &numbers::TOINT,
    &numbers::ROUND,
    &numbers::FLOOR,
    &numbers::CEIL,
    &numbers::ABS,
    &numbers::TRUNC,
    &money::ROUND_EVEN,
    &money::DECIMALS,
    &money::TO_MINOR,
    &money::FROM_MINOR,
    &money::SHARES,
    &lists::LENGTH,
    &lists::ADD,
    &lists::REVERSE,
    &lists::FLATTEN,
    &lists::TRANSPOSE,
    &lists::CHUNKS,
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
    &containment::WITHIN,
    &containment::INSIDE,
    &containment::IN,
    &entries::KEYS,
    &entries::KEYS_UNSORTED,
    &entries::INDEX,
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
    &outputs::SKIP,
    &outputs::NTH,
    &outputs::ISEMPTY,
    &outputs::ERROR,
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
    &kinds::SCALARS,
    &kinds::ITERABLES,
    &xml::TEXT,
    &xml::ATTR,
    &dates::ZONED,
    &dates::DATE,
    &dates::UTC,
    &dates::IN_ZONE,
    &calendar::READ_DATE,
    &calendar::READ_TIME,
    &calendar::WRITE_TIME,
    &periods::PLUS,
    &periods::MINUS,
    &periods::DAYS_TO,
    &periods::SECONDS_TO,
    &periods::WEEKDAY,
    &periods::MONTH_START,
    &periods::MONTH_END,
    &periods::EPOCH,
    &periods::FROM_EPOCH,
    &digests::SHA256,
    &digests::SHA1,
    &digests::MD5,
    &digests::UUID,
    &base64::BASE64URL,
    &base64::BASE64URLD,
    &urls::URL_PARTS,
    &urls::QUERY_PARTS,
    &csv::CSV_ROWS,
    &csv::CSV_RECORDS,
    &csv::CSV_ROW,
    &formats::TEXT,
    &formats::JSON,
    &formats::CSV,
    &formats::TSV,
    &formats::HTML,
    &formats::URI,
    &formats::URID,
    &formats::SH,
    &formats::BASE64,
    &formats::BASE64D,
];

/// The function of a name.
pub fn find(name: &str) -> Option<&'static Function> {
    ALL.iter().copied().find(|function| function.name == name)
}

/// How much longer a function looks at an argument than at its input: a long text that is sought is prepared first.
const ARGUMENT_LOOKS: usize = 32;

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
                let prepared = prepare(lowering, at, &arguments);
                let many = arguments.iter().any(|argument| argument.many);
                lowering.op(at, many, OpKind::Call(self, arguments.into(), prepared))
            }
        }
    }

    /// Its value; forms have none, since they became other nodes.
    pub(crate) fn run<'a>(&self, run: &Run<'a>, dot: Value<'a>, arguments: &[Value<'a>], prepared: &'a Prepared, site: u32) -> Outcome<'a> {
        match &self.makes {
            Makes::Value { run: value, .. } => {
                run.take_looked_at(&dot, 1, site)?;
                for argument in arguments {
                    run.take_looked_at(argument, ARGUMENT_LOOKS, site)?;
                }
                value(&Asked { run, dot, arguments, prepared, site, who: self.name })
            }
            Makes::Form(_) => Ok(dot),
        }
    }
}

fn counted(list: &str) -> usize {
    if list.is_empty() { 0 } else { list.split(';').count() }
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
