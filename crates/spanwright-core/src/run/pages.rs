//! Pages: how the next one is found, and how those of a call become one answer.
//!
//! A poll takes each page in as it comes. A call waits for all of them: their lists are joined, and what stands beside
//! the list is that of the last page. What was read so far ([`Gathered`]) is in memory alone: whoever loses it begins with
//! the first page again, so only what reads is read page by page.

use std::sync::Arc;

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::intake::{bytes, is_empty, value};
use crate::{
    codes,
    plan::{CountBy, Gather, NextPage, Pages},
};

/// Pages of one answer to a call: more are taken for a circle.
pub const CALL_PAGES_MOST: u32 = 1_000;
/// Bytes of one answer to a call, all of its pages together: the journal keeps it.
pub const CALL_BYTES_MOST: usize = 16 << 20;

/// The token of the page behind one, JSON; `asked` is that page's own. `None`: it is the last.
///
/// # Errors
/// `take:` failed: the page is not what the project expects.
pub fn next(pages: &Pages, asked: Option<&[u8]>, items: u64, page: &Value<'_>) -> Result<Option<Arc<[u8]>>, Failure> {
    let room = Room::new();
    Ok(match &pages.next {
        NextPage::Token(take) => value(take, page, &room)?.filter(|token| !is_empty(token)).map(|token| bytes(&token)),
        NextPage::Counted { from, by, full } => counted(asked, items, *from, *by, *full),
        // The link stands beside the answer.
        NextPage::Link => None,
    })
}

/// The number of the page behind one whose number was `asked`.
fn counted(asked: Option<&[u8]>, items: u64, from: u64, by: CountBy, full: Option<u64>) -> Option<Arc<[u8]>> {
    let here = asked.and_then(|asked| std::str::from_utf8(asked).ok()?.parse().ok()).unwrap_or(from);
    let step = match by {
        CountBy::Pages => 1,
        CountBy::Items => items,
    };
    let is_last = items == 0 || full.is_some_and(|full| items < full);
    (!is_last).then(|| here.saturating_add(step).to_string().into_bytes().into())
}

/// The token of a page whose address stood beside the one before it.
pub fn linked(address: &str) -> Arc<[u8]> {
    bytes(&Value::Text(address))
}

/// The parameter that asks for the page of this token; of the first one only where pages are counted.
pub fn parameter<'a>(pages: &'a Pages, token: Option<&[u8]>, room: &'a Room) -> Option<(&'a str, Value<'a>)> {
    let first = match &pages.next {
        NextPage::Counted { from, .. } => Some(from.to_string()),
        NextPage::Token(_) | NextPage::Link => None,
    };
    let token = token.or(first.as_deref().map(str::as_bytes))?;
    let token = room.bump().alloc_slice_copy(token);
    Some((&pages.into, json::read(token, room).unwrap_or(Value::Null)))
}

/// The parameters of a call with that of its page.
pub fn with_page(pages: &Pages, token: Option<&[u8]>, with: &[u8]) -> Vec<u8> {
    let room = Room::new();
    let (Ok(Value::Record(fields)), Some(page)) = (json::read(with, &room), parameter(pages, token, &room)) else { return with.to_vec() };
    let mut fields: Vec<_> = fields.iter().copied().filter(|(name, _)| *name != page.0).collect();
    fields.push(page);
    bytes(&Value::Record(&fields)).to_vec()
}

/// What was read of an answer that goes on.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The token of the page to be asked for, JSON.
    pub next: Arc<[u8]>,
    /// Its server may go on by itself under one token, as the page before it had, or as nobody knows yet: what was asked for and not heard
    /// cannot be asked for again.
    pub goes_on_by_itself: bool,
    /// Pages that were read.
    pub pages: u32,
    /// Bytes of their items.
    pub bytes: usize,
    /// The items of each page as JSON, with commas between them.
    items: Vec<Arc<[u8]>>,
    /// The last of them without its items.
    frame: Arc<Frame>,
}

