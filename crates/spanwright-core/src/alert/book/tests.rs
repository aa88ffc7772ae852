//! Days in a time that is only counted: what stands, what is told.

use super::*;

const CHANNEL: &str = "ops";

/// A book, its clock, and what was said: `raised crm`, `still orders 3`, `over crm`.
struct Day {
    book: Book,
    now: Moment,
    rows: Vec<AlertRow>,
    said: Vec<String>,
    /// What a channel does with a notice.
    takes: bool,
}

impl Day {
    fn new(tells: &[CauseKind]) -> Day {
        let rule = Rule { channel: CHANNEL.into(), again: Duration::from_secs(3600), tells: tells.to_vec() };
        Day { book: Book::new(vec![rule], false), now: Moment(1_000_000_000), rows: Vec::new(), said: Vec::new(), takes: true }
    }

    /// So many seconds pass; whatever is due is told in time.
    fn pass(&mut self, seconds: u64) {
        let end = self.now.after(Duration::from_secs(seconds));
        loop {
            let (due, next) = self.book.due(|_| true, self.now);
            match next.filter(|next| *next <= end) {
                _ if !due.is_empty() => due.iter().for_each(|due| self.tell(due)),
                Some(next) => self.now = next,
                None => break,
            }
        }
        self.now = end;
    }

    fn tell(&mut self, Due { channel, notice }: &Due) {
        if !self.takes {
            self.said.push("failed".into());
            self.book.not_told((*channel, &notice.cause), false, None, self.now);
            return;
        }
        let word = match notice.state {
            State::Raised => "raised",
            State::Still => "still",
            State::Over => "over",
        };
        self.said.push(format!("{word} {} {}", notice.cause.of, notice.count));
        let Some(row) = self.book.told(*channel, notice, self.now) else { return };
        self.rows.retain(|have| have.cause != row.cause);
        if row.told.is_some() {
            self.rows.push(row);
        }
    }

    fn breaker(&mut self, on: bool) {
        let cause = Cause::new(CauseKind::Breaker, &"crm".into());
        match on {
            true => self.book.stands(&cause, 0, None, self.now),
            false => self.book.ceased(&cause, self.now),
        }
    }

    fn letters(&mut self, counts: &[(&str, u64)]) {
        let troubles = counts.iter().map(|(flow, count)| Trouble { cause: Cause::stopped(&(*flow).into(), "R2005"), count: *count });
        self.book.counted(troubles.collect(), false, self.now);
    }

    /// The process ends and comes back; the journal has the rows.
    fn restart(&mut self) {
        let rules = self.book.rules.clone();
        self.book = Book::new(rules, false);
        self.book.restore(&self.rows, self.now);
    }

    fn check(&mut self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut self.said), expected);
    }
}

#[test]
fn a_cause_is_told_once_again_after_a_while_and_when_it_is_over() {
    let mut day = Day::new(&[]);
    day.breaker(true);
    day.pass(10);
    day.breaker(true);
    day.pass(3000);
    day.check(&["raised crm 0"]);
    day.pass(600);
    day.check(&["still crm 0"]);
    day.breaker(false);
    day.pass(59);
    day.check(&[]);
    day.pass(2);
    day.check(&["over crm 0"]);
    day.pass(100_000);
    day.check(&[]);
    assert!(day.book.causes.is_empty() && day.rows.is_empty());
}

#[test]
fn what_flutters_is_one_alert() {
    let mut day = Day::new(&[]);
    for _ in 0..20 {
        day.breaker(true);
        day.pass(30);
        day.breaker(false);
        day.pass(30);
    }
    day.pass(60);
    day.check(&["raised crm 0", "over crm 0"]);
}

#[test]
fn what_is_over_before_anybody_heard_of_it_is_not_told() {
    let mut day = Day::new(&[]);
    day.breaker(true);
    day.breaker(false);
    day.pass(1000);
    day.check(&[]);
    assert!(day.book.causes.is_empty());
}

#[test]
fn a_thousand_dead_letters_are_one_alert_with_the_count_and_each_flow_is_its_own() {
    let mut day = Day::new(&[]);
    day.letters(&[("orders", 3), ("prices", 1)]);
    day.pass(10);
    day.letters(&[("orders", 1000), ("prices", 1)]);
    day.pass(10);
    day.check(&["raised orders 3", "raised prices 1"]);
    day.letters(&[("orders", 1000)]);
    day.pass(3600);
    day.check(&["over prices 1", "still orders 1000"]);
}

#[test]
fn a_restart_says_nothing_twice_and_does_not_forget_what_is_over() {
    let mut day = Day::new(&[]);
    day.breaker(true);
    day.letters(&[("orders", 3)]);
    day.pass(1000);
    day.check(&["raised crm 0", "raised orders 3"]);
    day.restart();
    day.letters(&[("orders", 3)]);
    day.pass(61);
    day.check(&["over crm 0"]);
    day.pass(2539);
    day.check(&["still orders 3"]);
}

#[test]
fn a_channel_that_fails_is_tried_again_ever_later_and_hears_the_newest() {
    let mut day = Day::new(&[]);
    day.takes = false;
    day.letters(&[("orders", 1)]);
    day.pass(34);
    day.check(&["failed", "failed", "failed"]);
    assert_eq!(day.book.waiting(), 0, "a process that ends does not wait for what was tried");
    day.letters(&[("orders", 70)]);
    day.takes = true;
    day.pass(10);
    day.check(&["raised orders 70"]);
}

#[test]
fn a_channel_hears_only_what_it_wants() {
    let mut day = Day::new(&[CauseKind::Disk]);
    day.breaker(true);
    day.book.stands(&Cause::new(CauseKind::Disk, &"".into()), 0, None, day.now);
    day.pass(10);
    day.check(&["raised  0"]);
}

#[test]
fn causes_are_bounded() {
    let mut day = Day::new(&[]);
    for n in 0..2 * ALERT_CAUSES_MOST {
        let cause = Cause::new(CauseKind::Breaker, &format!("s{n}").into());
        day.book.stands(&cause, 0, None, day.now);
    }
    assert_eq!(day.book.causes.len(), ALERT_CAUSES_MOST);
}

#[test]
fn a_process_that_ends_by_itself_waits_for_what_was_not_tried() {
    let mut book = Book::new(vec![Rule { channel: CHANNEL.into(), again: Duration::from_secs(60), tells: Vec::new() }], true);
    let (cause, now) = (Cause::new(CauseKind::Breaker, &"crm".into()), Moment(5));
    book.stands(&cause, 0, None, now);
    assert_eq!(book.waiting(), 1);
    let (due, _) = book.due(|_| true, now);
    assert_eq!((due.len(), book.waiting()), (1, 1), "on its way");
    book.told(0, &due[0].notice, now);
    assert_eq!(book.waiting(), 0);
    book.ceased(&cause, now);
    assert_eq!(book.waiting(), 1, "that it is over is said at once");
}

#[test]
fn what_lies_behind_the_last_that_was_counted_is_not_over() {
    let mut day = Day::new(&[]);
    day.letters(&[("a", 1), ("b", 1), ("c", 1)]);
    day.pass(10);
    day.check(&["raised a 1", "raised b 1", "raised c 1"]);
    let one = |flow: &str| Trouble { cause: Cause::stopped(&flow.into(), "R2005"), count: 1 };
    day.book.counted(vec![one("a")], true, day.now);
    day.pass(300);
    day.check(&[]);
    day.book.counted(vec![one("b")], true, day.now);
    day.pass(300);
    day.check(&["over a 1"]);
}
