//! Where a flow's messages come from: a poll. `served.rs` has what others bring, `clocked.rs` what a clock and other flows do.

use std::{sync::Arc, time::Duration};

use spanwright_map::{Count, Program};
use spanwright_shape::{
    json,
    number::Number,
    shape::{Fit, Format, Shape, ShapeId, ShapeRef, TextFacets, Zone, fits},
    text::{
        Node, Plain, Problems, Scalar, Span,
        form::{self, Filled},
    },
    value::Value,
};

use super::{
    Builder,
    parameters::Parameters,
    scene::{self, Scene, constant_names, noun},
};
use crate::{
    interface::{Operation, Repeat},
    plan::{CursorRule, FilesRule, Poll, Source, SourceKind},
    project::codes,
};

/// How long a file stands still before it is read, where nothing is said.
const SETTLE_DEFAULT: Duration = Duration::from_secs(2);
/// How often a folder is looked at, where nothing is said.
const LOOK_DEFAULT: Duration = Duration::from_secs(5);
/// How many messages may be on their way to us, where nothing is said.
const PREFETCH_DEFAULT: u16 = 256;
/// How soon a silent queue is listened to again.
const LISTEN_AGAIN: Duration = Duration::from_millis(100);
/// The hour that is there twice when summer time ends.
const REPEATED_HOUR: Duration = Duration::from_secs(3600);

impl Builder<'_, '_> {
    /// The source, and what the first step sees. `None`: the problems say why.
    pub(super) fn source(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        match form.named() {
            Some(("http" | "api" | "webhook", _, _)) => self.served(form),
            Some(("cron", _, _)) => self.clocked(form),
            Some(("flow", _, _)) => self.handed(form),
            Some(("dead_letters", _, _)) => self.lettered(form),
            Some(("files", _, _)) => self.filed(form),
            Some(("queue", _, _)) => self.queued(form),
            _ => self.polled(form),
        }
    }

    /// Rows of files: each is a message, with `$file` beside it.
    fn filed(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let operand = form.named().and_then(|(_, _, node)| node.scalar());
        let found = operand.and_then(|text| self.known.systems.operation(text, self.to));
        self.check_kind(operand, found, Some("files"));
        let known = self.known;
        let row = found.and_then(|(system, operation)| known.systems.interface(system)?.item(operation));
        let dot = match &row {
            Some(row) => self.import(row),
            None => self.any(),
        };
        let file = scene::file(&mut self.shapes);
        let zone = found.and_then(|(system, _)| known.systems.get(system).settings.zone.clone());
        let item = Scene::of(dot, zone, found.is_none()).and("file", file);
        let names = constant_names(&mut self.shapes, item.dot, self.known.variables).into_iter().chain(item.names.iter().cloned());
        let first = Scene { names: names.collect(), ..item.clone() };
        let rule = FilesRule {
            settle: self.time_or(form, "settle", SETTLE_DEFAULT),
            done: self.inside(form, "done"),
            failed: self.inside(form, "failed"),
        };
        let every = self.time_or(form, "every", LOOK_DEFAULT);
        let kind = found.map(|(system, operation)| {
            let poll = Poll { system, operation, every, with: None, pages: None, each: None, cursor: None, files: Some(rule), queue: None };
            SourceKind::Poll(Box::new(poll))
        });
        (self.source_of(form, &item, kind), first)
    }

    /// What every source may say: which of its messages are taken, which event and which record each is, and when one must come.
    pub(super) fn source_of(&mut self, form: &Filled<'_>, item: &Scene, kind: Option<SourceKind>) -> Option<Source> {
        let when = self.expression(form, "when", item);
        let once = self.scalar_of(form, "once", item).or_else(|| self.webhook_id(form, item));
        let key = self.scalar_of(form, "key", item);
        self.check_never_empty(form, key.as_ref().filter(|_| !item.lost));
        let version = self.scalar_of(form, "version", item);
        let expect = self.expect(form);
        let name = Source::name_of(self.flow);
        kind.map(|kind| Source { name, kind, when, once, key, version, expect })
    }

