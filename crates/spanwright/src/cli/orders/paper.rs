//! An order as a file: a word, then a line a field. Text is escaped, so that a field is a line whatever it holds.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::{
    desk::Order,
    fact::{Chore, ChoreId, ChoreKind, ChorePhase, EffectKey, Hold, Moment, PlanId, Resent, Root, RunId, StoppedFilter, Took, Way, hex},
    settings::Rate,
};

use super::Hash;

/// As it is written.
pub fn text(order: &Order, project: Option<Hash>) -> String {
    let mut page = Page::default();
    page.maybe("project", project.map(|hash| hex(&hash)));
    match order {
        Order::Stop => page.word("stop"),
        Order::PollNow => page.word("poll now"),
        Order::Hold { what, hold } => {
            page.word("hold");
            page.field("what", what);
            page.field("since", hold.since.0);
            page.maybe("until", hold.until.map(|until| until.0));
            page.field("by", &hold.by);
            page.field("words", &hold.because);
        }
        Order::Resume { what, by } => {
            page.word("resume");
            page.field("what", what);
            page.field("by", by);
        }
        Order::Cancel(chore) => {
            page.word("cancel");
            page.field("chore", chore.0);
        }
        Order::Discard { runs, by, reason } => page.about("discard", runs, by, reason),
        Order::Acknowledge { runs, by, words } => page.about("acknowledge", runs, by, words),
        Order::Undone { undo, by, words } => {
            page.about("undone", &[undo.run], by, words);
            page.field("step", &undo.node);
            page.field("item", &undo.item);
        }
        Order::Chore(chore) => page.chore(chore),
        Order::Resend(resent) => page.resent(resent),
    }
    page.text
}

/// The order of a file, and the project that its author saw; `None` where it is none.
pub fn order(text: &str) -> Option<(Order, Option<Hash>)> {
    let fields = Fields::read(text)?;
    let order = match fields.text("order")? {
        "stop" => Order::Stop,
        "poll now" => Order::PollNow,
        "hold" => Order::Hold { what: fields.shared("what")?, hold: fields.hold()? },
        "resume" => Order::Resume { what: fields.shared("what")?, by: fields.shared("by")? },
        "cancel" => Order::Cancel(ChoreId(fields.number("chore")?)),
        "discard" => Order::Discard { runs: fields.runs()?, by: fields.shared("by")?, reason: fields.shared("words")? },
        "acknowledge" => Order::Acknowledge { runs: fields.runs()?, by: fields.shared("by")?, words: fields.shared("words")? },
        "undone" => Order::Undone { undo: fields.undo()?, by: fields.shared("by")?, words: fields.shared("words")? },
        "chore" => Order::Chore(Box::new(fields.chore()?)),
        "resend" => Order::Resend(Box::new(fields.resent()?)),
        _ => return None,
    };
    Some((order, fields.hash()))
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn word(&mut self, word: &str) {
        self.field("order", word);
    }

    fn field(&mut self, key: &str, value: impl ToString) {
        let value = value.to_string().replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        self.text += &format!("{key} {value}\n");
    }

    fn maybe<T: ToString>(&mut self, key: &str, value: Option<T>) {
        if let Some(value) = value {
            self.field(key, value);
        }
    }

    fn about(&mut self, word: &str, runs: &[RunId], by: &str, words: &str) {
        self.word(word);
        self.field("runs", runs.iter().map(|run| run.0.to_string()).collect::<Vec<_>>().join(" "));
        self.field("by", by);
        self.field("words", words);
    }

    fn chore(&mut self, chore: &Chore) {
        self.word("chore");
        self.field("chore", chore.id.0);
        match &chore.what {
            ChoreKind::Replay { over_newer, apart } => {
                self.field("over_newer", over_newer);
                self.field("apart", apart);
            }
            ChoreKind::Discard { reason } => self.field("words", reason),
        }
        let StoppedFilter { flow, node, reason, key, correlation } = &chore.filter;
        for (name, value) in [("flow", flow), ("node", node), ("reason", reason), ("key", key), ("correlation", correlation)] {
            self.maybe(name, value.as_ref());
        }
        self.field("at", chore.at.0);
        self.field("upto", chore.upto.0);
        self.field("most", chore.rate.most);
        self.field("micros", chore.rate.per.as_micros());
        self.field("by", &chore.by);
    }

    fn resent(&mut self, resent: &Resent) {
        self.word("resend");
        let took = &resent.took;
        self.field("message", took.message);
        self.field("root", took.root.0);
        self.field("source", &took.source);
        self.field("correlation", &took.correlation);
        self.maybe("key", took.key.as_ref());
        self.maybe("version", took.version.as_ref());
        self.field("flow", &took.flow);
        self.field("body", String::from_utf8_lossy(&took.body));
        self.maybe("beside", took.beside.as_ref().map(|beside| String::from_utf8_lossy(beside)));
        self.field("of", resent.of.0);
        self.field("by", &resent.by);
        self.field("words", &resent.words);
        self.field("instead", resent.instead);
        self.field("over_newer", resent.over_newer);
    }
}

struct Fields<'t>(BTreeMap<&'t str, String>);

