//! What kind of rule makes a field: the words of mapping spreadsheets.

use std::fmt;

/// The kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// As it is.
    Copy,
    /// The same thing, written otherwise.
    Format,
    /// Another kind of value, or a time in another zone.
    Convert,
    /// By a table of constants.
    Table,
    /// The same for every record.
    Constant,
    /// Made of numbers or counted.
    Calculate,
    /// Of several fields.
    Combine,
    /// By a condition.
    Decide,
    /// Some of a list.
    Filter,
    /// Something for each item.
    List,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Copy => "copy",
            Rule::Format => "format",
            Rule::Convert => "convert",
            Rule::Table => "table",
            Rule::Constant => "constant",
            Rule::Calculate => "calculate",
            Rule::Combine => "combine",
            Rule::Decide => "decide",
            Rule::Filter => "filter",
            Rule::List => "list",
        })
    }
}

const CONVERSIONS: [&str; 9] = ["tostring", "tonumber", "zoned", "todate", "fromdate", "text", "attr(", "round", "date("];
const CALCULATIONS: [&str; 9] = ["add", "length", " + ", " - ", " * ", " / ", "min", "max", "sum("];

/// The kind of an expression, by how it is written. `then`: what is done to what `from` gave.
pub fn of(from: &str, then: Option<&str>, sources: usize) -> Rule {
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let whole = then.map_or(from.to_string(), |then| format!("{from} | {then}"));
    if is_path(from) && then.is_none() {
        return Rule::Copy;
    }
    if has(&whole, &["if ", "== ", "!= ", "> ", "< "]) && !whole.contains("select(") {
        return Rule::Decide;
    }
    if whole.contains('"') && sources <= 1 && whole.contains(" + ") {
        return Rule::Format;
    }
    if sources > 1 && has(&whole, &["join(", "\\(", "\""]) && !has(&whole, &[" * ", "add"]) {
        return Rule::Combine;
    }
    if has(&whole, &CALCULATIONS) && !has(&whole, &["join("]) && !is_words(&whole) {
        return Rule::Calculate;
    }
    if whole.contains("select(") {
        return Rule::Filter;
    }
    if has(&whole, &CONVERSIONS) {
        return Rule::Convert;
    }
    if whole.contains("//") && sources > 1 {
        return Rule::Combine;
    }
    if is_path(whole.split(" // ").next().unwrap_or_default()) { Rule::Copy } else { Rule::Format }
}

/// `.a.b[].c`
fn is_path(text: &str) -> bool {
    text.starts_with(['.', '$']) && text.chars().all(|c| c.is_alphanumeric() || "._[]$@#\"".contains(c))
}

/// Whether only texts are put together.
fn is_words(text: &str) -> bool {
    text.contains('"') && !text.contains(" * ") && !text.contains("length") && !text.contains("add")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, then: Option<&str>, sources: usize, expected: Rule) {
        assert_eq!(of(from, then, sources), expected, "{from} {then:?}");
    }

    #[test]
    fn rules_have_the_words_of_spreadsheets() {
        check(".Address[].Zip", None, 1, Rule::Copy);
        check(".PaymentTermsDays // 30", None, 1, Rule::Copy);
        check(".Number", Some("\"ERP-\" + ."), 1, Rule::Format);
        check(".Email", Some("ascii_downcase"), 1, Rule::Format);
        check(".CreatedAt | zoned(\"Europe/Berlin\")", None, 1, Rule::Convert);
        check("[.A, .B] | join(\" \")", None, 2, Rule::Combine);
        check("if .A then \"x\" else \"y\" end", None, 1, Rule::Decide);
        check("[.Line[] | .Quantity * .Price] | add", None, 2, Rule::Calculate);
        check("first(.Address[] | select(.Kind) | .City)", None, 2, Rule::Filter);
    }
}
