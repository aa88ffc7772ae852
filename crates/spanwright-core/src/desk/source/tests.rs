//! When a source is pulled, and when what it has stays where it is.

#![allow(clippy::unwrap_used)]

use std::{num::NonZeroU32, ops::ControlFlow, sync::Arc, time::Duration};

use crate::{
    connector::{Blame, Outcome, Verdict, Word},
    deliver::HoldReason,
    desk::{
        Event, FLOW_OPEN_MOST, ONCE_WAITS_MOST, Order, Report,
        stage::{START, Stage, call, plan, said, there},
    },
    fact::{Backlog, Breaker, Fact, GateRow, Hold, Moment, Opening, RunId, SourceRow},
    interface::Repeat,
    plan::{EffectPlan, IfDead, NextPage, Pages, Plan, Poll, SourceKind, Step, StepKind, SystemPlan},
    run::{Arrival, intake::Page},
};

const EVERY: Duration = Duration::from_secs(1);

/// A flow that reads a shop, by polls or from a queue, and sends to books and to a bank.
fn pulled(queue: Option<u16>) -> Plan {
    let mut plan = plan();
    for name in ["bank", "shop"] {
        let books = &plan.systems[0];
        let (limits, breaker, retry) = (books.limits.clone(), books.breaker.clone(), books.retry.clone());
        let system = there(&[("read", Repeat::Safe), ("write", Repeat::Keyed)]);
        plan.systems.push(SystemPlan { name: name.into(), kind: "there".into(), system, limits, breaker, retry });
    }
    let flow = &mut plan.flows[0];
    let poll = Poll { system: 2, operation: 0, every: EVERY, with: None, pages: None, each: None, cursor: None, files: None, queue };
    flow.source.as_mut().unwrap().kind = SourceKind::Poll(Box::new(poll));
    let step = |name: &str, kind| Step { name: name.into(), when: None, kind };
    flow.steps = vec![step("first", StepKind::Send(0)), step("second", StepKind::Send(1))];
    let send = |node, system| EffectPlan { system, saved_as: None, ..call(node, Repeat::Keyed) };
    flow.effects = vec![send("first", 0), send("second", 1)];
    plan
}

fn held(what: &str, until: Option<Moment>) -> Order {
    Order::Hold { what: what.into(), hold: Hold { since: START, until, by: "ann".into(), because: "quiet".into() } }
}

fn resumed(what: &str) -> Order {
    Order::Resume { what: what.into(), by: "ann".into() }
}

impl Stage {
    fn is_told(&mut self, order: Order) {
        self.on(Event::Told(order));
        self.keeps();
    }

    /// What was pulled is empty, and the time for the next has come.
    fn finds_nothing(&mut self) {
        self.finds(Vec::new());
        self.keeps();
        self.wakes_after(EVERY);
    }

    /// A page with these, whose runs are numbered from 1.
    fn finds(&mut self, arrivals: Vec<Arrival>) {
        self.hears_page(Page { arrivals, ..Page::default() });
    }

    /// Nothing that could be taken yet, and something that may be so much later.
    fn finds_unsettled(&mut self, again: Duration) {
        self.hears_page(Page { again: NonZeroU32::new(again.as_millis().try_into().unwrap()), ..Page::default() });
        self.keeps();
    }

    fn hears_page(&mut self, page: Page) {
        let (call, verdict) = (self.polls.remove(0), Verdict::all(1, Outcome::Delivered(None)));
        self.on(Event::PageHeard { call, verdict, page: Some(Ok(page)), report: Report::of_nothing(self.now) });
    }
}

/// Pulled each way: by polls and from a queue.
fn each_way(check: impl Fn(Stage)) {
    [None, Some(50)].into_iter().for_each(|queue| check(with_open(0, queue)));
}

#[test]
fn a_source_is_pulled_again_and_again() {
    each_way(|mut stage| {
        for _ in 0..3 {
            assert_eq!(stage.polls.len(), 1);
            stage.finds_nothing();
        }
    });
}

/// Files have to stand still first: whoever looks only `every` so often reads them that much later.
#[test]
fn what_may_be_there_soon_is_looked_for_then_and_no_later_than_always() {
    for (again, looks) in [(EVERY / 4, EVERY / 4), (EVERY * 4, EVERY)] {
        let mut stage = with_open(0, None);
        stage.finds_unsettled(again);
        stage.wakes_after(looks - Duration::from_millis(1));
        assert_eq!(stage.polls.len(), 0, "{again:?}");
        stage.wakes_after(Duration::from_millis(1));
        assert_eq!(stage.polls.len(), 1, "{again:?}");
        stage.finds_nothing();
        assert_eq!(stage.polls.len(), 1, "and then as always");
    }
}

