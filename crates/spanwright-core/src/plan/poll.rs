//! An operation that is asked again and again: pages, cursor, files, queues.

use std::{sync::Arc, time::Duration};

use spanwright_map::{Mapping, Program};

/// An operation that is asked again and again.
pub struct Poll {
    /// The system's number.
    pub system: usize,
    /// The operation's number.
    pub operation: usize,
    /// From the end of one to the start of the next.
    pub every: Duration,
    /// Parameters, beside the two below.
    pub with: Option<Mapping>,
    /// Pages.
    pub pages: Option<Pages>,
    /// The items of a page; `None`: the page is the item.
    pub each: Option<Program>,
    /// How far it has read.
    pub cursor: Option<CursorRule>,
    /// It reads files: each of their rows is an item.
    pub files: Option<FilesRule>,
    /// It reads a queue: each of its messages is an item, and so many may be on their way to us.
    pub queue: Option<u16>,
}

/// `files:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesRule {
    /// So long nobody has touched a file that is read, as two looks at it say.
    pub settle: Duration,
    /// Where files go that were read.
    pub done: Arc<str>,
    /// Where those go that cannot be read.
    pub failed: Arc<str>,
}

/// `pages:`
pub struct Pages {
    /// The parameter that takes the next page's token; `url` takes its address.
    pub into: Arc<str>,
    /// How it is found.
    pub next: NextPage,
}

/// `pages:` of a call: all of them are one answer.
pub struct Gather {
    /// How the next one is asked for.
    pub pages: Pages,
    /// The keys that lead to the list of a page; none where a page is a list.
    pub list: Vec<Arc<str>>,
}

/// How the next page is found.
pub enum NextPage {
    /// `take:` the token in a page; absent, null or "" ends.
    Token(Program),
    /// `count:` by number; a page without items ends.
    Counted {
        /// The first page's number.
        from: u64,
        /// What it grows by.
        by: CountBy,
        /// Items of a full page: one with fewer ends too.
        full: Option<u64>,
    },
    /// `link: next`, of the header `link` (RFC 8288).
    Link,
}

/// What the number of a page counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountBy {
    /// `page=3`
    Pages,
    /// `offset=300`
    Items,
}

/// Pages of one round of a poll: more are taken for a circle.
pub const ROUND_PAGES_MOST: u32 = 100_000;

/// `cursor: { into, take, start, overlap }`
pub struct CursorRule {
    /// The parameter that takes the cursor.
    pub into: Arc<str>,
    /// The cursor of an item; the greatest one moves it.
    pub take: Program,
    /// Where it begins: JSON.
    pub start: Arc<[u8]>,
    /// How far it reads again behind itself.
    pub overlap: Duration,
}
