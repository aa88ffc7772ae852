//! The same declarations as a JSON Schema (draft 2020-12), so that an editor completes and underlines what `check` would say.

use super::{Built, Choice, Form, Key, Kind, MapKey, Need, OneOf};
use crate::text::render::quoted;

/// A schema that accepts a document of any of these forms; each form stands under `$defs` by its name.
pub fn schema(title: &str, roots: &[&'static Form]) -> String {
    let defs = Form::reachable(roots).into_iter().map(|form| (form.name.to_string(), form_schema(form))).collect();
    let any = Json::List(roots.iter().map(|form| refer(form)).collect());
    let draft = Json::text("https://json-schema.org/draft/2020-12/schema");
    let root = Json::of([("$schema", draft), ("title", Json::text(title)), ("anyOf", any), ("$defs", Json::Record(defs))]);
    let mut out = String::new();
    root.write(0, &mut out);
    out.push('\n');
    out
}

fn form_schema(form: &'static Form) -> Json {
    let about = ("description", Json::text(form.about));
    let closed = |choice: Option<&'static Choice>| closed_record(form, choice);
    let with_each = |choices: &'static [Choice]| choices.iter().map(|choice| closed(Some(choice))).collect::<Vec<_>>();
    match form.one_of {
        OneOf::No => closed(None).and(about),
        OneOf::Must(choices) => Json::of([about, ("oneOf", Json::List(with_each(choices)))]),
        OneOf::May(choices) => Json::of([about, ("oneOf", Json::List(std::iter::once(closed(None)).chain(with_each(choices)).collect()))]),
    }
}

fn closed_record(form: &'static Form, choice: Option<&'static Choice>) -> Json {
    let beside = choice.into_iter().flat_map(|choice| std::iter::once(&choice.key).chain(choice.with));
    let keys: Vec<&Key> = beside.chain(form.keys).collect();
    let required = keys.iter().filter(|key| key.need == Need::Must || choice.is_some_and(|choice| choice.key.name == key.name));
    let required = Json::List(required.map(|key| Json::text(key.name)).collect());
    let properties = Json::Record(keys.iter().map(|key| (key.name.to_string(), key_schema(key))).collect());
    let no = Json::Flag(false);
    Json::of([("type", Json::text("object")), ("properties", properties), ("required", required), ("additionalProperties", no)])
}

fn key_schema(key: &'static Key) -> Json {
    match key.built {
        Built::Now => kind_schema(&key.kind).and(("description", Json::text(key.about))),
        Built::NotYet => Json::of([("not", Json::of([])), ("description", Json::Text(format!("Not built yet. {}", key.about)))]),
    }
}

fn kind_schema(kind: &'static Kind) -> Json {
    match kind {
        Kind::Text | Kind::File => types(&["string", "number", "boolean"]),
        Kind::Expr => types(&["string", "number", "boolean"]),
        Kind::Secret => pattern(VARIABLE),
        Kind::Number => either(Json::of([("type", Json::text("integer")), ("minimum", Json::Number(0))]), pattern(VARIABLE)),
        Kind::Decimal => either(types(&["number"]), pattern(VARIABLE)),
        Kind::Flag => either(types(&["boolean"]), pattern(VARIABLE)),
        Kind::Percent => pattern(&format!("^[0-9]+%$|{VARIABLE}")),
        Kind::Time => pattern(&format!("^[0-9]+(ms|s|m|h|d)$|{VARIABLE}")),
        Kind::Rate => pattern(&format!("^[0-9]+/([0-9]+)?(ms|s|m|h|d)$|{VARIABLE}")),
        Kind::Size => pattern(&format!("^[0-9]+(B|KB|MB|GB)$|{VARIABLE}")),
        Kind::Name => pattern(NAME),
        Kind::Op => pattern(r"^[A-Za-z][A-Za-z0-9_-]*\.\S+$"),
        Kind::Type => pattern(r"^[A-Za-z][A-Za-z0-9_-]*:\S+$"),
        Kind::Word => pattern(r"^\S+$"),
        Kind::Value => Json::of([]),
        Kind::Fields => Json::of([("type", Json::text("object"))]),
        Kind::Words(words) => Json::of([("enum", Json::List(words.iter().map(|word| Json::text(word)).collect()))]),
        Kind::List(inner) => Json::of([("type", Json::text("array")), ("items", kind_schema(inner))]),
        Kind::Map(keys, inner) => map_schema(*keys, inner),
        Kind::Form(form) => refer(form),
        Kind::Either(kinds) => Json::of([("anyOf", Json::List(kinds.iter().map(kind_schema).collect()))]),
    }
}

const VARIABLE: &str = r"^\$\{[A-Z][A-Z0-9_]*\}$";
const NAME: &str = "^[A-Za-z][A-Za-z0-9_-]*$";

fn map_schema(keys: MapKey, inner: &'static Kind) -> Json {
    let names = match keys {
        MapKey::Name => pattern(NAME),
        MapKey::Variable => pattern("^[A-Z][A-Z0-9_]*$"),
        MapKey::Any => Json::of([]),
    };
    Json::of([("type", Json::text("object")), ("propertyNames", names), ("additionalProperties", kind_schema(inner))])
}

fn refer(form: &Form) -> Json {
    Json::of([("$ref", Json::Text(format!("#/$defs/{}", form.name)))])
}

fn types(names: &[&str]) -> Json {
    match names {
        [one] => Json::of([("type", Json::text(one))]),
        many => Json::of([("type", Json::List(many.iter().map(|name| Json::text(name)).collect()))]),
    }
}

fn pattern(pattern: &str) -> Json {
    Json::of([("type", Json::text("string")), ("pattern", Json::text(pattern))])
}

fn either(one: Json, other: Json) -> Json {
    Json::of([("anyOf", Json::List(vec![one, other]))])
}

/// As much JSON as a schema needs.
enum Json {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<Json>),
    Record(Vec<(String, Json)>),
}

impl Json {
    fn text(text: &str) -> Json {
        Json::Text(text.to_string())
    }

    fn of<const N: usize>(fields: [(&str, Json); N]) -> Json {
        Json::Record(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    /// A record with one field more.
    fn and(self, (name, value): (&str, Json)) -> Json {
        match self {
            Json::Record(fields) => Json::Record(fields.into_iter().chain([(name.to_string(), value)]).collect()),
            other => other,
        }
    }

    fn write(&self, indent: usize, out: &mut String) {
        match self {
            Json::Text(text) => out.push_str(&quoted(text)),
            Json::Number(number) => out.push_str(&number.to_string()),
            Json::Flag(flag) => out.push_str(&flag.to_string()),
            Json::List(items) => write_all('[', ']', items, indent, out, |item, indent, out| item.write(indent, out)),
            Json::Record(fields) => write_all('{', '}', fields, indent, out, |(name, value), indent, out| {
                out.push_str(&quoted(name));
                out.push_str(": ");
                value.write(indent, out);
            }),
        }
    }
}

fn write_all<T>(open: char, close: char, all: &[T], indent: usize, out: &mut String, write: impl Fn(&T, usize, &mut String)) {
    out.push(open);
    for (n, one) in all.iter().enumerate() {
        out.push_str(if n == 0 { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(indent + 2));
        write(one, indent + 2, out);
    }
    if !all.is_empty() {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    }
    out.push(close);
}
