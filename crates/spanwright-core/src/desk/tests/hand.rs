//! What is in hand, and what waits in the journal for room.

use super::*;

/// How soon the end of a run is to be on disk that was filtered, in a flow that is changed like this.
fn haste_of_an_end(change: impl FnOnce(&mut Plan)) -> Haste {
    let mut plan = plan();
    change(&mut plan);
    let mut stage = Stage::of(plan);
    stage.brings_under(r#"{"only": false}"#, Some("key"));
    let kept = stage.keeps();
    assert!(matches!(&kept[..], [Fact::Took(_), Fact::Ended { ending: Ending::Skipped(_), .. }]), "{kept:?}");
    assert_eq!(stage.hastes[0], Haste::Now);
    stage.hastes[1]
}

#[test]
fn the_end_of_what_asked_nobody_is_waited_for_by_a_sender_and_by_a_line() {
    assert_eq!(haste_of_an_end(no_reply), Haste::WithTheNext);
    assert_eq!(haste_of_an_end(|_| {}), Haste::Now, "its sender waits for the end");
    let in_line = |plan: &mut Plan| {
        no_reply(plan);
        plan.flows[0].in_order = Some(InOrder { by: OrderBy::All, when_dead: WhenDead::Block });
    };
    assert_eq!(haste_of_an_end(in_line), Haste::Now, "the next of its line waits for it");
}

/// Small messages whose first call is answered with a megabyte, and whose second one takes long.
#[test]
fn what_was_answered_counts_in_the_hand_and_what_comes_behind_it_waits_in_the_journal() {
    const MESSAGES: i64 = 40;
    let mut plan = plan();
    no_reply(&mut plan);
    plan.systems[0].limits.concurrency = 100;
    let mut stage = Stage::of(plan);
    let answer = format!("\"{}\"", "x".repeat(1 << 20));
    for n in 1..=MESSAGES {
        let asked = stage.asked;
        stage.brings_under("{}", Some(&n.to_string()));
        stage.keeps_as(RunId(n));
        if stage.asked > asked {
            stage.exchanges.rotate_right(1);
            stage.answers(&answer);
            stage.keeps();
        }
    }
    let in_hand = HAND_BYTES_MOST / answer.len();
    assert!((in_hand..in_hand + 2).contains(&stage.desk.runs.len()), "{} of {MESSAGES} are in hand", stage.desk.runs.len());
    assert!(stage.fetches.is_empty());
    while !stage.exchanges.is_empty() {
        stage.answers("2");
        stage.keeps();
    }
    assert_eq!((stage.desk.runs.len(), stage.desk.flows[0].bytes), (0, 0));
    assert!(matches!(&stage.fetches[..], [Fetch::Active { .. }]), "the others are fetched where there is room again: {:?}", stage.fetches);
}

/// A flow that asks books for some of its messages and a shelf for all of them.
fn books_and_shelf() -> Plan {
    let mut plan = plan();
    no_reply(&mut plan);
    let shelf = super::stage::plan().systems.remove(0);
    plan.systems.push(SystemPlan { name: "shelf".into(), ..shelf });
    plan.flows[0].effects[1].system = 1;
    let first = plan.flows[0].steps.iter_mut().find(|step| &*step.name == "first").unwrap();
    first.when = Some(Program::of(".book").unwrap());
    plan
}

#[test]
fn what_waits_for_a_held_system_keeps_nothing_that_goes_to_another_out_of_a_full_hand() {
    let hand = HandSize { runs: 10, fetch: 4, ..HandSize::default() };
    let mut stage = Stage::open_with(Vec::new(), books_and_shelf(), Opening { rested: true, ..Opening::default() }, hand);
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: "books".into(), hold: hold.clone() }));
    stage.keeps();
    let bring = |stage: &mut Stage, n: i64, body: &str| {
        stage.brings_under(body, Some(&n.to_string()));
        stage.keeps_as(RunId(n))
    };
    (1..=10).for_each(|n| drop(bring(&mut stage, n, r#"{"book": true}"#)));
    assert_eq!((stage.desk.runs.len(), stage.asked), (10, 0), "they fill the hand");
    // Of what comes now nothing fits: the newest that wait go to wait in the journal.
    let kept = bring(&mut stage, 11, r#"{"book": false}"#);
    let parked: Vec<i64> =
        kept.iter().filter_map(|fact| if let Fact::Parked { run, parked: true } = fact { Some(run.0) } else { None }).collect();
    assert_eq!(parked, [7, 8, 9, 10]);
    let owed = |fact: &&Fact| matches!(fact, Fact::Settled(settled) if matches!(settled.state.phase, Phase::Owed { due } if due == START) && settled.attempt.is_none());
    assert_eq!(kept.iter().filter(owed).count(), 4, "as they were owed, and untried: {kept:?}");
    assert_eq!(stage.desk.runs.len(), 6);
    let [Fetch::Active { after, most: 4, .. }] = &stage.fetches[..] else { panic!("{:?}", stage.fetches) };
    assert_eq!(*after, RunId(10));
    let Some(Fact::Took(took)) = kept.into_iter().next() else { panic!() };
    let fetch = stage.fetches.remove(0);
    stage.on(Event::Found { fetch, runs: vec![RunFile::of(*took, RunId(11))], next: None });
    assert_eq!(stage.sent.iter().map(|(system, ..)| &**system).collect::<Vec<_>>(), ["shelf"]);
    // Where everything is held nothing is gained by it.
    stage.on(Event::Told(Order::Hold { what: "shelf".into(), hold }));
    stage.keeps();
    let kept: Vec<Fact> = (12..=20).flat_map(|n| bring(&mut stage, n, r#"{"book": true}"#)).collect();
    assert!(stage.desk.runs.len() >= 10 && kept.iter().all(|fact| matches!(fact, Fact::Took(_))), "{kept:?}");
    // What is let go is fetched.
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    while !stage.exchanges.is_empty() {
        stage.answers("1");
        stage.keeps();
    }
    assert!(stage.fetches.iter().any(|fetch| matches!(fetch, Fetch::Due { .. })), "{:?}", stage.fetches);
}

#[test]
fn many_flows_share_what_may_be_in_hand() {
    let hand = HandSize::default();
    let bytes = |flows: usize| hand.of_each(flows).bytes;
    assert_eq!([1, 16, 32, 256, 10_000].map(bytes), [16 << 20, 16 << 20, 8 << 20, 1 << 20, 1 << 20]);
}

#[test]
fn what_somebody_was_asked_is_never_held_back() {
    let mut plan = plan();
    no_reply(&mut plan);
    let mut stage = Stage::of(plan);
    stage.brings_under("{}", Some("key"));
    stage.keeps();
    for answer in ["1", "2"] {
        stage.answers(answer);
        stage.keeps();
    }
    assert!(stage.hastes.len() > 2 && stage.hastes.iter().all(|haste| *haste == Haste::Now), "{:?}", stage.hastes);
}

#[test]
fn what_is_heard_together_is_walked_together() {
    let mut stage = Stage::new();
    for key in ["a", "b", "c"] {
        stage.brings_under("{}", Some(key));
    }
    let commits = std::mem::take(&mut stage.commits);
    let kept = commits.into_iter().zip(1..).map(|((ticket, facts), run)| Event::Kept {
        ticket,
        facts,
        receipts: vec![Receipt::Taken(RunId(run))],
    });
    let mut out = Vec::new();
    stage.desk.on_all(kept, stage.now, &mut || 7, &mut out);
    let walks: Vec<_> =
        out.iter().filter_map(|command| if let Command::Advance(jobs) = command { Some(jobs.len()) } else { None }).collect();
    assert_eq!(walks, [3]);
}
