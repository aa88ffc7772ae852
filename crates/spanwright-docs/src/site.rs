//! Which pages there are, and what is on each.

use std::collections::BTreeMap;

mod offers;

use crate::{
    book::{Book, Dead, Effect, FlowPage, From, MapPage, Row, StepPage, SystemPage, What},
    contract, csv,
    diagram::{self, Figure},
    facts, html, markdown,
    page::{Block, Inline, Page, code, joined, link, words},
};

/// Every file of the documents, by path.
pub fn site(book: &Book) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut pages = vec![overview(book), fields(book)];
    pages.extend((!book.doors.is_empty()).then(|| offers::page(book)));
    pages.extend(book.flows.iter().map(|flow| flow_page(flow, book)));
    pages.extend(book.systems.iter().map(|system| system_page(system, book)));
    pages.extend(book.maps.iter().map(|map| map_page(map, book)));
    for page in &pages {
        let name = if page.path == "index" { "README" } else { &page.path };
        files.insert(format!("{}.html", page.path), html::page(page, &book.project, &book.print).into_bytes());
        files.insert(format!("{name}.md"), markdown::page(page, &book.print).into_bytes());
        for block in &page.blocks {
            if let Block::Figure(figure) = block {
                files.insert(figure.file.clone(), format!("{}\n", figure.svg).into_bytes());
            }
        }
    }
    for map in &book.maps {
        files.insert(map_csv(map), csv::map(map).into_bytes());
    }
    files.extend(contract::files(book));
    files.insert("fields.csv".to_string(), csv::index(&book.index).into_bytes());
    files.insert(facts::FACTS_FILE.to_string(), facts::file(book).into_bytes());
    files
}

/// A name as a file: names of steps may have characters that files do not like.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

fn map_path(map: &str) -> String {
    format!("maps/{}", file_name(map))
}

fn map_csv(map: &MapPage) -> String {
    format!("{}.csv", map_path(&map.name))
}

fn flow_path(flow: &str) -> String {
    format!("flows/{}", file_name(flow))
}

fn system_path(system: &str) -> String {
    format!("systems/{}", file_name(system))
}

fn home(book: &Book) -> Vec<(String, String)> {
    vec![(book.project.clone(), "index".to_string())]
}

fn flow_links(flows: &[String]) -> Vec<Inline> {
    joined(flows.iter().map(|flow| link(flow.clone(), flow_path(flow))), ", ")
}

fn maybe(text: Option<&String>) -> Vec<Inline> {
    words(text.cloned().unwrap_or_default())
}

// ---- overview