/// A life with `once`, whose first look is under way.
fn once() -> Stage {
    let mut stage = with_open(0, None);
    stage.desk.once = true;
    stage
}

#[test]
fn with_once_what_may_be_there_soon_is_waited_for_a_single_time() {
    let mut stage = once();
    stage.finds_unsettled(EVERY * 4);
    assert!(!stage.desk.standing(stage.now).sources_idle, "it is waited for");
    assert_eq!(stage.desk.standing(stage.now).looks_again, Some(START.after(EVERY * 4)));
    stage.wakes_after(EVERY);
    assert_eq!(stage.polls.len(), 0, "a look that is too early would be the last one, and in vain");
    stage.wakes_after(EVERY * 3);
    assert_eq!(stage.polls.len(), 1);
    stage.finds_unsettled(EVERY * 4);
    assert!(stage.desk.standing(stage.now).sources_idle, "what came meanwhile is left to the next run");
    assert_eq!(stage.desk.standing(stage.now).looks_again, None);
    stage.wakes_after(EVERY * 4);
    assert_eq!(stage.polls.len(), 0);
}

#[test]
fn with_once_what_is_there_late_is_left_to_the_next_run() {
    for (again, waits) in [(ONCE_WAITS_MOST, true), (ONCE_WAITS_MOST + EVERY, false)] {
        let mut stage = once();
        stage.finds_unsettled(again);
        assert_eq!(!stage.desk.standing(stage.now).sources_idle, waits, "{again:?}");
    }
}

/// What it would bring would only wait here instead of there.
#[test]
fn a_source_rests_while_each_system_that_its_flow_sends_to_is_held() {
    each_way(|mut stage| {
        stage.is_told(held("books", None));
        stage.finds_nothing();
        assert_eq!(stage.polls.len(), 1, "the bank goes on");
        stage.is_told(held("bank", None));
        stage.finds_nothing();
        stage.wakes_after(Duration::from_secs(3_600));
        assert_eq!(stage.polls.len(), 0);
        stage.is_told(resumed("books"));
        stage.on(Event::Wake);
        assert_eq!(stage.polls.len(), 1, "one that goes on is enough");
    });
}

/// What tells people where something failed, a question and an undo are not what a flow is there for, and neither is a read beside
/// its writes.
#[test]
fn a_source_rests_for_the_systems_that_its_flow_is_there_for() {
    let mut plan = pulled(None);
    let flow = &mut plan.flows[0];
    flow.effects[0].repeat = Repeat::Safe;
    let undo = EffectPlan { system: 2, ..call("second", Repeat::Keyed) };
    flow.effects[1].undo = Some(Box::new(undo));
    flow.effects.push(EffectPlan { system: 2, saved_as: None, ..call("third", Repeat::Keyed) });
    flow.if_dead = IfDead::Steps(vec![Step { name: "third".into(), when: None, kind: StepKind::Send(2) }]);
    let mut stage = Stage::of(plan);
    stage.keeps();
    stage.is_told(held("bank", None));
    stage.finds_nothing();
    assert_eq!(stage.polls.len(), 0);
    stage.is_told(resumed("bank"));
    stage.on(Event::Wake);
    assert_eq!(stage.polls.len(), 1);
}

/// A page with these, each an item, and the token of the next one.
fn paged(items: &[&str], next: Option<&str>) -> Page {
    let arrivals = items.iter().map(|item| Arrival::new(item.as_bytes().into(), None, None, None, None)).collect();
    Page { arrivals, next: next.map(|next| next.as_bytes().into()), ..Page::default() }
}

/// A source whose pages are these, one after the other: how many items were taken, and what it says of a round that was given up.
fn reads_pages(pages: Vec<Page>) -> (usize, Option<String>) {
    reads(pulled_in_pages(NextPage::Link), pages)
}

/// A life of a flow that reads a shop page by page.
fn pulled_in_pages(next: NextPage) -> Stage {
    let mut plan = pulled(None);
    let SourceKind::Poll(poll) = &mut plan.flows[0].source.as_mut().unwrap().kind else { panic!() };
    poll.pages = Some(Pages { into: "page".into(), next });
    let mut stage = Stage::of(plan);
    stage.keeps();
    stage.on(Event::Wake);
    stage
}

