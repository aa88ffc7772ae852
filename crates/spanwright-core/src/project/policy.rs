//! Retries, breakers and limits: defaults, then system, then step.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::{
    Problems,
    form::{self, Filled, Given},
};

use super::{Variables, codes};
use crate::{
    deliver::{Hours, WINDOW_MOST, never_opens},
    plan::{BreakerPolicy, KeepFor, PAUSE_WITHIN_DEFAULT, PauseAfter, Policy},
    settings::{Limits, Rate},
};

/// What holds where nothing else is said.
#[derive(Default)]
pub(super) struct Defaults {
    pub retry: Policy,
    pub breaker: BreakerPolicy,
    pub keep: KeepFor,
}

impl Defaults {
    pub(super) fn read(project: Option<&Filled<'_>>, variables: &Variables, to: &mut Problems) -> Defaults {
        let form = project.and_then(|project| project.form("defaults"));
        let retry = retry(&Policy::default(), form.as_ref(), variables, to);
        let breaker = breaker(&BreakerPolicy::default(), form.as_ref(), variables, to);
        let keep = keep(form.as_ref(), variables, to);
        Defaults { retry, breaker, keep }
    }
}

/// `retry:` of a form, over what it inherits.
pub(super) fn retry(inherited: &Policy, owner: Option<&Filled<'_>>, variables: &Variables, to: &mut Problems) -> Policy {
    let mut policy = inherited.clone();
    let Some(form) = owner.and_then(|owner| owner.form("retry")) else { return policy };
    let mut reader = Reader { form: &form, variables, to };
    reader.count("tries", &mut policy.tries);
    reader.time("first", &mut policy.first);
    reader.time("longest", &mut policy.longest);
    reader.time("give_up_after", &mut policy.give_up_after);
    if let Some(factor) = reader.known("factor", form.decimal("factor"), form::decimal) {
        policy.factor_percent = factor;
        reader.refuse(factor < 100, "factor", "waits would grow shorter", "a factor is 1 or more");
    }
    policy
}

/// `keep:` of the defaults.
fn keep(owner: Option<&Filled<'_>>, variables: &Variables, to: &mut Problems) -> KeepFor {
    let mut keep = KeepFor::default();
    let Some(form) = owner.and_then(|owner| owner.form("keep")) else { return keep };
    let mut reader = Reader { form: &form, variables, to };
    reader.time("bodies", &mut keep.bodies);
    reader.time("trail", &mut keep.trail);
    let is_longer = keep.bodies > keep.trail;
    let key = if form.scalar("bodies").is_some() { "bodies" } else { "trail" };
    reader.refuse(is_longer, key, "bodies would be kept longer than what happened to them", "make `trail` as long as `bodies`, or longer");
    keep
}

/// `breaker:` of a form, over what it inherits.
pub(super) fn breaker(inherited: &BreakerPolicy, owner: Option<&Filled<'_>>, variables: &Variables, to: &mut Problems) -> BreakerPolicy {
    let mut policy = inherited.clone();
    let Some(form) = owner.and_then(|owner| owner.form("breaker")) else { return policy };
    let mut reader = Reader { form: &form, variables, to };
    reader.count("of", &mut policy.of);
    reader.time("hold", &mut policy.hold);
    reader.time("longest", &mut policy.longest);
    if let Some(percent) = reader.known("failures", form.percent("failures"), form::percent) {
        policy.failures_percent = percent;
        reader.refuse(percent == 0, "failures", "it would never close", "write 1% or more");
    }
    policy.longest = policy.longest.max(policy.hold);
    let mut within = policy.within.unwrap_or_default();
    reader.time("within", &mut within);
    policy.within = (!within.is_zero()).then_some(within);
    let is_more = policy.within.is_some() && policy.of as usize > WINDOW_MOST;
    reader.refuse(
        is_more,
        "of",
        "it would never open",
        &format!("write {WINDOW_MOST} or fewer: so many calls are remembered `within` a time"),
    );
    reader.time("slow", &mut policy.slow);
    reader.count("probes", &mut policy.probes);
    if let Some(percent) = reader.known("slow_calls", form.percent("slow_calls"), form::percent) {
        policy.slow_percent = percent;
        reader.refuse(percent == 0, "slow_calls", "it would never close", "write 1% or more");
    }
    policy
}