fn overview(book: &Book) -> Page {
    let graph = diagram::graph(book);
    let mut blocks = Vec::new();
    blocks.extend(book.about.clone().map(|about| Block::Text(words(about))));
    blocks.push(Block::Heading(2, "Who talks to whom".into()));
    blocks.push(Block::Figure(Figure::of_graph(
        &graph,
        "What is read on the left, the flows, and what is asked on the right.",
        "diagrams/overview.svg",
    )));
    blocks.push(Block::Heading(2, "Flows".into()));
    let rows = book.flows.iter().map(|flow| {
        let targets = joined(flow.effects().into_iter().map(asks), ", ");
        vec![
            link(flow.name.clone(), flow_path(&flow.name)),
            maybe(flow.about.as_ref()),
            from_words(&flow.from),
            targets,
            maybe(flow.owner.as_ref()),
        ]
    });
    blocks.push(Block::Table(vec!["Flow", "What for", "Comes from", "Asks", "Owner"], rows.collect()));
    blocks.push(Block::Heading(2, "Systems".into()));
    let rows = book.systems.iter().map(|system| {
        let setting =
            |name: &str| system.settings.iter().find(|(have, _)| have == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let limits = words(format!("{}; {} at once", setting("Rate"), setting("At once")));
        vec![
            link(system.name.clone(), system_path(&system.name)),
            words(system.kind.clone()),
            maybe(system.about.as_ref()),
            limits,
            maybe(system.owner.as_ref()),
        ]
    });
    blocks.push(Block::Table(vec!["System", "Speaks", "What it is", "Limits", "Owner"], rows.collect()));
    blocks.push(Block::Heading(2, "Maps".into()));
    let rows = book.maps.iter().map(|map| {
        let ends = |end: &Option<String>| end.clone().map(code).unwrap_or_default();
        let files = vec![Inline::Link("CSV".into(), map_csv(map))];
        vec![
            link(map.name.clone(), map_path(&map.name)),
            ends(&map.from),
            ends(&map.to),
            words(map.rows.len().to_string()),
            flow_links(&map.flows),
            files,
        ]
    });
    blocks.push(Block::Table(vec!["Map", "From", "To", "Fields", "Flows", "For a spreadsheet"], rows.collect()));
    let index = vec![
        Inline::Text("Every field in both directions: ".into()),
        Inline::Link("all fields".into(), "fields".into()),
        Inline::Text(".".into()),
    ];
    blocks.push(Block::Text(index));
    if !book.doors.is_empty() {
        blocks.push(Block::Heading(2, "What we offer".into()));
        blocks.push(offers::table(book));
        blocks.push(Block::Text(vec![
            Inline::Text("For tools and callers: ".into()),
            Inline::Link("what we offer".into(), "api/index".into()),
            Inline::Text(".".into()),
        ]));
    }
    blocks.extend(failure_rules());
    blocks.extend(channels(book));
    blocks.extend(variables(book));
    Page { path: "index".into(), title: book.project.clone(), crumbs: Vec::new(), blocks }
}

fn from_words(from: &From) -> Vec<Inline> {
    match from {
        From::Poll { system, operation, queue: Some(_), .. } => {
            vec![Inline::Text("queue: ".into()), Inline::Code(format!("{system}.{operation}"))]
        }
        From::Poll { system, operation, every, .. } => {
            vec![Inline::Text("pull: ".into()), Inline::Code(format!("{system}.{operation}")), Inline::Text(format!(" every {every}"))]
        }
        From::Door { wire, reply_within, .. } => {
            let waits = reply_within.as_ref().map(|time| format!(", replied within {time}")).unwrap_or_default();
            vec![Inline::Text("push: ".into()), Inline::Code(wire.clone()), Inline::Text(waits)]
        }
        From::Cron { line, zone, .. } => {
            vec![Inline::Text("clock: ".into()), Inline::Code(line.clone()), Inline::Text(format!(" in {zone}"))]
        }
        From::Handed(flows) if flows.is_empty() => words("other flows; none hands anything over yet"),
        From::Handed(flows) => [words("handed over by "), flow_links(flows)].concat(),
        From::Round(of) => [words("follows each round of "), link(of.clone(), flow_path(of))].concat(),
        From::Letters(None) => words("dead letters of any flow"),
        From::Letters(Some(flows)) => [words("dead letters of "), flow_links(flows)].concat(),
        From::Nowhere => words("programs alone"),
    }
}

/// What holds for every flow: the rules of the engine, said once.
fn failure_rules() -> Vec<Block> {
    let item = |head: &str, text: &str| vec![Inline::Strong(format!("{head}: ")), Inline::Text(text.to_string())];
    let rules = vec![
        item("Not now", "429, 5xx or no connection: tried again after a random wait that grows, and never before Retry-After."),
        item("System down", "the breaker opens and messages are held; no try of theirs is spent."),
        item(
            "Unknown",
            "no answer after the request was read: asked again under the same key where the operation allows it; else a person decides.",
        ),
        item(
            "Never",
            "refused, or a field that cannot be made: a dead letter with its reason and every attempt; replayed by a person, through the project of that day.",
        ),
        item("Crash", "what was taken is on disk before it counts; after a restart every open message goes on where it was."),
    ];
    vec![Block::Heading(2, "When something fails".into()), Block::List(rules)]
}

/// Who is told when something stands still.
fn channels(book: &Book) -> Vec<Block> {
    if book.channels.is_empty() {
        return Vec::new();
    }
    let rows = book.channels.iter().map(|channel| {
        vec![
            words(channel.name.clone()),
            words(channel.kind.clone()),
            words(channel.of_what()),
            words(format!("every {}, while it stands", channel.again)),
        ]
    });
    let rule = "One alert a cause, with the number of messages, and one when it is over.";
    vec![
        Block::Heading(2, "Who is told".into()),
        Block::Text(words(rule)),
        Block::Table(vec!["Channel", "By", "Of what", "Said again"], rows.collect()),
    ]
}

fn variables(book: &Book) -> Vec<Block> {
    if book.variables.is_empty() {
        return Vec::new();
    }
    let rows = book
        .variables
        .iter()
        .map(|(name, about, secret)| vec![code(name.clone()), words(about.clone()), words(if *secret { "secret" } else { "" })]);
    vec![Block::Heading(2, "Variables".into()), Block::Table(vec!["Name", "What for", ""], rows.collect())]
}

// ---- flows

fn flow_page(flow: &FlowPage, book: &Book) -> Page {
    let mut blocks = Vec::new();
    blocks.extend(flow.about.clone().map(|about| Block::Text(words(about))));
    let mut facts = vec![("Comes from".to_string(), from_words(&flow.from))];
    facts.extend(flow.owner.clone().map(|owner| ("Owner".to_string(), words(owner))));
    let rules =
        [("Which record", &flow.key), ("Which state is newer", &flow.version), ("Which event", &flow.once), ("Only where", &flow.when)];
    facts.extend(rules.into_iter().filter_map(|(name, rule)| Some((name.to_string(), code(rule.clone()?)))));
    if let From::Poll { pages, each, cursor, files, .. } = &flow.from {
        facts.extend(files.clone().map(|files| ("Files".to_string(), words(files))));
        facts.extend(pages.clone().map(|into| ("Pages by".to_string(), code(into))));
        facts.extend(each.clone().map(|each| ("Items".to_string(), code(each))));
        facts.extend(cursor.clone().map(|(into, overlap)| {
            ("Cursor".to_string(), words(format!("{into}; the last {overlap} are read again, and what was seen is dropped")))
        }));
    }
    if let From::Cron { missed, .. } = &flow.from {
        facts.push(("While nobody ran".to_string(), words(*missed)));
    }
    let more = [("In order", &flow.in_order), ("Holds itself after", &flow.pause_after)];
    facts.extend(more.into_iter().filter_map(|(name, text)| Some((name.to_string(), words(text.clone()?)))));
    facts.extend(flow.expect.clone().map(|expect| ("Expected".to_string(), words(format!("{expect}; where nothing comes, an alert")))));
    let follows = flow.when_all_done.as_ref().map(|ends| [link(ends.clone(), flow_path(ends)), words(" follows once")].concat());
    facts.extend(follows.map(|follows| ("When a round has ended".to_string(), follows)));
    blocks.push(Block::Facts(facts));
    blocks.push(Block::Heading(2, "What happens to one message".into()));
    let file = format!("diagrams/{}.svg", file_name(&flow.name));
    blocks.push(Block::Figure(Figure::of_sequence(
        &diagram::sequence(flow, &book.channels),
        "One message from its source to its end, with every way on which it can fail.",
        &file,
    )));
    blocks.push(Block::Heading(2, "Steps".into()));
    let mut rows = Vec::new();
    step_rows(&flow.steps, "", &mut rows);
    blocks.push(Block::Table(vec!["Step", "Does", "Only where"], rows));
    match &flow.if_dead {
        Dead::Letter => {}
        Dead::Discard => blocks.push(Block::Text(words("A message that stops is set aside with its reason, and is no dead letter."))),
        Dead::Steps(steps) => {
            let mut rows = Vec::new();
            step_rows(steps, "", &mut rows);
            blocks.push(Block::Heading(2, "When it stopped".into()));
            blocks.push(Block::Table(vec!["Step", "Does", "Only where"], rows));
        }
    }
    let effects: Vec<_> = flow.effects().into_iter().filter(|effect| effect.is_outside()).collect();
    if !effects.is_empty() {
        blocks.push(Block::Heading(2, "When a delivery fails".into()));
        blocks.push(Block::Table(
            vec!["Step", "Asks", "After an unknown outcome", "Retries", "System down", "Undone by"],
            effects.iter().map(|effect| effect_row(effect)).collect(),
        ));
    }
    let maps: Vec<_> = book.maps.iter().filter(|map| map.flows.contains(&flow.name)).collect();
    if !maps.is_empty() {
        blocks.push(Block::Heading(2, "Maps".into()));
        let items = maps.iter().map(|map| {
            let ends = format!(": {} to {}", map.from.as_deref().unwrap_or("the body"), map.to.as_deref().unwrap_or("a new body"));
            vec![Inline::Link(map.name.clone(), map_path(&map.name)), Inline::Text(ends)]
        });
        blocks.push(Block::List(items.collect()));
    }
    Page { path: flow_path(&flow.name), title: format!("Flow {}", flow.name), crumbs: home(book), blocks }
}

fn step_rows(steps: &[StepPage], indent: &str, rows: &mut Vec<Vec<Vec<Inline>>>) {
    for step in steps {
        let when = step.when.clone().map(code).unwrap_or_default();
        let name = vec![Inline::Text(indent.to_string()), Inline::Code(step.name.clone())];
        let mut inner: Vec<(Vec<Inline>, &[StepPage])> = Vec::new();
        let does = match &step.what {
            What::Map(map) => vec![Inline::Text("makes a new body by ".into()), Inline::Link(map.clone(), map_path(map))],
            What::Only(test) => vec![Inline::Text("goes on only where ".into()), Inline::Code(test.clone())],
            What::Fail(reason) => vec![Inline::Text("ends as a dead letter: ".into()), Inline::Code(reason.clone())],
            What::Reply(what) => words(format!("answers whoever waits: {what}")),
            What::Each(list, steps) => {
                inner.push((words("for each item"), steps));
                vec![Inline::Text("for each of ".into()), Inline::Code(list.clone())]
            }
            What::Route(ways) => {
                inner.extend(ways.iter().map(|(when, steps)| (code(when.clone()), steps.as_slice())));
                words("takes the first way that fits")
            }
            What::Effect(effect) => {
                let verb = if effect.waits { "asks and waits: " } else { "sends: " };
                let verb = match (effect.hands_to(), effect.tells()) {
                    (Some(_), _) => "hands over to ",
                    (None, Some(_)) => "tells people by ",
                    (None, None) => verb,
                };
                let mut line = words(verb);
                line.extend(asks(effect));
                line.extend(
                    effect
                        .gathered
                        .as_ref()
                        .map(|batch| Inline::Text(format!("; up to {} in a batch, the first waits {}", batch.most, batch.wait))),
                );
                line.extend(
                    effect
                        .again
                        .as_ref()
                        .map(|(every, until, most)| Inline::Text(format!("; asked again every {every} until {until}, up to {most}"))),
                );
                line.extend(effect.head.as_ref().map(|head| Inline::Text(format!("; of its answer also {head}"))));
                line.extend(effect.pages.as_ref().map(|into| Inline::Text(format!("; each page, by {into}: all of them are one answer"))));
                line.extend(outcomes(effect));
                line.extend(effect.pivot.then(|| Inline::Text("; from here on nothing is undone".into())));
                line.extend(effect.forgiven.map(|words| Inline::Text(format!("; where it fails for good: {words}"))));
                line.extend(effect.unchanged.then(|| Inline::Text("; not where nothing changed".into())));
                line.extend(effect.newest_only.then(|| Inline::Text("; a newer state takes the place of a waiting one".into())));
                line
            }
        };
        rows.push(vec![name, does, when]);
        for (when, steps) in inner {
            rows.push(vec![words(format!("{indent}↳")), Vec::new(), when]);
            step_rows(steps, &format!("{indent}\u{2003}"), rows);
        }
    }
}

/// What answers mean at this step alone.
fn outcomes(effect: &Effect) -> Vec<Inline> {
    effect
        .outcomes
        .iter()
        .flat_map(|(answer, means)| [Inline::Text("; ".into()), Inline::Code(answer.clone()), Inline::Text(format!(" is {means}"))])
        .collect()
}

/// What an effect asks: an operation of a system, or a flow.
fn asks(effect: &Effect) -> Vec<Inline> {
    match (effect.hands_to(), effect.tells()) {
        (Some(flow), _) => link(format!("flow {flow}"), flow_path(flow)),
        (None, Some(channel)) => words(format!("the channel {channel}")),
        (None, None) => link(effect.name(), format!("{}#{}", system_path(&effect.system), html::anchor(&effect.operation))),
    }
}

fn effect_row(effect: &Effect) -> Vec<Vec<Inline>> {
    vec![
        code(effect.step.clone()),
        asks(effect),
        words(effect.unknown_words()),
        words(effect.retry.clone()),
        words(format!("held when {} failed, up to {}", effect.breaker, effect.give_up)),
        effect.undo.clone().map(code).unwrap_or_default(),
    ]
}

// ---- systems

fn system_page(system: &SystemPage, book: &Book) -> Page {
    let mut blocks = Vec::new();
    blocks.extend(system.about.clone().map(|about| Block::Text(words(about))));
    let mut facts = vec![
        ("Speaks".to_string(), words(system.kind.clone())),
        ("Answers at".to_string(), code(system.url.clone())),
        ("We sign in by".to_string(), words(system.auth.clone())),
    ];
    facts.extend(system.schema.clone().map(|schema| ("Schema, pinned".to_string(), code(schema))));
    facts.extend(system.owner.clone().map(|owner| ("Owner".to_string(), words(owner))));
    facts.extend(system.settings.iter().map(|(name, value)| (name.clone(), words(value.clone()))));
    blocks.push(Block::Facts(facts));
    blocks.push(Block::Heading(2, "What we ask of it".into()));
    let allowed = match system.may_call.is_empty() {
        true => "The project sets no limit to what may be called.".to_string(),
        false => format!("The project allows only these calls: {}.", system.may_call.join(", ")),
    };
    let unused = match system.unused {
        0 => String::new(),
        1 => " One more operation is there that no flow uses.".to_string(),
        more => format!(" {more} more operations are there that no flow uses."),
    };
    let fields = |what: &str, may: &Option<Vec<String>>| match may {
        Some(fields) => format!(" Of its fields it may {what} only {}.", fields.join(", ")),
        None => String::new(),
    };
    let fields = [fields("read", &system.may_read), fields("write", &system.may_write)].concat();
    blocks.push(Block::Text(words(format!("{allowed}{fields}{unused}"))));
    for operation in &system.operations {
        blocks.push(Block::Heading(3, operation.name.clone()));
        blocks.extend(operation.about.clone().map(|about| Block::Text(words(about))));
        let users = joined(
            operation.flows.iter().map(|(flow, how)| vec![Inline::Link(flow.clone(), flow_path(flow)), Inline::Text(format!(" {how} it"))]),
            ", ",
        );
        let mut facts = vec![
            ("Wire".to_string(), code(operation.wire.clone())),
            ("Used by".to_string(), users),
            ("If nobody knows whether it happened".to_string(), words(repeat(operation.repeat))),
        ];
        facts.extend(operation.bulk.map(|most| ("In one request".to_string(), words(format!("up to {most} items")))));
        blocks.push(Block::Facts(facts));
        let rows = operation.answers.iter().map(|(answer, meaning, who)| vec![words(answer.clone()), words(meaning.clone()), words(*who)]);
        blocks.push(Block::Table(vec!["Answer", "What it means", "Says who"], rows.collect()));
    }
    for (title, fields, none) in [("Fields that we read", &system.reads, "None."), ("Fields that we write", &system.writes, "None.")] {
        blocks.push(Block::Heading(2, title.into()));
        match fields.is_empty() {
            true => blocks.push(Block::Text(words(none))),
            false => blocks.push(Block::Text(joined(fields.iter().cloned().map(code), ", "))),
        }
    }
    Page { path: system_path(&system.name), title: format!("System {}", system.name), crumbs: home(book), blocks }
}

fn repeat(repeat: spanwright_core::interface::Repeat) -> &'static str {
    use spanwright_core::interface::Repeat;
    match repeat {
        Repeat::Safe => "asked again: it only reads",
        Repeat::Idempotent => "asked again: doing it twice is doing it once",
        Repeat::Keyed => "asked again under the same key, which the system honours",
        Repeat::Never => "a person decides: it may not be repeated",
    }
}

