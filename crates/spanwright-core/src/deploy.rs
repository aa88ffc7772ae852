//! What a new project means for the messages that an older one left in the journal.
//!
//! Open messages go on with the steps that they began with, and dead letters under today's plan. So a deploy is unsafe where
//! an older plan can no longer be built, and worth a word where today's project no longer knows what a message has done:
//! a replay would do it again. [`source`] looks at what was read.

use std::sync::Arc;

pub mod source;

use crate::{
    fact::{EffectKey, Phase, PlanId, StoredEffect, Way},
    interface::Repeat,
    plan::{Flow, Plan, any_step},
};

/// Messages of one flow under one plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The plan that they are pinned to.
    pub plan: PlanId,
    /// Their flow.
    pub flow: Arc<str>,
    /// How many are open.
    pub open: u64,
    /// How many are dead letters.
    pub stopped: u64,
    /// The steps that dead letters have done, or may have.
    pub did: Vec<Arc<str>>,
}

/// What is to be said before a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// These go on under today's plan.
    Today {
        /// Their flow.
        flow: Arc<str>,
        /// How many.
        open: u64,
    },
    /// These go on under an older plan, to their end.
    Older {
        /// Their flow.
        flow: Arc<str>,
        /// How many.
        open: u64,
        /// Which.
        plan: PlanId,
        /// With whose systems.
        systems: SystemsOf,
    },
    /// These would be left: their plan cannot be built.
    Orphans {
        /// Their flow.
        flow: Arc<str>,
        /// How many.
        open: u64,
        /// Which.
        plan: PlanId,
    },
    /// These cannot be replayed: today's project has no such flow.
    NoFlow {
        /// Their flow.
        flow: Arc<str>,
        /// How many dead letters.
        stopped: u64,
    },
    /// A replay of these would do a step again that they have done: today's flow knows no step of that name.
    Renamed {
        /// Their flow.
        flow: Arc<str>,
        /// How many dead letters.
        stopped: u64,
        /// The step.
        step: Arc<str>,
    },
    /// A flow would read from its start what one read that is gone: it was renamed, perhaps.
    Anew {
        /// Today's.
        flow: Arc<str>,
        /// The one that is gone.
        was: Arc<str>,
        /// How far that had read: JSON.
        cursor: Option<Arc<[u8]>>,
    },
    /// What comes again is taken for new: it was known by something else.
    TakenAgain {
        /// Its flow.
        flow: Arc<str>,
        /// `once` or `key`.
        what: &'static str,
    },
    /// A replay of these does not see which newer states of their records went on: these have other names by now.
    OtherNames {
        /// Their flow.
        flow: Arc<str>,
        /// How many dead letters.
        stopped: u64,
        /// `key`, `once` or `version`.
        what: &'static str,
    },
    /// What is in the journal is of another environment, and would go to the systems of this one.
    OtherEnvironment {
        /// Which; empty: none was named.
        then: Arc<str>,
        /// Today's.
        today: Arc<str>,
    },
}

impl Notice {
    /// Whether a start must be refused.
    pub fn is_unsafe(&self) -> bool {
        matches!(self, Notice::Orphans { .. } | Notice::Anew { .. } | Notice::OtherEnvironment { .. })
    }

    /// Whether a person should do something about it.
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Notice::NoFlow { .. }
                | Notice::Renamed { .. }
                | Notice::Older { systems: SystemsOf::Then(_), .. }
                | Notice::TakenAgain { .. }
                | Notice::OtherNames { .. }
        )
    }
}

/// With whose systems messages of an older plan go on; the steps and maps are theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemsOf {
    /// Today's.
    Today,
    /// Their own: today's do not fit, for this reason.
    Then(Arc<str>),
}

/// What today's plan means for what is in the journal. `systems` says with whose an older plan goes on; `None`: it cannot be built.
pub fn notices(
    today: &Plan,
    today_id: Option<PlanId>,
    standing: &[Standing],
    systems: impl Fn(PlanId) -> Option<SystemsOf>,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    for Standing { plan, flow, open, stopped, did } in standing {
        let (plan, flow) = (*plan, flow.clone());
        match (*open, Some(plan) == today_id) {
            (0, _) => {}
            (open, true) => notices.push(Notice::Today { flow: flow.clone(), open }),
            (open, false) => notices.push(match systems(plan) {
                Some(systems) => Notice::Older { flow: flow.clone(), open, plan, systems },
                None => Notice::Orphans { flow: flow.clone(), open, plan },
            }),
        }
        if *stopped > 0 {
            dead_letters(today, &flow, *stopped, did, &mut notices);
        }
    }
    notices.dedup();
    notices
}

fn dead_letters(today: &Plan, flow: &Arc<str>, stopped: u64, did: &[Arc<str>], notices: &mut Vec<Notice>) {
    let Some((_, known)) = today.flow(flow) else {
        return notices.push(Notice::NoFlow { flow: flow.clone(), stopped });
    };
    for step in did.iter().filter(|step| !has_step(known, step)) {
        notices.push(Notice::Renamed { flow: flow.clone(), stopped, step: step.clone() });
    }
}

