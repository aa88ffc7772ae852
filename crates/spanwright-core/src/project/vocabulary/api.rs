//! `apis/NAME.yaml`

use spanwright_shape::text::form::{Choice, Form, Key, Kind, OneOf};

/// `apis/NAME.yaml`
pub static API: Form = Form {
    name: "api",
    about: "`apis/NAME.yaml`: what we offer to others: its protocol, its schema and where it is served. Flows serve its operations: `from: { api: NAME.operation }`.",
    keys: &[
        Key::must("api", Kind::Name, "Its name, as the file's; flows say `name.operation`."),
        super::ABOUT,
        super::OWNER,
        Key::must("path", Kind::Text, "Where it is served, as `/soap/orders`."),
        Key::not_yet("correlation", "The header that carries the correlation id."),
        super::client::CLIENTS,
    ],
    one_of: OneOf::Must(&[
        Choice::of("soap", Kind::File, "SOAP 1.1 and 1.2, as its ports say; the WSDL that is pinned in the project.", &[]),
        Choice::not_yet("rest", "JSON over HTTP; the OpenAPI document that is pinned in the project."),
        Choice::not_yet("http", "HTTP without a schema."),
    ]),
};
