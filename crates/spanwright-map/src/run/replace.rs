//! `sub` and `gsub`: literal patterns by comparison, others by an engine that is linear in the text.

use std::ops::Range;

use spanwright_shape::value::Value;

use super::{Frame, Given, Kinds, Run, Stop, Trouble, What};
use crate::op::{OpKind, Pattern, Replace};

impl<'a> Run<'a> {
    pub(super) fn replaced(&self, replace: &'a Replace, frame: Frame<'a>, site: u32) -> Given<'a> {
        let Value::Text(text) = frame.dot else {
            let who = if replace.all { "gsub" } else { "sub" };
            return Err(Trouble::stop(site, What::Kind { who, wants: Kinds::TEXT, got: frame.dot.kind() }));
        };
        let found = self.found(replace, text, site)?;
        if found.is_empty() {
            return Ok(Some(frame.dot));
        }
        let mut made: Vec<&'a str> = Vec::with_capacity(found.len() * 2 + 1);
        let mut behind = 0;
        for (place, groups) in found {
            let with = match &replace.with.kind {
                OpKind::Literal(literal) => Some(literal.value()),
                _ => self.one(&replace.with, frame.with_dot(groups))?,
            };
            let Some(with) = with else { return Ok(None) };
            let Value::Text(with) = with else {
                return Err(Trouble::stop(site, What::Kind { who: "sub", wants: Kinds::TEXT, got: with.kind() }));
            };
            made.extend([&text[behind..place.start], with]);
            behind = place.end;
        }
        made.push(&text[behind..]);
        self.joined(&made, site).map(Some)
    }

    /// Where the pattern stands, and the named groups there.
    fn found(&self, replace: &'a Replace, text: &'a str, site: u32) -> Result<Vec<(Range<usize>, Value<'a>)>, Stop> {
        self.take_text(text.len(), site)?;
        let most = if replace.all { usize::MAX } else { 1 };
        let mut found = Vec::new();
        match &replace.pattern {
            Pattern::Literal(sought) => {
                for (at, _) in text.match_indices(&**sought).take(most) {
                    self.take_items(1, site)?;
                    found.push((at..at + sought.len(), Value::Record(&[])));
                }
            }
            Pattern::Expression(expression) => {
                let mut at = 0;
                while found.len() < most
                    && let Some(groups) = expression.captures_at(text, at)
                {
                    self.take_items(1, site)?;
                    let Some(whole) = groups.get(0) else { break };
                    let mut named = Vec::new();
                    for name in expression.capture_names().flatten() {
                        named.push((name, groups.name(name).map_or(Value::Null, |group| Value::Text(group.as_str()))));
                    }
                    found.push((whole.range(), self.record(&named, site)?));
                    let Some(next) = behind(text, whole.range()) else { break };
                    at = next;
                }
            }
        }
        Ok(found)
    }
}

/// Where to look next: behind the match, and one character further where it was empty. An empty match may follow a longer one at once, as in jq.
fn behind(text: &str, found: Range<usize>) -> Option<usize> {
    if !found.is_empty() {
        return Some(found.end);
    }
    text[found.end..].chars().next().map(|next| found.end + next.len_utf8())
}
