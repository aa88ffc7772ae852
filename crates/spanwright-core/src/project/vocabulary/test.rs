//! `tests/NAME.test.yaml`

use spanwright_shape::text::form::{Choice, Form, Key, Kind, MapKey, OneOf};

use crate::alert::{CauseKind, Severity};

/// `tests/NAME.test.yaml`
pub static TEST: Form = Form {
    name: "test",
    about: "`tests/NAME.test.yaml`: what a flow or a map owes to its users, as given, when and then. `spanwright test` plays it \
            with the very code that runs, without a socket, in a time that is only counted.",
    keys: &[Key::must("test", Kind::Name, "Its name, as the file's before `.test.yaml`."), super::ABOUT, super::OWNER],
    one_of: OneOf::Must(&[
        Choice::of("flow", Kind::Name, "The flow that is tried: each case is a world of its own.", FLOW),
        Choice::of("map", Kind::Name, "The map that is tried: each case is a record.", MAP),
    ]),
};

static FLOW: &[Key] = &[
    Key::may("at", Kind::Text, "When each case begins (RFC 3339). 2026-01-01T00:00:00Z where nothing is said."),
    Key::may(
        "vars",
        Kind::Map(MapKey::Variable, &Kind::Text),
        "Values of variables; any other has one that is made up: nothing real is reached.",
    ),
    Key::may("message_over", Kind::File, "A JSON record that each message is put over: a case then names only what is special."),
    Key::may("answers", Kind::List(&Kind::Form(&ANSWER)), "What systems answer in each case where the case itself says nothing."),
    Key::must("cases", Kind::List(&Kind::Form(&FLOW_CASE)), "The cases."),
];

static FLOW_CASE: Form = Form::of(
    "case",
    "One story: what is given, what happens, and what must follow.",
    &[
        Key::must("case", Kind::Text, "What it shows, as a sentence; unique in the file."),
        super::ABOUT,
        Key::may("given", Kind::Form(&GIVEN), "What is there."),
        Key::may("when", Kind::List(&Kind::Form(&HAPPENS)), "What happens, one after the other, beside the sources doing their work."),
        Key::may("until", Kind::Time, "Looks at it after so long. Left out: when all is settled."),
        Key::must("then", Kind::Form(&THEN), "What must follow."),
    ],
);

static GIVEN: Form = Form::of(
    "given",
    "What is there when a case begins.",
    &[
        Key::may("message", Kind::Value, "A message that the source brings: of a poll, one item."),
        Key::may("messages", Kind::List(&Kind::Value), "Several, in this order."),
        Key::may("message_from", Kind::File, "The same from a JSON file."),
        Key::may("request", Kind::Form(&KNOCK), "A request that a sender makes, where the flow's messages are brought to us."),
        Key::may("requests", Kind::List(&Kind::Form(&KNOCK)), "Several, in this order."),
        Key::may(
            "answers",
            Kind::List(&Kind::Form(&ANSWER)),
            "What systems answer; each is used once, in this order. A poll without one is never answered.",
        ),
    ],
);

static KNOCK: Form = Form::of(
    "knock",
    "A request that a sender makes to us. It goes through the very door: routed, signed, read and answered as from a socket.",
    &[
        Key::may("path", Kind::Map(MapKey::Any, &Kind::Text), "Values of the path's parameters, as `{ id: \"7\" }`."),
        Key::may("query", Kind::Map(MapKey::Any, &Kind::Text), "What stands behind the `?`."),
        Key::may("headers", Kind::Map(MapKey::Any, &Kind::Text), "Headers, as `Idempotency-Key: a-1`."),
        Key::may("body", Kind::Value, "The body: written as JSON, of a SOAP API as an envelope, of a webhook signed."),
        Key::may("text", Kind::Text, "The body as it is: malformed JSON, CSV, another type by its `content-type` header."),
        Key::may("file", Kind::File, "The body as it is, from a file."),
        Key::may("client", Kind::Name, "Comes as this entry of `clients:`. Left out: its headers must show who it is."),
    ],
);

static REPLY: Form = Form::of(
    "told",
    "What a sender is told. What is not said is not looked at.",
    &[
        Key::may("status", Kind::Number, "The HTTP status."),
        Key::may("body", Kind::Value, "Its body, whole; of SOAP, what the flow replied."),
        Key::may("has", Kind::Value, "Fields of its body; those that are not named are not looked at."),
        Key::may("headers", Kind::Map(MapKey::Any, &Kind::Text), "Headers."),
        Key::may("contains", Kind::Text, "Text in its bytes."),
        Key::may("fault", Kind::Name, "The declared fault that it is."),
    ],
);

