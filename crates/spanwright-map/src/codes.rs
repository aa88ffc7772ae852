//! Every kind of problem of the mapping language: `M` while it is checked, `R1` while it runs.

use spanwright_shape::codes;

codes! { "codes/":
    SYNTAX "M0101" "the expression cannot be read";
    REFUSED "M0102" "part of jq, and not of this language";
    UNKNOWN_FUNCTION "M0103" "no such function";
    BARE_WORD "M0104" "a bare word where an expression belongs";
    ARGUMENTS "M0105" "wrong number or form of arguments";
    UNKNOWN_NAME "M0106" "no such name";
    PATTERN "M0107" "the pattern is not accepted";
    ZONE "M0108" "no such time zone, or none declared";
    TOO_LARGE "M0109" "the expression is too large";
    FORMAT "M0110" "a format or period of dates is not accepted";
    UNKNOWN_PATH "M0201" "the source has no such field";
    KIND "M0202" "a kind of value that cannot work here";
    MAYBE_NULL "M0203" "an operand that may be absent or null";
    DISJOINT "M0204" "a comparison that is always false";
    DEFAULT_ON_FLAG "M0205" "a default on a flag";
    MANY "M0206" "many results where one belongs";
    MAY_FAIL_ON_NULL "M0207" "fails where the source has nothing";
    WITHHELD "M0208" "a field that may not be read";
    FORM "M0301" "a field's form is not understood";
    NO_MAP "M0302" "no such map";
    UNKNOWN_TARGET "M0303" "the target has no such field";
    REQUIRED "M0304" "required fields of the target are left out";
    MISFIT "M0305" "the value does not fit the target";
    NARROWS "M0306" "the target holds less than the source gives";
    LOST_VALUE "M0307" "a value of the source has no counterpart";
    MAYBE_ABSENT "M0308" "may be absent, and the target needs it";
    ZONE_LESS "M0309" "a time without a zone where the target wants one";
    TABLE "M0310" "the table cannot be read";
    TWICE "M0311" "a target field is written twice";
    RUN_KIND "R1001" "a value of the wrong kind";
    RUN_MANY "R1002" "two results where one is wanted";
    RUN_NUMBER "R1003" "a number that cannot be computed";
    RUN_DATE "R1004" "a text that is no date";
    RUN_ARGUMENT "R1005" "an argument out of its bounds";
    RUN_BUDGET "R1006" "the budget of a record is spent";
    RUN_REQUIRED "R1007" "nothing for a required field";
    RUN_TABLE "R1008" "a value that is not in the table";
    RUN_MISFIT "R1009" "a value that the target field does not take";
    RUN_RAISED "R1010" "an expression raised a failure";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_code_has_a_page_that_begins_with_its_id_and_title() {
        for code in ALL {
            assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
            assert!((8..=24).contains(&code.page.lines().count()), "{} has {} lines", code.id, code.page.lines().count());
        }
    }

    #[test]
    fn ids_are_unique_and_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
