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
    NOT_READY "R0010" "an answer that was never ready";
    NO_UNDO "R0011" "what was done could not be undone";
    CIRCLE "R0012" "a poll whose pages lead in a circle";
    BAD_ROW "R0013" "a row of a file that cannot be read";
    BAD_FILE "R0014" "a file that cannot be read";
    BAD_DELIVERY "R0015" "a message of a queue that cannot be read";
    NO_LETTER "R0016" "no dead letter to bring back";
    LETTER_OLD "R0017" "a dead letter whose record went on";
    ANSWER_TOO_LONG "R0018" "an answer in pages that is too long";
    NO_ROOM_TO_GATHER "R0019" "too many answers in pages at a time";
    NOT_SERVED "R0020" "nothing is served under this address";
    METHOD "R0021" "this address is not asked by this method";
    UNREADABLE "R0022" "the request is not what it says to be";
    BODY_TYPE "R0023" "a kind of body that is not taken here";
    TOO_LARGE "R0024" "the request is too large";
    KEY_REUSED "R0025" "the idempotency key was used with another request";
    IN_PROGRESS "R0026" "a request with this idempotency key is under way";
    NO_ROOM "R0027" "there is no room for this message now";
    STOPPING "R0028" "we are about to end";
    NOT_KEPT_IN_TIME "R0029" "the message could not be kept in time";
    NO_REPLY_IN_TIME "R0030" "the flow has not replied in time";
    FLOW_STOPPED "R0031" "the flow stopped before it replied";
    TOO_SLOW "R0032" "the request came too slowly";
    UNANSWERABLE "R0033" "the reply of the flow cannot be sent";
    SIGNATURE "R0034" "the request is not signed as its sender signs";
    WHO "R0035" "the request does not show who sends it";
    NOT_ALLOWED "R0036" "this client may not do this";
    TOO_OFTEN "R0037" "this client asks too often";
    MAY_NOT_CALL "R0038" "a call that is not allowed";
    MAY_NOT_WRITE "R0039" "a field that may not be written";
    HELD "R0040" "held by Spanwright until a person has looked";
    SILENT "R0041" "nothing came where something is expected";
    CONDITION_LOST "R0042" "a condition that may have been undone by ourselves";
    NOT_AS_DESCRIBED "R0043" "a request that is not as the operation is described";
    WAITED_FOR "R0044" "a system makes us wait for long";
    APART "R0045" "a batch under one key that cannot go again as it went";
    NO_LONGER_ASKED "R0046" "what was asked for before, the flow asks for no more";
    NOT_WRITTEN "R0101" "a request could not be written because of a fault in Spanwright";
    NOT_READ "R0102" "an answer could not be read because of a fault in Spanwright";
    PARAMETERS "R0104" "the parameters of a request are no record";
}

/// Every code of this floor: these, and those of a project's files (P...).
pub fn all() -> Vec<&'static Code> {
    [ALL, crate::project::codes::ALL].concat()
}
