//! Engines with one fault each: what each would believe, and what it would write down.

use spanwright_core::{
    fact::{Fact, Phase, Way},
    run::{AdvanceJob, KnownEffect},
};

/// An engine with one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Says that facts are kept before they are synced.
    AnswerBeforeSync,
    /// Notes no intent before an effect that may not be repeated.
    NoIntent,
    /// Takes an unknown outcome for a refusal that may be tried again.
    UnknownTakenForRetry,
    /// Takes what it gave up for something that did not happen, although a try of it was not heard of.
    GivenUpTakenForDead,
    /// Takes a power cut for an end at which nothing was on its way.
    CutTakenForRest,
    /// Forgets a power cut at the next end at which nothing was on its way.
    CutForgotten,
    /// Undoes only what is certainly done.
    UndoSkipsUncertain,
    /// Undoes in the order in which it was done.
    UndoForward,
    /// Undoes while siblings are still open.
    UndoBeforeSiblings,
    /// Undoes what was done before a pivot that happened.
    UndoBehindPivot,
    /// Takes an unknown outcome for one that did not happen, whatever the question says.
    QuestionNotHeard,
    /// Takes the answer to a question about an earlier attempt for one about the last.
    QuestionOfEarlierAttempt,
    /// Takes an answer that is not ready for one that is.
    NotReadyTakenForReady,
    /// Takes what comes again under the same `Idempotency-Key` for something new.
    ForgetsKeys,
    /// Lets the messages of a flow in order overtake each other.
    OrderForgotten,
    /// Lets go on what waits behind a dead letter.
    DeadBlocksNobody,
    /// Does not write down that a system is held.
    HoldNotKept,
    /// Takes the first page of an answer for all of it.
    OnePageOfAnswer,
    /// Replays what is asked for, and not what went with it under one key.
    OthersLeftBehind,
    /// Does not write down that something was undone by hand.
    UndoneByHandNotKept,
    /// Does not write down that a dead letter was set aside: it is opened again.
    DiscardedNotKept,
}

/// All of them.
pub const MUTANTS: [Mutant; 21] = [
    Mutant::AnswerBeforeSync,
    Mutant::NoIntent,
    Mutant::UnknownTakenForRetry,
    Mutant::GivenUpTakenForDead,
    Mutant::CutTakenForRest,
    Mutant::CutForgotten,
    Mutant::UndoSkipsUncertain,
    Mutant::UndoForward,
    Mutant::UndoBeforeSiblings,
    Mutant::UndoBehindPivot,
    Mutant::QuestionNotHeard,
    Mutant::QuestionOfEarlierAttempt,
    Mutant::NotReadyTakenForReady,
    Mutant::ForgetsKeys,
    Mutant::OrderForgotten,
    Mutant::DeadBlocksNobody,
    Mutant::HoldNotKept,
    Mutant::OnePageOfAnswer,
    Mutant::OthersLeftBehind,
    Mutant::UndoneByHandNotKept,
    Mutant::DiscardedNotKept,
];

/// What a faulty engine would believe of a run.
pub(super) fn believed(mut job: AdvanceJob, mutant: Option<Mutant>) -> AdvanceJob {
    let failed = job.known.iter().any(|known| known.phase.is_given_up());
    for known in job.known.iter_mut().filter(|known| known.way == Way::Do) {
        match (mutant, &known.phase) {
            (Some(Mutant::GivenUpTakenForDead), Phase::Uncertain(why)) if &*known.node == "reserve" => {
                known.phase = Phase::Dead(why.clone())
            }
            (Some(Mutant::UndoSkipsUncertain), Phase::Uncertain(why)) => known.phase = Phase::Dead(why.clone()),
            (Some(Mutant::UndoBeforeSiblings), Phase::Owed { .. }) if failed => known.phase = Phase::Superseded,
            _ => {}
        }
    }
    match mutant {
        Some(Mutant::QuestionNotHeard) => questions(&mut job).for_each(|known| {
            if let Phase::Done(answer) = &mut known.phase {
                *answer = None;
            }
        }),
        Some(Mutant::QuestionOfEarlierAttempt) => {
            let tries: Vec<u32> =
                job.known.iter().filter(|known| &*known.node == "create" && known.way == Way::Do).map(|known| known.tries).collect();
            questions(&mut job).for_each(|known| known.generation = tries.first().copied().unwrap_or(known.generation));
        }
        Some(Mutant::NotReadyTakenForReady) => job.known.iter_mut().filter(|known| &*known.node == "ready").for_each(|known| {
            if let Phase::Done(answer) = &mut known.phase {
                *answer = Some((*b"{\"ready\":true}").into());
            }
        }),
        _ => {}
    }
    job
}

/// What a faulty engine would write down of these.
pub(super) fn written(mutant: Option<Mutant>, mut facts: Vec<Fact>) -> Vec<Fact> {
    match mutant {
        Some(Mutant::NoIntent) => facts.retain(|fact| !matches!(fact, Fact::Started { .. })),
        Some(Mutant::UndoneByHandNotKept) => facts.retain(|fact| !matches!(fact, Fact::Undone { .. })),
        Some(Mutant::DiscardedNotKept) => facts.retain(|fact| !matches!(fact, Fact::Discarded { .. })),
        Some(Mutant::ForgetsKeys) => facts.iter_mut().for_each(forget_key),
        Some(Mutant::HoldNotKept) => facts.iter_mut().for_each(|fact| {
            if let Fact::Gated(row) = fact {
                row.hold = None;
            }
        }),
        _ => {}
    }
    facts
}

fn forget_key(fact: &mut Fact) {
    if let Fact::Took(took) = fact
        && took.seen.as_ref().is_some_and(|seen| seen.held.is_some())
    {
        took.seen = None;
    }
}

fn questions(job: &mut AdvanceJob) -> impl Iterator<Item = &mut KnownEffect> {
    job.known.iter_mut().filter(|known| known.way == Way::Ask)
}
