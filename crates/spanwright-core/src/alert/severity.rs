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
    /// As they are written.
    pub const WORDS: [&str; 4] = ["info", "warning", "error", "critical"];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }

    /// From its word.
    pub fn of(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.word() == word)
    }
}
