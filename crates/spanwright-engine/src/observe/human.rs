//! Lines for a person at a terminal.

use spanwright_core::fact::Moment;

use super::{
    ecs::message_id,
    line::{Level, Line, short},
};

/// Writes a line, with its line end: `15:33:40.123 warn  not now at crm, try 2, again in 4.0 s: R2004 ... (flow=customers ...)`.
pub(super) fn write(line: &Line, colour: bool, out: &mut Vec<u8>) {
    let paint = Paint { colour };
    let mut text = format!("{} {} {}", paint.dim(&time_of_day(line.at)), paint.level(line.level), line.message);
    if let Some(failure) = &line.failure {
        text.push_str(&format!(": {} {}", failure.code.id, failure.says));
    }
    let mut about: Vec<String> =
        line.labels.iter().filter(|(name, _)| *name != "correlation_id").map(|(name, value)| format!("{name}={value}")).collect();
    about.extend(line.status.map(|status| format!("status={status}")));
    about.extend(line.took.map(|took| format!("took={}", short(took).replace(' ', ""))));
    about.extend(line.id.map(|id| format!("message={}", message_id(id))));
    if !about.is_empty() {
        text.push_str(&paint.dim(&format!(" ({})", about.join(" "))));
    }
    // One event is one line, whatever others put into their words.
    out.extend(text.bytes().map(|byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }));
    out.push(b'\n');
}

struct Paint {
    colour: bool,
}

impl Paint {
    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn level(&self, level: Level) -> String {
        let word = format!("{:<5}", level.word());
        match level {
            Level::Debug => self.with("2", &word),
            Level::Info => self.with("32", &word),
            Level::Warn => self.with("33", &word),
            Level::Error => self.with("1;31", &word),
        }
    }

    fn with(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

fn time_of_day(at: Moment) -> String {
    let millis = at.0.div_euclid(1_000).rem_euclid(86_400_000);
    format!("{:02}:{:02}:{:02}.{:03}", millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000)
}
