//! Answers, by looking at everything that is open.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use spanwright_core::alert::{Cause, CauseKind, Trouble};
use spanwright_core::fact::{
    APART, Backlog, CHORES_REMEMBERED_MOST, ChoreId, ChorePhase, DueEffect, EffectKey, ExchangeId, FILES_BYTES_MOST, Forget, Glued, InLine,
    Item, Lane, Moment, NodeName, Old, Opening, Phase, RunFile, RunId, StopKind, StoppedBundle, StoppedFilter, StoppedRun, StoredEffect,
    Tally, Turn, Way,
};
use spanwright_core::{desk::round::flow_of_ends, plan::Source};

use super::state::{Effect, Place, Run, State};

impl State {
    pub fn opening(&self) -> Opening {
        Opening {
            boot: self.boot,
            rested: self.boot == self.rested + 1,
            cut_off: self.cut_off,
            copied: None,
            last_run: RunId(self.runs.len() as i64),
            exchange_next: 1 + self.exchange_last.max(self.last_glue()),
            gates: self.gates.values().filter(|gate| !gate.is_plain()).cloned().collect(),
            sources: self.sources.values().cloned().collect(),
            backlog: self.backlog(),
            glued: self.glued(),
            undone: self.undone.iter().filter(|undo| self.run(undo.run).is_some_and(Run::is_open)).cloned().collect(),
            torn: self.torn(),
            lanes: self.lanes(),
            queues: self.queues(),
            plans: self.open().map(|(_, run)| run.plan).collect::<BTreeSet<_>>().into_iter().collect(),
            alerts: self.alerts.values().cloned().collect(),
            came: self.came(),
            chores: self.chores.values().filter(|chore| chore.phase == ChorePhase::Open).cloned().collect(),
            chores_over: self.chores_over(),
            latest: self.latest(),
        }
    }