fn reads(mut stage: Stage, pages: Vec<Page>) -> (usize, Option<String>) {
    let mut taken = 0;
    for page in pages {
        assert_eq!((stage.polls.len(), stage.desk.sources[0].ended_a_round()), (1, false));
        stage.hears_page(page);
        taken += stage.keeps().iter().filter(|fact| matches!(fact, Fact::Took(_))).count();
        stage.on(Event::Wake);
    }
    assert!(stage.desk.sources[0].ended_a_round() && stage.polls.is_empty());
    (taken, stage.desk.sources[0].given_up().map(|why| why.code.id.to_string()))
}

/// Of a scroll the token stays the same: it ends with a page that has no items.
#[test]
fn a_token_that_repeats_ends_a_round_only_with_a_page_that_has_no_items() {
    let scroll = |items: &[&str]| paged(items, Some("\"S\""));
    assert_eq!(reads_pages(vec![scroll(&["1", "2"]), scroll(&["3"]), scroll(&["4", "5"]), scroll(&[])]), (5, None));
    assert_eq!(reads_pages(vec![scroll(&["1"]), Page { left_out: 2, ..scroll(&[]) }, scroll(&["2"]), scroll(&[])]), (2, None));
    assert_eq!(reads_pages(vec![scroll(&["1"]), paged(&["2"], None)]), (2, None));
}

#[test]
fn the_same_page_again_under_its_own_token_is_a_circle_and_under_its_own_address_the_last_one() {
    let same = || paged(&["1", "2"], Some("\"S\""));
    let by_token = pulled_in_pages(NextPage::Token(spanwright_map::Program::of(".next").unwrap()));
    assert_eq!(reads(by_token, vec![same(), same()]), (2, Some("R0012".to_string())));
    assert_eq!(reads_pages(vec![same(), same()]), (2, None));
    // Also where all of it is left out, and not where it is another one.
    let left = |prints| Page { left_out: 2, left_prints: prints, ..paged(&[], Some("\"S\"")) };
    assert_eq!(reads_pages(vec![left(7), left(7)]), (0, None));
    assert_eq!(reads_pages(vec![left(7), left(8), paged(&[], Some("\"S\""))]), (0, None));
    // Of a queue it says that more wait, and two messages that say the same are two.
    assert_eq!(reads(with_open(0, Some(50)), vec![same(), same()]), (4, None));
}

/// Its server goes on by itself: what is asked for again is the page behind the one that was lost.
#[test]
fn a_round_whose_page_was_lost_under_a_token_of_all_pages_begins_anew() {
    let lost = || Verdict::all(1, Outcome::Unknown(said()));
    let busy = || Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::System });
    // Of the third one it is known that it cannot be asked for again, and of the second one once the next is there.
    for (tokens, verdict, again) in [
        (vec!["S"], lost(), Some("S")),
        (vec!["S", "S"], lost(), None),
        (vec!["2", "3"], lost(), Some("3")),
        (vec!["S", "S"], busy(), Some("S")),
    ] {
        let mut stage = pulled_in_pages(NextPage::Link);
        for (n, token) in tokens.iter().enumerate() {
            stage.hears_page(paged(&[&n.to_string()], Some(token)));
            stage.keeps();
            stage.on(Event::Wake);
        }
        stage.hears_no_page(verdict, 500);
        while stage.polls.is_empty() {
            stage.sleeps();
        }
        assert_eq!(stage.asked_for.last().cloned().flatten().as_deref(), again, "{tokens:?}");
        if tokens.len() == 1 {
            stage.hears_page(paged(&["third"], Some("S")));
            assert!(stage.keeps().is_empty());
            stage.on(Event::Wake);
            assert_eq!(stage.asked_for.last(), Some(&None), "the second one was lost");
        }
        assert!(!stage.desk.sources[0].ended_a_round(), "it is the same round");
    }
}

/// It comes to the same page each time, and people hear of it.
#[test]
fn a_round_that_begins_anew_again_and_again_is_given_up() {
    let mut stage = pulled_in_pages(NextPage::Link);
    for _ in 0..stage.desk.plan.systems[2].retry.tries {
        for n in 0..2 {
            stage.hears_page(paged(&[&n.to_string()], Some("S")));
            stage.keeps();
            stage.on(Event::Wake);
        }
        stage.hears_no_page(Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::Either }), 500);
        while stage.polls.is_empty() {
            stage.sleeps();
        }
    }
    assert!(stage.desk.sources[0].given_up().is_some());
}