    fn time_or(&mut self, form: &Filled<'_>, key: &'static str, otherwise: Duration) -> Duration {
        self.known.variables.known(form, key, form.time(key), form::time, self.to).unwrap_or(otherwise)
    }

    /// A folder inside of the one that is read.
    fn inside(&mut self, form: &Filled<'_>, key: &'static str) -> Arc<str> {
        let Some(path) = form.scalar(key) else { return key.into() };
        if path.text.starts_with('/') || path.text.contains("${") || path.text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let says = format!("`{}` is no folder inside of the one that is read", path.text);
            self.to.error(&codes::SETTING, path.span, says, "a file is moved by one rename: write a name, as `done`".to_string());
        }
        path.text.as_str().into()
    }

    /// `files:` reads folders, `queue:` queues, and `poll:` asks systems.
    fn check_kind(&mut self, operand: Option<&Scalar>, found: Option<(usize, usize)>, wanted: Option<&str>) {
        let Some(((system, operation), operand)) = found.zip(operand) else { return };
        let known = self.known;
        let (settings, interface) = (&known.systems.get(system).settings, known.systems.interface(system));
        let name = interface.map(|interface| &*interface.operations[operation].name);
        let queue =
            settings.operations.iter().find(|settings| Some(&*settings.name.text) == name).and_then(|settings| settings.queue.as_ref());
        let (is, help) = match &*settings.kind {
            "files" => (Some("files"), "files are read by `files:`"),
            "amqp" if queue.is_some_and(|queue| queue.is_exchange) => {
                (Some("exchange"), "an exchange keeps nothing that could be read: name a queue that is bound to it")
            }
            "amqp" => (Some("amqp"), "a queue is read by `queue:`"),
            _ => (None, "a system that is asked is polled: `poll:`"),
        };
        if is == wanted {
            return;
        }
        let says = match (wanted, is) {
            (Some("files"), _) => "this is no folder",
            (Some(_), _) => "this is no queue",
            (None, Some("files")) => "this is a folder",
            (None, _) => "this is a broker's",
        };
        self.to.error(&codes::SETTING, operand.span, says, help.to_string());
    }

    /// Messages of a queue: each is taken once, with `$headers` beside it.
    fn queued(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let operand = form.named().and_then(|(_, _, node)| node.scalar());
        let found = operand.and_then(|text| self.known.systems.operation(text, self.to));
        self.check_kind(operand, found, Some("amqp"));
        let known = self.known;
        let body = found.and_then(|(system, operation)| known.systems.interface(system)?.item(operation));
        let dot = match &body {
            Some(body) => self.import(body),
            None => self.any(),
        };
        let headers = scene::texts(&mut self.shapes);
        let zone = found.and_then(|(system, _)| known.systems.get(system).settings.zone.clone());
        let item = Scene::of(dot, zone, found.is_none()).and("headers", headers);
        let names = constant_names(&mut self.shapes, item.dot, self.known.variables).into_iter().chain(item.names.iter().cloned());
        let first = Scene { names: names.collect(), ..item.clone() };
        let prefetch = self.known.variables.known(form, "prefetch", form.number("prefetch"), form::number, self.to);
        let prefetch = prefetch.map_or(PREFETCH_DEFAULT, |prefetch| u16::try_from(prefetch).unwrap_or(0));
        if let (0, Some(scalar)) = (prefetch, form.scalar("prefetch")) {
            self.to.error(&codes::SETTING, scalar.span, "this is no number of messages", "write 1 to 65535".to_string());
        }
        let kind = found.map(|(system, operation)| {
            let (every, queue) = (LISTEN_AGAIN, Some(prefetch));
            let poll = Poll { system, operation, every, with: None, pages: None, each: None, cursor: None, files: None, queue };
            SourceKind::Poll(Box::new(poll))
        });
        (self.source_of(form, &item, kind), first)
    }

    fn polled(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let operand = form.named().and_then(|(_, _, node)| node.scalar());
        let found = operand.and_then(|text| self.known.systems.operation(text, self.to));
        self.check_kind(operand, found, None);
        self.check_repeats(operand, found);
        let page = self.page(found);
        let each = form.scalar("each").map(|text| (text, self.program(text, &page)));
        let item = match &each {
            None => page.dot,
            Some((text, Some(program))) => self.items_of(program, text),
            Some((_, None)) => self.any(),
        };
        let unread = matches!(each, Some((_, None)));
        let item = Scene { dot: item, lost: page.lost || unread, ..page.clone() };
        let names = constant_names(&mut self.shapes, item.dot, self.known.variables);
        let first = Scene { names, ..item.clone() };
        let source = self.poll(form, found, &page, &item, each.and_then(|(_, program)| program));
        (source, first)
    }

    /// What a page's expressions see: the answer, and no names.
    pub(super) fn page(&mut self, found: Option<(usize, usize)>) -> Scene {
        let known = self.known;
        let Some((system, operation)) = found else { return Scene::of(self.any(), None, true) };
        let dot = match known.systems.interface(system) {
            Some(interface) => self.import(&interface.shape(interface.operations[operation].gives)),
            None => self.any(),
        };
        Scene::of(dot, known.systems.get(system).settings.zone.clone(), false)
    }

    fn poll(
        &mut self,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        page: &Scene,
        item: &Scene,
        each: Option<Program>,
    ) -> Option<Source> {
        let mut parameters = Parameters::of(self.known, found);
        let every = self.known.variables.known(form, "every", form.time("every"), form::time, self.to);
        let pages = self.pages_of_poll(form, found, page, &mut parameters);
        let cursor = self.cursor(form, item, &mut parameters);
        let nothing = Scene::of(self.shapes.add(Shape::Null), None, false);
        let with = self.with(form, "source", parameters, &nothing);
        let every = every.unwrap_or(Duration::ZERO);
        let kind = found.map(|(system, operation)| {
            let poll = Poll { system, operation, every, with, pages, each, cursor, files: None, queue: None };
            SourceKind::Poll(Box::new(poll))
        });
        self.source_of(form, item, kind)
    }

    fn cursor(&mut self, form: &Filled<'_>, item: &Scene, parameters: &mut Parameters) -> Option<CursorRule> {
        let cursor = form.form("cursor")?;
        let into = cursor.scalar("into")?;
        let wanted = parameters.fill(into, self.to);
        let take = self.scalar_of(&cursor, "take", item);
        self.check_taken(&cursor, into, take.as_ref(), wanted);
        let start = cursor.node("start").and_then(|node| start(node, self.to));
        let overlap = self.known.variables.known(&cursor, "overlap", cursor.time("overlap"), form::time, self.to);
        if let (Some(take), Some(zone)) = (&take, &item.zone) {
            let at = cursor.scalar("overlap").or(cursor.scalar("take")).map_or(into.span, |scalar| scalar.span);
            self.check_overlap(take.gives().shape, zone, overlap.unwrap_or_default(), at);
        }
        Some(CursorRule { into: into.text.as_str().into(), take: take?, start: start?, overlap: overlap.unwrap_or_default() })
    }

    /// What is taken from an answer fits the parameter that it goes into.
    pub(super) fn check_taken(&mut self, form: &Filled<'_>, into: &Scalar, take: Option<&Program>, wanted: Option<ShapeRef>) {
        let (Some(take), Some(wanted), Some(text)) = (take, wanted, form.scalar("take")) else { return };
        let (given, _) = self.shapes.without_null(take.gives().shape);
        let wanted = self.import(&wanted);
        if let Fit::Never(why) = fits(&self.shapes, given, wanted) {
            self.to.error(&codes::PARAMETER_VALUE, text.span, format!("`{}` cannot take this: {why}", into.text), None);
        }
    }

    /// Where a zone has summer time, an hour of its local times is there twice.
    fn check_overlap(&mut self, taken: ShapeId, zone: &str, overlap: Duration, at: Span) {
        let local = matches!(self.shapes.get(taken), Shape::Text(TextFacets { format: Format::DateTime(Zone::May | Zone::Never), .. }));
        let summer = jiff::tz::db().get(zone).is_ok_and(|zone| zone.to_fixed_offset().is_err());
        if local && summer && overlap <= REPEATED_HOUR {
            let says = format!("times of `{zone}` without their zone repeat an hour in autumn, and the overlap is no longer than that");
            self.to.warning(&codes::OVERLAP, at, says, "write `overlap: 2h`".to_string());
        }
    }

    /// A poll is asked again whatever became of the last one.
    fn check_repeats(&mut self, operand: Option<&Scalar>, found: Option<(usize, usize)>) {
        let Some(((system, operation), operand)) = found.zip(operand) else { return };
        let Some(interface) = self.known.systems.interface(system) else { return };
        let Operation { name, repeat, .. } = &interface.operations[operation];
        if matches!(repeat, Repeat::Never | Repeat::Keyed) {
            let help = format!("if it only reads, say so: `operations: {{ {name}: {{ safe: true }} }}`");
            self.to.warning(&codes::POLL_REPEATS, operand.span, format!("nothing says that `{name}` may be repeated"), help);
        }
    }

    /// An expression that gives one text, number or flag for each item.
    pub(super) fn scalar_of(&mut self, form: &Filled<'_>, key: &str, item: &Scene) -> Option<Program> {
        let text = form.scalar(key)?;
        let program = self.program(text, item)?;
        let (gives, many) = (program.gives().shape, program.gives().count == Count::Many);
        if let Some(what) = if many { Some("any number of values") } else { self.no_scalar(gives) } {
            let help = "name one field, or make one text of several".to_string();
            self.to.error(&codes::KEY, text.span, format!("`{key}` wants one value, and this gives {what}"), help);
        }
        Some(program)
    }

    /// A message without a key cannot be ordered, and is set aside.
    pub(super) fn check_never_empty(&mut self, form: &Filled<'_>, key: Option<&Program>) {
        let (Some(key), Some(text)) = (key, form.scalar("key")) else { return };
        let (shape, absent) = (key.gives().shape, key.gives().count == Count::Maybe);
        let nullable =
            matches!(self.shapes.get(shape), Shape::OneOf(arms) if arms.iter().any(|arm| matches!(self.shapes.get(*arm), Shape::Null)));
        if absent || nullable {
            let says = format!("`{}` may be absent or null, and a key is never empty: such an item becomes a dead letter", text.text);
            self.to.warning(&codes::KEY, text.span, says, None);
        }
    }

    /// What a shape is, where no value of it is a text, a number or a flag.
    fn no_scalar(&self, shape: ShapeId) -> Option<&'static str> {
        match self.shapes.get(shape) {
            Shape::Any | Shape::Flag | Shape::Number(_) | Shape::Text(_) => None,
            Shape::OneOf(arms) => {
                arms.iter().map(|arm| self.no_scalar(*arm)).collect::<Option<Vec<_>>>().and_then(|all| all.first().copied())
            }
            other @ (Shape::Never | Shape::Null | Shape::List(..) | Shape::Record(_)) => Some(noun(other)),
        }
    }
}

/// `start:` as JSON: one text or number.
fn start(node: &Node, to: &mut Problems) -> Option<Arc<[u8]>> {
    let one = |scalar: &Scalar, value: Value<'_>| {
        let mut out = Vec::new();
        json::write(&value, &mut out);
        (scalar.span, out)
    };
    let written = node.scalar().and_then(|scalar| match scalar.plain() {
        Plain::Text(text) => Some(one(scalar, Value::Text(text))),
        Plain::Number(token) => Number::parse(token).ok().map(|number| one(scalar, Value::Number(number))),
        Plain::Null | Plain::Flag(_) => None,
    });
    if written.is_none() {
        to.error(&codes::KEY, node.span, "`start` wants one text or number", None);
    }
    written.map(|(_, bytes)| bytes.into())
}
