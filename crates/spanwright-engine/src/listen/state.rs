//! `GET /api/v1/messages/ID`: what became of a message. Answered from the file alone, so also while its disk is full.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use hyper::Method;
use spanwright_core::{
    codes,
    door::{HttpAnswer, Refused},
    fact::{Moment, Shown},
    run::message_id,
};
use spanwright_shape::{json, text::Failure, value::Value};

use crate::{
    codes as own,
    keep::{CodeOf, Look, Which},
};

/// Looks messages up.
#[derive(Clone, Default)]
pub struct Whereabouts {
    journal: Option<(PathBuf, CodeOf)>,
    look: Arc<Mutex<Option<Look>>>,
}

impl Whereabouts {
    /// In the journal at this path.
    pub fn of(path: PathBuf, code_of: CodeOf) -> Whereabouts {
        Whereabouts { journal: Some((path, code_of)), look: Arc::default() }
    }

    pub(super) async fn answer(&self, method: &Method, id: &str) -> HttpAnswer {
        if method != Method::GET {
            let failure = Failure::new(&codes::METHOD, "the state of a message is asked by GET");
            return Refused::new(405, failure).with("allow", "GET").problem();
        }
        let (Some(message), whereabouts) = (number(id), self.clone()) else { return unknown().problem() };
        let looked = tokio::task::spawn_blocking(move || whereabouts.look(message)).await;
        match looked {
            Ok(Ok(answer)) => answer.unwrap_or_else(|| unknown().problem()),
            // That it cannot be looked for says nothing of whether it is there: whoever heard so would send it again.
            Ok(Err(())) | Err(_) => not_seen().problem(),
        }
    }

    /// `None` where there is no such message.
    fn look(&self, message: u128) -> Result<Option<HttpAnswer>, ()> {
        let Some((path, code_of)) = self.journal.as_ref() else { return Ok(None) };
        let mut look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = match look.take() {
            Some(journal) => journal,
            None => Look::open(path, *code_of).map_err(drop)?,
        };
        let shown = journal.show(&Which::Message(message)).map_err(drop)?;
        *look = Some(journal);
        Ok(shown.into_iter().next().map(|shown| told(&shown)))
    }
}

fn told(shown: &Shown) -> HttpAnswer {
    let (id, received) = (message_id(shown.line.message), rfc3339(shown.line.received));
    let mut fields = vec![
        ("id", Value::Text(&id)),
        ("flow", Value::Text(&shown.line.flow)),
        ("state", Value::Text(shown.line.state)),
        ("received", Value::Text(&received)),
    ];
    if let Some((_, failure, _)) = &shown.line.stopped {
        fields.push(("reason", Value::Text(failure.code.id)));
    }
    let mut body = Vec::new();
    json::write(&Value::Record(&fields), &mut body);
    HttpAnswer { status: 200, headers: vec![("content-type".into(), b"application/json".to_vec())], body }
}

fn not_seen() -> Refused {
    Refused::new(503, Failure::new(&own::R0106, "the journal cannot be read now; ask again")).with("retry-after", "10")
}

fn unknown() -> Refused {
    Refused::new(404, Failure::new(&codes::NOT_SERVED, "there is no message with this id"))
}

/// A UUID as a number.
fn number(id: &str) -> Option<u128> {
    let digits: String = id.chars().filter(|digit| *digit != '-').collect();
    (id.len() == 36 && digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

fn rfc3339(at: Moment) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| at.0.to_string(), |time| time.to_string())
}