/// A token or a cursor that is too old: nothing is said against the address.
#[test]
fn a_page_that_is_gone_ends_its_round_and_holds_no_system() {
    let gone = |stage: &mut Stage| {
        let later = Outcome::Later { why: said(), after: None, blame: Blame::System };
        let verdict = Verdict::all(1, later).and(Word::Gone(said()));
        let call = stage.polls.remove(0);
        stage.on(Event::PageHeard { call, verdict, page: None, report: Report { status: 410, ..Report::of_nothing(stage.now) } });
        stage.keeps();
    };
    let is_held = |stage: &Stage| stage.desk.gates[2].held(stage.now).is_some();
    let mut stage = pulled_in_pages(NextPage::Link);
    stage.hears_page(paged(&["1"], Some("\"2\"")));
    stage.keeps();
    stage.on(Event::Wake);
    assert_eq!(stage.asked_for, [None, Some("\"2\"".to_string())]);
    gone(&mut stage);
    assert!(!is_held(&stage) && stage.desk.sources[0].given_up().is_some_and(|why| why.says.contains("begins with its first page")));
    stage.wakes_after(EVERY);
    assert_eq!(stage.asked_for[2..], [None]);
    // Of the cursor nobody knows, and it is said.
    stage.hears_page(Page { cursor: Some((*b"7").into()), ..paged(&["2"], None) });
    stage.keeps();
    stage.wakes_after(EVERY);
    gone(&mut stage);
    assert!(!is_held(&stage) && stage.desk.sources[0].given_up().is_some_and(|why| why.says.contains("the cursor")));
    // Without either it is the address.
    let mut stage = with_open(0, None);
    gone(&mut stage);
    assert!(is_held(&stage));
}

/// It is asked again as soon as any other that waits, however long it is until the next round.
#[test]
fn a_system_that_is_sick_for_long_does_not_cost_a_night_s_round() {
    let busy = || Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::Either });
    let gone = || Verdict::all(1, Outcome::Never(said()));
    for (verdict, is_sick) in [(&busy as &dyn Fn() -> Verdict, true), (&gone, false)] {
        let mut plan = pulled(None);
        let SourceKind::Poll(poll) = &mut plan.flows[0].source.as_mut().unwrap().kind else { panic!() };
        poll.every = Duration::from_secs(24 * 3600);
        let (longest, tries) = (plan.systems[2].retry.longest, plan.systems[2].retry.tries);
        plan.systems[2].breaker.failures_percent = 101;
        let mut stage = Stage::of(plan);
        stage.keeps();
        for asked in 1.. {
            let call = stage.polls.remove(0);
            stage.on(Event::PageHeard { call, verdict: verdict(), page: None, report: Report::of_nothing(stage.now) });
            stage.keeps();
            let before = stage.now;
            stage.now = before.after(longest);
            stage.on(Event::Wake);
            assert_eq!(stage.polls.len(), usize::from(is_sick), "{asked}");
            if !is_sick || asked > 3 * tries {
                break;
            }
        }
    }
}

/// Nobody resumes it: it is woken when the first hold is over.
#[test]
fn a_source_that_rests_is_woken_when_the_first_of_its_systems_goes_on() {
    each_way(|mut stage| {
        stage.is_told(held("books", Some(START.after(Duration::from_secs(600)))));
        stage.is_told(held("bank", Some(START.after(Duration::from_secs(60)))));
        stage.finds_nothing();
        assert_eq!(stage.polls.len(), 0);
        while stage.polls.is_empty() {
            stage.now = stage.wake.take().unwrap();
            stage.on(Event::Wake);
        }
        assert_eq!(stage.now, START.after(Duration::from_secs(60)));
    });
}

#[test]
fn a_source_rests_while_its_flow_is_held_and_goes_on_when_it_is_resumed() {
    each_way(|mut stage| {
        stage.is_told(held(&GateRow::of_flow("asked"), None));
        stage.finds_nothing();
        stage.wakes_after(Duration::from_secs(3_600));
        assert_eq!(stage.polls.len(), 0);
        stage.is_told(resumed(&GateRow::of_flow("asked")));
        stage.on(Event::Wake);
        assert_eq!(stage.polls.len(), 1);
    });
}

