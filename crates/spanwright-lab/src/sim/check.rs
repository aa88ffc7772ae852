//! The invariants, each a sentence beside its check.

use std::collections::{BTreeMap, BTreeSet};

use spanwright_core::{
    fact::{Ending, Fact, Store as _},
    plan::{OrderBy, Plan, any_step},
};

use super::{
    plan::{ACCOUNTS_FLOW, PARCELS_FLOW},
    senders::Senders,
    world::{BOOKINGS, Effected, LOOKS, ORDERS, PARCELS, REPLAYED, World},
};
use crate::model::ModelStore;

/// The code of a batch of which one does not go again.
const APART: &str = "R0045";

/// What an order does, and what undoes it.
const UNDONE_BY: [(&str, &str); 2] = [("reserve", "release"), ("charge", "refund")];

type Checked = Result<(), String>;

/// What the editions of a story's plan leave open.
#[derive(Clone, Copy)]
pub(super) struct Leeway {
    /// There are several: what went under one is replayed under another.
    changes: bool,
    /// The events of accounts are in one line, or each account's, as it comes.
    reorders: bool,
    /// A parcel may be done without being handed over.
    hands_no_more: bool,
}

impl Leeway {
    pub fn of<'p>(plans: impl Iterator<Item = &'p Plan> + Clone) -> Leeway {
        let in_order = |plan: &Plan| plan.flows[ACCOUNTS_FLOW].in_order.map(|rule| rule.by == OrderBy::All);
        let hands = |plan: &Plan| any_step(&plan.flows[PARCELS_FLOW].steps, &|step| &*step.name == "hand");
        let first = plans.clone().next().map(in_order);
        Leeway {
            changes: plans.clone().count() > 1,
            reorders: plans.clone().any(|plan| Some(in_order(plan)) != first),
            hands_no_more: !plans.clone().all(hands),
        }
    }
}

/// All of them.
pub(super) fn check(world: &World, senders: &Senders, store: &mut ModelStore, leeway: Leeway) -> Checked {
    if let Some(broken) = &world.broken {
        return Err(broken.clone());
    }
    if let Some(broken) = &senders.broken {
        return Err(broken.clone());
    }
    let endings = endings(store)?;
    nothing_is_left_open(store)?;
    every_order_is_taken_once(&endings)?;
    for (id, ending) in &endings {
        match id.chars().next() {
            Some('o') => order(id, ending, world)?,
            Some('b') => booking(id, ending, world)?,
            Some('k') => account(id, ending, world, leeway)?,
            Some('p') => parcel(id, ending, world, leeway)?,
            _ => {}
        }
    }
    what_was_answered_is_kept(senders, &endings, world, store)?;
    records(world)
}

/// Whether everything that the shop had was taken in: a source that waits for its targets may be late.
pub(super) fn all_is_taken(world: &World, store: &ModelStore) -> bool {
    let taken: BTreeSet<(&str, &[u8])> = store
        .facts()
        .filter_map(|fact| match fact {
            Fact::Took(took) => Some((took.key.as_deref()?, &took.body[..])),
            _ => None,
        })
        .collect();
    let is_there = |id: &str| taken.range((id, &b""[..])..).next().is_some_and(|(key, _)| *key == id);
    let numbered = |letter: char, count| (0..count).map(move |n| format!("{letter}{n}"));
    let mut once = numbered('o', ORDERS).chain(numbered('b', BOOKINGS)).chain(numbered('p', PARCELS));
    let last = |(id, state): (String, i64)| taken.contains(&(id.as_str(), format!("{{\"id\":\"{id}\",\"n\":{state}}}").as_bytes()));
    let event = |(id, body): (String, &String)| taken.contains(&(id.as_str(), body.as_bytes()));
    once.all(|id| is_there(&id)) && world.last_states().into_iter().all(last) && world.events().all(event)
}

/// I1: what was taken is done, skipped or stopped; never absent, never open.
fn nothing_is_left_open(store: &mut ModelStore) -> Checked {
    let opening = store.opening().map_err(|fault| format!("{fault:?}"))?;
    match opening.backlog.as_slice() {
        [] => Ok(()),
        open => Err(format!("runs are left open: {open:?}")),
    }
}

