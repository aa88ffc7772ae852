//! What the CRM takes for a contact: its own rules, written by hand beside `crm.openapi.yaml` and not read from it.

use std::borrow::Cow;

use crate::json::Json;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// `addresses[1].country`
    pub field: String,
    pub message: String,
}

/// What a value has to be.
enum Rule {
    /// So many characters at least and at most.
    Text(usize, usize),
    OneOf(&'static [&'static str]),
    /// A text of which this holds; the words say what it has to be.
    Holds(fn(&str) -> bool, &'static str),
    OrNull(&'static Rule),
    Flag,
    /// At least and at most.
    Whole(i64, i64),
    Number,
    List(&'static Rule),
    Record(&'static [Member]),
}

/// One property.
struct Member {
    name: &'static str,
    required: bool,
    rule: Rule,
}

const fn must(name: &'static str, rule: Rule) -> Member {
    Member { name, required: true, rule }
}

const fn may(name: &'static str, rule: Rule) -> Member {
    Member { name, required: false, rule }
}

const CURRENCY: &[&str] = &["EUR", "CHF", "PLN", "USD"];
const DATE: Rule = Rule::Holds(is_date, "a date such as 2026-11-22");
const DATE_TIME: Rule = Rule::Holds(is_date_time, "a time with its zone such as 2026-11-22T15:00:00+01:00");

const ADDRESS: Rule = Rule::Record(&[
    must("kind", Rule::OneOf(&["billing", "shipping", "home"])),
    must("street", Rule::Text(0, 125)),
    must("postalCode", Rule::Text(0, 30)),
    must("city", Rule::Text(0, 60)),
    must("country", Rule::Text(2, 2)),
]);

const LINE: Rule = Rule::Record(&[
    must("position", Rule::Whole(i64::MIN, i64::MAX)),
    must("sku", Rule::Text(0, 30)),
    must("quantity", Rule::Number),
    must("unitPrice", Rule::Number),
    must("currency", Rule::OneOf(CURRENCY)),
]);

const OPEN_ITEM: Rule = Rule::Record(&[
    must("document", Rule::Text(0, 30)),
    must("dueDate", DATE),
    may("dunned", Rule::Flag),
    may("paid", Rule::Number),
    must("total", Rule::Number),
    may("lines", Rule::List(&LINE)),
]);

const TERMS: Rule = Rule::Record(&[may("paymentDays", Rule::Whole(i64::MIN, i64::MAX)), may("discountPercent", Rule::Number)]);

const CONTACT: Rule = Rule::Record(&[
    must("externalId", Rule::Holds(is_external_id, "letters, a hyphen and digits, such as ERP-100001")),
    must("source", Rule::OneOf(&["erp", "shop", "manual"])),
    must("kind", Rule::OneOf(&["person", "company"])),
    must("displayName", Rule::Text(1, 160)),
    may("firstName", Rule::Text(0, 60)),
    may("lastName", Rule::Text(0, 60)),
    may("company", Rule::Text(0, 120)),
    may("registration", Rule::Text(0, 40)),
    may("vatNumber", Rule::OrNull(&Rule::Text(0, 30))),
    may("email", Rule::Holds(is_email, "an e-mail address")),
    may("phone", Rule::Holds(is_phone, "digits, with a plus in front or without")),
    may("website", Rule::Holds(is_uri, "a URI with its scheme")),
    must("language", Rule::OneOf(&["de", "en", "fr", "pl"])),
    may("newsletter", Rule::Flag),
    must("status", Rule::OneOf(&["active", "blocked", "prospect", "former"])),
    must("isBlocked", Rule::Flag),
    must("segment", Rule::OneOf(&["business", "consumer", "partner"])),
    may("ownerId", Rule::Text(0, 40)),
    may("rating", Rule::Whole(1, 5)),
    may("tags", Rule::List(&Rule::Text(0, 1_000))),
    may("ledgerId", Rule::Holds(is_ledger_id, "a whole number as text")),
    may("terms", TERMS),
    may("creditLimit", Rule::Holds(is_decimal, "a decimal with up to four digits behind the point")),
    may("creditCurrency", Rule::OneOf(CURRENCY)),
    may("openBalance", Rule::Number),
    may("overdueItems", Rule::Whole(0, i64::MAX)),
    may("risk", Rule::OneOf(&["low", "medium", "high"])),
    may("createdAt", DATE_TIME),
    must("updatedAt", DATE_TIME),
    may("customerSince", DATE),
    may("billingCity", Rule::Text(0, 60)),
    may("addresses", Rule::List(&ADDRESS)),
    may("openItems", Rule::List(&OPEN_ITEM)),
]);

/// All that is wrong with a contact.
pub(crate) fn check(contact: &Json<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    CONTACT.check(contact, &Place::Root, &mut errors);
    if contact.text("status") != Some("former") && contact.text("email").is_none_or(str::is_empty) {
        errors.push(FieldError { field: "email".into(), message: "a contact from another system needs an e-mail address".into() });
    }
    errors
}

/// Where a value stands; written out only where it is wrong.
enum Place<'p> {
    Root,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl Place<'_> {
    fn path(&self) -> String {
        match self {
            Place::Root => String::new(),
            Place::Member(Place::Root, name) => (*name).to_owned(),
            Place::Member(parent, name) => format!("{}.{name}", parent.path()),
            Place::Item(parent, index) => format!("{}[{index}]", parent.path()),
        }
    }
}

impl Rule {
    fn check(&self, value: &Json<'_>, place: &Place<'_>, errors: &mut Vec<FieldError>) {
        match (self, value) {
            (Rule::Record(members), Json::Record(found)) => check_record(members, found, place, errors),
            (Rule::List(rule), Json::List(items)) => {
                items.iter().enumerate().for_each(|(index, item)| rule.check(item, &Place::Item(place, index), errors));
            }
            (Rule::OrNull(_), Json::Null) => {}
            (Rule::OrNull(rule), value) => rule.check(value, place, errors),
            (rule, value) if rule.takes(value) => {}
            (rule, _) => errors.push(FieldError { field: place.path(), message: format!("has to be {}", rule.words()) }),
        }
    }

    /// Whether a value without parts is what the rule wants.
    fn takes(&self, value: &Json<'_>) -> bool {
        match (self, value) {
            (Rule::Text(least, most), Json::Text(text)) => (*least..=*most).contains(&text.chars().count()),
            (Rule::OneOf(words), Json::Text(text)) => words.contains(&text.as_ref()),
            (Rule::Holds(holds, _), Json::Text(text)) => holds(text),
            (Rule::Whole(least, most), Json::Number(token)) => token.parse::<i64>().is_ok_and(|whole| (*least..=*most).contains(&whole)),
            (Rule::Flag, Json::Flag(_)) | (Rule::Number, Json::Number(_)) => true,
            _ => false,
        }
    }

    fn words(&self) -> String {
        match self {
            Rule::Text(least, most) => format!("text of {least} to {most} characters"),
            Rule::OneOf(words) => format!("one of {}", words.join(", ")),
            Rule::Holds(_, words) => (*words).to_owned(),
            Rule::OrNull(rule) => format!("{} or null", rule.words()),
            Rule::Flag => "true or false".to_owned(),
            Rule::Whole(..) => "a whole number in its bounds".to_owned(),
            Rule::Number => "a number".to_owned(),
            Rule::List(_) => "a list".to_owned(),
            Rule::Record(_) => "an object".to_owned(),
        }
    }
}

fn check_record(members: &[Member], found: &[(Cow<'_, str>, Json<'_>)], place: &Place<'_>, errors: &mut Vec<FieldError>) {
    // Members mostly come in our order, so each search begins where the last one ended.
    let (mut next, mut known) = (0, 0);
    for member in members {
        let place = Place::Member(place, member.name);
        let at = (next..found.len()).chain(0..next).find(|at| found[*at].0 == member.name);
        match at {
            Some(at) => {
                member.rule.check(&found[at].1, &place, errors);
                (next, known) = (at + 1, known + 1);
            }
            None if member.required => errors.push(FieldError { field: place.path(), message: "is required".into() }),
            None => {}
        }
    }
    if known < found.len() {
        check_unknown(members, found, place, errors);
    }
}

fn check_unknown(members: &[Member], found: &[(Cow<'_, str>, Json<'_>)], place: &Place<'_>, errors: &mut Vec<FieldError>) {
    for (name, _) in found.iter().filter(|(name, _)| members.iter().all(|member| name != member.name)) {
        errors.push(FieldError { field: Place::Member(place, name).path(), message: "is not known".into() });
    }
}

fn is_external_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(system, number)| {
        (2..=5).contains(&system.len()) && system.bytes().all(|byte| byte.is_ascii_uppercase()) && are_digits(number)
    }) && text.len() <= 20
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_ledger_id(text: &str) -> bool {
    text.parse::<i64>().is_ok() && !text.starts_with('+')
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.chars().any(char::is_whitespace)
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 30
}

fn is_uri(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()) && !text.chars().any(char::is_whitespace)
}

fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        None => are_digits(unsigned),
        Some((whole, fraction)) => are_digits(whole) && are_digits(fraction) && fraction.len() <= 4,
    }
}

/// Whether a text has the shape of a pattern, in which `0` stands for a digit and all else for itself.
fn is_like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted })
}

fn is_date(text: &str) -> bool {
    is_like(text, "0000-00-00") && (1..=12).contains(&two_digits(&text[5..7])) && (1..=31).contains(&two_digits(&text[8..10]))
}

fn two_digits(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}

/// RFC 3339: the zone is not left out.
fn is_date_time(text: &str) -> bool {
    let Some((local, zone)) = text.split_at_checked(19) else { return false };
    let zone = match zone.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => zone,
    };
    is_date(&local[..10]) && is_like(&local[10..], "T00:00:00") && (zone == "Z" || is_like(zone, "+00:00") || is_like(zone, "-00:00"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The contacts that jq made of the example's customers.
    const CONTACTS: &str = include_str!("../../../tests/example/contacts.jsonl");

    /// Takes a good contact, replaces a piece of it and says what the CRM finds.
    fn errors(piece: &str, by: &str) -> String {
        let good = CONTACTS.lines().next().unwrap();
        assert!(good.contains(piece), "{piece} is in the contact");
        let contact = good.replacen(piece, by, 1);
        let errors = check(&Json::read(&contact).unwrap());
        errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_good_contact_has_no_errors() {
        assert_eq!(errors("active", "active"), "");
    }

    #[test]
    fn a_contact_without_an_email_is_refused() {
        let without = CONTACTS.lines().nth(1).unwrap();
        assert_eq!(check(&Json::read(without).unwrap())[0].field, "email");
    }

    #[test]
    fn an_unknown_property_is_named() {
        assert_eq!(errors(r#""city":"Köln""#, r#""city":"Köln","town":"x""#), "addresses[0].town is not known");
    }

    #[test]
    fn a_required_property_of_an_item_is_named_with_its_place() {
        assert_eq!(errors(r#","country":"DE""#, ""), "addresses[0].country is required");
    }

    #[test]
    fn a_word_that_is_not_in_the_list_is_refused() {
        assert_eq!(errors(r#""status":"active""#, r#""status":"ACTIVE""#), "status has to be one of active, blocked, prospect, former");
    }

    #[test]
    fn a_time_without_a_zone_is_refused() {
        assert_eq!(
            errors("2026-07-01T08:00:00+02:00", "2026-07-01T08:00:00"),
            "updatedAt has to be a time with its zone such as 2026-11-22T15:00:00+01:00"
        );
    }

    #[test]
    fn a_flag_as_text_is_refused() {
        assert_eq!(errors(r#""isBlocked":false"#, r#""isBlocked":"false""#), "isBlocked has to be true or false");
    }

    #[test]
    fn money_as_text_has_four_digits_behind_the_point_at_most() {
        assert_eq!(errors("12345678901234.5600", "1.23456"), "creditLimit has to be a decimal with up to four digits behind the point");
    }

    #[test]
    fn a_number_beyond_a_long_is_refused() {
        assert_eq!(errors("9223372036854775807", "9223372036854775808"), "ledgerId has to be a whole number as text");
    }

    #[test]
    fn null_is_taken_only_where_it_may_be() {
        assert_eq!(errors(r#""firstName":"Jürgen""#, r#""firstName":null"#), "firstName has to be text of 0 to 60 characters");
    }
}
