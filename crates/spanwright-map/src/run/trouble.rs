//! What went wrong while an expression ran: kinds and places, never a value.

use spanwright_shape::{
    text::Code,
    value::{Kind, Value},
};

use super::{Outcome, Run, Stop};
use crate::codes;

/// What went wrong, and at which node.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The node.
    pub site: u32,
    /// What happened.
    pub what: What,
}

/// A set of kinds, for what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub u8);

/// The ways to fail.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// `who` wants some kinds and got another.
    Kind {
        /// Function or operator.
        who: &'static str,
        /// What it takes.
        wants: Kinds,
        /// What it got.
        got: Kind,
    },
    /// An operator cannot join two kinds.
    Pair(&'static str, Kind, Kind),
    /// A path step into what has no such step.
    Step(Kind, Kind),
    /// A second result where one is wanted.
    Many,
    /// Divided by zero.
    Zero,
    /// A text that is no number.
    NotANumber,
    /// A number with a fraction where a whole one is wanted.
    NotWhole,
    /// A number beyond digits or exponent.
    NumberTooLong,
    /// A text that is no date or date-time.
    NotADate,
    /// A record key that is no text.
    Key(Kind),
    /// An argument out of its bounds.
    Argument(&'static str),
    /// `error(..)`: what it was given, as JSON.
    Raised(String),
    /// Nested deeper than a document may be.
    TooDeep,
    /// [`super::STEPS_MOST`]
    TooManySteps,
    /// [`super::BYTES_MOST`]
    TooManyBytes,
}

impl Trouble {
    /// A stop.
    #[cold]
    pub fn stop(site: u32, what: What) -> Stop {
        Box::new(Trouble { site, what })
    }

    /// Whether `?` may pass over it: a spent budget ends everything.
    pub fn can_be_passed_over(&self) -> bool {
        !matches!(self.what, What::TooManySteps | What::TooManyBytes | What::TooDeep)
    }

    /// Its code.
    pub fn code(&self) -> &'static Code {
        match &self.what {
            What::Kind { .. } | What::Pair(..) | What::Step(..) | What::Key(_) => &codes::RUN_KIND,
            What::Many => &codes::RUN_MANY,
            What::Zero | What::NotANumber | What::NotWhole | What::NumberTooLong => &codes::RUN_NUMBER,
            What::NotADate => &codes::RUN_DATE,
            What::Argument(_) => &codes::RUN_ARGUMENT,
            What::Raised(_) => &codes::RUN_RAISED,
            What::TooDeep | What::TooManySteps | What::TooManyBytes => &codes::RUN_BUDGET,
        }
    }

    /// What happened, in words.
    pub fn says(&self) -> String {
        match &self.what {
            What::Kind { who, wants, got } => format!("`{who}` wants {} and got {}", wants.words(), got.word()),
            What::Pair(sign, left, right) => format!("`{sign}` cannot join {} and {}", left.word(), right.word()),
            What::Step(got, Kind::Number) => format!("{} has no items", got.word()),
            What::Step(got, _) => format!("{} has no fields", got.word()),
            What::Many => "gives a second result where one is wanted".to_string(),
            What::Zero => "divides by zero".to_string(),
            What::NotANumber => "the text is no number".to_string(),
            What::NotWhole => "the number is not a whole one".to_string(),
            What::NumberTooLong => "the number is beyond 1000 digits or an exponent of 1000".to_string(),
            What::NotADate => "the text is no date or date-time".to_string(),
            What::Key(got) => format!("a key must be text and is {}", got.word()),
            What::Argument(says) => (*says).to_string(),
            What::Raised(json) => raised(json),
            What::TooDeep => "the value nests deeper than 128".to_string(),
            What::TooManySteps => format!("takes more than {} steps", super::STEPS_MOST),
            What::TooManyBytes => format!("takes more than {} MiB for one record", super::BYTES_MOST >> 20),
        }
    }
}

/// What `error(..)` was given, where it is text: its author wrote it for people. Other values are not shown.
fn raised(json: &str) -> String {
    let room = spanwright_shape::room::Room::new();
    match spanwright_shape::json::read(json.as_bytes(), &room) {
        Ok(Value::Text(text)) => text.chars().take(RAISED_SHOWN_MOST).collect(),
        _ => "raises a value that is no text".to_string(),
    }
}

/// Characters that are shown of what `error(..)` was given.
const RAISED_SHOWN_MOST: usize = 200;

impl<'a> Run<'a> {
    /// What `catch` sees: what `error(..)` was given, or the failure in words.
    pub(super) fn caught(&self, stop: &Trouble) -> Outcome<'a> {
        let What::Raised(json) = &stop.what else { return self.text(&stop.says(), stop.site).map(Value::Text) };
        let json = self.text(json, stop.site)?;
        spanwright_shape::json::read(json.as_bytes(), self.room()).map_err(|_| Trouble::stop(stop.site, What::TooDeep))
    }
}

impl Kinds {
    /// Only null.
    pub const NULL: Kinds = Kinds(1);
    /// A flag.
    pub const FLAG: Kinds = Kinds(2);
    /// A number.
    pub const NUMBER: Kinds = Kinds(4);
    /// Text.
    pub const TEXT: Kinds = Kinds(8);
    /// A list.
    pub const LIST: Kinds = Kinds(16);
    /// A record.
    pub const RECORD: Kinds = Kinds(32);
    /// Every kind.
    pub const ALL: Kinds = Kinds(63);
    /// No kind.
    pub const NONE: Kinds = Kinds(0);

    const EACH: [(Kinds, Kind); 6] = [
        (Kinds::NULL, Kind::Null),
        (Kinds::FLAG, Kind::Flag),
        (Kinds::NUMBER, Kind::Number),
        (Kinds::TEXT, Kind::Text),
        (Kinds::LIST, Kind::List),
        (Kinds::RECORD, Kind::Record),
    ];

    /// One kind.
    pub fn of(kind: Kind) -> Kinds {
        match kind {
            Kind::Null => Kinds::NULL,
            Kind::Flag => Kinds::FLAG,
            Kind::Number => Kinds::NUMBER,
            Kind::Text => Kinds::TEXT,
            Kind::List => Kinds::LIST,
            Kind::Record => Kinds::RECORD,
        }
    }

    /// Both.
    pub const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// What is in both.
    pub const fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    /// Without some.
    pub const fn without(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are in this.
    pub const fn has(self, other: Kinds) -> bool {
        self.0 & other.0 == other.0
    }

    /// `text`, `a list or null`
    pub fn words(self) -> String {
        let words: Vec<&str> = Self::EACH.iter().filter(|(one, _)| self.has(*one)).map(|(_, kind)| kind.word()).collect();
        match words.split_last() {
            None => "nothing".to_string(),
            Some((last, [])) => (*last).to_string(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }
}
