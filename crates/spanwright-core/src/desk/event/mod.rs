//! What the desk hears and what it commands: plain values, so that a simulator can play the world.

use std::sync::Arc;

use spanwright_shape::text::Failure;

use crate::{
    alert::Trouble,
    connector::{Outcome, Refusal, Verdict},
    desk::{FETCH_RUNS_MOST, HAND_BYTES_LEAST, HAND_BYTES_MOST, HAND_RUNS_MOST, HANDS_BYTES_MOST},
    fact::{ChoreId, Fact, InLine, Letter, Moment, PlanId, Print, Receipt, RunFile, RunId, StoppedBundle, StoppedRun, Tally, Turn},
    plan::Plan,
    run::{Advance, intake::Page, pages::Gathered},
};

mod command;
mod happening;
mod order;
mod report;
mod standing;
mod waiter;

pub use command::{Command, Exchange, Fetch, Haste, Outgoing, PollJob, SignIn, Tell};
pub use happening::{AlertNote, AttemptNote, Happening};
pub use order::Order;
pub use report::Report;
pub use standing::Standing;
pub use waiter::{Asking, Brought, WaiterId, Word};

/// A commit on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// An exchange on its way, in this life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// How a desk is opened.
pub struct Setup {
    /// Today's plan.
    pub plan: Arc<Plan>,
    /// Its number.
    pub plan_id: PlanId,
    /// Plans that open runs are pinned to.
    pub older: Vec<(PlanId, Arc<Plan>)>,
    /// Each source is polled once, and then no more.
    pub once: bool,
    /// Of a message that only asks nothing is kept while all goes well; a test keeps it, to see what became of it.
    pub passing: bool,
    /// Of each of [`super::flows_in_order`]: what [`crate::fact::Store::in_line`] says.
    pub in_line: Vec<(Arc<str>, Vec<InLine>)>,
    /// Of each flow of today's plan that pauses after so many dead letters: what [`crate::fact::Store::deaths`] says.
    pub deaths: Vec<(Arc<str>, Vec<Moment>)>,
    /// Flows of today's plan with a follower of their rounds that [`crate::fact::Store::is_within_a_round`].
    pub within_rounds: Vec<Arc<str>>,
    /// The number of the only flow whose source pulls, for a test that looks at one; `None`: each does.
    pub only: Option<usize>,
    /// How much may be in hand.
    pub hand: HandSize,
}

/// How much of each flow may be in hand; the rest waits in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandSize {
    /// Runs.
    pub runs: usize,
    /// Bytes of bodies, of what is asked and of what was answered.
    pub bytes: usize,
    /// Runs asked of the journal at once.
    pub fetch: usize,
}

impl Default for HandSize {
    fn default() -> HandSize {
        HandSize { runs: HAND_RUNS_MOST, bytes: HAND_BYTES_MOST, fetch: FETCH_RUNS_MOST }
    }
}

impl HandSize {
    /// So much of each of so many flows: where they are many, their bytes are shared out.
    pub fn of_each(self, flows: usize) -> HandSize {
        HandSize { bytes: self.bytes.min((HANDS_BYTES_MOST / flows.max(1)).max(HAND_BYTES_LEAST)), ..self }
    }
}

/// What the desk hears.
#[derive(Debug)]
pub enum Event {
    /// A commit is on disk.
    Kept {
        /// Which.
        ticket: Ticket,
        /// The facts, given back.
        facts: Vec<Fact>,
        /// One a `Took`.
        receipts: Vec<Receipt>,
    },
    /// Runs were advanced.
    Advanced(Vec<(RunId, Advance)>),
    /// The last prints for `unchanged: skip`.
    Looked {
        /// For which flight.
        call: CallId,
        /// In the order asked.
        prints: Vec<Option<Print>>,
    },
    /// An exchange ended.
    Heard {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// Its figures.
        report: Report,
    },
    /// A call's exchange ended with a page behind which there is another one.
    GoesOn {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// What was read so far.
        gathered: Arc<Gathered>,
        /// Its figures.
        report: Report,
    },
    /// A request could not be made; nothing was sent.
    NotAsked {
        /// Which.
        call: CallId,
        /// Why.
        refusal: Refusal,
    },
    /// A poll's exchange ended.
    PageHeard {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// What was in it, where it was delivered; or why it could not be taken apart.
        page: Option<Result<Page, Failure>>,
        /// Its figures.
        report: Report,
    },
    /// A piece of a page that is still being read: its reader waits for [`Command::ReadOn`].
    PieceHeard {
        /// Which.
        call: CallId,
        /// What was in it.
        page: Page,
    },
    /// A sign-in ended; a delivered answer is `{"token": TEXT, "lasts": SECONDS}`.
    SignedIn {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// Its figures.
        report: Report,
    },
    /// Runs were fetched.
    Found {
        /// What was asked.
        fetch: Fetch,
        /// What there is.
        runs: Vec<RunFile>,
        /// Of a due fetch: the first that is left.
        next: Option<Turn>,
    },
    /// A slice of a chore was looked up.
    FoundStopped {
        /// Which.
        chore: ChoreId,
        /// What there is.
        runs: Vec<StoppedRun>,
        /// What of it goes together ([`Store::bundles`]).
        bundles: Vec<StoppedBundle>,
    },
    /// What the journal counts of what stands still.
    FoundTroubles(Vec<Trouble>),
    /// A message that a flow wants brought back; `None`: there is none.
    FoundLetter {
        /// Who waits.
        call: CallId,
        /// What there is.
        letter: Option<Box<Letter>>,
    },
    /// What became of a round; `None`: some of it is open.
    FoundTally {
        /// Who waits.
        call: CallId,
        /// What became of it.
        tally: Option<Tally>,
    },
    /// A channel was told, or not.
    Alerted {
        /// Which.
        call: CallId,
        /// What came of it.
        outcome: Outcome,
    },
    /// There is no room on the disk, or there is again.
    Disk {
        /// Whether it is full.
        full: bool,
    },
    /// A request was brought to us.
    Brought(Brought),
    /// So many bytes of the disk may still be taken in, until this is told again.
    Room(u64),
    /// A person said something.
    Told(Order),
    /// It is time.
    Wake,
}
