//! The problem codes of this floor: failures of messages on their way (R0...).

use spanwright_shape::{codes, text::Code};

codes! { "codes/":
    STOPPED_BY_STEP "R0001" "the plan of this message stopped it";
    TORN "R0002" "the process ended while an effect that may not be repeated was under way";
    BREAKS_SCHEMA "R0003" "the record breaks its own schema";
    TOO_MANY_ITEMS "R0004" "more items than one `each` may have";
    EXPRESSION "R0005" "an expression of the flow failed";
    OTHER_BYTES "R0006" "the bytes to repeat are not those that were sent";
    NO_ROUTE "R0007" "no route for this message";
    NO_KEY "R0008" "an item of the source has no key";
    NO_TOKEN "R0009" "a sign-in gave no token";
    NOT_WRITTEN "R0101" "a request could not be written because of a fault in Spanwright";
    NOT_READ "R0102" "an answer could not be read because of a fault in Spanwright";
    PARAMETERS "R0104" "the parameters of a request are no record";
}

/// Every code of this floor: these, and those of a project's files (P...).
pub fn all() -> Vec<&'static Code> {
    [ALL, crate::project::codes::ALL].concat()
}
