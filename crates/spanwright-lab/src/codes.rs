//! The codes of a project's tests: T01 a test that cannot be played, T02 what did not follow.

use spanwright_shape::codes;

codes! { "codes/":
    CANNOT "T0101" "A test that cannot be played";
    NAME "T0102" "Two cases of one name";
    PRETEND "T0103" "An answer that the system could not give";
    TABLE "T0104" "A row that does not fit its table";
    OUTCOME "T0201" "Another outcome";
    DEAD "T0202" "Another dead letter";
    REQUESTS "T0203" "Other requests";
    FIELDS "T0204" "Another result of a map";
    STATE "T0205" "Another state";
    TRAIL "T0206" "Another trail";
    SNAPSHOT "T0207" "Another snapshot";
    NO_ANSWER "T0208" "A request that nobody answers";
    UNSETTLED "T0209" "A story that does not come to rest";
    REPLY "T0210" "Another reply";
    ALERTS "T0211" "Other alerts";
}
