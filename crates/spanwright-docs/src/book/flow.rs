//! A flow: where its messages come from, its steps, and what it asks of systems.

use spanwright_core::{
    desk::{
        handover::FLOW_SYSTEM,
        round::{flow_of_ends, follows_rounds},
    },
    door::at_once::{Keeping, keeping},
    plan::{Flow, IfDead, InOrder, Missed, OrderBy, Plan, SourceKind, Step, StepKind, WhenDead},
};

use spanwright_shape::text::time;

use super::{Documents, effects::Effect, text};

/// One flow.
#[derive(Clone, Debug)]
pub struct FlowPage {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Who is asked.
    pub owner: Option<String>,
    /// Where its messages come from.
    pub from: From,
    /// `.Number`: which record one is about.
    pub key: Option<String>,
    /// Which state of it is newer.
    pub version: Option<String>,
    /// Which event one is.
    pub once: Option<String>,
    /// Only these.
    pub when: Option<String>,
    /// What waits for what, in words.
    pub in_order: Option<String>,
    /// After how many dead letters it holds itself, in words.
    pub pause_after: Option<String>,
    /// When something must have come, as it is written.
    pub expect: Option<String>,
    /// The flow that follows each of its rounds.
    pub when_all_done: Option<String>,
    /// What happens to each.
    pub steps: Vec<StepPage>,
    /// What follows when it stopped, after the undos.
    pub if_dead: Dead,
}

/// What follows when a message stopped.
#[derive(Clone, Debug)]
pub enum Dead {
    /// A dead letter.
    Letter,
    /// Nothing.
    Discard,
    /// These steps.
    Steps(Vec<StepPage>),
}

/// Where messages come from.
#[derive(Clone, Debug)]
pub enum From {
    /// We ask.
    Poll {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// How it goes over the wire.
        wire: String,
        /// How often.
        every: String,
        /// The parameter of the next page.
        pages: Option<String>,
        /// The items of a page.
        each: Option<String>,
        /// How far it has read: parameter, overlap.
        cursor: Option<(String, String)>,
        /// Where it reads files: how, in words.
        files: Option<String>,
        /// Where it reads a queue: how many messages may be on their way to us.
        queue: Option<u16>,
    },
    /// Others bring them.
    Door {
        /// Its name.
        door: String,
        /// `POST /orders`
        wire: String,
        /// How long the sender waits for a reply.
        reply_within: Option<String>,
        /// What is kept of a message before it is answered.
        keeping: Keeping,
    },
    /// A clock makes them.
    Cron {
        /// `0 6 * * 1-5`
        line: String,
        /// Its zone.
        zone: String,
        /// What becomes of times that went by while nobody ran.
        missed: &'static str,
    },
    /// Other flows hand them over: these.
    Handed(Vec<String>),
    /// A round of this flow is over.
    Round(String),
    /// Flows whose dead letters it takes; `None`: of any.
    Letters(Option<Vec<String>>),
    /// Nobody: programs alone.
    Nowhere,
}

