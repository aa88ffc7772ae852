//! What a replay would send, beside what was to be sent before: shown before anything is done.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use spanwright_core::{
    codes::{APART, NO_LONGER_ASKED, OTHER_BYTES},
    deploy::maybe_not_undone,
    fact::{EffectKey, Ending, Moment, Phase, PlanId, Print, RunFile, Stopped, StoredEffect, Way, owed_again},
    interface::Repeat,
    plan::{EffectPlan, Plan},
    run::{Advance, Input, Owed, preview},
};
use spanwright_engine::{keep::Look, pinned};
use spanwright_shape::{
    json::{self, Difference},
    room::Room,
    text::Failure,
};

use super::{journal, out::Object, story::words};

/// Places that are shown of one message; the others are counted.
const PLACES_MOST: usize = 20;
/// Letters of a value that are shown.
const VALUE_CHARS_MOST: usize = 120;

/// Today's plan, and those that stopped messages are pinned to.
pub struct Previewer<'l> {
    look: &'l Look,
    today: Arc<Plan>,
    older: HashMap<PlanId, Option<Arc<Plan>>>,
    environment: Option<String>,
}

/// What one message would ask.
pub struct Preview {
    /// In the order of the flow.
    asks: Vec<Ask>,
    /// Where it would stop again.
    pub stops: Option<Stopped>,
    /// A call comes first, and what is behind it depends on the answer.
    unseen: bool,
}

/// One thing that it would ask.
struct Ask {
    name: String,
    key: Key,
    /// Against what it was to ask under its own plan.
    change: Change,
}

/// Under which key it goes.
#[derive(Clone, Copy)]
enum Key {
    /// For the first time.
    First,
    /// A new one, since it was refused under the old one, or undone.
    New,
    /// The one that it had, with the same bytes: nobody knows whether it happened.
    Same,
    /// None, since the system knows none: nobody knows whether it happened, and it may be done twice.
    Twice,
    /// The one that all of those had that it went with: they go together again.
    OfAll,
    /// None: it goes together with those that it went with or not at all, and today each is asked for alone.
    NotAsItWent,
    /// Another, since some of those that it went with under one do not come along: nobody knows whether it happened.
    Alone,
    /// A new one, since it may have been undone: nobody knows whether it was.
    NotUndone,
}

enum Change {
    /// Nothing.
    None,
    /// These places.
    Places(Vec<Difference>),
    /// Other bytes than those that were sent, and the same have to go or none: it would stop with R0006. Those were not kept;
    /// where an earlier plan still makes them, these are the places.
    OtherBytes(Vec<Difference>),
    /// What it was to ask before cannot be told, so here is all of it.
    Whole(String),
}

impl<'l> Previewer<'l> {
    /// Under today's plan.
    pub fn of(look: &'l Look, today: Arc<Plan>, environment: Option<&str>) -> Previewer<'l> {
        Previewer { look, today, older: HashMap::new(), environment: environment.map(str::to_string) }
    }

    /// What this run would ask; whether all that it went with under one key comes along.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn preview(&mut self, file: &RunFile, goes_together: bool) -> anyhow::Result<Preview> {
        let then = self.plan_of(file)?;
        let room = Room::new();
        let before = then.as_ref().and_then(|plan| preview(file, plan, &room));
        let before = (then.as_deref(), before.as_ref());
        Ok(match preview(file, &self.today, &room) {
            None | Some(Advance::Replies { .. }) => Preview { asks: Vec::new(), stops: None, unseen: false },
            Some(Advance::Ends(Ending::Stopped(stopped))) => Preview { asks: Vec::new(), stops: Some(stopped), unseen: false },
            Some(Advance::Ends(_)) => Preview { asks: Vec::new(), stops: None, unseen: false },
            Some(Advance::Owes { owed, .. }) => {
                let calls = owed.iter().any(|owed| self.is_call(file, owed));
                let asks = owed.iter().map(|owed| self.ask(file, (owed, goes_together), before, &room)).collect();
                Preview { asks, stops: None, unseen: calls }
            }
        })
    }

    fn is_call(&self, file: &RunFile, owed: &Owed) -> bool {
        use spanwright_core::plan::StepKind;
        let Some((_, flow)) = self.today.flow(&file.flow) else { return false };
        flow.steps.iter().any(|step| matches!(&step.kind, StepKind::Call(effect) if *effect == owed.effect))
    }