/// An answer without the items of its list.
#[derive(Clone, Debug, Default)]
struct Frame {
    before: Vec<u8>,
    behind: Vec<u8>,
}

/// What a page makes of an answer.
pub enum Gathering {
    /// There is more.
    More(Arc<Gathered>),
    /// That is all: the answer as JSON.
    Whole(Vec<u8>),
}

/// Adds a page to what was read before it. `link` is the address that stood beside it.
///
/// # Errors
/// It is not what the project expects, or there are too many of them.
pub fn gather(rule: &Gather, so_far: Option<&Gathered>, link: Option<&str>, page: &[u8]) -> Result<Gathering, Failure> {
    let here = so_far.map_or(0, |so_far| so_far.pages) + 1;
    let told = |why: Failure| Failure { says: format!("page {here}: {}", why.says), ..why };
    let room = Room::new();
    let answer =
        json::read(page, &room).map_err(|fault| told(Failure::new(&codes::EXPRESSION, format!("it is no JSON: {}", fault.says))))?;
    if let Value::Null = answer {
        // An outcome that says `none`: behind the last page there is nothing.
        return Ok(Gathering::Whole(so_far.map_or_else(|| page.to_vec(), |so_far| whole(&so_far.items, &so_far.frame))));
    }
    let (items, count) = items_in(&answer, &rule.list).map_err(told)?;
    let asked = so_far.map(|so_far| &*so_far.next);
    let next = match link.filter(|_| matches!(rule.pages.next, NextPage::Link)) {
        Some(link) => Some(linked(link)),
        None => next(&rule.pages, asked, count, &answer).map_err(told)?,
    };
    let repeats = next.is_some() && next.as_deref() == asked;
    if repeats && count > 0 && is_that_before(&items, so_far) {
        // The last page may name its own address.
        if let (NextPage::Link, Some(so_far)) = (&rule.pages.next, so_far) {
            return Ok(Gathering::Whole(whole(&so_far.items, &so_far.frame)));
        }
        let says = "it names itself as the next one, and holds what the one before it held: `pages` leads in a circle";
        return Err(told(Failure::new(&codes::CIRCLE, says)));
    }
    let mut all = so_far.map(|so_far| so_far.items.clone()).unwrap_or_default();
    all.extend((!items.is_empty()).then(|| Arc::from(items)));
    let frame = framed(&answer, &rule.list);
    let bytes = all.iter().map(|items| items.len() + 1).sum();
    if bytes > CALL_BYTES_MOST {
        let says = format!("the answer has more than {} MiB in {here} pages", CALL_BYTES_MOST >> 20);
        return Err(Failure::new(&codes::ANSWER_TOO_LONG, says));
    }
    // Some servers give the same token for each page, and with the last one, too, which then has no items.
    let Some(next) = next.filter(|_| !repeats || count > 0) else { return Ok(Gathering::Whole(whole(&all, &frame))) };
    if here >= CALL_PAGES_MOST {
        return Err(Failure::new(&codes::ANSWER_TOO_LONG, format!("the answer goes on behind {CALL_PAGES_MOST} pages")));
    }
    let goes_on_by_itself = !matches!(rule.pages.next, NextPage::Counted { .. }) && (repeats || here == 1);
    Ok(Gathering::More(Arc::new(Gathered { next, goes_on_by_itself, pages: here, bytes, items: all, frame: Arc::new(frame) })))
}

fn is_that_before(items: &[u8], so_far: Option<&Gathered>) -> bool {
    so_far.and_then(|so_far| so_far.items.last()).is_some_and(|before| **before == *items)
}

/// The items of a page as JSON with commas between them, and how many there are; none where the list is absent or null.
fn items_in(answer: &Value<'_>, list: &[Arc<str>]) -> Result<(Vec<u8>, u64), Failure> {
    let found = list.iter().try_fold(*answer, |value, key| value.get(key));
    match found {
        None | Some(Value::Null) => Ok((Vec::new(), 0)),
        Some(Value::List(items)) => {
            let mut out = Vec::new();
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                json::write(item, &mut out);
            }
            Ok((out, items.len() as u64))
        }
        Some(other) => {
            let says = format!("`each` of `pages` wants a list and got {}", other.kind().word());
            Err(Failure::new(&codes::EXPRESSION, says))
        }
    }
}

