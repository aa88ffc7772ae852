//! Where one effect stands, and what follows: it is owed, asked about, done, or failed for good.
//!
//! An unknown outcome that may not be repeated is no end where the plan knows a question. The question is an effect of
//! its own ([`Way::Ask`]), numbered by the attempt that it asks about; its answer settles the effect (it happened, and
//! this is its answer) or frees it to be asked for again. All of this is told from what is known, so that a crash at
//! any moment changes nothing.

use std::sync::Arc;

use spanwright_map::{Env, Program};
use spanwright_shape::{text::Failure, value::Value};

use super::{Flowing, Input, KnownEffect, Owed, Passed, Past, Walk, Want, failure_of};
use crate::{
    codes,
    fact::{EffectKey, Item, Phase, StopKind, Way},
    plan::{Body, EffectPlan, IfDead, Question},
    run::{
        head::Answer,
        scene::{Carried, Names},
    },
};

/// Where an effect stands.
enum Standing<'a> {
    /// Owed, or asked about.
    Open,
    /// It happened, or need not; with its answer.
    Done(Answer<'a>),
    /// It did not, or nobody knows.
    Failed(StopKind, Failure),
}

impl<'a> Walk<'a> {
    pub(super) fn call(&mut self, effect: usize, body: Carried<'a>, names: &mut Names<'a>, item: &Item) -> Result<Flowing<'a>, Failure> {
        let plan = &self.flow.effects[effect];
        self.looks |= plan.wants_a_look();
        match self.stands(effect, plan, body, names, item)? {
            Standing::Open => {
                self.looks = true;
                Ok(Flowing::Off)
            }
            Standing::Done(answer) => {
                names.answer(plan, answer, self.room);
                self.happened(effect, plan, body, names, item);
                Ok(Flowing::On(body))
            }
            Standing::Failed(kind, why) => {
                let error = names.error(plan, &self.job.plan, (kind, &why, self.tries(plan, item)), self.room);
                names.answer(plan, Answer::NONE, self.room);
                if kind == StopKind::Uncertain {
                    self.happened(effect, plan, body, names, item);
                }
                self.forgiven(plan);
                Ok(match &plan.if_dead {
                    IfDead::Letter => {
                        self.stop(&plan.node, kind, why);
                        Flowing::Off
                    }
                    IfDead::Discard => Flowing::On(body),
                    IfDead::Steps(steps) => match self.steps(steps, body, &error, item) {
                        Flowing::On(_) => Flowing::On(body),
                        ends => ends,
                    },
                })
            }
        }
    }

    pub(super) fn send(&mut self, effect: usize, body: Carried<'a>, names: &Names<'a>, item: &Item) -> Result<Flowing<'a>, Failure> {
        let plan = &self.flow.effects[effect];
        self.looks |= plan.wants_a_look();
        match self.stands(effect, plan, body, names, item)? {
            Standing::Open => {}
            Standing::Done(_) => self.happened(effect, plan, body, names, item),
            Standing::Failed(kind, why) => {
                if kind == StopKind::Uncertain {
                    self.happened(effect, plan, body, names, item);
                }
                self.forgiven(plan);
                match &plan.if_dead {
                    IfDead::Letter => self.stop(&plan.node, kind, why),
                    IfDead::Discard => {}
                    IfDead::Steps(steps) => {
                        let error = names.error(plan, &self.job.plan, (kind, &why, self.tries(plan, item)), self.room);
                        self.steps(steps, body, &error, item);
                    }
                }
            }
        }
        Ok(Flowing::On(body))
    }

    /// Tries that were spent on an effect.
    fn tries(&self, plan: &EffectPlan, item: &Item) -> u32 {
        self.known(&plan.node, item, Way::Do).map_or(0, |known| known.tries)
    }

    fn forgiven(&self, plan: &EffectPlan) {
        if !matches!(plan.if_dead, IfDead::Letter) {
            self.passed(Passed::Forgiven(&plan.node));
        }
    }

    /// What fails of a step that happened, or may have, does not make it one that never happened.
    fn stands(
        &mut self,
        effect: usize,
        plan: &'a EffectPlan,
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<Standing<'a>, Failure> {
        match self.told(effect, plan, body, names, item) {
            Err(why) => match self.known(&plan.node, item, Way::Do).map(|known| (&known.phase, known.unheard)) {
                Some((Phase::Done(_), _)) => {
                    self.happened(effect, plan, body, names, item);
                    Err(why)
                }
                Some((Phase::Uncertain(_) | Phase::Started { .. }, _) | (Phase::Owed { .. }, true)) => {
                    Ok(Standing::Failed(StopKind::Uncertain, why))
                }
                _ => Err(why),
            },
            told => told,
        }
    }

    fn told(
        &mut self,
        effect: usize,
        plan: &'a EffectPlan,
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<Standing<'a>, Failure> {
        let known = self.known(&plan.node, item, Way::Do);
        if let (Some(question), Some(why)) = (&plan.if_unknown, self.reopened(plan, known, item)) {
            let told = self.asked_back((effect, plan), question, (0, &why), body, names, item);
            return told.map_err(|failed| tells_nothing(&why, &failed));
        }
        match known.map(|known| (&known.phase, known.tries)) {
            None | Some((Phase::Owed { .. } | Phase::Started { .. }, _)) => {
                self.owe((effect, plan), Way::Do, Want::Asked, body, names, item)?;
                Ok(Standing::Open)
            }
            Some((Phase::Done(answer), _)) => self.answered((effect, plan), answer.as_ref(), body, names, item),
            Some((Phase::Unchanged | Phase::Superseded, _)) => Ok(Standing::Done(Answer::NONE)),
            Some((Phase::Dead(why), _)) => Ok(Standing::Failed(StopKind::Dead, why.clone())),
            Some((Phase::Uncertain(why), tries)) => match &plan.if_unknown {
                Some(question) => {
                    let told = self.asked_back((effect, plan), question, (tries, why), body, names, item);
                    told.map_err(|failed| tells_nothing(why, &failed))
                }
                None => Ok(Standing::Failed(StopKind::Uncertain, why.clone())),
            },
        }
    }

    /// A replay of something that nobody knew of: it has had no try since, and there was a question. It is asked first.
    fn reopened(&self, plan: &EffectPlan, known: Option<&KnownEffect>, item: &Item) -> Option<Failure> {
        let fresh = known.is_some_and(|known| known.tries == 0 && matches!(known.phase, Phase::Owed { .. }));
        let asked = fresh && self.known(&plan.node, item, Way::Ask).is_some();
        asked.then(|| Failure::new(&codes::TORN, "nobody knew whether it happened before it was replayed"))
    }

    /// It happened; where its answer says that it is not ready, it is asked for again.
    fn answered(
        &mut self,
        (effect, plan): (usize, &'a EffectPlan),
        answer: Option<&'a Arc<[u8]>>,
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<Standing<'a>, Failure> {
        let answer = Answer::read(answer, self.room)?;
        if let Some(again) = &plan.again {
            let ready = self.truth(&again.until, Carried::Value(answer.body), names)?;
            self.passed(Passed::Ready(&plan.node, ready));
            if !ready {
                self.owe((effect, plan), Way::Do, Want::Ready, body, names, item)?;
                return Ok(Standing::Open);
            }
        }
        Ok(Standing::Done(answer))
    }

    /// Nobody knows whether it happened, and there is a question that tells.
    fn asked_back(
        &mut self,
        (effect, plan): (usize, &'a EffectPlan),
        question: &'a Question,
        (attempt, why): (u32, &Failure),
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<Standing<'a>, Failure> {
        let asked = self.known(&plan.node, item, Way::Ask).filter(|asked| asked.generation == attempt);
        match asked.map(|asked| &asked.phase) {
            None | Some(Phase::Owed { .. } | Phase::Started { .. }) => {
                self.owe((effect, &question.ask), Way::Ask, Want::Told { attempt }, body, names, item)?;
                Ok(Standing::Open)
            }
            Some(Phase::Done(answer)) => {
                let taken = self.taken(&question.take, answer.as_ref(), names)?;
                self.passed(Passed::Told(&plan.node, taken.is_some()));
                let want = match taken {
                    Some(value) => Want::Happened(Some(Carried::Value(value).to_bytes().into())),
                    None => Want::Repeated,
                };
                self.owe((effect, plan), Way::Do, want, body, names, item)?;
                Ok(Standing::Open)
            }
            Some(Phase::Unchanged | Phase::Superseded | Phase::Uncertain(_) | Phase::Dead(_)) => {
                Ok(Standing::Failed(StopKind::Uncertain, why.clone()))
            }
        }
    }

    /// What a question says; null says as little as nothing.
    fn taken(&self, take: &'a Program, answer: Option<&'a Arc<[u8]>>, names: &Names<'a>) -> Result<Option<Value<'a>>, Failure> {
        let env = Env { dot: Answer::read(answer, self.room)?.body, names: names.in_room(self.room) };
        Ok(take.one(&env, self.room).map_err(failure_of)?.filter(|value| !matches!(value, Value::Null)))
    }

    /// It happened, or may have: it can be undone, unless it is where the way back ends.
    fn happened(&mut self, effect: usize, plan: &'a EffectPlan, body: Carried<'a>, names: &Names<'a>, item: &Item) {
        if plan.pivot {
            self.pivoted = Some(&plan.node);
            self.past.clear();
        }
        if plan.undo.is_some() && self.pivoted.is_none() {
            self.past.push(Past { effect, item: item.clone(), body, names: names.clone() });
        }
    }

    pub(super) fn owe(
        &mut self,
        (effect, plan): (usize, &'a EffectPlan),
        way: Way,
        want: Want,
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<(), Failure> {
        let node = self.flow.effects[effect].node.clone();
        let input = self.input(plan, &node, body, names, item)?;
        if plan.unchanged {
            // Here, on a worker: the desk will compare it.
            input.print();
        }
        let of_item = self.of_item.filter(|_| way == Way::Do);
        self.owed.push(Owed { node, item: item.clone(), way, effect, want, input: Arc::new(input), of_item });
        Ok(())
    }

    fn input(&self, plan: &'a EffectPlan, node: &Arc<str>, body: Carried<'a>, names: &Names<'a>, item: &Item) -> Result<Input, Failure> {
        if plan.with.is_none() && matches!(plan.body, Body::None | Body::Whole) {
            let body = if let Body::Whole = plan.body { Some(body.to_bytes()) } else { None };
            return Ok(Input::new(b"{}".to_vec(), body).of(plan));
        }
        // The effect's own, whoever asks: its undo and its question speak of the same thing.
        let key = EffectKey { run: self.job.run, node: node.clone(), item: item.clone(), way: Way::Do };
        let names = &names.delivery(&key.idempotency_key(self.job.root, 0), self.room);
        let with = match &plan.with {
            Some(map) => self.mapped(map, body, names)?,
            None => b"{}".to_vec(),
        };
        let body = self.made(&plan.body, body, names)?;
        Ok(Input::new(with, body).of(plan))
    }

    /// A body as the plan has it made of the flow's.
    pub(super) fn made(&self, plan: &'a Body, body: Carried<'a>, names: &Names<'a>) -> Result<Option<Vec<u8>>, Failure> {
        Ok(match plan {
            Body::None => None,
            Body::Whole => Some(body.to_bytes()),
            Body::Map(map) => Some(self.mapped(map, body, names)?),
            Body::Expr(program) => {
                let value = self.value(program, body, names)?.unwrap_or(Value::Null);
                Some(Carried::Value(value).to_bytes())
            }
        })
    }
}

/// A question that cannot be asked, or whose answer cannot be read, leaves it as unknown as it was.
fn tells_nothing(why: &Failure, failed: &Failure) -> Failure {
    Failure::new(why.code, format!("{}; and the question whether it happened failed: {} {}", why.says, failed.code.id, failed.says))
}
