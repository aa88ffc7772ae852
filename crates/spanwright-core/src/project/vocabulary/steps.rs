//! What happens to a message.

use spanwright_shape::text::form::{Choice, Form, Key, Kind, MapKey, OneOf};

use super::{BODY, OUTCOME_WORDS, RETRY};
use crate::alert::Severity;

/// One step of a list. A static, since steps hold steps.
pub(super) static A_STEP: Kind = Kind::Form(&STEP);

pub(in crate::project) static STEP: Form = Form {
    name: "step",
    about: "One thing that happens to a message.",
    keys: &[
        Key::may("name", Kind::Name, "Unique in the flow: journal, tests and metrics use it. Left out: kind and operand."),
        Key::may("was", Kind::Text, "The name that it had before: what it has done for messages under way and dead letters stays known."),
        Key::may("when", Kind::Expr, "Only where this is true."),
    ],
    one_of: OneOf::Must(&[
        Choice::of("map", Kind::Name, "A map of the project makes a new body.", &[]),
        Choice::of("fields", Kind::Fields, "These fields make a new body.", &[]),
        Choice::of("only", Kind::Expr, "Goes on when true; else the message ends, skipped and counted.", &[]),
        Choice::of("route", Kind::List(&Kind::Form(&BRANCH)), "The first branch whose condition is true; the flow goes on below.", &[]),
        Choice::of("each", Kind::Expr, "Its steps for each item of a list; the flow goes on below when all have ended.", EACH),
        Choice::of("fail", Kind::Expr, "A dead letter with this reason.", &[]),
        Choice::of("call", Kind::Op, "Asks, waits, and keeps the answer; of a system, or of `spanwright.replay`.", CALL),
        Choice::of(
            "send",
            Kind::Op,
            "Owed from now on; the flow does not wait. To an operation of a system; to another flow, by `flow.NAME`; or to `spanwright.replay`, \
             which brings back the dead letter whose `message` it is given.",
            SEND,
        ),
        Choice::of("reply", BODY, "Answers whoever is waiting; the flow goes on below. Only the first reply is heard.", REPLY),
        Choice::of("fault", Kind::Name, "Answers with a declared fault.", FAULT),
        Choice::not_yet("link", "Finds or keeps which record here is which record there."),
        Choice::of("alert", Kind::Name, "Tells people through a channel of the project's `alerts`; the flow does not wait.", ALERT),
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

static REPLY: &[Key] = &[
    Key::may("status", Kind::Number, "The status of the answer. 200 where nothing is said."),
    Key::may("headers", Kind::Fields, "Further headers of the answer."),
];

static FAULT: &[Key] = &[BODY_KEY];

static ALERT: &[Key] = &[
    Key::must("text", Kind::Expr, "What they are told."),
    Key::may("severity", Kind::Words(&Severity::WORDS), "How grave it is. `warning` where nothing is said."),
    Key::may("with", Kind::Fields, "Further fields, for a channel to show."),
    RETRY_KEY,
    Key::may("if_dead", Kind::Either(&IF_DEAD), IF_DEAD_ABOUT),
];

const WITH: Key = Key::may("with", Kind::Fields, "Parameters: of the path, the query, headers; for SOAP the fields of the request.");
const BODY_KEY: Key = Key::may("body", BODY, "The body, where the operation has one; left out: the body now.");
const RETRY_KEY: Key = Key::may("retry", Kind::Form(&RETRY), "How this one is tried again, other than its system says.");
const OUTCOMES: Key = Key::may(
    "outcomes",
    Kind::Map(MapKey::Any, &OUTCOME_WORDS),
    "What answers mean here, before what the operation says: by status or declared fault. `none` is delivered, with null as the answer.",
);
const TIMEOUT: Key = Key::may("timeout", Kind::Time, "For one exchange, from connecting to the last byte; left out: as the system says.");

/// `if_unknown:` of a step or of an operation.
pub(super) const IF_UNKNOWN: Key = Key::may(
    "if_unknown",
    Kind::Form(&QUESTION),
    "The question to ask after an unknown outcome, before it is done again: for systems that know no idempotency key.",
);

/// `if_dead:` of a step or of a flow. A static, since steps hold steps.
pub(super) static IF_DEAD: [Kind; 2] = [Kind::Words(&["discard"]), Kind::List(&A_STEP)];
const IF_DEAD_ABOUT: &str = "What happens after the last try, in place of a dead letter: these steps, which see `$error`, or nothing. Then the flow goes on below, with null as the answer.";

static QUESTION: Form = Form {
    name: "if_unknown",
    about: "After an unknown outcome: ask whether it happened. A value means that it did, and is its answer; absent or null that it did not, so it is done again.",
    keys: &[
        Key::may("take", Kind::Expr, "What tells, over the answer to the question; left out: the whole answer."),
        Key::may("wait", Kind::Time, "How long the question waits, since the request may still be on its way. 5s where nothing is said."),
        Key::may(
            "pages",
            Kind::Form(&super::system::PAGES),
            "How the next page of the answer is asked for: all of them are read before it counts. Left out: as the operation says.",
        ),
    ],
    one_of: OneOf::Must(&[Choice::of("call", Kind::Op, "An operation that only reads.", REQUEST)]),
};

static UNDO: Form = Form {
    name: "undo",
    about: "How a call is undone when a later step fails for good: in reverse order, one at a time, tried again without end.",
    keys: &[],
    one_of: OneOf::Must(&[Choice::of(
        "call",
        Kind::Op,
        "An operation that bears being done twice: it has a key, or is idempotent.",
        REQUEST,
    )]),
};

/// What a request of a question or an undo may say.
const REQUEST: &[Key] = &[WITH, BODY_KEY, RETRY_KEY, OUTCOMES, TIMEOUT];

static AGAIN: Form = Form::of(
    "again",
    "A call whose answer may not be ready is asked again until it is.",
    &[
        Key::must("every", Kind::Time, "From an answer to the next question."),
        Key::must("until", Kind::Expr, "Ready where this is true of the answer."),
        Key::may("give_up_after", Kind::Time, "It is waited for so long. 24h where nothing is said."),
    ],
);

static CALL: &[Key] = &[
    WITH,
    BODY_KEY,
    Key::may("as", Kind::Name, "The name of the answer: below it is seen as `$name`."),
    RETRY_KEY,
    OUTCOMES,
    IF_UNKNOWN,
    TIMEOUT,
    Key::may("if_dead", Kind::Either(&IF_DEAD), IF_DEAD_ABOUT),
    Key::may(
        "pages",
        Kind::Form(&super::system::PAGES),
        "How the next page is asked for: all of them are read, and are one answer. Left out: as the operation says.",
    ),
    Key::may("again", Kind::Form(&AGAIN), "Asks again until the answer is ready."),
    Key::may("undo", Kind::Form(&UNDO), "How it is undone when a later step fails for good."),
    Key::may("pivot", Kind::Flag, "Once this happened nothing is undone: from here on it only goes forward."),
];

static SEND: &[Key] = &[
    WITH,
    BODY_KEY,
    Key::may("batch", Kind::Form(&BATCH), "How many are gathered into one request."),
    Key::may("unchanged", Kind::Words(&["skip"]), "The same body as last time for this key is not sent again."),
    Key::may(
        "newest_only",
        Kind::Flag,
        "A newer state of a record takes the place of an older one that waits; `version` of the source says which is newer, where it is there. Left out: so it is for polled records with a `key`, where it may be repeated.",
    ),
    RETRY_KEY,
    OUTCOMES,
    IF_UNKNOWN,
    TIMEOUT,
    Key::may("if_dead", Kind::Either(&IF_DEAD), IF_DEAD_ABOUT),
];

static BATCH: Form = Form::of(
    "batch",
    "How many are gathered into one request.",
    &[
        Key::may("most", Kind::Number, "Items at most; where nothing is said, as many as the operation takes."),
        Key::may("bytes", Kind::Size, "Bytes of bodies at most; a larger one goes alone. What `bulk` of the operation says, else 4MB."),
        Key::may("wait", Kind::Time, "How long the first waits for others. 1s where nothing is said."),
    ],
);