/// A life that finds so many open runs of the flow in its journal.
fn with_open(open: u64, queue: Option<u16>) -> Stage {
    let backlog = vec![Backlog { flow: "asked".into(), active: 0, parked: open }];
    let sources = vec![SourceRow { source: Arc::from("asked.source"), cursor: None, due: START }];
    let opening = Opening { rested: true, backlog, sources, last_run: RunId(open.cast_signed()), ..Opening::default() };
    let mut stage = Stage::open(pulled(queue), opening);
    stage.on(Event::Wake);
    stage
}

#[test]
fn a_source_rests_while_as_many_runs_of_its_flow_are_open_as_may_be() {
    for queue in [None, Some(50)] {
        assert_eq!(with_open(FLOW_OPEN_MOST, queue).polls.len(), 0);
        assert_eq!(with_open(FLOW_OPEN_MOST - 1, queue).polls.len(), 1);
    }
}

/// The last one that may come fills it; the first that ends makes room.
#[test]
fn a_source_that_had_filled_its_flow_is_pulled_again_as_soon_as_one_run_ends() {
    let mut stage = with_open(FLOW_OPEN_MOST - 1, None);
    stage.finds(vec![Arrival::new((*b"{}").into(), None, None, None, None)]);
    let last = RunId(1 + FLOW_OPEN_MOST.cast_signed());
    stage.keeps_as(last);
    stage.wakes_after(EVERY);
    assert_eq!((stage.polls.len(), stage.exchanges.len()), (0, 2), "it is full, and what is open goes on");
    for _ in 0..2 {
        stage.answers("1");
        stage.keeps_as(last);
    }
    stage.on(Event::Wake);
    assert_eq!(stage.polls.len(), 1);
}

/// A page that is read in pieces while the disk fills up: what it has is kept, and more is read where there is room, or no more where we stop.
#[test]
fn who_reads_in_pieces_waits_for_room_on_the_disk() {
    for (goes_on, way) in [(Event::Room(1 << 20), ControlFlow::Continue(())), (Event::Told(Order::Stop), ControlFlow::Break(()))] {
        let mut stage = with_open(0, Some(50));
        let call = stage.polls[0];
        let piece = |n: u8| {
            let arrivals = vec![Arrival::new([b'0' + n].as_slice().into(), None, None, None, None)];
            Event::PieceHeard { call, page: Page { arrivals, ..Page::default() } }
        };
        stage.on(piece(1));
        stage.keeps();
        assert_eq!(stage.reads_on, [ControlFlow::Continue(())]);
        stage.on(Event::Room(1));
        stage.on(piece(2));
        stage.keeps_as(RunId(8));
        assert_eq!(stage.reads_on.len(), 1, "it is kept, and there is no room for more");
        stage.on(Event::Wake);
        stage.on(goes_on);
        assert_eq!(stage.reads_on[1..], [way]);
    }
}

/// A flow that reads the very system to which it sends, one request at a time.
fn of_one_system(queue: Option<u16>) -> Plan {
    let mut plan = pulled(queue);
    plan.systems[0].limits.concurrency = 1;
    let flow = &mut plan.flows[0];
    flow.effects.iter_mut().for_each(|effect| effect.system = 0);
    flow.effects[1].queue = flow.effects[0].queue.clone();
    let SourceKind::Poll(poll) = &mut flow.source.as_mut().unwrap().kind else { panic!() };
    poll.system = 0;
    plan
}

fn forbidden() -> Verdict {
    let later = Outcome::Later { why: said(), after: None, blame: Blame::System };
    Verdict { system: Some(Word::Credentials(said())), ..Verdict::all(1, later) }
}

fn sick() -> Verdict {
    Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::System })
}

impl Stage {
    /// The page is not to be had.
    fn hears_no_page(&mut self, verdict: Verdict, status: u16) {
        let call = self.polls.remove(0);
        let report = Report { status, ..Report::of_nothing(self.now) };
        self.on(Event::PageHeard { call, verdict, page: None, report });
        self.keeps();
    }

    /// It is woken when it wants to be, which is never a moment that is over.
    fn sleeps(&mut self) {
        let wake = self.wake.take().expect("somebody is waited for");
        assert!(wake > self.now, "it would be woken again and again");
        self.now = wake;
        self.on(Event::Wake);
        self.keeps();
    }

