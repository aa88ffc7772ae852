//! What a try gave, for a person or a machine. It shows the record's values: whoever tries a map has them in hand.

use std::fmt::Write;

use spanwright_map::{Env, Fault, Mapping, Program, Residue};
use spanwright_shape::{json, room::Room, value::Value};

use super::super::out::{Format, Object};

/// Characters of a value that a person is shown.
const SHOWN_MOST: usize = 60;
/// Values of one path that are shown.
const VALUES_MOST: usize = 3;

/// A value as JSON.
pub fn json_of(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    json::write(value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Each field of a map: what it gave, by which rule, from what.
pub fn mapped(mapping: &Mapping, env: &Env<'_>, made: &[u8], format: Format) -> anyhow::Result<String> {
    let room = Room::new();
    let output = json::read(made, &room).map_err(|fault| anyhow::anyhow!("what the map made is no JSON: {}", fault.says))?;
    let rows = mapping.lineage().iter().filter(|row| !row.target.ends_with("[]"));
    if format == Format::Json {
        let fields = rows.map(|row| {
            let gave = values_at(&output, &format!(".{}", row.target)).iter().map(json_of).collect::<Vec<_>>();
            let reads = row.reads.iter().map(|path| reading(path, env));
            let (held, left) = row.residue.as_ref().map_or((None, None), |residue| (residue.held.as_deref(), residue.left.as_deref()));
            let field = Object::new().text("field", &row.target).text("rule", &row.rule).list("gave", gave).list("reads", reads);
            field.maybe("told_when_it_runs", held).maybe("left_to_the_target", left).end()
        });
        return Ok(Object::new().raw("gives", &String::from_utf8_lossy(made)).list("fields", fields).end() + "\n");
    }
    let width = mapping.lineage().iter().map(|row| row.target.chars().count()).max().unwrap_or(0).min(32);
    let mut text = String::new();
    for row in rows {
        let gave = listed(&values_at(&output, &format!(".{}", row.target)));
        let gave = if gave.is_empty() { "(left out)".to_string() } else { gave };
        let _ = writeln!(text, "{:<width$}  {gave}", row.target);
        let reads = row.reads.iter().map(|path| format!("{path} {}", listed(&found(path, env)))).collect::<Vec<_>>().join(", ");
        let from = if reads.is_empty() { "a constant".to_string() } else { reads };
        let _ = writeln!(text, "{:<width$}    <- {from}", "");
        for says in row.residue.iter().flat_map(residue) {
            let _ = writeln!(text, "{:<width$}    {says}", "");
        }
    }
    let _ = writeln!(text, "\n{}", String::from_utf8_lossy(made));
    Ok(text)
}

/// What the schemas could not tell of a field, and who does.
pub fn residue(residue: &Residue) -> impl Iterator<Item = String> {
    let held = residue.held.as_ref().map(|held| format!("told when it runs: {held}"));
    let left = residue.left.as_ref().map(|left| format!("left to the target: {left}"));
    held.into_iter().chain(left)
}

/// The results of an expression, one a line, and what it read.
pub fn results(program: &Program, env: &Env<'_>, results: &[String], format: Format) -> String {
    let reads = &program.gives().reads;
    if format == Format::Json {
        let reads = reads.iter().map(|path| reading(path, env));
        return Object::new().list("gives", results.iter().cloned()).list("reads", reads).end() + "\n";
    }
    let mut text = String::new();
    for result in results {
        let _ = writeln!(text, "{result}");
    }
    if results.is_empty() {
        text.push_str("(no result: a field would be left out)\n");
    }
    for path in reads {
        let _ = writeln!(text, "  <- {path} {}", listed(&found(path, env)));
    }
    text
}

/// Why it failed.
pub fn fault(fault: &Fault, format: Format) -> String {
    let failure = &fault.failure;
    match format {
        Format::Human => format!("failed[{}]: {}\n  `spanwright explain {}` says more\n", failure.code.id, failure.says, failure.code.id),
        Format::Json => Object::new().text("code", failure.code.id).text("says", &failure.says).end() + "\n",
    }
}

fn reading(path: &str, env: &Env<'_>) -> String {
    let values = found(path, env).iter().map(json_of).collect::<Vec<_>>();
    Object::new().text("path", path).list("values", values).end()
}

/// The values at a path that is read, of the record or of a name.
fn found<'e>(path: &str, env: &Env<'e>) -> Vec<Value<'e>> {
    let Some(named) = path.strip_prefix('$') else { return values_at(&env.dot, path) };
    let end = named.find(['.', '[']).unwrap_or(named.len());
    let value = env.names.iter().rev().find(|(name, _)| *name == &named[..end]);
    value.map(|(_, value)| values_at(value, &named[end..])).unwrap_or_default()
}

/// Every value at `.a[].b`; what is not there is none.
fn values_at<'v>(value: &Value<'v>, path: &str) -> Vec<Value<'v>> {
    let rest = path.trim_start_matches('.');
    if rest.is_empty() {
        return vec![*value];
    }
    if let Some(rest) = rest.strip_prefix("[]") {
        return match value {
            Value::List(items) => items.iter().flat_map(|item| values_at(item, rest)).collect(),
            Value::Record(fields) => fields.iter().flat_map(|(_, field)| values_at(field, rest)).collect(),
            _ => Vec::new(),
        };
    }
    let (name, rest) = match rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
        Some(quoted) => quoted,
        None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
    };
    value.get(name).map(|field| values_at(&field, rest)).unwrap_or_default()
}

fn listed(values: &[Value<'_>]) -> String {
    let shown = values.iter().take(VALUES_MOST).map(|value| short(&json_of(value))).collect::<Vec<_>>().join(" ");
    if values.len() > VALUES_MOST { format!("{shown} .. {} in all", values.len()) } else { shown }
}

fn short(text: &str) -> String {
    if text.chars().count() <= SHOWN_MOST {
        return text.to_string();
    }
    text.chars().take(SHOWN_MOST).chain("..".chars()).collect()
}