    /// The plan under which it was asked, where this edition can build it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn plan_of(&mut self, file: &RunFile) -> anyhow::Result<Option<Arc<Plan>>> {
        self.plan(file.plan)
    }

    /// The plan of this number; `None` where this edition cannot build it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn plan(&mut self, id: PlanId) -> anyhow::Result<Option<Arc<Plan>>> {
        if let Some(known) = self.older.get(&id) {
            return Ok(known.clone());
        }
        let bundle = self.look.plan_bundle(id).map_err(journal::fault)?;
        let plan = match bundle {
            Some(bundle) if bundle.hash == self.today.hash => Some(self.today.clone()),
            Some(bundle) => pinned::rebuild(&bundle, spanwright_connect::ALL, self.environment.as_deref()),
            None => None,
        };
        self.older.insert(id, plan.clone());
        Ok(plan)
    }

    fn ask(
        &self,
        file: &RunFile,
        (owed, goes_together): (&Owed, bool),
        (then, before): (Option<&Plan>, Option<&Advance>),
        room: &Room,
    ) -> Ask {
        let item = if owed.item.is_empty() { String::new() } else { format!(" [{}]", owed.item) };
        let way = match owed.way {
            Way::Do => "",
            Way::Undo => "undo of ",
            Way::Ask => "whether it happened: ",
        };
        let known = file.known.iter().find(|known| is_of(known, owed));
        let plan = effect_of(&self.today, file, &owed.node).and_then(|effect| match owed.way {
            Way::Do => Some(effect),
            Way::Undo => effect.undo.as_deref(),
            Way::Ask => effect.if_unknown.as_ref().map(|question| &question.ask),
        });
        let then = then.and_then(|then| effect_of(then, file, &owed.node));
        let is_undo_of = |undo: &EffectKey| (&undo.node, &undo.item, owed.way) == (&owed.node, &owed.item, Way::Do);
        let may_stand = not_undone(file, &self.today).any(is_undo_of);
        let key = match known {
            None => Key::First,
            Some(_) if may_stand => Key::NotUndone,
            Some(known) => key_of(known, plan, then, goes_together),
        };
        let before = before.and_then(|before| same_of(before, owed));
        let sent = known
            .and_then(|known| known.state.sent)
            .filter(|_| matches!(key, Key::Same | Key::OfAll | Key::NotAsItWent | Key::Twice | Key::Alone));
        // What bears to be done twice without a key may have other bytes: the last one counts.
        let bound = sent.filter(|_| plan.is_none_or(|plan| plan.repeat != Repeat::Idempotent));
        let change = match (bound, before) {
            (Some(sent), _) if sent == owed.input.print() => Change::None,
            (Some(sent), before) => Change::OtherBytes(before.map_or_else(Vec::new, |before| since_sent(&before, owed, sent, room))),
            (None, Some(before)) => change(&before, &owed.input, room),
            (None, None) => Change::Whole(whole(&owed.input)),
        };
        Ask { name: format!("{way}{}{item}", owed.node), key, change }
    }
}

fn same_of(before: &Advance, owed: &Owed) -> Option<Arc<Input>> {
    let Advance::Owes { owed: all, .. } = before else { return None };
    let same = all.iter().find(|other| (&other.node, &other.item, other.way) == (&owed.node, &owed.item, owed.way));
    same.map(|same| same.input.clone())
}

/// The places that differ from what was sent, where the earlier plan makes just that.
fn since_sent(before: &Input, owed: &Owed, sent: Print, room: &Room) -> Vec<Difference> {
    match (before.print() == sent, change(before, &owed.input, room)) {
        (true, Change::Places(places)) => places,
        (_, _) => Vec::new(),
    }
}

fn is_of(known: &StoredEffect, owed: &Owed) -> bool {
    (&known.effect.node, &known.effect.item, known.effect.way) == (&owed.node, &owed.item, owed.way)
}

fn not_undone<'f>(file: &'f RunFile, today: &'f Plan) -> impl Iterator<Item = &'f EffectKey> {
    today.flow(&file.flow).into_iter().flat_map(|(_, flow)| maybe_not_undone(flow, &file.known))
}

fn effect_of<'p>(plan: &'p Plan, file: &RunFile, node: &str) -> Option<&'p EffectPlan> {
    let (_, flow) = plan.flow(&file.flow)?;
    flow.effect_of(node)
}

