//! What an alert is about.

use std::sync::Arc;

use crate::{codes, fact::Moment};

/// The code of messages that were in hand when the process ended, again and again; the engine sets them aside.
pub const QUARANTINED: &str = "R0108";

/// The kinds of causes, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// There is no room on the disk.
    Disk,
    /// A system refuses our credentials.
    Credentials,
    /// What was done cannot be undone, or has not been for long.
    Undo,
    /// Messages were set aside since the process ended while they were in hand.
    Quarantine,
    /// The breaker of a system is open.
    Breaker,
    /// A system or a flow was held by the engine, and only a person lets it go.
    Held,
    /// A system asks us to wait for long, or our quota of its day is spent, and something waits for it.
    Paused,
    /// What a source pulls cannot be read.
    Source,
    /// Nothing came where something is expected.
    Silence,
    /// Messages stopped.
    DeadLetters,
    /// A step of a flow says so; it does not stand, and is said once.
    Step,
    /// Nothing: a person wants to know whether a channel works.
    Trial,
}

impl CauseKind {
    /// All that a project may name.
    pub const ALL: [CauseKind; 11] = [
        CauseKind::Disk,
        CauseKind::Credentials,
        CauseKind::Undo,
        CauseKind::Quarantine,
        CauseKind::Breaker,
        CauseKind::Held,
        CauseKind::Paused,
        CauseKind::Source,
        CauseKind::Silence,
        CauseKind::DeadLetters,
        CauseKind::Step,
    ];
    /// As they are written in a project.
    pub const WORDS: [&'static str; 11] =
        ["disk", "credentials", "undo", "quarantine", "breaker", "held", "paused", "source", "silence", "dead_letters", "step"];

    /// As it is written in a project, a notice and the journal.
    pub fn word(self) -> &'static str {
        let at = CauseKind::ALL.iter().position(|kind| *kind == self);
        at.map_or("trial", |at| CauseKind::WORDS[at])
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<CauseKind> {
        CauseKind::WORDS.iter().position(|known| *known == word).map(|at| CauseKind::ALL[at])
    }

    /// Of messages that stopped for this reason.
    pub fn of_code(code: &str) -> CauseKind {
        match code {
            QUARANTINED => CauseKind::Quarantine,
            code if code == codes::NO_UNDO.id => CauseKind::Undo,
            _ => CauseKind::DeadLetters,
        }
    }

    /// Whether the journal tells that it stands, by counting.
    pub fn is_counted(self) -> bool {
        matches!(self, CauseKind::Undo | CauseKind::Quarantine | CauseKind::DeadLetters)
    }
}

/// One cause: what of, and for which reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// Its kind.
    pub kind: CauseKind,
    /// The flow or system; empty for the engine's own.
    pub of: Arc<str>,
    /// The problem code; empty where there is none.
    pub code: Arc<str>,
}

impl Cause {
    /// Of something that has no code.
    pub fn new(kind: CauseKind, of: &Arc<str>) -> Cause {
        Cause { kind, of: of.clone(), code: Arc::default() }
    }

    /// Of messages of a flow that stopped with this code.
    pub fn stopped(flow: &Arc<str>, code: &str) -> Cause {
        Cause { kind: CauseKind::of_code(code), of: flow.clone(), code: code.into() }
    }
}

/// What the journal counts: stopped runs that nobody has acknowledged, and undos that do not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The cause.
    pub cause: Cause,
    /// How many.
    pub count: u64,
}

/// What a channel was told of a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// The channel.
    pub channel: Arc<str>,
    /// The cause.
    pub cause: Cause,
    /// Since when it stands.
    pub since: Moment,
    /// When it was told last; `None`: it was told that it is over, and there is nothing more to remember.
    pub told: Option<Moment>,
    /// How many it was then.
    pub count: u64,
}
