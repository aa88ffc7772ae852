//! A large answer in pieces: the one repeated element item by item, so that 200 MB need no more memory than 200 KB.
//!
//! The one idea: the document *without* its items is small, and some items *inside* of that document are a small document
//! as well. So the [`Cutter`] takes the stream apart by its tags alone, and every piece that it gives is a whole envelope
//! which goes the way of every answer: the hardened reader, the type graph, the same rules. Nothing is decoded twice and
//! no rule is written twice.
//!
//! Always: a piece holds whole items in their order; where the stream is cut, the whole items before the cut come first
//! and then the fault. Time is linear in the bytes, memory is bounded by [`ITEM_BYTES_MOST`] and [`REST_BYTES_MOST`].

mod scan;
#[cfg(test)]
mod tests;

use std::io::BufRead;

use scan::{Kind, Scanner};

use crate::http::answer::BodyFault;

/// Bytes of items that are gathered before they are handed on, at least.
const PIECE_BYTES: usize = 256 << 10;
/// Items in one piece.
pub(super) const PIECE_ITEMS_MOST: usize = 200;
/// Bytes of one item of a list that is read in pieces.
pub const ITEM_BYTES_MOST: usize = 16 << 20;
/// Bytes of what an answer holds beside the items of such a list.
pub const REST_BYTES_MOST: usize = 4 << 20;
/// Lists of one answer that are read in pieces; items of further ones are part of the rest.
const LISTS_MOST: usize = 64;
/// Elements above the answer's own: the Envelope, the Body, and the one in the Body.
const ABOVE: usize = 3;

/// A part of an answer, as a document of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The envelope so far with some items in it, and every open element closed.
    Items(Vec<u8>),
    /// The envelope without the items that came before; the last.
    Rest(Vec<u8>),
}

/// Takes an answer apart.
pub(crate) struct Cutter<'r, 'l> {
    from: Scanner<'r>,
    /// Local names from the element in the Body down to the repeated one.
    list: Vec<&'l str>,
    /// Elements around that: the Envelope, the Body, and the one in the Body, or none.
    around: usize,
    /// All that is no item.
    rest: Vec<u8>,
    /// Names of the open elements that are in no item.
    open: Vec<Vec<u8>>,
    items: Vec<u8>,
    /// Bytes of `items` that are whole items, and how many.
    whole: (usize, usize),
    /// Bytes of the rest in front of the first of them.
    before: usize,
    /// Open elements of the item that is being read.
    depth: usize,
    /// An item was seen under the innermost open element.
    among_items: bool,
    /// Elements that may hold the list and ended.
    lists: usize,
}

