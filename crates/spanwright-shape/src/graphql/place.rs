//! Places in a GraphQL file: its parser counts lines and columns, we count bytes.

use graphql_parser::Pos;

use crate::text::{FileId, Span};

/// A file that is being read.
pub(super) struct Source<'s> {
    pub file: FileId,
    pub text: &'s str,
}

impl Source<'_> {
    /// The first `name` from a position on.
    pub fn at(&self, position: Pos, name: &str) -> Span {
        let from = self.byte(position);
        let found = self.text.get(from..).and_then(|rest| rest.find(name)).filter(|_| !name.is_empty());
        let from = found.map_or(from, |more| from + more);
        let to = (from + name.len().max(1)).min(self.text.len().max(from));
        Span { file: self.file, from: from as u32, to: to as u32 }
    }

    /// Where a parser stopped, which it says in words: `Parse error at 3:7`.
    pub fn where_it_stopped(&self, words: &str) -> Span {
        let mut numbers = words.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse::<usize>().ok());
        let position = Pos { line: numbers.next().unwrap_or(1), column: numbers.next().unwrap_or(1) };
        self.at(position, "")
    }

    fn byte(&self, position: Pos) -> usize {
        let mut before = 0;
        for line in self.text.split_inclusive('\n').take(position.line.saturating_sub(1)) {
            before += line.len();
        }
        let line = self.text.get(before..).unwrap_or_default();
        let inside = line.char_indices().nth(position.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
        before + inside
    }
}
