//! Items in the order in which they stand, where their group allows it; text between them where the type is mixed.

use crate::value::Value;

use super::record::Open;
use super::{EncodeFault, Encoding};
use crate::xsd::graph::{Complex, Model};
use crate::xsd::model::{Token, Wanted};

impl<'s> Encoding<'s, '_> {
    /// Writes as many of the items as one group takes.
    pub(super) fn items(&mut self, member: u32, model: &'s Model, open: &Open<'s>, needed: bool) -> Result<(), EncodeFault> {
        let complex = open.complex;
        let key = &*complex.members[member as usize].key;
        let values = self.values(open, member);
        let from = self.written_of(open, member);
        let (tokens, places) = self.tokens(complex, key, values, from)?;
        let taken = match model.take(&tokens, 0) {
            Ok(taken) => taken,
            Err(_) if !needed && tokens.is_empty() => 0,
            Err(wanted) => return self.within(key, None, |this| this.fault(missing(complex, &wanted))),
        };
        // Text behind the last element belongs to it.
        let to = places.get(taken).copied().unwrap_or(values.len());
        for (n, value) in values.iter().enumerate().take(to).skip(from) {
            self.within(key, Some(n), |this| this.item(complex, *value))?;
        }
        self.count_written(open, member, to);
        Ok(())
    }

    /// What the items from `from` on are to the model, and where each stands; text is nothing to it.
    fn tokens(
        &mut self,
        complex: &'s Complex,
        key: &'s str,
        values: &'s [Value<'s>],
        from: usize,
    ) -> Result<(Vec<Token>, Vec<usize>), EncodeFault> {
        let (mut tokens, mut places) = (Vec::new(), Vec::new());
        for (n, value) in values.iter().enumerate().skip(from) {
            let name = match value {
                Value::Text(_) if complex.mixed => continue,
                Value::Record([(name, _)]) => *name,
                _ => return self.within(key, Some(n), |this| this.fault("an item is a record of one key")),
            };
            let Some(token) = self.token(complex, name) else {
                let known = complex.routes.iter().filter(|route| route.item).map(|route| &*route.key);
                let near = crate::text::did_you_mean(name, known).map(|near| format!("; {near}")).unwrap_or_default();
                return self.within(key, Some(n), |this| this.fault(format!("the schema has no `{name}` here{near}")));
            };
            tokens.push(token);
            places.push(n);
        }
        Ok((tokens, places))
    }

    fn token(&self, complex: &Complex, name: &str) -> Option<Token> {
        if let Some(route) = complex.routes.iter().position(|route| route.item && *route.key == *name) {
            return Some(Token::Route(route as u32));
        }
        let wildcards = complex.item_wildcards.iter().take(64).enumerate();
        let welcome = wildcards.filter(|(_, wildcard)| self.welcomes(wildcard, name)).fold(0u64, |bits, (n, _)| bits | 1 << n);
        (welcome != 0).then_some(Token::Open(welcome))
    }

    fn item(&mut self, complex: &'s Complex, value: Value<'s>) -> Result<(), EncodeFault> {
        match value {
            Value::Text(text) => {
                let written = self.writer.text(text);
                self.said(written)
            }
            Value::Record([(name, inner)]) => match complex.routes.iter().find(|route| route.item && *route.key == **name) {
                Some(route) => {
                    let element = self.graph.element(route.element);
                    self.within(name, None, |this| this.element(element, *inner))
                }
                None => {
                    let typed =
                        complex.item_wildcards.iter().find(|wildcard| self.welcomes(wildcard, name)).is_none_or(|wildcard| wildcard.typed);
                    self.named(name, *inner, typed)
                }
            },
            _ => self.fault("an item is a record of one key"),
        }
    }
}

fn missing(complex: &Complex, wanted: &Wanted) -> String {
    let names: Vec<&str> = wanted.routes.iter().map(|route| &*complex.routes[*route as usize].key).collect();
    match names.as_slice() {
        [] => format!("an element is missing at [{}]", wanted.at),
        [one] => format!("`{one}` is missing at [{}]", wanted.at),
        _ => format!("one of {} is missing at [{}]", names.join(", "), wanted.at),
    }
}
