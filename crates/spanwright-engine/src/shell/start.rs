//! Starting: the journal is opened, today's plan pinned, older plans of open runs built again, and everybody set to work.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::AtomicUsize,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use spanwright_core::{
    desk::{Desk, Event, HandSize, Haste, Setup, Ticket, Today, flows_in_order, letters, round::flow_of_ends},
    fact::{Ending, Fact, InLine, Moment, Opening, Phase, PlanBundle, PlanId, RunFile, RunId, StopKind, Stopped, Store, StoreFault},
    plan::{Flow, PauseAfter, Plan},
};
use spanwright_shape::text::Failure;
use tokio::runtime::{Builder, Runtime};

use super::{
    clerk::{Clerk, Inbox, Word, words_of},
    disk::{Disk, DiskWatch},
    exchange::Office,
    over::Watch,
    readers::Readers,
    running::{Brake, Running},
    signals,
    state::Shared,
    workers::Workers,
};
use crate::{
    clock::{Clock, Dice},
    keep::{self, CRASHES_MOST, CodeOf, FULL_RETRY, Keep, Marks, OpenFault, Retention, Room, Suspects, Writer},
    listen::{self, AtOnce, ListenFault, Listening, Register, Whereabouts},
    observe::{Level, Line, Log, LogSettings, Observer, Watcher},
    variables::Variables,
    wire::{Http, HttpSettings, TlsFault, files::Looks},
};

/// Threads of the reactor: it only moves bytes.
const REACTOR_THREADS: usize = 2;
/// A clock that is less behind the journal was not set back: two machines or a leap second explain it.
pub(super) const SET_BACK_LEAST: Duration = Duration::from_secs(5);

/// Builds the plan that messages go on under of a bundle that an earlier start pinned, and of the flows that have open ones; `None`
/// where this edition cannot.
pub type Rebuild = Box<dyn Fn(&PlanBundle, &[Arc<str>]) -> Option<Arc<Plan>>>;

/// Where the journal is.
pub enum StorePlace {
    /// A file, and how the codes in it are named.
    File(PathBuf, CodeOf),
    /// Opened by the caller.
    Opened(Box<dyn Store>),
}

/// What an engine is started with.
pub struct Start {
    /// Today's plan.
    pub plan: Arc<Plan>,
    /// Its bundle, to be pinned.
    pub bundle: PlanBundle,
    /// Builds the plans that older runs are pinned to.
    pub rebuild: Rebuild,
    /// The journal.
    pub store: StorePlace,
    /// The values of `${VAR}`.
    pub variables: Variables,
    /// Read every source once, deliver everything, end.
    pub once: bool,
    /// Listen for SIGINT and SIGTERM.
    pub signals: bool,
    /// Where lines go; `None`: nowhere.
    pub log: Option<LogSettings>,
    /// Who hears of each happening; `None`: nobody.
    pub watch: Option<Watcher>,
    /// How the wire is set up.
    pub http: HttpSettings,
    /// The time; tests turn its hands.
    pub clock: Arc<Clock>,
}

/// Why an engine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The journal cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// The journal cannot be read or written.
    #[error("the journal cannot be used: {0}")]
    Store(String),
    /// The address that others reach us on cannot be taken.
    #[error(transparent)]
    Listen(#[from] ListenFault),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The system gives us no thread or signal.
    #[error("starting a thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<StoreFault> for StartFault {
    fn from(fault: StoreFault) -> StartFault {
        StartFault::Store(words_of(&fault))
    }
}

/// What was found in the journal.
struct Found {
    plan_id: PlanId,
    opening: Opening,
    older: Vec<(PlanId, Arc<Plan>)>,
    in_line: Vec<(Arc<str>, Vec<InLine>)>,
    deaths: Vec<(Arc<str>, Vec<Moment>)>,
    within_rounds: Vec<Arc<str>>,
    unbuilt: Vec<PlanId>,
    /// How far the clock was set back since the last life.
    set_back: Duration,
}

/// The engine.
pub struct Engine;

