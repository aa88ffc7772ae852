//! Schema documents to the type graph.
//!
//! Types are compiled from a queue: a reference reserves a number and goes on, so that recursive types cost nothing.
//! Only a base must be finished before what derives from it; a cycle of bases is a problem, not a loop.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::text::{FileId, Problems, Span};
use crate::xml::{Element as Tag, codes};

use super::XSD_SPACE;
use super::builtin::{self, builtin};
use super::complex::Draft;
use super::documents::{Document, Documents, is_well_known};
use super::facets::Facets;
use super::graph::{Blank, Common, Element, ElementId, Graph, Kind, Simple, Type, TypeId};

/// Unions inside of unions.
const UNION_DEPTH_MOST: usize = 16;

/// Compiles all documents. Where `to` has errors afterwards the graph is not to be used.
pub fn compile(documents: &Documents, to: &mut Problems) -> Graph {
    let mut compiler = Compiler {
        index: HashMap::new(),
        stand_ins: HashMap::new(),
        graph: Graph { spaces: vec![Arc::from("")], prefixes: vec![None], ..Graph::default() },
        builtins: HashMap::new(),
        any: None,
        pending: HashMap::new(),
        queue: Vec::new(),
        open: HashSet::new(),
        drafts: HashMap::new(),
        to,
    };
    compiler.read_index(documents);
    compiler.read_stand_ins(documents);
    compiler.plan_prefixes(documents);
    compiler.reserve(documents);
    while let Some(id) = compiler.queue.pop() {
        compiler.complete(id);
    }
    compiler.mark_extended();
    compiler.name_builtins();
    compiler.unite();
    compiler.graph
}

/// The five kinds of names that a schema declares at its top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Type,
    Element,
    Group,
    AttributeGroup,
    Attribute,
}

impl Sort {
    fn of(local: &str) -> Option<Sort> {
        match local {
            "complexType" | "simpleType" => Some(Sort::Type),
            "element" => Some(Sort::Element),
            "group" => Some(Sort::Group),
            "attributeGroup" => Some(Sort::AttributeGroup),
            "attribute" => Some(Sort::Attribute),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Sort::Type => "type",
            Sort::Element => "element",
            Sort::Group => "group",
            Sort::AttributeGroup => "attribute group",
            Sort::Attribute => "attribute",
        }
    }
}

/// A declaration and the document whose defaults hold in it.
#[derive(Clone, Copy)]
pub(super) struct Found<'d> {
    pub(super) document: &'d Document,
    pub(super) tag: &'d Tag,
}

impl<'d> Found<'d> {
    /// Something inside of this declaration.
    pub(super) fn inside(self, tag: &'d Tag) -> Found<'d> {
        Found { document: self.document, tag }
    }

    /// The first element in it of one of these names.
    pub(super) fn first(self, names: &[&str]) -> Option<Found<'d>> {
        self.tag.of(XSD_SPACE).find(|child| names.contains(&&*child.local)).map(|tag| self.inside(tag))
    }
}

/// A namespace and a local name.
pub(super) type Qualified = (Arc<str>, Arc<str>);

pub(super) struct Compiler<'d, 'p> {
    index: HashMap<(Sort, &'d str, &'d str), Found<'d>>,
    /// For each head of a substitution group the global elements that say they stand in its place.
    stand_ins: HashMap<Qualified, Vec<Qualified>>,
    pub(super) graph: Graph,
    builtins: HashMap<String, TypeId>,
    any: Option<TypeId>,
    pending: HashMap<TypeId, (Found<'d>, Option<Arc<str>>)>,
    queue: Vec<TypeId>,
    /// Types whose base is being finished.
    open: HashSet<TypeId>,
    pub(super) drafts: HashMap<TypeId, Draft>,
    pub(super) to: &'p mut Problems,
}

impl<'d> Compiler<'d, '_> {
    fn read_index(&mut self, documents: &'d Documents) {
        for document in &documents.all {
            for tag in document.root.of(XSD_SPACE) {
                let Some(sort) = Sort::of(&tag.local) else { continue };
                match tag.value("name") {
                    // A schema that is included twice declares the same things twice; the first stays.
                    Some(name) => drop(self.index.entry((sort, &*document.target, name)).or_insert(Found { document, tag })),
                    None => {
                        self.to.error(&codes::STRUCTURE, tag.span, format!("a {} at the top of a schema has no `name`", sort.word()), None)
                    }
                }
            }
        }
    }

