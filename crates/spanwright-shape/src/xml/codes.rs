//! The letter X: what can be wrong with XML, schemas and service descriptions. `spanwright explain X0101` prints a page.

use crate::text::Code;

/// Every code of this letter.
pub static ALL: &[&Code] =
    &[&NOT_WELL_FORMED, &NOT_A_SCHEMA, &NOT_A_WSDL, &IMPORT_MISSING, &NAME_UNKNOWN, &STRUCTURE, &NOT_BUILT, &NO_SOAP_PORT];

/// A file is no well-formed XML.
pub static NOT_WELL_FORMED: Code = Code { id: "X0101", title: "A file is no well-formed XML", page: include_str!("../codes/X0101.md") };
/// A file is no XML Schema.
pub static NOT_A_SCHEMA: Code = Code { id: "X0102", title: "A file is no XML Schema", page: include_str!("../codes/X0102.md") };
/// A file is no WSDL 1.1.
pub static NOT_A_WSDL: Code = Code { id: "X0103", title: "A file is no WSDL 1.1", page: include_str!("../codes/X0103.md") };
/// A WSDL or schema imports what is not there.
pub static IMPORT_MISSING: Code =
    Code { id: "X0201", title: "A WSDL or schema imports what is not there", page: include_str!("../codes/X0201.md") };
/// A WSDL or schema names what nothing declares.
pub static NAME_UNKNOWN: Code =
    Code { id: "X0202", title: "A WSDL or schema names what nothing declares", page: include_str!("../codes/X0202.md") };
/// A WSDL or schema lacks what its place demands.
pub static STRUCTURE: Code =
    Code { id: "X0203", title: "A WSDL or schema lacks what its place demands", page: include_str!("../codes/X0203.md") };
/// A WSDL or schema uses what is not built.
pub static NOT_BUILT: Code =
    Code { id: "X0301", title: "A WSDL or schema uses what is not built", page: include_str!("../codes/X0301.md") };
/// A WSDL offers no port that can be called.
pub static NO_SOAP_PORT: Code =
    Code { id: "X0302", title: "A WSDL offers no port that can be called", page: include_str!("../codes/X0302.md") };
