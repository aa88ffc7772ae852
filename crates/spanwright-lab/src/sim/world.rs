//! The other systems: a shop that is polled, and others that are honest about keys and otherwise as bad as real ones.
//!
//! They answer 503, 429 and 401, are cut after they have read and before, refuse a whole batch for one bad item, and
//! remember every request that they obeyed, in order.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use spanwright_core::{
    connector::{Blame, Outcome, Verdict, Word},
    desk::{CallId, Event, Exchange, PollJob, Report, errand::Told},
    fact::Moment,
    interface::BulkKey,
    run::intake::{Arrival, Page},
};
use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{
    Mutant, micros,
    plan::{ACCOUNTS_FLOW, BATCH_BYTES, PARCELS_FLOW, SAID},
    roll::Dice,
};

/// Orders of one story.
pub(super) const ORDERS: usize = 20;
/// Records of one story, and states that each goes through.
const RECORDS: usize = 5;
const VERSIONS: i64 = 3;
/// Bookings of one story.
pub(super) const BOOKINGS: usize = 8;
/// Accounts of one story, and events of each.
pub(super) const ACCOUNTS: usize = 3;
const EVENTS: usize = 5;
/// Parcels of one story.
pub(super) const PARCELS: usize = 12;
/// All of them appear within this time.
const OPEN_FOR: Duration = Duration::from_secs(20);
const PAGE: usize = 7;
/// A token of a page is a time times this, and how many items it skips.
const TOKEN_PAGES: i64 = 1_000;
/// Pages of what was booked.
const FOUND_PAGES: i64 = 3;
/// A booking is ready when it is looked at so often.
pub(super) const LOOKS: u32 = 3;

/// In the ledger: from here on it is replayed.
pub(super) const REPLAYED: &str = "replayed";

/// Something that a system obeyed.
#[derive(Clone, Debug)]
pub(super) struct Effected {
    pub operation: Arc<str>,
    /// The order's or record's id.
    pub id: String,
    /// Which item of it, or which state.
    pub item: i64,
}

pub(super) struct World {
    pub begins: i64,
    orders: Vec<(i64, String)>,
    bookings: Vec<(i64, String)>,
    parcels: Vec<(i64, String)>,
    /// Parcels that were refused once, each alone: the depot has been told of them.
    known_parcels: BTreeSet<String>,
    /// Undos that the journal knows to be done by hand: of which order, and which operation is asked for no more, until it is replayed.
    by_hand: BTreeSet<(String, String)>,
    /// How often each was.
    pub times_by_hand: HashMap<(String, String), usize>,
    /// How often a booking was asked whether it is ready.
    looks: HashMap<String, u32>,
    /// (when, record, state)
    changes: Vec<(i64, usize, i64)>,
    /// Events of accounts, by time.
    events: Vec<(i64, String)>,
    /// The last event of each account that had an effect.
    applied: HashMap<String, i64>,
    /// Dead letters that nobody has seen to: account and event.
    dead: BTreeSet<(String, i64)>,
    /// Those that somebody has seen to: they are over for good.
    seen_to: BTreeSet<(String, i64)>,
    /// What was obeyed, in order.
    pub ledger: Vec<Effected>,
    /// Keys that were obeyed, and the answer.
    keys: HashMap<String, bool>,
    pub suppressed: u64,
    /// Which page of an answer is asked for.
    page: i64,
    /// Parcels that come together have each a key of its own.
    key_an_item: bool,
    flights: BTreeMap<CallId, Vec<String>>,
    pub broken: Option<String>,
    pub served: Vec<String>,
    /// Answers that are read in pieces: what comes after the piece that the reader waits for.
    reading: HashMap<CallId, VecDeque<Event>>,
}

