//! `name[]: { each: EXPR, fields: .. }`: a record for each item of a list, whose rows see the item as `.`, and `$root`,
//! `$parent` and `$index` beside it.

use std::sync::Arc;

use spanwright_shape::{
    shape::{NumberFacets, NumberKind, Presence, Shape, ShapeId},
    text::Scalar,
};

use super::{
    Lineage,
    border::{Target, counts},
    check::{Checking, Way},
    form::{Each, Item},
    level::Leaf,
    row::{Empty, List, NoList, Row, Writes},
};
use crate::{
    check::{Seen, lattice},
    codes,
    program::{Count, Program},
    run::Kinds,
};

impl Checking<'_, '_> {
    pub(super) fn each(&mut self, way: &Way<'_>, form: &Each<'_>, wanted: &Target) -> Option<Leaf> {
        let before = self.lineage.len();
        let (each, given) = Program::check_in(form.each, &mut self.sight, self.to)?;
        self.one_result(&given, form.each);
        let item = self.item_of(&given, form.each)?;
        let rule = format!("each {}", form.each.text.trim());
        self.lineage.push(Lineage {
            target: way.target_name(),
            reads: each.gives().reads.clone(),
            rule: rule.into(),
            note: form.note.map(|note| note.text.as_str().into()),
            residue: None,
        });
        let item_target = self.item_target(way, wanted)?;
        let prefix = format!("{}.", way.target());
        let (rows, shape) = match form.item {
            Item::Fields(key, fields) => self.inside(item, |here| here.table_of(fields, None, item_target, &prefix, key.span)),
            Item::Map(name) => self.rows_of(name, item, way, item_target)?,
        };
        let alone = matches!(form.item, Item::Map(_));
        self.also_read(&each, before + 1);
        let on_absent = Self::on_no_list(form, wanted);
        let (shape, presence, counts) = self.list_shape(shape, &given, wanted, on_absent);
        let looks_around = !alone && looks_around(&rows);
        let place = self.place_of(way, form.each, None);
        let list = List { each, rows, alone, looks_around, on_absent, counts, place };
        Some(Leaf { writes: Writes::List(Box::new(list)), shape, presence })
    }

    /// What a list or record is computed from decides over every row in it; where it is a path, the rows know what they read of it.
    pub(super) fn also_read(&mut self, source: &Program, from: usize) {
        if source.is_path() {
            return;
        }
        for row in &mut self.lineage[from..] {
            row.reads.extend(source.gives().reads.iter().cloned());
            row.reads.sort();
            row.reads.dedup();
        }
    }

    /// Inside `each`: the item is the dot, and there are `$root`, `$parent` and `$index`.
    fn inside<T>(&mut self, item: Seen, inside: impl FnOnce(&mut Self) -> T) -> T {
        let index = self.sight.shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 0 })));
        let parent = std::mem::replace(&mut self.sight.dot, item);
        let names = self.sight.names.clone();
        let root = names.iter().rev().find(|(name, _)| &**name == "root").map_or_else(|| parent.clone(), |(_, seen)| seen.clone());
        let index = Seen { shape: index, absent: false, count: Count::One, paths: Vec::new(), known: Vec::new() };
        self.sight.names.extend([("root".into(), root), ("parent".into(), parent.clone()), ("index".into(), index)]);
        let made = inside(self);
        self.sight.names = names;
        self.sight.dot = parent;
        made
    }

    /// The shape of a list that is made, whether it is always there, and how many items the target takes.
    fn list_shape(&mut self, item: ShapeId, given: &Seen, wanted: &Target, on_absent: NoList) -> (ShapeId, Presence, (u32, Option<u32>)) {
        let taken = wanted.shape.map_or((0, None), |wanted| {
            let wanted = lattice::without(self.sight.shapes, wanted, Kinds::NULL);
            counts(self.sight.shapes, wanted)
        });
        // As many as the target takes, since they are counted when it runs.
        let many = if wanted.shape.is_some() { taken } else { counts(self.sight.shapes, given.shape) };
        let list = self.sight.shapes.add(Shape::List(item, many));
        let known = lattice::kinds(self.sight.shapes, given.shape);
        let sure = !given.absent && given.count == Count::One && known.is_some_and(|kinds| !kinds.has(Kinds::NULL));
        match on_absent {
            _ if sure => (list, Presence::Always, taken),
            NoList::Omit => (list, Presence::Maybe, taken),
            NoList::Null => (self.sight.shapes.or_null(list), Presence::Always, taken),
            NoList::Empty | NoList::Fail => (list, Presence::Always, taken),
        }
    }
    /// The item of what `each` gives. `None`: it is no list, and that was said.
    fn item_of(&mut self, given: &Seen, text: &Scalar) -> Option<Seen> {
        let core = lattice::without(self.sight.shapes, given.shape, Kinds::NULL);
        let shape = match self.sight.shapes.get(core) {
            Shape::List(item, _) => *item,
            Shape::Any => core,
            _ => {
                let help = "`each` goes through a list: write the path of one".to_string();
                self.to.error(&codes::KIND, text.place(0, text.text.len()), "`each` wants a list", help);
                return None;
            }
        };
        let paths = given.paths.iter().map(|path| Arc::from(format!("{path}[]"))).collect();
        Some(Seen { shape, absent: false, count: Count::One, paths, known: Vec::new() })
    }

    /// The shape of an item of the target's list. `None`: it has no list there, and that was said.
    fn item_target(&mut self, way: &Way<'_>, wanted: &Target) -> Option<Option<ShapeId>> {
        let Some(shape) = wanted.shape else { return Some(None) };
        let core = lattice::without(self.sight.shapes, shape, Kinds::NULL);
        match self.sight.shapes.get(core) {
            Shape::List(item, _) => Some(Some(*item)),
            Shape::Any | Shape::OneOf(_) => Some(None),
            _ => {
                self.to.error(
                    &codes::MISFIT,
                    way.span(),
                    format!("the target's `{}` is no list", way.target()),
                    "leave `[]` away".to_string(),
                );
                None
            }
        }
    }

    /// What becomes of a list that is not there: a required one is written empty.
    fn on_no_list(form: &Each<'_>, wanted: &Target) -> NoList {
        match (form.empty, wanted.required) {
            (Some(Empty::Null), _) => NoList::Null,
            (Some(Empty::Fail), _) => NoList::Fail,
            (Some(Empty::Omit) | None, true) => NoList::Empty,
            (Some(Empty::Omit) | None, false) => NoList::Omit,
        }
    }
}

fn looks_around(rows: &[Row]) -> bool {
    rows.iter().any(|row| match &row.writes {
        Writes::Constant(_) => false,
        Writes::Field(field) => field.from.looks_around() || field.then.as_ref().is_some_and(Program::looks_around),
        Writes::Record(rows) => looks_around(rows),
        Writes::Inner(sub) => sub.from.looks_around(),
        Writes::List(list) => list.each.looks_around() || list.looks_around,
    })
}
