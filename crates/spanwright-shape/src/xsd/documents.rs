//! The schema documents of a bundle: the first one and all that it imports, from the project's own files only.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use crate::text::{Bundle, FileId, Problems, Span};
use crate::xml::{Element, Tree, codes};

use super::{XSD_SPACE, known};

/// Schema documents that one interface may consist of.
pub const XSD_DOCUMENTS_MOST: usize = 500;

/// Groups, types and elements that one schema redefines get this behind the name of what they were.
const BEFORE: &str = "\u{b7}redefined";
/// Attributes that name something in a schema or a message.
const NAMING: [&str; 6] = ["type", "base", "ref", "itemType", "memberTypes", "element"];

/// Whether a namespace is one whose names are taken on trust where nothing declares them.
pub(super) fn is_well_known(space: &str) -> bool {
    space == XSD_SPACE || known::schema(space).is_some()
}

/// One `schema` element.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Element,
    pub(super) target: Arc<str>,
    pub(super) elements_qualified: bool,
    pub(super) attributes_qualified: bool,
}

/// Every schema document that was asked for or imported, each once.
#[derive(Debug, Default)]
pub struct Documents {
    pub(super) all: Vec<Document>,
    seen: HashSet<(FileId, Arc<str>)>,
    /// Namespaces that something refers to.
    named: BTreeSet<Arc<str>>,
    /// Imports whose file is not there: a sibling may declare their namespace all the same.
    missing: Vec<Missing>,
}

#[derive(Debug)]
struct Missing {
    space: Arc<str>,
    location: String,
    at: Span,
}

impl Documents {
    /// None yet.
    pub fn new() -> Documents {
        Documents::default()
    }

    /// Adds an inline `schema` element of a file, and all that it imports.
    pub fn add(&mut self, root: Element, bundle: &Bundle, to: &mut Problems) {
        self.keep(root, None, bundle, to);
    }

    /// Adds a schema file and all that it imports; `of` is the target namespace of the including schema, where one includes it.
    pub fn add_file(&mut self, file: FileId, of: Option<&Arc<str>>, bundle: &Bundle, to: &mut Problems) {
        if let Some(root) = self.open(file, of, bundle, to) {
            self.keep(root, of, bundle, to);
        }
    }

    /// Once all are added: the built-in schemas that something refers to, and the imports that nothing answers.
    pub fn settle(&mut self, bundle: &Bundle, to: &mut Problems) {
        let wanted: Vec<&'static str> = known::spaces().filter(|space| self.named.contains(*space)).collect();
        for space in wanted {
            self.need(space, bundle, to);
        }
        for missing in std::mem::take(&mut self.missing) {
            if !self.targets().any(|target| *target == *missing.space) && !is_well_known(&missing.space) {
                refuse_missing(&missing.location, missing.at, bundle, to);
            }
        }
    }

    /// Adds the built-in schema of a namespace, where no document declares that.
    pub(super) fn need(&mut self, space: &str, bundle: &Bundle, to: &mut Problems) {
        let Some(text) = known::schema(space).filter(|_| !self.targets().any(|target| *target == *space)) else { return };
        let tree = Tree::read(BUILT_IN, text.as_bytes()).expect("a test reads every built-in schema");
        self.keep(tree.root, None, bundle, to);
    }

    /// Says that something refers to a namespace.
    pub(crate) fn name(&mut self, space: &Arc<str>) {
        if !self.named.contains(space) {
            self.named.insert(space.clone());
        }
    }

