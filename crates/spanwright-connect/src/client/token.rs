//! WS-Security user name tokens: who sends a SOAP message, as its Header says (UsernameToken Profile 1.0).
//!
//! A token is judged once for all clients, since judging it spends its nonce. Nonces are remembered in this process alone: a restart
//! forgets them, and a token that is younger than its skew could come again.

use std::sync::{Mutex, PoisonError};

use spanwright_core::{
    connector::With,
    door::{Proof, Request},
};
use spanwright_shape::xml;

use super::{Client, Proved};
use crate::soap::wsse::{self, Nonces, Refusal};

/// What was shown.
pub(super) enum Shown {
    /// Nothing.
    Nothing,
    /// The right token of the client of this number.
    By(usize),
    /// A token, and it does not do.
    Wrong(&'static str),
}

impl Shown {
    /// What it means for one client.
    pub(super) fn for_client(&self, n: usize) -> Proved {
        match self {
            Shown::By(client) if *client == n => Proved::Right,
            Shown::By(_) | Shown::Nothing => Proved::Absent,
            Shown::Wrong(why) => Proved::Wrong(why),
        }
    }
}

/// Judges the token of a request, where one of the clients shows who it is by one.
pub(super) fn shown(clients: &[Client], nonces: &Mutex<Nonces>, request: &Request<'_>, with: &With<'_>) -> Shown {
    let by_token = |client: &Client| match &client.proof {
        Proof::Token { user, password } => Some((user.fill(with.variable).ok()?, password.fill(with.variable).ok()?)),
        _ => None,
    };
    if !clients.iter().any(|client| matches!(client.proof, Proof::Token { .. })) {
        return Shown::Nothing;
    }
    let charset = request.header("content-type").and_then(xml::charset_of);
    let found = xml::text(request.body, charset).and_then(|text| wsse::find(&text));
    let security = match found {
        Ok(Some(security)) => security,
        Ok(None) => return Shown::Nothing,
        Err(_) => return Shown::Wrong("the envelope cannot be read"),
    };
    let find = |wanted: &str| {
        clients.iter().enumerate().filter_map(|(n, client)| Some((n, by_token(client)?))).find(|(_, (user, _))| user == wanted)
    };
    let mut nonces = nonces.lock().unwrap_or_else(PoisonError::into_inner);
    match wsse::verify(&security, &|user| find(user).map(|(_, (_, password))| password), with.now, &mut nonces) {
        Ok(user) => find(&user).map_or(Shown::Nothing, |(n, _)| Shown::By(n)),
        Err(refusal) => Shown::Wrong(words(refusal)),
    }
}

fn words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid(says) => says,
        Refusal::Unsupported => "a signature or another token is not supported here: a user name token is",
        Refusal::Failed => "the user name or the password is not right",
        Refusal::Expired => "the message is too old, or the clocks do not agree",
        Refusal::Repeated => "this token came before",
    }
}
