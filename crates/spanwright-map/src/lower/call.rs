//! Calls: a name is a function of ours, a part of jq that is refused, a bare word, or nothing at all.

use spanwright_shape::text::near;

use super::{Lowering, Place};
use crate::{
    codes, functions,
    op::{Op, OpKind},
    syntax::{Tree, refused},
};

impl Lowering<'_> {
    pub(super) fn call(&mut self, at: Place, name: &str, arguments: &[Tree]) -> Op {
        if let Some(function) = functions::find(name) {
            return self.known(at, function, arguments);
        }
        match refused::instead_of(name) {
            Some(instead) => {
                self.fault(&codes::REFUSED, at, format!("`{name}` is part of jq and not of this language"), instead.to_string())
            }
            None if arguments.is_empty() && at.to - at.from == self.whole && (functions::near(name).is_none() || self.is_field(name)) => {
                self.bare_word(at, name);
            }
            None => self.unknown(at, name),
        }
        for argument in arguments {
            self.lower(argument);
        }
        self.op(at, false, OpKind::Empty)
    }

    fn is_field(&self, name: &str) -> bool {
        self.fields.iter().any(|field| *field.name == *name)
    }

    fn bare_word(&mut self, at: Place, name: &str) {
        let help = match near(name, self.fields.iter().map(|field| &*field.name)) {
            Some(field) => format!("a field of the source is `.{field}`, a constant is `{{ value: {name} }}`"),
            None => format!("a constant is `{{ value: {name} }}`, a field of the source is `.{name}`"),
        };
        self.fault(&codes::BARE_WORD, at, format!("`{name}` is a bare word where an expression belongs"), help);
    }

    fn unknown(&mut self, at: Place, name: &str) {
        let help = match (functions::near(name), near(name, self.fields.iter().map(|field| &*field.name))) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(field)) => format!("a field of the source is `.{field}`"),
            (None, None) => format!("a text stands in quotes: `\"{name}\"`; a field of the source is `.{name}`"),
        };
        let name_only = Place { from: at.from, to: at.from + name.len() };
        self.fault(&codes::UNKNOWN_FUNCTION, name_only, format!("there is no function `{name}`"), help);
    }

    fn known(&mut self, at: Place, function: &'static functions::Function, arguments: &[Tree]) -> Op {
        if !function.takes_so_many(arguments.len()) {
            self.fault(&codes::ARGUMENTS, at, format!("`{}` does not take {}", function.name, counted(arguments.len())), function.usage());
        }
        let arguments: Vec<Op> = arguments.iter().map(|argument| self.lower(argument)).collect();
        if !function.takes_so_many(arguments.len()) {
            return self.op(at, false, OpKind::Empty);
        }
        function.lower(self, at, arguments)
    }
}

fn counted(arguments: usize) -> String {
    match arguments {
        0 => "no argument".to_string(),
        1 => "1 argument".to_string(),
        more => format!("{more} arguments"),
    }
}