impl World {
    pub fn new(dice: &mut Dice) -> World {
        let open = micros(OPEN_FOR);
        let mut orders: Vec<(i64, String)> = (0..ORDERS)
            .map(|n| {
                let lines: Vec<String> = (0..dice.up_to(4)).map(|line| format!("{{\"id\":\"o{n}\",\"n\":{line}}}")).collect();
                let bad = n % 13 == 5;
                // Of what is undone because it cannot be shipped, one undo is refused for good.
                let refused = ["release", "refund", ""][n / 7 % 3];
                (
                    dice.up_to(open),
                    format!(
                        "{{\"id\":\"o{n}\",\"poison\":{},\"bad\":{bad},\"refused\":\"{refused}\",\"lines\":[{}]}}",
                        n % 7 == 3,
                        lines.join(",")
                    ),
                )
            })
            .collect();
        orders.sort();
        let refused = |n: usize| ["", "", "create", "", "pay", "", "ready", "notify"][n % 8];
        let booking = |n: usize| format!("{{\"id\":\"b{n}\",\"refused\":\"{}\"}}", refused(n));
        let mut bookings: Vec<(i64, String)> = (0..BOOKINGS).map(|n| (dice.up_to(open), booking(n))).collect();
        bookings.sort();
        let parcel = |n: usize| format!("{{\"id\":\"p{n}\",\"refused\":\"{}\"}}", ["", "", "", "", "hand"][n % 5]);
        let mut parcels: Vec<(i64, String)> = (0..PARCELS).map(|n| (dice.up_to(open), parcel(n))).collect();
        parcels.sort();
        let mut times: Vec<(usize, i64)> = (0..RECORDS).flat_map(|record| (0..VERSIONS).map(move |_| (record, 0))).collect();
        times.iter_mut().for_each(|(_, at)| *at = dice.up_to(open));
        times.sort();
        let mut changes: Vec<(i64, usize, i64)> = times
            .chunks(VERSIONS as usize)
            .flat_map(|of_one| of_one.iter().enumerate().map(|(version, (record, at))| (*at, *record, version as i64 + 1)))
            .collect();
        changes.sort();
        let events = events(dice);
        World {
            begins: 0,
            events,
            applied: HashMap::new(),
            dead: BTreeSet::new(),
            seen_to: BTreeSet::new(),
            orders,
            bookings,
            parcels,
            known_parcels: BTreeSet::new(),
            by_hand: BTreeSet::new(),
            times_by_hand: HashMap::new(),
            looks: HashMap::new(),
            changes,
            ledger: Vec::new(),
            keys: HashMap::new(),
            suppressed: 0,
            page: 1,
            key_an_item: false,
            flights: BTreeMap::new(),
            broken: None,
            served: Vec::new(),
            reading: HashMap::new(),
        }
    }

    pub fn begin(&mut self, now: i64) {
        self.begins = now;
    }

    pub fn all_served(&self, now: i64) -> bool {
        now > self.begins + micros(OPEN_FOR)
    }

    /// A last poll has had time to see the last change.
    pub fn quiet_for(&self, now: i64) -> bool {
        now > self.begins + micros(OPEN_FOR) + 15_000_000
    }

    pub fn forget_flights(&mut self) {
        self.flights.clear();
        self.reading.clear();
    }

    /// The last state of each record.
    pub fn last_states(&self) -> BTreeMap<String, i64> {
        (0..RECORDS).map(|record| (format!("r{record}"), VERSIONS)).collect()
    }

    // ---- the shop

