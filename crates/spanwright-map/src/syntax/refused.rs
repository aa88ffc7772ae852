//! What jq has and this language has not, each with what to write instead.
//!
//! Either it would break a promise (an end to every evaluation, no clock, no environment, exact lineage), or it
//! waits for a later version. Nothing is refused as "unknown" that a jq user knows by name.

/// A name of jq that is refused.
pub struct Refused {
    /// As it is written.
    pub name: &'static str,
    /// What to write instead, or why there is nothing.
    pub instead: &'static str,
}

const fn refused(name: &'static str, instead: &'static str) -> Refused {
    Refused { name, instead }
}

/// The list; the reference prints it.
pub const ALL: &[Refused] = &[
    refused(
        "def",
        "a map has no functions of its own, so that each evaluation ends: write it out, or bind a value with `EXPR as $name | ..`",
    ),
    refused("label", "`first(..)` and `limit(3; ..)` end a list of results early"),
    refused("break", "`first(..)` and `limit(3; ..)` end a list of results early"),
    refused("foreach", "`reduce EXPR as $x (start; step)` gives the last state"),
    refused("try", "`EXPR?` drops a failure; better, ask first with `if` or `select`"),
    refused("catch", "`EXPR?` drops a failure; better, ask first with `if` or `select`"),
    refused("import", "a map stands alone"),
    refused("include", "a map stands alone"),
    refused("input", "a map sees one record: `.`, and the names that its step gives it"),
    refused("inputs", "a map sees one record: `.`, and the names that its step gives it"),
    refused("debug", "`spanwright test` shows what a map gives"),
    refused("stderr", "`spanwright test` shows what a map gives"),
    refused("input_line_number", "a map sees one record and not its file"),
    refused("input_filename", "`$file.name` where the flow reads files"),
    refused("path", "write the path itself: `.a.b`"),
    refused("paths", "write the paths that you mean: what is read must be known before it runs"),
    refused("leaf_paths", "write the paths that you mean: what is read must be known before it runs"),
    refused("getpath", "write the path itself: `.a.b`"),
    refused("setpath", "build the record: `{ a: .a, b: 1 }`"),
    refused("delpaths", "build the record of the fields that you want: `{ a, b }`"),
    refused("del", "build the record of the fields that you want: `{ a, b }`"),
    refused("pick", "build the record of the fields that you want: `{ a, b }`"),
    refused("env", "a map reads no environment: declare a variable that is no secret and read `$vars.NAME`"),
    refused("halt", "a map cannot end the program: `fail:` makes a dead letter with a reason"),
    refused("halt_error", "a map cannot end the program: `fail:` makes a dead letter with a reason"),
    refused("recurse", "write the path: what is read must be known before it runs"),
    refused("recurse_down", "write the path: what is read must be known before it runs"),
    refused("walk", "write the path: what is read must be known before it runs"),
    refused("repeat", "it would not end: `reduce` goes through a list"),
    refused("while", "it need not end: `reduce` goes through a list"),
    refused("until", "it need not end: `reduce` goes through a list"),
    refused("now", "a map gives the same for the same record: `$meta.received` and `$meta.due` are the times there are"),
    refused("localtime", "`zoned(\"Europe/Berlin\")` writes a time with its zone"),
    refused("gmtime", "`utc` writes a time in UTC"),
    refused("mktime", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("strptime", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("strftime", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("strflocaltime", "`zoned(\"Europe/Berlin\")` writes a time with its zone"),
    refused("todate", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("fromdate", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("fromdateiso8601", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("todateiso8601", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("dateadd", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("datesub", "`utc`, `date` and `zoned(..)` work on the text of a time"),
    refused("match", "`test(..)` asks, `sub(..)` and `gsub(..)` replace"),
    refused("capture", "`sub(\"..\"; \"..\")` takes a text apart"),
    refused("scan", "`split(..)` and `gsub(..)` take a text apart"),
    refused("splits", "`split(\",\") | .[]`, or `split(\",\")` for the list"),
    refused("infinite", "numbers are exact and have no infinity"),
    refused("nan", "numbers are exact: there is no NaN"),
    refused("sqrt", "numbers are exact: roots and powers have no exact answer"),
    refused("pow", "numbers are exact: roots and powers have no exact answer"),
    refused("log", "numbers are exact: roots and powers have no exact answer"),
    refused("exp", "numbers are exact: roots and powers have no exact answer"),
    refused("fromjson", "a text that holds JSON is not taken apart in a map yet"),
    refused("error", "`fail:` makes a dead letter with a reason"),
    refused("builtins", "the reference lists every function"),
    refused("tostream", "a map sees whole values"),
    refused("fromstream", "a map sees whole values"),
    refused("truncate_stream", "a map sees whole values"),
    refused("lookup", "use the field's form: `{ from: .Status, table: { A: active }, otherwise: fail }`"),
];

/// What to write instead of a name of jq that is refused.
pub fn instead_of(name: &str) -> Option<&'static str> {
    ALL.iter().find(|refused| refused.name == name).map(|refused| refused.instead)
}
