//! What does a run owe? A pure function of plan, message and what is known of its effects.
//!
//! The flow is walked from the top each time. Pure steps are evaluated again; an effect whose result is known is not
//! asked for again. So a crash, a restart, a retry and a replay are all the same thing: another walk.
//!
//! Rules:
//! 1. A `send` is owed and the walk goes on; a `call` that is not done blocks what is below it.
//! 2. **All siblings settle before anything is undone**: while an effect is open, the walk owes and does not undo.
//! 3. Undo goes in strict reverse order of the walk, one at a time, over what was done **or may have been** (uncertain).
//! 4. When nothing is open, the run ends: done, skipped, or stopped at the first step that failed.

use std::sync::{Arc, OnceLock};

use spanwright_map::{Env, Fault, Mapping, Program};
use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::scene::{Carried, Names};
use crate::{
    codes,
    fact::{Ending, Item, MessageFile, NodeName, Phase, Print, Root, RunId, SkipReason, StopKind, Stopped, Way, no_item, print_of},
    plan::{Body, EACH_ITEMS_MOST, EffectPlan, Flow, Plan, Step, StepKind},
};

/// A run to be advanced, complete: it can go to another thread.
#[derive(Clone)]
pub struct AdvanceJob {
    /// Which.
    pub run: RunId,
    /// Under which plan.
    pub plan: Arc<Plan>,
    /// The flow's number in it.
    pub flow: usize,
    /// Its root.
    pub root: Root,
    /// The message.
    pub message: Arc<MessageFile>,
    /// What is known.
    pub known: Known,
}

/// What is known of a run's effects, in the order (node, item, way).
pub type Known = Vec<KnownEffect>;

/// One effect and its phase.
#[derive(Clone, Debug)]
pub struct KnownEffect {
    /// The step.
    pub node: NodeName,
    /// The item.
    pub item: Item,
    /// The way.
    pub way: Way,
    /// Its phase.
    pub phase: Phase,
}

/// What follows.
#[derive(Clone, Debug)]
pub enum Advance {
    /// These are open (those already asked for among them).
    Owes {
        /// In the order of the walk.
        owed: Vec<Owed>,
        /// What comes when they are settled.
        then: Then,
    },
    /// It is over.
    Ends(Ending),
}

/// What comes when all that is owed is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing, if all went well: the walk had come to its end. Saves evaluating the flow again.
    Ends,
    /// Another walk.
    Look,
}

/// One effect that is owed.
#[derive(Clone, Debug)]
pub struct Owed {
    /// The step.
    pub node: NodeName,
    /// The item.
    pub item: Item,
    /// The way.
    pub way: Way,
    /// The effect's number in its flow.
    pub effect: usize,
    /// What is asked.
    pub input: Arc<Input>,
}

/// What an effect asks: parameters and body as JSON bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// A JSON record.
    pub with: Vec<u8>,
    /// A JSON value, where the operation has a body.
    pub body: Option<Vec<u8>>,
    print: OnceLock<Print>,
}

impl Input {
    /// Of these bytes.
    pub fn new(with: Vec<u8>, body: Option<Vec<u8>>) -> Input {
        Input { with, body, print: OnceLock::new() }
    }

    /// Its print: what was sent, without keeping it. Made once.
    pub fn print(&self) -> Print {
        *self.print.get_or_init(|| print_of(&[&self.with, self.body.as_deref().unwrap_or_default()]))
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.with.len() + self.body.as_ref().map_or(0, Vec::len)
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a walk came by, for those who measure what was tried.
#[derive(Clone, Copy, Debug)]
pub enum Passed<'p> {
    /// A map made this body.
    Mapped(&'p Mapping, &'p [u8]),
    /// The condition of a step (`when:`, `only:`) was or was not true.
    Tested(&'p NodeName, bool),
    /// A route took its nth way.
    Took(&'p NodeName, usize),
}

/// Says what a run owes.
pub fn advance(job: &AdvanceJob, room: &Room) -> Advance {
    advance_watched(job, room, &|_| {})
}

/// The same, and tells what it came by.
pub fn advance_watched(job: &AdvanceJob, room: &Room, watch: &dyn Fn(Passed<'_>)) -> Advance {
    let flow = &job.plan.flows[job.flow];
    let mut walk = Walk { job, flow, room, watch, owed: Vec::new(), waits: false, stopped: None, filtered: false, past: Vec::new() };
    match walk.begin() {
        Ok((body, names)) => {
            walk.steps(&flow.steps, body, &names, &no_item());
        }
        Err(failure) => walk.stop(&Arc::from("source"), StopKind::Dead, failure),
    }
    walk.end()
}

/// How a list of steps left off.
enum Flowing<'a> {
    /// At its end, with this body.
    On(Carried<'a>),
    /// Before its end: something is open, has failed, or was filtered.
    Off,
}

/// An effect that the walk came by and that can be undone.
struct Past<'a> {
    effect: usize,
    item: Item,
    body: Carried<'a>,
    names: Names<'a>,
}

struct Walk<'a> {
    job: &'a AdvanceJob,
    flow: &'a Flow,
    room: &'a Room,
    watch: &'a dyn Fn(Passed<'_>),
    owed: Vec<Owed>,
    /// A call is open: what is below it was not looked at.
    waits: bool,
    stopped: Option<Stopped>,
    filtered: bool,
    past: Vec<Past<'a>>,
}

impl<'a> Walk<'a> {
    fn begin(&self) -> Result<(Carried<'a>, Names<'a>), Failure> {
        let body = Carried::bytes(&self.job.message.body);
        let whole = body.value(self.room)?;
        Ok((body, Names::first(whole, self.job, self.room)))
    }

