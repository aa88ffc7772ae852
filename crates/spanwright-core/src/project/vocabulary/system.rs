//! `systems/NAME.yaml`

use spanwright_shape::text::form::{Choice, Form, Key, Kind, MapKey, OneOf};

use super::{BREAKER, OUTCOME_WORDS, RETRY};

/// `systems/NAME.yaml`
pub static SYSTEM: Form = Form {
    name: "system",
    about: "`systems/NAME.yaml`: a system that we call: its protocol, schema, sign-in, what it can bear and what we may do there.",
    keys: &[
        Key::must("system", Kind::Name, "Its name, as the file's; flows say `name.operation`."),
        super::ABOUT,
        super::OWNER,
        Key::may("url", Kind::Text, "Where it answers. Left out where it only pushes to us, or where its WSDL says so."),
        Key::may("zone", Kind::Text, "The zone of its times that carry none, as `Europe/Berlin`."),
        Key::may("correlation", Kind::Word, "The header that carries the correlation id; `x-correlation-id` where nothing is said."),
        Key::may("auth", Kind::Form(&AUTH), "How we show who we are."),
        Key::may("limits", Kind::Form(&LIMITS), "What it can bear, all flows together."),
        Key::may("retry", Kind::Form(&RETRY), "How calls are tried again."),
        Key::may("breaker", Kind::Form(&BREAKER), "When it is left alone."),
        Key::may("may", Kind::Form(&MAY), "What we may do there; anything else is refused before it runs."),
        Key::may(
            "operations",
            Kind::Map(MapKey::Any, &Kind::Form(&OPERATION)),
            "What the schema does not say of its operations, or operations that it does not have.",
        ),
        Key::may(
            "closed",
            Kind::List(&Kind::Text),
            "Hours at which it is not called, in its zone: `Sun 02:00-04:00`, `Mon-Fri 22:00-06:00`, `daily 00:00-00:30`, `Sat-Sun 00:00-24:00`.",
        ),
        Key::may("webhooks", Kind::Form(&WEBHOOKS), "What it pushes to us: one endpoint, for any number of flows."),
    ],
    one_of: OneOf::Must(&[
        Choice::of("soap", Kind::File, "SOAP 1.1 or 1.2, document/literal; the WSDL that is pinned in the project.", &[]),
        Choice::of("rest", Kind::File, "JSON over HTTP; the OpenAPI document that is pinned in the project.", &[]),
        Choice::of(
            "graphql",
            Kind::File,
            "GraphQL over HTTP; the schema that is pinned in the project, as SDL or as the answer to an introspection.",
            &[],
        ),
        Choice::of(
            "amqp",
            Kind::Value,
            "A broker of queues (AMQP 0-9-1), as RabbitMQ; `url:` is `amqp://HOST:PORT/VHOST`. `spanwright setup` declares what its operations name.",
            &[],
        ),
        Choice::of("files", Kind::Value, "Folders of this machine; `url:` is the one that the others are in.", &[]),
        Choice::of("http", Kind::Value, "HTTP without a schema: nothing stands behind it, and its operations are declared by hand.", &[]),
    ]),
};

/// `VAR`, or a list of which the first is used.
const SECRET: Kind = Kind::Secret;

static AUTH: Form = Form {
    name: "auth",
    about: "How we show a system who we are: on the connection, in the message, or both.",
    keys: &[Key::may("mtls", Kind::Form(&MTLS), "A client certificate on the connection; alone, or beside one of the others.")],
    one_of: OneOf::May(&[
        Choice::of("basic", Kind::Form(&BASIC), "User and password (RFC 7617).", &[]),
        Choice::of("bearer", SECRET, "A fixed token (RFC 6750).", &[]),
        Choice::of("api_key", Kind::Form(&API_KEY), "A key in a header or in the query.", &[]),
        Choice::of(
            "oauth2",
            Kind::Form(&OAUTH2),
            "Client credentials (RFC 6749 section 4.4) or a refresh token (section 6): one sign-in for all calls, renewed before it ends and when it is refused.",
            &[],
        ),
        Choice::of("wsse", Kind::Form(&WSSE), "A WS-Security user name token in each envelope, of a `soap:` system.", &[]),
        Choice::of("hmac", Kind::Form(&HMAC), "A signature over each request, as of a webhook: made anew for each attempt.", &[]),
        Choice::of(
            "login",
            Kind::Word,
            "An operation of this system that hands out a session token; every other call carries it. Renewed when it ends, or is refused with 401.",
            &[
                Key::may(
                    "with",
                    Kind::Map(MapKey::Any, &Kind::Text),
                    "What it is told: its parameters, and fields of its body (`Credentials.User`).",
                ),
                Key::must("take", Kind::Expr, "The token, over its answer."),
                Key::may(
                    "put",
                    Kind::Text,
                    "The header that carries it, and what stands before it there, as `x-session` or `cookie: session=`. `authorization: Bearer` where nothing is said.",
                ),
                Key::may("lasts", Kind::Time, "How long a session lasts. 24h where nothing is said: until it is refused."),
            ],
        ),
    ]),
};

