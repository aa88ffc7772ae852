//! The codes of SOAP systems: C02 is what `check` says, R30 what went wrong while it ran. What SOAP shares with other
//! HTTP systems stands in [`crate::codes`].

use spanwright_shape::text::Code;

/// Every code of this module, in order.
pub static ALL: &[&Code] = &[
    &FAULT_UNDECLARED,
    &NOT_FOR_SOAP,
    &HEADERS,
    &NO_WSDL,
    &CONTENT,
    &DECLARED_FAULT,
    &CLIENT_FAULT,
    &SERVER_FAULT,
    &PROTOCOL_FAULT,
    &NOT_SOAP,
    &TRUNCATED,
    &UNEXPECTED,
];

macro_rules! page {
    ($id:literal) => {
        include_str!(concat!("../codes/", $id, ".md"))
    };
}

/// `outcomes:` names what is no status and no declared fault.
pub static FAULT_UNDECLARED: Code = Code { id: "C0201", title: "An outcome of a fault that nobody declares", page: page!("C0201") };
/// An operation's settings that only other systems have.
pub static NOT_FOR_SOAP: Code = Code { id: "C0202", title: "An operation's setting that SOAP does not have", page: page!("C0202") };
/// The description asks for header blocks.
pub static HEADERS: Code = Code { id: "C0203", title: "Header blocks are not sent yet", page: page!("C0203") };
/// `soap:` names no file.
pub static NO_WSDL: Code = Code { id: "C0204", title: "A SOAP system without a WSDL", page: page!("C0204") };
/// The request's content is not what the schema allows.
pub static CONTENT: Code = Code { id: "R3001", title: "The schema does not allow the request", page: page!("R3001") };
/// A fault that the description declares.
pub static DECLARED_FAULT: Code = Code { id: "R3002", title: "The system answered with a declared fault", page: page!("R3002") };
/// A fault that blames the request.
pub static CLIENT_FAULT: Code = Code { id: "R3003", title: "The system says that the request is wrong", page: page!("R3003") };
/// A fault that blames the server.
pub static SERVER_FAULT: Code = Code { id: "R3004", title: "The system broke down in the call", page: page!("R3004") };
/// A fault about envelopes.
pub static PROTOCOL_FAULT: Code = Code { id: "R3005", title: "The system does not understand the envelope", page: page!("R3005") };
/// An answer that is no envelope.
pub static NOT_SOAP: Code = Code { id: "R3006", title: "The answer is no SOAP", page: page!("R3006") };
/// An answer that was cut.
pub static TRUNCATED: Code = Code { id: "R3007", title: "The answer ends too early", page: page!("R3007") };
/// An answer with the wrong content.
pub static UNEXPECTED: Code = Code { id: "R3008", title: "The answer holds something else", page: page!("R3008") };

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_has_a_page_with_its_title() {
        for code in super::ALL {
            assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
            assert!(code.page.lines().count() >= 5, "{}", code.id);
        }
    }
}
