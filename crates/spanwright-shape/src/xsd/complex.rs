//! Declarations of types: what they derive from, their attributes and their content model.

use std::sync::Arc;

use crate::xml::{Element as Tag, XML_SPACE, codes};

use super::XSD_SPACE;
use super::compile::{Compiler, Found, Sort, about};
use super::facets::Facets;
use super::graph::{Blank, Complex, ElementId, Kind, Member, MemberKind, Particle, Route, Simple, Type, TypeId};
use super::occurs::Occurs;

/// Groups inside of groups; a group that contains itself is a problem and not a loop.
const GROUP_DEPTH_MOST: usize = 32;

/// What a complex type is made of before its members have their keys. Kept, since a derived type begins with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    attributes: Vec<Member>,
    text: Option<TypeId>,
    content: Option<Raw>,
    any_attribute: bool,
}

/// A content model whose elements have no member yet.
#[derive(Clone, Debug)]
enum Raw {
    Element(ElementId, Occurs),
    Any(Occurs),
    Sequence(Vec<Raw>, Occurs),
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
        let mixed = flag("mixed")
            || found.first(&["complexContent"]).is_some_and(|content| matches!(content.tag.value("mixed"), Some("true" | "1")));
        let base = base.filter(|base| matches!(self.graph.content(*base), Type::Complex(_)));
        let made = self.keyed(draft.clone(), Complex { name, base, mixed, is_abstract: flag("abstract"), ..Complex::default() });
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
            "element" => self.particle_element(found).map(|element| Raw::Element(element, occurs)),
            "any" => Some(Raw::Any(occurs)),
            "sequence" | "all" => Some(Raw::Sequence(self.parts(found, depth), occurs)),
            "choice" => Some(Raw::Choice(self.parts(found, depth), occurs)),
            "group" => {
                let group = self.referred(found, "ref", Sort::Group)?;
                let model = group.first(&["sequence", "choice", "all"])?;
                self.raw(model, depth + 1).map(|raw| Raw::Sequence(vec![raw], occurs))
            }
            _ => None,
        }
    }

    fn parts(&mut self, found: Found<'d>, depth: usize) -> Vec<Raw> {
        found.tag.of(XSD_SPACE).filter_map(|child| self.raw(found.inside(child), depth + 1)).collect()
    }

    fn particle_element(&mut self, found: Found<'d>) -> Option<ElementId> {
        if let Some(name) = found.tag.value("ref") {
            self.referred(found, "ref", Sort::Element)?;
            let (space, local) = self.qname(found, "ref", name)?;
            return self.root(&space, local);
        }
        let Some(name) = found.tag.value("name") else {
            self.to.error(&codes::STRUCTURE, found.tag.span, "an `element` has neither `name` nor `ref`", None);
            return None;
        };
        let qualified = found.tag.value("form").map_or(found.document.elements_qualified, |form| form == "qualified");
        let space = if qualified { self.space(&found.document.target) } else { 0 };
        let id = self.element(space, name);
        self.fill(id, found);
        Some(id)
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
                "anyAttribute" => draft.any_attribute = true,
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
        let kind = MemberKind::Attribute { space: self.space(&space), local: local.into(), content };
        draft.attributes.push(Member { key, kind, occurs: Occurs { least, most: Some(1) }, in_choice: false, about: about(found.tag) });
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

    fn prefix(&mut self, uri: &str) -> String {
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
            "union" => plain(Kind::Union(self.union(how)), Blank::Preserve),
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
        let mut texts: Vec<Arc<str>> = Vec::new();
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
                "minInclusive" => facets.least = Some((value, false)),
                "minExclusive" => facets.least = Some((value, true)),
                "maxInclusive" => facets.most = Some((value, false)),
                "maxExclusive" => facets.most = Some((value, true)),
                "pattern" => facets.pattern = Some(value),
                "whiteSpace" => simple.blank = blank(&value),
                // XSD 1.1 and vendors add facets of their own; permissive in reading.
                _ => {}
            }
        }
        if !texts.is_empty() {
            simple.facets.one_of = Some(texts.into());
        }
    }

    /// Gives the members of a draft their keys.
    fn keyed(&mut self, draft: Draft, mut made: Complex) -> Complex {
        if let Some(text) = draft.text {
            made.members.push(Member {
                key: "#text".into(),
                kind: MemberKind::Text(text),
                occurs: Occurs::ONCE,
                in_choice: false,
                about: None,
            });
        }
        made.members.extend(draft.attributes);
        made.any_attribute = draft.any_attribute;
        let particle = draft.content.filter(|_| draft.text.is_none()).map(|raw| self.particle(&raw, &mut made, false));
        for n in 0..made.members.len() {
            if let (MemberKind::Element(_) | MemberKind::Any | MemberKind::Items(_), Some(particle)) = (&made.members[n].kind, &particle) {
                made.members[n].occurs = count(particle, n as u32);
            }
        }
        made.particle = particle;
        made
    }

    fn particle(&mut self, raw: &Raw, made: &mut Complex, in_choice: bool) -> Particle {
        match raw {
            Raw::Element(element, occurs) => Particle::Element(self.member(*element, made, in_choice), *occurs),
            Raw::Any(occurs) => Particle::Any(any_member(made, in_choice), *occurs),
            Raw::Sequence(parts, occurs) => {
                Particle::Sequence(parts.iter().map(|part| self.particle(part, made, in_choice)).collect(), *occurs)
            }
            Raw::Choice(parts, occurs) => match items(parts, *occurs) {
                Some(elements) if !made.members.iter().any(|member| matches!(member.kind, MemberKind::Items(_))) => {
                    Particle::Items(self.items_member(elements, made), *occurs)
                }
                _ => Particle::Choice(parts.iter().map(|part| self.particle(part, made, true)).collect(), *occurs),
            },
        }
    }

    /// The member of an element: the same name twice in a content model is one member.
    fn member(&mut self, id: ElementId, made: &mut Complex, in_choice: bool) -> u32 {
        let element = self.graph.element(id).clone();
        if let Some(route) = made.routes.iter().find(|route| !route.item && route.space == element.space && route.local == element.local) {
            return route.member;
        }
        let taken = made.members.iter().any(|member| *member.key == *element.local);
        let key = if taken {
            let uri = self.graph.uri(element.space).clone();
            format!("{}:{}", self.prefix(&uri), element.local).into()
        } else {
            element.local.clone()
        };
        let member = made.members.len() as u32;
        made.members.push(Member { key, kind: MemberKind::Element(id), occurs: Occurs::ONCE, in_choice, about: element.about });
        made.routes.push(Route { space: element.space, local: element.local, element: id, member, item: false });
        member
    }

    fn items_member(&mut self, elements: Vec<ElementId>, made: &mut Complex) -> u32 {
        let member = made.members.len() as u32;
        for id in &elements {
            let element = self.graph.element(*id);
            made.routes.push(Route { space: element.space, local: element.local.clone(), element: *id, member, item: true });
        }
        made.members.push(Member {
            key: "$items".into(),
            kind: MemberKind::Items(elements),
            occurs: Occurs::ONCE,
            in_choice: false,
            about: None,
        });
        member
    }
}