static MTLS: Form = Form::of(
    "certificate",
    "A client certificate. The files lie outside the project and are read again when they change.",
    &[
        Key::must("cert", Kind::Text, "A PEM file: our certificate, then those between it and the authority."),
        Key::must("key", Kind::Text, "A PEM file: its private key."),
        Key::may("ca", Kind::Text, "A PEM file: the authorities that we trust there, in place of the machine's."),
    ],
);

static BASIC: Form =
    Form::of("basic", "User and password.", &[Key::must("user", Kind::Text, "The user."), Key::must("password", SECRET, "The password.")]);

pub(super) static HMAC: Form = Form::of(
    "hmac",
    "A signature over each request.",
    &[
        Key::must("secret", SECRET, "The secret."),
        Key::may(
            "preset",
            Kind::Words(&["standard", "github", "stripe", "slack", "shopify", "hmac"]),
            "How it is signed. `standard` where nothing is said: Standard Webhooks, with the idempotency key as `webhook-id`.",
        ),
        Key::may("header", Kind::Word, "The header that carries the signature."),
        Key::may("algorithm", Kind::Words(&["sha1", "sha256", "sha512"]), "The hash of the HMAC."),
        Key::may("encoding", Kind::Words(&["hex", "base64", "base64url"]), "How the signature is written."),
        Key::may("prefix", Kind::Text, "What stands before the signature, as `sha256=`."),
        Key::may("signed", Kind::Text, "What is signed, as `{timestamp}.{body}`."),
        Key::may("timestamp", Kind::Word, "The header that carries the time, in seconds since 1970."),
        Key::may("id_header", Kind::Word, "The header that says which event it is."),
        Key::may("secret_is", Kind::Words(&["raw", "base64", "hex"]), "How the secret is written."),
    ],
);

static WSSE: Form = Form::of(
    "wsse",
    "A WS-Security user name token. Messages are not signed and not encrypted.",
    &[
        Key::must("user", Kind::Text, "The user."),
        Key::must("password", SECRET, "The password."),
        Key::may("form", Kind::Words(&["text", "digest"]), "What goes out: the password, or a digest of it. `text` where nothing is said."),
        Key::may("timestamp", Kind::Time, "A Timestamp that says how long each message is good, as `5m`; left out, there is none."),
    ],
);

static API_KEY: Form = Form {
    name: "api_key",
    about: "A key in a header or in the query.",
    keys: &[Key::must("value", SECRET, "The key.")],
    one_of: OneOf::Must(&[
        Choice::of("header", Kind::Word, "The header that carries it.", &[]),
        Choice::of("query", Kind::Word, "The query parameter that carries it.", &[]),
    ]),
};

static OAUTH2: Form = Form::of(
    "oauth2",
    "Client credentials.",
    &[
        Key::must("token_url", Kind::Text, "Where tokens are handed out."),
        Key::must("client_id", Kind::Text, "Who we are."),
        Key::may("client_secret", SECRET, "The proof: a secret, sent in the form."),
        Key::may("private_key", SECRET, "The proof instead: a private key (PEM, PKCS#8) that signs a statement (`private_key_jwt`)."),
        Key::may("key_id", Kind::Text, "By which the endpoint knows the key (`kid`)."),
        Key::may("algorithm", Kind::Words(&["RS256", "EdDSA"]), "What the key signs by. RS256 where nothing is said."),
        Key::may("refresh_token", SECRET, "A refresh token that a person was given; the endpoint must not change it at each use."),
        Key::may("audience", Kind::Text, "For whom the token is, where the endpoint wants to know."),
        Key::may("scope", Kind::Text, "What we ask for, separated by blanks."),
    ],
);

