//! What the schemas declare, by name: the five kinds of names, who stands in whose place, and what a QName means.

use std::sync::Arc;

use crate::text::{Span, did_you_mean};
use crate::xml::{Element as Tag, codes};
use crate::xsd::{
    XSD_SPACE,
    documents::{Document, Documents, is_well_known},
};

use super::Compiler;

/// The five kinds of names that a schema declares at its top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::xsd) enum Sort {
    Type,
    Element,
    Group,
    AttributeGroup,
    Attribute,
}

impl Sort {
    pub(super) fn of(local: &str) -> Option<Sort> {
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
pub(in crate::xsd) struct Found<'d> {
    pub(in crate::xsd) document: &'d Document,
    pub(in crate::xsd) tag: &'d Tag,
}

impl<'d> Found<'d> {
    /// Something inside of this declaration.
    pub(in crate::xsd) fn inside(self, tag: &'d Tag) -> Found<'d> {
        Found { document: self.document, tag }
    }

    /// The first element in it of one of these names.
    pub(in crate::xsd) fn first(self, names: &[&str]) -> Option<Found<'d>> {
        self.tag.of(XSD_SPACE).find(|child| names.contains(&&*child.local)).map(|tag| self.inside(tag))
    }
}

/// A namespace and a local name.
pub(in crate::xsd) type Qualified = (Arc<str>, Arc<str>);

impl<'d> Compiler<'d, '_> {
    pub(super) fn read_index(&mut self, documents: &'d Documents) {
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
    pub(super) fn read_stand_ins(&mut self, documents: &'d Documents) {
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
    pub(in crate::xsd) fn substitutes(&self, space: &str, local: &str) -> Vec<Qualified> {
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

    pub(in crate::xsd) fn lookup(&self, sort: Sort, space: &str, local: &str) -> Option<Found<'d>> {
        self.index.get(&(sort, space, local)).copied()
    }

    /// What a QName in an attribute means. A schema without a namespace that another one includes speaks of the
    /// including one's names where it writes no prefix.
    pub(in crate::xsd) fn qname<'q>(&mut self, at: Found<'d>, attribute: &str, value: &'q str) -> Option<(Arc<str>, &'q str)> {
        let Some((space, local)) = at.tag.resolve(value) else {
            let says = format!("the prefix of `{value}` is bound to no namespace");
            self.to.error(&codes::NAME_UNKNOWN, at.tag.place(attribute), says, None);
            return None;
        };
        let chameleon = space.is_empty() && !value.contains(':') && at.document.root.find("targetNamespace").is_none();
        Some((if chameleon { at.document.target.clone() } else { space }, local))
    }

    /// The declaration that an attribute names; a problem where there is none.
    pub(in crate::xsd) fn referred(&mut self, at: Found<'d>, attribute: &str, sort: Sort) -> Option<Found<'d>> {
        let (space, local) = self.qname(at, attribute, at.tag.value(attribute)?)?;
        let found = self.lookup(sort, &space, local);
        if found.is_none() && !is_well_known(&space) {
            self.unknown(sort, &space, local, at.tag.place(attribute));
        }
        found
    }

    pub(in crate::xsd) fn unknown(&mut self, sort: Sort, space: &str, local: &str, at: Span) {
        let names = self.index.keys().filter(|(of, in_space, _)| *of == sort && *in_space == space).map(|(_, _, name)| *name);
        let help = did_you_mean(local, names);
        self.to.error(&codes::NAME_UNKNOWN, at, format!("no {} `{local}` is declared in `{space}`", sort.word()), help);
    }
}
