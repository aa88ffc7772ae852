//! Lists of runs.

use std::cmp::Reverse;

use rusqlite::{Result, Row, ToSql};
use spanwright_core::{
    desk::STUCK_TRIES,
    fact::{ListFilter, Listed, Moment, RunId, StopKind},
    plan::Source,
};

use super::{Counts, Which, newest::newest};
use crate::keep::{
    ask::{Ask, list_of, opening, text_if_any},
    correlation, events,
    numbers::RunState,
    records,
};

const LINE: &str =
    "SELECT run.id, message.id, run.flow, message.key, message.correlation, message.received, run.state, run.reason, run.node,
    run.words,
    (SELECT count(*) FROM attempt WHERE attempt.run = run.id)
        + (SELECT count(*) FROM effect WHERE effect.run = run.id AND effect.outcome IS NOT NULL),
    EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id AND effect.state = 5)";

/// Of a record's messages so many are looked at first, or twice as many as are asked for.
const LOOKED_AT_LEAST: usize = 64;

/// Messages of a source, by when they came.
const BY_TIME: &str = "message INDEXED BY message_source CROSS JOIN run ON run.id = message.seq";
/// As their index has them.
const NEWEST_FIRST: &str = "ORDER BY message.received DESC, message.seq DESC";

/// Conditions, and what is bound in them.
#[derive(Default)]
struct Conditions<'f> {
    sql: Vec<String>,
    bound: Vec<Box<dyn ToSql + 'f>>,
}

impl<'f> Conditions<'f> {
    fn equal(&mut self, column: &str, value: impl ToSql + 'f) {
        self.compared(column, "=", value);
    }

    /// One of these messages, with this key. Gives the place of these messages among what is bound.
    fn key(&mut self, key: &'f str, messages: &[i64]) -> usize {
        self.equal("message.key", key);
        self.bound.push(Box::new(list_of(messages)));
        self.sql.push(format!("message.seq IN (SELECT value FROM json_each(?{}))", self.bound.len()));
        self.bound.len() - 1
    }

    fn correlation(&mut self, id: &'f str) {
        let message = correlation::message_of(id).map(u128::to_be_bytes);
        self.bound.extend([Box::new(id) as Box<dyn ToSql>, Box::new(message)]);
        self.sql.push(correlation::condition(self.bound.len() - 1, self.bound.len()));
    }

    fn compared(&mut self, column: &str, by: &str, value: impl ToSql + 'f) {
        self.bound.push(Box::new(value));
        self.sql.push(format!("{column} {by} ?{}", self.bound.len()));
    }
}

