//! What happens to a message.

use spanwright_shape::text::form::{Choice, Form, Key, Kind, OneOf};

use super::{BODY, RETRY};

/// One step of a list. A static, since steps hold steps.
pub(super) static A_STEP: Kind = Kind::Form(&STEP);

pub(in crate::project) static STEP: Form = Form {
    name: "step",
    about: "One thing that happens to a message.",
    keys: &[
        Key::may("name", Kind::Name, "Unique in the flow: journal, tests and metrics use it. Left out: kind and operand."),
        Key::may("when", Kind::Expr, "Only where this is true."),
    ],
    one_of: OneOf::Must(&[
        Choice::of("map", Kind::Name, "A map of the project makes a new body.", &[]),
        Choice::of("fields", Kind::Fields, "These fields make a new body.", &[]),
        Choice::of("only", Kind::Expr, "Goes on when true; else the message ends, skipped and counted.", &[]),
        Choice::of("route", Kind::List(&Kind::Form(&BRANCH)), "The first branch whose condition is true; the flow goes on below.", &[]),
        Choice::of("each", Kind::Expr, "Its steps for each item of a list; the flow goes on below when all have ended.", EACH),
        Choice::of("fail", Kind::Expr, "A dead letter with this reason.", &[]),
        Choice::of("call", Kind::Op, "Asks, waits, and keeps the answer.", CALL),
        Choice::of("send", Kind::Op, "Owed from now on; the flow does not wait.", SEND),
        Choice::not_yet("reply", "Answers whoever is waiting."),
        Choice::not_yet("fault", "Answers with a declared fault."),
        Choice::not_yet("link", "Finds or keeps which record here is which record there."),
        Choice::not_yet("alert", "Tells a person."),
    ]),
};

static EACH: &[Key] =
    &[Key::must("steps", Kind::List(&A_STEP), "What happens to each item."), Key::not_yet("as", "A name for what became of the items.")];

pub(in crate::project) static BRANCH: Form = Form {
    name: "branch",
    about: "One way of a route.",
    keys: &[],
    one_of: OneOf::Must(&[
        Choice::of("when", Kind::Expr, "Taken where this is true.", &[Key::must("steps", Kind::List(&A_STEP), "What then happens.")]),
        Choice::of("else", Kind::List(&A_STEP), "Taken where no other is.", &[]),
    ]),
};

const WITH: Key = Key::may("with", Kind::Fields, "Parameters: of the path, the query, headers; for SOAP the fields of the request.");
const BODY_KEY: Key = Key::may("body", BODY, "The body, where the operation has one; left out: the body now.");
const RETRY_KEY: Key = Key::may("retry", Kind::Form(&RETRY), "How this one is tried again, other than its system says.");
const OUTCOMES: Key = Key::not_yet("outcomes", "What answers mean here; say it in the system's `operations` until then.");
const IF_UNKNOWN: Key = Key::not_yet("if_unknown", "The question to ask after a time-out, before it is done again.");
const TIMEOUT: Key = Key::not_yet("timeout", "For one exchange.");
const IF_DEAD: Key = Key::not_yet("if_dead", "What happens after the last try.");

static CALL: &[Key] = &[
    WITH,
    BODY_KEY,
    Key::may("as", Kind::Name, "The name of the answer: below it is seen as `$name`."),
    RETRY_KEY,
    OUTCOMES,
    IF_UNKNOWN,
    TIMEOUT,
    IF_DEAD,
    Key::not_yet("again", "Asks again until the answer is ready."),
    Key::not_yet("undo", "How it is undone when a later step fails."),
    Key::not_yet("pivot", "From here on nothing is undone."),
];

static SEND: &[Key] = &[
    WITH,
    BODY_KEY,
    Key::may("batch", Kind::Form(&BATCH), "How many are gathered into one request."),
    Key::may("unchanged", Kind::Words(&["skip"]), "The same body as last time for this key is not sent again."),
    Key::may(
        "newest_only",
        Kind::Flag,
        "A newer state of a record takes the place of an older one that waits. Left out: so it is for polled records with a `key`, where it may be repeated.",
    ),
    RETRY_KEY,
    OUTCOMES,
    IF_UNKNOWN,
    TIMEOUT,
    IF_DEAD,
];

static BATCH: Form = Form::of(
    "batch",
    "How many are gathered into one request.",
    &[
        Key::may("most", Kind::Number, "Items at most; where nothing is said, as many as the operation takes."),
        Key::may("bytes", Kind::Size, "Bytes of bodies at most. 4MB where nothing is said."),
        Key::may("wait", Kind::Time, "How long the first waits for others. 1s where nothing is said."),
    ],
);
