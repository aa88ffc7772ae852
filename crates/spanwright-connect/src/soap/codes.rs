//! The codes of SOAP systems: C02 is what `check` says, R30 what went wrong while it ran, R31 what was wrong with a request to us. What SOAP shares with other
//! HTTP systems stands in [`crate::codes`].

use spanwright_shape::codes;

codes! { "../codes/":
    FAULT_UNDECLARED "C0201" "An outcome of a fault that nobody declares";
    NOT_FOR_SOAP "C0202" "An operation's setting that SOAP does not have";
    NO_WSDL "C0204" "A SOAP system without a WSDL";
    PACK "C0205" "A rule pack that cannot be read";
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
    MEDIA "R3101" "A request that is no SOAP envelope";
    MALFORMED "R3102" "An envelope that cannot be read";
    VERSION "R3103" "A version of SOAP that is not spoken here";
    NOT_UNDERSTOOD "R3104" "A header block that is not understood here";
    UNKNOWN "R3105" "Nothing is asked by this element";
    ACTION "R3106" "The action and the Body ask for different things";
    INVALID "R3107" "A request that its schema does not allow";
    NO_ANSWER "R3108" "The flow ended without an answer";
    UNWRITABLE "R3109" "An answer that does not fit its schema";
    NOT_ASKED_SO "R3110" "SOAP is asked by POST";
}
