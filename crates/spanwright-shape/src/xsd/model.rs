//! The order of items: whether a list of them is what a repeating group allows, and how far.
//!
//! XML Schema demands that one element's name alone says which part of a content model it belongs to (unique particle
//! attribution), so that one look ahead decides and nothing is ever tried twice.

use super::graph::Model;
use super::occurs::Occurs;

/// What stands in the list: its route, or a wildcard's element with the space that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An element of the type, by its route.
    Route(u32),
    /// Another element; bit `n` says that the type's wildcard `n` welcomes it.
    Open(u64),
}

/// What a group still wants where its items end or are others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Behind so many items.
    pub(super) at: usize,
    /// Routes, one of which must stand there; empty: open content.
    pub(super) routes: Vec<u32>,
}

impl Model {
    /// Whether nothing at all will do.
    pub(super) fn may_be_empty(&self) -> bool {
        match self {
            Model::Element(_, occurs) | Model::Any(_, occurs) => occurs.least == 0,
            Model::Sequence(parts, occurs) | Model::All(parts, occurs) => occurs.least == 0 || parts.iter().all(Model::may_be_empty),
            Model::Choice(parts, occurs) => occurs.least == 0 || parts.iter().any(Model::may_be_empty),
        }
    }

    /// Whether it can begin with a token.
    fn begins(&self, token: Token) -> bool {
        match self {
            Model::Element(route, occurs) => occurs.most != Some(0) && token == Token::Route(*route),
            Model::Any(wildcard, occurs) => occurs.most != Some(0) && matches!(token, Token::Open(welcome) if welcome >> wildcard & 1 == 1),
            Model::Choice(parts, _) | Model::All(parts, _) => parts.iter().any(|part| part.begins(token)),
            Model::Sequence(parts, _) => {
                let reached = parts.iter().position(|part| !part.may_be_empty()).map_or(parts.len(), |n| n + 1);
                parts[..reached].iter().any(|part| part.begins(token))
            }
        }
    }

    /// How many of the tokens belong to it, from `from` on: as many as it allows.
    pub(super) fn take(&self, tokens: &[Token], from: usize) -> Result<usize, Wanted> {
        match self {
            Model::Element(_, occurs) | Model::Any(_, occurs) => self.leaf(tokens, from, *occurs),
            Model::Sequence(parts, occurs) => self.rounds(tokens, from, *occurs, |mut at| {
                for part in parts {
                    at = part.take(tokens, at)?;
                }
                Ok(at)
            }),
            Model::Choice(parts, occurs) => self.rounds(tokens, from, *occurs, |at| {
                let made = tokens.get(at).and_then(|token| parts.iter().find(|part| part.begins(*token)));
                match made {
                    Some(part) => part.take(tokens, at),
                    None if parts.iter().any(Model::may_be_empty) => Ok(at),
                    None => Err(self.wanted(at)),
                }
            }),
            Model::All(parts, occurs) => self.rounds(tokens, from, *occurs, |at| all(parts, tokens, at)),
        }
    }

    fn leaf(&self, tokens: &[Token], from: usize, occurs: Occurs) -> Result<usize, Wanted> {
        let most = occurs.most.map_or(usize::MAX, |most| most as usize);
        let found = tokens[from..].iter().take(most).take_while(|token| self.begins(**token)).count();
        if found < occurs.least as usize { Err(self.wanted(from + found)) } else { Ok(from + found) }
    }

    fn rounds(
        &self,
        tokens: &[Token],
        from: usize,
        occurs: Occurs,
        round: impl Fn(usize) -> Result<usize, Wanted>,
    ) -> Result<usize, Wanted> {
        let (mut at, mut done) = (from, 0);
        while occurs.most.is_none_or(|most| done < most) {
            let goes_on = tokens.get(at).is_some_and(|token| self.begins(*token));
            if !goes_on && done >= occurs.least {
                break;
            }
            let next = round(at)?;
            done += 1;
            if next == at {
                break;
            }
            at = next;
        }
        Ok(at)
    }

    fn wanted(&self, at: usize) -> Wanted {
        let mut routes = Vec::new();
        self.first(&mut routes);
        Wanted { at, routes }
    }

    fn first(&self, into: &mut Vec<u32>) {
        match self {
            Model::Element(route, _) => into.push(*route),
            Model::Any(..) => {}
            Model::Choice(parts, _) | Model::All(parts, _) => parts.iter().for_each(|part| part.first(into)),
            Model::Sequence(parts, _) => {
                let reached = parts.iter().position(|part| !part.may_be_empty()).map_or(parts.len(), |n| n + 1);
                parts[..reached].iter().for_each(|part| part.first(into));
            }
        }
    }
}

/// Each part at most once, in any order.
fn all(parts: &[Model], tokens: &[Token], mut at: usize) -> Result<usize, Wanted> {
    let mut open: Vec<&Model> = parts.iter().collect();
    while let Some(n) = tokens.get(at).and_then(|token| open.iter().position(|part| part.begins(*token))) {
        at = open.remove(n).take(tokens, at)?;
    }
    match open.iter().find(|part| !part.may_be_empty()) {
        Some(part) => Err(part.wanted(at)),
        None => Ok(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: Occurs = Occurs { least: 0, most: None };
    const MAYBE: Occurs = Occurs { least: 0, most: Some(1) };

    fn one(route: u32) -> Model {
        Model::Element(route, Occurs::ONCE)
    }

    fn check(model: &Model, routes: &[u32], expected: Result<usize, (usize, &[u32])>) {
        let tokens: Vec<Token> = routes.iter().map(|route| Token::Route(*route)).collect();
        let expected = expected.map_err(|(at, routes)| Wanted { at, routes: routes.to_vec() });
        assert_eq!(model.take(&tokens, 0), expected, "{routes:?}");
    }

    #[test]
    fn a_repeating_choice_takes_its_alternatives_in_any_order() {
        let model = Model::Choice(vec![one(0), Model::Sequence(vec![one(1), one(2)], Occurs::ONCE)], MANY);
        check(&model, &[0, 1, 2, 0], Ok(4));
        check(&model, &[], Ok(0));
        check(&model, &[0, 1, 0], Err((2, &[2])));
        check(&model, &[0, 7], Ok(1));
    }

    #[test]
    fn a_repeating_sequence_keeps_what_belongs_together() {
        let model = Model::Sequence(vec![one(0), Model::Element(1, MAYBE)], Occurs { least: 1, most: Some(2) });
        check(&model, &[0, 1, 0], Ok(3));
        check(&model, &[0, 0, 0], Ok(2));
        check(&model, &[1], Err((0, &[0])));
        check(&model, &[], Err((0, &[0])));
    }

    #[test]
    fn all_takes_each_once() {
        let model = Model::All(vec![one(0), Model::Element(1, MAYBE), one(2)], Occurs::ONCE);
        check(&model, &[2, 0], Ok(2));
        check(&model, &[1, 0, 2], Ok(3));
        check(&model, &[0, 0], Err((1, &[2])));
    }
}
