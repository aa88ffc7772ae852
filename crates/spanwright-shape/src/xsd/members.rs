//! The keys of a complex type: which members its record has, and where each element goes.
//!
//! What decides is the type alone. An element that may come more than once is a list. A repeating group whose elements
//! could not be put back into their order from lists (a choice, or a sequence in which something may be left out) is one
//! list of items, each a record of one key: `"$items": [{"In": 1}, {"Out": 2}]`. Where text stands between elements all of
//! it is `$mixed`.

use std::collections::HashSet;
use std::sync::Arc;

use super::compile::Compiler;
use super::complex::{Draft, Raw};
use super::graph::{Complex, ElementId, Member, MemberKind, Model, Particle, Route, Wildcard};
use super::occurs::Occurs;

/// Wildcards that one group of items may have.
const ITEM_WILDCARDS_MOST: usize = 64;

/// The keys of items, and of items with text between them.
pub(super) const ITEMS: &str = "$items";
pub(super) const MIXED: &str = "$mixed";
pub(super) const ANY: &str = "$any";
pub(super) const TEXT: &str = "#text";

impl Compiler<'_, '_> {
    /// Gives the members of a draft their keys. `parent`: the type that this one derives from, `target`: its namespace.
    pub(super) fn keyed(&mut self, draft: &Draft, target: u32, parent: Option<&Complex>, made: &mut Complex) {
        if let Some(text) = draft.text {
            made.members.push(Member::new(TEXT.into(), MemberKind::Text(text)));
        }
        made.members.extend(draft.attributes.iter().cloned());
        made.any_attribute = draft.any_attribute.clone();
        let content = draft.content.as_ref().filter(|_| draft.text.is_none());
        let mut keying = Keying { compiler: self, target, made };
        let particle = match content {
            Some(raw) if keying.made.mixed => Some(keying.items(raw, MIXED, false)),
            None if keying.made.mixed => Some(keying.items(&Raw::Sequence(Vec::new(), Occurs::ONCE), MIXED, false)),
            Some(raw) if is_all_items(raw, keying.compiler) || parent.is_some_and(|parent| parent.items.is_some() && !has_items(raw)) => {
                Some(keying.items(raw, ITEMS, false))
            }
            Some(raw) => Some(keying.particle(raw, false)),
            None => None,
        };
        for (n, member) in made.members.iter_mut().enumerate() {
            let in_content = matches!(member.kind, MemberKind::Element(_) | MemberKind::Any | MemberKind::Items);
            if let (true, Some(particle)) = (in_content, &particle) {
                member.occurs = count(particle, n as u32);
            }
            // Paths that hold for the parent hold for what restricts it.
            let was_list = parent.is_some_and(|parent| parent.members.iter().any(|other| other.key == member.key && other.list));
            member.list = in_content && (was_list || member.occurs.repeats() || !matches!(member.kind, MemberKind::Element(_)));
        }
        made.particle = particle;
    }
}

struct Keying<'k, 'd, 'p> {
    compiler: &'k mut Compiler<'d, 'p>,
    target: u32,
    made: &'k mut Complex,
}

