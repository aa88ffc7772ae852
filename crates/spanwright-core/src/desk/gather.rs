//! Calls whose answer comes in pages: what was read so far, while the next page is asked for.
//!
//! Each page is an exchange of its own, at the gate and in the journal's trail; the effect stays owed until the last one.
//! What was read lies here and not in the journal. A page that is to come later (a 503, a held gate) finds it again if it
//! comes soon; after a crash, or where servers have forgotten where they were, the call begins with its first page.

use std::{collections::HashMap, sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::{CallId, Command, Desk, Report, Roll};
use crate::{
    codes,
    connector::{Blame, Outcome, Verdict},
    fact::{EffectKey, Moment},
    run::pages::Gathered,
};

/// What was read is good for so long: servers forget where they were.
pub const GATHERED_LASTS: Duration = Duration::from_secs(300);
/// Bytes of items of all calls together.
pub const GATHERED_BYTES_MOST: usize = 64 << 20;

/// What was read of answers that go on.
#[derive(Default)]
pub(super) struct Gatherings {
    of: HashMap<EffectKey, (Arc<Gathered>, Moment)>,
    bytes: usize,
}

impl Gatherings {
    /// What was read for an effect, where that is still good.
    pub fn so_far(&self, effect: &EffectKey, now: Moment) -> Option<Arc<Gathered>> {
        self.of.get(effect).filter(|(_, read)| now.since(*read) < GATHERED_LASTS).map(|(gathered, _)| gathered.clone())
    }

    /// The next page is asked for again. Where its server goes on by itself under one token, that would be the one behind it: the call begins
    /// with its first page.
    pub fn not_heard(&mut self, effect: &EffectKey) {
        if self.of.get(effect).is_some_and(|(gathered, _)| gathered.goes_on_by_itself) {
            self.forget(effect);
        }
    }

    pub fn forget(&mut self, effect: &EffectKey) {
        if let Some((gathered, _)) = self.of.remove(effect) {
            self.bytes -= gathered.bytes;
        }
    }

    /// Says whether there was room.
    fn keep(&mut self, effect: &EffectKey, gathered: Arc<Gathered>, now: Moment) -> bool {
        self.forget(effect);
        if self.bytes + gathered.bytes > GATHERED_BYTES_MOST {
            self.forget_old(now);
        }
        let has_room = self.bytes + gathered.bytes <= GATHERED_BYTES_MOST;
        if has_room {
            self.bytes += gathered.bytes;
            self.of.insert(effect.clone(), (gathered, now));
        }
        has_room
    }

    fn forget_old(&mut self, now: Moment) {
        self.of.retain(|_, (_, read)| now.since(*read) < GATHERED_LASTS);
        self.bytes = self.of.values().map(|(gathered, _)| gathered.bytes).sum();
    }
}

impl Desk {
    /// A page was heard and there is another one: the call goes on with that, as the limits of its system allow.
    #[allow(clippy::too_many_arguments)] // one exchange's whole story
    pub(super) fn goes_on(
        &mut self,
        call: CallId,
        verdict: Verdict,
        gathered: Arc<Gathered>,
        report: &Report,
        now: Moment,
        roll: Roll<'_>,
        out: &mut Vec<Command>,
    ) {
        let Some(effect) = self.flights.get(&call).and_then(|flight| flight.members.first()).cloned() else { return };
        if !self.gathering.keep(&effect, gathered, now) {
            let says = format!("no room for another page: all calls have {} MiB for them together", GATHERED_BYTES_MOST >> 20);
            let why = Failure::new(&codes::NO_ROOM_TO_GATHER, says);
            let later = Verdict { beside: verdict.beside, ..Verdict::all(1, Outcome::Later { why, after: None, blame: Blame::Message }) };
            return self.heard(call, later, report, now, roll, out);
        }
        let Some(flight) = self.landed(call, &verdict, report, now, out) else { return self.gathering.forget(&effect) };
        self.go_again(flight, report, now, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{RunId, Way, no_item};

    fn effect(run: i64) -> EffectKey {
        EffectKey { run: RunId(run), node: "node".into(), item: no_item(), way: Way::Do }
    }

    fn page(mib: usize) -> Arc<Gathered> {
        Arc::new(Gathered::of_bytes(mib << 20))
    }

    /// Of a server that goes on by itself, what is asked for again is the page behind the one that was lost.
    #[test]
    fn what_was_read_is_worth_nothing_where_the_next_page_cannot_be_asked_for_again() {
        for goes_on_by_itself in [false, true] {
            let mut gathering = Gatherings::default();
            let mut gathered = Gathered::of_bytes(1 << 20);
            gathered.goes_on_by_itself = goes_on_by_itself;
            gathering.keep(&effect(1), Arc::new(gathered), Moment(0));
            gathering.not_heard(&effect(1));
            assert_eq!(gathering.so_far(&effect(1), Moment(1)).is_none(), goes_on_by_itself);
        }
    }

    #[test]
    fn pages_are_good_for_a_while_and_the_old_make_room_first() {
        let mut gathering = Gatherings::default();
        let soon = Moment(0).after(GATHERED_LASTS / 2);
        let late = Moment(0).after(GATHERED_LASTS);
        for run in 0..4 {
            assert!(gathering.keep(&effect(run), page(13), Moment(0)));
        }
        assert!(!gathering.keep(&effect(9), page(15), soon), "52 of 64 MiB are taken");
        assert!(gathering.so_far(&effect(0), soon).is_some());
        assert!(gathering.so_far(&effect(0), late).is_none());
        assert!(gathering.keep(&effect(9), page(15), late));
        assert_eq!(gathering.of.len(), 1);
        gathering.forget(&effect(9));
        assert_eq!(gathering.bytes, 0);
    }
}
