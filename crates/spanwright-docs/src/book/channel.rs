//! A channel of `alerts:`: who is told when something stands still, and of what. No address and no key of one.

use spanwright_core::{alert::CauseKind, plan::Plan, project::vocabulary};
use spanwright_shape::text::form::Filled;

use spanwright_shape::text::time;

/// One channel.
#[derive(Clone, Debug)]
pub struct ChannelPage {
    /// Its name.
    pub name: String,
    /// `slack`, `pagerduty`, `http`.
    pub kind: String,
    /// The causes that it hears of; empty: all.
    pub tells: Vec<CauseKind>,
    /// What stands is said again after this.
    pub again: String,
}

/// Every channel.
pub(super) fn all(project: Option<&Filled<'_>>, plan: &Plan) -> Vec<ChannelPage> {
    let written = project.map(|project| project.pairs("alerts")).unwrap_or_default();
    let kind = |name: &str| {
        let (_, node) = written.iter().find(|(have, _)| have.text == name)?;
        Some(vocabulary::ALERT.fill(node)?.named()?.0.to_string())
    };
    let page = |rule: &spanwright_core::alert::Rule| ChannelPage {
        name: rule.channel.to_string(),
        kind: kind(&rule.channel).unwrap_or_default(),
        tells: rule.tells.clone(),
        again: time(rule.again),
    };
    plan.alerts.iter().map(|channel| page(&channel.rule)).collect()
}

impl ChannelPage {
    /// Whether it hears of such a cause.
    pub fn hears(&self, kind: CauseKind) -> bool {
        self.tells.is_empty() || self.tells.contains(&kind)
    }

    /// The causes that it hears of, in words.
    pub fn of_what(&self) -> String {
        match self.tells.is_empty() {
            true => "everything that stands still".to_string(),
            false => self.tells.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", "),
        }
    }
}
