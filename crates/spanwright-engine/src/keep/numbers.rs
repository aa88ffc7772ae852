//! The numbers that closed sets have in the file. Never reordered, only added to.

use spanwright_core::fact::{Breaker, EffectKey, OutcomeKind, Phase, RunId, SkipReason, StopKind, Way};

/// The coding of a body that was forgotten.
pub const GONE: i64 = 9;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Somebody works on it.
    Active,
    /// It waits for a due time.
    Parked,
    /// All is done.
    Done,
    /// There was nothing to do.
    Skipped,
    /// It cannot go on.
    Dead,
    /// Nobody knows whether something happened.
    Uncertain,
    /// A person set it aside.
    Discarded,
}

const RUN_STATES: [RunState; 7] =
    [RunState::Active, RunState::Parked, RunState::Done, RunState::Skipped, RunState::Dead, RunState::Uncertain, RunState::Discarded];

impl RunState {
    /// Its number.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// Of a number; one that no edition wrote counts as discarded, so that nobody works on it.
    pub fn of(number: i64) -> RunState {
        usize::try_from(number).ok().and_then(|at| RUN_STATES.get(at)).copied().unwrap_or(RunState::Discarded)
    }

    /// Whether it is over.
    pub fn over(self) -> bool {
        match self {
            RunState::Active | RunState::Parked => false,
            RunState::Done | RunState::Skipped | RunState::Dead | RunState::Uncertain | RunState::Discarded => true,
        }
    }

    /// Whether nobody has to do anything about it any more.
    pub fn is_finished(self) -> bool {
        match self {
            RunState::Done | RunState::Skipped | RunState::Discarded => true,
            RunState::Active | RunState::Parked | RunState::Dead | RunState::Uncertain => false,
        }
    }

    /// As a person reads it.
    pub fn word(self) -> &'static str {
        match self {
            RunState::Active | RunState::Parked => "open",
            RunState::Done => "done",
            RunState::Skipped => "skipped",
            RunState::Dead => "dead",
            RunState::Uncertain => "uncertain",
            RunState::Discarded => "discarded",
        }
    }
}

/// The state of a stopped run.
pub fn stopped(kind: StopKind) -> RunState {
    match kind {
        StopKind::Dead => RunState::Dead,
        StopKind::Uncertain => RunState::Uncertain,
    }
}

/// Why a run was skipped, as it lies in `words`.
pub fn skipped(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Filtered => "filtered",
        SkipReason::Unchanged => "unchanged",
        SkipReason::Superseded => "superseded",
    }
}

/// The number of a way.
pub fn way(way: Way) -> i64 {
    match way {
        Way::Do => 0,
        Way::Undo => 1,
        Way::Ask => 2,
    }
}

/// Of a number.
pub fn way_of(number: i64) -> Way {
    match number {
        0 => Way::Do,
        1 => Way::Undo,
        _ => Way::Ask,
    }
}

/// The number of a phase.
pub fn phase(phase: &Phase) -> i64 {
    match phase {
        Phase::Owed { .. } => 0,
        Phase::Started { .. } => 1,
        Phase::Done(_) => 2,
        Phase::Unchanged => 3,
        Phase::Superseded => 4,
        Phase::Uncertain(_) => 5,
        Phase::Dead(_) => 6,
    }
}

/// The number of an outcome.
pub fn outcome(kind: OutcomeKind) -> i64 {
    match kind {
        OutcomeKind::Delivered => 0,
        OutcomeKind::Later => 1,
        OutcomeKind::Unknown => 2,
        OutcomeKind::Never => 3,
    }
}

/// The word of an outcome's number.
pub fn outcome_word(number: i64) -> &'static str {
    ["delivered", "later", "unknown", "never"].get(usize::try_from(number).unwrap_or(2)).copied().unwrap_or("unknown")
}

/// The number of a breaker's state, and until when it is open.
pub fn breaker(breaker: Breaker) -> (i64, Option<i64>) {
    match breaker {
        Breaker::Closed => (0, None),
        Breaker::Open { until } => (1, Some(until.0)),
        Breaker::HalfOpen => (2, None),
    }
}

/// A line a member: run, way, node, item, with tabs between. An item comes from a record's key and may hold anything.
pub fn members_text(members: &[EffectKey]) -> String {
    let mut text = String::new();
    for member in members {
        let item = member.item.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
        text.push_str(&format!("{}\t{}\t{}\t{item}\n", member.run.0, way(member.way), member.node));
    }
    text
}

/// The members of such a text; a line that is none is left out.
pub fn members_of(text: &str) -> Vec<EffectKey> {
    let member = |line: &str| {
        let mut parts = line.split('\t');
        let run = RunId(parts.next()?.parse().ok()?);
        let way = way_of(parts.next()?.parse().ok()?);
        Some(EffectKey { run, node: parts.next()?.into(), item: plain(parts.next()?).into(), way })
    };
    text.lines().filter_map(member).collect()
}

fn plain(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_may_hold_anything() {
        for item in ["", "a\tb", "a\nb\r\n", "a\\tb\\", "\\\\n"] {
            let member = EffectKey { run: RunId(-7), node: "crm".into(), item: item.into(), way: Way::Undo };
            assert_eq!(members_of(&members_text(&[member.clone(), member.clone()])), [member.clone(), member], "{item:?}");
        }
    }

    #[test]
    fn every_run_state_comes_back_from_its_number() {
        for state in RUN_STATES {
            assert_eq!(RunState::of(state.number()), state);
        }
    }
}
