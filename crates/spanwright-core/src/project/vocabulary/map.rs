//! `maps/NAME.yaml`

use spanwright_shape::text::form::{Form, Key, Kind, MapKey};

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
        Key::may(
            "with",
            Kind::Map(MapKey::Name, &Kind::Type),
            "Other inputs, seen as `$NAME`: answers of calls that the flow gave this name.",
        ),
        Key::may(
            "copy",
            Kind::Either(&[Kind::List(&Kind::Word), Kind::Words(&["same"])]),
            "Fields that have one name on both sides: their paths, or `same` for all that are not under `fields`.",
        ),
        Key::may(
            "empty",
            Kind::Words(&["omit", "null", "fail"]),
            "What a null becomes where a field says nothing: left out, null, or the record fails.",
        ),
    ],
);
