//! The mapping document: one row a target field, with all that a mapping spreadsheet has.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::plan::{Body, Step, StepKind};
use spanwright_map::{Lineage, Mapping};
use spanwright_shape::{
    json,
    room::Room,
    shape::ShapeRef,
    text::{Bundle, Node, NodeKind, Scalar, Weight},
    value::Value,
};

use super::{
    Documents, Example, Sources,
    rule::{self, Rule},
    text, types,
};

/// Characters of an example that are shown.
const SAMPLE_MOST: usize = 48;

/// One map.
#[derive(Clone, Debug)]
pub struct MapPage {
    /// Its name; `flow.step` where it stands in a flow.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Who is asked.
    pub owner: Option<String>,
    /// `erp:Customer`, where it is known.
    pub from: Option<String>,
    /// `crm:Contact`, where it is known.
    pub to: Option<String>,
    /// The flows that use it.
    pub flows: Vec<String>,
    /// In the order of the table.
    pub rows: Vec<Row>,
    /// Source fields that nothing reads: path and type.
    pub unread: Vec<(String, String)>,
    /// What the check said of it: values that may not fit.
    pub narrowing: Vec<String>,
}

/// One target field.
#[derive(Clone, Debug)]
pub struct Row {
    /// `addresses[].street`
    pub target: String,
    /// Its type, where it is known.
    pub target_type: String,
    /// Whether the target demands it.
    pub required: bool,
    /// The source fields that it is made of, with their types where they are known.
    pub sources: Vec<(String, String)>,
    /// What kind of rule.
    pub rule: Rule,
    /// The expression as it runs, or the constant.
    pub expression: String,
    /// The table: value and what it becomes.
    pub table: Vec<(String, String)>,
    /// What stands where there is nothing.
    pub default: Option<String>,
    /// What nothing and null become.
    pub nothing: String,
    /// An example from a test.
    pub sample: Option<Sample>,
    /// The author's note.
    pub note: Option<String>,
    /// `maps/x.yaml:12`
    pub place: Option<String>,
}

/// An example value.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Of each source field, in their order.
    pub given: Vec<String>,
    /// Of the target field.
    pub made: String,
}

/// Every map of the project, and every mapping inside a flow.
pub(super) fn all(sources: Sources<'_>, files: &Documents) -> Vec<MapPage> {
    let mut pages: Vec<MapPage> = sources
        .plan
        .maps
        .iter()
        .map(|map| {
            let form = files.map(&map.name);
            let file = format!("maps/{}.yaml", map.name);
            let making = Making {
                bundle: sources.bundle,
                from: map.from.as_ref(),
                to: map.to.as_ref(),
                fields: form.as_ref().and_then(|form| form.node("fields")),
                examples: sources.examples.iter().filter(|example| example.map == map.name).collect(),
                file: Some(file.clone()),
            };
            MapPage {
                name: map.name.to_string(),
                about: text(form.as_ref(), "about"),
                owner: text(form.as_ref(), "owner"),
                from: text(form.as_ref(), "from"),
                to: text(form.as_ref(), "to"),
                flows: Vec::new(),
                rows: making.rows(&map.mapping),
                unread: making.unread(&map.mapping),
                narrowing: narrowing(sources, &file),
            }
        })
        .collect();
    for flow in &sources.plan.flows {
        let mut uses = Uses { bundle: sources.bundle, flow: &flow.name, pages: &mut pages };
        uses.steps(&flow.steps);
        for effect in &flow.effects {
            let system = &sources.plan.systems[effect.system];
            let operation = &system.system.interface().operations[effect.operation];
            let shape = |id| system.system.interface().shape(id);
            let named = |what: &str| format!("{}:{} ({what})", system.name, operation.name);
            if let Some(with) = &effect.with {
                uses.mapping(with, Some(shape(operation.with)), Some(named("parameters")));
            }
            if let Body::Map(mapping) = &effect.body {
                uses.mapping(mapping, operation.body.map(shape), Some(named("body")));
            }
        }
    }
    pages
}

/// What the check warned of in a file.
fn narrowing(sources: Sources<'_>, file: &str) -> Vec<String> {
    let Some(file) = sources.bundle.find(file) else { return Vec::new() };
    let ours = sources.problems.iter().filter(|problem| problem.weight == Weight::Warning && problem.at.is_some_and(|at| at.file == file));
    ours.map(|problem| format!("{} (line {})", problem.says, problem.at.map_or(0, |at| sources.bundle.line_column(file, at.from).0)))
        .collect()
}

/// The mappings that a flow uses.
struct Uses<'u> {
    bundle: &'u Bundle,
    flow: &'u str,
    pages: &'u mut Vec<MapPage>,
}

