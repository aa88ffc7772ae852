//! Sagas: what a run does and undoes, told from its outcomes alone, against walk after walk.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    fact::{Ending, MessageFile, Moment, Phase, Root, RunId, StopKind, Way, no_item},
    interface::Repeat,
    plan::{Body, EffectPlan, Flow, IfDead, Plan, Policy, Step, StepKind},
    run::{Advance, AdvanceJob, KnownEffect, Then, advance},
};
use spanwright_map::Program;
use spanwright_shape::room::Room;

use super::{Dice, each_case, said};

#[derive(Clone, Copy, PartialEq)]
enum Comes {
    Done,
    Dead,
    Uncertain,
}

/// One step: a call, or at the end a send.
#[derive(Clone, Copy)]
struct One {
    sends: bool,
    undo: bool,
    pivot: bool,
    comes: Comes,
}

fn saga(dice: &mut Dice) -> Vec<One> {
    let calls = 1 + dice.below(6);
    let sends = dice.below(3);
    let one = |sends: bool, dice: &mut Dice| {
        let comes = [Comes::Done, Comes::Done, Comes::Done, Comes::Done, Comes::Dead, Comes::Uncertain][dice.below(6) as usize];
        let pivot = !sends && dice.one_in(8);
        One { sends, undo: !sends && !pivot && !dice.one_in(3), pivot, comes }
    };
    (0..calls).map(|_| false).chain((0..sends).map(|_| true)).map(|sends| one(sends, dice)).collect()
}

/// What was done, what was undone, and of which kind the dead letter is, where it is one.
type Told = (Vec<usize>, Vec<usize>, Option<StopKind>);

/// What is done, and then what is undone; and how it ends: `None` well, otherwise of which kind.
fn told(saga: &[One]) -> Told {
    let calls = saga.iter().filter(|one| !one.sends).count();
    let stops = saga[..calls].iter().position(|one| one.comes != Comes::Done);
    let done: Vec<usize> = (0..stops.map_or(saga.len(), |at| at + 1)).collect();
    let bad: Vec<Comes> = done.iter().map(|n| saga[*n].comes).filter(|comes| *comes != Comes::Done).collect();
    if bad.is_empty() {
        return (done, Vec::new(), None);
    }
    let kind = if bad.contains(&Comes::Uncertain) { StopKind::Uncertain } else { StopKind::Dead };
    let maybe = |n: &usize| saga[*n].comes != Comes::Dead;
    let pivoted = done.iter().any(|n| saga[*n].pivot && maybe(n));
    let undone = done.iter().rev().copied().filter(|n| !pivoted && saga[*n].undo && maybe(n)).collect();
    (done, undone, Some(kind))
}

fn plan(saga: &[One]) -> Plan {
    let effect = |node: String| {
        EffectPlan::of(node.as_str().into(), format!("saga.{node}").into(), (0, 0), Body::Whole, Repeat::Keyed, Policy::default())
    };
    let effects = saga.iter().enumerate().map(|(n, one)| EffectPlan {
        undo: one.undo.then(|| Box::new(effect(format!("s{n}")))),
        pivot: one.pivot,
        ..effect(format!("s{n}"))
    });
    let step = |(n, one): (usize, &One)| Step {
        name: format!("s{n}").into(),
        when: None,
        kind: if one.sends { StepKind::Send(n) } else { StepKind::Call(n) },
    };
    let flow = Flow {
        name: "saga".into(),
        source: None,
        steps: saga.iter().enumerate().map(step).collect(),
        effects: effects.collect(),
        if_dead: IfDead::Letter,
        pause_after: None,
        in_order: None,
    };
    Plan {
        flows: vec![flow],
        hash: [1; 32],
        project: "saga".into(),
        environment: None,
        systems: Vec::new(),
        doors: Vec::new(),
        listen: None,
        maps: Vec::new(),
        alerts: Vec::new(),
        vars: BTreeMap::new(),
        keep: spanwright_core::plan::KeepFor::default(),
    }
}

fn message() -> MessageFile {
    MessageFile {
        id: 1,
        source: "saga.source".into(),
        correlation: "c".into(),
        received: Moment(0),
        key: None,
        version: None,
        body: (*b"{}").into(),
        beside: None,
    }
}

/// Walks until it is over; what was done, what was undone, and how it ended.
fn walked(saga: &[One], dice: &mut Dice) -> Result<Told, String> {
    let mut job =
        AdvanceJob { run: RunId(1), plan: Arc::new(plan(saga)), flow: 0, root: Root(1), message: Arc::new(message()), known: Vec::new() };
    let (mut done, mut undone) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let (owed, then) = match advance(&job, &Room::new()) {
            Advance::Owes { owed, then } => (owed, then),
            Advance::Ends(Ending::Done) => return Ok((done, undone, None)),
            Advance::Ends(Ending::Stopped(stopped)) if stopped.undone != undone.is_empty() => {
                return Ok((done, undone, Some(stopped.kind)));
            }
            other => return Err(format!("it came to {other:?}")),
        };
        let open: Vec<_> = owed.iter().filter(|owed| owed.way == Way::Undo).collect();
        if open.len() > 1 || (open.len() == 1 && (owed.len() > 1 || then == Then::Ends)) {
            return Err(format!("more than one step back at a time: {owed:?}"));
        }
        // Siblings settle in any order, and a crash in between changes nothing: the next walk owes the others again.
        let one = &owed[dice.below(owed.len() as u64) as usize];
        let n: usize = one.node[1..].parse().map_err(|_| format!("there is no step {}", one.node))?;
        let phase = match (one.way, saga[n].comes) {
            (Way::Do, Comes::Dead) => Phase::Dead(said()),
            (Way::Do, Comes::Uncertain) => Phase::Uncertain(said()),
            (_, _) => Phase::Done(None),
        };
        if one.way == Way::Undo {
            undone.push(n)
        } else {
            done.push(n)
        }
        job.known.push(KnownEffect {
            node: one.node.clone(),
            item: no_item(),
            way: one.way,
            phase,
            generation: 0,
            tries: 1,
            unheard: false,
            of_item: None,
        });
        job.known.sort_by(|a, b| (&a.node, &a.item, a.way).cmp(&(&b.node, &b.item, b.way)));
    }
    Err("it does not end".to_string())
}