static ANSWER: Form = Form {
    name: "answer",
    about: "What a system answers to a request.",
    keys: &[
        Key::must(
            "to",
            Kind::Op,
            "The operation that is asked; `SYSTEM.sign_in` is the token endpoint, which gives a token where nothing is said, and `alerts.CHANNEL` \
             a channel that steps tell something, which takes it where nothing is said.",
        ),
        Key::may("asked", Kind::Expr, "Only where this is true, over the request: `.with`, `.body`, and of a batch `.items`."),
        Key::may("after", Kind::Time, "How long it takes. 20ms where nothing is said."),
        Key::may("times", Kind::Either(&[Kind::Words(&["always"]), Kind::Number]), "How often it is used. 1 where nothing is said."),
    ],
    one_of: OneOf::Must(&[
        Choice::of("gives", Kind::Value, "A good answer, written as this system would write it.", GIVES),
        Choice::of("makes", Kind::Expr, "The same, made of the request: over `.with`, `.body`, and of a batch `.items`.", GIVES),
        Choice::of("fault", Kind::Name, "A fault that the system declares.", FAULT),
        Choice::of("status", Kind::Number, "Exactly this HTTP answer.", STATUS),
        Choice::of(
            "cut",
            Kind::Words(&["before", "after", "inside"]),
            "No answer: the connection is cut before the request was read, after it, or inside the answer (of status 200).",
            &[],
        ),
        Choice::of("late", Kind::Words(&["always"]), "No answer within the system's time-out.", &[]),
    ]),
};

const GIVES: &[Key] = &[Key::may("headers", Kind::Map(MapKey::Any, &Kind::Text), "Further headers of the answer, as `ETag: '\"7\"'`.")];

const FAULT: &[Key] =
    &[Key::may("detail", Kind::Value, "What is in the fault."), Key::may("reason", Kind::Text, "What it says to people.")];

const STATUS: &[Key] = &[
    Key::may("headers", Kind::Map(MapKey::Any, &Kind::Text), "Headers, as `Retry-After: 5`."),
    Key::may("body", Kind::Value, "A JSON body."),
    Key::may("text", Kind::Text, "The body as it is: HTML, torn JSON, nothing."),
    Key::may("file", Kind::File, "The body as it is, from a file."),
];

static HAPPENS: Form = Form {
    name: "happens",
    about: "Something that happens.",
    keys: &[Key::may("at", Kind::Time, "So long after the case began. Left out: when what was before is settled.")],
    one_of: OneOf::Must(&[
        Choice::of("message", Kind::Value, "The source brings another message.", &[]),
        Choice::of("request", Kind::Form(&KNOCK), "A sender makes another request.", &[]),
        Choice::of("poll", Kind::Words(&["now"]), "Every source is polled now.", &[]),
        Choice::of("replay", Kind::Words(&["all"]), "A person replays every dead letter.", &[]),
        Choice::of("discard", Kind::Text, "A person sets every dead letter aside, for this reason.", &[]),
        Choice::of("crash", Kind::Words(&["now"]), "The process is killed and started again.", &[]),
    ]),
};

static THEN: Form = Form::of(
    "then",
    "What must follow. What is not said is not looked at.",
    &[
        Key::may(
            "outcome",
            Kind::Words(&["done", "skipped", "dead", "uncertain", "discarded", "open", "nothing"]),
            "What became of every message. `nothing`: none was taken.",
        ),
        Key::may("outcomes", Kind::Map(MapKey::Any, &Kind::Number), "How many messages ended how: `{ done: 2, dead: 1 }`."),
        Key::may("dead", Kind::Form(&DEAD), "The dead letter: the first, where there are several."),
        Key::may(
            "requests",
            Kind::List(&Kind::Form(&REQUEST)),
            "Every request that was sent, in order; polls and sign-ins are not counted. `[]`: none.",
        ),
        Key::may("polls", Kind::List(&Kind::Form(&REQUEST)), "Every request of polls, in order."),
        Key::may("reply", Kind::Form(&REPLY), "What the first sender was told."),
        Key::may("replies", Kind::List(&Kind::Form(&REPLY)), "What every sender was told, in the order of the requests."),
        Key::may("cursor", Kind::Value, "How far the source has read."),
        Key::may(
            "breakers",
            Kind::Map(MapKey::Name, &Kind::Words(&["closed", "open", "half-open"])),
            "How the breaker of a system stands.",
        ),
        Key::may(
            "alerts",
            Kind::List(&Kind::Form(&NOTICE)),
            "Every alert that people were told, in order; what several channels were told at once is one. `[]`: none.",
        ),
        Key::may("trail", Kind::List(&Kind::Text), "Every line of the journal's trail, in order."),
        Key::may("snapshot", Kind::Flag, "All of it as in `tests/snapshots/`; `--update` writes it."),
    ],
);