    /// Who stands in whose place.
    fn read_stand_ins(&mut self, documents: &'d Documents) {
        for document in &documents.all {
            for tag in document.root.all(XSD_SPACE, "element") {
                let (Some(name), Some(heads)) = (tag.value("name"), tag.value("substitutionGroup")) else { continue };
                for head in heads.split_ascii_whitespace() {
                    let Some((space, local)) = self.qname(Found { document, tag }, "substitutionGroup", head) else { continue };
                    self.stand_ins.entry((space, local.into())).or_default().push((document.target.clone(), name.into()));
                }
            }
        }
    }

    /// All that may stand in the place of an element, in file order.
    pub(super) fn substitutes(&self, space: &str, local: &str) -> Vec<Qualified> {
        let mut found: Vec<Qualified> = Vec::new();
        if self.stand_ins.is_empty() {
            return found;
        }
        let mut open = vec![(Arc::from(space), Arc::from(local))];
        while let Some(head) = open.pop() {
            for one in self.stand_ins.get(&head).into_iter().flatten() {
                if !found.contains(one) {
                    found.push(one.clone());
                    open.push(one.clone());
                }
            }
        }
        found
    }

    /// A namespace keeps the prefix that its own schemas give it.
    fn plan_prefixes(&mut self, documents: &Documents) {
        for document in &documents.all {
            let space = self.space(&document.target) as usize;
            if space == 0 || self.graph.prefixes[space].is_some() {
                continue;
            }
            let bound = document.root.scope.iter().find(|(prefix, uri)| *uri == document.target && !prefix.is_empty());
            // A schema that does not name itself is named as the first other one names it.
            let by_others = || {
                let scopes = documents.all.iter().flat_map(|other| other.root.scope.iter());
                scopes.into_iter().find(|(prefix, uri)| *uri == document.target && !prefix.is_empty())
            };
            let prefix = bound.or_else(by_others).map(|(prefix, _)| prefix.clone());
            let taken = |prefix: &Arc<str>| {
                matches!(&**prefix, "soap" | "xs" | "xsi" | "xml") || self.graph.prefixes.iter().any(|other| other.as_ref() == Some(prefix))
            };
            self.graph.prefixes[space] = Some(prefix.filter(|prefix| !taken(prefix)).unwrap_or_else(|| format!("ns{space}").into()));
        }
    }

    /// Numbers for every global element and named type, in file order.
    fn reserve(&mut self, documents: &'d Documents) {
        for document in &documents.all {
            for tag in document.root.of(XSD_SPACE) {
                let (Some(sort), Some(name)) = (Sort::of(&tag.local), tag.value("name")) else { continue };
                match sort {
                    Sort::Type => drop(self.named(&document.target, name)),
                    Sort::Element => drop(self.root(&document.target, name)),
                    Sort::Group | Sort::AttributeGroup | Sort::Attribute => {}
                }
            }
        }
    }

    pub(super) fn space(&mut self, uri: &str) -> u32 {
        if let Some(known) = self.graph.space(uri) {
            return known;
        }
        self.graph.spaces.push(Arc::from(uri));
        self.graph.prefixes.push(None);
        self.graph.spaces.len() as u32 - 1
    }

