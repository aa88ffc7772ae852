//! `maps/NAME.yaml`

use spanwright_shape::text::form::{Form, Key, Kind};

/// `maps/NAME.yaml`
pub static MAP: Form = Form::of(
    "map",
    "`maps/NAME.yaml`: how each field of one type becomes a field of another. The key is the target field.",
    &[
        Key::must("map", Kind::Name, "Its name, as the file's."),
        super::ABOUT,
        super::OWNER,
        Key::must("from", Kind::Type, "The type that it reads."),
        Key::must("to", Kind::Type, "The type that it makes."),
        Key::must("fields", Kind::Fields, "Target field: expression over the source."),
        Key::not_yet("with", "Other inputs."),
        Key::not_yet("copy", "Fields that are the same on both sides."),
        Key::not_yet("empty", "What a null becomes at the target."),
    ],
);
