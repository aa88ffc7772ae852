//! A value to the text of an element or attribute, by its type. Strict: what the facets forbid is not sent.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::number::Number;
use crate::value::Value;

use crate::xsd::builtin::word;
use crate::xsd::facets::{Bound, Facets};
use crate::xsd::graph::{Common, Graph, Kind, Simple, Type, TypeId};
use crate::xsd::lexical;

/// Zeros that writing a number without its exponent may add.
const ZEROS_MOST: i64 = 400;

/// The text of a value, or in words why it has none. Never shows the value: failures hold no data of messages.
pub(super) fn write<'v>(graph: &Graph, simple: &Simple, value: &Value<'v>) -> Result<Cow<'v, str>, String> {
    if let Kind::Union(members, common) = &simple.kind {
        return union(graph, simple, (members, *common), value);
    }
    let text = match (&simple.kind, value) {
        (Kind::List(item), Value::List(items)) => Cow::Owned(list(graph, *item, items)?),
        (_, Value::List([one])) => return write(graph, simple, one),
        (_, Value::Text(text)) => {
            from_text(&simple.kind, text).ok_or_else(|| format!("the text that is here is not {}", word(&simple.kind)))?
        }
        (Kind::Flag, Value::Bool(flag)) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        (Kind::Integer { .. }, Value::Number(number)) => {
            whole(number).map(Cow::Owned).ok_or_else(|| "the number that is here is not whole".to_string())?
        }
        (Kind::Decimal, Value::Number(number)) => {
            plain(number).map(Cow::Owned).ok_or_else(|| "the number that is here is too long".to_string())?
        }
        (Kind::Double | Kind::Text, Value::Number(number)) => Cow::Owned(number.to_string()),
        (Kind::Text, Value::Bool(flag)) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        (kind, other) => return Err(format!("{} is here, and the schema wants {}", other.kind().word(), word(kind))),
    };
    allowed(simple, &text).map(|()| text)
}

/// The text by the first type of a union that takes the value. A union that is read as text is written as the text is: `06`
/// of a number or a name stays `06`.
fn union<'v>(graph: &Graph, simple: &Simple, (members, common): (&[TypeId], Common), value: &Value<'v>) -> Result<Cow<'v, str>, String> {
    let one = |id: &TypeId| match graph.content(*id) {
        Type::Simple(member) => write(graph, member, value).ok(),
        Type::Complex(_) | Type::Any => value.text().map(Cow::Borrowed),
    };
    let text = match (members.iter().find_map(one), value) {
        (Some(_), Value::Text(text)) if common == Common::Text => Cow::Borrowed(*text),
        (Some(text), _) => text,
        (None, Value::Text(text)) if members.is_empty() => Cow::Borrowed(*text),
        _ => return Err(format!("it is not {}", word(&simple.kind))),
    };
    allowed(simple, &text).map(|()| text)
}

fn list(graph: &Graph, item: TypeId, items: &[Value<'_>]) -> Result<String, String> {
    let mut words = Vec::with_capacity(items.len());
    for one in items {
        let word = match (graph.content(item), one) {
            (Type::Simple(simple), one) => write(graph, simple, one)?.into_owned(),
            (_, Value::Text(text)) => (*text).to_string(),
            (_, other) => return Err(format!("{} in a list of texts", other.kind().word())),
        };
        if word.is_empty() || word.contains([' ', '\t', '\n', '\r']) {
            return Err("an item of a list is empty or has a blank in it".to_string());
        }
        words.push(word);
    }
    Ok(words.join(" "))
}

/// A text where the schema wants something else is taken when it spells that.
fn from_text<'v>(kind: &Kind, text: &'v str) -> Option<Cow<'v, str>> {
    let keep = |holds: bool| holds.then_some(Cow::Borrowed(text));
    match kind {
        Kind::Text | Kind::Uri | Kind::Name | Kind::Union(..) => keep(true),
        Kind::Flag => keep(lexical::flag(text).is_some()),
        Kind::Integer { .. } => lexical::number(text).filter(|token| !token.contains('.')),
        Kind::Decimal => lexical::number(text),
        Kind::Double if matches!(text, "NaN" | "INF" | "-INF") => keep(true),
        Kind::Double => lexical::double(text),
        Kind::Date => keep(lexical::is_date(text)),
        Kind::Time => keep(lexical::is_time(text)),
        Kind::DateTime => keep(lexical::is_date_time(text)),
        Kind::Base64 => keep(lexical::is_base64(text)),
        Kind::Hex => keep(lexical::is_hex(text)),
        // A list of one: a convenience of input.
        Kind::List(_) => keep(true),
    }
}

fn whole(number: &Number<'_>) -> Option<String> {
    if let Some(value) = number.as_i64() {
        return Some(Number::int(value).to_string());
    }
    let text = plain(number)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    fraction.bytes().all(|byte| byte == b'0').then(|| whole.to_string())
}

