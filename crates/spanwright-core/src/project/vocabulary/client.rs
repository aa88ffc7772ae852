//! `clients:`: who may come in.

use spanwright_shape::text::form::{Choice, Form, Key, Kind, MapKey, OneOf};

/// `clients: { NAME: .. }`
pub(super) const CLIENTS: Key = Key::may(
    "clients",
    Kind::Map(MapKey::Name, &A_CLIENT),
    "Who may come in, and how each shows who it is. Left out: what `listen` says, else anybody.",
);

static A_CLIENT: Kind = Kind::Form(&CLIENT);

const TEXTS: Kind = Kind::Either(&[Kind::List(&Kind::Text), Kind::Text]);

/// One entry of `clients:`.
pub static CLIENT: Form = Form {
    name: "client",
    about: "Somebody who may come in.",
    keys: &[
        Key::may(
            "ip",
            Kind::Either(&[Kind::List(&Kind::Text), Kind::Text]),
            "Networks that it comes from, as `10.0.0.0/8`. Alone: its only proof.",
        ),
        Key::may("rate", Kind::Rate, "So many requests in a time; more are told 429."),
        Key::may("may", Kind::List(&Kind::Word), "Operations of the API that it may ask for; left out: all of them."),
    ],
    one_of: OneOf::May(&[
        Choice::of("api_key", Kind::Form(&API_KEY), "A key in a header, known by its hash.", &[]),
        Choice::of("basic", Kind::Form(&BASIC), "User and password (RFC 7617).", &[]),
        Choice::of("jwt", Kind::Form(&JWT), "A JSON Web Token (RFC 7519), verified by a published key set.", &[]),
        Choice::of("hmac", Kind::Form(&super::system::HMAC), "A signature over the body.", &[]),
        Choice::of("mtls", Kind::Form(&MTLS), "A client certificate.", &[]),
        Choice::of(
            "wsse",
            Kind::Form(&BASIC),
            "A WS-Security user name token, as text or as a digest, in the messages of a SOAP API.",
            &[],
        ),
    ]),
};

static API_KEY: Form = Form::of(
    "client_key",
    "A key in a header, known by its hash.",
    &[
        Key::must("sha256", TEXTS, "The SHA-256 of the key, in hexadecimal digits; of a list each is accepted. The key itself is nowhere."),
        Key::may("header", Kind::Word, "The header that carries the key. `X-Api-Key` where nothing is said."),
    ],
);

static BASIC: Form = Form::of(
    "client_password",
    "User and password.",
    &[Key::must("user", Kind::Text, "The user."), Key::must("password", Kind::Secret, "The password.")],
);

static JWT: Form = Form::of(
    "jwt",
    "A JSON Web Token.",
    &[
        Key::must("issuer", Kind::Text, "Who must have issued it (`iss`)."),
        Key::must("audience", Kind::Text, "For whom it must be meant (`aud`)."),
        Key::must("jwks", Kind::Text, "Where the issuer publishes its keys."),
        Key::must(
            "algorithms",
            Kind::List(&Kind::Word),
            "The only algorithms that count, as `[RS256]`; the token's own word is never trusted.",
        ),
        Key::may("scopes", Kind::List(&Kind::Text), "Each must be granted (`scope` or `scp`)."),
        Key::may("skew", Kind::Time, "By how much clocks may differ. 60s where nothing is said."),
    ],
);

static MTLS: Form = Form::of(
    "client_certificate",
    "A client certificate.",
    &[Key::must("sha256", TEXTS, "The SHA-256 of the certificate, in hexadecimal digits; of a list each is accepted.")],
);