    fn chores_over(&self) -> Vec<ChoreId> {
        let over = self.chores.values().rev().filter(|chore| chore.phase != ChorePhase::Open);
        over.take(CHORES_REMEMBERED_MOST).map(|chore| chore.id).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn came(&self) -> Vec<(Arc<str>, Moment)> {
        let mut came: BTreeMap<Arc<str>, Moment> = BTreeMap::new();
        for (_, row) in self.all() {
            let last = came.entry(row.message.source.clone()).or_insert(row.message.received);
            *last = row.message.received.max(*last);
        }
        came.into_iter().collect()
    }

    fn latest(&self) -> Moment {
        let message = self.all().last().filter(|(run, _)| run.0 > self.set_back as i64).map(|(_, row)| row.message.received);
        let gates = self.gates.values().map(|gate| gate.since);
        self.moved.values().copied().chain(gates).chain(message).max().unwrap_or_default().max(Moment(0))
    }

    pub fn stopped(&self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Vec<StoppedRun> {
        let fits = |row: &Run| {
            let Some((node, reason)) = &row.stopped else { return false };
            let is = |wanted: &Option<Arc<str>>, have: &str| wanted.as_deref().is_none_or(|wanted| wanted == have);
            is(&filter.flow, &row.flow)
                && is(&filter.node, node)
                && is(&filter.reason, reason.id)
                && is(&filter.correlation, &row.message.correlation)
                && filter.key.as_ref().is_none_or(|key| row.message.key.as_ref() == Some(key))
        };
        let meant = self.all().filter(|(run, row)| *run > after && *run <= upto && matches!(row.place, Place::Stopped(_)) && fits(row));
        meant.take(most).map(|(run, row)| self.stopped_run(run, row)).collect()
    }

    pub fn bundles(&self, runs: &[RunId]) -> Vec<StoppedBundle> {
        let (mut seen, mut bundles) = (BTreeSet::new(), Vec::new());
        for run in runs {
            let Some(row) = self.run(*run).filter(|_| !seen.contains(run)) else { continue };
            let shared = self.glues_with(glues_given_up(row));
            let is_in = |effect: &Effect| effect.state.glued.is_some_and(|glue| shared.contains(&glue));
            let given_up =
                |(.., way): &(NodeName, Item, Way), effect: &Effect| *way == Way::Do && is_in(effect) && effect.state.phase.is_given_up();
            let members: Vec<_> = self.all().filter(|(_, row)| row.effects.iter().any(|(key, effect)| given_up(key, effect))).collect();
            seen.extend(members.iter().map(|(run, _)| *run));
            let mut here: BTreeMap<i64, u32> = BTreeMap::new();
            let mut whole = !self.effects().any(|(.., effect)| is_in(effect) && effect.owed().is_some());
            for (_, row) in &members {
                whole &= matches!(row.place, Place::Stopped(_));
                for (key, effect) in row.effects.iter().filter(|(key, effect)| given_up(key, effect)) {
                    whole &= goes_again(&effect.state.phase) && !is_undone(row, key);
                    effect.state.glued.iter().for_each(|glue| *here.entry(glue.0).or_default() += 1);
                }
            }
            whole &= here.iter().all(|(glue, here)| self.exchanges.get(glue).is_some_and(|(_, calls)| calls == here));
            if !shared.is_empty() {
                let runs = members.into_iter().map(|(run, row)| self.stopped_run(run, row)).collect();
                bundles.push(StoppedBundle { runs, whole });
            }
        }
        bundles
    }

    /// What a dead letter went in stays with it.
    pub fn tidy(&mut self, now: Moment, before: Moment) {
        self.seen.retain(|_, row| row.until >= now);
        let given_up = self.effects().filter(|(.., effect)| effect.state.phase.is_given_up() || effect.owed().is_some());
        let kept: BTreeSet<i64> = given_up.filter_map(|(.., effect)| effect.state.glued).map(|glue| glue.0).collect();
        self.exchanges.retain(|id, (at, _)| *at >= before || kept.contains(id));
    }

    /// To the end: whoever shares one of these glues brings in its own.
    fn glues_with(&self, mut shared: BTreeSet<ExchangeId>) -> BTreeSet<ExchangeId> {
        loop {
            let known = shared.len();
            shared.extend(
                self.all().map(|(_, row)| glues_given_up(row)).filter(|glues| !glues.is_disjoint(&shared)).flatten().collect::<Vec<_>>(),
            );
            if shared.len() == known {
                return shared;
            }
        }
    }

    fn stopped_run(&self, run: RunId, row: &Run) -> StoppedRun {
        StoppedRun { run, flow: row.flow.clone(), at: row.changed, overtaken: self.overtaken(run) }
    }

    pub fn in_line(&self, flow: &str) -> Vec<InLine> {
        let place = |row: &Run| matches!(row.place, Place::Parked | Place::Stopped(_));
        let all = self.all().filter(|(_, row)| &*row.flow == flow && place(row));
        all.map(|(run, row)| InLine { run, key: row.message.key.clone(), dead: row.place != Place::Parked }).collect()
    }

    pub fn deaths(&self, flow: &str, since: Moment, most: usize) -> Vec<Moment> {
        let stopped = self.all().filter(|(_, row)| &*row.flow == flow && matches!(row.place, Place::Stopped(_)));
        let mut deaths: Vec<Moment> = stopped.map(|(_, row)| row.changed).filter(|at| *at >= since).collect();
        deaths.sort_unstable();
        deaths.split_off(deaths.len().saturating_sub(most))
    }

    pub fn is_within_a_round(&self, flow: &str) -> bool {
        let (source, ends) = (Source::name_of(flow), Source::name_of(&flow_of_ends(flow)));
        let end = self.all().filter(|(_, row)| row.message.source == ends).map(|(run, row)| (row.message.received, run)).max();
        let after = end.map_or(RunId(0), |(_, run)| run);
        let since = self.moved.get(&source).copied().unwrap_or(Moment(i64::MIN));
        let mut all = self.all().filter(|(run, _)| !self.made_of_others.contains(run));
        all.any(|(run, row)| row.message.source == source && row.message.received >= since && run > after)
    }

    pub fn tally(&self, flow: &str, upto: RunId) -> Option<Tally> {
        let (source, ends) = (Source::name_of(flow), Source::name_of(&flow_of_ends(flow)));
        let earlier = || self.all().filter(|(run, _)| *run < upto);
        let end = earlier().filter(|(_, row)| row.message.source == ends).map(|(run, row)| (row.message.received, run)).max();
        let (since, after) = end.unwrap_or((Moment(0), RunId(0)));
        let round = || earlier().filter(|(run, _)| *run > after);
        if round().any(|(_, row)| &*row.flow == flow && matches!(row.place, Place::Active | Place::Parked)) {
            return None;
        }
        let mut tally = Tally::default();
        let Some((_, own)) = self.all().find(|(run, _)| *run == upto) else { return Some(tally) };
        let of_it = |row: &Run| row.message.source == source && (since..=own.message.received).contains(&row.message.received);
        for (_, row) in round().filter(|(_, row)| of_it(row)) {
            tally.taken += 1;
            match row.place {
                Place::Active | Place::Parked => return None,
                Place::Skipped => tally.skipped += 1,
                Place::Done => tally.delivered += 1,
                Place::Stopped(StopKind::Uncertain) => (tally.dead, tally.uncertain) = (tally.dead + 1, tally.uncertain + 1),
                Place::Stopped(StopKind::Dead) | Place::Discarded | Place::Forgotten => tally.dead += 1,
            }
        }
        Some(tally)
    }

    pub fn troubles(&self, stuck: u32, most: usize) -> Vec<Trouble> {
        let mut counts: BTreeMap<Cause, u64> = BTreeMap::new();
        for (_, row) in self.all() {
            if let (Place::Stopped(_), Some((_, code)), false) = (row.place, &row.stopped, row.acknowledged) {
                *counts.entry(Cause::stopped(&row.flow, code.id)).or_default() += 1;
            }
            let is_stuck = |effect: &Effect| effect.owed().is_some() && effect.state.tries >= stuck;
            let undos = row.effects.iter().filter(|((_, _, way), effect)| *way == Way::Undo && is_stuck(effect)).count() as u64;
            if undos > 0 {
                *counts.entry(Cause::new(CauseKind::Undo, &row.flow)).or_default() += undos;
            }
        }
        counts.into_iter().take(most).map(|(cause, count)| Trouble { cause, count }).collect()
    }

    pub fn old(&self, what: Forget, after: RunId, before: Moment, window: usize) -> Old {
        let mut old = Old { runs: Vec::new(), last: None, young: true };
        for (run, row) in self.all().filter(|(run, _)| *run > after).take(window) {
            let is_old = row.changed < before;
            let is_left = what == Forget::All || !row.message.body.is_empty();
            if is_old && is_left && matches!(row.place, Place::Done | Place::Skipped | Place::Discarded) {
                old.runs.push(run);
            }
            old.last = Some(run);
            old.young &= !is_old;
        }
        old
    }

    pub fn active(&self, flow: &str, after: RunId, most: usize) -> Vec<RunFile> {
        let behind = self.active.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        let mut bytes = 0;
        let within = |file: &RunFile| {
            let before = bytes;
            bytes += file.bytes();
            before < FILES_BYTES_MOST
        };
        behind.filter_map(|&run| self.file(run)).filter(|file| *file.flow == *flow).take(most).take_while(within).collect()
    }

    pub fn due(&self, queue: &str, from: Turn, now: Moment, most: usize) -> (Vec<RunFile>, Option<Turn>) {
        let (mut files, mut known, mut bytes) = (Vec::new(), BTreeSet::new(), 0);
        for turn in self.waiting(queue, from) {
            if known.contains(&turn.run) {
                continue;
            }
            if turn.due > now || files.len() >= most || bytes >= FILES_BYTES_MOST {
                return (files, Some(turn));
            }
            for file in self.group(queue, turn.run, &mut known) {
                bytes += file.bytes();
                files.push(file);
            }
        }
        (files, None)
    }

    /// Parked runs of a queue by the first turn of an effect in it.
    fn waiting(&self, queue: &str, from: Turn) -> BTreeSet<Turn> {
        let parked = self.parked.iter().filter_map(|&run| Some((run, self.run(run)?)));
        let turns = |(run, row): (RunId, &Run)| row.owed_in(queue).map(|(due, _)| Turn { due, run }).filter(|turn| *turn >= from).min();
        parked.filter_map(turns).collect()
    }

    /// A run, and all that share a glue with it or with one of them.
    fn group(&self, queue: &str, first: RunId, known: &mut BTreeSet<RunId>) -> Vec<RunFile> {
        let (mut group, mut at) = (vec![first], 0);
        known.insert(first);
        while let Some(&run) = group.get(at) {
            for glue in self.run(run).map(|row| glues(row, queue)).unwrap_or_default() {
                let mates = self.parked.iter().filter(|mate| self.run(**mate).is_some_and(|row| glues(row, queue).contains(&glue)));
                group.extend(mates.filter(|mate| known.insert(**mate)));
            }
            at += 1;
        }
        group.into_iter().filter_map(|run| self.file(run)).collect()
    }

    pub fn file(&self, run: RunId) -> Option<RunFile> {
        let row = self.run(run)?;
        let known = row.effects.iter().map(|(key, effect)| StoredEffect { effect: key_of(run, key), state: effect.state.clone() });
        Some(RunFile {
            run,
            root: row.root,
            flow: row.flow.clone(),
            plan: row.plan,
            message: row.message.clone(),
            known: known.collect(),
            over: !row.is_open(),
            parked: row.place == super::state::Place::Parked,
            stopped: row.stopped.clone(),
        })
    }

    fn open(&self) -> impl Iterator<Item = (RunId, &Run)> {
        self.active.iter().chain(&self.parked).filter_map(|&run| Some((run, self.run(run)?)))
    }

    fn effects(&self) -> impl Iterator<Item = (EffectKey, &Run, &Effect)> {
        self.runs
            .iter()
            .enumerate()
            .flat_map(|(at, run)| run.effects.iter().map(move |(key, effect)| (key_of(RunId(at as i64 + 1), key), run, effect)))
    }

    fn last_glue(&self) -> i64 {
        let owed = self.effects().filter(|(_, _, effect)| effect.owed().is_some());
        owed.filter_map(|(_, _, effect)| effect.state.glued).map(|exchange| exchange.0).max().unwrap_or(0)
    }

    fn backlog(&self) -> Vec<Backlog> {
        let mut counts: BTreeMap<Arc<str>, (u64, u64)> = BTreeMap::new();
        for row in self.active.iter().filter_map(|&run| self.run(run)) {
            counts.entry(row.flow.clone()).or_default().0 += 1;
        }
        for row in self.parked.iter().filter_map(|&run| self.run(run)) {
            counts.entry(row.flow.clone()).or_default().1 += 1;
        }
        counts.into_iter().map(|(flow, (active, parked))| Backlog { flow, active, parked }).collect()
    }

    fn glued(&self) -> Vec<Glued> {
        let is_over = |run: &Run, effect: &Effect| match &effect.state.phase {
            Phase::Uncertain(why) | Phase::Dead(why) => APART.contains(&why.code.id),
            Phase::Owed { .. } => !run.is_open(),
            Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded => false,
        };
        let over: BTreeSet<_> =
            self.effects().filter(|(_, run, effect)| is_over(run, effect)).filter_map(|(.., it)| it.state.glued).collect();
        let mut glued: Vec<Glued> = self
            .effects()
            .filter(|(_, run, effect)| run.is_open() && effect.owed().is_some())
            .filter_map(|(key, run, effect)| {
                let queue = effect.queue.clone().unwrap_or_else(|| format!("{}.{}", run.flow, key.node).into());
                let glue = effect.state.glued?;
                Some(Glued { queue, glue, effect: key, noted: false, apart: over.contains(&glue) })
            })
            .collect();
        for (id, (queue, members)) in &self.bundles {
            let open: Vec<_> = members.iter().filter(|member| self.is_to_be_asked(member)).collect();
            let apart = open.len() < members.len();
            let glue = ExchangeId(*id);
            glued.extend(open.into_iter().map(|effect| Glued { queue: queue.clone(), glue, effect: effect.clone(), noted: true, apart }));
        }
        glued.sort_unstable_by(|one, other| one.effect.cmp(&other.effect).then(one.glue.cmp(&other.glue)));
        glued
    }

    fn is_to_be_asked(&self, member: &EffectKey) -> bool {
        let Some(run) = self.run(member.run).filter(|run| run.is_open()) else { return false };
        let known = run.effects.get(&(member.node.clone(), member.item.clone(), member.way));
        known.is_none_or(|effect| matches!(effect.state.phase, Phase::Owed { .. } | Phase::Started { .. }))
    }

    fn torn(&self) -> Vec<DueEffect> {
        let started = self.effects().filter(|(_, _, effect)| matches!(effect.state.phase, Phase::Started { boot } if boot < self.boot));
        let torn = started.map(|(key, run, effect)| {
            let queue = effect.queue.clone().unwrap_or_else(|| format!("{}.{}", run.flow, key.node).into());
            DueEffect { effect: key, state: effect.state.clone(), queue, lane: effect.lane }
        });
        torn.collect()
    }

    fn lanes(&self) -> Vec<Lane> {
        let parked = self.parked.iter().filter_map(|&run| Some((run, self.run(run)?)));
        let owed = parked.flat_map(|(run, row)| row.effects.iter().map(move |(key, effect)| (key_of(run, key), effect)));
        owed.filter(|(_, effect)| effect.lane != 0 && effect.owed().is_some())
            .filter_map(|(effect, row)| Some(Lane { queue: row.queue.clone()?, lane: row.lane, effect }))
            .collect()
    }

    fn queues(&self) -> Vec<(Arc<str>, Moment)> {
        let mut earliest: BTreeMap<Arc<str>, Moment> = BTreeMap::new();
        for effect in self.parked.iter().filter_map(|&run| self.run(run)).flat_map(|row| row.effects.values()) {
            if let (Some(queue), Some(due)) = (&effect.queue, effect.owed()) {
                let first = earliest.entry(queue.clone()).or_insert(due);
                *first = due.min(*first);
            }
        }
        earliest.into_iter().collect()
    }
}

fn key_of(run: RunId, (node, item, way): &(NodeName, Item, Way)) -> EffectKey {
    EffectKey { run, node: node.clone(), item: item.clone(), way: *way }
}

fn glues(run: &Run, queue: &str) -> BTreeSet<ExchangeId> {
    run.owed_in(queue).filter_map(|(_, state)| state.glued).collect()
}

/// In which requests without an answer that tells its given up effects went.
pub fn glues_given_up(run: &Run) -> BTreeSet<ExchangeId> {
    let given_up = run.effects.iter().filter(|((.., way), effect)| *way == Way::Do && effect.state.phase.is_given_up());
    given_up.filter_map(|(_, effect)| effect.state.glued).collect()
}

/// It keeps what it went under.
fn goes_again(phase: &Phase) -> bool {
    matches!(phase, Phase::Uncertain(why) | Phase::Dead(why) if !APART.contains(&why.code.id))
}

/// It was undone, or may have been: it goes under another key.
pub fn is_undone(run: &Run, (node, item, _): &(NodeName, Item, Way)) -> bool {
    let undo = run.effects.get(&(node.clone(), item.clone(), Way::Undo));
    undo.is_some_and(|undo| matches!(undo.state.phase, Phase::Started { .. } | Phase::Done(_) | Phase::Uncertain(_)))
}
