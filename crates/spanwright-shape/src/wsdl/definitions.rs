//! The documents of a service description: the first one, what it imports, and every schema in or behind them.

use std::collections::{HashMap, HashSet};

use crate::text::{Bundle, FileId, Problems};
use crate::xml::{Element, codes};
use crate::xsd::{Documents, XSD_SPACE};

use super::WSDL_SPACE;

/// WSDL documents that one interface may consist of.
const WSDL_DOCUMENTS_MOST: usize = 100;

/// All documents, and what their tops declare by (kind, namespace, name).
pub(super) struct Definitions {
    pub(super) trees: Vec<Element>,
    /// Which of them nothing imports: the file that was asked for, or the sections of metadata.
    asked: Vec<usize>,
    pub(super) schemas: Documents,
}

/// Declarations by (kind, namespace, name).
pub(super) type Index<'d> = HashMap<(&'d str, &'d str, &'d str), &'d Element>;

/// The namespace of WS-MetadataExchange, whose answers wrap a WSDL and its schemas.
const MEX_SPACE: &str = "http://schemas.xmlsoap.org/ws/2004/09/mex";

impl Definitions {
    pub(super) fn read(file: FileId, bundle: &Bundle, to: &mut Problems) -> Option<Definitions> {
        let mut definitions = Definitions { trees: Vec::new(), asked: Vec::new(), schemas: Documents::new() };
        let root = crate::xsd::read_tree(file, bundle, to)?.root;
        let mut seen = HashSet::from([file]);
        match (&*root.space, &*root.local) {
            (WSDL_SPACE, "definitions") => definitions.add_asked(root, &mut seen, bundle, to),
            (MEX_SPACE, "Metadata") => definitions.add_sections(root, &mut seen, bundle, to),
            _ => {
                let says = format!("`{}` is no WSDL 1.1: its root is `{}`", bundle.path(file), root.local);
                to.error(&codes::NOT_A_WSDL, root.span, says, help(&root));
                return None;
            }
        }
        definitions.schemas.settle(bundle, to);
        Some(definitions)
    }

    /// What a service answers that is asked for its metadata: WSDLs and schemas in sections.
    fn add_sections(&mut self, root: Element, seen: &mut HashSet<FileId>, bundle: &Bundle, to: &mut Problems) {
        for inside in root.children.into_iter().flat_map(|section| section.children) {
            match (&*inside.space, &*inside.local) {
                (WSDL_SPACE, "definitions") => self.add_asked(inside, seen, bundle, to),
                (XSD_SPACE, "schema") => self.schemas.add(inside, bundle, to),
                _ => {}
            }
        }
    }

    fn add_asked(&mut self, root: Element, seen: &mut HashSet<FileId>, bundle: &Bundle, to: &mut Problems) {
        self.add(root, seen, bundle, to);
        // It stands behind what it imports.
        self.asked.push(self.trees.len().saturating_sub(1));
    }

    fn add(&mut self, mut root: Element, seen: &mut HashSet<FileId>, bundle: &Bundle, to: &mut Problems) {
        if seen.len() > WSDL_DOCUMENTS_MOST {
            to.error(&codes::NOT_BUILT, root.span, format!("more than {WSDL_DOCUMENTS_MOST} files (WSDL_DOCUMENTS_MOST)"), None);
            return;
        }
        // The schemas are moved out: in a description of four megabytes they are nearly all of it.
        for types in root.children.iter_mut().filter(|child| child.is(WSDL_SPACE, "types")) {
            for schema in std::mem::take(&mut types.children).into_iter().filter(|child| child.is(XSD_SPACE, "schema")) {
                self.schemas.add(schema, bundle, to);
            }
        }
        for part in root.all(WSDL_SPACE, "message").flat_map(|message| message.all(WSDL_SPACE, "part")) {
            for name in ["type", "element"].iter().filter_map(|attribute| part.value(attribute)) {
                if let Some((space, _)) = part.resolve(name) {
                    self.schemas.name(&space);
                }
            }
        }
        let imports: Vec<Element> = root.all(WSDL_SPACE, "import").cloned().collect();
        for import in &imports {
            self.import(import, seen, bundle, to);
        }
        self.trees.push(root);
    }

    fn import(&mut self, at: &Element, seen: &mut HashSet<FileId>, bundle: &Bundle, to: &mut Problems) {
        let Some(location) = at.value("location") else {
            to.error(&codes::STRUCTURE, at.span, "`import` has no `location`", None);
            return;
        };
        let Some(file) = crate::xsd::find_file(location, at.place("location"), bundle, to) else { return };
        if !seen.insert(file) {
            return;
        }
        let Some(tree) = crate::xsd::read_tree(file, bundle, to) else { return };
        match tree.root.is(WSDL_SPACE, "definitions") {
            true => self.add(tree.root, seen, bundle, to),
            // Some tools import schemas this way.
            false => self.schemas.add_file(file, None, bundle, to),
        }
    }

    /// The services that are described: those of an imported document only where the one that was asked for has none.
    pub(super) fn services(&self) -> Vec<&Element> {
        let asked = self.asked.iter().filter_map(|n| self.trees.get(*n));
        let own: Vec<&Element> = asked.flat_map(|root| root.all(WSDL_SPACE, "service")).collect();
        if own.is_empty() { self.trees.iter().flat_map(|root| root.all(WSDL_SPACE, "service")).collect() } else { own }
    }

    /// What all documents declare.
    pub(super) fn index(&self) -> Index<'_> {
        let mut index = Index::new();
        for root in &self.trees {
            let target = root.value("targetNamespace").unwrap_or_default();
            for child in root.of(WSDL_SPACE) {
                if let Some(name) = child.value("name") {
                    index.entry((&*child.local, target, name)).or_insert(child);
                }
            }
        }
        index
    }
}

fn help(root: &Element) -> Option<String> {
    match (&*root.space, &*root.local) {
        ("http://www.w3.org/ns/wsdl", _) => Some("this is WSDL 2.0; ask the service for its WSDL 1.1".to_string()),
        (XSD_SPACE, _) => Some("a schema alone says nothing of operations; name the WSDL that imports it".to_string()),
        _ => None,
    }
}
