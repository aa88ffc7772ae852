//! The codes of text and forms: S01 is YAML, S02 is what a form wants.

use crate::codes;

codes! { "codes/":
    UNPARSABLE "S0101" "Text that is not YAML";
    UNQUOTED "S0102" "An expression that needs quotes";
    DUPLICATE "S0103" "A key stands twice";
    MERGE "S0104" "The merge key `<<`";
    ANCHOR "S0105" "An anchor or an alias";
    TAG "S0106" "A tag";
    KEY "S0107" "A key that is no word";
    TAB "S0108" "A tab indents";
    DOCUMENTS "S0109" "Several documents in one file";
    TOO_LARGE "S0110" "A file that is too large";
    TOO_DEEP "S0111" "Too many levels";
    TOO_MANY "S0112" "Too many keys and values";
    NOT_UTF8 "S0113" "A file that is not UTF-8";
    EMPTY "S0114" "An empty file";
    WRONG_KIND "S0201" "A value of the wrong kind";
    MISSING "S0202" "A key is missing";
    UNKNOWN_KEY "S0203" "An unknown key";
    NOT_BUILT "S0204" "Not built yet";
    SECRET "S0205" "A secret that is written out";
    WRITTEN "S0206" "A value that is not written as its kind wants";
    NAME "S0207" "A name that is none";
    REFERENCE "S0208" "A reference that is not written in full";
    WORD "S0209" "A word that is not one of these";
    VARIABLE_IN_EXPRESSION "S0210" "A variable inside an expression";
    ONE_OF "S0211" "Exactly one of several keys";
    VARIABLE "S0212" "A variable that is not written well";
}
