//! Sources that a clock drives: what is due is taken, and the clock's hand moves in the same commit.
//!
//! So each time is taken once, whatever crashes in between. A time that went by while nobody ran, or while the flow had
//! no room, is *missed* once it is older than [`MISSED_AFTER`]; the source says what becomes of it.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::{json, room::Room, value::Value};

use super::{Command, Desk, Happening, Roll, TAKE_CHUNK, Wake, source::SEEN_REMEMBERED};
use crate::{
    fact::{Fact, Moment, Moved, Seen, SourceRow},
    plan::{Cron, Missed, Plan, Source},
    run::{intake, moment, rfc3339},
};

/// How late a time may be taken and still be in time.
pub const MISSED_AFTER: std::time::Duration = std::time::Duration::from_secs(60);

const NEVER: Moment = Moment(i64::MAX);

/// A source that a clock drives, at the desk.
pub(super) struct Clockwork {
    pub name: Arc<str>,
    flow: usize,
    account: usize,
    /// `None`: never again.
    due: Option<Moment>,
    /// The last time that was due.
    previous: Option<Moment>,
    /// What was due is on its way to the disk.
    striking: bool,
    /// Taken now, whatever its line says.
    hurried: bool,
    /// The journal knows when it is due: a time that goes by before the first one was taken is missed like any other.
    known: bool,
}

impl Clockwork {
    pub fn all(plan: &Plan, flows: &HashMap<Arc<str>, usize>, now: Moment) -> Vec<Clockwork> {
        let driven = plan.flows.iter().enumerate().filter_map(|(n, flow)| {
            let source = flow.source.as_ref()?;
            Some((n, flow, source, source.cron()?))
        });
        driven
            .map(|(n, flow, source, cron)| Clockwork {
                name: source.name.clone(),
                flow: n,
                account: flows[&flow.name],
                due: cron.schedule.next(now),
                previous: None,
                striking: false,
                hurried: false,
                known: false,
            })
            .collect()
    }

    /// What an earlier life knew: the last time that it took, and the first one after it. Of a line that was changed since no time was missed that
    /// lies before the one that the old line had due.
    pub fn restore(&mut self, row: &SourceRow, plan: &Plan, now: Moment) {
        let room = Room::new();
        let last = row.cursor.as_deref().and_then(|cursor| json::read(cursor, &room).ok()).and_then(|last| moment(last.text()?));
        let Some(cron) = self.cron(plan) else { return };
        let due = if row.due > now { cron.schedule.next(now) } else { Some(row.due) };
        (self.previous, self.due, self.known) = (last, due, due.unwrap_or(NEVER) == row.due);
    }

    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Nothing of it is due or under way.
    pub fn idle(&self, now: Moment) -> bool {
        !self.striking && !self.hurried && self.due.is_none_or(|due| due > now)
    }

    fn cron<'p>(&self, plan: &'p Plan) -> Option<&'p Cron> {
        plan.flows[self.flow].source.as_ref()?.cron()
    }

    /// The times to take now, and up to which time all is then said.
    fn strikes(&self, cron: &Cron, now: Moment) -> Option<(Vec<Moment>, Moment)> {
        if self.hurried {
            return Some((vec![now], now));
        }
        let due = self.due.filter(|due| *due <= now)?;
        let last = cron.schedule.last(due, now).unwrap_or(due);
        let in_time = now.since(last) <= MISSED_AFTER;
        Some(match cron.missed {
            Missed::All => {
                let next = |at: &Moment| cron.schedule.next(*at).filter(|next| *next <= now);
                let times: Vec<Moment> = std::iter::successors(Some(due), next).take(TAKE_CHUNK).collect();
                let upto = times.last().copied().unwrap_or(due);
                (times, upto)
            }
            Missed::Once => (vec![last], last),
            Missed::Skip if in_time => (vec![last], last),
            Missed::Skip => (Vec::new(), last),
        })
    }
}