/// Whether it went under one key with others, and goes under another without them; by the plan under which it went.
fn went_with_others(known: &StoredEffect, plan: Option<&EffectPlan>) -> bool {
    let per_request = |plan: &EffectPlan| plan.has_one_key() && plan.batch.as_ref().is_some_and(|batch| batch.most > 1);
    known.state.glued.is_some() || plan.is_some_and(|plan| plan.repeat == Repeat::Keyed && per_request(plan))
}

fn key_of(known: &StoredEffect, plan: Option<&EffectPlan>, then: Option<&EffectPlan>, goes_together: bool) -> Key {
    let is_open = matches!(known.state.phase, Phase::Uncertain(_)) || known.state.sent.is_some();
    if known.effect.way == Way::Do && is_open && went_with_others(known, then.or(plan)) {
        return match (goes_together && keeps_bundle(known), plan.is_some_and(EffectPlan::has_one_key)) {
            (true, true) => Key::OfAll,
            (true, false) => Key::NotAsItWent,
            (false, _) => Key::Alone,
        };
    }
    match (&known.state.phase, known.state.sent, plan.map(|plan| plan.repeat)) {
        (Phase::Uncertain(_), _, Some(Repeat::Never)) | (_, Some(_), Some(Repeat::Never)) if known.effect.way == Way::Do => Key::Twice,
        (Phase::Uncertain(_), _, _) | (_, Some(_), _) => Key::Same,
        _ => Key::New,
    }
}

/// It would go again with what it went with.
fn keeps_bundle(known: &StoredEffect) -> bool {
    let is_apart = |why: &Failure| [APART.id, NO_LONGER_ASKED.id].contains(&why.code.id);
    let was_apart = matches!(&known.state.phase, Phase::Uncertain(why) | Phase::Dead(why) if is_apart(why));
    known.state.glued.is_some() && !was_apart
}

/// Whether a replay under this plan does again what nobody knows of and what may not be repeated, or went with others under one key
/// that do not all come along; or what may have been undone, and nobody knows. Where a question was asked before, it is asked anew and tells.
pub fn may_be_done_twice(file: &RunFile, plan: &Plan, then: Option<&Plan>, goes_together: bool) -> bool {
    if not_undone(file, plan).next().is_some() {
        return true;
    }
    let (before, after) = (&file.known, owed_again(file.known.clone(), Moment::default(), false));
    before.iter().filter(|known| matches!(known.state.phase, Phase::Uncertain(_))).any(|known| {
        let again = after.iter().any(|after| after.effect == known.effect && after.state.generation == known.state.generation);
        let asked = before
            .iter()
            .any(|other| (&other.effect.node, &other.effect.item, other.effect.way) == (&known.effect.node, &known.effect.item, Way::Ask));
        let goes_alone = |effect: &EffectPlan| !(goes_together && keeps_bundle(known) && effect.has_one_key());
        let went = then.and_then(|then| effect_of(then, file, &known.effect.node));
        let bears_none = |effect: &EffectPlan| {
            effect.repeat == Repeat::Never || goes_alone(effect) && went_with_others(known, Some(went.unwrap_or(effect)))
        };
        let never = |effect: &EffectPlan| bears_none(effect) && !(asked && effect.if_unknown.is_some());
        known.effect.way == Way::Do && again && effect_of(plan, file, &known.effect.node).is_some_and(never)
    })
}

fn change(before: &Input, after: &Input, room: &Room) -> Change {
    if before == after {
        return Change::None;
    }
    let body = |input: &Input| input.body.clone().unwrap_or_else(|| b"null".to_vec());
    let (one, other) = (body(before), body(after));
    let mut places = places(&before.with, &after.with, "with", room);
    places.extend(self::places(&one, &other, "", room));
    if places.is_empty() { Change::None } else { Change::Places(places) }
}

fn places(before: &[u8], after: &[u8], under: &str, room: &Room) -> Vec<Difference> {
    let (Ok(before), Ok(after)) = (json::read(before, room), json::read(after, room)) else { return Vec::new() };
    let found = json::differences(&before, &after).into_iter();
    found.map(|place| Difference { path: format!("{under}{}", place.path), ..place }).collect()
}

fn whole(input: &Input) -> String {
    String::from_utf8_lossy(input.body.as_deref().unwrap_or(&input.with)).into_owned()
}

impl Preview {
    /// Whether something of it would stop with R0006.
    pub fn has_other_bytes(&self) -> bool {
        self.asks.iter().any(|ask| matches!(ask.change, Change::OtherBytes(_)))
    }

