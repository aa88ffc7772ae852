//! The sequence of a flow: one message from its source to its end, with retries, holds, dead letters and undos.

use spanwright_core::{alert::CauseKind, door::at_once::Keeping, interface::Repeat};

use super::sequence::{Arrow, Item, Sequence};
use crate::book::{ChannelPage, Dead, Effect, FlowPage, From, StepPage, What};

/// Where Spanwright and its journal stand among the participants.
struct Cast<'c> {
    names: Vec<String>,
    channels: &'c [ChannelPage],
    /// A message that stops waits for a person.
    letters: bool,
}

const ENGINE: &str = "Spanwright";
const JOURNAL: &str = "Journal";
const PEOPLE: &str = "People";
/// What a message can give rise to.
const TOLD: [CauseKind; 4] = [CauseKind::DeadLetters, CauseKind::Breaker, CauseKind::Credentials, CauseKind::Undo];

impl<'c> Cast<'c> {
    fn of(flow: &FlowPage, channels: &'c [ChannelPage]) -> Cast<'c> {
        let mut names = Vec::new();
        let mut add = |name: &str| {
            if !names.iter().any(|have| have == name) {
                names.push(name.to_string());
            }
        };
        match &flow.from {
            From::Poll { system, .. } => add(system),
            From::Door { .. } => add("Sender"),
            From::Cron { .. } => add("Clock"),
            From::Handed(_) | From::Letters(_) => add("Another flow"),
            From::Round(of) => add(&format!("Flow {of}")),
            From::Nowhere => {}
        }
        add(ENGINE);
        add(JOURNAL);
        for effect in flow.effects() {
            add(&asked_name(effect));
            let others = [effect.undo.as_ref(), effect.question.as_ref().map(|(question, _)| question)];
            others.into_iter().flatten().filter_map(|name| name.split_once('.')).for_each(|(system, _)| add(system));
        }
        if let Some(ends) = &flow.when_all_done {
            add(&format!("Flow {ends}"));
        }
        let silence = flow.expect.is_some().then_some(CauseKind::Silence);
        if channels.iter().any(|channel| TOLD.into_iter().chain(silence).any(|kind| channel.hears(kind))) {
            add(PEOPLE);
        }
        Cast { names, channels, letters: matches!(flow.if_dead, Dead::Letter) }
    }

    fn at(&self, name: &str) -> usize {
        self.names.iter().position(|have| have == name).unwrap_or(0)
    }

    fn says(&self, from: &str, to: &str, words: impl Into<String>, arrow: Arrow) -> Item {
        Item::Says { from: self.at(from), to: self.at(to), words: words.into(), arrow }
    }

    /// Who hears of such a cause, by their channels.
    fn alert(&self, kind: CauseKind, words: &str) -> Option<Item> {
        let told: Vec<&str> = self.channels.iter().filter(|channel| channel.hears(kind)).map(|channel| channel.name.as_str()).collect();
        (!told.is_empty()).then(|| self.says(ENGINE, PEOPLE, format!("alert, one a cause: {words} ({})", told.join(", ")), Arrow::Asks))
    }

    fn note(&self, at: &str, words: impl Into<String>) -> Item {
        Item::Note { at: self.at(at), words: words.into() }
    }
}

/// The name of what an effect asks among the participants.
fn asked_name(effect: &Effect) -> String {
    match (effect.hands_to(), effect.tells()) {
        (Some(flow), _) => format!("Flow {flow}"),
        (None, Some(_)) => PEOPLE.to_string(),
        (None, None) => effect.system.clone(),
    }
}

/// The sequence of a flow.
pub fn sequence(flow: &FlowPage, channels: &[ChannelPage]) -> Sequence {
    let cast = Cast::of(flow, channels);
    let mut items = Vec::new();
    source(flow, &cast, &mut items);
    steps(&flow.steps, &cast, &mut items);
    undos(flow, &cast, &mut items);
    stopped(flow, &cast, &mut items);
    items.push(cast.says(ENGINE, JOURNAL, "the message is done", Arrow::Asks));
    silence(flow, &cast, &mut items);
    round(flow, &cast, &mut items);
    Sequence { title: format!("One message of {}", flow.name), participants: cast.names.clone(), items }
}

fn source(flow: &FlowPage, cast: &Cast<'_>, items: &mut Vec<Item>) {
    match &flow.from {
        From::Poll { system, operation, every, files: Some(_), .. } => {
            let good = vec![
                cast.says(system, ENGINE, "a file, row by row", Arrow::Answers),
                cast.says(ENGINE, JOURNAL, "each row that is new, on disk", Arrow::Asks),
                cast.says(ENGINE, system, "the file is moved away", Arrow::Asks),
            ];
            let bad = vec![
                cast.says(system, ENGINE, "no header, a column missing, torn", Arrow::Lost),
                cast.says(ENGINE, JOURNAL, "dead letter: file, line, column", Arrow::Asks),
            ];
            let asks = cast.says(ENGINE, system, format!("{operation}: a file that nobody touches"), Arrow::Asks);
            let looked = vec![asks, alt("it can be read", good, "it cannot", bad)];
            items.push(Item::Frame { kind: "loop", parts: vec![(format!("every {every}"), looked)] });
        }
        From::Poll { system, operation, queue: Some(prefetch), .. } => {
            let good = vec![
                cast.says(ENGINE, JOURNAL, "the messages, on disk", Arrow::Asks),
                cast.says(ENGINE, system, "acknowledged: it may forget them", Arrow::Asks),
            ];
            let bad = vec![
                cast.says(ENGINE, JOURNAL, "dead letter: what it says, and why it is none", Arrow::Asks),
                cast.says(ENGINE, system, "acknowledged: it is not given again and again", Arrow::Asks),
            ];
            let given = cast.says(system, ENGINE, format!("messages of {operation}, {prefetch} ahead at most"), Arrow::Answers);
            items.push(given);
            items.push(alt("one can be read", good, "it cannot", bad));
            let again = vec![cast.note(ENGINE, "what was not acknowledged is given again; one with a message-id is known")];
            items.push(Item::Frame { kind: "opt", parts: vec![("a crash, or the connection breaks".to_string(), again)] });
        }
        From::Poll { system, operation, every, pages, cursor, .. } => {
            let since = cursor.as_ref().map(|(into, _)| format!(" ({into})")).unwrap_or_default();
            let asks = cast.says(ENGINE, system, format!("{operation}{since}"), Arrow::Asks);
            let kept = cast.says(ENGINE, JOURNAL, "each item that is new, on disk", Arrow::Asks);
            let mut good = vec![cast.says(system, ENGINE, "a page of items", Arrow::Answers), kept];
            if let Some((_, overlap)) = cursor {
                good.push(cast.says(ENGINE, JOURNAL, format!("the cursor; {overlap} are read again"), Arrow::Asks));
            }
            let bad = vec![
                cast.says(system, ENGINE, "429, 5xx, fault, or no answer", Arrow::Lost),
                cast.note(ENGINE, "asks again later; the cursor stays where it was"),
            ];
            let page = match pages {
                Some(_) => vec![Item::Frame {
                    kind: "loop",
                    parts: vec![("each page".to_string(), vec![asks, alt("it answers", good, "it does not", bad)])],
                }],
                None => vec![asks, alt("it answers", good, "it does not", bad)],
            };
            items.push(Item::Frame { kind: "loop", parts: vec![(format!("every {every}"), page)] });
        }
        From::Door { wire, reply_within, keeping, .. } => {
            items.push(cast.says("Sender", ENGINE, wire.clone(), Arrow::Asks));
            match keeping {
                Keeping::Failures => items.push(cast.note(ENGINE, "asks nobody and changes nothing: it is kept only where it fails")),
                Keeping::FailuresOfAsking => items.push(cast.note(ENGINE, "only asks: it is kept only where that does not go well")),
                Keeping::All => items.push(cast.says(ENGINE, JOURNAL, "the message, on disk", Arrow::Asks)),
            }
            match reply_within {
                None => items.push(cast.says(ENGINE, "Sender", "202 Accepted: it is kept", Arrow::Answers)),
                Some(time) => items.push(cast.note(ENGINE, format!("the sender waits up to {time} for the reply"))),
            }
            let refused = vec![cast.says(ENGINE, "Sender", "4xx problem: nothing was taken", Arrow::Lost)];
            items.push(Item::Frame { kind: "opt", parts: vec![("unknown, unsigned, malformed, or no room".to_string(), refused)] });
        }
        From::Cron { line, zone, missed } => {
            items.push(cast.says("Clock", ENGINE, format!("{line}, {zone}"), Arrow::Asks));
            items.push(cast.says(ENGINE, JOURNAL, "the time, taken once", Arrow::Asks));
            items.push(cast.note(ENGINE, format!("while nobody ran: {missed}")));
        }
        From::Handed(_) => {
            items.push(cast.says("Another flow", ENGINE, "a message", Arrow::Asks));
            items.push(cast.says(ENGINE, JOURNAL, "the message, on disk, known by the delivery's key", Arrow::Asks));
        }
        From::Round(of) => {
            items.push(cast.says(&format!("Flow {of}"), ENGINE, "a round is over: its poll, files or time", Arrow::Asks));
            items.push(cast.says(ENGINE, JOURNAL, "its end, in the same commit", Arrow::Asks));
            items.push(cast.note(ENGINE, "waits until each message of the round has ended"));
            items.push(cast.says(JOURNAL, ENGINE, "$tally: taken, delivered, skipped, dead, uncertain", Arrow::Answers));
        }
        From::Letters(flows) => {
            let whose = flows.as_ref().map_or("of any flow".to_string(), |flows| format!("of {}", flows.join(", ")));
            items.push(cast.says("Another flow", ENGINE, format!("a dead letter {whose}"), Arrow::Asks));
            items.push(cast.says(ENGINE, JOURNAL, "the dead letter and this message, in one commit", Arrow::Asks));
            items.push(cast.note(ENGINE, "a dead letter of this flow, and of those that it leads to, is told to nobody"));
        }
        From::Nowhere => {}
    }
    if let Some(when) = &flow.when {
        items.push(cast.note(ENGINE, format!("only where {when}")));
    }
}

fn alt(good: &str, of_good: Vec<Item>, bad: &str, of_bad: Vec<Item>) -> Item {
    Item::Frame { kind: "alt", parts: vec![(good.to_string(), of_good), (bad.to_string(), of_bad)] }
}

fn steps(steps: &[StepPage], cast: &Cast<'_>, items: &mut Vec<Item>) {
    for page in steps {
        let mut inside = Vec::new();
        step(page, cast, &mut inside);
        match &page.when {
            Some(when) => items.push(Item::Frame { kind: "opt", parts: vec![(when.clone(), inside)] }),
            None => items.extend(inside),
        }
    }
}

fn step(step: &StepPage, cast: &Cast<'_>, items: &mut Vec<Item>) {
    match &step.what {
        What::Map(map) => {
            items.push(cast.says(ENGINE, ENGINE, format!("map {map}"), Arrow::Asks));
            let dead = vec![cast.says(ENGINE, JOURNAL, "dead letter: map, field, line", Arrow::Asks)];
            items.push(Item::Frame { kind: "opt", parts: vec![("a field cannot be made".to_string(), dead)] });
        }
        What::Only(test) => {
            let ends = vec![cast.says(ENGINE, JOURNAL, "skipped: filtered", Arrow::Asks)];
            items.push(Item::Frame { kind: "opt", parts: vec![(format!("not {test}"), ends)] });
        }
        What::Fail(reason) => items.push(cast.says(ENGINE, JOURNAL, format!("dead letter: {reason}"), Arrow::Asks)),
        What::Reply(what) => items.push(cast.says(ENGINE, "Sender", what.clone(), Arrow::Answers)),
        What::Route(ways) => {
            let parts = ways.iter().map(|(when, inner)| (when.clone(), several(inner, cast))).collect();
            items.push(Item::Frame { kind: "alt", parts });
        }
        What::Each(list, inner) => items.push(Item::Frame { kind: "loop", parts: vec![(format!("each of {list}"), several(inner, cast))] }),
        What::Effect(effect) => match (effect.hands_to(), effect.tells()) {
            (Some(_), _) => handed(effect, cast, items),
            (None, Some(channel)) => told(effect, channel, cast, items),
            (None, None) => asked(effect, cast, items),
        },
    }
}

fn several(inner: &[StepPage], cast: &Cast<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    steps(inner, cast, &mut items);
    items
}

/// A message for another flow: it is kept, or nothing is; there is nothing on the way that could be lost.
fn handed(effect: &Effect, cast: &Cast<'_>, items: &mut Vec<Item>) {
    let taker = asked_name(effect);
    items.push(cast.says(ENGINE, &taker, "the message, once, under the delivery's key", Arrow::Asks));
    items.push(cast.note(&taker, "from here on on its own: retries, dead letters, replay"));
}

/// People are told by a step.
fn told(effect: &Effect, channel: &str, cast: &Cast<'_>, items: &mut Vec<Item>) {
    items.push(cast.says(ENGINE, PEOPLE, format!("what the step says ({channel}), with its key"), Arrow::Asks));
    let mut never = vec![cast.note(ENGINE, format!("tried again: {}", effect.retry))];
    never.push(match effect.forgiven {
        Some(words) => cast.note(ENGINE, words),
        None => cast.says(ENGINE, JOURNAL, "it stops, with reason and attempts", Arrow::Asks),
    });
    items.push(Item::Frame { kind: "opt", parts: vec![("the channel does not take it".to_string(), never)] });
}

/// How outcomes look on a wire.
struct Wire {
    good: &'static str,
    later: &'static str,
    lost: &'static str,
    refused: &'static str,
}

impl Wire {
    fn of(speaks: &str) -> Wire {
        let http = Wire {
            good: "2xx",
            later: "429, 5xx, or not reached",
            lost: "time-out, or the connection is cut",
            refused: "refused: 4xx or a declared fault",
        };
        match speaks {
            "files" => Wire {
                good: "the file is there, whole",
                later: "the folder cannot be reached",
                lost: "cut off while it was written",
                refused: "another file of that name",
            },
            "graphql" => Wire { refused: "refused: errors, or a 4xx", ..http },
            _ => http,
        }
    }
}

/// A call or a send, and what follows from each outcome.
fn asked(effect: &Effect, cast: &Cast<'_>, items: &mut Vec<Item>) {
    let (system, words) = (&effect.system, Wire::of(&effect.speaks));
    let waits = match (&effect.gathered, effect.unchanged) {
        (Some(batch), _) if batch.most > 1 => Some(format!("gathers up to {} for {}", batch.most, batch.wait)),
        (_, true) => Some("not sent where nothing changed".to_string()),
        _ => None,
    };
    items.extend(waits.map(|words| cast.note(ENGINE, words)));
    if effect.repeat == Repeat::Never {
        items.push(cast.says(ENGINE, JOURNAL, "about to ask, on disk", Arrow::Asks));
    }
    let key = if effect.repeat == Repeat::Keyed { ", with its key" } else { "" };
    items.push(cast.says(ENGINE, system, format!("{}{key}", effect.operation), Arrow::Asks));
    let mut good =
        vec![cast.says(system, ENGINE, format!("{}{}", words.good, if effect.waits { ", the answer" } else { "" }), Arrow::Answers)];
    if effect.pages.is_some() {
        let asked = vec![
            cast.says(ENGINE, system, format!("{}, the next page", effect.operation), Arrow::Asks),
            cast.says(system, ENGINE, words.good, Arrow::Answers),
        ];
        good.push(Item::Frame { kind: "loop", parts: vec![("each page".to_string(), asked)] });
    }
    if let Some((every, until, most)) = &effect.again {
        let asked = vec![
            cast.says(ENGINE, system, effect.operation.clone(), Arrow::Asks),
            cast.says(system, ENGINE, "not ready yet", Arrow::Answers),
        ];
        good.push(Item::Frame { kind: "loop", parts: vec![(format!("every {every} until {until}, up to {most}"), asked)] });
    }
    good.push(cast.says(ENGINE, JOURNAL, "delivered", Arrow::Asks));
    if effect.pivot {
        good.push(cast.note(ENGINE, "from here on nothing is undone"));
    }
    let mut later = vec![
        cast.says(system, ENGINE, words.later, Arrow::Lost),
        cast.note(ENGINE, format!("again after a random wait or Retry-After: {}", effect.retry)),
        cast.note(ENGINE, format!("{} failed: the breaker opens and holds all, up to {}; no try is spent", effect.breaker, effect.give_up)),
    ];
    later.extend(cast.alert(CauseKind::Breaker, "the breaker is open"));
    let mut unknown = vec![cast.says(system, ENGINE, words.lost, Arrow::Lost)];
    match effect.repeat {
        _ if effect.question.is_some() => question(effect, cast, &mut unknown),
        Repeat::Never => {
            unknown.push(cast.says(ENGINE, JOURNAL, "uncertain", Arrow::Asks));
            unknown.push(cast.note(JOURNAL, "waits until a person says whether it happened"));
            unknown.extend(cast.alert(CauseKind::DeadLetters, "nobody knows whether it happened"));
        }
        Repeat::Safe | Repeat::Idempotent => unknown.push(cast.note(ENGINE, "asked again: twice is once")),
        Repeat::Keyed => unknown.push(cast.note(ENGINE, "asked again, the same bytes under the same key")),
    }
    let mut never = vec![cast.says(system, ENGINE, words.refused, Arrow::Lost)];
    match effect.forgiven {
        Some(words) => never.push(cast.note(ENGINE, words)),
        None => {
            never.push(cast.says(ENGINE, JOURNAL, "it stops, with reason and attempts", Arrow::Asks));
            if cast.letters {
                never.push(cast.note(JOURNAL, "a dead letter: waits until a person replays or discards it"));
                never.extend(cast.alert(CauseKind::DeadLetters, "dead letters"));
            }
        }
    }
    let parts = [("it happened", good), ("not now", later), ("unknown", unknown), ("never", never)];
    items.push(Item::Frame { kind: "alt", parts: parts.into_iter().map(|(when, items)| (when.to_string(), items)).collect() });
}

/// Before it is done again, somebody is asked whether it happened.
fn question(effect: &Effect, cast: &Cast<'_>, unknown: &mut Vec<Item>) {
    let Some((system, operation, wait)) =
        effect.question.as_ref().and_then(|(name, wait)| name.split_once('.').map(|(system, operation)| (system, operation, wait)))
    else {
        return;
    };
    unknown.push(cast.says(ENGINE, system, format!("{operation}, {wait} later"), Arrow::Asks));
    let happened = vec![cast.says(system, ENGINE, "a value", Arrow::Answers), cast.says(ENGINE, JOURNAL, "delivered", Arrow::Asks)];
    let not = vec![cast.says(system, ENGINE, "nothing", Arrow::Answers), cast.note(ENGINE, "done again")];
    unknown.push(alt("it happened", happened, "it did not", not));
}

/// What follows when nothing comes.
fn silence(flow: &FlowPage, cast: &Cast<'_>, items: &mut Vec<Item>) {
    let Some(expect) = &flow.expect else { return };
    let told = cast.alert(CauseKind::Silence, "nothing came");
    let inside = told.unwrap_or_else(|| cast.note(ENGINE, "an alert; no channel is told of silence"));
    items.push(Item::Frame { kind: "opt", parts: vec![(format!("nothing new came, and it was expected {expect}"), vec![inside])] });
}

/// What follows when all that came at once has ended.
fn round(flow: &FlowPage, cast: &Cast<'_>, items: &mut Vec<Item>) {
    let Some(ends) = &flow.when_all_done else { return };
    let tells = cast.says(ENGINE, &format!("Flow {ends}"), "once, with the round's $tally", Arrow::Asks);
    items.push(Item::Frame { kind: "opt", parts: vec![("each message of its round has ended".to_string(), vec![tells])] });
}

/// What follows when a message stopped.
fn stopped(flow: &FlowPage, cast: &Cast<'_>, items: &mut Vec<Item>) {
    let inside = match &flow.if_dead {
        Dead::Letter => return,
        Dead::Discard => vec![cast.says(ENGINE, JOURNAL, "set aside, with its reason", Arrow::Asks)],
        Dead::Steps(steps) => several(steps, cast),
    };
    items.push(Item::Frame { kind: "opt", parts: vec![("the message stopped".to_string(), inside)] });
}

/// What is taken back when a later step fails for good, in reverse.
fn undos(flow: &FlowPage, cast: &Cast<'_>, items: &mut Vec<Item>) {
    let undone: Vec<Item> = flow
        .effects()
        .iter()
        .rev()
        .filter_map(|effect| {
            let (system, operation) = effect.undo.as_deref()?.split_once('.')?;
            Some(cast.says(ENGINE, system, format!("{operation}, if {} happened or may have", effect.operation), Arrow::Asks))
        })
        .collect();
    if !undone.is_empty() {
        let undone = undone.into_iter().chain(cast.alert(CauseKind::Undo, "an undo does not get through")).collect();
        items.push(Item::Frame {
            kind: "opt",
            parts: vec![("a step failed for good: what was done is undone, last first".to_string(), undone)],
        });
    }
}