impl Keying<'_, '_, '_> {
    fn particle(&mut self, raw: &Raw, in_choice: bool) -> Particle {
        if needs_items(raw) {
            return self.items(raw, ITEMS, in_choice);
        }
        match raw {
            Raw::Element(element, occurs) => Particle::Element(self.member(*element, in_choice), *occurs),
            Raw::Any(wildcard, occurs) => {
                let member = self.any_member(in_choice);
                Particle::Any(member, numbered(&mut self.made.wildcards, wildcard), *occurs)
            }
            Raw::Sequence(parts, occurs) | Raw::All(parts, occurs) => {
                Particle::Sequence(parts.iter().map(|part| self.particle(part, in_choice)).collect(), *occurs)
            }
            Raw::Choice(parts, occurs) => {
                let in_choice = in_choice || parts.len() > 1;
                Particle::Choice(parts.iter().map(|part| self.particle(part, in_choice)).collect(), *occurs)
            }
        }
    }

    /// The member of an element: the same name twice in a content model is one member.
    fn member(&mut self, id: ElementId, in_choice: bool) -> u32 {
        let element = self.compiler.graph.element(id).clone();
        if let Some(route) =
            self.made.routes.iter().find(|route| !route.item && route.space == element.space && route.local == element.local)
        {
            return route.member;
        }
        let member = self.made.members.len() as u32;
        let key = self.member_key(element.space, &element.local);
        self.made.members.push(Member { in_choice, about: element.about, ..Member::new(key.clone(), MemberKind::Element(id)) });
        self.made.routes.push(Route { space: element.space, local: element.local, key, element: id, member, item: false });
        member
    }

    /// Of two elements with one local name that of the type's own namespace has it as its key, the other one a prefix.
    fn member_key(&mut self, space: u32, local: &Arc<str>) -> Arc<str> {
        let Some(other) = self.made.members.iter().position(|member| *member.key == **local) else { return local.clone() };
        if space != self.target {
            return self.prefixed(space, local);
        }
        let Some(n) = self.made.routes.iter().position(|route| route.member as usize == other) else { return self.prefixed(space, local) };
        let key = self.prefixed(self.made.routes[n].space, local);
        self.made.routes[n].key = key.clone();
        self.made.members[other].key = key;
        local.clone()
    }

    fn prefixed(&mut self, space: u32, local: &str) -> Arc<str> {
        // No namespace has no prefix; as `{}` it is a name all the same.
        if space == 0 {
            return format!("{{}}{local}").into();
        }
        let uri = self.compiler.graph.uri(space).clone();
        format!("{}:{local}", self.compiler.prefix(&uri)).into()
    }

    fn any_member(&mut self, in_choice: bool) -> u32 {
        if let Some(known) = self.made.any {
            return known;
        }
        let member = self.made.members.len() as u32;
        self.made.members.push(Member { in_choice, ..Member::new(ANY.into(), MemberKind::Any) });
        self.made.any = Some(member);
        member
    }

    /// A group whose elements are items.
    fn items(&mut self, raw: &Raw, key: &str, in_choice: bool) -> Particle {
        let member = self.made.items.unwrap_or(self.made.members.len() as u32);
        if self.made.items.is_none() {
            self.made.members.push(Member { in_choice, ..Member::new(key.into(), MemberKind::Items) });
            self.made.items = Some(member);
        }
        let model = self.model(raw, member);
        Particle::Items(member, model)
    }

    fn model(&mut self, raw: &Raw, member: u32) -> Model {
        let mut all = |parts: &[Raw]| parts.iter().map(|part| self.model(part, member)).collect();
        match raw {
            Raw::Sequence(parts, occurs) => Model::Sequence(all(parts), *occurs),
            Raw::All(parts, occurs) => Model::All(all(parts), *occurs),
            Raw::Choice(parts, occurs) => Model::Choice(all(parts), *occurs),
            Raw::Element(element, occurs) => Model::Element(self.item(*element, member), *occurs),
            Raw::Any(wildcard, occurs) => {
                let n = numbered(&mut self.made.item_wildcards, wildcard);
                Model::Any(n.min(ITEM_WILDCARDS_MOST as u32 - 1), *occurs)
            }
        }
    }

    fn item(&mut self, id: ElementId, member: u32) -> u32 {
        let element = self.compiler.graph.element(id).clone();
        let same = |route: &Route| route.item && route.space == element.space && route.local == element.local;
        if let Some(known) = self.made.routes.iter().position(same) {
            return known as u32;
        }
        let taken = self.made.routes.iter().any(|route| route.item && *route.key == *element.local);
        let key = if taken { self.prefixed(element.space, &element.local) } else { element.local.clone() };
        self.made.routes.push(Route { space: element.space, local: element.local, key, element: id, member, item: true });
        self.made.routes.len() as u32 - 1
    }
}

