//! One operation: proved against the schema, with what it takes and gives.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use graphql_parser::query::{self, Definition, FragmentDefinition, OperationDefinition, SelectionSet, VariableDefinition};

use super::{
    codes,
    literal::{self, Variables},
    place::Source,
    schema::{Kind, Schema, Type, one_line},
    select::Selecting,
};
use crate::{
    shape::{Field, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Bundle, FileId, Problems, did_you_mean},
};

/// An operation that a system allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The document, as it is sent.
    pub text: String,
    /// Its own name, where it has one.
    pub name: Option<String>,
    /// It changes something.
    pub is_mutation: bool,
    /// Its variables: a record.
    pub with: ShapeId,
    /// What is in `data`: a record.
    pub gives: ShapeId,
    /// How many fields stand at its root: a mutation of several may have happened in part.
    pub roots: usize,
}

type Declared<'d> = BTreeMap<&'d str, &'d VariableDefinition<'d, String>>;

/// The variables of an operation, and those that were used.
pub(super) struct Uses<'d> {
    declared: Declared<'d>,
    used: RefCell<BTreeSet<String>>,
}

impl Variables for &Uses<'_> {
    fn fits(&mut self, name: &str, takes: &Type, has_default: bool) -> Result<(), String> {
        self.used.borrow_mut().insert(name.to_string());
        let Some(declared) = self.declared.get(name) else {
            return Err(format!("the variable `${name}` is not declared"));
        };
        let given = Type::of(&declared.var_type);
        let never_null = has_default || declared.default_value.as_ref().is_some_and(|value| *value != query::Value::Null);
        let wanted = if never_null { takes.nullable() } else { takes };
        if suits(&given, wanted) { Ok(()) } else { Err(format!("`${name}` is `{given}`, and `{takes}` is wanted")) }
    }
}

/// Whether a variable of one type may stand where another is wanted (section 5.8.5).
fn suits(given: &Type, wanted: &Type) -> bool {
    match (given, wanted) {
        (Type::NonNull(given), Type::NonNull(wanted)) => suits(given, wanted),
        (_, Type::NonNull(_)) => false,
        (Type::NonNull(given), wanted) => suits(given, wanted),
        (Type::List(given), Type::List(wanted)) => suits(given, wanted),
        (Type::Named(given), Type::Named(wanted)) => given == wanted,
        (Type::List(_), Type::Named(_)) | (Type::Named(_), Type::List(_)) => false,
    }
}

impl Operation {
    /// Proves the document in a file. `None`: the problems say why.
    pub fn check(bundle: &Bundle, file: FileId, schema: &Schema, shapes: &mut Shapes, to: &mut Problems) -> Option<Operation> {
        let (text, errors) = (bundle.text(file).into_owned(), to.errors());
        let source = Source { file, text: &text };
        let document = match query::parse_query::<String>(&text) {
            Ok(document) => document,
            Err(fault) => {
                let words = fault.to_string();
                to.error(
                    &codes::DOCUMENT,
                    source.where_it_stopped(&words),
                    format!("this is no GraphQL document: {}", one_line(&words)),
                    None,
                );
                return None;
            }
        };
        let (operations, fragments) = apart(&document);
        let one = one(&operations, &source, to)?;
        let uses = Uses { declared: declared(&one, schema, &source, to), used: RefCell::default() };
        let root = if one.is_mutation { schema.mutation.as_deref() } else { Some(schema.query.as_str()) };
        let Some(root) = root else {
            to.error(&codes::OPERATION, source.at(one.at, "mutation"), "the system has no mutations", None);
            return None;
        };
        let mut selecting = Selecting::new(schema, &source, &fragments, &uses, shapes, to);
        let gives = selecting.record(&[one.selection], root);
        selecting.check_fragments_used();
        check_used(&uses, &source, to);
        let with = variables(&one, schema, shapes);
        let roots = one.selection.items.len();
        let made = Operation { name: one.name.map(str::to_string), is_mutation: one.is_mutation, with, gives, roots, text: text.clone() };
        (to.errors() == errors).then_some(made)
    }
}

/// The parts of the operation of a document.
struct One<'d> {
    at: graphql_parser::Pos,
    name: Option<&'d str>,
    is_mutation: bool,
    variables: &'d [VariableDefinition<'d, String>],
    selection: &'d SelectionSet<'d, String>,
}

type Fragments<'d> = BTreeMap<&'d str, &'d FragmentDefinition<'d, String>>;

fn apart<'d>(document: &'d query::Document<'d, String>) -> (Vec<&'d OperationDefinition<'d, String>>, Fragments<'d>) {
    let (mut operations, mut fragments) = (Vec::new(), BTreeMap::new());
    for definition in &document.definitions {
        match definition {
            Definition::Operation(operation) => operations.push(operation),
            Definition::Fragment(fragment) => drop(fragments.insert(fragment.name.as_str(), fragment)),
        }
    }
    (operations, fragments)
}

fn one<'d>(operations: &[&'d OperationDefinition<'d, String>], source: &Source<'_>, to: &mut Problems) -> Option<One<'d>> {
    let [operation] = operations else {
        let at = source.at(graphql_parser::Pos { line: 1, column: 1 }, "");
        let help = "keep one query or mutation, and write each other into a file of its own";
        to.error(&codes::OPERATION, at, format!("this document has {} operations", operations.len()), help.to_string());
        return None;
    };
    Some(match operation {
        OperationDefinition::SelectionSet(selection) => {
            One { at: selection.span.0, name: None, is_mutation: false, variables: &[], selection }
        }
        OperationDefinition::Query(query) => One {
            at: query.position,
            name: query.name.as_deref(),
            is_mutation: false,
            variables: &query.variable_definitions,
            selection: &query.selection_set,
        },
        OperationDefinition::Mutation(mutation) => One {
            at: mutation.position,
            name: mutation.name.as_deref(),
            is_mutation: true,
            variables: &mutation.variable_definitions,
            selection: &mutation.selection_set,
        },
        OperationDefinition::Subscription(subscription) => {
            let says = "a subscription is listened to and not asked, which is not built yet";
            to.error(&codes::OPERATION, source.at(subscription.position, "subscription"), says, "ask again and again: `poll:`".to_string());
            return None;
        }
    })
}

