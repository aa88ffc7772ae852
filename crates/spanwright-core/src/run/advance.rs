//! What does a run owe? A pure function of plan, message and what is known of its effects.
//!
//! The flow is walked from the top each time. Pure steps are evaluated again; an effect whose result is known is not
//! asked for again. So a crash, a restart, a retry and a replay are all the same thing: another walk.
//!
//! Rules:
//! 1. A `send` is owed and the walk goes on; a `call` that is not done blocks what is below it.
//! 2. **All siblings settle before anything is undone**: while an effect is open, the walk owes and does not undo.
//! 3. Undo goes in strict reverse order of the walk, one at a time, over what was done **or may have been** (uncertain).
//!    Behind a pivot that happened, or may have, nothing is undone: from there on it only goes forward.
//! 4. Whoever is on its way back does not turn round: where an undo was begun, nothing else is owed, whatever the flow says today.
//! 5. When nothing is open, the run ends: done, skipped, or stopped at the first step that failed; then `if_dead` has its say.
//!
//! `effect.rs` beside this says where one effect stands, `items.rs` whether the items of an `each` are where they were, `end.rs` what
//! follows when the walk has come to its end.

use std::sync::{Arc, OnceLock};

use spanwright_map::{Env, Fault, Mapping, Program};
use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{
    head::Answer,
    scene::{Carried, Names},
};
use crate::{
    codes,
    door::Reply,
    fact::{Ending, Item, MessageFile, NodeName, Phase, Print, Root, RunId, StopKind, Stopped, Way, no_item, print_of},
    plan::{EACH_ITEMS_MOST, EffectPlan, Flow, Plan, Step, StepKind},
};

mod effect;
mod end;
mod items;
mod passed;
mod reply;

pub(crate) use end::ending_of;
pub use passed::Passed;
use passed::Watch;

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
    /// Its generation; of a question, the attempt that it asks about.
    pub generation: u32,
    /// Attempts that were spent.
    pub tries: u32,
    /// A try of it may have arrived.
    pub unheard: bool,
    /// The print of the item that it is about.
    pub of_item: Option<Print>,
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
    /// It says something to whoever waits, and then this follows.
    Replies {
        /// What it says.
        replied: Box<Replied>,
        /// What follows.
        next: Box<Advance>,
    },
}

/// What a `reply:` step says.
#[derive(Clone, Debug, PartialEq)]
pub struct Replied {
    /// The step.
    pub node: NodeName,
    /// What it says.
    pub reply: Reply,
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
    /// What is wanted.
    pub want: Want,
    /// What is asked.
    pub input: Arc<Input>,
    /// The print of the item that it is about, where it is owed in an `each`.
    pub of_item: Option<Print>,
}

/// What is wanted of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// That it is asked for.
    Asked,
    /// An answer to the question whether this attempt happened.
    Told {
        /// The attempt's number.
        attempt: u32,
    },
    /// Its answer says that it is not ready: it is asked for again after a while.
    Ready,
    /// It certainly did not happen, says the question: it is asked for again with the same bytes.
    Repeated,
    /// It happened after all, says the question, with this answer.
    Happened(Option<Arc<[u8]>>),
}

/// What an effect asks: parameters and body as JSON bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// A JSON record.
    pub with: Vec<u8>,
    /// A JSON value, where the operation has a body.
    pub body: Option<Vec<u8>>,
    /// Whether the body is proved to be what the operation takes.
    pub proved: bool,
    print: OnceLock<Print>,
}

impl Input {
    /// Of these bytes.
    pub fn new(with: Vec<u8>, body: Option<Vec<u8>>) -> Input {
        Input { with, body, proved: false, print: OnceLock::new() }
    }