/// One step.
#[derive(Clone, Debug)]
pub struct StepPage {
    /// Its name.
    pub name: String,
    /// Only where this is true.
    pub when: Option<String>,
    /// What it does.
    pub what: What,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum What {
    /// A map makes a new body.
    Map(String),
    /// It goes on only where this is true.
    Only(String),
    /// The first way whose condition is true.
    Route(Vec<(String, Vec<StepPage>)>),
    /// For each item.
    Each(String, Vec<StepPage>),
    /// A dead letter.
    Fail(String),
    /// Something is asked of a system.
    Effect(Box<Effect>),
    /// Whoever waits is answered.
    Reply(String),
}

/// The page of a flow.
pub(super) fn page(flow: &Flow, plan: &Plan, files: &Documents) -> FlowPage {
    // What follows a round stands in the file of the flow whose round it is.
    let form = files.flow(round_of(flow).unwrap_or(&flow.name));
    let source = flow.source.as_ref();
    let words = |program: Option<&spanwright_map::Program>| program.map(|program| program.text().to_string());
    FlowPage {
        name: flow.name.to_string(),
        about: round_of(flow).map_or_else(|| text(form.as_ref(), "about"), |of| Some(format!("What follows each round of {of}."))),
        owner: text(form.as_ref(), "owner"),
        from: from(flow, plan),
        key: words(source.and_then(|source| source.key.as_ref())),
        version: words(source.and_then(|source| source.version.as_ref())),
        once: words(source.and_then(|source| source.once.as_ref())),
        when: words(source.and_then(|source| source.when.as_ref())),
        in_order: flow.in_order.map(order_words),
        pause_after: flow.pause_after.map(|pause| format!("{} dead letters within {}", pause.dead, time(pause.within))),
        expect: source.and_then(|source| source.expect.as_ref()).map(|expect| expect.text.to_string()),
        when_all_done: Some(flow_of_ends(&flow.name)).filter(|ends| plan.flow(ends).is_some()),
        // The first of them asks the journal, and waits for the end of the round.
        steps: steps(&flow.steps[usize::from(round_of(flow).is_some())..], flow, plan),
        if_dead: match &flow.if_dead {
            IfDead::Letter => Dead::Letter,
            IfDead::Discard => Dead::Discard,
            IfDead::Steps(inner) => Dead::Steps(steps(inner, flow, plan)),
        },
    }
}

/// The flow whose rounds this one follows.
fn round_of(flow: &Flow) -> Option<&str> {
    flow.name.rsplit_once('.').filter(|_| follows_rounds(&flow.name)).map(|(of, _)| of)
}

fn from(flow: &Flow, plan: &Plan) -> From {
    let Some(source) = &flow.source else { return From::Nowhere };
    if let Some(of) = round_of(flow) {
        return From::Round(of.to_string());
    }
    match &source.kind {
        SourceKind::Poll(poll) => {
            let system = &plan.systems[poll.system];
            let operation = &system.system.interface().operations[poll.operation];
            From::Poll {
                system: system.name.to_string(),
                operation: operation.name.to_string(),
                wire: operation.wire.to_string(),
                every: time(poll.every),
                pages: poll.pages.as_ref().map(|pages| pages.into.to_string()),
                each: poll.each.as_ref().map(|each| each.text().to_string()),
                cursor: poll.cursor.as_ref().map(|cursor| (cursor.into.to_string(), time(cursor.overlap))),
                files: poll.files.as_ref().map(|files| {
                    let settle = time(files.settle);
                    format!(
                        "read when nobody has touched one for {settle}, then moved to {}; what cannot be read to {}",
                        files.done, files.failed
                    )
                }),
                queue: poll.queue,
            }
        }
        SourceKind::Cron(cron) => From::Cron {
            line: cron.schedule.text.to_string(),
            zone: cron.schedule.zone_name.to_string(),
            missed: match cron.missed {
                Missed::Once => "the last one that was missed is made up for",
                Missed::All => "each one that was missed is made up for",
                Missed::Skip => "those that were missed are left out",
            },
        },
        SourceKind::Handed => From::Handed(hands_over(flow, plan)),
        SourceKind::Letters(letters) => {
            From::Letters((!letters.only.is_empty()).then(|| letters.only.iter().map(ToString::to_string).collect()))
        }
        SourceKind::Door(served) => {
            let door = &plan.doors[served.door];
            let operation = &door.door.interface().operations[served.operation];
            From::Door {
                door: door.name.to_string(),
                wire: operation.wire.to_string(),
                reply_within: served.reply_within.map(time),
                keeping: keeping(plan, flow),
            }
        }
    }
}

fn order_words(order: InOrder) -> String {
    let by = match order.by {
        OrderBy::Key => "the messages of one record, one after the other",
        OrderBy::All => "one message after the other",
    };
    let dead = match order.when_dead {
        WhenDead::Block => "a dead letter keeps what came after it waiting",
        WhenDead::Skip => "a dead letter keeps nothing waiting",
    };
    format!("{by}; {dead}")
}

/// The flows that hand over to this one.
fn hands_over(flow: &Flow, plan: &Plan) -> Vec<String> {
    let hands = |other: &&Flow| {
        other.effects.iter().any(|effect| {
            let system = &plan.systems[effect.system];
            &*system.kind == FLOW_SYSTEM && system.system.interface().operations[effect.operation].name == flow.name
        })
    };
    plan.flows.iter().filter(hands).map(|other| other.name.to_string()).collect()
}

fn steps(steps: &[Step], flow: &Flow, plan: &Plan) -> Vec<StepPage> {
    steps
        .iter()
        .map(|step| StepPage {
            name: step.name.to_string(),
            when: step.when.as_ref().map(|when| when.text().to_string()),
            what: what(step, flow, plan),
        })
        .collect()
}

fn what(step: &Step, flow: &Flow, plan: &Plan) -> What {
    match &step.kind {
        StepKind::Map(mapping) => What::Map(mapping.name().to_string()),
        StepKind::Only(test) => What::Only(test.text().to_string()),
        StepKind::Route(ways) => {
            let way = |(when, inner): &(Option<spanwright_map::Program>, Vec<Step>)| {
                (when.as_ref().map_or("else".to_string(), |when| when.text().to_string()), steps(inner, flow, plan))
            };
            What::Route(ways.iter().map(way).collect())
        }
        StepKind::Each { items, steps: inner } => What::Each(items.text().to_string(), steps(inner, flow, plan)),
        StepKind::Fail(reason) => What::Fail(reason.text().to_string()),
        StepKind::Call(effect) => What::Effect(Box::new(Effect::of(&flow.effects[*effect], true, plan))),
        StepKind::Send(effect) => What::Effect(Box::new(Effect::of(&flow.effects[*effect], false, plan))),
        StepKind::Reply(reply) => What::Reply(match (&reply.fault, reply.status) {
            (Some(fault), _) => format!("fault {fault}"),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => "the reply".to_string(),
        }),
    }
}

impl FlowPage {
    /// Every effect, in the order of the steps.
    pub fn effects(&self) -> Vec<&Effect> {
        let mut found = Vec::new();
        gather(&self.steps, &mut found);
        if let Dead::Steps(steps) = &self.if_dead {
            gather(steps, &mut found);
        }
        found
    }
}

fn gather<'p>(steps: &'p [StepPage], found: &mut Vec<&'p Effect>) {
    for step in steps {
        match &step.what {
            What::Effect(effect) => found.push(effect),
            What::Route(ways) => ways.iter().for_each(|(_, steps)| gather(steps, found)),
            What::Each(_, steps) => gather(steps, found),
            What::Map(_) | What::Only(_) | What::Fail(_) | What::Reply(_) => {}
        }
    }
}
