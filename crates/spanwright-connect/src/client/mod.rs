//! Who may come in: `clients:` of an endpoint, an API or the whole listener.
//!
//! A [`Clients`] is asked before a door sees the request. Each client proves who it is in its own way; the first whose
//! proof is right is who came. What always holds: secrets are compared in constant time, an API key lies in the project
//! as its hash alone, a token's algorithm comes from the project and never from the token, and nobody is told which
//! part of a proof was nearly right.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{digest, hmac};
use spanwright_core::{
    codes,
    connector::With,
    door::{Admitted, ClientSettings, Guard, Keys, Network, Proof, Refused, Request},
    fact::Moment,
    settings::Rate,
};
use spanwright_shape::text::{Failure, Problems};

mod jwt;
mod token;

use crate::{
    codes as own,
    soap::wsse::Nonces,
    webhook::{
        self, judge,
        scheme::{Encoding, Scheme},
    },
};

/// The clients of one door.
pub struct Clients {
    all: Vec<Client>,
    /// What each has left of its rate.
    left: Mutex<HashMap<usize, Left>>,
    /// Tokens that came.
    nonces: Mutex<Nonces>,
    /// Headers of keys.
    secret_headers: Vec<Arc<str>>,
}

struct Client {
    name: Arc<str>,
    proof: Proof,
    scheme: Option<Scheme>,
    networks: Vec<Network>,
    rate: Option<Rate>,
}

/// Requests that a client may still make, in millionths, as of a moment.
#[derive(Clone, Copy)]
struct Left {
    millionths: i128,
    at: Moment,
}

/// What a proof came to.
enum Proved {
    Right,
    /// It is there, and wrong.
    Wrong(&'static str),
    /// There is none of this kind.
    Absent,
    /// A key set must be fetched first.
    Wants(String),
}

/// The guard of these clients; the problems say what is wrong with them.
pub fn guard(settings: &[ClientSettings], to: &mut Problems) -> Option<Arc<dyn Guard>> {
    let errors = to.errors();
    let all = settings.iter().map(|client| one(client, to)).collect();
    let keys = settings.iter().filter_map(|client| match &client.proof {
        Proof::ApiKey { header, .. } => Some(header.clone()),
        Proof::Basic { .. } | Proof::Token { .. } | Proof::Jwt(_) | Proof::Hmac(_) | Proof::Mtls { .. } | Proof::Address => None,
    });
    let secret_headers = keys.collect();
    let clients = || Clients { all, left: Mutex::default(), nonces: Mutex::default(), secret_headers };
    (to.errors() == errors).then(|| Arc::new(clients()) as Arc<dyn Guard>)
}

fn one(settings: &ClientSettings, to: &mut Problems) -> Client {
    let scheme = match &settings.proof {
        Proof::Hmac(signing) => webhook::adapted(&signing.preset, &signing.options, signing.at, to).map(|(scheme, _)| scheme),
        Proof::ApiKey { hashes, .. } => {
            for (hash, at) in hashes {
                let good = hash.variables().next().is_some()
                    || hash.fill(&|_| None).ok().and_then(|hash| Encoding::Hex.read(&hash)).is_some_and(|hash| hash.len() == 32);
                if !good {
                    let help = "print the key without a line end into `sha256sum`".to_string();
                    to.error(&own::CLIENT, *at, "this is no SHA-256 in hexadecimal digits", help);
                }
            }
            None
        }
        Proof::Jwt(jwt) => {
            for (algorithm, at) in &jwt.algorithms {
                if !jwt::is_known(algorithm) {
                    let help = "write RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA".to_string();
                    to.error(&own::CLIENT, *at, format!("`{algorithm}` is no algorithm that we verify"), help);
                }
            }
            None
        }
        Proof::Basic { .. } | Proof::Token { .. } | Proof::Mtls { .. } | Proof::Address => None,
    };
    Client { name: settings.name.clone(), proof: settings.proof.clone(), scheme, networks: settings.networks.clone(), rate: settings.rate }
}

impl Guard for Clients {
    fn admit(&self, request: &Request<'_>, with: &With<'_>, keys: &dyn Keys) -> Result<Admitted, Refused> {
        let (mut wrong, shown) = (None, token::shown(&self.all, &self.nonces, request, with));
        for (n, client) in self.all.iter().enumerate() {
            let proved = match client.proof {
                Proof::Token { .. } => shown.for_client(n),
                _ => client.proved(request, with, keys),
            };
            match proved {
                Proved::Right => return self.let_in(n, client, request, with.now),
                Proved::Wrong(why) => wrong = Some(why),
                Proved::Wants(url) => return Ok(Admitted::Wants(url)),
                Proved::Absent => {}
            }
        }
        Err(self.refused(wrong))
    }

