//! Selections: what is asked of each type, and so what shape the answer has.

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::query::{Directive, Field as Asked, FragmentDefinition, InlineFragment, Selection, SelectionSet, TypeCondition};

use super::{
    codes, literal,
    operation::{Uses, leaf},
    place::Source,
    schema::{Argument, Field as Known, Schema, Type},
};
use crate::{
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Problems, Span, did_you_mean},
};

/// Selections inside each other, at most.
const DEPTH_MOST: usize = 64;

pub(super) struct Selecting<'s, 'd> {
    schema: &'s Schema,
    source: &'s Source<'s>,
    fragments: &'s BTreeMap<&'d str, &'d FragmentDefinition<'d, String>>,
    uses: &'s Uses<'d>,
    shapes: &'s mut Shapes,
    to: &'s mut Problems,
    /// Fragments that were come by.
    spread: BTreeSet<&'d str>,
    /// Those that we are inside of.
    inside: Vec<&'d str>,
    depth: usize,
}

/// The fields under one response key.
struct Gathered<'d> {
    asked: Vec<&'d Asked<'d, String>>,
    /// The type whose field it is.
    of: String,
    presence: Presence,
}

/// By response key, in the order in which they stand.
type Keys<'d> = Vec<(&'d str, Gathered<'d>)>;

impl<'s, 'd> Selecting<'s, 'd> {
    pub fn new(
        schema: &'s Schema,
        source: &'s Source<'s>,
        fragments: &'s BTreeMap<&'d str, &'d FragmentDefinition<'d, String>>,
        uses: &'s Uses<'d>,
        shapes: &'s mut Shapes,
        to: &'s mut Problems,
    ) -> Selecting<'s, 'd> {
        Selecting { schema, source, fragments, uses, shapes, to, spread: BTreeSet::new(), inside: Vec::new(), depth: 0 }
    }

    /// The record that selections of a type give.
    pub fn record(&mut self, selections: &[&'d SelectionSet<'d, String>], of: &str) -> ShapeId {
        let mut keys = Keys::new();
        self.depth += 1;
        if self.depth <= DEPTH_MOST {
            for selection in selections {
                self.gather(selection, of, Presence::Always, &mut keys);
            }
        }
        let fields = keys.into_iter().map(|(key, gathered)| self.field(key, &gathered)).collect();
        self.depth -= 1;
        self.shapes.add(Shape::Record(RecordShape { name: Some(of.into()), fields, ..RecordShape::default() }))
    }

    pub fn check_fragments_used(&mut self) {
        let unused: Vec<_> =
            self.fragments.iter().filter(|(name, _)| !self.spread.contains(*name)).map(|(_, fragment)| *fragment).collect();
        for fragment in unused {
            let at = self.source.at(fragment.position, &fragment.name);
            let says = format!("nothing uses the fragment `{}`", fragment.name);
            self.to.error(&codes::FRAGMENT, at, says, "leave it out: a server refuses the document".to_string());
        }
    }

    fn gather(&mut self, selection: &'d SelectionSet<'d, String>, of: &str, presence: Presence, keys: &mut Keys<'d>) {
        for item in &selection.items {
            match item {
                Selection::Field(field) => {
                    let presence = self.directives(&field.directives, presence);
                    self.gather_field(field, of, presence, keys);
                }
                Selection::FragmentSpread(spread) => {
                    let presence = self.directives(&spread.directives, presence);
                    let at = self.source.at(spread.position, &spread.fragment_name);
                    self.spread(&spread.fragment_name, at, of, presence, keys);
                }
                Selection::InlineFragment(inline) => self.inline(inline, of, presence, keys),
            }
        }
    }

    fn gather_field(&mut self, field: &'d Asked<'d, String>, of: &str, presence: Presence, keys: &mut Keys<'d>) {
        let key = field.alias.as_deref().unwrap_or(&field.name);
        let Some((_, have)) = keys.iter_mut().find(|(have, _)| *have == key) else {
            return keys.push((key, Gathered { asked: vec![field], of: of.to_string(), presence }));
        };
        let first = have.asked[0];
        if (&first.name, &first.arguments) != (&field.name, &field.arguments) {
            let says = format!("`{key}` is asked for twice in this place, and not in the same way");
            let help = format!("give one of them a name of its own: `other: {}`", field.name);
            self.to.error(&codes::CONFLICT, self.source.at(field.position, key), says, help);
        }
        if presence == Presence::Always {
            have.presence = Presence::Always;
        }
        have.asked.push(field);
    }

