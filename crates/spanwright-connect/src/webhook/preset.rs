//! How known providers sign.

use std::sync::Arc;

use super::scheme::{Algorithm, Encoding, Layout, Piece, Scheme, SecretForm, TOLERANCE_DEFAULT};

/// A provider that is known by name.
#[derive(Debug)]
pub struct Preset {
    /// `stripe`
    pub name: &'static str,
    /// For people: what it signs and where.
    pub about: &'static str,
}

/// Every preset, in the order of the reference.
pub const ALL: &[Preset] = &[
    Preset {
        name: "standard",
        about: "Standard Webhooks (Svix and many others): `webhook-signature`, HMAC-SHA256 (`v1`, secret `whsec_..`) or ed25519 (`v1a`, key `whpk_..`).",
    },
    Preset {
        name: "github",
        about: "GitHub: `X-Hub-Signature-256`. It carries no time; deliveries are told apart by `X-GitHub-Delivery`.",
    },
    Preset { name: "stripe", about: "Stripe: `Stripe-Signature`, each `v1` in it; the event is the body's `id`." },
    Preset { name: "slack", about: "Slack: `X-Slack-Signature`. Its `url_verification` challenge is answered by itself." },
    Preset {
        name: "shopify",
        about: "Shopify: `X-Shopify-Hmac-SHA256`. It carries no time; events are told apart by `X-Shopify-Event-Id`.",
    },
    Preset { name: "twilio", about: "Twilio: `X-Twilio-Signature` over the address and the form, or over the address with `bodySHA256`." },
    Preset { name: "hmac", about: "Anybody else: name the header, and where they differ the algorithm, the encoding and what is signed." },
];

/// The scheme of a preset; `hmac` as it is where nothing is said.
pub fn scheme(name: &str) -> Option<Scheme> {
    let plain = |prefix: &str| Layout::Plain { prefix: prefix.into(), separator: None };
    let base = Scheme {
        name: name.into(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        header: "x-signature".into(),
        layout: plain(""),
        signed: vec![Piece::Body],
        time_header: None,
        tolerance: None,
        id_headers: Vec::new(),
        secret: SecretForm::Raw,
    };
    Some(match name {
        "standard" => Scheme {
            encoding: Encoding::Base64,
            header: "webhook-signature".into(),
            layout: Layout::Versions,
            signed: vec![Piece::Id, Piece::Text(".".into()), Piece::Time, Piece::Text(".".into()), Piece::Body],
            time_header: Some("webhook-timestamp".into()),
            tolerance: Some(TOLERANCE_DEFAULT),
            id_headers: vec!["webhook-id".into()],
            secret: SecretForm::Standard,
            ..base
        },
        "github" => {
            Scheme { header: "x-hub-signature-256".into(), layout: plain("sha256="), id_headers: vec!["x-github-delivery".into()], ..base }
        }
        "stripe" => Scheme {
            header: "stripe-signature".into(),
            layout: Layout::Pairs { time: "t".into(), signature: "v1".into() },
            signed: vec![Piece::Time, Piece::Text(".".into()), Piece::Body],
            tolerance: Some(TOLERANCE_DEFAULT),
            ..base
        },
        "slack" => Scheme {
            header: "x-slack-signature".into(),
            layout: plain("v0="),
            signed: vec![Piece::Text("v0:".into()), Piece::Time, Piece::Text(":".into()), Piece::Body],
            time_header: Some("x-slack-request-timestamp".into()),
            tolerance: Some(TOLERANCE_DEFAULT),
            ..base
        },
        "shopify" => Scheme {
            encoding: Encoding::Base64,
            header: "x-shopify-hmac-sha256".into(),
            id_headers: vec!["x-shopify-event-id".into(), "x-shopify-webhook-id".into()],
            ..base
        },
        "twilio" => Scheme {
            algorithm: Algorithm::Sha1,
            encoding: Encoding::Base64,
            header: "x-twilio-signature".into(),
            signed: vec![Piece::Address],
            id_headers: vec!["i-twilio-idempotency-token".into()],
            ..base
        },
        "hmac" => base,
        _ => return None,
    })
}

/// What is signed, as a template: `{id}.{timestamp}.{body}`.
///
/// # Errors
/// What is wrong with it.
pub fn template(text: &str) -> Result<Vec<Piece>, &'static str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(from) = rest.find('{') {
        let to = rest[from..].find('}').ok_or("a `{` is not closed")? + from;
        if from > 0 {
            pieces.push(Piece::Text(Arc::from(&rest[..from])));
        }
        pieces.push(match &rest[from + 1..to] {
            "id" => Piece::Id,
            "timestamp" => Piece::Time,
            "body" => Piece::Body,
            "url" => Piece::Address,
            _ => return Err("in braces stands `id`, `timestamp`, `body` or `url`"),
        });
        rest = &rest[to + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    if pieces.contains(&Piece::Body) || pieces.contains(&Piece::Address) { Ok(pieces) } else { Err("the body is not in it") }
}