/// A number without an exponent, which `xs:decimal` does not have.
fn plain(number: &Number<'_>) -> Option<String> {
    let text = number.to_string();
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return Some(text) };
    let exponent: i64 = exponent.trim_start_matches('+').parse().ok().filter(|n: &i64| n.abs() <= ZEROS_MOST)?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = whole.len() as i64 + exponent;
    let moved = match usize::try_from(point) {
        Ok(point) if point >= digits.len() => format!("{digits}{}", "0".repeat(point - digits.len())),
        Ok(point) if point > 0 => format!("{}.{}", &digits[..point], &digits[point..]),
        _ => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
    };
    lexical::number(&moved).map(|token| format!("{sign}{token}"))
}

fn allowed(simple: &Simple, text: &str) -> Result<(), String> {
    let facets = &simple.facets;
    if let Some(lexis) = facets.lexis.filter(|lexis| !lexis.holds(text.trim_ascii())) {
        return Err(format!("the text that is here is not {}", lexis.word()));
    }
    if let Some(pattern) = facets.patterns.iter().find(|pattern| !pattern.holds(text)) {
        return Err(format!("it does not have the pattern `{}`", pattern.written));
    }
    if let Some(one_of) = &facets.one_of
        && !one_of.iter().any(|one| **one == *text || is_same_number(simple, one, text))
    {
        let known: Vec<&str> = one_of.iter().map(|one| &**one).take(12).collect();
        return Err(format!("it is none of the values that the schema lists ({})", known.join(", ")));
    }
    match &simple.kind {
        Kind::Integer { .. } | Kind::Decimal | Kind::Double => digits(facets, text).and_then(|()| bounds(facets, text)),
        _ => length(simple, text),
    }
}

/// `1.0` is the value that a schema lists as `1`.
fn is_same_number(simple: &Simple, one: &str, other: &str) -> bool {
    let is_number = matches!(simple.kind, Kind::Integer { .. } | Kind::Decimal | Kind::Double);
    let (Some(one), Some(other)) = (lexical::double(one), lexical::double(other)) else { return false };
    let parsed = (Number::parse(&one), Number::parse(&other));
    is_number && matches!(parsed, (Ok(one), Ok(other)) if one.same(&other))
}

fn digits(facets: &Facets, text: &str) -> Result<(), String> {
    if facets.digits.is_none() && facets.fraction.is_none() {
        return Ok(());
    }
    let (whole, fraction) = text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
    let (whole, fraction) = (whole.trim_start_matches('0').len(), fraction.trim_end_matches('0').len());
    if facets.digits.is_some_and(|most| whole + fraction > usize::from(most)) {
        return Err(format!("it has more than {} digits", facets.digits.unwrap_or_default()));
    }
    if facets.fraction.is_some_and(|most| fraction > usize::from(most)) {
        return Err(format!("it has more than {} digits behind the point", facets.fraction.unwrap_or_default()));
    }
    Ok(())
}

fn bounds(facets: &Facets, text: &str) -> Result<(), String> {
    if let Some(least) = facets.least.as_ref().filter(|least| is_outside(text, least, Ordering::Less)) {
        return Err(format!("it is below {}", least.text));
    }
    if let Some(most) = facets.most.as_ref().filter(|most| is_outside(text, most, Ordering::Greater)) {
        return Err(format!("it is above {}", most.text));
    }
    Ok(())
}

/// Whether a number stands on the wrong side of a bound; one that is no number has been refused before.
fn is_outside(text: &str, bound: &Bound, wrong: Ordering) -> bool {
    let order = match (text.parse::<i64>(), bound.whole) {
        (Ok(value), Some(bound)) => Some(value.cmp(&bound)),
        _ => exactly(text, &bound.text),
    };
    order.is_some_and(|order| order == wrong || bound.exclusive && order == Ordering::Equal)
}

fn exactly(text: &str, bound: &str) -> Option<Ordering> {
    let bound = lexical::number(bound)?;
    Some(Number::parse(text).ok()?.compare(&Number::parse(&bound).ok()?))
}

fn length(simple: &Simple, text: &str) -> Result<(), String> {
    if simple.facets.shortest.is_none() && simple.facets.longest.is_none() {
        return Ok(());
    }
    let length = match simple.kind {
        Kind::List(_) => text.split_ascii_whitespace().count(),
        Kind::Base64 => text.len() / 4 * 3 - (text.len() - text.trim_end_matches('=').len()),
        Kind::Hex => text.len() / 2,
        _ => text.chars().count(),
    };
    match (simple.facets.shortest, simple.facets.longest) {
        (Some(least), _) if length < least as usize => Err(format!("it is shorter than {least}")),
        (_, Some(most)) if length > most as usize => Err(format!("it is longer than {most}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exponents_are_written_out() {
        let written = |text| plain(&Number::parse(text).unwrap());
        assert_eq!(written("12.50").as_deref(), Some("12.50"));
        assert_eq!(written("1.25e2").as_deref(), Some("125"));
        assert_eq!(written("-1.25e1").as_deref(), Some("-12.5"));
        assert_eq!(written("1e-3").as_deref(), Some("0.001"));
        assert_eq!(written("1e999").as_deref(), None);
        assert_eq!(whole(&Number::parse("12.00").unwrap()).as_deref(), Some("12"));
        assert_eq!(whole(&Number::parse("12.5").unwrap()), None);
    }
}