    fn secret_headers(&self) -> &[Arc<str>] {
        &self.secret_headers
    }
}

impl Clients {
    fn let_in(&self, n: usize, client: &Client, request: &Request<'_>, now: Moment) -> Result<Admitted, Refused> {
        if !client.networks.is_empty() && !client.networks.iter().any(|network| network.holds(request.from)) {
            return Err(Refused::new(403, Failure::new(&codes::NOT_ALLOWED, "this client may not come from this address")));
        }
        if let Some(rate) = client.rate {
            self.spend(n, rate, now)?;
        }
        Ok(Admitted::Client(client.name.clone()))
    }

    /// A bucket that holds `most` requests and is filled evenly.
    fn spend(&self, n: usize, rate: Rate, now: Moment) -> Result<(), Refused> {
        const ONE: i128 = 1_000_000;
        let full = i128::from(rate.most) * ONE;
        let per = i128::try_from(rate.per.as_micros().max(1)).unwrap_or(i128::MAX);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = left.entry(n).or_insert(Left { millionths: full, at: now });
        let elapsed = i128::from(now.0.saturating_sub(bucket.at.0).max(0));
        bucket.millionths = full.min(bucket.millionths + elapsed * full / per);
        bucket.at = now;
        if bucket.millionths >= ONE {
            bucket.millionths -= ONE;
            return Ok(());
        }
        let wait = ((ONE - bucket.millionths) * per / full).div_euclid(1_000_000) + 1;
        let failure = Failure::new(&codes::TOO_OFTEN, "this client has made as many requests as it may");
        Err(Refused::new(429, failure).with("retry-after", wait.to_string()))
    }

    fn refused(&self, wrong: Option<&'static str>) -> Refused {
        let says = wrong.unwrap_or("the request does not show who sends it");
        let mut refused = Refused::new(401, Failure::new(&codes::WHO, says));
        let mut asked: Vec<&str> = self.all.iter().filter_map(|client| client.proof.challenge()).collect();
        asked.sort_unstable();
        asked.dedup();
        for challenge in asked {
            refused = refused.with("www-authenticate", challenge);
        }
        refused
    }
}

impl Client {
    fn proved(&self, request: &Request<'_>, with: &With<'_>, keys: &dyn Keys) -> Proved {
        match &self.proof {
            Proof::ApiKey { header, hashes } => {
                let Some(given) = request.header(header) else { return Proved::Absent };
                let digest = digest::digest(&digest::SHA256, given.as_bytes());
                let filled = hashes.iter().filter_map(|(hash, _)| Encoding::Hex.read(hash.fill(with.variable).ok()?.trim()));
                // Each is looked at, whatever came before.
                let fits = filled.fold(false, |fits, hash| fits | same(&hash, digest.as_ref()));
                if fits { Proved::Right } else { Proved::Wrong("the API key is not known") }
            }
            Proof::Basic { user, password } => basic(request, &(user.fill(with.variable).ok(), password.fill(with.variable).ok())),
            Proof::Jwt(settings) => jwt::proved(settings, request, with, keys),
            // Judged once for all clients.
            Proof::Token { .. } => Proved::Absent,
            Proof::Hmac(signing) => {
                let (Some(scheme), Ok(secret)) = (&self.scheme, signing.secret.fill(with.variable)) else { return Proved::Absent };
                if request.count(&scheme.header) == 0 {
                    return Proved::Absent;
                }
                match judge::judge(scheme, &[secret], request, request.origin, with.now) {
                    Ok(_) => Proved::Right,
                    Err(_) => Proved::Wrong("the signature of the request is not right"),
                }
            }
            Proof::Mtls { fingerprints } => {
                let Some(given) = request.certificate else { return Proved::Absent };
                let filled = fingerprints.iter().filter_map(|print| {
                    let text: String = print.fill(with.variable).ok()?.chars().filter(char::is_ascii_hexdigit).collect();
                    Encoding::Hex.read(&text)
                });
                if filled.fold(false, |fits, print| fits | same(&print, &given)) { Proved::Right } else { Proved::Absent }
            }
            Proof::Address => {
                if self.networks.iter().any(|network| network.holds(request.from)) {
                    Proved::Right
                } else {
                    Proved::Absent
                }
            }
        }
    }
}

/// RFC 7617.
fn basic(request: &Request<'_>, expected: &(Option<String>, Option<String>)) -> Proved {
    let Some(text) = scheme_of(request, "basic") else { return Proved::Absent };
    let wrong = Proved::Wrong("the user name or the password is not right");
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else { return wrong };
    let (Some(right_user), Some(right_password)) = expected else { return wrong };
    let fits = same(user.as_bytes(), right_user.as_bytes()) & same(password.as_bytes(), right_password.as_bytes());
    if fits { Proved::Right } else { wrong }
}

/// What stands behind a scheme's name in `authorization`.
fn scheme_of<'r>(request: &Request<'r>, scheme: &str) -> Option<&'r str> {
    if request.count("authorization") != 1 {
        return None;
    }
    let (have, rest) = request.header("authorization")?.split_once(' ')?;
    have.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// Takes the same time whatever is the same.
fn same(one: &[u8], other: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"spanwright compares");
    hmac::verify(&key, one, hmac::sign(&key, other).as_ref()).is_ok()
}

#[cfg(test)]
mod tests;