impl<'t> Fields<'t> {
    fn read(text: &'t str) -> Option<Fields<'t>> {
        let fields = text.lines().map(|line| line.split_once(' ').map(|(key, value)| (key, plain(value))));
        fields.collect::<Option<_>>().map(Fields)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn undo(&self) -> Option<EffectKey> {
        Some(EffectKey { run: *self.runs()?.first()?, node: self.shared("step")?, item: self.shared("item")?, way: Way::Undo })
    }

    fn shared(&self, key: &str) -> Option<Arc<str>> {
        self.text(key).map(Arc::from)
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.text(key)?.parse().ok()
    }

    fn runs(&self) -> Option<Vec<RunId>> {
        self.text("runs")?.split(' ').map(|run| run.parse().ok().map(RunId)).collect()
    }

    fn hash(&self) -> Option<Hash> {
        let text = self.text("project").filter(|text| text.len() == 64 && text.is_ascii())?;
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
        }
        Some(hash)
    }

    fn hold(&self) -> Option<Hold> {
        let (since, until) = (Moment(self.number("since")?), self.number("until").map(Moment));
        Some(Hold { since, until, by: self.shared("by")?, because: self.shared("words")? })
    }

    fn chore(&self) -> Option<Chore> {
        let what = match (self.number("over_newer"), self.shared("words")) {
            (Some(over_newer), _) => ChoreKind::Replay { over_newer, apart: self.number("apart").unwrap_or(false) },
            (None, Some(reason)) => ChoreKind::Discard { reason },
            (None, None) => return None,
        };
        let filter = StoppedFilter {
            flow: self.shared("flow"),
            node: self.shared("node"),
            reason: self.shared("reason"),
            key: self.shared("key"),
            correlation: self.shared("correlation"),
        };
        let rate = Rate { most: self.number("most").filter(|most| *most > 0)?, per: Duration::from_micros(self.number("micros")?) };
        let (id, upto, at) = (ChoreId(self.number("chore")?), RunId(self.number("upto")?), RunId(self.number("at")?));
        Some(Chore { id, what, filter, upto, rate, by: self.shared("by")?, at, done: 0, left: 0, phase: ChorePhase::Open })
    }

    fn resent(&self) -> Option<Resent> {
        let took = Took {
            message: self.number("message")?,
            source: self.shared("source")?,
            correlation: self.shared("correlation")?,
            at: Moment::default(),
            key: self.shared("key"),
            version: self.shared("version"),
            body: self.text("body")?.as_bytes().into(),
            beside: self.text("beside").map(|beside| beside.as_bytes().into()),
            flow: self.shared("flow")?,
            root: Root(self.number("root")?),
            plan: PlanId(0),
            seen: None,
            about: None,
            fault: None,
        };
        let (of, instead, over_newer) = (RunId(self.number("of")?), self.number("instead")?, self.number("over_newer").unwrap_or(false));
        Some(Resent { took, of, by: self.shared("by")?, words: self.shared("words")?, instead, over_newer })
    }
}

fn plain(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => text.push(match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            }),
            (letter, false) => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(order_given: &Order) {
        for project in [None, Some([0xab; 32])] {
            let written = text(order_given, project);
            let (back, seen) = order(&written).unwrap();
            assert_eq!((format!("{back:?}"), seen), (format!("{order_given:?}"), project), "{written}");
        }
    }

    #[test]
    fn an_order_comes_back_from_its_file() {
        let (runs, by): (_, Arc<str>) = (vec![RunId(1), RunId(42)], "ada \\ eve\nmallory".into());
        check(&Order::Stop);
        check(&Order::Cancel(ChoreId(7)));
        let hold = Hold { since: Moment(5), until: Some(Moment(9)), by: by.clone(), because: "month-end".into() };
        check(&Order::Hold { what: "erp".into(), hold: hold.clone() });
        check(&Order::Hold { what: "flow:orders".into(), hold: Hold { until: None, ..hold } });
        check(&Order::Resume { what: "erp".into(), by: by.clone() });
        check(&Order::Discard { runs: runs.clone(), by: by.clone(), reason: "a test record, see ticket 7".into() });
        check(&Order::Acknowledge { runs, by: by.clone(), words: " seen ".into() });
        let undo = |item: &str| EffectKey { run: RunId(42), node: "charge".into(), item: item.into(), way: Way::Undo };
        check(&Order::Undone { undo: undo(""), by: by.clone(), words: "refunded in the bank's console".into() });
        check(&Order::Undone { undo: undo("0/1"), by: by.clone(), words: " ".into() });
        let filter = StoppedFilter { flow: Some("in".into()), reason: Some("R2015".into()), ..StoppedFilter::default() };
        let rate = Rate { most: 10, per: Duration::from_secs(1) };
        for what in [ChoreKind::Replay { over_newer: true, apart: true }, ChoreKind::Discard { reason: "old".into() }] {
            check(&Order::Chore(Box::new(Chore::begin(what, filter.clone(), RunId(99), rate, by.clone(), Moment(5)))));
        }
        let took = Took {
            message: u128::MAX,
            source: "in.source".into(),
            correlation: "c".into(),
            at: Moment(0),
            key: None,
            version: Some("2".into()),
            body: "{\"a\":\"\\u00e4\\n\"}\n".as_bytes().into(),
            beside: Some(b"{\"query\":{}}".as_slice().into()),
            flow: "in".into(),
            root: Root(3),
            plan: PlanId(0),
            seen: None,
            about: None,
            fault: None,
        };
        check(&Order::Resend(Box::new(Resent { took, of: RunId(1), by, words: "a digit".into(), instead: true, over_newer: false })));
    }

    #[test]
    fn what_is_no_order_is_none() {
        for text in ["", "dance\n", "order dance\n", "order chore\nmost 0\n", "order discard\nruns x\n"] {
            assert!(order(text).is_none(), "{text:?}");
        }
    }
}