    fn spread(&mut self, name: &'d str, at: Span, of: &str, presence: Presence, keys: &mut Keys<'d>) {
        self.spread.insert(name);
        let Some(fragment) = self.fragments.get(name).copied() else {
            let help = did_you_mean(name, self.fragments.keys().copied());
            self.to.error(&codes::FRAGMENT, at, format!("the document has no fragment `{name}`"), help);
            return;
        };
        if self.inside.contains(&name) {
            self.to.error(&codes::FRAGMENT, at, format!("the fragment `{name}` contains itself"), None);
            return;
        }
        self.inside.push(name);
        let TypeCondition::On(on) = &fragment.type_condition;
        self.on(on, at, &fragment.selection_set, of, presence, keys);
        self.inside.pop();
    }

    fn inline(&mut self, inline: &'d InlineFragment<'d, String>, of: &str, presence: Presence, keys: &mut Keys<'d>) {
        let presence = self.directives(&inline.directives, presence);
        let on = match &inline.type_condition {
            Some(TypeCondition::On(on)) => on.as_str(),
            None => of,
        };
        let at = self.source.at(inline.position, on);
        self.on(on, at, &inline.selection_set, of, presence, keys);
    }

    /// A selection that holds where the value is of this type.
    fn on(&mut self, on: &str, at: Span, selection: &'d SelectionSet<'d, String>, of: &str, presence: Presence, keys: &mut Keys<'d>) {
        if !self.schema.is_composite(on) {
            let names = self.schema.types.keys().map(String::as_str).filter(|name| self.schema.is_composite(name));
            self.to.error(&codes::FRAGMENT, at, format!("the schema has no object, interface or union `{on}`"), did_you_mean(on, names));
            return;
        }
        let (here, there) = (self.schema.possible(of), self.schema.possible(on));
        if here.is_disjoint(&there) {
            self.to.error(&codes::FRAGMENT, at, format!("`{of}` is never a `{on}`"), None);
            return;
        }
        let presence = if here.is_subset(&there) { presence } else { Presence::Maybe };
        self.gather(selection, on, presence, keys);
    }