static NOTICE: Form = Form::of(
    "notice",
    "An alert that people are told. What is not said of it is not looked at.",
    &[
        Key::must("cause", Kind::Words(&CauseKind::WORDS), "What stands."),
        Key::may("state", Kind::Words(&["raised", "still", "over"]), "Whether it began, stands still, or is over."),
        Key::may("of", Kind::Name, "The flow or system."),
        Key::may("code", Kind::Word, "The code of the reason."),
        Key::may("count", Kind::Number, "How many messages."),
        Key::may("severity", Kind::Words(&Severity::WORDS), "How grave it is."),
        Key::may("says", Kind::Text, "Words in it."),
        Key::may("to", Kind::List(&Kind::Name), "The channels that hear of it, all of them."),
        Key::may("not_before", Kind::Time, "Told so long after the case began, or later."),
        Key::may("not_after", Kind::Time, "Told so long after the case began, or earlier."),
    ],
);

static DEAD: Form = Form::of(
    "dead",
    "Why a message stopped.",
    &[
        Key::may("code", Kind::Word, "The code of its reason."),
        Key::may("step", Kind::Word, "The step at which it stopped."),
        Key::may("says", Kind::Text, "Words in its reason."),
        Key::may("undone", Kind::Flag, "Whether what was done before was undone."),
    ],
);

static REQUEST: Form = Form::of(
    "request",
    "One request. What is not said of it is not looked at.",
    &[
        Key::must("to", Kind::Op, "The operation that is asked."),
        Key::may("with", Kind::Value, "Its parameters; those that are not named are not looked at."),
        Key::may("body", Kind::Value, "Its body, whole; of a batch the list of its items."),
        Key::may("has", Kind::Value, "Fields of its body; those that are not named are not looked at."),
        Key::may("items", Kind::Number, "Items in the batch."),
        Key::may("headers", Kind::Map(MapKey::Any, &Kind::Text), "Headers as they were sent."),
        Key::may("url", Kind::Text, "What its address ends with."),
        Key::may("sent", Kind::Value, "The bytes that were sent, as JSON."),
        Key::may("contains", Kind::Text, "Text in the bytes that were sent."),
        Key::may("key", Kind::Name, "A name for its idempotency key: requests of one name have the same key, of two names two keys."),
        Key::may("not_before", Kind::Time, "Sent so long after the case began, or later."),
        Key::may("not_after", Kind::Time, "Sent so long after the case began, or earlier."),
    ],
);

static MAP: &[Key] = &[
    Key::may("from", Kind::Value, "A record that each case begins with; the case's `given` is put over it."),
    Key::may("from_file", Kind::File, "The same from a JSON file."),
    Key::may("cases", Kind::List(&Kind::Form(&MAP_CASE)), "The cases."),
    Key::may("table", Kind::Form(&TABLE), "Cases of a few fields, one a line."),
];

static MAP_CASE: Form = Form::of(
    "map_case",
    "One record, and what must become of it.",
    &[
        Key::must("case", Kind::Text, "What it shows, as a sentence; unique in the file."),
        super::ABOUT,
        Key::may("given", Kind::Value, "The record, or what is put over `from`; `null` in it is null."),
        Key::may("without", Kind::List(&Kind::Word), "Fields that are taken out of the record."),
        Key::may("then", Kind::Value, "Fields of the result; those that are not named are not looked at."),
        Key::may("lacks", Kind::List(&Kind::Word), "Fields that the result must not have."),
        Key::may("exactly", Kind::Value, "The whole result."),
        Key::may("fails", Kind::Form(&FAILS), "It has none: it fails."),
        Key::may("snapshot", Kind::Flag, "The whole result as in `tests/snapshots/`; `--update` writes it."),
    ],
);

static FAILS: Form = Form::of(
    "fails",
    "How a record fails.",
    &[Key::may("code", Kind::Word, "The code of its reason."), Key::may("says", Kind::Text, "Words in its reason.")],
);

static TABLE: Form = Form::of(
    "table",
    "Cases of a few fields, one a line.",
    &[
        Key::must("given", Kind::List(&Kind::Word), "Fields of the source, as `Status` or `Address.City`."),
        Key::must("then", Kind::List(&Kind::Word), "Fields of the result, as `status` or `addresses.0.city`."),
        Key::must("rows", Kind::List(&Kind::List(&Kind::Value)), "The values of both, in that order; `~` is null."),
    ],
);
