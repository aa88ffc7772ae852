//! One expression, checked, ready to run.

use std::sync::Arc;

use spanwright_shape::{
    room::Room,
    shape::{Shape, ShapeId, Shapes},
    text::{Failure, Problems, Scalar},
    value::Value,
};

use crate::{
    check::{self, Seen, Sight, Verdict},
    lower::Lowering,
    op::{Op, OpKind, Site, Step},
    run::{Flow, Frame, Given, Run, Trouble},
    syntax,
};

/// What an expression may see while it is checked.
#[derive(Debug)]
pub struct Scope<'s> {
    /// The arena that `dot` and the names live in; the checker adds to it.
    pub shapes: &'s mut Shapes,
    /// The shape of `.`.
    pub dot: ShapeId,
    /// Names without their `$`, and their shapes.
    pub names: Vec<(Arc<str>, ShapeId)>,
    /// The zone of times that carry none, where the source declares one (`zone: Europe/Berlin`).
    pub zone: Option<Arc<str>>,
}

/// What an expression sees while it runs.
#[derive(Clone, Copy, Debug)]
pub struct Env<'e> {
    /// `.`
    pub dot: Value<'e>,
    /// Names without their `$`; the last of two equal ones counts.
    pub names: &'e [(&'e str, Value<'e>)],
}

/// How many results an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Exactly one.
    One,
    /// One or none; none is *absent*.
    Maybe,
    /// Any number.
    Many,
}

/// What is known of an expression before it runs.
#[derive(Clone, Debug)]
pub struct Gives {
    /// The shape of each result, in the scope's arena.
    pub shape: ShapeId,
    /// How many.
    pub count: Count,
    /// Paths of the input that it reads, as `.Address[].Zip` or `$name.field`; changing anything else cannot change it.
    pub reads: Vec<Arc<str>>,
    /// Whether it can fail when it runs.
    pub can_fail: bool,
}

/// Why an expression failed when it ran: names places and kinds, never the value.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Map, target field, line, source path and kind, in one sentence.
    pub failure: Failure,
}

/// A checked expression.
#[derive(Debug)]
pub struct Program {
    text: Arc<str>,
    op: Op,
    sites: Box<[Site]>,
    conditions: Box<[u32]>,
    gives: Gives,
}

impl Program {
    /// Parses and checks an expression. `None`: the problems say why.
    pub fn check(text: &Scalar, scope: &mut Scope<'_>, to: &mut Problems) -> Option<Program> {
        Program::check_in(text, &mut scope.sight(), to).map(|(program, _)| program)
    }

    /// The same where the dot and the names may be copies of source paths.
    pub(crate) fn check_in(text: &Scalar, sight: &mut Sight<'_>, to: &mut Problems) -> Option<(Program, Seen)> {
        let names: Vec<Arc<str>> = sight.names.iter().map(|(name, _)| name.clone()).collect();
        let fields = match sight.shapes.get(sight.dot.shape) {
            Shape::Record(record) => record.fields.as_slice(),
            _ => &[],
        };
        let mut lowering = Lowering::new(Some(&names), sight.zone.as_deref(), fields, text.text.len());
        let faults = match syntax::parse(&text.text) {
            Err(fault) => vec![fault],
            Ok(tree) => {
                let op = lowering.lower(&tree);
                if lowering.faults.is_empty() {
                    return typed(text, op, (lowering.sites, lowering.conditions), sight, to);
                }
                lowering.faults
            }
        };
        for fault in faults {
            to.error(fault.code, text.place(fault.from, fault.to), fault.says, fault.help);
        }
        None
    }

    /// Parses an expression of a plan that a program made: no shapes, no places, and any `$name` is taken.
    pub fn of(text: &str) -> Option<Program> {
        let mut lowering = Lowering::new(None, None, &[], text.len());
        let op = lowering.lower(&syntax::parse(text).ok()?);
        let gives = Gives { shape: spanwright_shape::shape::ShapeId(0), count: Count::Maybe, reads: Vec::new(), can_fail: true };
        let (sites, conditions) = (lowering.sites.into(), lowering.conditions.into());
        lowering.faults.is_empty().then(|| Program { text: text.into(), op, sites, conditions, gives })
    }

    /// What is known of it.
    pub fn gives(&self) -> &Gives {
        &self.gives
    }

