//! Flows in order: of each record a list of its messages, looked through from the beginning for whoever may go.

use std::collections::BTreeMap;

use spanwright_core::{
    deliver::Lines,
    fact::RunId,
    plan::{InOrder, OrderBy, WhenDead},
};

use super::{Dice, each_case};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Is {
    Waiting,
    Going,
    Dead,
    Over,
}

/// Of each record its messages, in the order in which they came.
#[derive(Default)]
struct Model {
    of: BTreeMap<String, Vec<(RunId, Is)>>,
}

impl Model {
    /// Who goes now that did not before: the first that is not over, unless somebody goes or it is dead.
    fn next(&mut self, key: &str) -> Option<RunId> {
        let all = self.of.get_mut(key)?;
        if all.iter().any(|(_, is)| *is == Is::Going) {
            return None;
        }
        let (run, is) = all.iter_mut().find(|(_, is)| *is != Is::Over)?;
        (*is == Is::Waiting).then(|| {
            *is = Is::Going;
            *run
        })
    }

    fn set(&mut self, key: &str, run: RunId, is: Is) {
        self.of.entry(key.to_string()).or_default().iter_mut().filter(|(have, _)| *have == run).for_each(|(_, have)| *have = is);
    }

    fn some(&self, wanted: Is, dice: &mut Dice) -> Option<(String, RunId)> {
        let all: Vec<(String, RunId)> =
            self.of.iter().flat_map(|(key, all)| all.iter().filter(|(_, is)| *is == wanted).map(|(run, _)| (key.clone(), *run))).collect();
        (!all.is_empty()).then(|| all[dice.below(all.len() as u64) as usize].clone())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: T, expected: T) -> Result<(), String> {
    if said == expected { Ok(()) } else { Err(format!("{what}: {said:?} and not {expected:?}")) }
}

struct Both {
    rule: InOrder,
    lines: Lines,
    model: Model,
    last: i64,
    /// Dead letters of a flow that skips them: they may be replayed.
    skipped: Vec<(String, RunId)>,
}

impl Both {
    fn comes(&mut self, dice: &mut Dice) -> Result<(), String> {
        self.last += 1;
        let (run, key) = (RunId(self.last), self.key(dice));
        let (born_dead, blocks) = (dice.one_in(12), self.rule.when_dead == WhenDead::Block);
        let is = match (born_dead, blocks) {
            (true, true) => Is::Dead,
            (true, false) => Is::Over,
            (false, _) => Is::Waiting,
        };
        self.model.of.entry(key.clone()).or_default().push((run, is));
        if born_dead {
            self.lines.is_dead(run, Some(&key));
            return Ok(());
        }
        let expected = self.model.next(&key) == Some(run);
        same("comes", self.lines.may_go(run, Some(&key)), expected)
    }

    fn ends(&mut self, dice: &mut Dice) -> Result<(), String> {
        let Some((key, run)) = self.model.some(Is::Going, dice) else { return Ok(()) };
        let dead = dice.one_in(4);
        let is = if dead && self.rule.when_dead == WhenDead::Block { Is::Dead } else { Is::Over };
        self.model.set(&key, run, is);
        if dead && is == Is::Over {
            self.skipped.push((key.clone(), run));
        }
        same("ends", self.lines.over(run, dead), self.model.next(&key))
    }

    fn is_seen_to(&mut self, dice: &mut Dice) -> Result<(), String> {
        let Some((key, run)) = self.model.some(Is::Dead, dice).or_else(|| self.skipped.pop()) else { return Ok(()) };
        let was_dead = self.model.of[&key].contains(&(run, Is::Dead));
        if was_dead && dice.one_in(2) {
            self.model.set(&key, run, Is::Over);
            return same("discarded", self.lines.over(run, false), self.model.next(&key));
        }
        self.model.set(&key, run, Is::Waiting);
        let expected = self.model.next(&key) == Some(run);
        same("replayed", self.lines.may_go(run, Some(&key)), expected)
    }

    /// The process ends: what goes is parked in the journal or simply open, and both are found there.
    fn restarts(&mut self, dice: &mut Dice) -> Result<(), String> {
        self.lines = Lines::new("in", self.rule);
        for (key, all) in &mut self.model.of {
            all.iter().filter(|(_, is)| *is == Is::Dead).for_each(|(run, _)| self.lines.is_dead(*run, Some(key)));
            for (run, is) in all.iter_mut().filter(|(_, is)| *is == Is::Going) {
                if dice.one_in(2) {
                    *is = Is::Waiting;
                } else {
                    same("parked", self.lines.may_go(*run, Some(key)), true)?;
                }
            }
        }
        let mut open: Vec<(RunId, String)> = Vec::new();
        for (key, all) in &self.model.of {
            open.extend(all.iter().filter(|(_, is)| *is == Is::Waiting).map(|(run, _)| (*run, key.clone())));
        }
        open.sort();
        for (run, key) in open {
            let expected = self.model.next(&key) == Some(run);
            same("found", self.lines.may_go(run, Some(&key)), expected)?;
        }
        Ok(())
    }

    fn key(&self, dice: &mut Dice) -> String {
        if self.rule.by == OrderBy::All { "all".to_string() } else { format!("k{}", dice.below(3)) }
    }
}

#[test]
fn whose_turn_it_is_is_told_alike_twice() {
    each_case(|dice| {
        let by = if dice.one_in(4) { OrderBy::All } else { OrderBy::Key };
        let when_dead = if dice.one_in(3) { WhenDead::Skip } else { WhenDead::Block };
        let rule = InOrder { by, when_dead };
        let mut both = Both { rule, lines: Lines::new("in", rule), model: Model::default(), last: 0, skipped: Vec::new() };
        for step in 0..60 {
            let told = match dice.below(12) {
                0..5 => both.comes(dice),
                5..9 => both.ends(dice),
                9..11 => both.is_seen_to(dice),
                _ => both.restarts(dice),
            };
            told.map_err(|broken| format!("step {step} of {rule:?}: {broken}"))?;
        }
        Ok(())
    });
}