fn any_member(made: &mut Complex, in_choice: bool) -> u32 {
    if let Some(known) = made.any {
        return known;
    }
    let member = made.members.len() as u32;
    made.members.push(Member { key: "$any".into(), kind: MemberKind::Any, occurs: Occurs::ONCE, in_choice, about: None });
    made.any = Some(member);
    member
}

/// The elements of a repeating choice between several, whose order may carry meaning.
fn items(parts: &[Raw], occurs: Occurs) -> Option<Vec<ElementId>> {
    let elements: Option<Vec<ElementId>> = parts.iter().map(|part| if let Raw::Element(id, _) = part { Some(*id) } else { None }).collect();
    elements.filter(|elements| occurs.repeats() && elements.len() > 1)
}

/// How often a member can stand in a content model.
fn count(particle: &Particle, member: u32) -> Occurs {
    match particle {
        Particle::Element(n, occurs) | Particle::Any(n, occurs) | Particle::Items(n, occurs) => {
            if *n == member {
                *occurs
            } else {
                Occurs::NEVER
            }
        }
        Particle::Sequence(parts, occurs) => parts.iter().map(|part| count(part, member)).fold(Occurs::NEVER, Occurs::plus).times(*occurs),
        Particle::Choice(parts, occurs) => {
            parts.iter().map(|part| count(part, member)).reduce(Occurs::or).unwrap_or(Occurs::NEVER).times(*occurs)
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