    fn steps(&mut self, steps: &'a [Step], mut body: Carried<'a>, names: &Names<'a>, item: &Item) -> Flowing<'a> {
        let mut names = names.clone();
        for step in steps {
            match self.step(step, body, &mut names, item) {
                Ok(Flowing::On(next)) => body = next,
                Ok(Flowing::Off) => return Flowing::Off,
                Err(failure) => {
                    self.stop(&step.name, StopKind::Dead, failure);
                    return Flowing::Off;
                }
            }
        }
        Flowing::On(body)
    }

    fn step(&mut self, step: &'a Step, body: Carried<'a>, names: &mut Names<'a>, item: &Item) -> Result<Flowing<'a>, Failure> {
        if let Some(when) = &step.when
            && !self.tested(step, when, body, names)?
        {
            if let StepKind::Call(effect) = &step.kind {
                names.answer(&self.flow.effects[*effect], Value::Null);
            }
            return Ok(Flowing::On(body));
        }
        match &step.kind {
            StepKind::Map(map) => self.map(map, body, names).map(Flowing::On),
            StepKind::Only(test) => self.only(step, test, body, names),
            StepKind::Fail(reason) => Err(Failure::new(&codes::STOPPED_BY_STEP, self.words(reason, body, names)?)),
            StepKind::Route(arms) => self.route(step, arms, body, names, item),
            StepKind::Each { items, steps } => self.each(items, steps, body, names, item),
            StepKind::Call(effect) => self.call(*effect, body, names, item),
            StepKind::Send(effect) => self.send(*effect, body, names, item),
        }
    }

    fn map(&self, map: &'a Mapping, body: Carried<'a>, names: &Names<'a>) -> Result<Carried<'a>, Failure> {
        let bytes = self.mapped(map, body, names)?;
        Ok(Carried::bytes(self.room.bump().alloc_slice_copy(&bytes)))
    }

    fn mapped(&self, map: &'a Mapping, body: Carried<'a>, names: &Names<'a>) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::with_capacity(1024);
        let dot = body.value(self.room)?;
        map.write(&Env { dot, names: names.in_room(self.room) }, self.room, &mut out).map_err(failure_of)?;
        (self.watch)(Passed::Mapped(map, &out));
        Ok(out)
    }

    fn only(&mut self, step: &'a Step, test: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<Flowing<'a>, Failure> {
        let goes_on = self.tested(step, test, body, names)?;
        self.filtered |= !goes_on;
        Ok(if goes_on { Flowing::On(body) } else { Flowing::Off })
    }

    /// The body of a branch stays in it: below the route it is what it was above.
    fn route(
        &mut self,
        step: &'a Step,
        arms: &'a [(Option<Program>, Vec<Step>)],
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<Flowing<'a>, Failure> {
        for (n, (when, steps)) in arms.iter().enumerate() {
            let taken = match when {
                Some(when) => self.truth(when, body, names)?,
                None => true,
            };
            if taken {
                (self.watch)(Passed::Took(&step.name, n));
                return Ok(match self.steps(steps, body, names, item) {
                    Flowing::On(_) => Flowing::On(body),
                    Flowing::Off => Flowing::Off,
                });
            }
        }
        Err(Failure::new(&codes::NO_ROUTE, "no condition of the route was true"))
    }

    fn each(
        &mut self,
        items: &'a Program,
        steps: &'a [Step],
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<Flowing<'a>, Failure> {
        let list = match self.value(items, body, names)? {
            None | Some(Value::Null) => &[][..],
            Some(Value::List(list)) => list,
            Some(other) => return Err(Failure::new(&codes::EXPRESSION, format!("`each` wants a list and got {}", other.kind().word()))),
        };
        if list.len() > EACH_ITEMS_MOST {
            return Err(Failure::new(&codes::TOO_MANY_ITEMS, format!("{} items, and an `each` may have {EACH_ITEMS_MOST}", list.len())));
        }
        let whole = body.value(self.room)?;
        let mut all_on = true;
        for (n, value) in list.iter().enumerate() {
            let inner = if item.is_empty() { n.to_string() } else { format!("{item}/{n}") };
            let inside = names.inside(whole, n);
            all_on &= matches!(self.steps(steps, Carried::Value(*value), &inside, &inner.into()), Flowing::On(_)) || self.filtered;
        }
        Ok(if all_on { Flowing::On(body) } else { Flowing::Off })
    }

    fn call(&mut self, effect: usize, body: Carried<'a>, names: &mut Names<'a>, item: &Item) -> Result<Flowing<'a>, Failure> {
        let plan = &self.flow.effects[effect];
        self.remember(effect, body, names, item);
        match self.known(&plan.node, item, Way::Do) {
            Some(Phase::Done(answer)) => {
                let value = match answer {
                    Some(bytes) => Carried::bytes(bytes).value(self.room)?,
                    None => Value::Null,
                };
                names.answer(plan, value);
                Ok(Flowing::On(body))
            }
            Some(Phase::Unchanged | Phase::Superseded) => {
                names.answer(plan, Value::Null);
                Ok(Flowing::On(body))
            }
            Some(Phase::Uncertain(why)) => Ok(self.failed(plan, StopKind::Uncertain, why.clone())),
            Some(Phase::Dead(why)) => Ok(self.failed(plan, StopKind::Dead, why.clone())),
            None | Some(Phase::Owed { .. } | Phase::Started { .. }) => {
                self.owe(effect, plan, Way::Do, body, names, item)?;
                self.waits = true;
                Ok(Flowing::Off)
            }
        }
    }

    fn failed(&mut self, plan: &EffectPlan, kind: StopKind, why: Failure) -> Flowing<'a> {
        self.stop(&plan.node, kind, why);
        Flowing::Off
    }

    fn send(&mut self, effect: usize, body: Carried<'a>, names: &Names<'a>, item: &Item) -> Result<Flowing<'a>, Failure> {
        let plan = &self.flow.effects[effect];
        self.remember(effect, body, names, item);
        match self.known(&plan.node, item, Way::Do) {
            Some(Phase::Done(_) | Phase::Unchanged | Phase::Superseded) => {}
            Some(Phase::Uncertain(why)) => self.stop(&plan.node, StopKind::Uncertain, why.clone()),
            Some(Phase::Dead(why)) => self.stop(&plan.node, StopKind::Dead, why.clone()),
            None | Some(Phase::Owed { .. } | Phase::Started { .. }) => self.owe(effect, plan, Way::Do, body, names, item)?,
        }
        Ok(Flowing::On(body))
    }

    fn remember(&mut self, effect: usize, body: Carried<'a>, names: &Names<'a>, item: &Item) {
        if self.flow.effects[effect].undo.is_some() {
            self.past.push(Past { effect, item: item.clone(), body, names: names.clone() });
        }
    }

    fn owe(
        &mut self,
        effect: usize,
        plan: &'a EffectPlan,
        way: Way,
        body: Carried<'a>,
        names: &Names<'a>,
        item: &Item,
    ) -> Result<(), Failure> {
        let with = match &plan.with {
            Some(map) => self.mapped(map, body, names)?,
            None => b"{}".to_vec(),
        };
        let body = match &plan.body {
            Body::None => None,
            Body::Whole => Some(body.to_bytes()),
            Body::Map(map) => Some(self.mapped(map, body, names)?),
            Body::Expr(program) => {
                let value = self.value(program, body, names)?.unwrap_or(Value::Null);
                Some(Carried::Value(value).to_bytes())
            }
        };
        let input = Input::new(with, body);
        if plan.unchanged {
            // Here, on a worker: the desk will compare it.
            input.print();
        }
        self.owed.push(Owed { node: plan.node.clone(), item: item.clone(), way, effect, input: Arc::new(input) });
        Ok(())
    }

    fn known(&self, node: &str, item: &str, way: Way) -> Option<&'a Phase> {
        let found = self.job.known.binary_search_by(|have| (&*have.node, &*have.item, have.way).cmp(&(node, item, way)));
        found.ok().map(|n| &self.job.known[n].phase)
    }

