//! A schema as the system itself tells it: the answer to an introspection query (GraphQL, October 2021, section 4).

use std::collections::BTreeMap;

use super::schema::{Argument, Field, Kind, Schema, Type};
use crate::{json, room::Room, value::Value};

/// What to ask a system for its schema.
pub const QUERY: &str = "query Introspection { __schema { queryType { name } mutationType { name } types { kind name description \
fields(includeDeprecated: true) { name description args { ...Argument } type { ...Type } } inputFields { ...Argument } \
interfaces { name } enumValues(includeDeprecated: true) { name } possibleTypes { name } } } } \
fragment Argument on __InputValue { name description type { ...Type } defaultValue } \
fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

/// Reads the answer, with or without the `data` around it.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(bytes: &[u8]) -> Result<Schema, String> {
    let room = Room::new();
    let answer = json::read(bytes, &room).map_err(|fault| format!("this is no JSON (byte {}: {})", fault.at, fault.says))?;
    let told =
        answer.get("data").unwrap_or(answer).get("__schema").ok_or("this JSON is no answer to an introspection: it has no `__schema`")?;
    let mut schema = Schema::bare();
    let root = |key: &str| told.get(key).and_then(|root| root.get("name")?.text()).map(str::to_string);
    schema.query = root("queryType").unwrap_or(schema.query);
    schema.mutation = root("mutationType");
    for told in list(&told, "types") {
        let name = text(told, "name").ok_or("it has a type without a name")?;
        // Those that introspection itself is made of.
        if !name.starts_with("__") {
            schema.types.insert(name, kind(told)?);
        }
    }
    Ok(schema)
}

fn kind(told: &Value<'_>) -> Result<Kind, String> {
    let names = |key: &str| list(told, key).iter().filter_map(|one| text(one, "name")).collect::<Vec<_>>();
    Ok(match told.get("kind").and_then(|kind| kind.text()).unwrap_or_default() {
        "SCALAR" => Kind::Scalar,
        "ENUM" => Kind::Enum(names("enumValues")),
        "UNION" => Kind::Union(names("possibleTypes")),
        "OBJECT" => Kind::Object(fields(told)?, names("interfaces")),
        "INTERFACE" => Kind::Interface(fields(told)?),
        "INPUT_OBJECT" => Kind::Input(arguments(told, "inputFields")?),
        other => return Err(format!("it has a type of the kind `{other}`, which is none")),
    })
}

fn fields(told: &Value<'_>) -> Result<BTreeMap<String, Field>, String> {
    let field = |told: &Value<'_>| {
        let name = text(told, "name").ok_or("it has a field without a name")?;
        Ok((name, Field { about: text(told, "description"), arguments: arguments(told, "args")?, gives: type_of(told.get("type"))? }))
    };
    list(told, "fields").iter().map(field).collect()
}

fn arguments(told: &Value<'_>, key: &str) -> Result<Vec<Argument>, String> {
    let argument = |told: &Value<'_>| {
        let has_default = told.get("defaultValue").is_some_and(|value| value.text().is_some());
        let name = text(told, "name").ok_or("it has an argument without a name")?;
        Ok(Argument { name, about: text(told, "description"), takes: type_of(told.get("type"))?, has_default })
    };
    list(told, key).iter().map(argument).collect()
}

fn type_of(told: Option<Value<'_>>) -> Result<Type, String> {
    let told = told.ok_or("it has a field without a type, or one that is nested too deep")?;
    let inner = || type_of(told.get("ofType")).map(Box::new);
    match told.get("kind").and_then(|kind| kind.text()) {
        Some("NON_NULL") => Ok(Type::NonNull(inner()?)),
        Some("LIST") => Ok(Type::List(inner()?)),
        _ => text(&told, "name").map(Type::Named).ok_or_else(|| "it has a type without a name".to_string()),
    }
}

fn list<'a>(told: &Value<'a>, key: &str) -> &'a [Value<'a>] {
    told.get(key).and_then(|list| list.list()).unwrap_or_default()
}

fn text(told: &Value<'_>, key: &str) -> Option<String> {
    told.get(key)?.text().map(str::to_string)
}
