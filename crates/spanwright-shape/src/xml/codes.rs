//! The letter X: what can be wrong with XML, schemas and service descriptions. `spanwright explain X0101` prints a page.

use crate::codes;

codes! { "../codes/":
    NOT_WELL_FORMED "X0101" "A file is no well-formed XML";
    NOT_A_SCHEMA "X0102" "A file is no XML Schema";
    NOT_A_WSDL "X0103" "A file is no WSDL 1.1";
    IMPORT_MISSING "X0201" "A WSDL or schema imports what is not there";
    NAME_UNKNOWN "X0202" "A WSDL or schema names what nothing declares";
    STRUCTURE "X0203" "A WSDL or schema lacks what its place demands";
    NOT_BUILT "X0301" "A WSDL or schema uses what is not built";
    NO_SOAP_PORT "X0302" "A WSDL offers no port that can be called";
}