    /// The first step that failed is the one that is named.
    fn stop(&mut self, node: &NodeName, kind: StopKind, failure: Failure) {
        let uncertain_first = self.stopped.as_ref().is_some_and(|have| have.kind == StopKind::Dead && kind == StopKind::Uncertain);
        if self.stopped.is_none() || uncertain_first {
            self.stopped = Some(Stopped { kind, node: node.clone(), failure, undone: false });
        }
    }

    fn end(mut self) -> Advance {
        if !self.owed.is_empty() {
            let then = if self.waits || self.stopped.is_some() || self.past.iter().len() > 0 { Then::Look } else { Then::Ends };
            return Advance::Owes { owed: self.owed, then };
        }
        match self.stopped.take() {
            Some(stopped) => self.undo(stopped),
            None if self.filtered && self.job.known.is_empty() => Advance::Ends(Ending::Skipped(SkipReason::Filtered)),
            None => Advance::Ends(ending_of(self.job.known.iter().map(|known| &known.phase))),
        }
    }

    fn undo(mut self, mut stopped: Stopped) -> Advance {
        let past = std::mem::take(&mut self.past);
        for Past { effect, item, body, names } in past.into_iter().rev() {
            let plan = &self.flow.effects[effect];
            let Some(undo) = &plan.undo else { continue };
            if !matches!(self.known(&plan.node, &item, Way::Do), Some(Phase::Done(_) | Phase::Uncertain(_))) {
                continue;
            }
            stopped.undone = true;
            match self.known(&plan.node, &item, Way::Undo) {
                Some(Phase::Done(_) | Phase::Unchanged | Phase::Superseded) => continue,
                Some(Phase::Owed { .. } | Phase::Started { .. } | Phase::Uncertain(_) | Phase::Dead(_)) | None => {}
            }
            return match self.owe(effect, undo, Way::Undo, body, &names, &item) {
                Ok(()) => Advance::Owes { owed: self.owed, then: Then::Look },
                Err(failure) => Advance::Ends(Ending::Stopped(Stopped { failure, undone: false, ..stopped })),
            };
        }
        Advance::Ends(Ending::Stopped(stopped))
    }