    /// The target namespaces of all documents.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|document| &*document.target)
    }

    /// The root of a schema file that was not read yet.
    fn open(&mut self, file: FileId, of: Option<&Arc<str>>, bundle: &Bundle, to: &mut Problems) -> Option<Element> {
        if !self.seen.insert((file, of.cloned().unwrap_or_default())) {
            return None;
        }
        let tree = read(file, bundle, to)?;
        if !tree.root.is(XSD_SPACE, "schema") {
            let says = format!("`{}` is no XML Schema: its root is `{}`", bundle.path(file), tree.root.local);
            to.error(&codes::NOT_A_SCHEMA, tree.root.span, says, None);
            return None;
        }
        Some(tree.root)
    }

    fn keep(&mut self, root: Element, of: Option<&Arc<str>>, bundle: &Bundle, to: &mut Problems) {
        if self.all.len() >= XSD_DOCUMENTS_MOST {
            to.error(&codes::NOT_BUILT, root.span, format!("more than {XSD_DOCUMENTS_MOST} schemas (XSD_DOCUMENTS_MOST)"), None);
            return;
        }
        let own: Option<Arc<str>> = root.find("targetNamespace").map(|attribute| attribute.value.clone());
        let target = own.or_else(|| of.cloned()).unwrap_or_default();
        self.gather(&root);
        let qualified = |name| root.value(name) == Some("qualified");
        let (elements_qualified, attributes_qualified) = (qualified("elementFormDefault"), qualified("attributeFormDefault"));
        let others: Vec<Element> =
            root.of(XSD_SPACE).filter(|child| matches!(&*child.local, "import" | "include" | "redefine" | "override")).cloned().collect();
        self.all.push(Document { root, target: target.clone(), elements_qualified, attributes_qualified });
        let here = self.all.len() - 1;
        for child in others {
            match &*child.local {
                "import" => self.import(&child, bundle, to),
                "include" => self.include(&child, &target, bundle, to),
                "redefine" => self.redefine(here, child, &target, bundle, to),
                _ => {
                    let says = format!("`{}` is not built: it is of XML Schema 1.1", child.local);
                    to.error(&codes::NOT_BUILT, child.span, says, Some("write the changed types into a schema of their own".to_string()));
                }
            }
        }
    }

    /// The namespaces of all that a schema refers to.
    fn gather(&mut self, tag: &Element) {
        for attribute in tag.attributes.iter().filter(|attribute| attribute.space.is_empty() && NAMING.contains(&&*attribute.local)) {
            for name in attribute.value.split_ascii_whitespace() {
                if let Some((space, _)) = tag.resolve(name) {
                    self.name(&space);
                }
            }
        }
        tag.children.iter().for_each(|child| self.gather(child));
    }

    fn import(&mut self, at: &Element, bundle: &Bundle, to: &mut Problems) {
        // Without a location the namespace is that of a sibling; the compiler says so where it is not.
        let Some(location) = at.value("schemaLocation") else { return };
        let place = at.place("schemaLocation");
        match locate(location, place, bundle) {
            Some(file) => self.add_file(file, None, bundle, to),
            None => {
                let space = at.find("namespace").map(|attribute| attribute.value.clone()).unwrap_or_default();
                self.missing.push(Missing { space, location: location.to_string(), at: place });
            }
        }
    }

    fn include(&mut self, at: &Element, target: &Arc<str>, bundle: &Bundle, to: &mut Problems) {
        if let Some(file) = located(at, bundle, to) {
            self.add_file(file, Some(target), bundle, to);
        }
    }

    /// Takes in the redefined schema with what is redefined under another name, and puts the new declarations, which
    /// may refer to what they were, beside the redefining schema's own.
    fn redefine(&mut self, here: usize, mut at: Element, target: &Arc<str>, bundle: &Bundle, to: &mut Problems) {
        let Some(file) = located(&at, bundle, to) else { return };
        let Some(mut root) = self.open(file, Some(target), bundle, to) else { return };
        for new in at.children.iter_mut().filter(|child| *child.space == *XSD_SPACE) {
            let Some(name) = new.find("name").map(|attribute| attribute.value.clone()) else { continue };
            let before: Arc<str> = format!("{name}{BEFORE}").into();
            for old in root.children.iter_mut().filter(|child| child.local == new.local && child.value("name") == Some(&name)) {
                set(old, "name", &name, &before);
            }
            let of_itself: &str = if matches!(&*new.local, "complexType" | "simpleType") { "base" } else { "ref" };
            let kind = new.local.clone();
            new.children.iter_mut().for_each(|child| rename(child, &kind, of_itself, &name, &before));
        }
        let new = at.children.into_iter().filter(|child| *child.space == *XSD_SPACE && child.find("name").is_some());
        self.all[here].root.children.extend(new);
        self.keep(root, Some(target), bundle, to);
    }
}

/// Where built-in schemas stand: in no file of a bundle.
const BUILT_IN: FileId = FileId(u32::MAX);

/// Lets what refers to its own name refer to what that was before.
fn rename(tag: &mut Element, kind: &str, attribute: &str, name: &str, before: &Arc<str>) {
    let local = tag.local.clone();
    let refers = match attribute {
        "base" => matches!(&*local, "restriction" | "extension"),
        _ => *local == *kind,
    };
    if let Some(old) = tag.value(attribute).filter(|value| refers && value.rsplit(':').next() == Some(name)).map(str::to_string) {
        let prefix = old.rsplit_once(':').map(|(prefix, _)| format!("{prefix}:")).unwrap_or_default();
        set(tag, attribute, &old, &format!("{prefix}{before}").into());
    }
    tag.children.iter_mut().for_each(|child| rename(child, kind, attribute, name, before));
}

