//! Declarations of types: what they derive from, their attributes and their content model.

use std::sync::Arc;

use crate::xml::{Element as Tag, XML_SPACE, codes};

use super::XSD_SPACE;
use super::compile::{Compiler, Found, Sort, about};
use super::documents::is_well_known;
use super::facets::{Bound, Facets};
use super::graph::{Blank, Common, Complex, ElementId, Kind, Member, MemberKind, Simple, Spaces, Type, TypeId, Wildcard};
use super::occurs::Occurs;
use super::pattern::Pattern;

/// Groups inside of groups; a group that contains itself is a problem and not a loop.
const GROUP_DEPTH_MOST: usize = 32;

/// What a complex type is made of before its members have their keys. Kept, since a derived type begins with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) attributes: Vec<Member>,
    pub(super) text: Option<TypeId>,
    pub(super) content: Option<Raw>,
    pub(super) any_attribute: Option<Wildcard>,
}

/// A content model whose elements have no member yet.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    Element(ElementId, Occurs),
    Any(Wildcard, Occurs),
    Sequence(Vec<Raw>, Occurs),
    All(Vec<Raw>, Occurs),
    Choice(Vec<Raw>, Occurs),
}

impl<'d> Compiler<'d, '_> {
    /// Reads a `complexType`.
    pub(super) fn complex(&mut self, id: TypeId, found: Found<'d>, name: Option<Arc<str>>) -> Type {
        let derivation = found.first(&["simpleContent", "complexContent"]).and_then(|content| content.first(&["extension", "restriction"]));
        let base = derivation.map(|derived| self.type_of(derived, "base"));
        let draft = match (derivation, base) {
            (Some(derived), Some(base)) if self.finish_base(base, derived.tag.place("base")) => self.derive(derived, base),
            _ => self.own(found),
        };
        let flag = |attribute| matches!(found.tag.value(attribute), Some("true" | "1"));
        let inside = found.first(&["complexContent"]).is_some_and(|content| matches!(content.tag.value("mixed"), Some("true" | "1")));
        let parent = base.and_then(|base| if let Type::Complex(parent) = self.graph.content(base) { Some(parent.clone()) } else { None });
        let mixed = draft.text.is_none() && (flag("mixed") || inside || parent.as_ref().is_some_and(|parent| parent.mixed));
        let base = base.filter(|_| parent.is_some());
        let target = self.space(&found.document.target);
        let mut made = Complex { name, base, mixed, is_abstract: flag("abstract"), ..Complex::default() };
        self.keyed(&draft, target, parent.as_ref(), &mut made);
        self.drafts.insert(id, draft);
        Type::Complex(made)
    }

    fn own(&mut self, found: Found<'d>) -> Draft {
        let mut draft = Draft { content: self.content(found), ..Draft::default() };
        self.attributes(found, &mut draft, 0);
        draft
    }

    fn derive(&mut self, derived: Found<'d>, base: TypeId) -> Draft {
        let mut draft = self.drafts.get(&base).cloned().unwrap_or_default();
        let extends = &*derived.tag.local == "extension";
        if let Type::Simple(_) = self.graph.content(base) {
            draft.text = Some(base);
        }
        if let (Some(text), false) = (draft.text, extends) {
            draft.text = Some(self.narrowed(derived, text));
        }
        let own = self.content(derived);
        draft.content = match (extends, draft.content, own) {
            (true, Some(first), Some(then)) => Some(Raw::Sequence(vec![first, then], Occurs::ONCE)),
            (true, first, then) => first.or(then),
            (false, _, own) => own,
        };
        if !extends {
            draft.any_attribute = None;
        }
        self.attributes(derived, &mut draft, 0);
        draft
    }

    fn narrowed(&mut self, derived: Found<'d>, text: TypeId) -> TypeId {
        let base = match derived.first(&["simpleType"]) {
            Some(inside) => self.later(inside, None),
            None => text,
        };
        self.complete(base);
        match self.graph.content(base) {
            Type::Simple(simple) => {
                let mut simple = simple.clone();
                self.facets(derived, &mut simple);
                self.add(Type::Simple(simple))
            }
            Type::Complex(_) | Type::Any => text,
        }
    }

    fn content(&mut self, found: Found<'d>) -> Option<Raw> {
        let model = found.first(&["sequence", "choice", "all", "group"])?;
        self.raw(model, 0)
    }

    fn raw(&mut self, found: Found<'d>, depth: usize) -> Option<Raw> {
        if depth > GROUP_DEPTH_MOST {
            self.to.error(
                &codes::STRUCTURE,
                found.tag.span,
                format!("groups nest deeper than {GROUP_DEPTH_MOST} (GROUP_DEPTH_MOST)"),
                None,
            );
            return None;
        }
        let occurs = self.occurs(found.tag);
        match &*found.tag.local {
            "element" => self.particle_element(found, occurs),
            "any" => Some(Raw::Any(self.wildcard(found), occurs)),
            "sequence" => Some(Raw::Sequence(self.parts(found, depth), occurs)),
            "all" => Some(Raw::All(self.parts(found, depth), occurs)),
            "choice" => Some(Raw::Choice(self.parts(found, depth), occurs)),
            "group" => {
                let group = self.referred(found, "ref", Sort::Group)?;
                let model = group.first(&["sequence", "choice", "all"])?;
                let inside = self.raw(model, depth + 1)?;
                Some(if occurs == Occurs::ONCE { inside } else { Raw::Sequence(vec![inside], occurs) })
            }
            _ => None,
        }
    }

    fn parts(&mut self, found: Found<'d>, depth: usize) -> Vec<Raw> {
        found.tag.of(XSD_SPACE).filter_map(|child| self.raw(found.inside(child), depth + 1)).collect()
    }

    fn particle_element(&mut self, found: Found<'d>, occurs: Occurs) -> Option<Raw> {
        if let Some(name) = found.tag.value("ref") {
            let (space, local) = self.qname(found, "ref", name)?;
            if self.referred(found, "ref", Sort::Element).is_none() {
                // What everyone knows and nobody declares (`xs:schema` in a data set) is open content.
                return is_well_known(&space).then_some(Raw::Any(Wildcard { spaces: Spaces::All, typed: true }, occurs));
            }
            let id = self.root(&space, local)?;
            return Some(self.substituted(id, &space, local, occurs));
        }
        let Some(name) = found.tag.find("name") else {
            self.to.error(&codes::STRUCTURE, found.tag.span, "an `element` has neither `name` nor `ref`", None);
            return None;
        };
        let qualified = found.tag.value("form").map_or(found.document.elements_qualified, |form| form == "qualified");
        let space = if qualified { self.space(&found.document.target) } else { 0 };
        let id = self.element(space, name.value.clone());
        self.fill(id, found);
        Some(Raw::Element(id, occurs))
    }

    /// An element and all that may stand in its place: one of them.
    fn substituted(&mut self, id: ElementId, space: &Arc<str>, local: &str, occurs: Occurs) -> Raw {
        let names = self.substitutes(space, local);
        let mut all: Vec<Raw> = Vec::new();
        for other in std::iter::once(Some(id)).chain(names.iter().map(|(space, local)| self.root(space, local)).collect::<Vec<_>>()) {
            let Some(other) = other.filter(|other| !self.graph.element(*other).is_abstract) else { continue };
            all.push(Raw::Element(other, Occurs::ONCE));
        }
        match all.as_slice() {
            [] => Raw::Element(id, occurs),
            [Raw::Element(only, _)] => Raw::Element(*only, occurs),
            _ => Raw::Choice(all, occurs),
        }
    }

    fn wildcard(&mut self, found: Found<'d>) -> Wildcard {
        let target = self.space(&found.document.target);
        let spaces = match found.tag.value("namespace").map(str::trim) {
            None | Some("##any" | "") => Spaces::All,
            Some("##other") => Spaces::Other(target),
            Some(some) => {
                let one = |space: &str| match space {
                    "##targetNamespace" => target,
                    "##local" => 0,
                    uri => self.space(uri),
                };
                Spaces::Of(some.split_ascii_whitespace().map(one).collect())
            }
        };
        Wildcard { spaces, typed: found.tag.value("processContents") != Some("skip") }
    }

    fn occurs(&mut self, tag: &Tag) -> Occurs {
        let mut number = |name: &str| match tag.value(name) {
            None => Some(1),
            Some("unbounded") if name == "maxOccurs" => None,
            Some(text) => Some(text.trim().parse().unwrap_or_else(|_| {
                let says = format!("`{name}` is `{text}`, which is no number");
                self.to.error(&codes::STRUCTURE, tag.place(name), says, None);
                1
            })),
        };
        let most = number("maxOccurs");
        Occurs { least: number("minOccurs").unwrap_or(1), most }
    }

    fn attributes(&mut self, found: Found<'d>, draft: &mut Draft, depth: usize) {
        for tag in found.tag.of(XSD_SPACE) {
            let child = found.inside(tag);
            match &*tag.local {
                "attribute" => self.attribute(child, draft),
                "anyAttribute" => draft.any_attribute = Some(self.wildcard(child)),
                "attributeGroup" if depth < GROUP_DEPTH_MOST => {
                    if let Some(group) = self.referred(child, "ref", Sort::AttributeGroup) {
                        self.attributes(group, draft, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn attribute(&mut self, found: Found<'d>, draft: &mut Draft) {
        let Some((space, local, content)) = self.attribute_name(found) else { return };
        let prefix = match &*space {
            "" => String::new(),
            XML_SPACE => "xml:".to_string(),
            _ => format!("{}:", self.prefix(&space)),
        };
        let key: Arc<str> = format!("@{prefix}{local}").into();
        draft.attributes.retain(|member| member.key != key);
        let least = match found.tag.value("use") {
            Some("prohibited") => return,
            Some("required") => 1,
            _ => 0,
        };
        let fixed = found.tag.find("fixed").map(|fixed| fixed.value.clone());
        let kind = MemberKind::Attribute { space: self.space(&space), local: local.into(), content, fixed };
        draft.attributes.push(Member { occurs: Occurs { least, most: Some(1) }, about: about(found.tag), ..Member::new(key, kind) });
    }

    fn attribute_name(&mut self, found: Found<'d>) -> Option<(Arc<str>, &'d str, TypeId)> {
        if let Some(name) = found.tag.value("ref") {
            let (space, local) = self.qname(found, "ref", name)?;
            let content = match self.referred(found, "ref", Sort::Attribute) {
                Some(declared) => self.attribute_content(declared),
                None => self.builtin("string", found.tag.span),
            };
            return Some((space, local, content));
        }
        let Some(name) = found.tag.value("name") else {
            self.to.error(&codes::STRUCTURE, found.tag.span, "an `attribute` has neither `name` nor `ref`", None);
            return None;
        };
        let qualified = found.tag.value("form").map_or(found.document.attributes_qualified, |form| form == "qualified");
        let space = if qualified { found.document.target.clone() } else { Arc::from("") };
        Some((space, name, self.attribute_content(found)))
    }

    fn attribute_content(&mut self, found: Found<'d>) -> TypeId {
        let typed = found.tag.find("type").is_some() || found.first(&["simpleType"]).is_some();
        if typed { self.content_of(found) } else { self.builtin("string", found.tag.span) }
    }

    pub(super) fn prefix(&mut self, uri: &str) -> String {
        let space = self.space(uri) as usize;
        self.graph.prefixes[space].get_or_insert_with(|| format!("ns{space}").into()).to_string()
    }

    /// Reads a `simpleType`.
    pub(super) fn simple(&mut self, found: Found<'d>, name: Option<Arc<str>>) -> Simple {
        let plain = |kind, blank| Simple { name: name.clone(), kind, blank, facets: Facets::default() };
        let Some(how) = found.first(&["restriction", "list", "union"]) else {
            self.to.error(&codes::STRUCTURE, found.tag.span, "a `simpleType` has neither `restriction`, `list` nor `union`", None);
            return plain(Kind::Text, Blank::Preserve);
        };
        match &*how.tag.local {
            "list" => {
                let item = self.base_of(how, "itemType");
                plain(Kind::List(item), Blank::Collapse)
            }
            // What it becomes is known when all types are.
            "union" => plain(Kind::Union(self.union(how), Common::Text), Blank::Preserve),
            _ => {
                let base = self.base_of(how, "base");
                let mut simple = match self.finish_base(base, how.tag.place("base")).then(|| self.graph.content(base)) {
                    Some(Type::Simple(base)) => Simple { name: name.clone(), ..base.clone() },
                    _ => plain(Kind::Text, Blank::Preserve),
                };
                self.facets(how, &mut simple);
                simple
            }
        }
    }

    fn base_of(&mut self, how: Found<'d>, attribute: &str) -> TypeId {
        match (how.tag.find(attribute), how.first(&["simpleType"])) {
            (None, Some(inside)) => self.later(inside, None),
            _ => self.type_of(how, attribute),
        }
    }

    fn union(&mut self, how: Found<'d>) -> Vec<TypeId> {
        let mut members: Vec<TypeId> = how.tag.all(XSD_SPACE, "simpleType").map(|tag| self.later(how.inside(tag), None)).collect();
        for name in how.tag.value("memberTypes").unwrap_or_default().split_whitespace() {
            let Some((space, local)) = self.qname(how, "memberTypes", name) else { continue };
            let at = how.tag.place("memberTypes");
            match (*space == *XSD_SPACE, self.lookup(Sort::Type, &space, local)) {
                (true, _) => members.push(self.builtin(local, at)),
                (false, Some(_)) => members.push(self.named(&space, local)),
                (false, None) => self.unknown(Sort::Type, &space, local, at),
            }
        }
        members
    }

    fn facets(&mut self, how: Found<'d>, simple: &mut Simple) {
        let (mut texts, mut patterns): (Vec<Arc<str>>, Vec<Arc<str>>) = Default::default();
        for tag in how.tag.of(XSD_SPACE) {
            let Some(value) = tag.find("value").map(|attribute| attribute.value.clone()) else { continue };
            let facets = &mut simple.facets;
            match &*tag.local {
                "enumeration" => texts.push(value),
                "length" => (facets.shortest, facets.longest) = (value.parse().ok(), value.parse().ok()),
                "minLength" => facets.shortest = value.parse().ok(),
                "maxLength" => facets.longest = value.parse().ok(),
                "totalDigits" => facets.digits = value.parse().ok(),
                "fractionDigits" => facets.fraction = value.parse().ok(),
                "minInclusive" => facets.least = Some(Bound::new(value, false)),
                "minExclusive" => facets.least = Some(Bound::new(value, true)),
                "maxInclusive" => facets.most = Some(Bound::new(value, false)),
                "maxExclusive" => facets.most = Some(Bound::new(value, true)),
                "pattern" => patterns.push(value),
                "whiteSpace" => simple.blank = blank(&value),
                // XSD 1.1 and vendors add facets of their own; permissive in reading.
                _ => {}
            }
        }
        if !texts.is_empty() {
            simple.facets.one_of = Some(texts.into());
        }
        // Patterns of one step are alternatives; those of several must all hold.
        if !patterns.is_empty() {
            let one: Arc<str> = if patterns.len() == 1 { patterns.remove(0) } else { format!("({})", patterns.join(")|(")).into() };
            simple.facets.patterns.push(Arc::new(Pattern::new(one)));
        }
    }
}

fn blank(value: &str) -> Blank {
    match value {
        "collapse" => Blank::Collapse,
        "replace" => Blank::Replace,
        _ => Blank::Preserve,
    }
}
