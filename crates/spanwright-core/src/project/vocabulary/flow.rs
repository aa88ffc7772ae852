//! `flows/NAME.yaml`: where messages come from.

use spanwright_shape::text::form::{Choice, Form, Key, Kind, OneOf};

use super::{
    steps::{A_STEP, IF_DEAD},
    system::PAGES,
};

/// `flows/NAME.yaml`
pub static FLOW: Form = Form::of(
    "flow",
    "`flows/NAME.yaml`: where messages come from and what happens to each.",
    &[
        Key::must("flow", Kind::Name, "Its name, as the file's."),
        super::ABOUT,
        super::OWNER,
        Key::must("from", Kind::Form(&SOURCE), "Where its messages come from."),
        Key::must("steps", Kind::List(&A_STEP), "What happens to each."),
        Key::may(
            "if_dead",
            Kind::Either(&IF_DEAD),
            "What happens to a message that failed for good, after its undos, in place of a dead letter: these steps, which see `$error`, or nothing.",
        ),
        Key::may(
            "when_all_done",
            Kind::List(&A_STEP),
            "What happens once when all that one poll (or one time of a clock) took in has ended: these steps see `$tally`, with `taken`, `delivered`, `skipped`, `dead` and, of the dead, `uncertain`.",
        ),
        Key::may(
            "pause_after",
            Kind::Form(&PAUSE_AFTER),
            "After how many dead letters it holds itself: a bad map stops the intake, and does not fill the dead letters.",
        ),
        Key::may(
            "in_order",
            Kind::Words(&["key", "all"]),
            "One after the other: the messages of one record (`key`), or all of the flow. The next one begins when the one before it is over.",
        ),
        Key::may(
            "when_dead",
            Kind::Words(&["block", "skip"]),
            "Of a flow in order: whether a dead letter keeps what came after it waiting until somebody has replayed or discarded it. `block` where nothing is said.",
        ),
    ],
);

static PAUSE_AFTER: Form = Form::of(
    "pause_after",
    "So many dead letters within so long, and the flow holds itself until somebody resumes it.",
    &[Key::must("dead", Kind::Number, "Dead letters."), Key::may("within", Kind::Time, "Within so long. 5m where nothing is said.")],
);

static SOURCE: Form = Form {
    name: "source",
    about: "Where messages come from.",
    keys: &[
        Key::may("when", Kind::Expr, "Only these are taken."),
        Key::may("once", Kind::Expr, "Which event it is: the same one is taken once. Left out: an item that differs from its key's last."),
        Key::may("key", Kind::Expr, "Which record it is about: order, batches and `unchanged` go by it. Left out: what `once` gives."),
        Key::may(
            "version",
            Kind::Expr,
            "Which state of the record is newer: numbers, ISO 8601 times (all with an offset or all without), else text by its letters. Left out: the order of arrival.",
        ),
        Key::may(
            "expect",
            Kind::Text,
            "When something must have come, as `every 15m`, `daily by 02:30` or `weekdays by 18:00 Europe/Berlin`; else an alert.",
        ),
    ],
    one_of: OneOf::Must(&[
        Choice::of("poll", Kind::Op, "An operation that is asked again and again.", POLL),
        Choice::of("webhook", Kind::Name, "What a system pushes to us; the system says where and how it signs.", &[]),
        Choice::of("queue", Kind::Op, "A queue of a broker, message by message.", QUEUE),
        Choice::of(
            "flow",
            Kind::Either(&[Kind::Words(&["any"]), Kind::List(&Kind::Name)]),
            "What other flows hand over by `send: flow.NAME`: any flow, or only these.",
            &[],
        ),
        Choice::of(
            "dead_letters",
            Kind::Either(&[Kind::Words(&["any"]), Kind::List(&Kind::Name)]),
            "Dead letters of other flows: of any, or only of these. Each is taken in the commit in which it stops, with what stopped, where and why.",
            &[],
        ),
        Choice::of("http", Kind::Text, "Requests to us: a method and a path, as `POST /orders/{id}`.", SERVED),
        Choice::of("api", Kind::Op, "An operation that we serve.", SERVED),
        Choice::of("files", Kind::Op, "Files in a folder, row by row.", FILES),
        Choice::of("cron", Kind::Text, "Times, as a crontab line: minute, hour, day of the month, month, day of the week.", CRON),
    ]),
};

const SERVED: &[Key] = &[
    super::client::CLIENTS,
    Key::may(
        "idempotency_key",
        Kind::Words(&["required"]),
        "A request without the header `Idempotency-Key` is refused with 400. Left out: it is taken, and one that comes again is another one.",
    ),
    Key::may(
        "reply_within",
        Kind::Time,
        "The sender waits so long for the flow's `reply`. Left out: it is told at once that the message is kept (202).",
    ),
    Key::may(
        "late",
        Kind::Words(&["202", "504"]),
        "What it is told when that was not long enough: 202, where to ask for the answer; or 504. The flow goes on. 202 where nothing is said.",
    ),
];

const CRON: &[Key] = &[
    Key::may("zone", Kind::Text, "The zone that it counts in, as `Europe/Berlin`. UTC where nothing is said."),
    Key::may(
        "missed",
        Kind::Words(&["once", "all", "skip"]),
        "What becomes of times that went by while nobody ran: the last of them is made up for, each is, or none. `once` where nothing is said.",
    ),
];

const QUEUE: &[Key] = &[Key::may(
    "prefetch",
    Kind::Number,
    "How many messages may be on their way to us before the first of them is on disk. 256 where nothing is said.",
)];

const FILES: &[Key] = &[
    Key::may("every", Kind::Time, "How often the folder is looked at. 5s where nothing is said."),
    Key::may("settle", Kind::Time, "A file is read when nobody has touched it for so long. 2s where nothing is said."),
    Key::may("done", Kind::Text, "Where files go that were read: a folder inside of it. `done` where nothing is said."),
    Key::may("failed", Kind::Text, "Where those go that cannot be read. `failed` where nothing is said."),
    Key::not_yet("each", "What in a row is a message."),
];

const POLL: &[Key] = &[
    Key::must("every", Kind::Time, "From the end of one poll to the start of the next."),
    Key::may("with", Kind::Fields, "Parameters, beside those of `pages` and `cursor`."),
    Key::may("pages", Kind::Form(&PAGES), "How the next page is asked for."),
    Key::may("each", Kind::Expr, "The items, over a page; left out: the page is the item."),
    Key::may("cursor", Kind::Form(&CURSOR), "How far it has read."),
    Key::not_yet("at", "The times at which it is asked."),
    Key::not_yet("deleted", "Which items say that a record is gone."),
    Key::not_yet("snapshot", "Records that are no longer there are gone."),
];

static CURSOR: Form = Form::of(
    "cursor",
    "How far a poll has read. It moves in the same transaction as what was taken in.",
    &[
        Key::must("into", Kind::Word, "The parameter that takes the cursor."),
        Key::must("take", Kind::Expr, "The cursor of an item; the greatest one moves it."),
        Key::must("start", Kind::Value, "Where it begins."),
        Key::may("overlap", Kind::Time, "How far it reads again behind itself; what was seen before is dropped."),
    ],
);