    pub(super) fn lookup(&self, sort: Sort, space: &str, local: &str) -> Option<Found<'d>> {
        self.index.get(&(sort, space, local)).copied()
    }

    /// What a QName in an attribute means. A schema without a namespace that another one includes speaks of the
    /// including one's names where it writes no prefix.
    pub(super) fn qname<'q>(&mut self, at: Found<'d>, attribute: &str, value: &'q str) -> Option<(Arc<str>, &'q str)> {
        let Some((space, local)) = at.tag.resolve(value) else {
            let says = format!("the prefix of `{value}` is bound to no namespace");
            self.to.error(&codes::NAME_UNKNOWN, at.tag.place(attribute), says, None);
            return None;
        };
        let chameleon = space.is_empty() && !value.contains(':') && at.document.root.find("targetNamespace").is_none();
        Some((if chameleon { at.document.target.clone() } else { space }, local))
    }

    /// The declaration that an attribute names; a problem where there is none.
    pub(super) fn referred(&mut self, at: Found<'d>, attribute: &str, sort: Sort) -> Option<Found<'d>> {
        let (space, local) = self.qname(at, attribute, at.tag.value(attribute)?)?;
        let found = self.lookup(sort, &space, local);
        if found.is_none() && !is_well_known(&space) {
            self.unknown(sort, &space, local, at.tag.place(attribute));
        }
        found
    }

    pub(super) fn unknown(&mut self, sort: Sort, space: &str, local: &str, at: Span) {
        let names = self.index.keys().filter(|(of, in_space, _)| *of == sort && *in_space == space).map(|(_, _, name)| *name);
        let help = crate::text::did_you_mean(local, names);
        self.to.error(&codes::NAME_UNKNOWN, at, format!("no {} `{local}` is declared in `{space}`", sort.word()), help);
    }

    /// The type that an attribute names, or anything where it names none.
    pub(super) fn type_of(&mut self, at: Found<'d>, attribute: &str) -> TypeId {
        let Some(value) = at.tag.value(attribute) else { return self.any() };
        let Some((space, local)) = self.qname(at, attribute, value) else { return self.any() };
        if *space == *XSD_SPACE {
            return self.builtin(local, at.tag.place(attribute));
        }
        if self.lookup(Sort::Type, &space, local).is_none() {
            if !is_well_known(&space) {
                self.unknown(Sort::Type, &space, local, at.tag.place(attribute));
            }
            return self.any();
        }
        self.named(&space, local)
    }

    pub(super) fn named(&mut self, space: &str, local: &str) -> TypeId {
        let key = (self.space(space), Arc::from(local));
        if let Some(known) = self.graph.named.get(&key) {
            return *known;
        }
        let id = match self.lookup(Sort::Type, space, local) {
            Some(found) => self.later(found, Some(key.1.clone())),
            None => self.any(),
        };
        self.graph.named.insert(key, id);
        id
    }

    /// Reserves a number for a type that will be compiled from the queue.
    pub(super) fn later(&mut self, found: Found<'d>, name: Option<Arc<str>>) -> TypeId {
        let id = self.add(Type::Any);
        self.pending.insert(id, (found, name));
        self.queue.push(id);
        id
    }

    pub(super) fn add(&mut self, made: Type) -> TypeId {
        self.graph.types.push(made);
        TypeId(self.graph.types.len() as u32 - 1)
    }

    pub(super) fn any(&mut self) -> TypeId {
        match self.any {
            Some(id) => id,
            None => *self.any.insert({
                self.graph.types.push(Type::Any);
                TypeId(self.graph.types.len() as u32 - 1)
            }),
        }
    }

    pub(super) fn builtin(&mut self, local: &str, at: Span) -> TypeId {
        if local == "anyType" {
            return self.any();
        }
        if let Some(known) = self.builtins.get(local) {
            return *known;
        }
        let token = Simple { name: None, kind: Kind::Text, blank: Blank::Collapse, facets: Facets::default() };
        let Some(made) = builtin(local, || self.add(Type::Simple(token))) else {
            self.to.error(&codes::NAME_UNKNOWN, at, format!("XML Schema has no type `{local}`"), None);
            return self.any();
        };
        let id = self.add(Type::Simple(made));
        self.builtins.insert(local.to_string(), id);
        id
    }

    /// The types of XML Schema itself by their names: messages name them in `xsi:type`, rpc parts in `type`.
    fn name_builtins(&mut self) {
        let space = self.space(XSD_SPACE);
        self.graph.prefixes[space as usize].get_or_insert_with(|| "xs".into());
        for local in builtin::NAMES {
            let id = self.builtin(local, Span { file: FileId(0), from: 0, to: 0 });
            self.graph.named.insert((space, Arc::from(local)), id);
        }
    }

    /// The global element of a name that is declared.
    pub(super) fn root(&mut self, space: &str, local: &str) -> Option<ElementId> {
        let found = self.lookup(Sort::Element, space, local)?;
        let key = (self.space(space), Arc::from(local));
        if let Some(known) = self.graph.roots.get(&key) {
            return Some(*known);
        }
        // Reserved before it is read: its own type may refer to it.
        let id = self.element(key.0, local);
        self.graph.roots.insert(key, id);
        self.fill(id, found);
        Some(id)
    }

    /// A new element without content yet.
    pub(super) fn element(&mut self, space: u32, local: &str) -> ElementId {
        let content = self.any();
        self.graph.elements.push(Element::new(space, local.into(), content));
        ElementId(self.graph.elements.len() as u32 - 1)
    }

    /// Reads an element's declaration into its number.
    pub(super) fn fill(&mut self, id: ElementId, found: Found<'d>) {
        let content = self.content_of(found);
        let element = &mut self.graph.elements[id.0 as usize];
        element.content = content;
        element.nillable = matches!(found.tag.value("nillable"), Some("true" | "1"));
        element.is_abstract = matches!(found.tag.value("abstract"), Some("true" | "1"));
        element.fixed = found.tag.find("fixed").is_some();
        element.default = found.tag.find("default").or_else(|| found.tag.find("fixed")).map(|attribute| attribute.value.clone());
        element.about = about(found.tag);
    }

    /// The type of an element or attribute: named, written inside, or anything.
    pub(super) fn content_of(&mut self, found: Found<'d>) -> TypeId {
        match (found.tag.find("type"), found.first(&["complexType", "simpleType"])) {
            (Some(_), _) => self.type_of(found, "type"),
            (None, Some(inside)) => self.later(inside, None),
            // What stands in another element's place has its type, unless it says another one.
            (None, None) => match found.tag.value("substitutionGroup").and_then(|heads| heads.split_ascii_whitespace().next()) {
                Some(head) => self.type_of_head(found, head),
                None => self.any(),
            },
        }
    }

    fn type_of_head(&mut self, found: Found<'d>, head: &str) -> TypeId {
        let head = self.qname(found, "substitutionGroup", head).and_then(|(space, local)| self.root(&space, local));
        match head {
            Some(head) => self.graph.element(head).content,
            None => self.any(),
        }
    }

    /// Compiles a reserved type now, where that has not happened.
    pub(super) fn complete(&mut self, id: TypeId) {
        let Some((found, name)) = self.pending.remove(&id) else { return };
        self.open.insert(id);
        let made = match &*found.tag.local {
            "simpleType" => Type::Simple(self.simple(found, name)),
            _ => self.complex(id, found, name),
        };
        self.graph.types[id.0 as usize] = made;
        self.open.remove(&id);
    }

    /// Finishes the base of a type; `false` where the base is being finished already, which is a cycle.
    pub(super) fn finish_base(&mut self, base: TypeId, at: Span) -> bool {
        if self.open.contains(&base) {
            self.to.error(&codes::STRUCTURE, at, "a type derives from itself", None);
            return false;
        }
        self.complete(base);
        true
    }

    /// What unions become, now that all their types are known.
    fn unite(&mut self) {
        let united: Vec<Option<Common>> = self.graph.types.iter().map(|made| common(&self.graph, made, 0)).collect();
        for (made, common) in self.graph.types.iter_mut().zip(united) {
            if let (Type::Simple(Simple { kind: Kind::Union(_, is), .. }), Some(common)) = (made, common) {
                *is = common;
            }
        }
    }

    fn mark_extended(&mut self) {
        let bases: HashSet<TypeId> =
            self.graph.types.iter().filter_map(|made| if let Type::Complex(complex) = made { complex.base } else { None }).collect();
        for base in bases {
            if let Type::Complex(complex) = &mut self.graph.types[base.0 as usize] {
                complex.extended = true;
            }
        }
    }
}

