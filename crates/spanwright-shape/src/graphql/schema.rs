//! What a GraphQL system has: its types, from SDL or from an introspection.

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::schema as sdl;

use super::{codes, introspection, place::Source};
use crate::text::{Bundle, FileId, Problems, Span};

/// Types of a schema, at most.
pub const TYPES_MOST: usize = 50_000;

/// A schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// By name; the five scalars of the language among them.
    pub types: BTreeMap<String, Kind>,
    /// The type of queries.
    pub query: String,
    /// The type of mutations, where there are any.
    pub mutation: Option<String>,
}

/// What a named type is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A scalar.
    Scalar,
    /// A closed list of words.
    Enum(Vec<String>),
    /// An object, with the interfaces that it implements.
    Object(BTreeMap<String, Field>, Vec<String>),
    /// An interface.
    Interface(BTreeMap<String, Field>),
    /// One of these objects.
    Union(Vec<String>),
    /// What arguments may hold.
    Input(Vec<Argument>),
}

/// A field of an object or interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// For people.
    pub about: Option<String>,
    /// In the schema's order.
    pub arguments: Vec<Argument>,
    /// What it gives.
    pub gives: Type,
}

/// An argument, or a field of an input type.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// For people.
    pub about: Option<String>,
    /// What it takes.
    pub takes: Type,
    /// There is a value where none is given.
    pub has_default: bool,
}

/// A type where it is used.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// By name.
    Named(String),
    /// A list.
    List(Box<Type>),
    /// Never null.
    NonNull(Box<Type>),
}

impl Type {
    /// The name inside all lists.
    pub fn name(&self) -> &str {
        match self {
            Type::Named(name) => name,
            Type::List(inner) | Type::NonNull(inner) => inner.name(),
        }
    }

    /// Without the `!` at its end.
    pub fn nullable(&self) -> &Type {
        match self {
            Type::NonNull(inner) => inner,
            other => other,
        }
    }

    pub(super) fn of<'a>(written: &sdl::Type<'a, String>) -> Type {
        match written {
            sdl::Type::NamedType(name) => Type::Named(name.clone()),
            sdl::Type::ListType(inner) => Type::List(Box::new(Type::of(inner))),
            sdl::Type::NonNullType(inner) => Type::NonNull(Box::new(Type::of(inner))),
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Named(name) => write!(to, "{name}"),
            Type::List(inner) => write!(to, "[{inner}]"),
            Type::NonNull(inner) => write!(to, "{inner}!"),
        }
    }
}

impl Schema {
    /// Reads a pinned schema. `None`: the problems say why.
    pub fn read(bundle: &Bundle, file: FileId, to: &mut Problems) -> Option<Schema> {
        let text = bundle.text(file);
        let source = Source { file, text: &text };
        let whole = Span { file, from: 0, to: text.find('\n').unwrap_or(text.len()) as u32 };
        let read = if text.trim_start().starts_with('{') {
            introspection::read(text.as_bytes()).map_err(|says| (whole, says))
        } else {
            of_sdl(&source)
        };
        let checked = read.and_then(|schema| match schema.fault() {
            Some(says) => Err((whole, says)),
            None => Ok(schema),
        });
        match checked {
            Ok(schema) => Some(schema),
            Err((at, says)) => {
                let help = "pin the system's SDL, or the answer to an introspection: `spanwright schema import URL`";
                to.error(&codes::SCHEMA, at, says, help.to_string());
                None
            }
        }
    }

    /// An empty schema with the scalars of the language.
    pub(super) fn bare() -> Schema {
        let scalars = ["Int", "Float", "String", "Boolean", "ID"].map(|name| (name.to_string(), Kind::Scalar));
        Schema { types: scalars.into(), query: "Query".to_string(), mutation: None }
    }

    /// The fields of an object or interface.
    pub fn fields(&self, name: &str) -> Option<&BTreeMap<String, Field>> {
        match self.types.get(name)? {
            Kind::Object(fields, _) | Kind::Interface(fields) => Some(fields),
            Kind::Scalar | Kind::Enum(_) | Kind::Union(_) | Kind::Input(_) => None,
        }
    }

    /// Whether a selection must follow.
    pub fn is_composite(&self, name: &str) -> bool {
        matches!(self.types.get(name), Some(Kind::Object(..) | Kind::Interface(_) | Kind::Union(_)))
    }

    /// Whether an argument may be of it.
    pub fn is_input(&self, name: &str) -> bool {
        matches!(self.types.get(name), Some(Kind::Scalar | Kind::Enum(_) | Kind::Input(_)))
    }

