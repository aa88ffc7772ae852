//! What was promised, held against what was measured.

/// Of the claims with no finished message, at least so many with millions.
pub const CLAIMS_LEAST: f64 = 0.8;
/// From a start until it listens.
pub const START_MILLIS_MOST: f64 = 2_000.0;
/// A question of a console.
pub const QUESTION_MILLIS_MOST: f64 = 50.0;

/// The promises that were broken, in words.
#[derive(Default)]
pub struct Promises {
    pub broken: Vec<String>,
}

impl Promises {
    /// No less than this of another figure of the same run; `kept` or `broken`.
    pub fn at_least(&mut self, figure: &str, ratio: f64, least: f64) -> &'static str {
        self.hold(ratio >= least, || format!("{figure}: {ratio:.2} of an empty journal, and {least:.2} are promised"))
    }

    /// No more than so many milliseconds; `kept` or `broken`.
    pub fn at_most(&mut self, figure: &str, millis: f64, most: f64) -> &'static str {
        self.hold(millis <= most, || format!("{figure}: {millis:.1} ms, and at most {most:.0} ms are promised"))
    }

    fn hold(&mut self, is_kept: bool, words: impl FnOnce() -> String) -> &'static str {
        if is_kept {
            return "kept";
        }
        self.broken.push(words());
        "broken"
    }
}