    /// `@include` and `@skip` make it something that may not be there.
    fn directives(&mut self, directives: &[Directive<'d, String>], presence: Presence) -> Presence {
        for directive in directives {
            let at = self.source.at(directive.position, &directive.name);
            if !matches!(directive.name.as_str(), "include" | "skip") {
                self.to.error(&codes::ARGUMENT, at, format!("`@{}` is no directive of an operation", directive.name), None);
                continue;
            }
            let flag = Type::NonNull(Box::new(Type::Named("Boolean".to_string())));
            let wanted = [Argument { name: "if".to_string(), about: None, takes: flag, has_default: false }];
            self.arguments(&directive.arguments, &wanted, at);
        }
        if directives.is_empty() { presence } else { Presence::Maybe }
    }

    fn field(&mut self, key: &str, gathered: &Gathered<'d>) -> Field {
        let asked = gathered.asked[0];
        let known = self.schema.fields(&gathered.of).and_then(|fields| fields.get(&asked.name));
        let (shape, about) = match known {
            _ if asked.name == "__typename" => (self.type_name(&gathered.of), None),
            Some(known) => (self.known(gathered, known), known.about.as_deref().map(Into::into)),
            None => (self.unknown(asked, &gathered.of), None),
        };
        Field { name: key.into(), shape, presence: gathered.presence, about }
    }

    fn type_name(&mut self, of: &str) -> ShapeId {
        let names: Vec<std::sync::Arc<str>> = self.schema.possible(of).into_iter().map(Into::into).collect();
        self.shapes.add(Shape::Text(TextFacets { one_of: Some(names.into()), ..TextFacets::default() }))
    }

    fn unknown(&mut self, asked: &Asked<'d, String>, of: &str) -> ShapeId {
        let names = self.schema.fields(of).into_iter().flat_map(|fields| fields.keys().map(String::as_str));
        let help = did_you_mean(&asked.name, names);
        let help =
            help.or_else(|| self.schema.fields(of).is_none().then(|| format!("say of which type: `... on TYPE {{ {} }}`", asked.name)));
        let at = self.source.at(asked.position, &asked.name);
        self.to.error(&codes::FIELD, at, format!("`{of}` has no field `{}`", asked.name), help);
        self.shapes.add(Shape::Any)
    }

    fn known(&mut self, gathered: &Gathered<'d>, known: &Known) -> ShapeId {
        for asked in &gathered.asked {
            let at = self.source.at(asked.position, &asked.name);
            self.arguments(&asked.arguments, &known.arguments, at);
        }
        let (name, asked) = (known.gives.name(), gathered.asked[0]);
        let at = self.source.at(asked.position, &asked.name);
        let has_selection = gathered.asked.iter().any(|asked| !asked.selection_set.items.is_empty());
        let inner = match (self.schema.is_composite(name), has_selection) {
            (true, true) => {
                let selections: Vec<&'d SelectionSet<'d, String>> = gathered.asked.iter().map(|asked| &asked.selection_set).collect();
                self.record(&selections, name)
            }
            (false, false) => leaf(self.schema, name, self.shapes),
            (true, false) => {
                let help = format!("say what is wanted of it: `{} {{ .. }}`", asked.name);
                self.to.error(&codes::SELECTION, at, format!("`{}` is a `{name}`, which has fields of its own", asked.name), help);
                self.shapes.add(Shape::Any)
            }
            (false, true) => {
                let says = format!("`{}` is a `{name}`, which has no fields", asked.name);
                self.to.error(&codes::SELECTION, at, says, "leave out what is in its braces".to_string());
                self.shapes.add(Shape::Any)
            }
        };
        self.wrapped(&known.gives, inner)
    }

    /// Lists and nulls around what is inside.
    fn wrapped(&mut self, gives: &Type, inner: ShapeId) -> ShapeId {
        match gives {
            Type::NonNull(gives) => self.never_null(gives, inner),
            nullable => {
                let shape = self.never_null(nullable, inner);
                self.shapes.or_null(shape)
            }
        }
    }

    fn never_null(&mut self, gives: &Type, inner: ShapeId) -> ShapeId {
        match gives {
            Type::Named(_) => inner,
            Type::NonNull(gives) => self.never_null(gives, inner),
            Type::List(item) => {
                let item = self.wrapped(item, inner);
                self.shapes.add(Shape::List(item, (0, None)))
            }
        }
    }

    fn arguments(&mut self, given: &[(String, graphql_parser::query::Value<'d, String>)], known: &[Argument], at: Span) {
        for (name, value) in given {
            let Some(argument) = known.iter().find(|argument| argument.name == *name) else {
                let help = did_you_mean(name, known.iter().map(|argument| argument.name.as_str()));
                self.to.error(&codes::ARGUMENT, at, format!("there is no argument `{name}` here"), help);
                continue;
            };
            let mut uses = self.uses;
            if let Err(why) = literal::fits(self.schema, value, &argument.takes, argument.has_default, &mut uses) {
                let code = if why.contains("the variable") || why.starts_with("`$") { &codes::VARIABLE } else { &codes::ARGUMENT };
                self.to.error(code, at, format!("the argument `{name}`: {why}"), None);
            }
        }
        let is_missing = |argument: &&Argument| {
            matches!(argument.takes, Type::NonNull(_)) && !argument.has_default && !given.iter().any(|(name, _)| *name == argument.name)
        };
        for missing in known.iter().filter(is_missing) {
            let help = format!("add `{}: ..`", missing.name);
            self.to.error(&codes::ARGUMENT, at, format!("it needs the argument `{}` of the type `{}`", missing.name, missing.takes), help);
        }
    }
}