/// What a type of a union becomes; `None` for what is no union and neither number nor flag.
fn common(graph: &Graph, made: &Type, depth: usize) -> Option<Common> {
    let Type::Simple(simple) = made else { return None };
    match &simple.kind {
        Kind::Integer { .. } => Some(Common::Integer),
        Kind::Decimal => Some(Common::Number),
        Kind::Flag => Some(Common::Flag),
        Kind::Union(members, _) if depth < UNION_DEPTH_MOST => {
            let mut all = members.iter().map(|id| common(graph, graph.content(*id), depth + 1).unwrap_or(Common::Text));
            let first = all.next().unwrap_or(Common::Text);
            Some(all.fold(first, |one, other| match (one, other) {
                _ if one == other => one,
                (Common::Integer | Common::Number, Common::Integer | Common::Number) => Common::Number,
                _ => Common::Text,
            }))
        }
        _ => Some(Common::Text),
    }
}

/// What an annotation says to a person, on one line.
pub(crate) fn about(tag: &Tag) -> Option<Arc<str>> {
    let annotation = tag.all(XSD_SPACE, "annotation").next()?;
    let text: Vec<&str> =
        annotation.all(XSD_SPACE, "documentation").flat_map(|documentation| documentation.text.split_whitespace()).collect();
    (!text.is_empty()).then(|| text.join(" ").into())
}
