//! The answer to a batch, taken apart: an outcome for each item.

use std::{collections::HashMap, sync::Arc};

use spanwright_core::{
    connector::{Answers, Blame, Call, Outcome, Verdict},
    interface::Repeat,
    settings::OutcomeWord,
};
use spanwright_map::{Env, Program};
use spanwright_shape::{
    json,
    room::Room,
    text::{Code, Failure},
    value::Value,
};

use super::BulkAnswers;
use crate::{
    codes,
    http::{
        excerpt,
        outcomes::{Judgement, Outcomes},
        status::{self, Meaning},
    },
    rest::keep,
};

/// Who answers, and what its words mean.
pub(crate) struct Speaker<'s> {
    /// `crm.upsertContacts`, for messages.
    pub(crate) name: &'s str,
    /// What the operation says.
    pub(crate) outcomes: &'s Outcomes,
    /// What a status leaves open.
    pub(crate) repeat: Repeat,
    /// What the step says: it counts first.
    pub(crate) step: &'s [(Arc<str>, OutcomeWord)],
}

/// One outcome a call, in their order.
pub(crate) fn hear<'a>(
    bulk: &'a BulkAnswers,
    speaker: &Speaker<'_>,
    calls: &[Call<'a>],
    document: &Value<'a>,
    answers: Answers<'_>,
    room: &'a Room,
) -> Verdict {
    let each = match bulk {
        BulkAnswers::Whole => return Verdict::all(calls.len(), keep(document, answers)),
        BulkAnswers::Each(each) => each,
    };
    let alone = (calls.len() == 1).then_some(*document);
    let items = Items { speaker, outcome: each.outcome.as_ref(), wanted: wanted(answers, document), alone, room };
    let found = match &each.list {
        Some(program) => items.one(program, document),
        None => Ok(Some(*document)),
    };
    let outcomes = match (found, &each.matched) {
        (Ok(Some(Value::List(answers))), None) => items.by_position(calls.len(), answers),
        (Ok(Some(Value::List(answers))), Some(program)) => items.by_id(calls, answers, program),
        (Ok(_), _) => vec![items.unknown(&codes::ITEM_UNREADABLE, "the list of answers is not there"); calls.len()],
        (Err(says), _) => vec![items.unknown(&codes::ITEM_UNREADABLE, &says); calls.len()],
    };
    let verdict = Verdict { outcomes, refused_whole: false, system: None, beside: None };
    if each.atomic { all_or_none(speaker.name, verdict) } else { verdict }
}

/// Where one item did not happen, none did, whatever the answer says of the others: of a refusal they are found by halves.
fn all_or_none(name: &str, verdict: Verdict) -> Verdict {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Delivered(_) => 0,
        Outcome::Later { .. } => 1,
        Outcome::Never(_) => 2,
        Outcome::Unknown(_) => 3,
    };
    let calls = verdict.outcomes.len();
    match verdict.outcomes.iter().max_by_key(|outcome| rank(outcome)) {
        None | Some(Outcome::Delivered(_)) => verdict,
        Some(worst @ Outcome::Unknown(_)) => Verdict { outcomes: vec![worst.clone(); calls], ..verdict },
        // Where others would have gone, it is found by halves, too: together they would be put off for it until they are given up.
        Some(worst @ Outcome::Later { .. }) => {
            let refused_whole = verdict.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Delivered(_)));
            Verdict { outcomes: vec![worst.clone(); calls], refused_whole, ..verdict }
        }
        Some(Outcome::Never(why)) => {
            let says = format!("{name}: it went with an item that was refused, and all happen or none: {}", why.says);
            let taken_back = Outcome::Never(Failure::new(why.code, says));
            let outcomes = verdict.outcomes.into_iter().map(|outcome| match outcome {
                Outcome::Never(why) => Outcome::Never(why),
                Outcome::Delivered(_) | Outcome::Later { .. } | Outcome::Unknown(_) => taken_back.clone(),
            });
            Verdict { outcomes: outcomes.collect(), refused_whole: calls > 1, ..verdict }
        }
    }
}

/// Whether answers are kept; a batch that is shown is shown whole.
fn wanted(answers: Answers<'_>, document: &Value<'_>) -> bool {
    match answers {
        Answers::Drop => false,
        Answers::Keep => true,
        Answers::Show(show) => {
            show(document);
            false
        }
    }
}

struct Items<'a, 's> {
    speaker: &'s Speaker<'s>,
    outcome: Option<&'a Program>,
    wanted: bool,
    /// A `call` goes alone, and what the operation gives it is the whole answer: what its flow reads is checked against that.
    alone: Option<Value<'a>>,
    room: &'a Room,
}