/// Whether a flow knows a step of that name, or of what it was called before.
pub fn has_step(flow: &Flow, name: &str) -> bool {
    any_step(&flow.steps, &|step| *step.name == *name) || flow.effect_of(name).is_some()
}

/// Undos of which nobody knows whether they happened, of steps that bear no second time: a replay does the step again, under the next
/// key, and where it was not undone, it is done twice. A question that was asked before is asked anew, and tells.
pub fn maybe_not_undone<'k>(flow: &'k Flow, known: &'k [StoredEffect]) -> impl Iterator<Item = &'k EffectKey> {
    let of = |key: &EffectKey, way| EffectKey { way, ..key.clone() };
    let unknown =
        known.iter().filter(|undo| undo.effect.way == Way::Undo && matches!(undo.state.phase, Phase::Uncertain(_) | Phase::Started { .. }));
    unknown.map(|undo| &undo.effect).filter(move |undo| {
        flow.effect_of(&undo.node).is_some_and(|step| {
            let question = of(undo, Way::Ask);
            let tells = step.if_unknown.is_some() && known.iter().any(|asked| asked.effect == question);
            matches!(step.repeat, Repeat::Keyed | Repeat::Never) && !tells
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codes,
        desk::stage::plan,
        fact::{EffectState, RunId, no_item},
    };
    use spanwright_shape::text::Failure;

    fn standing(plan: i64, flow: &str, open: u64, stopped: u64) -> Standing {
        Standing { plan: PlanId(plan), flow: flow.into(), open, stopped, did: vec!["first".into(), "gone".into()] }
    }

    /// Today's plan is 3; 1 cannot be built any more, and today's systems do not fit 2.
    fn said(standing: &[Standing]) -> Vec<String> {
        let systems =
            |id: PlanId| (id.0 > 1).then(|| if id.0 == 2 { SystemsOf::Then("an operation is gone".into()) } else { SystemsOf::Today });
        let notices = notices(&plan(), Some(PlanId(3)), standing, systems);
        notices.iter().map(|notice| format!("{notice:?} {} {}", notice.is_unsafe(), notice.is_warning())).collect()
    }

    #[test]
    fn what_is_open_goes_on_with_what_it_began_with_or_the_start_is_refused() {
        assert_eq!(said(&[standing(3, "asked", 2, 0)]), [r#"Today { flow: "asked", open: 2 } false false"#]);
        let older = r#"Older { flow: "asked", open: 2, plan: PlanId(2), systems: Then("an operation is gone") } false true"#;
        assert_eq!(said(&[standing(2, "asked", 2, 0)]), [older]);
        let newer = r#"Older { flow: "asked", open: 1, plan: PlanId(4), systems: Today } false false"#;
        assert_eq!(said(&[standing(4, "asked", 1, 0)]), [newer]);
        assert_eq!(said(&[standing(1, "asked", 2, 0)]), [r#"Orphans { flow: "asked", open: 2, plan: PlanId(1) } true false"#]);
        assert_eq!(said(&[standing(1, "asked", 0, 0)]), [""; 0]);
    }

    #[test]
    fn of_dead_letters_it_is_said_what_a_replay_would_do_again_and_what_cannot_be_replayed() {
        let again = r#"Renamed { flow: "asked", stopped: 4, step: "gone" } false true"#;
        assert_eq!(said(&[standing(1, "asked", 0, 4)]), [again]);
        assert_eq!(said(&[standing(1, "nobody", 0, 4)]), [r#"NoFlow { flow: "nobody", stopped: 4 } false true"#]);
    }

    #[test]
    fn what_was_done_is_done_twice_by_a_replay_where_nobody_knows_of_its_undo() {
        let mut plan = plan();
        let why = || Failure::new(&codes::NO_LONGER_ASKED, "it was sent and not heard of");
        let (done, unknown) = (Phase::Done(None), Phase::Uncertain(why()));
        let known = |way, phase: &Phase| {
            let effect = EffectKey { run: RunId(1), node: "first".into(), item: no_item(), way };
            StoredEffect { effect, state: EffectState::new(phase.clone()) }
        };
        for (repeat, undo, expected) in [
            (Repeat::Keyed, &unknown, 1),
            (Repeat::Never, &Phase::Started { boot: 1 }, 1),
            (Repeat::Keyed, &done, 0),
            (Repeat::Keyed, &Phase::Dead(why()), 0),
            (Repeat::Idempotent, &unknown, 0),
        ] {
            plan.flows[0].effects[0].repeat = repeat;
            let known = [known(Way::Do, &done), known(Way::Undo, undo)];
            assert_eq!(maybe_not_undone(&plan.flows[0], &known).count(), expected, "{repeat:?} {undo:?}");
        }
    }
}
