//! FIELDS to rows: target paths are found, forms read, expressions checked, required fields counted.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Fit, Presence, Shape, ShapeId, fits},
    text::{Node, NodeKind, Problems, Scalar, Span},
};

use super::{
    Lineage, MapContext, Mapping,
    border::{self, Target},
    constant,
    form::{self, Form, From},
    hold::Held,
    level::{Leaf, Level},
    row::{Empty, Field, Place, Row, Writes},
};
use crate::{
    check::{Seen, Sight, lattice},
    codes,
    program::{Count, Program, Scope},
};

/// A mapping that is being checked.
pub struct Checking<'c, 's> {
    pub(super) sight: Sight<'s>,
    pub(super) context: &'c MapContext<'c>,
    pub(super) to: &'c mut Problems,
    pub(super) lineage: Vec<Lineage>,
    /// `empty:` of the map that is checked.
    pub(super) empty: Option<Empty>,
    /// A row could not be made because of what is said elsewhere.
    pub(super) lost: bool,
    /// The maps that are inside each other here, the outermost first.
    pub(super) within: Vec<Arc<str>>,
    /// The shapes that values are held against when it runs.
    pub(super) held: Held,
}

/// Where a key leads.
pub struct Way<'k> {
    pub(super) key: &'k Scalar,
    pub(super) segments: Vec<&'k str>,
    list: bool,
    /// `addresses[].street`
    target: Arc<str>,
}

impl Way<'_> {
    /// `addresses[].street`
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The same, shared.
    pub fn target_name(&self) -> Arc<str> {
        self.target.clone()
    }

    /// The key.
    pub fn span(&self) -> Span {
        self.key.span
    }
}