impl Uses<'_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Map(mapping) => self.mapping(mapping, None, None),
                StepKind::Route(ways) => ways.iter().for_each(|(_, steps)| self.steps(steps)),
                StepKind::Each { steps, .. } => self.steps(steps),
                _ => {}
            }
        }
    }

    fn mapping(&mut self, mapping: &Mapping, to: Option<ShapeRef>, name: Option<String>) {
        let flow = self.flow.to_string();
        if let Some(page) = self.pages.iter_mut().find(|page| *page.name == **mapping.name()) {
            if !page.flows.contains(&flow) {
                page.flows.push(flow);
            }
            return;
        }
        let making = Making { bundle: self.bundle, from: None, to: to.as_ref(), fields: None, examples: Vec::new(), file: None };
        self.pages.push(MapPage {
            name: mapping.name().to_string(),
            about: None,
            owner: None,
            from: None,
            to: name,
            flows: vec![flow],
            rows: making.rows(mapping),
            unread: Vec::new(),
            narrowing: Vec::new(),
        });
    }
}

/// What the rows of a map are made from.
struct Making<'m> {
    bundle: &'m Bundle,
    from: Option<&'m ShapeRef>,
    to: Option<&'m ShapeRef>,
    fields: Option<&'m Node>,
    examples: Vec<&'m Example>,
    file: Option<String>,
}

impl Making<'_> {
    fn rows(&self, mapping: &Mapping) -> Vec<Row> {
        let mut written = BTreeMap::new();
        if let Some(fields) = self.fields {
            gather(fields, "", &mut written);
        }
        let rooms: Vec<Room> = self.examples.iter().map(|_| Room::new()).collect();
        let examples: Vec<(Value<'_>, Value<'_>)> = self
            .examples
            .iter()
            .zip(&rooms)
            .filter_map(|(example, room)| Some((json::read(&example.given, room).ok()?, json::read(&example.made, room).ok()?)))
            .collect();
        mapping.lineage().iter().map(|lineage| self.row(lineage, written.get(&*lineage.target), &examples)).collect()
    }

    fn row(&self, lineage: &Lineage, written: Option<&(&Scalar, &Node)>, examples: &[(Value<'_>, Value<'_>)]) -> Row {
        let (target_type, required) = self.to.and_then(|to| types::at(to, &lineage.target)).unwrap_or_default();
        let type_of = |path: &Arc<str>| self.from.and_then(|from| types::at(from, path)).map(|(words, _)| words).unwrap_or_default();
        let sources: Vec<(String, String)> = lineage.reads.iter().map(|path| (path.to_string(), type_of(path))).collect();
        let form = Form::of(written.map(|(_, node)| *node));
        let kind = form.kind(&lineage.rule, sources.len());
        let sample = examples.iter().find_map(|(given, made)| sample(given, made, lineage));
        let place = written
            .zip(self.file.as_ref())
            .map(|((key, _), file)| format!("{file}:{}", self.bundle.line_column(key.span.file, key.span.from).0));
        let nothing = nothing(form.default.as_deref().or(form.fallback()), form.empty.as_deref(), kind, required);
        Row {
            target: lineage.target.to_string(),
            target_type,
            required,
            sources,
            rule: kind,
            expression: form.expression.unwrap_or_else(|| lineage.rule.to_string()),
            table: form.table,
            nothing,
            default: form.default,
            sample,
            note: lineage.note.as_ref().map(ToString::to_string),
            place,
        }
    }

    fn unread(&self, mapping: &Mapping) -> Vec<(String, String)> {
        let Some(from) = self.from else { return Vec::new() };
        let reads: Vec<&str> = mapping.lineage().iter().flat_map(|row| row.reads.iter().map(|path| &**path)).collect();
        let is_read = |leaf: &str| {
            reads.iter().any(|read| {
                leaf.strip_prefix(read).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                    || read.strip_prefix(leaf).is_some_and(|rest| rest.starts_with(['.', '[']))
            })
        };
        types::leaves(from).into_iter().filter(|(leaf, _)| !leaf.is_empty() && !is_read(leaf)).collect()
    }
}

/// The form of a field as it is written.
#[derive(Default)]
struct Form {
    constant: bool,
    each: bool,
    from: Option<String>,
    then: Option<String>,
    expression: Option<String>,
    table: Vec<(String, String)>,
    default: Option<String>,
    empty: Option<String>,
}