    /// The same, of an effect whose map is or is not proved to make what the operation takes.
    fn of(self, plan: &EffectPlan) -> Input {
        Input { proved: plan.proved, ..self }
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

/// Says what a run owes.
pub fn advance(job: &AdvanceJob, room: &Room) -> Advance {
    walked(job, room, None)
}

/// The same, and tells what it came by.
pub fn advance_watched(job: &AdvanceJob, room: &Room, watch: Watch<'_>) -> Advance {
    walked(job, room, Some(watch))
}

fn walked(job: &AdvanceJob, room: &Room, watch: Option<Watch<'_>>) -> Advance {
    let flow = &job.plan.flows[job.flow];
    let mut walk = Walk::new(job, flow, room, watch);
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
    /// Before its end: something is open or has failed.
    Off,
    /// Before its end, and nothing more is to be done: `only` left it out.
    Filtered,
}

/// An effect that happened, or may have, and can be undone.
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
    watch: Option<Watch<'a>>,
    owed: Vec<Owed>,
    /// What was walked by cannot end the run without another walk.
    looks: bool,
    stopped: Option<Stopped>,
    filtered: bool,
    /// What a reply step says that had not been said before.
    replied: Option<Replied>,
    past: Vec<Past<'a>>,
    /// This pivot happened, or may have: nothing is undone any more.
    pivoted: Option<&'a NodeName>,
    /// The item of an `each` that is being walked.
    of_item: Option<Print>,
    /// A list within the one that is being walked has other items than it had.
    list_moved: bool,
}

impl<'a> Walk<'a> {
    fn new(job: &'a AdvanceJob, flow: &'a Flow, room: &'a Room, watch: Option<Watch<'a>>) -> Walk<'a> {
        let looks = !matches!(flow.if_dead, crate::plan::IfDead::Letter);
        Walk {
            job,
            flow,
            room,
            watch,
            owed: Vec::new(),
            looks,
            stopped: None,
            filtered: false,
            replied: None,
            past: Vec::new(),
            pivoted: None,
            of_item: None,
            list_moved: false,
        }
    }

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
                Ok(ends) => return ends,
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
                names.answer(&self.flow.effects[*effect], Answer::NONE, self.room);
            }
            return Ok(Flowing::On(body));
        }
        match &step.kind {
            StepKind::Map(map) => self.map(map, body, names).map(Flowing::On),
            StepKind::Only(test) => self.only(step, test, body, names),
            StepKind::Fail(reason) => Err(Failure::new(&codes::STOPPED_BY_STEP, self.words(reason, body, names)?)),
            StepKind::Route(arms) => self.route(step, arms, body, names, item),
            StepKind::Each { items, steps } => self.each(step, (items, steps), body, names, item),
            StepKind::Call(effect) => self.call(*effect, body, names, item),
            StepKind::Send(effect) => self.send(*effect, body, names, item),
            StepKind::Reply(plan) => self.reply(&step.name, plan, body, names),
        }
    }

    fn map(&self, map: &'a Mapping, body: Carried<'a>, names: &Names<'a>) -> Result<Carried<'a>, Failure> {
        let bytes = self.mapped(map, body, names)?;
        Ok(Carried::bytes(self.room.bump().alloc_slice_copy(&bytes)))
    }

    fn mapped(&self, map: &'a Mapping, body: Carried<'a>, names: &Names<'a>) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::with_capacity(1024);
        let dot = body.value(self.room)?;
        let env = Env { dot, names: names.in_room(self.room) };
        match self.watch {
            None => map.write(&env, self.room, &mut out),
            Some(watch) => map.write_watched(&env, self.room, &mut out, &|target, fork| watch(Passed::Forked(map, target, fork))),
        }
        .map_err(failure_of)?;
        self.passed(Passed::Mapped(map, &out));
        Ok(out)
    }

    fn only(&mut self, step: &'a Step, test: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<Flowing<'a>, Failure> {
        let goes_on = self.tested(step, test, body, names)?;
        self.filtered |= !goes_on;
        Ok(if goes_on { Flowing::On(body) } else { Flowing::Filtered })
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
                self.passed(Passed::Took(&step.name, n));
                return Ok(match self.steps(steps, body, names, item) {
                    Flowing::On(_) => Flowing::On(body),
                    ends => ends,
                });
            }
        }
        Err(Failure::new(&codes::NO_ROUTE, "no condition of the route was true"))
    }

    fn each(
        &mut self,
        step: &'a Step,
        (items, steps): (&'a Program, &'a [Step]),
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
        let prints = self.prints_of(list);
        if let Some((kind, moved)) = self.moved(steps, item, &prints) {
            self.stop(&step.name, kind, moved);
            self.list_moved |= !item.is_empty();
            return Ok(Flowing::Off);
        }
        let (outer, mut all_on, owed) = (self.of_item, true, self.owed.len());
        for ((n, value), print) in list.iter().enumerate().zip(prints) {
            self.of_item = Some(print);
            let inner = if item.is_empty() { n.to_string() } else { format!("{item}/{n}") };
            let inside = names.inside(whole, n);
            all_on &= !matches!(self.steps(steps, Carried::Value(*value), &inside, &inner.into()), Flowing::Off);
        }
        self.of_item = outer;
        // Of a list in which an inner one is not what it was, nothing goes either.
        if item.is_empty() && std::mem::take(&mut self.list_moved) {
            self.owed.truncate(owed);
            return Ok(Flowing::Off);
        }
        Ok(if all_on { Flowing::On(body) } else { Flowing::Off })
    }

    fn known(&self, node: &str, item: &str, way: Way) -> Option<&'a KnownEffect> {
        let found = self.job.known.binary_search_by(|have| (&*have.node, &*have.item, have.way).cmp(&(node, item, way)));
        found.ok().map(|n| &self.job.known[n])
    }

    /// The first step that failed is the one that is named; one of which nobody knows comes before one that is dead.
    fn stop(&mut self, node: &NodeName, kind: StopKind, failure: Failure) {
        let uncertain_first = self.stopped.as_ref().is_some_and(|have| have.kind == StopKind::Dead && kind == StopKind::Uncertain);
        if self.stopped.is_none() || uncertain_first {
            self.stopped = Some(Stopped { kind, node: node.clone(), failure, undone: false });
        }
    }

    fn value(&self, program: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<Option<Value<'a>>, Failure> {
        let env = Env { dot: body.value(self.room)?, names: names.in_room(self.room) };
        match self.watch {
            None => program.one(&env, self.room),
            Some(watch) => program.one_watched(&env, self.room, &|condition, truth| watch(Passed::Decided(condition, truth))),
        }
        .map_err(failure_of)
    }

    fn passed(&self, passed: Passed<'_>) {
        if let Some(watch) = self.watch {
            watch(passed);
        }
    }

    fn tested(&self, step: &Step, program: &'a Program, body: Carried<'a>, names: &Names<'a>) -> Result<bool, Failure> {
        let truth = self.truth(program, body, names)?;
        self.passed(Passed::Tested(&step.name, truth));
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

fn failure_of(fault: Fault) -> Failure {
    fault.failure
}