// ---- maps

fn map_page(map: &MapPage, book: &Book) -> Page {
    let mut blocks = Vec::new();
    blocks.extend(map.about.clone().map(|about| Block::Text(words(about))));
    let mut facts = Vec::new();
    facts.extend(map.from.clone().map(|from| ("Reads".to_string(), code(from))));
    facts.extend(map.to.clone().map(|to| ("Makes".to_string(), code(to))));
    facts.extend(map.owner.clone().map(|owner| ("Owner".to_string(), words(owner))));
    facts.push(("Flows".to_string(), if map.flows.is_empty() { words("no flow uses it") } else { flow_links(&map.flows) }));
    facts.push(("For a spreadsheet".to_string(), link("the same as CSV", map_csv(map))));
    blocks.push(Block::Facts(facts));
    blocks.push(Block::Heading(2, "Fields".into()));
    blocks.push(Block::Table(vec!["Target", "Rule", "Source", "When nothing", "Example", "Note"], map.rows.iter().map(row).collect()));
    let tables: Vec<&Row> = map.rows.iter().filter(|row| !row.table.is_empty()).collect();
    if !tables.is_empty() {
        blocks.push(Block::Heading(2, "Tables".into()));
        for row in tables {
            blocks.push(Block::Heading(3, row.target.clone()));
            blocks.push(Block::Table(
                vec!["Source", "Target"],
                row.table.iter().map(|(from, to)| vec![code(from.clone()), code(to.clone())]).collect(),
            ));
        }
    }
    if !map.narrowing.is_empty() {
        blocks.push(Block::Heading(2, "Values that may not fit".into()));
        blocks.push(Block::List(map.narrowing.iter().cloned().map(words).collect()));
    }
    if map.from.is_some() {
        blocks.push(Block::Heading(2, "Source fields that are not mapped".into()));
        match map.unread.is_empty() {
            true => blocks.push(Block::Text(words("None: every field of the source is read."))),
            false => blocks.push(Block::Table(
                vec!["Source", "Type"],
                map.unread.iter().map(|(path, kind)| vec![code(path.clone()), words(kind.clone())]).collect(),
            )),
        }
    }
    Page { path: map_path(&map.name), title: format!("Map {}", map.name), crumbs: home(book), blocks }
}