impl Engine {
    /// Starts it: from here on it polls, takes in and delivers.
    ///
    /// # Errors
    /// [`StartFault`], in words; nothing was begun.
    pub fn start(start: Start) -> Result<Running, StartFault> {
        let file = match &start.store {
            StorePlace::File(path, _) => Some(path.clone()),
            StorePlace::Opened(_) => None,
        };
        let (mut store, whereabouts): (Box<dyn Store>, _) = match start.store {
            StorePlace::File(path, code_of) => {
                let mut keep = Keep::open(&path, code_of)?;
                keep.runs_in(start.plan.environment.as_deref().unwrap_or_default())?;
                (Box::new(keep), Whereabouts::of(path, code_of))
            }
            StorePlace::Opened(store) => (store, Whereabouts::default()),
        };
        let wire = Http::new(&start.http, start.clock.clone())?;
        let log = start.log.map(|settings| Log::start(settings, &start.plan.project, start.variables.secrets())).transpose()?;
        let log = log.map(Arc::new);
        let beside =
            file.as_deref().map(|path| quarantine(&mut *store, path, &start.plan, &start.bundle, start.clock.now())).transpose()?;
        let found = find(&mut *store, &start.plan, &start.bundle, &start.rebuild, start.clock.now())?;
        let staff = Staff::hire(store, (&start.plan, found.opening.latest), log.clone(), &start.clock)?;
        if start.signals {
            let _inside = staff.reactor.enter();
            signals::listen(staff.brake.clone())?;
        }
        let office = Arc::new(Office {
            brokers: wire.brokers(),
            looks: Looks::default(),
            wire: Arc::new(wire),
            clock: start.clock,
            variables: Arc::new(start.variables),
            waiters: Arc::default(),
            hands: staff.workers.hands(),
            inbox: staff.inbox.clone(),
            reactor: staff.reactor.handle().clone(),
            open: AtomicUsize::new(0),
            readers: Readers::default(),
            marks: beside.as_ref().map(|beside| beside.marks.clone()),
        });
        let at_once = Arc::new(AtOnce::of(&start.plan, log.clone()));
        let ways_in = WaysIn { whereabouts, register: Register::new(file, office.variables.secrets(), log.clone()), at_once };
        staff.sit_down(office, Observer::new(log, start.watch), start.plan, found, (ways_in, beside), start.once)
    }
}

/// What those who come to us can look up, and where those are noted who are turned away.
struct WaysIn {
    whereabouts: Whereabouts,
    register: Register,
    at_once: Arc<AtOnce>,
}

/// Everybody whom the desk sends for.
struct Staff {
    inbox: Inbox,
    brake: Brake,
    words: Receiver<Word>,
    writer: Writer,
    workers: Workers,
    reactor: Runtime,
    disk: Arc<Disk>,
}

impl Staff {
    fn hire(
        store: Box<dyn Store>,
        (plan, latest): (&Plan, Moment),
        log: Option<Arc<Log>>,
        clock: &Arc<Clock>,
    ) -> Result<Staff, StartFault> {
        let (sender, words) = channel();
        let (inbox, disk) = (Inbox::new(sender), Arc::new(Disk::default()));
        let retention = Retention::new(plan.keep, clock.clone(), latest);
        let writer = Writer::start(store, FULL_RETRY, Some(retention), disk_words(inbox.clone(), log, clock.clone(), disk.clone()))?;
        let workers = Workers::start()?;
        let reactor = Builder::new_multi_thread().worker_threads(REACTOR_THREADS).thread_name("wire").enable_all().build()?;
        let brake = Brake::new(inbox.clone(), writer.hurry(), clock.clone());
        Ok(Staff { brake, inbox, words, writer, workers, reactor, disk })
    }

    /// Begins to listen, where the project says so.
    fn listen(&self, office: &Office, plan: &Arc<Plan>, ways_in: WaysIn) -> Result<Option<Listening>, ListenFault> {
        let Some(listen) = &plan.listen else { return Ok(None) };
        let doors = listen::Office::new(
            plan.clone(),
            office.wire.clone(),
            office.waiters.clone(),
            office.clock.clone(),
            office.variables.clone(),
            office.hands.clone(),
            self.inbox.clone(),
            self.disk.clone(),
            ways_in.whereabouts,
            ways_in.register,
            ways_in.at_once,
        );
        let _inside = self.reactor.enter();
        listen::bind(listen, Arc::new(doors), &|name| office.variables.value(name)).map(Some)
    }