impl<'r, 'l> Cutter<'r, 'l> {
    pub(crate) fn new(body: &'r mut dyn BufRead, list: &[&'l str]) -> Cutter<'r, 'l> {
        Cutter::of(body, list.to_vec(), ABOVE)
    }

    /// Of a document that is no envelope: local names from its root down to the repeated element.
    pub(crate) fn document(body: &'r mut dyn BufRead, list: Vec<&'l str>) -> Cutter<'r, 'l> {
        Cutter::of(body, list, 0)
    }

    fn of(body: &'r mut dyn BufRead, list: Vec<&'l str>, around: usize) -> Cutter<'r, 'l> {
        let (rest, open, items) = (Vec::new(), Vec::new(), Vec::new());
        Cutter {
            from: Scanner::new(body),
            list,
            around,
            rest,
            open,
            items,
            whole: (0, 0),
            before: 0,
            depth: 0,
            among_items: false,
            lists: 0,
        }
    }

    /// Whether tags can be found before the text is decoded: in all encodings but UTF-16.
    ///
    /// # Errors
    /// The stream broke before its first bytes.
    pub(super) fn can_cut(&mut self) -> Result<bool, BodyFault> {
        let first = self.from.look(2)?;
        Ok(!matches!(first, [0xFF, 0xFE] | [0xFE, 0xFF] | [b'<', 0] | [0, b'<']))
    }

    /// The whole stream from its first byte on, where nothing was cut yet.
    pub(super) fn uncut(self) -> impl BufRead + use<'r, 'l> {
        self.from.into_stream()
    }

    /// The next part. After [`Cut::Rest`] or an error there is none.
    ///
    /// # Errors
    /// The stream broke, or a bound was passed; the whole items before that were given out.
    pub(crate) fn next(&mut self) -> Result<Cut, BodyFault> {
        loop {
            if self.is_full() {
                return Ok(self.piece());
            }
            match self.from.token() {
                Ok(Some(kind)) if self.closes_list(kind) => return Ok(self.piece()),
                Ok(Some(kind)) => self.take(kind)?,
                Ok(None) | Err(_) if self.whole.1 > 0 => return Ok(self.piece()),
                Ok(None) => return Ok(Cut::Rest(std::mem::take(&mut self.rest))),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// A piece is at least as large as what is written around it again and again, so that the whole stays linear.
    fn is_full(&self) -> bool {
        let (bytes, items) = self.whole;
        bytes >= self.before && (items >= PIECE_ITEMS_MOST || bytes >= PIECE_BYTES)
    }

    /// Elements above the items.
    fn above(&self) -> usize {
        self.around + self.list.len() - 1
    }

    /// What the elements around an item declare holds for it: it goes out before the innermost of them ends.
    fn closes_list(&self, kind: Kind) -> bool {
        kind == Kind::End && self.depth == 0 && self.whole.1 > 0 && self.open.len() == self.above()
    }

    fn piece(&mut self) -> Cut {
        let mut document = Vec::with_capacity(self.before + self.whole.0 + 256);
        document.extend_from_slice(&self.rest[..self.before]);
        document.extend_from_slice(&self.items[..self.whole.0]);
        for name in self.open[..self.above()].iter().rev() {
            document.extend_from_slice(b"</");
            document.extend_from_slice(name);
            document.push(b'>');
        }
        self.items.drain(..self.whole.0);
        self.whole = (0, 0);
        Cut::Items(document)
    }

    fn take(&mut self, kind: Kind) -> Result<(), BodyFault> {
        match (self.depth, kind) {
            (0, Kind::Start | Kind::Empty) if self.is_item() => {
                self.among_items = true;
                if self.whole.1 == 0 {
                    self.before = self.rest.len();
                }
                self.add_to_item(kind)?;
            }
            (0, Kind::Start) => {
                self.open.push(self.from.name().to_vec());
                self.among_items = false;
                self.add_to_rest()?;
            }
            (0, Kind::End) => {
                self.lists += usize::from(self.open.len() == self.above());
                self.open.pop();
                self.among_items = false;
                self.add_to_rest()?;
            }
            (0, Kind::Text) if self.among_items && self.from.bytes().trim_ascii().is_empty() => {}
            (0, _) => self.add_to_rest()?,
            (_, kind) => self.add_to_item(kind)?,
        }
        self.from.consume();
        Ok(())
    }

    fn is_item(&self) -> bool {
        let (Some((last, above)), true) = (self.list.split_last(), self.open.len() == self.above()) else { return false };
        let named = |at: usize, wanted: &str| local(&self.open[at]) == wanted.as_bytes();
        self.lists < LISTS_MOST
            && local(self.from.name()) == last.as_bytes()
            && (self.around == 0 || named(0, "Envelope") && named(1, "Body") && !named(2, "Fault"))
            && above.iter().enumerate().all(|(n, wanted)| named(self.around + n, wanted))
    }

    fn add_to_item(&mut self, kind: Kind) -> Result<(), BodyFault> {
        self.items.extend_from_slice(self.from.bytes());
        match kind {
            Kind::Start => self.depth += 1,
            Kind::End => self.depth -= 1,
            Kind::Empty | Kind::Text | Kind::Other => {}
        }
        if self.items.len() - self.whole.0 > ITEM_BYTES_MOST {
            return Err(BodyFault::TooLarge(ITEM_BYTES_MOST));
        }
        if self.depth == 0 {
            self.whole = (self.items.len(), self.whole.1 + 1);
        }
        Ok(())
    }

    fn add_to_rest(&mut self) -> Result<(), BodyFault> {
        self.rest.extend_from_slice(self.from.bytes());
        if self.rest.len() > REST_BYTES_MOST { Err(BodyFault::TooLarge(REST_BYTES_MOST)) } else { Ok(()) }
    }
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    name.iter().position(|byte| *byte == b':').map_or(name, |at| &name[at + 1..])
}
