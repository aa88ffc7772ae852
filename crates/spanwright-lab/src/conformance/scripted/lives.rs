//! What one life finds of the one before it, and what is fetched.

use std::{sync::Arc, time::Duration};

use spanwright_core::fact::{
    Breaker, CutOff, EffectKey, FILES_BYTES_MOST, Fact, GateRow, Hold, Moment, Phase, RunId, Spent, Took, Turn, Way,
};

use super::{Case, Trial, key, owed, parked, plain, settled, state, took};

pub(super) const CASES: &[Case] = &[
    ("what an older life had started is torn", what_an_older_life_had_started_is_torn),
    ("a life that ended with nothing on its way has rested", a_life_that_ended_with_nothing_on_its_way_has_rested),
    ("where a life was cut off is remembered until the next", where_a_life_was_cut_off_is_remembered_until_the_next),
    ("only a parked run is due", only_a_parked_run_is_due),
    ("what is due is read on from where it was left", what_is_due_is_read_on_from_where_it_was_left),
    ("large bodies come a few at a time", large_bodies_come_a_few_at_a_time),
    ("large answers come a few at a time", large_answers_come_a_few_at_a_time),
    ("whoever shares a glue comes along", whoever_shares_a_glue_comes_along),
    ("a clock that is set back makes nobody held who was let go", a_clock_that_is_set_back_holds_nobody),
    ("a clock that is set back makes no day's quota last for longer", a_clock_that_is_set_back_makes_no_day_longer),
    ("a clock that was set back makes what waits due as much earlier", a_clock_that_was_set_back),
    ("a gate that is simply closed is not told", a_closed_gate_is_not_told),
    ("a person's word is kept until it is taken back", a_person_s_word_is_kept),
    ("lanes come in the order of their runs", lanes_come_in_the_order_of_their_runs),
];

fn what_an_older_life_had_started_is_torn(trial: &mut Trial<'_>) {
    let boot = trial.store().opening().expect("the disk is well").boot;
    trial.commit(&[plain(1), Fact::Started { effect: key(1, "charge", Way::Do), boot, generation: 2, of_item: Some([6; 32]) }]);
    let opening = trial.store().opening().expect("the disk is well");
    assert_eq!((opening.boot, opening.torn.len()), (boot + 1, 1));
    let torn = &opening.torn[0];
    assert_eq!((&*torn.queue, torn.state.generation, torn.state.of_item), ("in.charge", 2, Some([6; 32])));
    assert_eq!(opening.backlog.len(), 1);
}

fn a_life_that_ended_with_nothing_on_its_way_has_rested(trial: &mut Trial<'_>) {
    trial.store().opening().expect("the disk is well");
    let cut_off = trial.store().opening().expect("the disk is well");
    trial.commit(&[Fact::Rested { boot: cut_off.boot }]);
    let rested = trial.store().opening().expect("the disk is well").rested;
    let not_again = trial.store().opening().expect("the disk is well").rested;
    assert_eq!((cut_off.rested, rested, not_again), (false, true, false));
}

fn where_a_life_was_cut_off_is_remembered_until_the_next(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2)]);
    let before = trial.store().opening().expect("the disk is well");
    assert_eq!((before.cut_off, before.last_run), (None, RunId(2)));
    let cut_off = |at, upto| CutOff { at: Moment(at), upto: RunId(upto) };
    trial.commit(&[Fact::CutOff(cut_off(70, 1)), Fact::CutOff(cut_off(90, 2)), Fact::Rested { boot: before.boot }]);
    trial.commit(&[Fact::SetBack { by: std::time::Duration::from_micros(45) }]);
    let after = trial.store().opening().expect("the disk is well");
    assert_eq!((after.cut_off, after.rested), (Some(cut_off(45, 2)), true));
}

fn only_a_parked_run_is_due(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), owed(1, 5, None), owed(2, 4, None), owed(3, 3, None), parked(1), parked(2)]);
    assert_eq!(trial.due(4, 9), (vec![2], Some(Moment(5))));
    assert_eq!(trial.due(9, 1), (vec![2], Some(Moment(5))));
    assert_eq!(trial.due(9, 9), (vec![2, 1], None));
    trial.commit(&[Fact::Parked { run: RunId(2), parked: false }]);
    assert_eq!(trial.due(9, 9), (vec![1], None));
}

fn what_is_due_is_read_on_from_where_it_was_left(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), owed(3, 4, None), owed(1, 5, None), owed(2, 5, None), parked(1), parked(2), parked(3)]);
    let (first, next) = trial.due_from(Turn::first_of(Moment(0)), 9, 2);
    assert_eq!((first, next), (vec![3, 1], Some(Turn { due: Moment(5), run: RunId(2) })));
    assert_eq!(trial.due_from(Turn { due: Moment(5), run: RunId(2) }, 9, 2), (vec![2], None));
    assert_eq!(trial.due_from(Turn::first_of(Moment(5)), 9, 9), (vec![1, 2], None));
}

fn large_bodies_come_a_few_at_a_time(trial: &mut Trial<'_>) {
    let body: Arc<[u8]> = vec![b' '; FILES_BYTES_MOST / 2].into();
    for run in 1..=4 {
        trial.commit(&[Fact::Took(Box::new(Took { body: body.clone(), ..took(run, None) }))]);
    }
    two_come_at_a_time(trial);
}