fn numbered(all: &mut Vec<Wildcard>, one: &Wildcard) -> u32 {
    let known = all.iter().position(|other| other == one);
    known.unwrap_or_else(|| {
        all.push(one.clone());
        all.len() - 1
    }) as u32
}

/// Whether lists would lose the order of a repeating group's elements.
fn needs_items(raw: &Raw) -> bool {
    match raw {
        Raw::Choice(parts, occurs) if occurs.repeats() => leaves(raw) > 1 && !is_one_list(parts),
        Raw::Sequence(parts, occurs) | Raw::All(parts, occurs) if occurs.repeats() => {
            let plain = |part: &Raw| matches!(part, Raw::Element(_, Occurs { least: 1, most: Some(1) }));
            !(is_one_list(parts) || parts.iter().all(plain) && all_differ(parts))
        }
        _ => false,
    }
}

/// Whether a group is nothing but one element or wildcard.
fn is_one_list(parts: &[Raw]) -> bool {
    match parts {
        [] => true,
        [Raw::Element(..) | Raw::Any(..)] => true,
        [Raw::Sequence(inside, _) | Raw::Choice(inside, _) | Raw::All(inside, _)] => is_one_list(inside),
        _ => false,
    }
}

fn all_differ(parts: &[Raw]) -> bool {
    let mut seen = HashSet::new();
    parts.iter().all(|part| if let Raw::Element(id, _) = part { seen.insert(*id) } else { true })
}

fn leaves(raw: &Raw) -> usize {
    match raw {
        Raw::Element(..) | Raw::Any(..) => 1,
        Raw::Sequence(parts, _) | Raw::All(parts, _) | Raw::Choice(parts, _) => parts.iter().map(leaves).sum(),
    }
}

fn has_items(raw: &Raw) -> bool {
    needs_items(raw)
        || match raw {
            Raw::Sequence(parts, _) | Raw::All(parts, _) | Raw::Choice(parts, _) => parts.iter().any(has_items),
            Raw::Element(..) | Raw::Any(..) => false,
        }
}

/// Whether an element, or open content, stands both in a group of items and beside it: then nothing but the place says where
/// it belongs, so that all of the content is items.
fn is_all_items(raw: &Raw, compiler: &Compiler<'_, '_>) -> bool {
    if !has_items(raw) {
        return false;
    }
    let (mut inside, mut beside) = (HashSet::new(), HashSet::new());
    gather(raw, false, compiler, &mut inside, &mut beside);
    !inside.is_disjoint(&beside)
}

type Names = HashSet<Option<(u32, Arc<str>)>>;

fn gather(raw: &Raw, in_items: bool, compiler: &Compiler<'_, '_>, inside: &mut Names, beside: &mut Names) {
    let in_items = in_items || needs_items(raw);
    let mut add = |name| if in_items { inside.insert(name) } else { beside.insert(name) };
    match raw {
        Raw::Element(id, _) => {
            let element = compiler.graph.element(*id);
            add(Some((element.space, element.local.clone())));
        }
        Raw::Any(..) => {
            add(None);
        }
        Raw::Sequence(parts, _) | Raw::All(parts, _) | Raw::Choice(parts, _) => {
            parts.iter().for_each(|part| gather(part, in_items, compiler, inside, beside));
        }
    }
}

/// How often a member can stand in a content model.
pub(super) fn count(particle: &Particle, member: u32) -> Occurs {
    match particle {
        Particle::Element(n, occurs) | Particle::Any(n, _, occurs) if *n == member => *occurs,
        Particle::Items(n, model) if *n == member => Occurs { least: u32::from(!model.may_be_empty()), most: None },
        Particle::Element(..) | Particle::Any(..) | Particle::Items(..) => Occurs::NEVER,
        Particle::Sequence(parts, occurs) => parts.iter().map(|part| count(part, member)).fold(Occurs::NEVER, Occurs::plus).times(*occurs),
        Particle::Choice(parts, occurs) => {
            parts.iter().map(|part| count(part, member)).reduce(Occurs::or).unwrap_or(Occurs::NEVER).times(*occurs)
        }
    }
}