    pub fn poll(&mut self, job: &PollJob, now: i64, dice: &mut Dice) -> Event {
        let report = report(now);
        if dice.percent() < 6 {
            return Event::PageHeard { call: job.call, verdict: Verdict::all(1, later(Blame::System)), page: None, report };
        }
        let since = job.cursor.as_deref().map_or(0, number);
        // The token says as of when: a page is never shifted by what changed since the one before it.
        let token = job.page.as_deref().map_or(now * TOKEN_PAGES, number);
        let (as_of, skip) = (token / TOKEN_PAGES, (token % TOKEN_PAGES) as usize);
        let items = match job.flow {
            0 => self.there(&self.orders, since, as_of),
            1 => self.changed_records(since, as_of),
            ACCOUNTS_FLOW => self.there(&self.events, since, as_of),
            PARCELS_FLOW => self.there(&self.parcels, since, as_of),
            _ => self.there(&self.bookings, since, as_of),
        };
        let more = items.len() > skip + PAGE;
        let mut page = Page { next: more.then(|| (token + PAGE as i64).to_string().into_bytes().into()), ..Page::default() };
        for (at, id, body) in items.into_iter().skip(skip).take(PAGE) {
            let cursor: Arc<[u8]> = at.to_string().into_bytes().into();
            page.cursor = page.cursor.take().filter(|have| number(have) > at).or(Some(cursor));
            self.served.push(id.clone());
            // An account's event is an event, and what the others tell of are states.
            let once = (job.flow == ACCOUNTS_FLOW).then(|| body.as_str().into());
            page.arrivals.push(Arrival::new(body.into_bytes().into(), Some(id.into()), None, once, None));
        }
        if dice.percent() < 40 {
            return self.in_pieces(job.call, page, now, dice);
        }
        Event::PageHeard { call: job.call, verdict: Verdict::all(1, Outcome::Delivered(None)), page: Some(Ok(page)), report }
    }

    /// A page in pieces of a few items, that may be cut after each of them.
    fn in_pieces(&mut self, call: CallId, mut page: Page, now: i64, dice: &mut Dice) -> Event {
        let mut events = VecDeque::new();
        let cursor = page.cursor.clone();
        while !page.arrivals.is_empty() {
            let count = (1 + dice.up_to(3) as usize).min(page.arrivals.len());
            let arrivals = page.arrivals.drain(..count).collect();
            events.push_back(Event::PieceHeard { call, page: Page { arrivals, cursor: cursor.clone(), ..Page::default() } });
            if dice.percent() < 15 {
                let verdict = Verdict::all(1, later(Blame::System));
                events.push_back(Event::PageHeard { call, verdict, page: None, report: report(now) });
                break;
            }
        }
        if !matches!(events.back(), Some(Event::PageHeard { .. })) {
            let verdict = Verdict::all(1, Outcome::Delivered(None));
            events.push_back(Event::PageHeard { call, verdict, page: Some(Ok(page)), report: report(now) });
        }
        let first = events.pop_front().expect("a page ends with the whole of it or with a cut");
        self.reading.insert(call, events);
        first
    }

    /// What the reader of a page reads next.
    pub fn read_on(&mut self, call: CallId) -> Option<Event> {
        self.reading.get_mut(&call)?.pop_front()
    }

    fn there(&self, all: &[(i64, String)], since: i64, now: i64) -> Vec<(i64, String, String)> {
        let there = all.iter().filter(|(at, _)| *at >= since && self.begins + at <= now);
        there.map(|(at, body)| (*at, id_of(body), body.clone())).collect()
    }

    /// As a real ERP: each record once, in its state of now.
    fn changed_records(&self, since: i64, now: i64) -> Vec<(i64, String, String)> {
        let mut latest: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
        for (at, record, version) in self.changes.iter().filter(|(at, ..)| self.begins + at <= now) {
            latest.insert(*record, (*at, *version));
        }
        let changed = latest.into_iter().filter(|(_, (at, _))| *at >= since);
        changed.map(|(record, (at, version))| (at, format!("r{record}"), format!("{{\"id\":\"r{record}\",\"n\":{version}}}"))).collect()
    }

    // ---- the others