/// What stands around the list.
fn framed(answer: &Value<'_>, list: &[Arc<str>]) -> Frame {
    let mut frame = Frame::default();
    let mut value = Some(*answer);
    for key in list {
        let fields: &[(&str, Value<'_>)] = match value {
            Some(Value::Record(fields)) => fields,
            _ => &[],
        };
        let others: Vec<_> = fields.iter().copied().filter(|(name, _)| **name != **key).collect();
        json::write(&Value::Record(&others), &mut frame.before);
        // The record stays open, and the way to the list goes on in it.
        frame.before.pop();
        if !others.is_empty() {
            frame.before.push(b',');
        }
        json::write(&Value::Text(key), &mut frame.before);
        frame.before.push(b':');
        frame.behind.push(b'}');
        value = value.and_then(|value| value.get(key));
    }
    frame
}

fn whole(items: &[Arc<[u8]>], frame: &Frame) -> Vec<u8> {
    let size: usize = items.iter().map(|items| items.len() + 1).sum();
    let mut out = Vec::with_capacity(frame.before.len() + size + frame.behind.len() + 2);
    out.extend_from_slice(&frame.before);
    out.push(b'[');
    for (n, items) in items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(items);
    }
    out.push(b']');
    out.extend_from_slice(&frame.behind);
    out
}