    /// Two messages come, of which the first is asked and the others wait.
    fn finds_two(&mut self) {
        self.finds(["{}", "[]"].map(|body| Arrival::new(body.as_bytes().into(), None, None, None, None)).into());
        let (ticket, facts) = self.commits.remove(0);
        let receipts = vec![crate::fact::Receipt::Taken(RunId(1)), crate::fact::Receipt::Taken(RunId(2))];
        self.on(Event::Kept { ticket, facts, receipts });
        self.keeps();
        assert_eq!((self.exchanges.len(), self.polls.len()), (1, 0));
    }

    /// What it asks for next, page or not; what it waits for before is waited for.
    fn asks_next(&mut self) -> &'static str {
        while self.exchanges.is_empty() && self.polls.is_empty() {
            self.sleeps();
        }
        if self.polls.is_empty() { "sends" } else { "reads" }
    }
}

/// Nothing else would show that they are good again, and nobody would know.
#[test]
fn a_source_shows_its_credentials_again_where_nothing_else_goes_to_its_system() {
    for queue in [None, Some(50)] {
        let mut stage = Stage::of(of_one_system(queue));
        stage.keeps();
        for status in [401, 403] {
            stage.hears_no_page(forbidden(), status);
            assert_eq!(stage.asks_next(), "reads");
        }
        stage.hears_no_page(forbidden(), 401);
        stage.is_told(resumed("books"));
        stage.on(Event::Wake);
        assert_eq!(stage.polls.len(), 1, "a person says that they are good");
        stage.finds_nothing();
        assert!(!stage.desk.gates[0].refused());
    }
}

/// A list that is sick for long, of a system that is well.
#[test]
fn what_is_sent_shows_how_a_system_is_before_a_source_that_failed() {
    let mut plan = of_one_system(None);
    plan.systems[0].breaker.of = 2;
    plan.systems[0].retry.tries = 100;
    let mut stage = Stage::of(plan);
    stage.keeps();
    stage.finds_two();
    stage.hears(sick());
    stage.keeps();
    assert!(matches!(stage.desk.gates[0].row().breaker, Breaker::Open { .. }));
    assert_eq!(stage.asks_next(), "reads", "it did not fail before");
    for _ in 0..2 {
        stage.hears_no_page(sick(), 500);
        assert_eq!(stage.asks_next(), "sends");
        stage.answers("1");
        stage.keeps();
        while stage.polls.is_empty() {
            if !stage.exchanges.is_empty() {
                stage.answers("1");
                stage.keeps();
            } else {
                stage.sleeps();
            }
        }
    }
}

/// A right that is missing for one list does not hold what may be sent.
#[test]
fn what_a_source_alone_is_refused_holds_nobody_else() {
    let mut stage = Stage::of(of_one_system(None));
    stage.keeps();
    stage.finds_two();
    stage.desk.gates[0].limits.concurrency = 2;
    stage.wakes_after(EVERY);
    stage.hears_no_page(forbidden(), 403);
    assert!(matches!(stage.desk.gates[0].held(stage.now), Some(HoldReason::Credentials(_))), "it may be so for all");
    stage.answers("1");
    stage.keeps();
    assert_eq!(stage.asks_next(), "sends");
    stage.answers("1");
    stage.keeps();
    assert_eq!(stage.asks_next(), "reads");
    stage.hears_no_page(forbidden(), 403);
    assert_eq!(stage.desk.gates[0].held(stage.now), None);
    assert!(stage.desk.sources[0].due > stage.now, "it waits for itself alone");
}

/// Who reads a queue waits for what comes, and whoever answers in so long is slow.
#[test]
fn what_is_slow_opens_a_breaker_and_what_waits_for_messages_does_not() {
    for queue in [None, Some(50)] {
        let mut plan = of_one_system(queue);
        let breaker = &mut plan.systems[0].breaker;
        (breaker.of, breaker.slow, breaker.slow_percent) = (1, EVERY, 100);
        let mut stage = Stage::of(plan);
        stage.keeps();
        let (call, verdict) = (stage.polls.remove(0), Verdict::all(1, Outcome::Delivered(None)));
        let report = Report { took: EVERY * 3, ..Report::of_nothing(stage.now) };
        stage.on(Event::PageHeard { call, verdict, page: Some(Ok(Page::default())), report });
        let gated = |fact: &Fact| matches!(fact, Fact::Gated(row) if matches!(row.breaker, Breaker::Open { .. }));
        assert_eq!(stage.keeps().iter().any(gated), queue.is_none());
    }
}
