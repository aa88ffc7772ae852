//! The codes of a project: P01 files, P02 variables, P03 names that lead nowhere, P04 flows, P05 ways in.

use spanwright_shape::codes;

codes! { "codes/":
    NO_PROJECT "P0101" "No `spanwright.yaml`";
    FILE_NAME "P0102" "A file that is not named after its thing";
    UNREAD "P0103" "A file that nobody reads";
    UNDECLARED "P0201" "A variable that is not declared";
    SECRECY "P0202" "A secret that would not stay one";
    VARIABLE_VALUE "P0203" "A variable without a usable value";
    NOT_USED "P0204" "A variable that nobody uses";
    NO_FILE "P0301" "A file that is not in the project";
    NO_SYSTEM "P0302" "A system that is not in the project";
    NO_OPERATION "P0303" "An operation that the system does not have";
    NO_TYPE "P0304" "A type or path that the schema does not have";
    NO_MAP "P0305" "A map that is not in the project";
    NO_FLOW "P0306" "A flow that is not in the project";
    NO_ENVIRONMENT "P0307" "An environment that is not in the project";
    NO_CHANNEL "P0308" "A channel that is not in the project";
    STEP_NAME "P0401" "Two steps of one name";
    NO_PARAMETER "P0402" "A parameter that the operation does not have";
    PARAMETER_MISSING "P0403" "A parameter that the operation needs";
    BODY "P0404" "A body that the operation cannot take";
    MAP_SOURCE "P0405" "A map that reads another type";
    NO_LIST "P0406" "Something that is no list";
    KEY "P0407" "A key that is no single value";
    BATCH "P0408" "A batch that the operation does not take";
    MAY_NOT_CALL "P0409" "A call that is not allowed";
    MAY_NOT_WRITE "P0410" "A field that may not be written";
    NO_BODY "P0411" "A body for an operation without one";
    ELSE "P0412" "A route without `else`";
    IDEMPOTENCY_KEY "P0413" "An idempotency key of one's own";
    NEEDS_KEY "P0414" "An option that needs the record's key";
    RESERVED "P0415" "A name that is taken";
    SETTING "P0416" "A setting that cannot work";
    ZONE "P0417" "A zone that is not known";
    OVERLAP "P0418" "An overlap shorter than the repeated hour";
    POLL_REPEATS "P0419" "A poll of something that may not be repeated";
    PARAMETER_VALUE "P0420" "A value that the parameter cannot take";
    OUTCOME "P0421" "A meaning of something that is no answer";
    QUESTION "P0422" "A question that does more than ask";
    UNDO "P0423" "An undo that cannot work";
    AGAIN "P0424" "A call that may not be asked again";
    POLL_RATE "P0425" "A poll that asks more often than the system bears";
    CRON "P0426" "A time that never comes";
    HANDED "P0427" "A message for a flow that does not take it";
    CIRCLE "P0428" "Dead letters that would go round for ever";
    PAGES "P0429" "Pages that cannot be one answer";
    HEAD "P0430" "A head of an answer that is not kept so";
    NO_WAY_BACK "P0431" "A step without a way back among those that have one";
    ROUTE "P0501" "A path that cannot be served";
    NOT_LISTENING "P0502" "Nobody would hear this";
    NO_WAITER "P0503" "A reply to nobody";
    NO_REPLY "P0504" "A sender who waits in vain";
    NO_FAULT "P0505" "A fault that is not declared";
    NO_API "P0506" "An API that is not in the project";
    NO_WEBHOOK "P0507" "A system that pushes nothing to us";
}
