//! `spanwright.yaml` and `environments/NAME.yaml`.

use spanwright_shape::text::form::{Choice, Form, Key, Kind, MapKey, OneOf};

use super::{BREAKER, RETRY};
use crate::alert::CauseKind;

/// `spanwright.yaml`
pub static PROJECT: Form = Form::of(
    "project",
    "`spanwright.yaml`: the project, its variables and what holds where nothing else is said.",
    &[
        Key::must("project", Kind::Name, "Its name, in logs and metrics."),
        super::ABOUT,
        super::OWNER,
        Key::may("vars", Kind::Map(MapKey::Variable, &Kind::Form(&VAR)), "Every `${VAR}` of the project."),
        Key::may("defaults", Kind::Form(&DEFAULTS), "What holds for each system that says nothing else."),
        Key::not_yet("store", "Where messages are kept: a file, or a PostgreSQL database."),
        Key::may("listen", Kind::Form(&LISTEN), "Where others reach us."),
        Key::may(
            "alerts",
            Kind::Map(MapKey::Name, &Kind::Form(&ALERT)),
            "Who is told when something stands still: one alert a cause, and one when it is over.",
        ),
    ],
);

/// One entry of `alerts:`.
pub static ALERT: Form = Form {
    name: "alert",
    about: "A channel that is told when something stands still.",
    keys: &[
        Key::may("again", Kind::Time, "What still stands is said again after this. 4h where nothing is said."),
        Key::may(
            "tell",
            Kind::List(&Kind::Words(&CauseKind::WORDS)),
            "Only of these causes; left out: of all. A step that names the channel (`alert:`) is always heard: `[step]` is nothing else.",
        ),
    ],
    one_of: OneOf::Must(&[
        Choice::of("slack", Kind::Secret, "The address of an incoming webhook of Slack.", &[]),
        Choice::of(
            "pagerduty",
            Kind::Secret,
            "The integration key (routing key) of a PagerDuty service, Events API v2.",
            &[Key::may("url", Kind::Text, "Where its events go. `https://events.pagerduty.com/v2/enqueue` where nothing is said.")],
        ),
        Choice::of(
            "http",
            Kind::Text,
            "An address that gets each alert as JSON, in a POST.",
            &[Key::may("bearer", Kind::Secret, "The token that it wants to see.")],
        ),
    ]),
};

static LISTEN: Form = Form::of(
    "listen",
    "Where others reach us.",
    &[
        Key::must("http", Kind::Text, "Address and port, as `0.0.0.0:8080`; port 0 takes one that is free."),
        Key::may("tls", Kind::Form(&TLS), "TLS: the certificate that we show; read again when its files change."),
        Key::may("proxies", Kind::List(&Kind::Text), "Networks of proxies that we trust to say who a sender is (`X-Forwarded-For`)."),
        super::client::CLIENTS,
    ],
);

static TLS: Form = Form::of(
    "tls",
    "The certificate that we show. The files lie outside the project.",
    &[
        Key::must("cert", Kind::Text, "A PEM file: our certificate, then those between it and the authority."),
        Key::must("key", Kind::Text, "A PEM file: its private key."),
        Key::may("client_ca", Kind::Text, "A PEM file: authorities whose client certificates we trust."),
    ],
);

/// One entry of `vars:`.
pub static VAR: Form = Form::of(
    "var",
    "A variable. Its value comes from the process's environment; `check` needs none.",
    &[
        Key::must("about", Kind::Text, "What it is, for whoever sets it."),
        Key::may("kind", Kind::Words(&["text", "number", "rate", "time", "flag"]), "What its value is; `text` where nothing is said."),
        Key::may("default", Kind::Value, "Its value where none is set."),
        Key::may("secret", Kind::Flag, "Whether it is a secret: never logged, and unseen by expressions."),
        Key::may(
            "file",
            Kind::Text,
            "A file that holds its value, from the project's folder on; read again for each request, so that a secret can be changed.",
        ),
    ],
);

static DEFAULTS: Form = Form::of(
    "defaults",
    "What holds where nothing else is said: defaults, then system, operation, flow and step.",
    &[
        Key::may("retry", Kind::Form(&RETRY), "How things are tried again."),
        Key::may("breaker", Kind::Form(&BREAKER), "When a system is left alone."),
        Key::may("keep", Kind::Form(&KEEP), "How long finished messages are kept; open ones and dead letters always are."),
        Key::not_yet("empty", "What a null becomes at a target."),
    ],
);

static KEEP: Form = Form::of(
    "keep",
    "How long finished messages are kept.",
    &[
        Key::may("bodies", Kind::Time, "Their bodies, so that they can be shown and sent again. 168h where nothing is said."),
        Key::may("trail", Kind::Time, "What happened to them, and when. 720h where nothing is said."),
    ],
);

/// `environments/NAME.yaml`
pub static ENVIRONMENT: Form = Form::of(
    "environment",
    "`environments/NAME.yaml`: values only.",
    &[
        Key::must("environment", Kind::Name, "Its name, as the file's."),
        super::ABOUT,
        Key::may("vars", Kind::Map(MapKey::Variable, &Kind::Value), "Values of variables that are no secrets."),
        Key::may("flows", Kind::Map(MapKey::Name, &Kind::Words(&["off"])), "Flows that do not run here."),
    ],
);
