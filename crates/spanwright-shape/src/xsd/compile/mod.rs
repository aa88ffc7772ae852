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
use super::documents::{Documents, is_well_known};
use super::facets::Facets;
use super::graph::{Blank, Element, ElementId, Graph, Kind, Simple, Type, TypeId};

mod names;
mod union;

pub(super) use names::{Found, Sort};

use names::Qualified;

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
    let mut graph = compiler.graph;
    union::unite(&mut graph);
    graph
}

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
        let id = self.element(key.0, key.1.clone());
        self.graph.roots.insert(key, id);
        self.fill(id, found);
        Some(id)
    }

    /// A new element without content yet.
    pub(super) fn element(&mut self, space: u32, local: Arc<str>) -> ElementId {
        let content = self.any();
        self.graph.elements.push(Element::new(space, local, content));
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

/// What an annotation says to a person, on one line.
pub(crate) fn about(tag: &Tag) -> Option<Arc<str>> {
    let annotation = tag.all(XSD_SPACE, "annotation").next()?;
    let mut texts =
        annotation.all(XSD_SPACE, "documentation").map(|documentation| documentation.text.trim()).filter(|text| !text.is_empty());
    let (first, second) = (texts.next()?, texts.next());
    if second.is_none() && is_one_line(first) {
        return Some(first.into());
    }
    let words: Vec<&str> = [first].into_iter().chain(second).chain(texts).flat_map(str::split_whitespace).collect();
    Some(words.join(" ").into())
}

/// Whether nothing but single blanks stand between the words of a text.
fn is_one_line(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.is_ascii() && !bytes.iter().zip(&bytes[1..]).any(|(one, next)| one.is_ascii_whitespace() && (*one != b' ' || *next == b' '))
}