fn endings(store: &ModelStore) -> Result<BTreeMap<String, Vec<Ending>>, String> {
    let mut endings: BTreeMap<String, Vec<Ending>> = BTreeMap::new();
    let (mut run, mut ids) = (0, BTreeMap::new());
    let mut seen = BTreeMap::new();
    for fact in store.facts() {
        match fact {
            Fact::Took(took) => {
                let id = took.key.as_deref().unwrap_or_default().to_string();
                // What has no run: an event under a key that is known, whatever it holds; the same record in the same state.
                if let Some(by) = took.seen.as_ref() {
                    let before = seen.insert((took.source.clone(), by.key.clone()), took.body.clone());
                    if before.is_some_and(|body| by.held.is_some() || body == took.body) {
                        continue;
                    }
                }
                run += 1;
                endings.entry(id.clone()).or_default();
                ids.insert(run, id);
            }
            Fact::Ended { run, ending, .. } => {
                let id = ids.get(&run.0).ok_or_else(|| format!("run {run:?} ended and was never taken"))?;
                endings.entry(id.clone()).or_default().push(ending.clone());
            }
            _ => {}
        }
    }
    Ok(endings)
}

/// I2: each order and each booking is taken once, and ends once, and once more each time that it is replayed.
fn every_order_is_taken_once(endings: &BTreeMap<String, Vec<Ending>>) -> Checked {
    for id in (0..ORDERS).map(|n| format!("o{n}")).chain((0..BOOKINGS).map(|n| format!("b{n}"))) {
        let of_it = endings.get(&id).map(Vec::as_slice);
        match of_it.and_then(<[Ending]>::split_last) {
            Some((_, before)) if before.iter().all(|ending| matches!(ending, Ending::Stopped(_))) => {}
            _ => return Err(format!("{id} ended {of_it:?}")),
        }
    }
    Ok(())
}

/// I13: what a sender was told is kept is in the journal, under the id that it was told, and was done exactly once; nothing that came
/// again under its key was.
fn what_was_answered_is_kept(senders: &Senders, endings: &BTreeMap<String, Vec<Ending>>, world: &World, store: &ModelStore) -> Checked {
    let took = |id: &str, message: u128| {
        store.facts().any(|fact| matches!(fact, Fact::Took(took) if took.message == message && took.key.as_deref() == Some(id)))
    };
    for (id, told) in senders.told() {
        let Some(message) = told else { return Err(format!("{id} was never answered")) };
        if !took(&id, message) {
            return Err(format!("{id} was accepted and is gone"));
        }
        let count = world.ledger.iter().filter(|effected| effected.id == id).count();
        match endings.get(&id).map(Vec::as_slice) {
            Some([Ending::Done]) if count == 1 => {}
            other => return Err(format!("{id} ended {other:?}, and was delivered {count} times")),
        }
    }
    Ok(())
}

fn order(id: &str, endings: &[Ending], world: &World) -> Checked {
    let of_it: Vec<&Effected> = world.ledger.iter().filter(|effected| effected.id == id).collect();
    let count = |operation: &str| of_it.iter().filter(|effected| &*effected.operation == operation).count();
    // I3: nothing is done twice, whatever was cut; what was undone is done once more where it is replayed.
    for operation in ["ship", "tell"] {
        if count(operation) > 1 {
            return Err(format!("{id}: {operation} happened {} times", count(operation)));
        }
    }
    let by_hand = |undid: &str| world.times_by_hand.get(&(id.to_string(), undid.to_string())).copied().unwrap_or(0);
    let stands = |pair| stands(&of_it, pair);
    for (did, undid) in UNDONE_BY {
        if stands((did, undid)) > by_hand(undid) + 1 {
            return Err(format!("{id}: {did} happened {} times, and {undid} {} times", count(did), count(undid)));
        }
    }
    let mut logged: Vec<i64> = of_it.iter().filter(|effected| &*effected.operation == "log").map(|effected| effected.item).collect();
    logged.sort_unstable();
    if logged.windows(2).any(|two| two[0] == two[1]) {
        return Err(format!("{id}: an item was logged twice"));
    }
    for of_one_time in of_it.split(|effected| &*effected.operation == REPLAYED) {
        let count = |operation: &str| of_one_time.iter().filter(|effected| &*effected.operation == operation).count();
        if let Some(twice) = UNDONE_BY.into_iter().flat_map(|(did, undid)| [did, undid]).find(|operation| count(operation) > 1) {
            return Err(format!("{id}: {twice} happened {} times", count(twice)));
        }
        undone_in_reverse_and_last(id, of_one_time)?;
    }
    match endings.last() {
        // I4: done means that all of it was done.
        Some(Ending::Done) => match ["ship", "tell"].iter().find(|operation| count(operation) == 0) {
            Some(missing) => Err(format!("{id}: done without {missing}")),
            None => match UNDONE_BY.into_iter().find(|pair| stands(*pair) == 0) {
                Some((did, undid)) => Err(format!("{id}: done, and {did} happened {} times and {undid} {}", count(did), count(undid))),
                None => Ok(()),
            },
        },
        // I5: stopped means that whatever was done, or may have been, was undone, by us or by hand.
        Some(Ending::Stopped(_) | Ending::SetAside(_)) => match UNDONE_BY.into_iter().find(|pair| stands(*pair) > by_hand(pair.1)) {
            Some((did, _)) => Err(format!("{id}: stopped, and {did} was not undone")),
            None => Ok(()),
        },
        Some(Ending::Skipped(reason)) => Err(format!("{id}: skipped ({reason:?})")),
        None => Err(format!("{id}: no ending")),
    }
}