#[cfg(test)]
impl Gathered {
    /// One page, so large.
    pub(crate) fn of_bytes(bytes: usize) -> Gathered {
        Gathered {
            next: Arc::from(*b"2"),
            goes_on_by_itself: false,
            pages: 1,
            bytes,
            items: vec![vec![b' '; bytes].into()],
            frame: Arc::default(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rule(list: &[&str], next: NextPage) -> Gather {
        Gather { pages: Pages { into: "page".into(), next }, list: list.iter().map(|key| Arc::from(*key)).collect() }
    }

    fn by_number(full: Option<u64>) -> NextPage {
        NextPage::Counted { from: 1, by: CountBy::Pages, full }
    }

    /// All pages, one after the other: the answer, and how many were asked for.
    fn read(rule: &Gather, pages: &[(&str, Option<&str>)]) -> Result<(String, usize), String> {
        let mut so_far = None;
        for (n, (page, link)) in pages.iter().enumerate() {
            match gather(rule, so_far.as_deref(), *link, page.as_bytes()).map_err(|why| format!("{} {}", why.code.id, why.says))? {
                Gathering::More(gathered) => so_far = Some(gathered),
                Gathering::Whole(answer) => return Ok((String::from_utf8_lossy(&answer).into_owned(), n + 1)),
            }
        }
        Err("it goes on".to_string())
    }

    #[test]
    fn counted_pages_end_with_one_that_has_no_items() {
        let rule = rule(&["items"], by_number(None));
        let pages = [(r#"{"items":[1,2],"page":1}"#, None), (r#"{"items":[3],"page":2}"#, None), (r#"{"items":[],"page":3}"#, None)];
        assert_eq!(read(&rule, &pages), Ok((r#"{"page":3,"items":[1,2,3]}"#.to_string(), 3)));
    }

    #[test]
    fn a_page_that_is_not_full_spares_the_next_request() {
        let pages = [(r#"{"items":[1,2]}"#, None), (r#"{"items":[3]}"#, None)];
        assert_eq!(read(&rule(&["items"], by_number(Some(2))), &pages), Ok((r#"{"items":[1,2,3]}"#.to_string(), 2)));
    }

    #[test]
    fn linked_pages_may_be_lists_themselves() {
        let pages = [("[1]", Some("https://shop.test/?after=1")), ("[]", Some("https://shop.test/?after=2")), ("[2]", None)];
        assert_eq!(read(&rule(&[], NextPage::Link), &pages), Ok(("[1,2]".to_string(), 3)));
    }

    #[test]
    fn a_list_deep_in_the_answer_keeps_what_stands_around_it() {
        let pages = [(r#"{"a":{"n":1,"list":[1],"z":null},"b":true}"#, None), (r#"{"b":false,"a":{"n":2}}"#, None)];
        assert_eq!(read(&rule(&["a", "list"], by_number(None)), &pages), Ok((r#"{"b":false,"a":{"n":2,"list":[1]}}"#.to_string(), 2)));
    }

    #[test]
    fn nothing_behind_the_last_page_ends_it_and_nothing_at_all_is_null() {
        let rule = rule(&["items"], by_number(None));
        assert_eq!(read(&rule, &[(r#"{"items":[1],"of":9}"#, None), ("null", None)]), Ok((r#"{"of":9,"items":[1]}"#.to_string(), 2)));
        assert_eq!(read(&rule, &[("null", None)]), Ok(("null".to_string(), 1)));
    }

    #[test]
    fn the_same_name_for_each_page_ends_with_one_that_has_no_items_or_is_a_circle() {
        let same = |items| (items, Some("https://shop.test/?scroll=S"));
        let linked = || rule(&[], NextPage::Link);
        assert_eq!(read(&linked(), &["[1]", "[2]", "[3]", "[]"].map(same)), Ok(("[1,2,3]".to_string(), 4)));
        // A last page may name its own address.
        assert_eq!(read(&linked(), &["[1]", "[2]", "[2]"].map(same)), Ok(("[1,2]".to_string(), 3)));
        let token = || rule(&["items"], NextPage::Token(spanwright_map::Program::of(".next").unwrap()));
        let page = |text| (text, None);
        let says = "R0012 page 2: it names itself as the next one, and holds what the one before it held: `pages` leads in a circle";
        assert_eq!(read(&token(), &[r#"{"items":[1],"next":"S"}"#, r#"{"items":[1],"next":"S"}"#].map(page)), Err(says.to_string()));
    }

    #[test]
    fn a_page_that_is_something_else_is_named() {
        let pages = [(r#"{"items":[1]}"#, None), (r#"{"items":"none"}"#, None)];
        let says = "R0005 page 2: `each` of `pages` wants a list and got text";
        assert_eq!(read(&rule(&["items"], by_number(None)), &pages), Err(says.to_string()));
    }

    #[test]
    fn pages_without_end_are_given_up() {
        let rule = rule(&[], by_number(None));
        let pages: Vec<(&str, Option<&str>)> = vec![("[1]", None); CALL_PAGES_MOST as usize + 1];
        assert_eq!(read(&rule, &pages), Err(format!("R0018 the answer goes on behind {CALL_PAGES_MOST} pages")));
    }

    #[test]
    fn an_answer_that_is_too_long_for_the_journal_is_given_up() {
        let so_far = Gathered::of_bytes(CALL_BYTES_MOST);
        let why = gather(&rule(&[], by_number(None)), Some(&so_far), None, b"[1]").err().map(|why| why.says);
        assert_eq!(why.as_deref(), Some("the answer has more than 16 MiB in 2 pages"));
    }

    #[test]
    fn the_parameter_of_the_page_stands_beside_the_others() {
        let counted = Pages { into: "page".into(), next: by_number(None) };
        let with =
            |token: Option<&str>| String::from_utf8_lossy(&with_page(&counted, token.map(str::as_bytes), br#"{"of":7}"#)).into_owned();
        assert_eq!([with(None), with(Some("2"))], [r#"{"of":7,"page":1}"#, r#"{"of":7,"page":2}"#]);
        let linked = Pages { into: "url".into(), next: NextPage::Link };
        assert_eq!(with_page(&linked, None, b"{}"), b"{}", "the first page of a link has no address");
    }
}