fn declared<'d>(one: &One<'d>, schema: &Schema, source: &Source<'_>, to: &mut Problems) -> Declared<'d> {
    let mut all: Declared<'d> = BTreeMap::new();
    for variable in one.variables {
        let (at, name) = (source.at(variable.position, &format!("${}", variable.name)), variable.name.as_str());
        let takes = Type::of(&variable.var_type);
        if !schema.is_input(takes.name()) {
            let inputs = schema.types.keys().map(String::as_str).filter(|name| schema.is_input(name));
            let says = format!("`${name}` is of the type `{}`, which is no input type of the schema", takes.name());
            to.error(&codes::VARIABLE, at, says, did_you_mean(takes.name(), inputs));
        }
        if let Some(default) = &variable.default_value {
            let nothing = Uses { declared: BTreeMap::new(), used: RefCell::default() };
            if let Err(why) = literal::fits(schema, default, &takes, false, &mut &nothing) {
                to.error(&codes::VARIABLE, at, format!("the default of `${name}`: {why}"), None);
            }
        }
        if all.insert(name, variable).is_some() {
            to.error(&codes::VARIABLE, at, format!("`${name}` is declared twice"), None);
        }
    }
    all
}

/// A server refuses a document with a variable that nothing uses.
fn check_used(uses: &Uses<'_>, source: &Source<'_>, to: &mut Problems) {
    let used = uses.used.borrow();
    for (name, declared) in uses.declared.iter().filter(|(name, _)| !used.contains(**name)) {
        let at = source.at(declared.position, &format!("${name}"));
        to.error(&codes::VARIABLE, at, format!("nothing uses `${name}`"), "use it, or leave it out".to_string());
    }
}

/// The record of the variables.
fn variables(one: &One<'_>, schema: &Schema, shapes: &mut Shapes) -> ShapeId {
    let mut inputs = Inputs { schema, shapes, known: BTreeMap::new() };
    let field = |variable: &VariableDefinition<'_, String>, inputs: &mut Inputs<'_>| {
        let takes = Type::of(&variable.var_type);
        let must = matches!(takes, Type::NonNull(_)) && variable.default_value.is_none();
        let presence = if must { Presence::Always } else { Presence::Maybe };
        Field { name: variable.name.as_str().into(), shape: inputs.shape(&takes), presence, about: None }
    };
    let fields = one.variables.iter().map(|variable| field(variable, &mut inputs)).collect();
    inputs.shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
}

/// Shapes of input types, each once.
pub(super) struct Inputs<'i> {
    pub schema: &'i Schema,
    pub shapes: &'i mut Shapes,
    pub known: BTreeMap<String, ShapeId>,
}

impl Inputs<'_> {
    pub fn shape(&mut self, takes: &Type) -> ShapeId {
        match takes {
            Type::NonNull(inner) => self.never_null(inner),
            nullable => {
                let shape = self.never_null(nullable);
                self.shapes.or_null(shape)
            }
        }
    }

    fn never_null(&mut self, takes: &Type) -> ShapeId {
        match takes {
            Type::NonNull(inner) => self.never_null(inner),
            Type::List(inner) => {
                let item = self.shape(inner);
                self.shapes.add(Shape::List(item, (0, None)))
            }
            Type::Named(name) => self.named(name),
        }
    }

    fn named(&mut self, name: &str) -> ShapeId {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let Some(Kind::Input(fields)) = self.schema.types.get(name) else { return leaf(self.schema, name, self.shapes) };
        let id = self.shapes.reserve();
        self.known.insert(name.to_string(), id);
        let fields = fields
            .iter()
            .map(|field| {
                let must = matches!(field.takes, Type::NonNull(_)) && !field.has_default;
                let presence = if must { Presence::Always } else { Presence::Maybe };
                let about = field.about.as_deref().map(Into::into);
                Field { name: field.name.as_str().into(), shape: self.shape(&field.takes), presence, about }
            })
            .collect();
        self.shapes.set(id, Shape::Record(RecordShape { name: Some(name.into()), fields, ..RecordShape::default() }));
        id
    }
}

/// The shape of a scalar or enum. What a scalar of the system's own holds, nobody says.
pub(super) fn leaf(schema: &Schema, name: &str, shapes: &mut Shapes) -> ShapeId {
    let text = |facets| Shape::Text(facets);
    let shape = match (schema.types.get(name), name) {
        (Some(Kind::Enum(words)), _) => {
            let one_of: Vec<std::sync::Arc<str>> = words.iter().map(|word| word.as_str().into()).collect();
            text(TextFacets { one_of: Some(one_of.into()), ..TextFacets::default() })
        }
        (_, "Int") => Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 32 })),
        (_, "Float") => Shape::Number(NumberFacets::of(NumberKind::Double)),
        (_, "Boolean") => Shape::Flag,
        (_, "String" | "ID") => text(TextFacets::default()),
        _ => Shape::Any,
    };
    shapes.add(shape)
}