/// I9: what knows no keys happens at most once, for it is asked before it is done again, and all pages of the answer are read. I10: behind
/// a pivot nothing is undone, before it everything is. I11: what failed before it is dealt with exactly once, and is no dead letter; what
/// failed behind it is one, and nothing else is done about it. I12: nobody goes on with an answer that is not ready.
fn booking(id: &str, endings: &[Ending], world: &World) -> Checked {
    let count = |operation: &str| world.ledger.iter().filter(|effected| effected.id == id && &*effected.operation == operation).count();
    if let Some(twice) = ["hold", "free", "create", "pay", "notify", "apologize"].iter().find(|operation| count(operation) > 1) {
        return Err(format!("{id}: {twice} happened {} times", count(twice)));
    }
    if count("pay") > 0 && count("free") > 0 {
        return Err(format!("{id}: undone behind its pivot"));
    }
    match endings.last() {
        Some(Ending::Done) => match ["hold", "create", "pay"].iter().find(|operation| count(operation) == 0) {
            Some(missing) => Err(format!("{id}: done without {missing}")),
            None if count("free") + count("apologize") > 0 => Err(format!("{id}: done and dealt with as a failure")),
            None if world.looks_at(id) < LOOKS => Err(format!("{id}: done before it was ready")),
            None => Ok(()),
        },
        Some(Ending::SetAside(_)) if count("apologize") != 1 => Err(format!("{id}: set aside without its step")),
        Some(Ending::SetAside(_)) if count("pay") > 0 => Err(format!("{id}: set aside behind its pivot")),
        Some(Ending::SetAside(_)) if count("hold") != count("free") => Err(format!("{id}: failed before its pivot, and not undone")),
        Some(Ending::SetAside(_)) => Ok(()),
        Some(Ending::Stopped(_)) if count("pay") > 0 && count("apologize") == 0 => Ok(()),
        other => Err(format!("{id}: ended as {other:?}")),
    }
}

/// I16: each event of an account ends once, and once more each time that it is replayed, as what it is, and nothing of it happens twice: what
/// no step and no bank refuses is done, the rest is a dead letter. One that went with others of which one stands in line behind another since a deploy is a dead letter, too, and
/// a person looks.
fn account(id: &str, endings: &[Ending], world: &World, leeway: Leeway) -> Checked {
    let (good, bad) = world.events_of(id);
    let is_apart = |ending: &&Ending| matches!(ending, Ending::Stopped(stopped) if stopped.failure.code.id == APART);
    let apart = endings.iter().filter(is_apart).count();
    let done = endings.iter().filter(|ending| matches!(ending, Ending::Done)).count();
    let stopped = endings.iter().filter(|ending| matches!(ending, Ending::Stopped(_))).count() - apart;
    let again = world.ledger.iter().filter(|effected| effected.id == id && &*effected.operation == REPLAYED).count();
    if apart > 0 && !leeway.reorders
        || done > good
        || stopped > bad + again
        || done + stopped + apart != endings.len()
        || endings.len() != good + bad + again
    {
        let ended = format!("{done} are done, {stopped} stopped and {apart} apart, and {again} were replayed");
        return Err(format!("{id}: {good} events are good and {bad} bad; {ended}"));
    }
    for operation in ["apply", "publish"] {
        let of_it = world.ledger.iter().filter(|effected| effected.id == id && &*effected.operation == operation);
        let items: Vec<i64> = of_it.map(|effected| effected.item).collect();
        if items.len() != items.iter().collect::<BTreeSet<_>>().len() || items.len() < done {
            return Err(format!("{id}: {operation} of {items:?}, and {done} are done"));
        }
    }
    Ok(())
}