static WEBHOOKS: Form = Form::of(
    "webhooks",
    "What a system pushes to us. Each request is verified over its raw bytes before anything else is looked at.",
    &[
        Key::must(
            "preset",
            Kind::Words(&["standard", "github", "stripe", "slack", "shopify", "twilio", "hmac"]),
            "How it signs; `hmac` for a sender that is none of the others.",
        ),
        Key::must("path", Kind::Text, "Where it is served, as `/in/stripe`."),
        Key::must("secret", Kind::Either(&[Kind::List(&SECRET), SECRET]), "The secret; of a list each is accepted, while one is changed."),
        Key::may("id", Kind::Expr, "Which event it is. Left out: what the preset knows (`webhook-id`, `X-GitHub-Delivery`, ..)."),
        Key::may("header", Kind::Word, "The header that carries the signature."),
        Key::may("algorithm", Kind::Words(&["sha1", "sha256", "sha512"]), "The hash of the HMAC."),
        Key::may("encoding", Kind::Words(&["hex", "base64", "base64url"]), "How the signature is written."),
        Key::may("prefix", Kind::Text, "What stands before the signature, as `sha256=`."),
        Key::may("separator", Kind::Text, "What separates several signatures."),
        Key::may("signed", Kind::Text, "What is signed, as `{timestamp}.{body}`."),
        Key::may("timestamp", Kind::Word, "The header that carries the time, in seconds since 1970."),
        Key::may("tolerance", Kind::Text, "By how much the time may be wrong. 5m where nothing is said."),
        Key::may("id_header", Kind::Word, "The header that says which event it is."),
        Key::may("secret_is", Kind::Words(&["raw", "base64", "hex"]), "How the secret is written."),
        Key::may(
            "origin",
            Kind::Text,
            "The address by which the sender knows us, as `https://hooks.example.com`, where a proxy stands before us.",
        ),
    ],
);

static LIMITS: Form = Form::of(
    "limits",
    "What a system can bear, all flows together.",
    &[
        Key::may("rate", Kind::Rate, "Requests in a time."),
        Key::may("concurrency", Kind::Number, "Requests at once. 8 where nothing is said."),
        Key::may("timeout", Kind::Time, "For one exchange, from connecting to the last byte of the answer. 30s where nothing is said."),
        Key::may("burst", Kind::Number, "Requests that may go at once after a quiet time. 1 where nothing is said: the rate is even."),
        Key::may("per_day", Kind::Number, "Requests from midnight to midnight of the system's zone (UTC where it has none)."),
        Key::may("learn", Kind::Flag, "Go by what its answers say is left: `RateLimit`, `X-RateLimit-Remaining` and `-Reset`."),
    ],
);

static MAY: Form = Form::of(
    "may",
    "What we may do at a system. Where a list is given, what it does not name is refused.",
    &[
        Key::may("call", Kind::List(&Kind::Word), "Operations."),
        Key::may(
            "read",
            Kind::List(&Kind::Word),
            "Fields of its answers, files and webhooks that we may see, as `Customer.Name`: a type or an operation (of a webhook: \
             `event`), and a path; a field stands for all inside it. The others are taken out before anybody sees them.",
        ),
        Key::may(
            "write",
            Kind::List(&Kind::Word),
            "Fields that we may fill, as `Contact.email`; a field stands for all inside it. A message with another one is not sent.",
        ),
    ],
);

/// One entry of `operations:`.
pub static OPERATION: Form = Form {
    name: "operation",
    about: "What the schema does not say of an operation; with a method and a path, an operation that it does not have.",
    keys: &[
        Key::may("safe", Kind::Flag, "It only reads: it may be repeated, and really runs in a dry run."),
        Key::may("key", Kind::Word, "The parameter that carries the idempotency key; the engine makes the key."),
        Key::may(
            "outcomes",
            Kind::Map(MapKey::Any, &OUTCOME_WORDS),
            "What answers mean, by status, declared fault or outcome of an item. `none` is delivered, with null as the answer.",
        ),
        Key::may("pages", Kind::Form(&PAGES), "How the next page is asked for."),
        Key::may("bulk", Kind::Form(&BULK), "How one request carries many items."),
        super::steps::IF_UNKNOWN,
    ],
    one_of: OneOf::May(&[
        Choice::of("get", Kind::Text, "A GET of this path.", BY_HAND),
        Choice::of("post", Kind::Text, "A POST to this path.", BY_HAND),
        Choice::of("put", Kind::Text, "A PUT to this path.", BY_HAND),
        Choice::of("patch", Kind::Text, "A PATCH of this path.", BY_HAND),
        Choice::of("delete", Kind::Text, "A DELETE of this path.", BY_HAND),
        Choice::of(
            "query",
            Kind::File,
            "A GraphQL document: one query or mutation in a file of its own. Its variables are the parameters.",
            &[],
        ),
        Choice::of("queue", Kind::Text, "Of an `amqp:` system: a queue, whose messages are read, or that messages are sent to.", QUEUE),
        Choice::of(
            "exchange",
            Kind::Text,
            "Of an `amqp:` system: an exchange that messages are sent to. Its parameter is `routing_key`.",
            EXCHANGE,
        ),
        Choice::of("folder", Kind::Text, "Of a `files:` system: a folder under its `url:`, whose files are read or written.", FOLDER),
    ]),
};

const BY_HAND: &[Key] = &[Key::may(
    "headers",
    Kind::List(&Kind::Word),
    "Those of its parameters that are headers, as `X-Tenant`; every other one that the path does not name goes into the query.",
)];