    /// Opens the desk and lets the clerk begin.
    fn sit_down(
        self,
        office: Arc<Office>,
        observer: Observer,
        plan: Arc<Plan>,
        found: Found,
        (ways_in, beside): (WaysIn, Option<Beside>),
        once: bool,
    ) -> Result<Running, StartFault> {
        let now = office.clock.now();
        greet(&observer, &plan, &found, now);
        for run in beside.iter().flat_map(|beside| &beside.quarantined) {
            let words = format!("run {} was in hand at {CRASHES_MOST} ends of the process in a row, and is set aside", run.0);
            observer.tell(Line::new(now, Level::Error, "message-quarantined", words).because_of(&crate::codes::R0108));
        }
        let (dice, mut first, unbuilt) = (Dice::new(), Vec::new(), found.unbuilt.len());
        let setup = Setup {
            plan: plan.clone(),
            plan_id: found.plan_id,
            older: found.older,
            once,
            passing: true,
            in_line: found.in_line,
            deaths: found.deaths,
            within_rounds: found.within_rounds,
            only: None,
            hand: HandSize::default(),
        };
        let rests = found.opening.rested.then_some(Fact::Rested { boot: found.opening.boot });
        let desk = Desk::open(setup, found.opening, now, &mut || dice.roll(), &mut first);
        // Only now: whatever an earlier life left is in hand.
        let at_once = ways_in.at_once.clone();
        let listening = match if once { Ok(None) } else { self.listen(&office, &plan, ways_in) } {
            Ok(listening) => listening,
            Err(fault) => {
                // Nothing was asked: where the life before rested, this one did too.
                if let Some(rests) = rests {
                    self.writer.handle().commit(Ticket(0), vec![rests], Haste::Now);
                }
                return Err(fault.into());
            }
        };
        let address = listening.as_ref().map(|listening| listening.address);
        if let Some(address) = address {
            observer.tell(Line::new(now, Level::Info, "listening", format!("listening on http://{address}")));
        }
        let (marks, room) = beside.map(|beside| (beside.marks, DiskWatch::new(beside.room, self.disk.clone(), now))).unzip();
        let shared = Arc::new(Shared::new(desk.standing(now), self.writer.handle(), unbuilt, self.disk.clone(), at_once));
        let clerk = Clerk {
            desk,
            office,
            listening,
            workers: self.workers.count(),
            journal: self.writer.handle(),
            marks,
            room,
            words: self.words,
            observer,
            shared: shared.clone(),
            watch: Watch::new(once, unbuilt > 0, now),
            dice,
            behind: Duration::ZERO,
            wake: None,
            published: now,
        };
        let (done, ended) = channel();
        let clerk = thread::Builder::new().name("desk".into()).spawn(move || drop(done.send(clerk.work(first))))?;
        Ok(Running {
            inbox: self.inbox,
            brake: self.brake,
            address,
            shared,
            ended,
            clerk: Some(clerk),
            writer: Some(self.writer),
            workers: Some(self.workers),
            reactor: Some(self.reactor),
        })
    }
}

/// What lies beside a journal that is a file: what is in hand is marked from now on; what was in hand too often is set aside; and
/// the disk beneath it has so much room.
struct Beside {
    marks: Arc<Marks>,
    room: Room,
    quarantined: Vec<RunId>,
}

fn quarantine(store: &mut dyn Store, journal: &Path, plan: &Plan, bundle: &PlanBundle, now: Moment) -> Result<Beside, StartFault> {
    let suspects = Suspects::count(journal)?;
    if !suspects.guilty.is_empty() {
        let today = Today { plan, id: store.plan(bundle)? };
        let mut facts = Vec::new();
        for run in &suspects.guilty {
            // One after the other: each may be large. What an earlier start set aside before it was cut off is over.
            for file in store.runs(&[*run])?.iter().filter(|file| !file.over) {
                let stopped = set_aside(file);
                let told = letters::told_of(file, &stopped, now, today);
                facts.push(Fact::Ended { run: file.run, ending: Ending::Stopped(stopped), at: now });
                facts.extend(told);
            }
        }
        store.commit(&facts)?;
    }
    // The marks of this life know of the suspects that are left.
    let quarantined = suspects.are_judged()?;
    Ok(Beside { marks: Arc::new(Marks::open(journal)?), room: Room::of(journal), quarantined })
}

fn set_aside(file: &RunFile) -> Stopped {
    // What must not happen twice and was begun may have happened: a replay of many leaves it out.
    let is_begun = file.known.iter().any(|known| matches!(known.state.phase, Phase::Started { .. } | Phase::Uncertain(_)));
    let kind = if is_begun { StopKind::Uncertain } else { StopKind::Dead };
    let why = format!("the process ended {CRASHES_MOST} times in a row while this message was in hand");
    Stopped { kind, node: "flow".into(), failure: Failure::new(&crate::codes::R0108, why), undone: false }
}

/// Where the journal knows a later moment than the clock says, somebody has set the clock back: what waits would wait
/// until that moment comes once more. So it is due as much earlier.
///
/// # Errors
/// The journal cannot be read or written.
pub fn set_back(store: &mut dyn Store, opening: Opening, now: Moment) -> Result<(Opening, Duration), StoreFault> {
    let by = opening.latest.since(now);
    if by < SET_BACK_LEAST {
        return Ok((opening, Duration::ZERO));
    }
    store.commit(&[Fact::SetBack { by }])?;
    Ok((Opening { rested: opening.rested, ..store.opening()? }, by))
}