    /// As it is written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Runs it where at most one result is wanted: `None` is absent.
    ///
    /// # Errors
    /// A kind that does not fit, a second result, or the budget spent.
    pub fn one<'a>(&'a self, env: &Env<'a>, room: &'a Room) -> Result<Option<Value<'a>>, Fault> {
        self.given(&Run::new(room, env.names), env.dot).map_err(|stop| self.fault(&stop))
    }

    /// The same, and tells of each condition of an `if` that it came by whether it was true.
    ///
    /// # Errors
    /// As [`Program::one`].
    pub fn one_watched<'a>(&'a self, env: &Env<'a>, room: &'a Room, watch: &dyn Fn(&str, bool)) -> Result<Option<Value<'a>>, Fault> {
        let run = Run::watched(room, env.names);
        let given = self.given(&run, env.dot);
        run.decided().into_iter().for_each(|(site, truth)| watch(self.part(site), truth));
        given.map_err(|stop| self.fault(&stop))
    }

    /// Runs it and hands every result to a callback, in order. Here a path to what is not there gives null, as in jq.
    ///
    /// # Errors
    /// A kind that does not fit, or the budget spent; what was handed out before stays handed out.
    pub fn each<'a>(&'a self, env: &Env<'a>, room: &'a Room, out: &mut dyn FnMut(Value<'a>)) -> Result<(), Fault> {
        let run = Run::new(room, env.names);
        let handed = run.each(&self.op, Frame::top(env.dot), &mut |value| {
            out(value);
            Ok(Flow::On)
        });
        handed.map(|_| ()).map_err(|stop| self.fault(&stop))
    }

    /// In an evaluation that others share. A path that stands alone keeps absent absent.
    pub(crate) fn given<'a>(&'a self, run: &Run<'a>, dot: Value<'a>) -> Given<'a> {
        match &self.op.kind {
            OpKind::Path(base, steps) if !self.op.many => run.bare_path(base, steps, Frame::top(dot)),
            _ => run.one(&self.op, Frame::top(dot)),
        }
    }

    /// The keys of a path that only steps from field to field of its input: `.Page.Customer`.
    pub fn keys(&self) -> Option<Vec<&str>> {
        let OpKind::Path(base, steps) = &self.op.kind else { return None };
        matches!(base.kind, OpKind::Dot).then(|| steps.iter().map(Step::key).collect())?
    }

    /// Whether it is a path that stands alone, which keeps absent absent.
    pub(crate) fn is_path(&self) -> bool {
        matches!(self.op.kind, OpKind::Path(..)) && !self.op.many
    }

    /// Whether it looks at `$root`, `$parent` or `$index`.
    pub(crate) fn looks_around(&self) -> bool {
        ["$root", "$parent", "$index"].iter().any(|name| self.text.contains(name))
    }

    /// The conditions of its `if`s, as written.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|site| self.part(*site))
    }

    /// The part of its text that a node stands on.
    pub(crate) fn part(&self, site: u32) -> &str {
        let site = &self.sites[site as usize];
        self.text.get(site.from as usize..site.to as usize).unwrap_or(&self.text)
    }

    /// Where it went wrong, in bytes of its text.
    pub(crate) fn site(&self, trouble: &Trouble) -> &Site {
        &self.sites[trouble.site as usize]
    }

    fn fault(&self, trouble: &Trouble) -> Fault {
        let says = format!("`{}`: {}", self.shown(trouble), trouble.says());
        Fault { failure: Failure::new(trouble.code(), says) }
    }

    /// The part of the text that failed, shortened.
    pub(crate) fn shown(&self, trouble: &Trouble) -> String {
        let mut line = self.part(trouble.site).split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > SHOWN_MOST {
            line = line.chars().take(SHOWN_MOST).chain("..".chars()).collect();
        }
        line
    }
}

fn typed(
    text: &Scalar,
    op: Op,
    (mut sites, conditions): (Vec<Site>, Vec<u32>),
    sight: &mut Sight<'_>,
    to: &mut Problems,
) -> Option<(Program, Seen)> {
    let before = to.errors();
    let Verdict { seen, reads, can_fail } = check::check(text, &op, &mut sites, sight, to);
    let bare = matches!(op.kind, OpKind::Path(..)) && !op.many;
    // Inside, what is absent is null; only a path that stands alone keeps it absent.
    let seen = match (seen.absent, bare) {
        (true, false) => Seen { shape: sight.shapes.or_null(seen.shape), absent: false, ..seen },
        _ => seen,
    };
    let count = if seen.absent { seen.count.max(Count::Maybe) } else { seen.count };
    let gives = Gives { shape: seen.shape, count, reads, can_fail };
    let (text, sites, conditions) = (text.text.as_str().into(), sites.into(), conditions.into());
    (to.errors() == before).then(|| (Program { text, op, sites, conditions, gives }, seen))
}

impl Scope<'_> {
    pub(crate) fn sight(&mut self) -> Sight<'_> {
        let root = |shape: ShapeId, path: Arc<str>| Seen { shape, absent: false, count: Count::One, paths: vec![path], known: Vec::new() };
        Sight {
            dot: root(self.dot, "".into()),
            names: self.names.iter().map(|(name, shape)| (name.clone(), root(*shape, format!("${name}").into()))).collect(),
            zone: self.zone.clone(),
            shapes: self.shapes,
        }
    }
}

/// Characters of an expression that a failure shows.
const SHOWN_MOST: usize = 60;
