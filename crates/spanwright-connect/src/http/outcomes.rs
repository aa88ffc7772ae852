//! What an answer means: first by what the user wrote under `outcomes:`, then by RFC.

use spanwright_core::{
    interface::Repeat,
    settings::{OperationSettings, OutcomeWord},
};
use spanwright_shape::text::{Problems, Scalar};

use super::status::{self, Meaning};
use crate::codes;

/// `outcomes:` of one operation.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    statuses: Vec<(u16, OutcomeWord)>,
    /// `4XX` as 4.
    classes: Vec<(u16, OutcomeWord)>,
    texts: Vec<(String, OutcomeWord)>,
}

/// What follows, and whether the user said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// By `outcomes:`.
    Said(OutcomeWord),
    /// By RFC.
    Meant(Meaning),
}

impl Outcomes {
    /// Reads `outcomes:` where nothing but a status has a meaning. Texts are only for bulk operations, whose items speak in texts.
    pub(crate) fn read(settings: &OperationSettings, to: &mut Problems) -> Outcomes {
        let others = settings.outcomes.iter().filter(|(key, _)| status_of(key).is_none() && class_of(key).is_none());
        for (key, _) in others.filter(|_| settings.bulk.is_none()) {
            let help = "write a status such as `404`, or a class of them such as `4XX`";
            to.error(&codes::OUTCOME, key.span, format!("`{}` is no status", key.text), help.to_string());
        }
        Outcomes::of(settings)
    }

    /// What is no status and no class of them is a text: a declared fault, or what an item says.
    pub(crate) fn of(settings: &OperationSettings) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for (key, word) in &settings.outcomes {
            match (status_of(key), class_of(key)) {
                (Some(status), _) => outcomes.statuses.push((status, *word)),
                (None, Some(class)) => outcomes.classes.push((class, *word)),
                (None, None) => outcomes.texts.push((key.text.clone(), *word)),
            }
        }
        outcomes
    }

    pub(crate) fn of_status(&self, status: u16, repeat: Repeat) -> Judgement {
        let exact = self.statuses.iter().find(|(have, _)| *have == status);
        let said = exact.or_else(|| self.classes.iter().find(|(class, _)| *class == status / 100));
        said.map_or_else(|| Judgement::Meant(status::meaning(status, repeat)), |(_, word)| Judgement::Said(*word))
    }

    pub(crate) fn of_text(&self, text: &str) -> Option<OutcomeWord> {
        self.texts.iter().find(|(have, _)| have == text).map(|(_, word)| *word)
    }

    /// Whether some answer is declared to be no answer: then null is among what the operation gives.
    pub(crate) fn may_be_none(&self) -> bool {
        self.statuses.iter().chain(&self.classes).any(|(_, word)| *word == OutcomeWord::None)
    }
}

fn status_of(key: &Scalar) -> Option<u16> {
    key.text.parse().ok().filter(|status| (100..600).contains(status))
}

fn class_of(key: &Scalar) -> Option<u16> {
    let class = key.text.strip_suffix("XX").or_else(|| key.text.strip_suffix("xx"))?;
    class.parse().ok().filter(|class| (1..6).contains(class))
}
