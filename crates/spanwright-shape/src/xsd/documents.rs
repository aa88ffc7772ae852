//! The schema documents of a bundle: the first one and all that it imports, from the project's own files only.

use std::{collections::HashSet, sync::Arc};

use crate::text::{Bundle, FileId, Problems, Span};
use crate::xml::{Element, Tree, codes};

use super::XSD_SPACE;

/// Schema documents that one interface may consist of.
pub const XSD_DOCUMENTS_MOST: usize = 500;

/// Namespaces whose schemas everyone knows and nobody ships: what they declare is built in or open.
const WELL_KNOWN: [&str; 8] = [
    XSD_SPACE,
    "http://www.w3.org/XML/1998/namespace",
    "http://schemas.xmlsoap.org/soap/encoding/",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
    "http://www.w3.org/2003/05/soap-encoding",
    "http://www.w3.org/2005/05/xmlmime",
    "http://www.w3.org/2004/08/xop/include",
];

/// Whether a namespace is one that needs no schema.
pub(super) fn is_well_known(space: &str) -> bool {
    WELL_KNOWN.contains(&space)
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
}

impl Documents {
    /// None yet.
    pub fn new() -> Documents {
        Documents::default()
    }

    /// Adds an inline `schema` element of a file, and all that it imports.
    pub fn add(&mut self, root: &Element, bundle: &Bundle, to: &mut Problems) {
        self.keep(root, None, bundle, to);
    }

    /// Adds a schema file and all that it imports; `of` is the target namespace of the including schema, where one includes it.
    pub fn add_file(&mut self, file: FileId, of: Option<&Arc<str>>, bundle: &Bundle, to: &mut Problems) {
        let target = of.cloned().unwrap_or_default();
        if !self.seen.insert((file, target)) {
            return;
        }
        let Some(tree) = read(file, bundle, to) else { return };
        if !tree.root.is(XSD_SPACE, "schema") {
            let says = format!("`{}` is no XML Schema: its root is `{}`", bundle.path(file), tree.root.local);
            to.error(&codes::NOT_A_SCHEMA, tree.root.span, says, None);
            return;
        }
        self.keep(&tree.root, of, bundle, to);
    }

    fn keep(&mut self, root: &Element, of: Option<&Arc<str>>, bundle: &Bundle, to: &mut Problems) {
        if self.all.len() >= XSD_DOCUMENTS_MOST {
            to.error(&codes::NOT_BUILT, root.span, format!("more than {XSD_DOCUMENTS_MOST} schemas (XSD_DOCUMENTS_MOST)"), None);
            return;
        }
        let own: Option<Arc<str>> = root.find("targetNamespace").map(|attribute| attribute.value.clone());
        let target = own.or_else(|| of.cloned()).unwrap_or_default();
        let qualified = |name| root.value(name) == Some("qualified");
        let (elements_qualified, attributes_qualified) = (qualified("elementFormDefault"), qualified("attributeFormDefault"));
        self.all.push(Document { root: root.clone(), target: target.clone(), elements_qualified, attributes_qualified });
        for child in root.of(XSD_SPACE) {
            match &*child.local {
                "import" => self.import(child, bundle, to),
                "include" => self.include(child, &target, bundle, to),
                "redefine" | "override" => {
                    let says = format!("`{}` is not built", child.local);
                    to.error(&codes::NOT_BUILT, child.span, says, Some("write the changed types into a schema of their own".to_string()));
                }
                _ => {}
            }
        }
    }

    fn import(&mut self, at: &Element, bundle: &Bundle, to: &mut Problems) {
        // Without a location the namespace is that of a sibling; the compiler says so where it is not.
        let Some(location) = at.value("schemaLocation") else { return };
        if is_well_known(at.value("namespace").unwrap_or_default()) {
            return;
        }
        if let Some(file) = find(location, at.place("schemaLocation"), bundle, to) {
            self.add_file(file, None, bundle, to);
        }
    }

    fn include(&mut self, at: &Element, target: &Arc<str>, bundle: &Bundle, to: &mut Problems) {
        let Some(location) = at.value("schemaLocation") else {
            to.error(&codes::STRUCTURE, at.span, "`include` has no `schemaLocation`", None);
            return;
        };
        if let Some(file) = find(location, at.place("schemaLocation"), bundle, to) {
            self.add_file(file, Some(target), bundle, to);
        }
    }
}

/// A file of the bundle as a tree; says what is wrong with it where it is none.
pub(crate) fn read(file: FileId, bundle: &Bundle, to: &mut Problems) -> Option<Tree> {
    match Tree::read(file, bundle.bytes(file)) {
        Ok(tree) => Some(tree),
        Err(fault) => {
            let at = Span { file, from: fault.at as u32, to: fault.at as u32 + 1 };
            to.error(&codes::NOT_WELL_FORMED, at, fault.says, None);
            None
        }
    }
}

/// The file that a location names, seen from the file that names it; says where to put it where it is not there.
pub(crate) fn find(location: &str, at: Span, bundle: &Bundle, to: &mut Problems) -> Option<FileId> {
    let path = beside(bundle.path(at.file), location);
    let found = bundle.find(&path);
    if found.is_none() {
        let says = format!("`{location}` is imported and not in the project");
        let help = if location.contains("://") {
            format!("nothing is fetched: put it at `{path}`, beside the importing file")
        } else {
            format!("put it at `{path}`")
        };
        to.error(&codes::IMPORT_MISSING, at, says, Some(help));
    }
    found
}

/// A location as a path of the project: relative to the importing file; of an address only its last part.
fn beside(from: &str, location: &str) -> String {
    let location = match location.split_once("://") {
        Some((_, rest)) => rest.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default(),
        None => location,
    };
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_seen_from_its_own_file() {
        assert_eq!(beside("schemas/erp.wsdl", "erp-types.xsd"), "schemas/erp-types.xsd");
        assert_eq!(beside("schemas/a/b.xsd", "../c.xsd"), "schemas/c.xsd");
        assert_eq!(beside("erp.wsdl", "./x/../y.xsd"), "y.xsd");
        assert_eq!(beside("schemas/erp.wsdl", "http://erp.example.com/types/t.xsd?v=1"), "schemas/t.xsd");
    }
}