    /// Whether something of it may be done twice.
    pub fn may_be_done_twice(&self) -> bool {
        self.asks.iter().any(|ask| {
            matches!(
                (ask.key, &ask.change),
                (Key::Twice | Key::Alone | Key::NotUndone, Change::None | Change::Places(_) | Change::Whole(_))
            )
        })
    }

    /// Whether it would stop with R0006, since the list of an `each` has another item where one was asked for before.
    pub fn has_other_items(&self) -> bool {
        self.stops.as_ref().is_some_and(|stopped| stopped.failure.code.id == OTHER_BYTES.id)
    }

    /// For a person, indented.
    pub fn human(&self) -> String {
        let mut text = String::new();
        if let Some(Stopped { node, failure, .. }) = &self.stops {
            let _ = writeln!(text, "           would stop again at {node}: {}", words(failure));
        } else if self.asks.is_empty() {
            text.push_str("           asks nothing more: it would end\n");
        }
        for ask in &self.asks {
            let key = match ask.key {
                Key::First => "for the first time",
                Key::New => "under a new key",
                Key::Same => "under its old key, with the same bytes or not at all",
                Key::OfAll => "together with those that it went with, under their old key, with the same bytes or not at all",
                Key::Twice => "which has no key of its own, and nobody knows whether it happened: it may be done twice",
                Key::NotAsItWent => "not at all (R0006): it went in a request that goes again as it went or not, and today each goes alone",
                Key::Alone => {
                    "which went with others under one key that do not all come along: it goes under another, and may be done twice"
                }
                Key::NotUndone => "under a new key, and nobody knows whether its undo happened: where it did not, it is done twice",
            };
            let _ = match ask.change {
                Change::OtherBytes(_) => writeln!(text, "           would stop again at {}: R0006 {}", ask.name, OTHER_BYTES.title),
                Change::None | Change::Places(_) | Change::Whole(_) => writeln!(text, "           asks {}, {key}", ask.name),
            };
            change_lines(&ask.change, &mut text);
        }
        if self.unseen {
            text.push_str("           what comes behind a call depends on its answer\n");
        }
        text
    }

    /// For a machine.
    pub fn json(&self) -> String {
        let asks = self.asks.iter().map(|ask| {
            let key = match ask.key {
                Key::First => "first",
                Key::New => "new",
                Key::Same => "same",
                Key::Twice => "none",
                Key::OfAll => "of all",
                Key::NotAsItWent => "not as it went",
                Key::Alone => "apart",
                Key::NotUndone => "not undone",
            };
            let object = Object::new().text("step", &ask.name).text("key", key);
            match &ask.change {
                Change::None => object.list("changes", []),
                Change::Whole(body) => object.raw("body", body),
                Change::Places(places) => object.list("changes", places.iter().map(place_json)),
                Change::OtherBytes(places) => object.text("stops_code", OTHER_BYTES.id).list("changes", places.iter().map(place_json)),
            }
            .end()
        });
        let stops = self.stops.as_ref();
        Object::new()
            .list("asks", asks)
            .maybe("stops_at", stops.map(|stopped| &*stopped.node))
            .maybe("stops_code", stops.map(|stopped| stopped.failure.code.id))
            .end()
    }
}

fn place_json(place: &Difference) -> String {
    let object = Object::new().text("path", &place.path);
    let object = place.before.iter().fold(object, |object, before| object.raw("before", before));
    place.after.iter().fold(object, |object, after| object.raw("after", after)).end()
}

fn change_lines(change: &Change, text: &mut String) {
    match change {
        Change::None => text.push_str("             the same as before\n"),
        Change::OtherBytes(places) if places.is_empty() => {
            text.push_str("             not the bytes that were sent; those were not kept, so what differs cannot be told\n");
        }
        Change::Whole(body) => {
            let _ = writeln!(text, "             {}", cut(body));
        }
        Change::Places(places) | Change::OtherBytes(places) => {
            for Difference { path, before, after } in places.iter().take(PLACES_MOST) {
                let _ = match (before, after) {
                    (Some(before), Some(after)) => writeln!(text, "             {path}: {} -> {}", cut(before), cut(after)),
                    (None, Some(after)) => writeln!(text, "           + {path}: {}", cut(after)),
                    (Some(before), None) => writeln!(text, "           - {path}: {}", cut(before)),
                    (None, None) => Ok(()),
                };
            }
            if places.len() > PLACES_MOST {
                let _ = writeln!(text, "             and {} places more", places.len() - PLACES_MOST);
            }
        }
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MOST) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_string(),
    }
}
