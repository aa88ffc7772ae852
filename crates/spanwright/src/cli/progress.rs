//! One live line on a terminal, and the story above it; without a terminal the story alone, line by line.

use std::{
    io,
    sync::mpsc::Receiver,
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use spanwright_core::{deliver::HoldReason, fact::Moment};
use spanwright_engine::shell::{Ended, State};

use super::{
    folder::Folder,
    orders,
    out::Out,
    run::Begun,
    story::{seconds, thousands, words},
};

/// How often the line is drawn anew.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// How much is shown while an engine runs.
pub enum Show {
    /// A live line, and the story above it.
    Live(ProgressBar),
    /// The story, line by line.
    Lines,
    /// Nothing: a log tells it.
    Nothing,
}

impl Show {
    /// Live where a person watches, lines otherwise.
    pub fn fitting(out: &Out) -> Show {
        if !out.is_watched() {
            return Show::Lines;
        }
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner:.cyan} {elapsed:>4} {wide_msg}");
        bar.set_style(style.expect("the template is well-formed"));
        Show::Live(bar)
    }

    /// A line of the story.
    pub fn line(&self, out: &mut Out, text: &str) {
        match self {
            Show::Live(bar) => bar.suspend(|| out.aside(text)),
            Show::Lines => out.aside(text),
            Show::Nothing => {}
        }
    }

    fn state(&self, state: &State, now: Moment) {
        if let Show::Live(bar) = self {
            bar.set_message(standing(state, now));
            bar.tick();
        }
    }

    fn clear(&self) {
        if let Show::Live(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Shows a running engine until it has ended, and hands it the orders that are left for it. `is_enough` is asked each
/// time whether it should be stopped.
pub fn follow(begun: Begun, show: &Show, out: &mut Out, mut is_enough: impl FnMut(&State) -> bool) -> Ended {
    let Begun { running, told, clock, folder, project } = begun;
    let (began, mut stopped, mut left) = (Instant::now(), false, orders::Told::default());
    while !running.is_over() {
        tell(&told, show, began, out);
        let state = running.state();
        show.state(&state, clock.now());
        if !stopped && is_enough(&state) {
            running.stop();
            stopped = true;
        }
        let heard = left.go_on(&folder, &project, state.standing.orders_kept, |order| running.tell(orders::by_clock_of(&clock, order)));
        cannot(heard, &folder, out);
        thread::sleep(DRAWN_EVERY);
    }
    // What it was told last is on disk as well.
    cannot(left.taken_up(running.state().standing.orders_kept), &folder, out);
    let ended = running.wait();
    tell(&told, show, began, out);
    show.clear();
    ended
}

/// Says that orders cannot be read or taken away.
fn cannot(heard: io::Result<()>, folder: &Folder, out: &mut Out) {
    if let Err(error) = heard {
        out.aside(&format!("reading what is left in `{}`: {error}", folder.state().display()));
    }
}

fn tell(told: &Receiver<String>, show: &Show, began: Instant, out: &mut Out) {
    for line in told.try_iter() {
        show.line(out, &format!("{:>7} {line}", seconds(began.elapsed())));
    }
}

/// `taken 1,003  delivered 500  open 503  crm is held for 1.2 s: it is sick`
fn standing(state: &State, now: Moment) -> String {
    let counters = &state.counters;
    let mut text = format!(
        "taken {}  delivered {}  open {}",
        thousands(counters.taken),
        thousands(counters.delivered),
        thousands(state.standing.open)
    );
    if state.answered_at_once > 0 {
        text += &format!("  answered at once {}", thousands(state.answered_at_once));
    }
    if counters.dead_letters() > 0 {
        text += &format!("  dead {}", thousands(counters.dead_letters()));
    }
    for (system, why) in &state.standing.held {
        text += &format!("  {}", held(system, why, now));
    }
    for (source, why) in &state.standing.failed_sources {
        text += &format!("  {source} failed: {}", words(why));
    }
    for (channel, why) in &state.standing.failed_channels {
        text += &format!("  the channel {channel} cannot be told: {}", words(why));
    }
    if state.disk_low {
        text += "  the disk is almost full: nothing is taken in until there is room";
    }
    if state.disk_full {
        text += "  THE DISK IS FULL: nothing is taken in until there is room, and only what may be sent twice still goes";
    }
    text
}

/// Why a system is held.
pub fn held(system: &str, why: &HoldReason, now: Moment) -> String {
    match why {
        HoldReason::BreakerOpen(until) => format!("{system} is held for {}: it is sick", seconds(until.since(now))),
        HoldReason::Paused(until) => format!("{system} is held for {}: it asked for a pause", seconds(until.since(now))),
        HoldReason::Held(hold) => {
            let until =
                hold.until.map_or_else(|| "until somebody resumes it".to_string(), |until| format!("for {}", seconds(until.since(now))));
            format!("{system} is held {until} by {}: {}", hold.by, hold.because)
        }
        HoldReason::Closed(until) => format!("{system} is closed for {}", seconds(until.since(now))),
        HoldReason::Quota(until) => format!("{system} has had its calls of the day; more in {}", seconds(until.since(now))),
        HoldReason::Credentials(why) => format!("{system} is held: it refuses our credentials ({})", words(why)),
    }
}