/// `limits:` of a system.
pub(super) fn limits(system: &Filled<'_>, zone: Option<Arc<str>>, variables: &Variables, to: &mut Problems) -> Limits {
    let mut limits = Limits { zone, closed: hours(system, to), ..Limits::default() };
    let Some(form) = system.form("limits") else { return limits };
    let mut reader = Reader { form: &form, variables, to };
    reader.count("concurrency", &mut limits.concurrency);
    reader.time("timeout", &mut limits.timeout);
    limits.rate = reader.known("rate", form.rate("rate"), form::rate).map(|(most, per)| Rate { most, per });
    reader.count("burst", &mut limits.burst);
    limits.per_day = reader.known("per_day", form.number("per_day"), form::number);
    reader.refuse(limits.per_day == Some(0), "per_day", "nothing would ever be sent", "write 1 or more");
    limits.learn = reader.known("learn", form.flag("learn"), form::flag).unwrap_or(false);
    limits
}

/// `closed:` of a system.
fn hours(system: &Filled<'_>, to: &mut Problems) -> Vec<Hours> {
    let mut all = Vec::new();
    for text in system.items("closed").iter().filter_map(|item| item.scalar()) {
        match Hours::parse(&text.text) {
            Some(hours) => all.push(hours),
            None => {
                let says = format!("`{}` names no days and hours", text.text);
                to.error(
                    &codes::SETTING,
                    text.span,
                    says,
                    "write it as `Sun 02:00-04:00`, `Mon-Fri 22:00-06:00`, `daily 00:00-00:30` or `Sat-Sun 00:00-24:00`".to_string(),
                );
            }
        }
    }
    if let Some(last) = system.items("closed").iter().filter_map(|item| item.scalar()).next_back().filter(|_| never_opens(&all)) {
        let mend = "leave hours in which it is open; `spanwright hold` keeps a system until it is resumed".to_string();
        to.warning(&codes::SETTING, last.span, "with these hours it is never open: what is sent to it waits for ever", mend);
    }
    all
}

/// `pause_after:` of a flow.
pub(super) fn pause_after(flow: &Filled<'_>, variables: &Variables, to: &mut Problems) -> Option<PauseAfter> {
    let form = flow.form("pause_after")?;
    let mut rule = PauseAfter { dead: 0, within: PAUSE_WITHIN_DEFAULT };
    let mut reader = Reader { form: &form, variables, to };
    reader.count("dead", &mut rule.dead);
    reader.time("within", &mut rule.within);
    (rule.dead > 0).then_some(rule)
}

/// A time of a form, where it is written and is one.
pub(super) fn time(form: &Filled<'_>, key: &str, variables: &Variables, to: &mut Problems) -> Option<Duration> {
    let mut time = Duration::ZERO;
    Reader { form, variables, to }.time(key, &mut time);
    (!time.is_zero()).then_some(time)
}

/// Reads the values of one form.
struct Reader<'r, 'n> {
    form: &'r Filled<'n>,
    variables: &'r Variables,
    to: &'r mut Problems,
}

impl Reader<'_, '_> {
    fn known<T>(&mut self, key: &str, given: Option<Given<'_, T>>, spelled: fn(&str) -> Option<T>) -> Option<T> {
        self.variables.known(self.form, key, given, spelled, self.to)
    }

    fn time(&mut self, key: &str, into: &mut Duration) {
        if let Some(time) = self.known(key, self.form.time(key), form::time) {
            *into = time;
            self.refuse(time.is_zero(), key, "no time at all", "write 1ms or more");
        }
    }

    fn count(&mut self, key: &str, into: &mut u32) {
        if let Some(count) = self.known(key, self.form.number(key), form::number) {
            *into = u32::try_from(count).unwrap_or(u32::MAX);
            self.refuse(count == 0, key, "nothing would ever run", "write 1 or more");
        }
    }

    fn refuse(&mut self, bad: bool, key: &str, says: &str, help: &str) {
        if let (true, Some(scalar)) = (bad, self.form.scalar(key)) {
            self.to.error(&codes::SETTING, scalar.span, format!("`{key}: {}`: {says}", scalar.text), help.to_string());
        }
    }
}
