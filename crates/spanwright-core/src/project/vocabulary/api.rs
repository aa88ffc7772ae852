//! `apis/NAME.yaml`

use spanwright_shape::text::form::{Choice, Form, Key, Kind, MapKey, OneOf};

/// `apis/NAME.yaml`
pub static API: Form = Form {
    name: "api",
    about: "`apis/NAME.yaml`: what we offer to others: its protocol, its schema and where it is served. Flows serve its operations: `from: { api: NAME.operation }`.",
    keys: &[
        Key::must("api", Kind::Name, "Its name, as the file's; flows say `name.operation`."),
        super::ABOUT,
        super::OWNER,
        Key::must("path", Kind::Text, "Where it is served, as `/soap/orders`."),
        Key::may("correlation", Kind::Word, "The header that carries the correlation id. `X-Correlation-Id` where nothing is said."),
        Key::may(
            "operations",
            Kind::Map(MapKey::Name, &Kind::Form(&OFFERED)),
            "Operations that its document does not have, each a method and a path below that of the API.",
        ),
        super::client::CLIENTS,
    ],
    one_of: OneOf::Must(&[
        Choice::of("soap", Kind::File, "SOAP 1.1 and 1.2, as its ports say; the WSDL that is pinned in the project.", &[]),
        Choice::of(
            "rest",
            Kind::File,
            "JSON over HTTP; the OpenAPI document that is pinned in the project. Its operations are known by their `operationId`.",
            &[],
        ),
        Choice::of("http", Kind::Value, "HTTP without a schema: its operations are declared by hand.", &[]),
    ]),
};

/// One entry of `operations:` of an API.
pub static OFFERED: Form = Form {
    name: "offered",
    about: "An operation that we offer.",
    keys: &[],
    one_of: OneOf::Must(&[
        Choice::of("get", Kind::Text, "A GET of this path, as `/orders/{id}`.", &[]),
        Choice::of("post", Kind::Text, "A POST to this path.", &[]),
        Choice::of("put", Kind::Text, "A PUT to this path.", &[]),
        Choice::of("patch", Kind::Text, "A PATCH of this path.", &[]),
        Choice::of("delete", Kind::Text, "A DELETE of this path.", &[]),
    ]),
};
