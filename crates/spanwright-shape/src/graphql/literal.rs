//! Values that stand in a document, against the type that takes them.

use graphql_parser::query::Value;

use super::schema::{Argument, Kind, Schema, Type};

/// What a value may refer to.
pub(super) trait Variables {
    /// Whether a variable is declared and fits; `Err` says why not. It counts as used.
    fn fits(&mut self, name: &str, takes: &Type, has_default: bool) -> Result<(), String>;
}

/// Whether a value fits; `Err` says why not.
pub(super) fn fits(
    schema: &Schema,
    value: &Value<'_, String>,
    takes: &Type,
    has_default: bool,
    variables: &mut dyn Variables,
) -> Result<(), String> {
    if let Value::Variable(name) = value {
        return variables.fits(name, takes, has_default);
    }
    match (takes, value) {
        (Type::NonNull(_), Value::Null) => Err(format!("null is no `{takes}`")),
        (Type::NonNull(inner), value) => fits(schema, value, inner, false, variables),
        (_, Value::Null) => Ok(()),
        (Type::List(inner), Value::List(items)) => items.iter().try_for_each(|item| fits(schema, item, inner, false, variables)),
        // One value stands for a list of one.
        (Type::List(inner), one) => fits(schema, one, inner, false, variables),
        (Type::Named(name), value) => named(schema, name, value, variables),
    }
}

fn named(schema: &Schema, name: &str, value: &Value<'_, String>, variables: &mut dyn Variables) -> Result<(), String> {
    let good = match (schema.types.get(name), value) {
        (Some(Kind::Input(fields)), Value::Object(given)) => return input(schema, name, fields, given, variables),
        (Some(Kind::Enum(words)), Value::Enum(word)) => words.contains(word),
        (Some(Kind::Scalar), value) => match (name, value) {
            ("Int", Value::Int(n)) => n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            ("Float", Value::Int(_) | Value::Float(_)) | ("ID", Value::Int(_) | Value::String(_)) => true,
            ("String", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("Int" | "Float" | "ID" | "String" | "Boolean", _) => false,
            // What a scalar of the system's own takes, only the system knows.
            _ => true,
        },
        _ => false,
    };
    if good { Ok(()) } else { Err(format!("`{value}` is no `{name}`")) }
}

fn input(
    schema: &Schema,
    name: &str,
    fields: &[Argument],
    given: &std::collections::BTreeMap<String, Value<'_, String>>,
    variables: &mut dyn Variables,
) -> Result<(), String> {
    for (field, value) in given {
        let Some(known) = fields.iter().find(|known| known.name == *field) else {
            return Err(format!("`{name}` has no field `{field}`"));
        };
        fits(schema, value, &known.takes, known.has_default, variables)?;
    }
    match fields.iter().find(|field| matches!(field.takes, Type::NonNull(_)) && !field.has_default && !given.contains_key(&field.name)) {
        Some(missing) => Err(format!("`{name}` needs its field `{}`", missing.name)),
        None => Ok(()),
    }
}