impl Desk {
    pub(super) fn strike(&mut self, now: Moment, roll: Roll<'_>, wake: &mut Wake, out: &mut Vec<Command>) {
        if !self.space.has_some() {
            return;
        }
        for n in 0..self.clocks.len() {
            let account = self.clocks[n].account;
            if self.clocks[n].striking || !self.flows[account].has_room() || self.flow_holds(account, now, wake) {
                continue;
            }
            let clock = &self.clocks[n];
            if !clock.known {
                let (source, due) = (clock.name.clone(), clock.due.unwrap_or(NEVER));
                (self.clocks[n].known, self.clocks[n].striking) = (true, true);
                self.commit(vec![Fact::Moved(Moved { source, cursor: None, due, at: now })], out);
                continue;
            }
            let strikes = clock.cron(&self.plan).and_then(|cron| clock.strikes(cron, now));
            match strikes {
                Some((times, upto)) => self.take_times(n, &times, upto, now, roll, out),
                None => clock.due.into_iter().for_each(|due| wake.no_later_than(due)),
            }
        }
    }

    fn take_times(&mut self, n: usize, times: &[Moment], upto: Moment, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let clock = &self.clocks[n];
        let (name, flow, hurried) = (clock.name.clone(), clock.flow, clock.hurried);
        let plan = self.plan.clone();
        let Some((source, cron)) = plan.flows[flow].source.as_ref().and_then(|source| Some((source, source.cron()?))) else { return };
        let (mut facts, mut previous) = (Vec::new(), clock.previous);
        for at in times {
            facts.extend(self.time_fact(flow, source, *at, previous, now, roll));
            previous = Some(*at);
        }
        let items = u32::try_from(facts.len()).unwrap_or(u32::MAX);
        // After the clock was set back they may have been taken before, and then nothing follows.
        let is_new = hurried || times.iter().any(|at| clock.previous.is_none_or(|previous| *at > previous));
        if let Some(follows) = self.follows_round(flow).filter(|_| items > 0 && is_new) {
            facts.push(self.round_ended(follows, now, roll));
        }
        // A time that a person chose does not move the hand.
        let (last, due) = if hurried { (clock.previous, clock.due) } else { (Some(upto), cron.schedule.next(upto)) };
        let cursor = last.map(|last| format!("\"{}\"", rfc3339(last)).into_bytes().into());
        facts.push(Fact::Moved(Moved { source: name.clone(), cursor, due: due.unwrap_or(NEVER), at: now }));
        let clock = &mut self.clocks[n];
        (clock.striking, clock.hurried, clock.due, clock.previous) = (true, false, due, last);
        out.push(Command::Note(Happening::Polled { source: name, items, last: true }));
        self.commit(facts, out);
    }

    fn time_fact(&self, flow: usize, source: &Source, at: Moment, previous: Option<Moment>, now: Moment, roll: Roll<'_>) -> Option<Fact> {
        let (due, previous) = (rfc3339(at), previous.map(rfc3339));
        let told = [("due", Value::Text(&due)), ("previous", previous.as_deref().map_or(Value::Null, Value::Text))];
        let page = intake::item(source, &Value::Record(&told));
        let mut arrival = page.arrivals.into_iter().next()?;
        let mut beside = Vec::new();
        json::write(&Value::Record(&[("once", Value::Text(&due)), told[0], told[1]]), &mut beside);
        arrival.beside = Some(beside.into());
        let once = arrival.once.clone().unwrap_or_else(|| due.as_str().into());
        let seen = Seen { scope: source.name.clone(), key: once, print: None, held: None, until: now.after(SEEN_REMEMBERED) };
        Some(self.took_by(flow, &source.name, arrival, Some(seen), now, roll).into())
    }

    /// Its hand has moved on disk; says whether it was one of ours.
    pub(super) fn struck(&mut self, moved: &Moved) -> bool {
        let clock = self.clocks.iter_mut().find(|clock| clock.name == moved.source);
        clock.map(|clock| clock.striking = false).is_some()
    }
}
