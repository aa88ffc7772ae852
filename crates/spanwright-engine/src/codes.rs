//! The problem codes of this floor: what only the outside can do to a message (R01...).

use spanwright_shape::codes;

codes! { "codes/":
    R0101 "R0101" "a request could not be written because of a fault in Spanwright";
    R0102 "R0102" "an answer could not be read because of a fault in Spanwright";
    R0103 "R0103" "a flow could not be evaluated because of a fault in Spanwright";
    R0104 "R0104" "the parameters of a request are no record";
    R0105 "R0105" "the plan of this message can no longer be built";
}
