//! `sub` and `gsub`: literal patterns by comparison, others by an engine that is linear in the text.

use spanwright_shape::value::Value;

use super::{Frame, Given, Kinds, Run, Trouble, What};
use crate::{
    functions::matches,
    op::{OpKind, Replace},
};

impl<'a> Run<'a> {
    pub(super) fn replaced(&self, replace: &'a Replace, frame: Frame<'a>, site: u32) -> Given<'a> {
        let Value::Text(text) = frame.dot else {
            let who = if replace.all { "gsub" } else { "sub" };
            return Err(Trouble::stop(site, What::Kind { who, wants: Kinds::TEXT, got: frame.dot.kind() }));
        };
        let found = matches::found(self, &replace.pattern, replace.all, text, site)?;
        if found.is_empty() {
            return Ok(Some(frame.dot));
        }
        let mut made: Vec<&'a str> = Vec::with_capacity(found.len() * 2 + 1);
        let mut behind = 0;
        for found in found {
            let place = found.range.clone();
            let with = match &replace.with.kind {
                OpKind::Literal(literal) => Some(literal.value()),
                _ => {
                    let groups = matches::named(self, &replace.pattern, found.groups.as_ref(), site)?;
                    self.one(&replace.with, frame.with_dot(groups))?
                }
            };
            let Some(with) = with else { return Ok(None) };
            // jq adds null in silence.
            let with = if matches!(with, Value::Null) { Value::Text("") } else { with };
            let Value::Text(with) = with else {
                return Err(Trouble::stop(site, What::Kind { who: "sub", wants: Kinds::TEXT, got: with.kind() }));
            };
            made.extend([&text[behind..place.start], with]);
            behind = place.end;
        }
        made.push(&text[behind..]);
        self.joined(&made, site).map(Some)
    }
}