impl Ask<'_> {
    pub fn list(self, filter: &ListFilter) -> Result<Vec<Listed>> {
        let mut conditions = Conditions::default();
        // A name or code that the journal never had has number 0, which no row has.
        if let Some(flow) = &filter.flow {
            conditions.equal("run.flow", self.names.known(flow).unwrap_or(0));
        }
        if let Some(reason) = &filter.reason {
            conditions.equal("run.reason", self.names.known(reason).unwrap_or(0));
        }
        let mut of_record = None;
        if let Some(key) = &filter.key {
            let messages = self.messages_of(key)?;
            of_record = Some((conditions.key(key, &messages), messages));
        }
        if let Some(correlation) = &filter.correlation {
            conditions.correlation(correlation);
        }
        // Whoever names a record or a correlation id means few messages; else it goes from the newest run backwards.
        let by_message = filter.key.is_some() || filter.correlation.is_some();
        let (flow, mut ids) = (filter.flow.as_deref().map(|flow| self.names.known(flow).unwrap_or(0)), Vec::new());
        // The newest of those that came within the time, and not of all.
        let within = within(filter);
        match (filter.state.as_deref(), &filter.at) {
            (state, Some(at)) if !by_message => {
                let state = state.map(|state| format!(" AND {}", in_state(state))).unwrap_or_default();
                ids = self.newest_at(at, &(within + &state), filter.most)?;
                conditions.sql.push(newest(ids, filter.most));
            }
            (state, Some(at)) => conditions.sql.extend(state.map(in_state_of_few).into_iter().chain([self.is_open_at_any(at)])),
            (Some(state @ ("open" | "held")), None) if !by_message => {
                self.newest_parked(flow, &within, filter.most, &mut ids)?;
                if state == "open" {
                    self.newest_active(flow, &within, filter.most, &mut ids)?;
                }
                conditions.sql.push(newest(ids, filter.most));
            }
            (Some(state), None) if by_message => conditions.sql.push(in_state_of_few(state)),
            (Some(state), None) => conditions.sql.push(in_state(state)),
            (None, None) => {}
        }
        if filter.since.is_some() || filter.until.is_some() {
            return self.by_time(filter, conditions);
        }
        if let Some((place, messages)) = of_record {
            return self.newest_among(place, messages, conditions, filter.most);
        }
        // A flow may be a rare one among millions of runs, but each of its messages is of its source.
        let of_few = filter.reason.is_some()
            || filter.at.is_some()
            || matches!(filter.state.as_deref(), Some("open" | "held" | "dead" | "uncertain" | "stuck"));
        match filter.flow.is_some() && !by_message && !of_few {
            true => self.by_time(filter, conditions),
            false => self.lines(by_message, &conditions, filter.most),
        }
    }

    /// The newest of these messages, which are bound at this place: a record may have very many, and whoever asks for some of them does not
    /// wait until all were looked at.
    fn newest_among(self, place: usize, mut messages: Vec<i64>, mut conditions: Conditions<'_>, most: usize) -> Result<Vec<Listed>> {
        messages.sort_unstable_by(|one, other| other.cmp(one));
        messages.dedup();
        let (mut rest, mut many, mut lines) = (messages.as_slice(), most.saturating_mul(2).max(LOOKED_AT_LEAST), Vec::new());
        while !rest.is_empty() && lines.len() < most {
            let (some, others) = rest.split_at(many.min(rest.len()));
            conditions.bound[place] = Box::new(list_of(some));
            lines.extend(self.lines(true, &conditions, most - lines.len())?);
            (rest, many) = (others, many.saturating_mul(2));
        }
        Ok(lines)
    }

    /// What may have this key: of a record, or as the name of an event that some source brought.
    fn messages_of(self, key: &str) -> Result<Vec<i64>> {
        let mut messages = records::messages_of(self.connection, self.loose.map(|loose| loose.records), key)?;
        for source in self.bringers()? {
            let name = self.names.text(source);
            messages.extend(events::messages_of(self.connection, self.loose.map(|loose| loose.events), (source, &name), key)?);
        }
        Ok(messages)
    }

    /// All that ever brought something.
    fn bringers(self) -> Result<Vec<i64>> {
        self.ready(opening::CAME)?.query_map([], |row| row.get(0))?.collect()
    }

    /// The newest of each source, and of those the newest.
    fn by_time(self, filter: &ListFilter, mut conditions: Conditions<'_>) -> Result<Vec<Listed>> {
        let sources = match &filter.flow {
            Some(flow) => vec![self.names.known(&Source::name_of(flow)).unwrap_or(0)],
            None => self.bringers()?,
        };
        for (limit, by) in [(filter.since, ">="), (filter.until, "<")] {
            if let Some(limit) = limit {
                conditions.compared("message.received", by, limit.0);
            }
        }
        let wanted = conditions.sql.iter().fold(String::new(), |all, one| format!("{all} AND {one}"));
        let bound: Vec<&dyn ToSql> = conditions.bound.iter().map(|bound| &**bound).collect();
        let mut lines = Vec::new();
        for source in sources {
            let sql = format!("{LINE} FROM {BY_TIME} WHERE message.source = {source}{wanted} {NEWEST_FIRST} LIMIT {}", filter.most);
            let mut statement = self.connection.prepare(&sql)?;
            lines.extend(statement.query_map(&*bound, |row| self.line(row))?.collect::<Result<Vec<_>>>()?);
        }
        lines.sort_unstable_by_key(|line| Reverse((line.received, line.run)));
        lines.truncate(filter.most);
        Ok(lines)
    }

    pub(super) fn lines_of(self, which: &Which, most: usize) -> Result<Vec<Listed>> {
        let mut conditions = Conditions::default();
        match which {
            Which::Message(id) => conditions.equal("message.id", id.to_be_bytes()),
            Which::Run(run) => conditions.equal("run.id", run.0),
            Which::Correlation(id) => conditions.correlation(id),
        }
        self.lines(!matches!(which, Which::Run(_)), &conditions, most)
    }

    fn lines(self, by_message: bool, conditions: &Conditions<'_>, most: usize) -> Result<Vec<Listed>> {
        let tables = match by_message {
            true => "message CROSS JOIN run ON run.id = message.seq",
            false => "run CROSS JOIN message ON message.seq = run.id",
        };
        let wanted = if conditions.sql.is_empty() { "TRUE".into() } else { conditions.sql.join(" AND ") };
        let sql = format!("{LINE} FROM {tables} WHERE {wanted} ORDER BY run.id DESC LIMIT {most}");
        let mut statement = self.connection.prepare(&sql)?;
        let lines = statement.query_map(rusqlite::params_from_iter(&conditions.bound), |row| self.line(row))?;
        lines.collect()
    }

    fn line(self, row: &Row<'_>) -> Result<Listed> {
        let state = RunState::of(row.get(6)?);
        let stopped = match (row.get::<_, Option<i64>>(7)?, row.get::<_, Option<i64>>(8)?) {
            (Some(reason), Some(node)) => Some((self.names.text(node), self.failure(reason, row.get(9)?), kind_of(state, row.get(11)?))),
            (_, _) => None,
        };
        let message = u128::from_be_bytes(row.get(1)?);
        Ok(Listed {
            run: RunId(row.get(0)?),
            message,
            flow: self.names.text(row.get(2)?),
            key: text_if_any(row, 3)?,
            correlation: correlation::read(row.get_ref(4)?.as_str()?, message),
            received: Moment(row.get(5)?),
            state: state.word(),
            stopped,
            tries: row.get(10)?,
        })
    }

    pub fn counts(self) -> Result<Counts> {
        let mut statement = self.ready("SELECT state, count(*) FROM run GROUP BY state")?;
        let mut rows = statement.query([])?;
        let mut counts = Counts::default();
        while let Some(row) = rows.next()? {
            let count = row.get::<_, i64>(1)?.cast_unsigned();
            *match RunState::of(row.get(0)?) {
                RunState::Active => &mut counts.active,
                RunState::Parked => &mut counts.held,
                RunState::Done => &mut counts.done,
                RunState::Skipped => &mut counts.skipped,
                RunState::Dead => &mut counts.dead,
                RunState::Uncertain => &mut counts.uncertain,
                RunState::Discarded => &mut counts.discarded,
            } += count;
        }
        Ok(counts)
    }
}

