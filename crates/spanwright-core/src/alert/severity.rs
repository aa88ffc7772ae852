//! How grave an alert is: the four words of PagerDuty, which others know too.

/// How grave an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// May need somebody.
    Warning,
    /// Needs somebody.
    Error,
    /// Needs somebody now.
    Critical,
}

impl Severity {
    /// All of them.
    pub const ALL: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    /// As they are written, in that order.
    pub const WORDS: [&str; 4] = ["info", "warning", "error", "critical"];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Severity::WORDS[self as usize]
    }

    /// From its word.
    pub fn of(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.word() == word)
    }
}
