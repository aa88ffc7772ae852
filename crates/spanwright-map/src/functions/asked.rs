//! What a function is asked, and the ways to take it apart.

use spanwright_shape::{number::Number, value::Value};

use crate::run::{Kinds, Outcome, Run, Stop, Trouble, What};

/// What was made of the arguments when the expression was checked.
#[derive(Debug)]
pub enum Prepared {
    /// Nothing.
    Nothing,
    /// A compiled pattern, and whether its flags say "each".
    Pattern(crate::op::Pattern, bool),
    /// A format of dates that was tried.
    Format(Box<str>),
    /// A period.
    Period(Box<jiff::Span>),
    /// The namespace of a UUID.
    Namespace([u8; 16]),
    /// What stands between two cells of CSV.
    Separator(char),
    /// A time zone.
    Zone(jiff::tz::TimeZone),
}

/// A call that runs.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a, 'r> {
    /// The evaluation, which counts what is spent.
    pub run: &'r Run<'a>,
    /// The input.
    pub dot: Value<'a>,
    /// The arguments.
    pub arguments: &'r [Value<'a>],
    /// What was made beforehand.
    pub prepared: &'a Prepared,
    /// The node.
    pub site: u32,
    /// The function's name.
    pub who: &'static str,
}

impl<'a> Asked<'a, '_> {
    /// The input, which must be text.
    pub fn text(&self) -> Result<&'a str, Stop> {
        match self.dot {
            Value::Text(text) => Ok(text),
            _ => Err(self.wants(Kinds::TEXT)),
        }
    }

    /// The input, which must be a number.
    pub fn number(&self) -> Result<Number<'a>, Stop> {
        match self.dot {
            Value::Number(number) => Ok(number),
            _ => Err(self.wants(Kinds::NUMBER)),
        }
    }

    /// The input, which must be a list.
    pub fn list(&self) -> Result<&'a [Value<'a>], Stop> {
        match self.dot {
            Value::List(items) => Ok(items),
            _ => Err(self.wants(Kinds::LIST)),
        }
    }

    /// An argument, null where it is left out.
    pub fn argument(&self, at: usize) -> Value<'a> {
        self.arguments.get(at).copied().unwrap_or(Value::Null)
    }

    /// An argument, which must be text.
    pub fn argument_text(&self, at: usize) -> Result<&'a str, Stop> {
        match self.argument(at) {
            Value::Text(text) => Ok(text),
            other => Err(self.stop(What::Kind { who: self.who, wants: Kinds::TEXT, got: other.kind() })),
        }
    }

    /// The input has the wrong kind.
    pub fn wants(&self, wants: Kinds) -> Stop {
        self.stop(What::Kind { who: self.who, wants, got: self.dot.kind() })
    }

    /// It cannot be done.
    pub fn stop(&self, what: What) -> Stop {
        Trouble::stop(self.site, what)
    }

    /// A text made, in the room.
    pub fn made_text(&self, text: &str) -> Outcome<'a> {
        self.run.text(text, self.site).map(Value::Text)
    }
}