const QUEUE: &[Key] = &[
    Key::may("schema", Kind::File, "The JSON Schema of a message. Left out, nothing is known of it."),
    Key::may("type", Kind::Words(&["quorum", "classic"]), "How `setup` declares it. `quorum` where nothing is said."),
    Key::may("bind", Kind::Map(MapKey::Any, &Kind::Text), "What `setup` binds it to: exchanges, each with the routing key, as `order.*`."),
    Key::may(
        "format",
        Kind::Words(&["json", "text", "xml", "csv", "jsonl"]),
        "What its messages are. Left out: what each says by its `content-type`, and JSON where it says nothing. JSON is sent to it where nothing is said.",
    ),
];

const EXCHANGE: &[Key] = &[
    Key::may("schema", Kind::File, "The JSON Schema of a message. Left out, nothing is known of it."),
    Key::may("type", Kind::Words(&["topic", "direct", "fanout", "headers"]), "How `setup` declares it. `topic` where nothing is said."),
    Key::may("format", Kind::Words(&["json", "text", "xml", "csv", "jsonl"]), "What its messages are. `json` where nothing is said."),
];

const FOLDER: &[Key] = &[
    Key::must("format", Kind::Words(&["csv", "jsonl", "json", "xml"]), "What its files are: CSV, JSON Lines, JSON or XML."),
    Key::may("rows", Kind::File, "The JSON Schema of one row: it gives texts their types. Left out, cells of CSV are texts."),
    Key::may("match", Kind::Text, "Which files are read, as `prices-*.csv`. Left out: those whose names end like their format."),
    Key::may(
        "name",
        Kind::Text,
        "What a written file is called, as `orders-{key}.csv`. `{key}` and the format's ending where nothing is said.",
    ),
    Key::may("csv", Kind::Form(&CSV), "The dialect of CSV."),
    Key::may(
        "encoding",
        Kind::Word,
        "How texts are encoded, as `windows-1252`. UTF-8 where nothing is said; a byte order mark counts before it.",
    ),
    Key::may("element", Kind::Word, "Of XML: the path of the element that is a row, from the root, as `Catalog.Item`."),
];

static CSV: Form = Form::of(
    "csv",
    "The dialect of CSV. Where nothing is said, that of RFC 4180: commas, double quotes that are doubled inside of quotes, a header.",
    &[
        Key::may("delimiter", Kind::Text, "What separates fields: one character, or `tab`."),
        Key::may("quote", Kind::Text, "What stands around a field with delimiters or lines in it."),
        Key::may("escape", Kind::Text, "What stands before a quote inside of quotes. Left out, it is doubled."),
        Key::may("header", Kind::Flag, "Whether the first line has the names of the columns. It has where nothing is said."),
        Key::may(
            "columns",
            Kind::List(&Kind::Text),
            "The names of the columns: without a header all of them, in order; with one those that must be there, and that are written.",
        ),
    ],
);

pub(super) static PAGES: Form = Form {
    name: "pages",
    about: "How the next page is asked for.",
    keys: &[
        Key::may("into", Kind::Word, "The parameter that takes the next page's token or number; `url` takes its address."),
        Key::may("from", Kind::Number, "The first number. 1 of pages and 0 of items where nothing is said."),
        Key::may("full", Kind::Number, "Items of a full page: one with fewer is the last. Left out, one without items is."),
        Key::may(
            "each",
            Kind::Expr,
            "For a `call`, which reads all pages and joins their lists: the list in a page, a plain path as `.items`; `.` where a page is a list. A poll has an `each` of its own.",
        ),
    ],
    one_of: OneOf::Must(&[
        Choice::of("take", Kind::Expr, "The token, over a page; absent, null or \"\" ends.", &[]),
        Choice::of(
            "count",
            Kind::Words(&["pages", "items"]),
            "What the number in `into` counts: pages (`page=3`), or items (`offset=300`).",
            &[],
        ),
        Choice::of("link", Kind::Words(&["next"]), "The header `link` of the answer has the address of the next page (RFC 8288).", &[]),
    ]),
};

static BULK: Form = Form::of(
    "bulk",
    "How one request carries many items, each with an answer of its own.",
    &[
        Key::must("most", Kind::Number, "Items in one request."),
        Key::may(
            "items",
            Kind::Text,
            "The list in the request that takes the items, as `Orders.Order`. Left out: the only one; in a JSON body of several the one \
             that is required.",
        ),
        Key::may("answers", Kind::Expr, "The list of answers, over the whole answer; left out: one answer for all."),
        Key::may("match", Kind::Either(&[Kind::Words(&["position"]), Kind::Expr]), "How an answer finds its item."),
        Key::may("outcome", Kind::Expr, "What became of an item, over its answer: a status, a flag, or a word of `outcomes`."),
        Key::may("bytes", Kind::Size, "Bytes of items in one request. A larger item goes alone."),
        Key::may("atomic", Kind::Flag, "All items of a request happen or none does: one that is refused takes back the others."),
    ],
);
