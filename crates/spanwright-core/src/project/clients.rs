//! `clients:`: read into what a guard is made from.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::{
    Problems,
    form::{Filled, Given},
};

use super::{
    codes,
    system::{signing, template},
};
use crate::{
    door::{ClientSettings, JwtSettings, Network, Proof},
    settings::{Rate, Template},
};

/// Where an API key is looked for where nothing is said.
const API_KEY_HEADER: &str = "x-api-key";
/// By how much clocks may differ where nothing is said.
const SKEW_DEFAULT: Duration = Duration::from_secs(60);

/// One client. `None`: the problems say why.
pub(super) fn read(name: &str, form: &Filled<'_>, to: &mut Problems) -> Option<ClientSettings> {
    let networks = networks(form, "ip", to);
    let rate = match form.rate("rate") {
        Some(Given::Is((most, per))) => Some(Rate { most, per }),
        Some(Given::Variable(_)) => {
            let at = form.scalar("rate").map_or(form.node.span, |rate| rate.span);
            to.error(&codes::SETTING, at, "the rate of a client is written out", "write `rate: 20/s`".to_string());
            None
        }
        None => None,
    };
    let inner = |key: &str| form.form(key);
    let proof = match form.named().map(|(kind, _, _)| kind) {
        Some("api_key") => api_key(&inner("api_key")?),
        Some("basic") => {
            inner("basic").map(|form| Proof::Basic { user: template(&form, "user"), password: template(&form, "password") })?
        }
        Some("wsse") => inner("wsse").map(|form| Proof::Token { user: template(&form, "user"), password: template(&form, "password") })?,
        Some("jwt") => Proof::Jwt(jwt(&inner("jwt")?)),
        Some("hmac") => Proof::Hmac(signing(&inner("hmac")?)),
        Some("mtls") => Proof::Mtls { fingerprints: texts(&inner("mtls")?, "sha256").map(|(text, _)| text).collect() },
        _ if networks.is_empty() => {
            let says = format!("nothing says how `{name}` shows who it is");
            to.error(&codes::SETTING, form.node.span, says, "write `api_key: { sha256: .. }`, or at least `ip: [..]`".to_string());
            return None;
        }
        _ => Proof::Address,
    };
    let may = form.items("may").iter().filter_map(|node| node.scalar()).map(|scalar| (Arc::from(&*scalar.text), scalar.span));
    let may = form.node("may").map(|_| may.collect());
    Some(ClientSettings { name: name.into(), proof, networks, rate, may })
}

/// Networks of a list; tells of what is none.
pub(super) fn networks(form: &Filled<'_>, key: &str, to: &mut Problems) -> Vec<Network> {
    let mut networks = Vec::new();
    for scalar in form.items(key).iter().filter_map(|node| node.scalar()) {
        match Network::parse(&scalar.text) {
            Some(network) => networks.push(network),
            None => to.error(&codes::SETTING, scalar.span, "this is no network", "write `10.0.0.0/8`, or one address".to_string()),
        }
    }
    networks
}

fn texts<'f>(form: &'f Filled<'_>, key: &str) -> impl Iterator<Item = (Template, spanwright_shape::text::Span)> + use<'f> {
    form.items(key).iter().filter_map(|node| node.scalar()).map(|scalar| (Template::parse(&scalar.text), scalar.span))
}

fn api_key(form: &Filled<'_>) -> Proof {
    let header = form.text("header").unwrap_or(API_KEY_HEADER).to_ascii_lowercase();
    Proof::ApiKey { header: Arc::from(header), hashes: texts(form, "sha256").collect() }
}

fn jwt(form: &Filled<'_>) -> JwtSettings {
    let algorithms = form.items("algorithms").iter().filter_map(|node| node.scalar());
    let scopes = form.items("scopes").iter().filter_map(|node| node.scalar());
    JwtSettings {
        issuer: template(form, "issuer"),
        audience: template(form, "audience"),
        jwks: template(form, "jwks"),
        algorithms: algorithms.map(|scalar| (scalar.text.clone(), scalar.span)).collect(),
        scopes: scopes.map(|scalar| scalar.text.clone()).collect(),
        skew: match form.time("skew") {
            Some(Given::Is(skew)) => skew,
            Some(Given::Variable(_)) | None => SKEW_DEFAULT,
        },
    }
}