    fn value(&self, program: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<Option<Value<'a>>, Failure> {
        let env = Env { dot: body.value(self.room)?, names: names.in_room(self.room) };
        program.one(&env, self.room).map_err(failure_of)
    }

    fn tested(&self, step: &Step, program: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<bool, Failure> {
        let truth = self.truth(program, body, names)?;
        (self.watch)(Passed::Tested(&step.name, truth));
        Ok(truth)
    }

    fn truth(&self, program: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<bool, Failure> {
        Ok(!matches!(self.value(program, body, names)?, None | Some(Value::Null | Value::Bool(false))))
    }

    fn words(&self, program: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<String, Failure> {
        Ok(match self.value(program, body, names)? {
            Some(Value::Text(text)) => text.to_string(),
            Some(other) => {
                let mut out = Vec::new();
                json::write(&other, &mut out);
                String::from_utf8_lossy(&out).into_owned()
            }
            None => "no reason was given".to_string(),
        })
    }
}

/// How a run ends whose effects are all settled well.
pub(crate) fn ending_of<'p>(phases: impl Iterator<Item = &'p Phase>) -> Ending {
    let (mut any, mut superseded, mut unchanged) = (false, false, false);
    for phase in phases {
        match phase {
            Phase::Superseded => superseded = true,
            Phase::Unchanged => unchanged = true,
            Phase::Done(_) | Phase::Owed { .. } | Phase::Started { .. } | Phase::Uncertain(_) | Phase::Dead(_) => any = true,
        }
    }
    match (any, superseded, unchanged) {
        (false, true, _) => Ending::Skipped(SkipReason::Superseded),
        (false, false, true) => Ending::Skipped(SkipReason::Unchanged),
        _ => Ending::Done,
    }
}

fn failure_of(fault: Fault) -> Failure {
    fault.failure
}