/// I18: whatever was given up and replayed, and whatever the plan was then, a parcel is handed over exactly once where it is done, and at
/// most once where an edition of its story hands over none, or a person has discarded it since no edition asks for it as it went; it has
/// one label; it is insured once, or as often as that was taken back and once more; and behind its label nothing is taken back.
fn parcel(id: &str, endings: &[Ending], world: &World, leeway: Leeway) -> Checked {
    let of_it: Vec<&Effected> = world.ledger.iter().filter(|effected| effected.id == id).collect();
    let count = |operation: &str| of_it.iter().filter(|effected| &*effected.operation == operation).count();
    let (handed, labels) = (count("hand"), count("label"));
    let label = of_it.iter().position(|effected| &*effected.operation == "label");
    let cancel = of_it.iter().rposition(|effected| &*effected.operation == "cancel");
    let is_taken_back = label.is_some_and(|label| cancel.is_some_and(|cancel| cancel > label));
    let ended_well = match endings.split_last() {
        Some((Ending::Done, before)) => {
            (handed == 1 || handed == 0 && leeway.hands_no_more) && before.iter().all(|ending| matches!(ending, Ending::Stopped(_)))
        }
        Some((Ending::Stopped(_), _)) => handed <= 1 && leeway.changes,
        _ => false,
    };
    if ended_well && labels <= 1 && stands(&of_it, ("insure", "cancel")) <= 1 && !is_taken_back {
        return Ok(());
    }
    let did: Vec<&str> = of_it.iter().map(|effected| &*effected.operation).collect();
    Err(format!("{id}: {did:?}, and ended {endings:?}"))
}

/// How often something is done and not undone. What did not happen is undone, too, where nobody knew of it: that changes nothing.
fn stands(of_it: &[&Effected], (did, undid): (&str, &str)) -> usize {
    of_it.iter().fold(0, |stands: usize, effected| match &*effected.operation {
        operation if operation == did => stands + 1,
        operation if operation == undid => stands.saturating_sub(1),
        _ => stands,
    })
}

/// I6: undo goes in reverse. I7: nothing is done after the first undo: all siblings had settled.
fn undone_in_reverse_and_last(id: &str, of_it: &[&Effected]) -> Checked {
    let at = |operation: &str| of_it.iter().position(|effected| &*effected.operation == operation);
    if let (Some(refund), Some(release)) = (at("refund"), at("release"))
        && release < refund
    {
        return Err(format!("{id}: released before it was refunded"));
    }
    let first_undo = of_it.iter().position(|effected| matches!(&*effected.operation, "refund" | "release"));
    let last_do = of_it.iter().rposition(|effected| !matches!(&*effected.operation, "refund" | "release"));
    match (first_undo, last_do) {
        (Some(undo), Some(done)) if done > undo => Err(format!("{id}: {} after the undo had begun", of_it[done].operation)),
        _ => Ok(()),
    }
}

/// I8: each record ends in its last state, and no older state was ever written over a newer one.
fn records(world: &World) -> Checked {
    let mut states: BTreeMap<&str, i64> = BTreeMap::new();
    for effected in world.ledger.iter().filter(|effected| &*effected.operation == "upsert") {
        let last = states.insert(&effected.id, effected.item).unwrap_or(0);
        if effected.item <= last {
            return Err(format!("record {}: state {} was written after state {last}", effected.id, effected.item));
        }
    }
    for (id, wanted) in world.last_states() {
        if states.get(id.as_str()) != Some(&wanted) {
            return Err(format!("record {id}: ended in state {:?} and not in {wanted}", states.get(id.as_str())));
        }
    }
    Ok(())
}
