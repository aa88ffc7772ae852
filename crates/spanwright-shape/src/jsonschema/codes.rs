//! The codes of JSON Schema (J01) and of OpenAPI documents (J02).

use crate::codes;

codes! { "codes/":
    NO_TARGET "J0101" "A reference that leads nowhere";
    OTHER_FILE "J0102" "A reference that is not built yet";
    WRONG_KIND "J0103" "A keyword with a value of the wrong kind";
    TYPE "J0104" "A type that is none";
    IMPOSSIBLE "J0105" "A schema that no value can meet";
    TOO_MANY "J0106" "Too many schemas";
    NOT_UNDERSTOOD "J0107" "A keyword that is not read";
    NOT_OPENAPI "J0201" "Not an OpenAPI document of version 3";
    PARAMETER "J0202" "A parameter that cannot be sent";
    OPERATION_ID "J0203" "An operationId stands twice";
    PATH "J0204" "A path and its parameters do not agree";
    CONTENT "J0205" "A body that is no JSON";
}