impl<'a> Items<'a, '_> {
    fn one(&self, program: &'a Program, dot: &Value<'a>) -> Result<Option<Value<'a>>, String> {
        program.one(&Env { dot: *dot, names: &[] }, self.room).map_err(|fault| fault.failure.says)
    }

    fn unknown(&self, code: &'static Code, says: &str) -> Outcome {
        Outcome::Unknown(Failure::new(code, format!("{}: {says}", self.speaker.name)))
    }

    /// With one answer too few or too many nobody knows which item an answer is about.
    fn by_position(&self, calls: usize, answers: &[Value<'a>]) -> Vec<Outcome> {
        if answers.len() != calls {
            let says = format!("{} answers came for {calls} items, and they are told apart by position", answers.len());
            return vec![self.unknown(&codes::ITEM_WITHOUT_ANSWER, &says); calls];
        }
        answers.iter().map(|answer| self.item(answer)).collect()
    }

    fn by_id(&self, calls: &[Call<'a>], answers: &[Value<'a>], program: &'a Program) -> Vec<Outcome> {
        let mut known: HashMap<String, Option<Value<'a>>> = HashMap::new();
        for answer in answers {
            if let Some(id) = self.one(program, answer).ok().flatten().and_then(id_text) {
                // Two answers about one item may not agree, so neither counts.
                known.entry(id).and_modify(|first| *first = None).or_insert(Some(*answer));
            }
        }
        calls.iter().map(|call| self.item_of(call, program, &known)).collect()
    }

    /// The answer whose id is that of the item; where the item itself has none, its idempotency key is its id.
    fn item_of(&self, call: &Call<'a>, program: &'a Program, known: &HashMap<String, Option<Value<'a>>>) -> Outcome {
        let item = call.body.and_then(|body| json::read(body, self.room).ok());
        let id = item.and_then(|item| self.one(program, &item).ok().flatten()).and_then(id_text);
        match known.get(id.as_deref().unwrap_or(call.key)) {
            Some(Some(answer)) => self.item(answer),
            Some(None) => self.unknown(&codes::ITEM_WITHOUT_ANSWER, "several answers speak of this item"),
            None => self.unknown(&codes::ITEM_WITHOUT_ANSWER, "no answer speaks of this item"),
        }
    }

    fn item(&self, answer: &Value<'a>) -> Outcome {
        let Some(program) = self.outcome else { return self.delivered(answer) };
        match self.one(program, answer) {
            Ok(Some(Value::Number(number))) => match number.as_i64().and_then(|status| u16::try_from(status).ok()) {
                Some(status) if (100..600).contains(&status) => self.by_status(status, answer),
                _ => self.unknown(&codes::ITEM_UNREADABLE, &format!("the outcome {number} is no status")),
            },
            Ok(Some(Value::Bool(true))) => self.delivered(answer),
            Ok(Some(Value::Bool(false))) => self.said(OutcomeWord::Never, "", answer),
            Ok(Some(Value::Text(text))) => self.by_text(text, answer),
            Ok(Some(Value::Null) | None) => self.unknown(&codes::ITEM_UNREADABLE, "the answer about this item has no outcome"),
            Ok(Some(other @ (Value::List(_) | Value::Record(_)))) => {
                self.unknown(&codes::ITEM_UNREADABLE, &format!("the outcome of this item is {}", other.kind().word()))
            }
            Err(says) => self.unknown(&codes::ITEM_UNREADABLE, &says),
        }
    }

    fn by_text(&self, text: &str, answer: &Value<'a>) -> Outcome {
        let of_step = self.speaker.step.iter().find(|(have, _)| **have == *text).map(|(_, word)| *word);
        match (of_step.or_else(|| self.speaker.outcomes.of_text(text)), text.parse()) {
            (Some(word), _) => self.said(word, &format!(" with `{}`", excerpt::bounded(text)), answer),
            (None, Ok(status)) if (100..600).contains(&status) => self.by_status(status, answer),
            (None, _) => {
                self.unknown(&codes::ITEM_UNREADABLE, &format!("the outcome `{}` is not listed under `outcomes:`", excerpt::bounded(text)))
            }
        }
    }

    fn by_status(&self, status: u16, answer: &Value<'a>) -> Outcome {
        let with = format!(" with {}", status::words(status));
        let of_operation = || self.speaker.outcomes.of_status(status, self.speaker.repeat);
        match status::said(self.speaker.step, status).map_or_else(of_operation, Judgement::Said) {
            Judgement::Said(word) => self.said(word, &with, answer),
            Judgement::Meant(Meaning::Delivered) => self.delivered(answer),
            Judgement::Meant(Meaning::Later | Meaning::LaterThis) => self.said(OutcomeWord::Later, &with, answer),
            Judgement::Meant(Meaning::Unknown) => self.said(OutcomeWord::Unknown, &with, answer),
            // We were let in, so a 401 or 403 of one item is about the item.
            Judgement::Meant(Meaning::Never | Meaning::Credentials | Meaning::Gone | Meaning::Moved | Meaning::Elsewhere) => {
                self.said(OutcomeWord::Never, &with, answer)
            }
        }
    }

    /// `with`: ` with 422 Unprocessable Content`.
    fn said(&self, word: OutcomeWord, with: &str, answer: &Value<'a>) -> Outcome {
        let failure = |code, verb: &str| {
            let said = excerpt::of_document(answer).map(|said| format!(": {said}")).unwrap_or_default();
            Failure::new(code, format!("{} {verb} this item{with}{said}", self.speaker.name))
        };
        match word {
            OutcomeWord::Delivered => self.delivered(answer),
            OutcomeWord::None => self.kept(&Value::Null),
            OutcomeWord::Later => Outcome::Later { why: failure(&codes::ITEM_NOT_NOW, "put off"), after: None, blame: Blame::Message },
            OutcomeWord::Unknown => Outcome::Unknown(failure(&codes::UNKNOWN, "does not know of")),
            OutcomeWord::Never => Outcome::Never(failure(&codes::ITEM_REFUSED, "refused")),
        }
    }

    fn delivered(&self, answer: &Value<'a>) -> Outcome {
        self.kept(self.alone.as_ref().unwrap_or(answer))
    }

    fn kept(&self, answer: &Value<'_>) -> Outcome {
        keep(answer, if self.wanted { Answers::Keep } else { Answers::Drop })
    }
}

/// An id as text: `7` and `"7"` are one.
fn id_text(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::List(_) | Value::Record(_) => None,
    }
}