fn find(store: &mut dyn Store, plan: &Plan, bundle: &PlanBundle, rebuild: &Rebuild, now: Moment) -> Result<Found, StartFault> {
    let plan_id = store.plan(bundle)?;
    let opening = store.opening()?;
    let (opening, set_back) = set_back(store, opening, now)?;
    let open: Vec<Arc<str>> = opening.backlog.iter().map(|backlog| backlog.flow.clone()).collect();
    let (mut older, mut unbuilt) = (Vec::new(), Vec::new());
    for id in opening.plans.iter().copied().filter(|id| *id != plan_id) {
        match store.plan_bundle(id)?.and_then(|bundle| rebuild(&bundle, &open)) {
            Some(plan) => older.push((id, plan)),
            None => unbuilt.push(id),
        }
    }
    let in_order = flows_in_order(plan, &older).into_iter();
    let in_line = in_order.map(|flow| store.in_line(&flow).map(|rows| (flow, rows))).collect::<Result<_, StoreFault>>()?;
    let pauses = plan.flows.iter().filter_map(|flow| Some((flow, flow.pause_after?)));
    let deaths =
        |(flow, rule): (&Flow, PauseAfter)| Ok((flow.name.clone(), store.deaths(&flow.name, now.before(rule.within), rule.dead as usize)?));
    let deaths = pauses.map(deaths).collect::<Result<_, StoreFault>>()?;
    let mut within_rounds = Vec::new();
    for flow in plan.flows.iter().filter(|flow| plan.flow(&flow_of_ends(&flow.name)).is_some()) {
        if store.is_within_a_round(&flow.name)? {
            within_rounds.push(flow.name.clone());
        }
    }
    Ok(Found { plan_id, opening, older, in_line, deaths, within_rounds, unbuilt, set_back })
}

fn greet(observer: &Observer, plan: &Plan, found: &Found, now: Moment) {
    let open: u64 = found.opening.backlog.iter().map(|backlog| backlog.active + backlog.parked).sum();
    let words = format!("{}: start {}, {open} messages open from before", plan.project, found.opening.boot);
    observer.tell(Line::new(now, Level::Info, "engine-started", words));
    if !found.set_back.is_zero() {
        let words = format!("the clock is {} s behind the journal: what waits is due as much earlier", found.set_back.as_secs());
        observer.tell(Line::new(now, Level::Warn, "clock-set-back", words));
    }
    if found.opening.copied.is_some_and(|copied| copied.at.is_none()) {
        let words = "this journal is a copy (`spanwright backup`), and what was open in it may have been done since where the other one went \
             on: what must not be done twice, or goes in a batch under one key, is asked about where a flow says how (`if_unknown`), and set \
             aside as uncertain where none does; all else goes again under its key";
        observer.tell(Line::new(now, Level::Warn, "journal-restored", words));
    }
    if !found.unbuilt.is_empty() {
        let words =
            "messages wait whose plan this edition cannot build again: replay them under today's, or start the edition that took them";
        observer.tell(Line::new(now, Level::Error, "plan-unbuilt", words).because_of(&crate::codes::R0105));
    }
}

/// After a while without us it is as it should be; while we count, it is strange.
fn doubted(doubt: keep::Doubt) -> (Level, String) {
    let hours = doubt.ahead.as_secs() / 3600;
    let until = "until it has stood for 24 h, what is old and forgotten is told by the time before; is it right?";
    match doubt.at_start {
        true => (Level::Info, format!("the last that the journal knows of is {hours} h ago: {until}")),
        false => (Level::Warn, format!("the clock has jumped {hours} h ahead: {until}")),
    }
}

/// What the journal's thread says of itself: at once, since the clerk may be held up by the very same.
fn disk_words(inbox: Inbox, log: Option<Arc<Log>>, clock: Arc<Clock>, disk: Arc<Disk>) -> impl FnMut(keep::Word) + Send + 'static {
    let tell = move |level, action, words: &str| {
        if let Some(log) = &log {
            log.write(Line::new(clock.now(), level, action, words));
        }
    };
    move |word| match word {
        keep::Word::Kept(group) => inbox.say(Word::Kept(group)),
        keep::Word::Full => {
            if !disk.be_full(true) {
                inbox.tell(Event::Disk { full: true });
                let words = "the disk is full: nothing is taken in until there is room, and of what is in hand only what may be sent twice \
                     still goes; nothing is lost";
                tell(Level::Error, "disk-full", words);
            }
        }
        keep::Word::Room => {
            disk.be_full(false);
            inbox.tell(Event::Disk { full: false });
            tell(Level::Info, "disk-room", "there is room on the disk again");
        }
        keep::Word::Doubts(doubt) => {
            let (level, words) = doubted(doubt);
            tell(level, "clock-doubted", &words);
        }
        keep::Word::GaveUp => inbox.say(Word::GaveUp),
        keep::Word::Broken(why) => inbox.say(Word::Broken(why)),
    }
}
