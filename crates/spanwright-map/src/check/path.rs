//! Steps of a path over shapes: unknown fields are named, and what may be missing stays known.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Presence, Shape, ShapeId, TextFacets},
    text::did_you_mean,
};

use super::{Checker, Seen, lattice, see::below, then};
use crate::{
    codes,
    op::{Op, Step, Way},
    program::Count,
    run::Kinds,
};

impl Checker<'_> {
    pub(super) fn path(&mut self, base: &Op, steps: &[Step], dot: &Seen) -> Seen {
        let mut seen = self.bare(base, dot);
        let mut owner = self.written(base);
        for step in steps {
            seen = self.step(seen, step, dot, &owner);
            owner = match &step.way {
                Way::Key(name, _) => format!("{}.{name}", owner.trim_end_matches('.')),
                Way::Item(_) | Way::Computed(_) | Way::Slice(..) => format!("{owner}[..]"),
            };
        }
        self.settled(seen)
    }

    fn step(&mut self, base: Seen, step: &Step, dot: &Seen, owner: &str) -> Seen {
        self.sites[step.site as usize].path = base.paths.first().cloned();
        let many = match &step.way {
            Way::Computed(key) => key.many,
            Way::Slice(from, to) => [from, to].into_iter().flatten().any(|bound| bound.many),
            Way::Key(..) | Way::Item(_) => false,
        };
        let base = if matches!(step.way, Way::Key(..)) { base } else { self.settled(base) };
        let next = match &step.way {
            Way::Key(name, _) => {
                let next = self.field(&base, name, step, owner);
                self.stepped(&base, name, next)
            }
            Way::Item(at) => self.item(&base, *at, step, owner),
            Way::Computed(key) => self.computed(&base, key, dot),
            Way::Slice(from, to) => self.slice(&base, from.as_ref(), to.as_ref(), step, dot, owner),
        };
        let count = if step.optional { then(Count::Maybe, base.count) } else { base.count };
        let count = if many { Count::Many } else { count };
        Seen { count, ..next }
    }

    fn field(&mut self, base: &Seen, name: &str, step: &Step, owner: &str) -> Seen {
        let paths = below(&base.paths, &key_step(name));
        let (mut found, mut names, mut type_name) = (Vec::new(), Vec::new(), None);
        let (mut absent, mut records, mut withheld, mut others) = (base.absent, false, false, Kinds::NONE);
        for arm in lattice::arms(self.shapes, base.shape) {
            match self.shapes.get(arm) {
                Shape::Any => {
                    self.can_fail |= !step.optional;
                    return Seen { absent: true, paths, ..self.anything() };
                }
                Shape::Null => absent = true,
                Shape::Record(record) => {
                    records = true;
                    match self.shapes.field(arm, name) {
                        Some(field) => {
                            absent |= field.presence == Presence::Maybe;
                            found.push(field.shape);
                        }
                        None => {
                            absent = true;
                            found.extend(record.rest);
                            names.extend(record.fields.iter().map(|field| field.name.clone()));
                            withheld |= record.withheld.iter().any(|held| **held == *name);
                            type_name = type_name.or(record.name.clone());
                        }
                    }
                }
                _ => others = others.or(lattice::kinds(self.shapes, arm).unwrap_or(Kinds::NONE)),
            }
        }
        self.can_fail |= !others.is_empty() && !step.optional;
        if found.is_empty() {
            if withheld {
                let help = "take it out, or add it to `may: { read: [..] }` of its system".to_string();
                self.error(&codes::WITHHELD, step.site, format!("`{name}` may not be read"), help);
            } else if records {
                // Also behind `?`: that passes over a value of another kind, and there is no such field in any.
                self.unknown_field(name, step.site, &names, type_name, owner);
            } else if !others.is_empty() && !step.optional {
                self.no_fields(name, step.site, others, owner);
            }
        }
        let shape = if found.is_empty() && (records || !others.is_empty()) {
            self.shapes.add(Shape::Any)
        } else {
            lattice::union(self.shapes, &found)
        };
        Seen { shape: self.or_null_where_empty(shape, &found), absent, count: Count::One, paths, known: Vec::new() }
    }

    /// A step from null alone gives null.
    fn or_null_where_empty(&mut self, shape: ShapeId, found: &[ShapeId]) -> ShapeId {
        if found.is_empty() && matches!(self.shapes.get(shape), Shape::Never) { self.shapes.add(Shape::Null) } else { shape }
    }

    fn unknown_field(&mut self, name: &str, site: u32, names: &[Arc<str>], type_name: Option<Arc<str>>, owner: &str) {
        let whose = match type_name {
            Some(name) => format!("`{name}`"),
            None if owner.is_empty() || owner == "." => "the input".to_string(),
            None => format!("`{owner}`"),
        };
        let help = match did_you_mean(name, names.iter().map(|name| &**name)) {
            Some(_) if names.iter().any(|have| **have == *format!("@{name}")) => format!("an attribute: write `attr(\"{name}\")`"),
            Some(help) => help.replacen('`', "`.", 1),
            None if names.iter().any(|have| **have == *format!("@{name}")) => format!("an attribute: write `attr(\"{name}\")`"),
            None if names.is_empty() => "it has no fields".to_string(),
            None => format!("it has {}", names.iter().take(12).map(|name| format!("`.{name}`")).collect::<Vec<_>>().join(", ")),
        };
        self.error(&codes::UNKNOWN_PATH, site, format!("{whose} has no field `{name}`"), help);
    }

    fn no_fields(&mut self, name: &str, site: u32, kinds: Kinds, owner: &str) {
        let help = match kinds {
            Kinds::LIST => format!("each of its items: `{owner}[].{name}`; the first: `{owner}[0].{name}`"),
            _ => "a path goes down records and lists only".to_string(),
        };
        self.error(&codes::KIND, site, format!("`{owner}` is {} and has no field `{name}`", kinds.words()), help);
    }

    fn item(&mut self, base: &Seen, at: i64, step: &Step, owner: &str) -> Seen {
        let paths = below(&base.paths, "[]");
        let (mut found, mut absent, mut others) = (Vec::new(), base.absent, Kinds::NONE);
        for arm in lattice::arms(self.shapes, base.shape) {
            match self.shapes.get(arm) {
                Shape::Any => {
                    self.can_fail |= !step.optional;
                    return Seen { absent: true, paths, ..self.anything() };
                }
                Shape::Null => absent = true,
                Shape::List(item, (least, _)) => {
                    let needs = if at < 0 { -at } else { at + 1 };
                    absent |= i64::from(*least) < needs;
                    found.push(*item);
                }
                _ => others = others.or(lattice::kinds(self.shapes, arm).unwrap_or(Kinds::NONE)),
            }
        }
        self.can_fail |= !others.is_empty() && !step.optional;
        if found.is_empty() && !others.is_empty() && !step.optional {
            let help = if others == Kinds::TEXT {
                format!("a character is a slice: `{owner}[{at}:{}]`", at + 1)
            } else {
                "only a list has items".to_string()
            };
            self.error(&codes::KIND, step.site, format!("`{owner}` is {} and has no items", others.words()), help);
        }
        let shape = lattice::union(self.shapes, &found);
        Seen { shape: self.or_null_where_empty(shape, &found), absent, count: Count::One, paths, known: Vec::new() }
    }

    /// A key that is known only when it runs: the whole is read.
    fn computed(&mut self, base: &Seen, key: &Op, dot: &Seen) -> Seen {
        let key = self.see(key, dot);
        self.read(&key);
        self.read(base);
        self.can_fail = true;
        let arms = lattice::arms(self.shapes, base.shape);
        let items: Vec<ShapeId> = arms
            .iter()
            .filter_map(|arm| match self.shapes.get(*arm) {
                Shape::List(item, _) => Some(*item),
                _ => None,
            })
            .collect();
        let shape = if items.len() == arms.len() { lattice::union(self.shapes, &items) } else { self.shapes.add(Shape::Any) };
        Seen { shape, absent: true, count: Count::One, paths: Vec::new(), known: Vec::new() }
    }

    fn slice(&mut self, base: &Seen, from: Option<&Op>, to: Option<&Op>, step: &Step, dot: &Seen, owner: &str) -> Seen {
        for bound in [from, to].into_iter().flatten() {
            let bound = self.see(bound, dot);
            self.read(&bound);
            self.can_fail = true;
        }
        let Some(kinds) = lattice::kinds(self.shapes, base.shape) else {
            self.can_fail = true;
            return Seen { absent: true, paths: base.paths.clone(), ..self.anything() };
        };
        if kinds.and(Kinds::TEXT.or(Kinds::LIST).or(Kinds::NULL)).is_empty() && !kinds.is_empty() && !step.optional {
            self.error(&codes::KIND, step.site, format!("`{owner}` is {} and cannot be sliced", kinds.words()), "text and lists can");
        }
        let mut parts = Vec::new();
        for arm in lattice::arms(self.shapes, base.shape) {
            parts.push(match self.shapes.get(arm).clone() {
                Shape::List(item, (_, most)) => self.shapes.add(Shape::List(item, (0, most))),
                Shape::Text(facets) => self.shapes.add(Shape::Text(TextFacets { longest: facets.longest, ..TextFacets::default() })),
                _ => arm,
            });
        }
        Seen {
            shape: lattice::union(self.shapes, &parts),
            absent: base.absent,
            count: Count::One,
            paths: base.paths.clone(),
            known: Vec::new(),
        }
    }
}

/// `.name`, or `."a b"`
fn key_step(name: &str) -> String {
    let plain =
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { format!(".{name}") } else { format!(".\"{name}\"") }
}
