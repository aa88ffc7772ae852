//! The codes of SOAP systems: C02 is what `check` says, R30 what went wrong while it ran. What SOAP shares with other
//! HTTP systems stands in [`crate::codes`].

use spanwright_shape::codes;

codes! { "../codes/":
    FAULT_UNDECLARED "C0201" "An outcome of a fault that nobody declares";
    NOT_FOR_SOAP "C0202" "An operation's setting that SOAP does not have";
    HEADERS "C0203" "Header blocks are not sent yet";
    NO_WSDL "C0204" "A SOAP system without a WSDL";
    SIGNATURES "C0205" "A description that demands what we do not do";
    CONTENT "R3001" "The schema does not allow the request";
    DECLARED_FAULT "R3002" "The system answered with a declared fault";
    CLIENT_FAULT "R3003" "The system says that the request is wrong";
    SERVER_FAULT "R3004" "The system broke down in the call";
    PROTOCOL_FAULT "R3005" "The system does not understand the envelope";
    NOT_SOAP "R3006" "The answer is no SOAP";
    TRUNCATED "R3007" "The answer ends too early";
    UNEXPECTED "R3008" "The answer holds something else";
    ENVELOPE "R3021" "An envelope that is refused";
    ATTACHMENTS "R3022" "A message with attachments";
}
