//! `$answers.NAME`: what later steps read of the head of an answer.
//!
//! Nobody declares it: what the expressions of a flow read is what is kept, so each header is named where it is used, and a
//! whole head never is. Secrets are not for the journal, and are refused here.

use std::{collections::BTreeSet, sync::Arc};

use spanwright_shape::text::{Node, NodeKind, Scalar, Span};

use super::{Builder, scene::Scene};
use crate::{
    connector::SECRET_HEADERS,
    plan::{EffectPlan, Head},
    project::codes,
    run::head::{ANSWERS, HEADERS, STATUS},
    settings::{Auth, KeyPlace},
};

/// Kinds of systems whose answers have a head.
const WITH_HEAD: [&str; 4] = ["rest", "http", "graphql", "soap"];

/// What is read of the head of one answer.
#[derive(Default)]
pub(super) struct Heads {
    status: bool,
    headers: BTreeSet<Arc<str>>,
    /// The header that shows its system who we are.
    own: BTreeSet<Arc<str>>,
}

impl Builder<'_, '_> {
    /// The steps below see the head of this answer, where its system's have one.
    pub(super) fn answered(&mut self, name: &str, found: Option<(usize, usize)>, scene: &mut Scene) {
        let known = self.known;
        let Some(settings) = found.map(|(system, _)| &known.systems.get(system).settings) else { return };
        if !WITH_HEAD.contains(&&*settings.kind) {
            return;
        }
        self.heads.entry(name.into()).or_default().own.extend(own_header(settings.auth.in_message()));
        scene.answered(name, &mut self.shapes);
    }

    /// An expression reads these paths; `written` are the texts that it stands in.
    pub(super) fn reads_heads(&mut self, paths: &[Arc<str>], written: &[&Scalar]) {
        for path in paths.iter().filter(|path| is_head(path)) {
            match *keys(path) {
                [name, STATUS, ..] => self.heads.entry(name.into()).or_default().status = true,
                [name, HEADERS, header, ..] => self.reads_header(name, header, written),
                _ => {
                    let says = format!("`{path}` as a whole: only what is read by its name is kept of the head of an answer");
                    let help = format!("name what is meant: `${ANSWERS}.NAME.{HEADERS}.etag`, or `${ANSWERS}.NAME.{STATUS}`");
                    self.to.error(&codes::HEAD, place(written, &format!("${ANSWERS}")), says, help);
                }
            }
        }
    }

    fn reads_header(&mut self, name: &str, header: &str, written: &[&Scalar]) {
        let heads = self.heads.entry(name.into()).or_default();
        let lower = header.to_ascii_lowercase();
        let (says, help) = if SECRET_HEADERS.contains(&&*lower) || heads.own.contains(&*lower) {
            let help = "leave it out; a session that a system hands out is for its `auth: { login: .. }`".to_string();
            (format!("`{header}` shows who somebody is, and the journal keeps no secrets"), help)
        } else if lower != header {
            (format!("names of headers are in lower case here, and `{header}` is not"), format!("write `{lower}`"))
        } else {
            heads.headers.insert(header.into());
            return;
        };
        self.to.error(&codes::HEAD, place(written, header), says, help);
    }

    /// Every effect of the flow, with what is kept of its answer.
    pub(super) fn effects(&mut self) -> Vec<EffectPlan> {
        let heads = &self.heads;
        let with_head = |effect: EffectPlan| {
            let read = effect.saved_as.as_ref().and_then(|name| heads.get(name)).filter(|read| read.status || !read.headers.is_empty());
            let head = read.map(|read| Head { status: read.status, headers: read.headers.iter().cloned().collect() });
            EffectPlan { head: head.map(Arc::new), ..effect }
        };
        std::mem::take(&mut self.effects).into_iter().map(with_head).collect()
    }
}

/// Whether a path leads into the heads of answers.
pub(super) fn is_head(path: &str) -> bool {
    path.strip_prefix('$').and_then(|path| path.strip_prefix(ANSWERS)).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Every text of a table of fields.
pub(super) fn written(fields: &Node) -> Vec<&Scalar> {
    match &fields.kind {
        NodeKind::Scalar(text) => vec![text],
        NodeKind::List(items) => items.iter().flat_map(written).collect(),
        NodeKind::Map(pairs) => pairs.iter().flat_map(|(_, inner)| written(inner)).collect(),
    }
}

/// Where this stands in a text that speaks of heads.
fn place(written: &[&Scalar], part: &str) -> Span {
    let mut speaking = written.iter().filter(|text| text.text.contains(ANSWERS));
    let found = speaking.find_map(|text| text.text.find(part).map(|from| text.place(from, from + part.len())));
    found.or_else(|| written.first().map(|text| text.span)).unwrap_or(Span { file: spanwright_shape::text::FileId(0), from: 0, to: 0 })
}

/// `$answers.made.headers."x-next"`: the keys behind the name.
fn keys(path: &str) -> Vec<&str> {
    let (mut keys, mut rest) = (Vec::new(), path.split_once('.').map_or("", |(name, _)| &path[name.len()..]));
    while let Some(behind) = rest.strip_prefix('.') {
        let (key, next) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_at(behind.find(['.', '[']).unwrap_or(behind.len())),
        };
        keys.push(key);
        rest = next;
    }
    keys
}

fn own_header(auth: &Auth) -> Option<Arc<str>> {
    match auth {
        Auth::ApiKey { place: KeyPlace::Header(name), .. } => Some(name.to_ascii_lowercase().into()),
        Auth::Login(login) => Some(login.header.clone()),
        Auth::None
        | Auth::Basic { .. }
        | Auth::Bearer(_)
        | Auth::ApiKey { place: KeyPlace::Query(_), .. }
        | Auth::Hmac(_)
        | Auth::Wsse(_)
        | Auth::OAuth2(_)
        | Auth::Mtls { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_into_the_heads_is_taken_apart() {
        assert_eq!(keys("$answers.made.headers.etag"), ["made", "headers", "etag"]);
        assert_eq!(keys("$answers.made.headers.\"x-next-token\""), ["made", "headers", "x-next-token"]);
        assert_eq!(keys("$answers.made.status"), ["made", "status"]);
        assert_eq!(keys("$answers"), [""; 0]);
        assert_eq!(["$answers", "$answers.a", "$answers[]", "$answersheet.a", ".answers"].map(is_head), [true, true, true, false, false]);
    }
}