    pub fn exchange(&mut self, exchange: Exchange, now: i64, mutant: Option<Mutant>, dice: &mut Dice) -> Event {
        let operation = exchange.plan.systems[exchange.system].system.interface().operations[exchange.operation].name.clone();
        let asked: Vec<Asked> =
            exchange.calls.iter().map(|call| Asked::of(&call.key, call.input.body.as_deref().unwrap_or(b"null"))).collect();
        self.no_request_is_too_long(&operation, &asked);
        self.no_two_of_a_record(&operation, exchange.call, &asked);
        self.nothing_is_undone_twice(&operation, &asked);
        self.page = exchange.gather.as_ref().and_then(|(_, so_far)| so_far.as_ref()).map_or(1, |so_far| number(&so_far.next));
        self.key_an_item = exchange.plan.flows[PARCELS_FLOW].effects.iter().any(|effect| {
            effect.operation == exchange.operation && effect.batch.as_ref().is_some_and(|batch| batch.key == BulkKey::PerItem)
        });
        let verdict = self.answer(&operation, &exchange.request_key, &asked, dice);
        let verdict = match mutant {
            Some(Mutant::UnknownTakenForRetry) => unknown_as_later(verdict),
            _ => verdict,
        };
        let (call, report) = (exchange.call, report(now));
        match exchange.gather.as_ref().filter(|_| mutant != Some(Mutant::OnePageOfAnswer)) {
            None => Event::Heard { call, verdict, report },
            Some(gather) => match Told::of_page(gather, verdict) {
                Told { verdict, gathered: Some(gathered), .. } => Event::GoesOn { call, verdict, gathered, report },
                Told { verdict, .. } => Event::Heard { call, verdict, report },
            },
        }
    }

    /// What is longer than a request may be goes alone.
    fn no_request_is_too_long(&mut self, operation: &str, asked: &[Asked]) {
        let bytes: usize = asked.iter().map(|asked| asked.bytes).sum();
        if asked.len() > 1 && bytes > BATCH_BYTES {
            let words =
                || format!("{} items of {operation} in one request have {bytes} bytes, and {BATCH_BYTES} may go together", asked.len());
            self.broken.get_or_insert_with(words);
        }
    }

    fn answer(&mut self, operation: &Arc<str>, request_key: &str, asked: &[Asked], dice: &mut Dice) -> Verdict {
        let calls = asked.len();
        match dice.percent() {
            0..5 => Verdict::all(calls, later(Blame::System)),
            5..10 => Verdict::all(calls, later(Blame::Either)),
            10..13 => Verdict::all(calls, later(Blame::System)).and(Word::Pause(Duration::from_millis(1500))),
            13..14 => Verdict::all(calls, later(Blame::System)).and(Word::Credentials(said("401"))),
            14..18 => Verdict::all(calls, Outcome::Unknown(said("cut before it was read"))),
            18..28 => {
                self.obey(operation, request_key, asked);
                Verdict::all(calls, Outcome::Unknown(said("cut after it was read")))
            }
            _ => self.obey(operation, request_key, asked),
        }
    }

    fn obey(&mut self, operation: &Arc<str>, request_key: &str, asked: &[Asked]) -> Verdict {
        let refuses = |asked: &Asked| {
            (&**operation == "ship" && asked.poison) || *asked.refused == **operation && !self.known_parcels.contains(&asked.id)
        };
        if asked.iter().any(refuses) {
            if let ("hand", [alone]) = (&**operation, asked) {
                self.known_parcels.insert(alone.id.clone());
            }
            let mut verdict = Verdict::all(asked.len(), Outcome::Never(said("422")));
            verdict.refused_whole = true;
            return verdict;
        }
        match (&**operation, asked) {
            ("find", [one]) => return Verdict::all(1, Outcome::Delivered(Some(self.found(&one.id)))),
            ("title" | "count", [one]) => {
                return Verdict::all(1, Outcome::Delivered(Some(format!("{{\"of\":\"{}\"}}", one.id).into_bytes())));
            }
            ("ready", [one]) => return Verdict::all(1, Outcome::Delivered(Some(self.ready(&one.id)))),
            _ => {}
        }
        match &**operation {
            "charge" | "create" => asked.iter().for_each(|asked| self.effected(operation, asked)),
            "hand" if self.key_an_item => asked.iter().for_each(|one| self.once(operation, &one.key, std::slice::from_ref(one))),
            "ship" | "upsert" | "publish" | "hand" => self.once(operation, request_key, asked),
            _ => asked.iter().for_each(|one| self.once(operation, &one.key, std::slice::from_ref(one))),
        }
        Verdict::all(asked.len(), Outcome::Delivered(None))
    }

