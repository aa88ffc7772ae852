//! The letter X: what can be wrong with XML, schemas and service descriptions. `spanwright explain X0101` prints a page.

use crate::codes;

codes! { "../codes/":
    NOT_WELL_FORMED "X0101" "A file is no well-formed XML";
    NOT_A_SCHEMA "X0102" "A file is no XML Schema";
    NOT_A_WSDL "X0103" "A file is no WSDL 1.1";
    NONE "X0111" "No XML";
    DOCTYPE "X0112" "A DOCTYPE";
    ENTITY "X0113" "An entity that nobody declares";
    CHARACTER "X0114" "A character that XML does not allow";
    ENCODING "X0115" "Bytes in another encoding";
    END_OF_FILE "X0116" "The document ends too early";
    TAG "X0117" "Tags that do not match";
    ATTRIBUTE "X0118" "A malformed or repeated attribute";
    NAMESPACE "X0119" "A prefix without a namespace";
    AFTER_ROOT "X0120" "Something behind the root";
    LIMIT "X0121" "A limit of XML";
    IMPORT_MISSING "X0201" "A WSDL or schema imports what is not there";
    NAME_UNKNOWN "X0202" "A WSDL or schema names what nothing declares";
    STRUCTURE "X0203" "A WSDL or schema lacks what its place demands";
    NOT_BUILT "X0301" "A WSDL or schema uses what is not built";
    NO_SOAP_PORT "X0302" "A WSDL offers no port that can be called";
    INVALID "X0401" "A document is not what its schema demands";
    EXTRA "X0402" "An element that the schema does not know";
    REPEATS "X0403" "An element repeats and nothing says so";
    NAMESPACES "X0404" "A name of several namespaces";
    VALUE "X0405" "A value cannot be written as XML";
}