#[test]
fn a_saga_does_and_undoes_what_its_outcomes_say() {
    each_case(|dice| {
        let saga = saga(dice);
        let (mut done, undone, ending) = walked(&saga, dice)?;
        done.sort_unstable();
        let expected = told(&saga);
        if (&done, &undone, ending) != (&expected.0, &expected.1, expected.2) {
            return Err(format!("did {done:?}, undid {undone:?}, ended {ending:?}; and not {expected:?}"));
        }
        Ok(())
    });
}

/// The way to a step ends earlier than when it was done, or may have been: what came before it stays, a pivot or not.
#[test]
fn what_was_done_and_is_not_come_by_keeps_what_came_before_it() {
    let owed = || Phase::Owed { due: Moment(0) };
    for (phase, generation, tries, unheard, is_undone) in [
        (Phase::Done(None), 0, 1, false, false),
        (Phase::Uncertain(said()), 0, 1, false, false),
        (Phase::Started { boot: 1 }, 0, 0, false, false),
        (Phase::Dead(said()), 0, 3, false, true),
        // Tried, and put off: it did not arrive.
        (owed(), 0, 1, false, true),
        (owed(), 0, 1, true, false),
        // Replayed: nobody knew of it before, or it was refused.
        (owed(), 0, 0, false, false),
        (owed(), 1, 0, false, true),
    ] {
        for pivot in [false, true] {
            let of = |undo, pivot, comes| One { sends: false, undo, pivot, comes };
            let saga = [of(true, false, Comes::Done), of(!pivot, pivot, Comes::Done), of(false, false, Comes::Dead)];
            let mut plan = plan(&saga);
            plan.flows[0].steps[1].when = Some(Program::of("false").expect("a test's own"));
            let known = |n: usize, phase, generation, tries, unheard| KnownEffect {
                node: format!("s{n}").as_str().into(),
                item: no_item(),
                way: Way::Do,
                phase,
                generation,
                tries,
                unheard,
                of_item: None,
            };
            let known = vec![
                known(0, Phase::Done(None), 0, 1, false),
                known(1, phase.clone(), generation, tries, unheard),
                known(2, Phase::Dead(said()), 0, 1, false),
            ];
            let job = AdvanceJob { run: RunId(1), plan: Arc::new(plan), flow: 0, root: Root(1), message: Arc::new(message()), known };
            match advance(&job, &Room::new()) {
                Advance::Owes { owed, .. } => {
                    assert!(is_undone && owed.len() == 1 && owed[0].way == Way::Undo, "{phase:?} {tries}: {owed:?}")
                }
                Advance::Ends(Ending::Stopped(stopped)) => {
                    assert!(!is_undone && stopped.failure.code.id == "R0011", "{phase:?} {tries}: {stopped:?}")
                }
                other => panic!("{phase:?}: {other:?}"),
            }
        }
    }
}

/// What stopped it does not stop it today: all the same it is undone to its end, and what it did not do is not done.
#[test]
fn who_is_on_the_way_back_does_not_turn_round() {
    let of = |undo| One { sends: false, undo, pivot: false, comes: Comes::Done };
    let mut plan = plan(&[of(true), of(true), of(false)]);
    let fail = StepKind::Fail(Program::of("\"too many\"").expect("a test's own"));
    let when = Some(Program::of("false").expect("a test's own"));
    plan.flows[0].steps.insert(2, Step { name: "fail".into(), when, kind: fail });
    let known = |n: usize, way, phase| KnownEffect {
        node: format!("s{n}").as_str().into(),
        item: no_item(),
        way,
        phase,
        generation: 0,
        tries: 1,
        unheard: false,
        of_item: None,
    };
    let done = |n, way| known(n, way, Phase::Done(None));
    let owed = known(0, Way::Undo, Phase::Owed { due: Moment(0) });
    let known = vec![done(0, Way::Do), owed, done(1, Way::Do), done(1, Way::Undo)];
    let mut job = AdvanceJob { run: RunId(1), plan: Arc::new(plan), flow: 0, root: Root(1), message: Arc::new(message()), known };
    match advance(&job, &Room::new()) {
        Advance::Owes { owed, .. } => assert!(matches!(&owed[..], [one] if one.way == Way::Undo && &*one.node == "s0"), "{owed:?}"),
        other => panic!("{other:?}"),
    }
    job.known[1].phase = Phase::Done(None);
    match advance(&job, &Room::new()) {
        Advance::Ends(Ending::Stopped(stopped)) => assert!(stopped.undone && stopped.failure.code.id == "R0046", "{stopped:?}"),
        other => panic!("{other:?}"),
    }
    // A replay has no undo any more, and begins anew.
    job.known.retain(|known| known.way == Way::Do);
    assert!(matches!(advance(&job, &Room::new()), Advance::Owes { owed, .. } if &*owed[0].node == "s2"));
}