    /// A page of what was booked: it stands on the last one.
    fn found(&self, id: &str) -> Vec<u8> {
        if self.page < FOUND_PAGES {
            return format!("{{\"found\":[],\"next\":{}}}", self.page + 1).into_bytes();
        }
        let made = self.ledger.iter().any(|effected| &*effected.operation == "create" && effected.id == id);
        if made { format!("{{\"found\":[{{\"id\":\"{id}\"}}]}}").into_bytes() } else { b"{\"found\":[]}".to_vec() }
    }

    /// Ready at the third look.
    fn ready(&mut self, id: &str) -> Vec<u8> {
        let looks = self.looks.entry(id.to_string()).or_default();
        *looks += 1;
        let ready = *looks >= LOOKS;
        format!("{{\"ready\":{ready}}}").into_bytes()
    }

    /// How often it was looked at.
    pub fn looks_at(&self, id: &str) -> u32 {
        self.looks.get(id).copied().unwrap_or(0)
    }

    fn once(&mut self, operation: &Arc<str>, key: &str, asked: &[Asked]) {
        if self.keys.insert(format!("{operation} {key}"), true).is_some() {
            self.suppressed += 1;
        } else {
            asked.iter().for_each(|asked| self.effected(operation, asked));
        }
    }

    fn effected(&mut self, operation: &Arc<str>, asked: &Asked) {
        if matches!(&**operation, "apply" | "publish") {
            self.in_order(asked);
        }
        // Whom an order tells of itself, another system or not, it tells once.
        let operation = if &**operation == "inform" { "tell".into() } else { operation.clone() };
        self.ledger.push(Effected { operation, id: asked.id.clone(), item: asked.item });
    }

    /// I13: the events of one account have their effects in the order in which they came, all of one before any of the
    /// next. I14: behind a dead letter nothing of its account goes on until a person has seen to it.
    fn in_order(&mut self, asked: &Asked) {
        let last = self.applied.insert(asked.id.clone(), asked.item).unwrap_or(0);
        if asked.item < last {
            self.broken.get_or_insert_with(|| format!("{}: event {} after event {last}", asked.id, asked.item));
        }
        let before = self.dead.range((asked.id.clone(), 0)..(asked.id.clone(), asked.item)).next();
        if let Some((id, dead)) = before {
            let broken = format!("{id}: event {} went past the dead letter of event {dead}", asked.item);
            self.broken.get_or_insert(broken);
        }
    }