    /// The objects that a value of this type may be.
    pub fn possible(&self, name: &str) -> BTreeSet<&str> {
        match self.types.get_key_value(name) {
            Some((name, Kind::Object(..))) => [name.as_str()].into(),
            Some((_, Kind::Union(members))) => members.iter().map(String::as_str).collect(),
            Some((interface, Kind::Interface(_))) => {
                let implements = |kind: &Kind| matches!(kind, Kind::Object(_, all) if all.contains(interface));
                self.types.iter().filter(|(_, kind)| implements(kind)).map(|(name, _)| name.as_str()).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// What keeps it from being one.
    fn fault(&self) -> Option<String> {
        if self.types.len() > TYPES_MOST {
            return Some(format!("it has more than {TYPES_MOST} types"));
        }
        for root in [Some(&self.query), self.mutation.as_ref()].into_iter().flatten() {
            if self.fields(root).is_none() {
                return Some(format!("it has no type `{root}`, which its operations begin at"));
            }
        }
        let lost =
            |name: &str| (!self.types.contains_key(name)).then(|| format!("it speaks of a type `{name}` and does not say what that is"));
        self.types.values().find_map(|kind| match kind {
            Kind::Object(fields, _) | Kind::Interface(fields) => fields.values().find_map(|field| {
                lost(field.gives.name()).or_else(|| field.arguments.iter().find_map(|argument| lost(argument.takes.name())))
            }),
            Kind::Union(members) => members.iter().find_map(|name| lost(name)),
            Kind::Input(fields) => fields.iter().find_map(|field| lost(field.takes.name())),
            Kind::Scalar | Kind::Enum(_) => None,
        })
    }
}

fn of_sdl(source: &Source<'_>) -> Result<Schema, (Span, String)> {
    let document = sdl::parse_schema::<String>(source.text).map_err(|fault| {
        let words = fault.to_string();
        (source.where_it_stopped(&words), format!("this is no GraphQL schema: {}", one_line(&words)))
    })?;
    let mut schema = Schema::bare();
    for definition in document.definitions {
        match definition {
            sdl::Definition::SchemaDefinition(roots) => {
                schema.query = roots.query.unwrap_or(schema.query);
                schema.mutation = roots.mutation;
            }
            sdl::Definition::TypeDefinition(definition) => {
                let (name, kind) = named(definition);
                schema.types.insert(name, kind);
            }
            sdl::Definition::TypeExtension(extension) => extend(&mut schema, extension),
            sdl::Definition::DirectiveDefinition(_) => {}
        }
    }
    if schema.mutation.is_none() && schema.fields("Mutation").is_some() {
        schema.mutation = Some("Mutation".to_string());
    }
    Ok(schema)
}

/// Words of the parser, which writes its expectations below each other.
pub(super) fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn named(definition: sdl::TypeDefinition<'_, String>) -> (String, Kind) {
    match definition {
        sdl::TypeDefinition::Scalar(scalar) => (scalar.name, Kind::Scalar),
        sdl::TypeDefinition::Object(object) => (object.name, Kind::Object(fields(object.fields), object.implements_interfaces)),
        sdl::TypeDefinition::Interface(interface) => (interface.name, Kind::Interface(fields(interface.fields))),
        sdl::TypeDefinition::Union(union) => (union.name, Kind::Union(union.types)),
        sdl::TypeDefinition::Enum(words) => (words.name, Kind::Enum(words.values.into_iter().map(|value| value.name).collect())),
        sdl::TypeDefinition::InputObject(input) => (input.name, Kind::Input(arguments(input.fields))),
    }
}

fn fields(written: Vec<sdl::Field<'_, String>>) -> BTreeMap<String, Field> {
    let field = |field: sdl::Field<'_, String>| {
        let gives = Type::of(&field.field_type);
        (field.name, Field { about: field.description, arguments: arguments(field.arguments), gives })
    };
    written.into_iter().map(field).collect()
}

fn arguments(written: Vec<sdl::InputValue<'_, String>>) -> Vec<Argument> {
    let argument = |value: sdl::InputValue<'_, String>| Argument {
        takes: Type::of(&value.value_type),
        has_default: value.default_value.is_some(),
        about: value.description,
        name: value.name,
    };
    written.into_iter().map(argument).collect()
}

fn extend(schema: &mut Schema, extension: sdl::TypeExtension<'_, String>) {
    match extension {
        sdl::TypeExtension::Object(more) => {
            if let Kind::Object(have, interfaces) =
                schema.types.entry(more.name).or_insert_with(|| Kind::Object(BTreeMap::new(), Vec::new()))
            {
                have.extend(fields(more.fields));
                interfaces.extend(more.implements_interfaces);
            }
        }
        sdl::TypeExtension::Interface(more) => {
            if let Some(Kind::Interface(have)) = schema.types.get_mut(&more.name) {
                have.extend(fields(more.fields));
            }
        }
        sdl::TypeExtension::Union(more) => {
            if let Some(Kind::Union(have)) = schema.types.get_mut(&more.name) {
                have.extend(more.types);
            }
        }
        sdl::TypeExtension::Enum(more) => {
            if let Some(Kind::Enum(have)) = schema.types.get_mut(&more.name) {
                have.extend(more.values.into_iter().map(|value| value.name));
            }
        }
        sdl::TypeExtension::InputObject(more) => {
            if let Some(Kind::Input(have)) = schema.types.get_mut(&more.name) {
                have.extend(arguments(more.fields));
            }
        }
        sdl::TypeExtension::Scalar(_) => {}
    }
}
