//! The breaker: all exchanges since it last changed are kept, and looked through at each one.

use std::time::Duration;

use spanwright_core::{
    deliver::{Circuit, GateChange},
    fact::Moment,
    plan::BreakerPolicy,
};

use super::{Dice, each_case};

#[derive(PartialEq)]
enum Stands {
    Closed,
    Open(Moment),
    HalfOpen,
}

struct Model {
    policy: BreakerPolicy,
    stands: Stands,
    opened: u32,
    past: Vec<(Moment, bool, bool)>,
    good: u32,
}

impl Model {
    fn looked_at(&mut self, now: Moment) -> (Option<Moment>, Option<GateChange>) {
        match self.stands {
            Stands::Open(until) if now < until => (Some(until), None),
            Stands::Open(_) => {
                (self.stands, self.good) = (Stands::HalfOpen, 0);
                (None, Some(GateChange::Probing))
            }
            Stands::Closed | Stands::HalfOpen => (None, None),
        }
    }

    fn ended(&mut self, failed: bool, took: Duration, now: Moment) -> Option<GateChange> {
        let slow = self.policy.slow_percent > 0 && took > self.policy.slow;
        match self.stands {
            Stands::Open(_) => None,
            Stands::HalfOpen if failed || slow => Some(self.opens(now)),
            Stands::HalfOpen => {
                self.good += 1;
                (self.good == self.policy.probes).then(|| {
                    (self.stands, self.opened) = (Stands::Closed, 0);
                    self.past.clear();
                    GateChange::Closed
                })
            }
            Stands::Closed => {
                self.past.push((now, failed, slow));
                self.is_bad(failed, slow, now).then(|| self.opens(now))
            }
        }
    }

    fn is_bad(&self, failed: bool, slow: bool, now: Moment) -> bool {
        let enough = self.policy.of as usize;
        let counts: Vec<&(Moment, bool, bool)> = match self.policy.within {
            Some(within) => self.past.iter().filter(|(at, ..)| now.since(*at) <= within).collect(),
            None => self.past.iter().rev().take(enough).collect(),
        };
        let percent = |bad: usize| bad as f64 * 100.0 / counts.len() as f64;
        let failures = percent(counts.iter().filter(|(_, failed, _)| *failed).count());
        let slows = percent(counts.iter().filter(|(.., slow)| *slow).count());
        counts.len() >= enough
            && (failed && failures >= f64::from(self.policy.failures_percent) || slow && slows >= f64::from(self.policy.slow_percent))
    }

    fn opens(&mut self, now: Moment) -> GateChange {
        let mut hold = self.policy.hold;
        (0..self.opened).for_each(|_| hold = (hold * 2).min(self.policy.longest));
        let until = now.after(hold.min(self.policy.longest));
        (self.stands, self.opened) = (Stands::Open(until), self.opened + 1);
        self.past.clear();
        GateChange::Opened(until)
    }
}

fn policy(dice: &mut Dice) -> BreakerPolicy {
    let hold = Duration::from_millis(200 + dice.below(2_000));
    BreakerPolicy {
        failures_percent: 1 + dice.below(100) as u32,
        of: 1 + dice.below(8) as u32,
        hold,
        longest: hold * (1 + dice.below(8) as u32),
        within: dice.one_in(2).then(|| Duration::from_millis(500 + dice.below(4_000))),
        slow: Duration::from_millis(100),
        slow_percent: if dice.one_in(2) { 0 } else { 1 + dice.below(100) as u32 },
        probes: 1 + dice.below(4) as u32,
    }
}

#[test]
fn the_breaker_does_what_its_second_telling_does() {
    each_case(|dice| {
        let (policy, mut now) = (policy(dice), Moment(1_000_000_000));
        let mut circuit = Circuit::new(policy.clone(), now);
        let mut model = Model { policy, stands: Stands::Closed, opened: 0, past: Vec::new(), good: 0 };
        let sick = 1 + dice.below(6);
        for n in 0..80 {
            now = now.after(Duration::from_millis(dice.below(500)));
            if dice.one_in(3) {
                let (said, expected) = (circuit.closed_until(now), model.looked_at(now));
                if said != expected {
                    return Err(format!("look {n}: {said:?} and not {expected:?}"));
                }
            }
            let (failed, took) = (dice.one_in(sick), Duration::from_millis(dice.below(200)));
            let (said, expected) = (circuit.concluded(failed, took, now), model.ended(failed, took, now));
            if said != expected {
                return Err(format!("exchange {n}: {said:?} and not {expected:?}"));
            }
        }
        Ok(())
    });
}