    /// These events are dead letters, and no others.
    pub fn dead_are<'b>(&mut self, bodies: impl Iterator<Item = &'b [u8]>) {
        self.dead.clear();
        bodies.for_each(|body| self.died(body));
    }

    /// An event became a dead letter.
    pub fn died(&mut self, body: &[u8]) {
        let asked = Asked::of("", body);
        self.dead.insert((asked.id, asked.item));
    }

    /// A person has done this instead of us, and the journal knows.
    pub fn done_by_hand(&mut self, body: &[u8], operation: &str) {
        let undone = (Asked::of("", body).id, operation.to_string());
        *self.times_by_hand.entry(undone.clone()).or_default() += 1;
        self.by_hand.insert(undone);
    }

    /// It is replayed: what was undone is done again, and may be undone again.
    pub fn opens_again(&mut self, body: &[u8]) {
        let Asked { id, item, .. } = Asked::of("", body);
        if self.seen_to.contains(&(id.clone(), item)) {
            self.broken.get_or_insert_with(|| format!("{id}: {item} was opened again after a person had set it aside"));
        }
        self.by_hand.retain(|(of, _)| *of != id);
        self.ledger.push(Effected { operation: REPLAYED.into(), id, item: 0 });
    }

    /// A person has seen to it, and the journal knows.
    pub fn seen_to(&mut self, body: &[u8]) {
        let Asked { id, item, .. } = Asked::of("", body);
        self.dead.remove(&(id.clone(), item));
        self.seen_to.insert((id, item));
    }

    /// Each event of an account: whose, and its body.
    pub fn events(&self) -> impl Iterator<Item = (String, &String)> {
        self.events.iter().map(|(_, body)| (id_of(body), body))
    }

    /// Events of accounts that go well, and those that do not.
    pub fn events_of(&self, account: &str) -> (usize, usize) {
        let of_it: Vec<&String> = self.events().filter(|(of, _)| of == account).map(|(_, body)| body).collect();
        let bad = of_it.iter().filter(|body| body.contains("\"bad\":true") || !body.contains("\"refused\":\"\"")).count();
        (of_it.len() - bad, bad)
    }

    /// I17: what a person undid by hand is asked for no more, once the journal has that word.
    fn nothing_is_undone_twice(&mut self, operation: &str, asked: &[Asked]) {
        let by_hand = asked.iter().find(|one| self.by_hand.contains(&(one.id.clone(), operation.to_string())));
        if let Some(one) = by_hand {
            self.broken.get_or_insert_with(|| format!("{}: {operation} was asked for after it was done by hand", one.id));
        }
    }

    /// Two states of one record are never in one exchange.
    fn no_two_of_a_record(&mut self, operation: &str, call: CallId, asked: &[Asked]) {
        let mut ids: Vec<String> = asked.iter().map(|asked| asked.id.clone()).collect();
        ids.sort();
        if operation == "upsert" && ids.windows(2).any(|two| two[0] == two[1]) {
            self.broken.get_or_insert_with(|| format!("two states of one record in exchange {call:?}"));
        }
        self.flights.insert(call, ids);
    }
}

/// In each account one event that a step refuses, one that the bank refuses at once and one that it refuses to publish.
fn events(dice: &mut Dice) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    for account in 0..ACCOUNTS {
        let mut times: Vec<i64> = (0..EVENTS).map(|_| dice.up_to(micros(OPEN_FOR))).collect();
        times.sort_unstable();
        for (n, at) in (1..).zip(times) {
            let refused = ["", "", "apply", "", "publish", ""][(n + account) % 6];
            all.push((at, format!("{{\"id\":\"k{account}\",\"n\":{n},\"refused\":\"{refused}\",\"bad\":{}}}", (n + account) % 6 == 3)));
        }
    }
    all.sort();
    all
}

struct Asked {
    key: String,
    /// The operation that refuses it.
    refused: String,
    id: String,
    item: i64,
    /// With what stands between two of them.
    bytes: usize,
    poison: bool,
}

impl Asked {
    fn of(key: &str, body: &[u8]) -> Asked {
        let room = Room::new();
        let value = json::read(body, &room).unwrap_or(Value::Null);
        let item = match value.get("n") {
            Some(Value::Number(n)) => n.as_i64().unwrap_or(0),
            _ => 0,
        };
        let id = value.get("id").and_then(|id| id.text()).unwrap_or("nobody").to_string();
        let refused = value.get("refused").and_then(|refused| refused.text()).unwrap_or_default().to_string();
        Asked {
            key: key.to_string(),
            refused,
            id,
            item,
            bytes: body.len() + 1,
            poison: matches!(value.get("poison"), Some(Value::Bool(true))),
        }
    }
}

fn id_of(body: &str) -> String {
    Asked::of("", body.as_bytes()).id
}

fn number(json: &[u8]) -> i64 {
    std::str::from_utf8(json).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn said(what: &str) -> Failure {
    Failure::new(&SAID, what)
}

fn later(blame: Blame) -> Outcome {
    Outcome::Later { why: said("503"), after: None, blame }
}

fn unknown_as_later(mut verdict: Verdict) -> Verdict {
    for outcome in &mut verdict.outcomes {
        if let Outcome::Unknown(_) = outcome {
            *outcome = later(Blame::System);
        }
    }
    verdict
}

fn report(now: i64) -> Report {
    Report { at: Moment(now), took: Duration::from_millis(20), status: 200, sent: 1, got: 1, budget: None, drift: 0 }
}