impl<'c, 's> Checking<'c, 's> {
    /// Nothing checked yet.
    pub fn new(scope: &'c mut Scope<'s>, context: &'c MapContext<'c>, to: &'c mut Problems) -> Checking<'c, 'c>
    where
        's: 'c,
    {
        let empty = Self::empty_of_map(context.empty);
        Checking {
            sight: scope.sight(),
            context,
            to,
            lineage: Vec::new(),
            empty,
            lost: false,
            within: vec![context.name.clone()],
            held: Held::default(),
        }
    }

    /// What a null becomes where a field says nothing; the words were checked with the file.
    pub(super) fn empty_of_map(word: Option<&Scalar>) -> Option<Empty> {
        word.and_then(|word| form::empty_word(&word.text))
    }

    /// The whole mapping. `None`: the problems say why.
    pub fn mapping(mut self, fields: &Node) -> Option<Mapping> {
        let before = self.to.errors();
        let target = self.context.target.as_ref().map(|target| self.sight.shapes.import(&target.shapes, target.id));
        let target = target.map(|id| lattice::without(self.sight.shapes, id, crate::run::Kinds::NULL));
        let (rows, gives) = self.table_of(fields, self.context.copy, target, "", form::first_line(fields.span, fields));
        let fits = target.is_some_and(|target| fits(self.sight.shapes, gives, target) == Fit::Fits);
        let proved = self.context.target.clone().filter(|_| fits);
        let name = self.context.name.clone();
        let made = Mapping { name, rows, held: self.held.shapes, gives, proved, lineage: self.lineage };
        (self.to.errors() == before && !self.lost).then_some(made)
    }

    /// The rows of one table, and the shape of its record.
    pub(super) fn table_of(
        &mut self,
        fields: &Node,
        copy: Option<&Node>,
        target: Option<ShapeId>,
        prefix: &str,
        at: Span,
    ) -> (Vec<Row>, ShapeId) {
        let NodeKind::Map(pairs) = &fields.kind else {
            self.to.error(
                &codes::FORM,
                fields.span,
                "`fields` is a mapping of target fields to expressions",
                "write `name: .Name`, one a line".to_string(),
            );
            return (Vec::new(), self.any());
        };
        let mut level = Level::default();
        let copied = copy.map(|copy| self.copied(copy, fields, target)).unwrap_or_default();
        for (key, node) in pairs.iter().chain(&copied) {
            self.pair(key, node, target, prefix, &mut level);
        }
        self.required(target, &level, at);
        let (rows, shape, _) = self.rows_of_level(level, target);
        (rows, shape)
    }

    fn any(&mut self) -> ShapeId {
        self.sight.shapes.add(Shape::Any)
    }

    fn pair(&mut self, key: &Scalar, node: &Node, target: Option<ShapeId>, prefix: &str, level: &mut Level) {
        let text = key.text.as_str();
        let (path, list) = text.strip_suffix("[]").map_or((text, false), |path| (path, true));
        let segments: Vec<&str> = path.split('.').collect();
        if segments.iter().any(|segment| segment.is_empty()) {
            self.to.error(
                &codes::FORM,
                key.span,
                format!("`{text}` is no target path"),
                "write `city`, `billing.city` or, for a list, `lines[]`".to_string(),
            );
            return;
        }
        let way = Way { key, segments, list, target: format!("{prefix}{text}").into() };
        let Some(wanted) = self.target_of(&way, target) else { return };
        let before = self.lineage.len();
        let leaf = self.writes(&way, node, &wanted).unwrap_or_else(|| {
            self.lineage.truncate(before);
            self.lost = true;
            // The key is there, if wrong: it is not also reported as left out.
            Leaf { writes: Writes::Constant(Box::default()), shape: self.any(), presence: Presence::Maybe }
        });
        self.place(&way, leaf, target, level);
    }

    fn writes(&mut self, way: &Way<'_>, node: &Node, wanted: &Target) -> Option<Leaf> {
        match form::read(node, self.to)? {
            Form::Constant(value, note) => self.constant(way, node, value, note, wanted),
            Form::From(from) if !way.list => self.field(way, &from, wanted),
            Form::Each(each) if way.list => self.each(way, &each, wanted),
            Form::Inner(inner) if !way.list => self.inner(way, &inner, wanted),
            Form::Inner(inner) => {
                let help = format!("write `{{ each: {}, map: {} }}`", inner.from.text.trim(), inner.map.text);
                self.to.error(&codes::FORM, way.key.span, format!("`{}` is a list, and wants `each`", way.key.text), help);
                None
            }
            Form::From(from) => {
                let help = format!(
                    "write `{}: {}` for a list of plain values, or `{{ each: .., fields: .. }}` for one of records",
                    way.segments.join("."),
                    from.from.text
                );
                self.to.error(&codes::FORM, way.key.span, format!("`{}` wants `each` and `fields`", way.key.text), help);
                None
            }
            Form::Each(_) => {
                let help = format!("write the key as `{}[]:`", way.segments.join("."));
                self.to.error(&codes::FORM, way.key.span, "`each` makes a list, and the key does not say so", help);
                None
            }
        }
    }

    fn constant(&mut self, way: &Way<'_>, node: &Node, value: &Node, note: Option<&Scalar>, wanted: &Target) -> Option<Leaf> {
        let json = constant::json(value);
        let rule: Arc<str> = String::from_utf8_lossy(&json).into();
        let shape = self.constant_fits(value, wanted, form::first_line(value.span, node), note.is_some());
        self.lineage.push(Lineage {
            target: way.target.clone(),
            reads: Vec::new(),
            rule,
            note: note.map(|note| note.text.as_str().into()),
            residue: None,
        });
        Some(Leaf { writes: Writes::Constant(json), shape, presence: Presence::Always })
    }

    fn field(&mut self, way: &Way<'_>, form: &From<'_>, wanted: &Target) -> Option<Leaf> {
        let before = self.to.errors();
        let source = Program::check_in(form.from, &mut self.sight, self.to);
        let (from, mut given) = match source {
            Some(source) => source,
            None => {
                if let Some(then) = form.then {
                    self.unread(then);
                }
                return None;
            }
        };
        self.one_result(&given, form.from);
        let bare = from.is_path() && form.then.is_none();
        let mut reads = from.gives().reads.clone();
        let then = match form.then {
            None => None,
            Some(text) => {
                let (then, seen) = self.then(text, &given)?;
                self.one_result(&seen, text);
                reads.extend(then.gives().reads.iter().cloned());
                given = Seen { absent: given.absent || seen.absent, count: given.count.max(seen.count), ..self.with_null_of(&given, seen) };
                Some(then)
            }
        };
        let table = self.table(form, &mut given, wanted)?;
        let verdict = self.border(form, &given, wanted, bare, way);
        reads.sort();
        reads.dedup();
        self.lineage.push(Lineage {
            target: way.target.clone(),
            reads,
            rule: rule(form),
            note: form.note.map(|note| note.text.as_str().into()),
            residue: verdict.residue,
        });
        let place = self.place_of(way, form.from, form.then);
        let default = form.default.map(constant::json);
        let presence = if default.is_some() || verdict.always { Presence::Always } else { Presence::Maybe };
        let field =
            Field { from, then, table, default, on_null: verdict.on_null, on_absent: verdict.on_absent, wants: verdict.wants, place };
        (self.to.errors() == before).then(|| Leaf { writes: Writes::Field(Box::new(field)), shape: verdict.shape, presence })
    }

    /// A `then` whose source cannot be read is still read itself, for its syntax.
    fn unread(&mut self, then: &Scalar) {
        let any = self.any();
        let dot = Seen { shape: any, absent: false, count: Count::One, paths: Vec::new(), known: Vec::new() };
        let _ = self.then_on(then, dot);
    }

    fn then(&mut self, text: &Scalar, given: &Seen) -> Option<(Program, Seen)> {
        let shape = lattice::without(self.sight.shapes, given.shape, crate::run::Kinds::NULL);
        self.then_on(text, Seen { shape, absent: false, count: Count::One, paths: given.paths.clone(), known: Vec::new() })
    }

    /// The dot of `then` is what `from` gave; the names stay.
    fn then_on(&mut self, text: &Scalar, dot: Seen) -> Option<(Program, Seen)> {
        let outer = std::mem::replace(&mut self.sight.dot, dot);
        let made = Program::check_in(text, &mut self.sight, self.to);
        self.sight.dot = outer;
        made
    }

    /// What `then` gives, or null where `from` gave null.
    fn with_null_of(&mut self, from: &Seen, then: Seen) -> Seen {
        let null = lattice::kinds(self.sight.shapes, from.shape).is_some_and(|kinds| kinds.has(crate::run::Kinds::NULL));
        let shape = if null { self.sight.shapes.or_null(then.shape) } else { then.shape };
        Seen { shape, ..then }
    }

    pub(super) fn one_result(&mut self, given: &Seen, text: &Scalar) {
        if given.count == Count::Many {
            let help = format!("make a list: `[{0}]`, or take one: `first({0})`", text.text.trim());
            self.to.error(&codes::MANY, text.place(0, text.text.len()), "this may give several results, and a field is one", help);
        }
    }

    pub(super) fn place_of(&self, way: &Way<'_>, from: &Scalar, then: Option<&Scalar>) -> Place {
        let lines = |scalar: &Scalar| border::lines(scalar, self.context);
        let made = from.span.from == from.span.to;
        let file = if made { Arc::from("") } else { Arc::from(self.context.files.path(from.span.file)) };
        Place { target: way.target.clone(), file, lines: lines(from), then_lines: then.map(lines).unwrap_or_default() }
    }
}

fn rule(form: &From<'_>) -> Arc<str> {
    match form.then {
        Some(then) => format!("{} | {}", form.from.text.trim(), then.text.trim()).into(),
        None => form.from.text.trim().into(),
    }
}