// A discarded run no longer says how it had stopped; an effect of unknown outcome does.
fn kind_of(state: RunState, has_uncertain: bool) -> StopKind {
    match state {
        RunState::Uncertain => StopKind::Uncertain,
        RunState::Discarded if has_uncertain => StopKind::Uncertain,
        RunState::Active | RunState::Parked | RunState::Done | RunState::Skipped | RunState::Dead | RunState::Discarded => StopKind::Dead,
    }
}

/// The condition that a run's message came within the time that is asked for; nothing where none is.
fn within(filter: &ListFilter) -> String {
    let limits = [(filter.since, ">="), (filter.until, "<")].into_iter().filter_map(|(limit, by)| Some((limit?.0, by)));
    limits.map(|(limit, by)| format!(" AND (SELECT received FROM message WHERE message.seq = run.id) {by} {limit}")).collect()
}

/// The condition of a state's word, by the index over such runs where there is one. A word that is none fits nothing.
fn in_state(word: &str) -> String {
    match word {
        // Of few messages; else see `newest`.
        "open" => "run.state IN (0, 1)".into(),
        "held" => "run.state = 1".into(),
        "dead" => "run.id IN (SELECT id FROM run INDEXED BY run_stopped_id WHERE state IN (4, 5))".into(),
        "uncertain" => "run.id IN (SELECT id FROM run INDEXED BY run_stopped WHERE state IN (4, 5) AND state = 5)".into(),
        // An undo that was tried so often that somebody should look.
        "stuck" => {
            format!("run.id IN (SELECT run FROM effect INDEXED BY effect_due WHERE state = 0 AND way = 1 AND tries >= {STUCK_TRIES})")
        }
        "done" => "run.state = 2".into(),
        "skipped" => "run.state = 3".into(),
        "discarded" => "run.state = 6".into(),
        _ => "FALSE".into(),
    }
}

/// The same of few messages, by their own rows.
fn in_state_of_few(word: &str) -> String {
    match word {
        "dead" => "run.state IN (4, 5)".into(),
        "uncertain" => "run.state = 5".into(),
        "stuck" => format!(
            "EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id AND +effect.state = 0 AND effect.way = 1 AND effect.tries >= {STUCK_TRIES})"
        ),
        _ => in_state(word),
    }
}
