//! How a CRM starts, and what it does beside its work.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::ledger::Flush;

/// What one contact that is not taken means for its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It alone is refused.
    PerContact,
    /// The whole call is refused with 422, and nothing of it is applied.
    WholeCall,
}

/// What the CRM does beside its work, by counters of bulk calls (from 1).
#[derive(Clone, Debug, Default)]
pub struct CrmScript {
    /// This call, or the first after it that is taken, is applied, and the connection ends before the answer.
    pub cut_at_call: Option<u64>,
    /// With this call it goes away: 503. It comes back after `away_for`, and has then forgotten all tokens.
    pub away_at_call: Option<u64>,
    /// How long it is away at least.
    pub away_for: Duration,
    /// So many calls after that are answered 429 with `Retry-After: 1`.
    pub limited_calls: u64,
}

/// How a CRM starts.
#[derive(Clone, Debug)]
pub struct CrmSettings {
    /// Its ledger; continued where it is there.
    pub ledger: PathBuf,
    /// Each line of the ledger at once, or in pieces.
    pub flush: Flush,
    /// The integration's client id.
    pub client_id: String,
    /// The integration's secret.
    pub client_secret: String,
    /// How long a token is good.
    pub token_lives: Duration,
    /// What one bad contact means for its call.
    pub refusal: Refusal,
    /// Whether contacts are kept, so that they can be asked for and updated; without it each one is created.
    pub keeps_contacts: bool,
    /// What it does beside its work.
    pub script: CrmScript,
}

impl CrmSettings {
    /// No faults, no delay, no memory of contacts: for benches.
    pub fn quiet(folder: &Path) -> CrmSettings {
        CrmSettings {
            ledger: folder.join("crm.jsonl"),
            flush: Flush::Full,
            client_id: "erp-sync".into(),
            client_secret: "s3cret/with+odd=signs&more".into(),
            token_lives: Duration::from_secs(3600),
            refusal: Refusal::PerContact,
            keeps_contacts: false,
            script: CrmScript::default(),
        }
    }

    /// A day as it is: one call cut, some seconds away, then rate-limited; tokens that live for a minute.
    pub fn lively(folder: &Path) -> CrmSettings {
        CrmSettings {
            flush: Flush::Each,
            token_lives: Duration::from_secs(60),
            keeps_contacts: true,
            script: CrmScript { cut_at_call: Some(2), away_at_call: Some(3), away_for: Duration::from_secs(5), limited_calls: 2 },
            ..CrmSettings::quiet(folder)
        }
    }
}