fn set(tag: &mut Element, attribute: &str, from: &str, to: &Arc<str>) {
    for one in tag.attributes.iter_mut().filter(|one| one.space.is_empty() && *one.local == *attribute && *one.value == *from) {
        one.value = to.clone();
    }
}

fn located(at: &Element, bundle: &Bundle, to: &mut Problems) -> Option<FileId> {
    let Some(location) = at.value("schemaLocation") else {
        to.error(&codes::STRUCTURE, at.span, format!("`{}` has no `schemaLocation`", at.local), None);
        return None;
    };
    find(location, at.place("schemaLocation"), bundle, to)
}

/// A file of the bundle as a tree; says what is wrong with it where it is none.
pub(crate) fn read(file: FileId, bundle: &Bundle, to: &mut Problems) -> Option<Tree> {
    match Tree::read(file, bundle.bytes(file)) {
        Ok(tree) => Some(tree),
        Err(fault) => {
            // A fault may stand at the very end, or be counted in a text that is longer than its bytes.
            let end = bundle.bytes(file).len();
            let at = Span { file, from: fault.at.min(end) as u32, to: (fault.at + 1).min(end) as u32 };
            let help = fault.way_out().map(str::to_string);
            to.error(&codes::NOT_WELL_FORMED, at, fault.says, help);
            None
        }
    }
}

/// The file that a location names, seen from the file that names it; says where to put it where it is not there.
pub(crate) fn find(location: &str, at: Span, bundle: &Bundle, to: &mut Problems) -> Option<FileId> {
    let found = locate(location, at, bundle);
    if found.is_none() {
        refuse_missing(location, at, bundle, to);
    }
    found
}

fn locate(location: &str, at: Span, bundle: &Bundle) -> Option<FileId> {
    // A built-in schema imports nothing.
    if at.file == BUILT_IN { None } else { bundle.find(&beside(bundle.path(at.file), location)) }
}

fn refuse_missing(location: &str, at: Span, bundle: &Bundle, to: &mut Problems) {
    let path = beside(bundle.path(at.file), location);
    let says = format!("`{location}` is imported and not in the project");
    let help = if location.contains("://") {
        format!("nothing is fetched: put it at `{path}`, beside the importing file, or pin all of it with `spanwright schema import`")
    } else {
        format!("put it at `{path}`")
    };
    to.error(&codes::IMPORT_MISSING, at, says, Some(help));
}

/// A location as a path of the project: relative to the importing file; of an address only its last part.
pub fn beside(from: &str, location: &str) -> String {
    let location = match location.split_once("://") {
        Some((_, rest)) => rest.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default(),
        None => location,
    };
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = if from.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("{root}{}", parts.join("/"))
}

/// The locations that a document imports or includes, as it writes them: what a bundle has to have beside it.
pub fn locations(root: &Element) -> Vec<&str> {
    let mut found = Vec::new();
    gather_locations(root, &mut found);
    found
}

fn gather_locations<'e>(tag: &'e Element, found: &mut Vec<&'e str>) {
    let location = match (&*tag.space, &*tag.local) {
        (XSD_SPACE, "import" | "include" | "redefine" | "override") => tag.value("schemaLocation"),
        (crate::wsdl::WSDL_SPACE, "import") => tag.value("location"),
        _ => None,
    };
    found.extend(location);
    // Imports stand at the top of a schema, or of a WSDL and of the schemas in it.
    if !matches!(&*tag.local, "complexType" | "simpleType" | "element" | "message" | "portType" | "binding" | "service") {
        tag.children.iter().for_each(|child| gather_locations(child, found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_seen_from_its_own_file() {
        assert_eq!(beside("schemas/erp.wsdl", "erp-types.xsd"), "schemas/erp-types.xsd");
        assert_eq!(beside("schemas/a/b.xsd", "../c.xsd"), "schemas/c.xsd");
        assert_eq!(beside("erp.wsdl", "./x/../y.xsd"), "y.xsd");
        assert_eq!(beside("/a/b.wsdl", "../c.xsd"), "/c.xsd");
        assert_eq!(beside("schemas/erp.wsdl", "http://erp.example.com/types/t.xsd?v=1"), "schemas/t.xsd");
    }
}
