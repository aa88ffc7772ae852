//! The problem codes of this floor: what only the outside can do to a message (R01...).

use spanwright_shape::codes;

codes! { "codes/":
    R0103 "R0103" "a flow could not be evaluated because of a fault in Spanwright";
    R0108 "R0108" "the process ended while this message was in hand, again and again";
    R0109 "R0109" "the file of the journal belongs to another program";
    R0105 "R0105" "the plan of this message can no longer be built";
    R0106 "R0106" "a request could not be read because of a fault in Spanwright";
}