fn large_answers_come_a_few_at_a_time(trial: &mut Trial<'_>) {
    let answer: Arc<[u8]> = vec![b' '; FILES_BYTES_MOST / 2].into();
    for run in 1..=4 {
        let answered = settled(key(run, "look", Way::Do), state(Phase::Done(Some(answer.clone())), None));
        trial.commit(&[plain(run.unsigned_abs().into()), answered]);
    }
    two_come_at_a_time(trial);
}

/// Of four runs, each of half of what comes at once.
fn two_come_at_a_time(trial: &mut Trial<'_>) {
    let runs = trial.store().active("in", RunId(0), 9).expect("the disk is well");
    assert_eq!(runs.len(), 2);
    trial.commit(&[owed(1, 1, None), owed(2, 2, None), owed(3, 3, None), parked(1), parked(2), parked(3)]);
    assert_eq!(trial.due(9, 9), (vec![1, 2], Some(Moment(3))));
}

fn whoever_shares_a_glue_comes_along(trial: &mut Trial<'_>) {
    let item = |run| settled(EffectKey { item: "1".into(), ..key(run, "crm", Way::Do) }, state(Phase::Owed { due: Moment(80) }, Some(8)));
    trial.commit(&[plain(1), plain(2), plain(3), plain(4), plain(5)]);
    trial.commit(&[owed(1, 5, Some(7)), owed(2, 50, Some(7)), owed(3, 50, None), owed(4, 6, Some(7)), item(2), item(5)]);
    trial.commit(&[parked(1), parked(2), parked(3), parked(5)]);
    // 4 is active, whoever works on it has it; 5 shares with 2 what 2 does not share with 1.
    assert_eq!(trial.due(9, 1), (vec![1, 2, 5], Some(Moment(50))));
}

fn a_clock_that_is_set_back_holds_nobody(trial: &mut Trial<'_>) {
    let mut hold = Hold { since: Moment(100), until: None, by: "ann".into(), because: "quiet".into() };
    hold.let_go(Moment(200));
    let row = GateRow { hold: Some(hold), ..GateRow::closed("crm".into(), Moment(1)) };
    trial.commit(&[Fact::Gated(row), Fact::SetBack { by: Duration::from_micros(150) }]);
    let gates = trial.store().opening().expect("the disk is well").gates;
    let hold = gates[0].hold.as_ref().expect("it is known");
    assert_eq!((hold.since, hold.until, hold.holds(Moment(60))), (Moment(-50), Some(Moment(50)), false));
}

fn a_clock_that_is_set_back_makes_no_day_longer(trial: &mut Trial<'_>) {
    let row = GateRow { spent: Some(Spent { until: Moment(190), calls: 7 }), ..GateRow::closed("crm".into(), Moment(100)) };
    trial.commit(&[Fact::Gated(row), Fact::SetBack { by: Duration::from_micros(150) }]);
    let gates = trial.store().opening().expect("the disk is well").gates;
    assert_eq!(gates[0].spent, Some(Spent { until: Moment(40), calls: 7 }));
}

fn a_clock_that_was_set_back(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), owed(1, 50, None), parked(1)]);
    assert_eq!(trial.store().opening().expect("the disk is well").latest, Moment(1));
    trial.commit(&[Fact::SetBack { by: std::time::Duration::from_micros(45) }]);
    assert_eq!(trial.due(5, 9), (vec![1], None));
    assert_eq!(trial.store().opening().expect("the disk is well").latest, Moment(0));
}

fn a_closed_gate_is_not_told(trial: &mut Trial<'_>) {
    let gate = |system: &str, breaker| GateRow { breaker, ..GateRow::closed(system.into(), Moment(1)) };
    let open = gate("crm", Breaker::Open { until: Moment(9) });
    trial.commit(&[Fact::Gated(gate("erp", Breaker::HalfOpen)), Fact::Gated(open.clone())]);
    trial.commit(&[Fact::Gated(gate("erp", Breaker::Closed))]);
    assert_eq!(trial.store().opening().expect("the disk is well").gates, [open]);
}

fn a_person_s_word_is_kept(trial: &mut Trial<'_>) {
    let hold = Hold { since: Moment(4), until: Some(Moment(9)), by: "ann".into(), because: "month-end".into() };
    let crm = GateRow { hold: Some(hold.clone()), ..GateRow::closed("crm".into(), Moment(1)) };
    let flow = GateRow { hold: Some(Hold { until: None, ..hold }), ..GateRow::closed(GateRow::of_flow("in"), Moment(4)) };
    let erp = GateRow { spent: Some(Spent { until: Moment(90), calls: 7 }), ..GateRow::closed("erp".into(), Moment(1)) };
    trial.commit(&[crm.clone(), erp.clone(), flow.clone()].map(Fact::Gated));
    assert_eq!(trial.store().opening().expect("the disk is well").gates, [crm, erp, flow.clone()]);
    trial.commit(&[Fact::Gated(GateRow { hold: None, ..flow })]);
    assert_eq!(trial.store().opening().expect("the disk is well").gates.len(), 2);
}

fn lanes_come_in_the_order_of_their_runs(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), owed(2, 1, None), owed(1, 2, None), owed(3, 3, None), parked(2), parked(1)]);
    let opening = trial.store().opening().expect("the disk is well");
    assert_eq!(opening.lanes.iter().map(|lane| (lane.effect.run.0, lane.lane)).collect::<Vec<_>>(), [(1, 5), (2, 5)]);
    assert_eq!(opening.queues, [("in.crm".into(), Moment(1))]);
}