impl Form {
    fn of(node: Option<&Node>) -> Form {
        let Some(node) = node else { return Form::default() };
        let text = |key: &str| node.get(key).and_then(Node::scalar).map(|scalar| scalar.text.clone());
        match &node.kind {
            NodeKind::Scalar(scalar) => match scalar.plain() {
                spanwright_shape::text::Plain::Text(text) => {
                    Form { from: Some(text.to_string()), expression: Some(one_line(text)), ..Form::default() }
                }
                _ => Form { constant: true, expression: Some(scalar.text.clone()), ..Form::default() },
            },
            NodeKind::List(_) => Form::default(),
            NodeKind::Map(_) if node.get("value").is_some() => {
                Form { constant: true, expression: node.get("value").map(shown), ..Form::default() }
            }
            NodeKind::Map(_) if node.get("each").is_some() => {
                Form { each: true, expression: text("each").map(|each| one_line(&each)), ..Form::default() }
            }
            NodeKind::Map(_) => {
                let (from, then) = (text("from"), text("then"));
                let expression = match (&from, &then) {
                    (Some(from), Some(then)) => Some(format!("{} | {}", one_line(from), one_line(then))),
                    (Some(from), None) => Some(one_line(from)),
                    _ => None,
                };
                let pairs = match node.get("table").map(|table| &table.kind) {
                    Some(NodeKind::Map(pairs)) => pairs.iter().map(|(key, value)| (key.text.clone(), shown(value))).collect(),
                    Some(NodeKind::Scalar(file)) => vec![("file".to_string(), file.text.clone())],
                    _ => Vec::new(),
                };
                let otherwise = text("otherwise").map(|word| ("otherwise".to_string(), word));
                let table = pairs.into_iter().chain(otherwise).collect();
                Form { from, then, expression, table, default: node.get("default").map(shown), empty: text("empty"), ..Form::default() }
            }
        }
    }

    /// `30` of `.PaymentTermsDays // 30`: what an expression itself gives where there is nothing.
    fn fallback(&self) -> Option<&str> {
        let (_, last) = self.expression.as_deref()?.rsplit_once(" // ")?;
        let is_literal = last.parse::<f64>().is_ok()
            || matches!(last, "true" | "false")
            || (last.len() > 1 && last.starts_with('"') && last.ends_with('"'));
        is_literal.then_some(last)
    }

    fn kind(&self, rule: &str, sources: usize) -> Rule {
        match self {
            Form { constant: true, .. } => Rule::Constant,
            Form { each: true, .. } => Rule::List,
            Form { table, .. } if !table.is_empty() => Rule::Table,
            Form { from, then, .. } => {
                let from = from.as_deref().unwrap_or(rule);
                if sources == 0 && !from.contains(['.', '$']) { Rule::Constant } else { rule::of(from, then.as_deref(), sources) }
            }
        }
    }
}

/// What nothing and null become, in words.
fn nothing(default: Option<&str>, empty: Option<&str>, kind: Rule, required: bool) -> String {
    match (default, empty, kind) {
        (_, _, Rule::Constant) => String::new(),
        (Some(default), _, _) => format!("becomes {default}"),
        (None, Some("omit"), _) => "left out".to_string(),
        (None, Some("null"), _) => "becomes null".to_string(),
        (None, Some("fail"), _) => "the record fails".to_string(),
        (None, _, Rule::Calculate | Rule::Decide) => "by the rule itself".to_string(),
        (None, _, _) if required => "cannot be, or the record fails".to_string(),
        _ => "left out".to_string(),
    }
}

/// Every field as it is written, by its target path.
fn gather<'n>(fields: &'n Node, path: &str, written: &mut BTreeMap<String, (&'n Scalar, &'n Node)>) {
    let NodeKind::Map(pairs) = &fields.kind else { return };
    for (key, node) in pairs {
        let target = format!("{path}{}", key.text);
        if let Some(inner) = node.get("fields").filter(|_| node.get("each").is_some()) {
            gather(inner, &format!("{target}."), written);
        }
        written.insert(target, (key, node));
    }
}

fn sample(given: &Value<'_>, made: &Value<'_>, lineage: &Lineage) -> Option<Sample> {
    let made = first(made, &lineage.target)?;
    let given = lineage.reads.iter().map(|path| first(given, path).map_or("absent".to_string(), |value| value_words(&value)));
    Some(Sample { given: given.collect(), made: value_words(&made) })
}

/// The first value at a path.
fn first<'a>(value: &Value<'a>, path: &str) -> Option<Value<'a>> {
    let mut value = *value;
    for step in path.trim_start_matches('.').split('.').filter(|step| !step.is_empty()) {
        if let Value::List(items) = value {
            value = *items.first()?;
        }
        let name = step.trim_end_matches("[]").trim_matches('"');
        if !name.is_empty() {
            value = value.get(name)?;
        }
        if step.ends_with("[]") {
            value = *value.list()?.first()?;
        }
    }
    Some(value)
}

fn value_words(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    json::write(value, &mut out);
    let text = String::from_utf8_lossy(&out).into_owned();
    if text.chars().count() > SAMPLE_MOST { text.chars().take(SAMPLE_MOST).chain("…".chars()).collect() } else { text }
}

fn shown(node: &Node) -> String {
    let mut out = Vec::new();
    json::write_node(node, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