fn row(row: &Row) -> Vec<Vec<Inline>> {
    let mut target = vec![Inline::Code(row.target.clone())];
    if !row.target_type.is_empty() {
        target.extend([Inline::Break, Inline::Text(row.target_type.clone())]);
    }
    if row.required {
        target.extend([Inline::Break, Inline::Mark("required".into())]);
    }
    let mut rule = vec![Inline::Mark(row.rule.to_string()), Inline::Text(" ".into()), Inline::Code(row.expression.clone())];
    if !row.table.is_empty() {
        rule.push(Inline::Text(format!(" by a table of {}", row.table.len())));
    }
    let source = row.sources.iter().map(|(path, kind)| {
        let mut line = vec![Inline::Code(path.clone())];
        if !kind.is_empty() {
            line.push(Inline::Text(format!(" {kind}")));
        }
        line
    });
    let mut sources = Vec::new();
    for line in source {
        if !sources.is_empty() {
            sources.push(Inline::Break);
        }
        sources.extend(line);
    }
    let example = match &row.sample {
        None => Vec::new(),
        Some(sample) => {
            let mut line = joined(sample.given.iter().cloned().map(code), ", ");
            if !line.is_empty() {
                line.push(Inline::Text(" → ".into()));
            }
            line.push(Inline::Code(sample.made.clone()));
            line
        }
    };
    vec![target, rule, sources, words(row.nothing.clone()), example, maybe(row.note.as_ref())]
}

// ---- fields

fn fields(book: &Book) -> Page {
    let table = |uses: &BTreeMap<String, Vec<crate::book::Use>>| {
        let rows = uses.iter().flat_map(|(field, uses)| {
            uses.iter().enumerate().map(move |(n, one)| {
                let first = if n == 0 { code(field.clone()) } else { words("″") };
                vec![first, code(one.field.clone()), link(one.map.clone(), map_path(&one.map)), flow_links(&one.flows)]
            })
        });
        rows.collect::<Vec<_>>()
    };
    let blocks = vec![
        Block::Text(vec![
            Inline::Text("Which field goes where, over all maps. ".into()),
            Inline::Link("The same as CSV".into(), "fields.csv".into()),
        ]),
        Block::Heading(2, "Where a source field goes".into()),
        Block::Table(vec!["Source", "Target", "Map", "Flows"], table(&book.index.goes)),
        Block::Heading(2, "Where a target field comes from".into()),
        Block::Table(vec!["Target", "Source", "Map", "Flows"], table(&book.index.comes)),
    ];
    Page { path: "fields".into(), title: "All fields".into(), crumbs: home(book), blocks }
}
