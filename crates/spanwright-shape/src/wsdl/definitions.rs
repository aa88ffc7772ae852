//! The documents of a service description: the first one, what it imports, and every schema in or behind them.

use std::collections::{HashMap, HashSet};

use crate::text::{Bundle, FileId, Problems};
use crate::xml::{Element, Tree, codes};
use crate::xsd::{Documents, XSD_SPACE};

use super::WSDL_SPACE;

/// WSDL documents that one interface may consist of.
const WSDL_DOCUMENTS_MOST: usize = 100;

/// All documents, and what their tops declare by (kind, namespace, name).
pub(super) struct Definitions {
    pub(super) trees: Vec<Element>,
    pub(super) schemas: Documents,
}

/// Declarations by (kind, namespace, name).
pub(super) type Index<'d> = HashMap<(&'d str, &'d str, &'d str), &'d Element>;

impl Definitions {
    pub(super) fn read(file: FileId, bundle: &Bundle, to: &mut Problems) -> Option<Definitions> {
        let mut definitions = Definitions { trees: Vec::new(), schemas: Documents::new() };
        let tree = crate::xsd::read_tree(file, bundle, to)?;
        if !tree.root.is(WSDL_SPACE, "definitions") {
            let says = format!("`{}` is no WSDL 1.1: its root is `{}`", bundle.path(file), tree.root.local);
            to.error(&codes::NOT_A_WSDL, tree.root.span, says, help(&tree.root));
            return None;
        }
        definitions.add(tree, file, &mut HashSet::new(), bundle, to);
        Some(definitions)
    }

    fn add(&mut self, tree: Tree, file: FileId, seen: &mut HashSet<FileId>, bundle: &Bundle, to: &mut Problems) {
        if !seen.insert(file) {
            return;
        }
        if seen.len() > WSDL_DOCUMENTS_MOST {
            to.error(&codes::NOT_BUILT, tree.root.span, format!("more than {WSDL_DOCUMENTS_MOST} files (WSDL_DOCUMENTS_MOST)"), None);
            return;
        }
        for types in tree.root.all(WSDL_SPACE, "types") {
            types.all(XSD_SPACE, "schema").for_each(|schema| self.schemas.add(schema, bundle, to));
        }
        for import in tree.root.all(WSDL_SPACE, "import") {
            self.import(import, seen, bundle, to);
        }
        self.trees.push(tree.root);
    }

    fn import(&mut self, at: &Element, seen: &mut HashSet<FileId>, bundle: &Bundle, to: &mut Problems) {
        let Some(location) = at.value("location") else {
            to.error(&codes::STRUCTURE, at.span, "`import` has no `location`", None);
            return;
        };
        let Some(file) = crate::xsd::find_file(location, at.place("location"), bundle, to) else { return };
        let Some(tree) = crate::xsd::read_tree(file, bundle, to) else { return };
        match tree.root.is(WSDL_SPACE, "definitions") {
            true => self.add(tree, file, seen, bundle, to),
            // Some tools import schemas this way.
            false => self.schemas.add_file(file, None, bundle, to),
        }
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
