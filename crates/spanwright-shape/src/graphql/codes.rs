//! The codes of GraphQL: schemas, and documents against them.

use crate::codes;

codes! { "codes/":
    SCHEMA "G0101" "Not a GraphQL schema";
    DOCUMENT "G0201" "Not a GraphQL document";
    OPERATION "G0202" "A document that is not one operation";
    FIELD "G0203" "A field that the type does not have";
    ARGUMENT "G0204" "An argument that does not fit";
    SELECTION "G0205" "A selection where there is none, or none where there must be one";
    VARIABLE "G0206" "A variable that does not fit";
    FRAGMENT "G0207" "A fragment that does not fit";
    CONFLICT "G0208" "Two fields under one name";
}
