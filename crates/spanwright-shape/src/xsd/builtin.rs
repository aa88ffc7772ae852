//! The built-in types of XML Schema Part 2.

use super::facets::Facets;
use super::graph::{Blank, Kind, Simple, TypeId};
use super::lexical::Lexis;

/// The names of all of them.
pub(super) const NAMES: [&str; 50] = [
    "anyType",
    "anySimpleType",
    "anyAtomicType",
    "string",
    "normalizedString",
    "token",
    "language",
    "Name",
    "NCName",
    "NMTOKEN",
    "NMTOKENS",
    "ID",
    "IDREF",
    "IDREFS",
    "ENTITY",
    "ENTITIES",
    "QName",
    "NOTATION",
    "gYear",
    "gYearMonth",
    "gMonth",
    "gMonthDay",
    "gDay",
    "duration",
    "dayTimeDuration",
    "yearMonthDuration",
    "anyURI",
    "boolean",
    "decimal",
    "float",
    "double",
    "date",
    "time",
    "dateTime",
    "dateTimeStamp",
    "base64Binary",
    "hexBinary",
    "byte",
    "short",
    "int",
    "long",
    "unsignedByte",
    "unsignedShort",
    "unsignedInt",
    "unsignedLong",
    "integer",
    "nonNegativeInteger",
    "positiveInteger",
    "nonPositiveInteger",
    "negativeInteger",
];

/// The built-in simple type of a name; `None` where there is none. `list_item` is the type of the items of the three
/// built-in lists.
pub(super) fn builtin(name: &str, list_item: impl FnOnce() -> TypeId) -> Option<Simple> {
    let plain = |kind, blank| Some(Simple { name: None, kind, blank, facets: Facets::default() });
    let whole = |bits, least, most| {
        Some(Simple { name: None, kind: Kind::Integer { bits }, blank: Blank::Collapse, facets: Facets::between(least, most) })
    };
    let spelt = |lexis| {
        let facets = Facets { lexis: Some(lexis), ..Facets::default() };
        Some(Simple { name: None, kind: Kind::Text, blank: Blank::Collapse, facets })
    };
    match name {
        "string" | "anySimpleType" | "anyAtomicType" => plain(Kind::Text, Blank::Preserve),
        "normalizedString" => plain(Kind::Text, Blank::Replace),
        "token" => plain(Kind::Text, Blank::Collapse),
        "QName" | "NOTATION" => plain(Kind::Name, Blank::Collapse),
        "language" => spelt(Lexis::Language),
        "Name" => spelt(Lexis::Name),
        "NCName" | "ID" | "IDREF" | "ENTITY" => spelt(Lexis::NcName),
        "NMTOKEN" => spelt(Lexis::NmToken),
        "gYear" => spelt(Lexis::Year),
        "gYearMonth" => spelt(Lexis::YearMonth),
        "gMonth" => spelt(Lexis::Month),
        "gMonthDay" => spelt(Lexis::MonthDay),
        "gDay" => spelt(Lexis::Day),
        "duration" | "dayTimeDuration" | "yearMonthDuration" => spelt(Lexis::Duration),
        "anyURI" => plain(Kind::Uri, Blank::Collapse),
        "boolean" => plain(Kind::Flag, Blank::Collapse),
        "decimal" => plain(Kind::Decimal, Blank::Collapse),
        "float" | "double" => plain(Kind::Double, Blank::Collapse),
        "date" => plain(Kind::Date, Blank::Collapse),
        "time" => plain(Kind::Time, Blank::Collapse),
        "dateTime" | "dateTimeStamp" => plain(Kind::DateTime, Blank::Collapse),
        "base64Binary" => plain(Kind::Base64, Blank::Collapse),
        "hexBinary" => plain(Kind::Hex, Blank::Collapse),
        "NMTOKENS" | "IDREFS" | "ENTITIES" => plain(Kind::List(list_item()), Blank::Collapse),
        "byte" => whole(8, "-128", "127"),
        "short" => whole(16, "-32768", "32767"),
        "int" => whole(32, "-2147483648", "2147483647"),
        "long" => whole(64, "-9223372036854775808", "9223372036854775807"),
        "unsignedByte" => whole(16, "0", "255"),
        "unsignedShort" => whole(32, "0", "65535"),
        "unsignedInt" => whole(64, "0", "4294967295"),
        "unsignedLong" => whole(0, "0", "18446744073709551615"),
        "integer" => whole(0, "", ""),
        "nonNegativeInteger" => whole(0, "0", ""),
        "positiveInteger" => whole(0, "1", ""),
        "nonPositiveInteger" => whole(0, "", "0"),
        "negativeInteger" => whole(0, "", "-1"),
        _ => None,
    }
}

/// What messages call a kind.
pub(super) fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Uri => "a URI",
        Kind::Flag => "a boolean",
        Kind::Integer { .. } => "a whole number",
        Kind::Decimal => "a decimal",
        Kind::Double => "a number",
        Kind::Date => "a date",
        Kind::Time => "a time",
        Kind::DateTime => "a dateTime",
        Kind::Base64 => "base64",
        Kind::Hex => "hexadecimal",
        Kind::List(_) => "a list",
        Kind::Name => "a qualified name",
        Kind::Union(..) => "one of the types of its union",
    }
}
