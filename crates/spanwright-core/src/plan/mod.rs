//! The plan: closed, checked, pinned by its hash. What `check` returns and what a run is evaluated under.
//!
//! A plan holds no value of a variable and no secret. Plans can also be made by programs (tests, the simulator):
//! everything that the engine can do stands here, whether or not the grammar can say it yet.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_map::Mapping;
use spanwright_shape::shape::ShapeRef;

use crate::{
    alert::{CHANNEL_SYSTEM, Rule},
    connector::System,
    desk::{handover::FLOW_SYSTEM, round::ROUND_SYSTEM},
    settings::Limits,
};

mod door;
mod effect;
mod flow;
mod policy;
mod poll;
mod source;
mod step;

pub use door::{DoorPlan, Late, Listen, Served, TlsPlan};
pub use effect::{AGAIN_GIVE_UP_DEFAULT, Again, BATCH_BYTES_DEFAULT, Batch, Body, EffectPlan, Head, QUESTION_WAIT_DEFAULT, Question};
pub use flow::{Flow, IfDead, InOrder, OrderBy, PAUSE_WITHIN_DEFAULT, PauseAfter, WhenDead};
pub use policy::{BreakerPolicy, Policy};
pub use poll::{CountBy, CursorRule, FilesRule, Gather, NextPage, Pages, Poll, ROUND_PAGES_MOST};
pub use source::{Cron, Letters, Missed, Source, SourceKind};
pub(crate) use step::each_step;
pub use step::{EACH_ITEMS_MOST, ReplyPlan, Step, StepKind, any_step};

/// Everything that a run needs to know.
pub struct Plan {
    /// BLAKE3 over the project's files.
    pub hash: [u8; 32],
    /// The project's name.
    pub project: Arc<str>,
    /// The environment's name, where one is chosen.
    pub environment: Option<Arc<str>>,
    /// By number; effects name them so.
    pub systems: Vec<SystemPlan>,
    /// By number.
    pub flows: Vec<Flow>,
    /// The ways in, by number; sources name them so.
    pub doors: Vec<DoorPlan>,
    /// Who is told that something stands still.
    pub alerts: Vec<ChannelPlan>,
    /// Where they are served; `None`: nowhere.
    pub listen: Option<Listen>,
    /// Every map of the project, also those that no flow uses.
    pub maps: Vec<MapPlan>,
    /// How long finished messages are kept.
    pub keep: KeepFor,
    /// The declared variables that are no secrets and their defaults: `$vars` in expressions.
    pub vars: BTreeMap<Arc<str>, Option<Arc<str>>>,
}

/// How long finished messages are kept. Open ones and dead letters are kept until somebody has seen to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepFor {
    /// Their bodies.
    pub bodies: Duration,
    /// What happened to them.
    pub trail: Duration,
}

impl Default for KeepFor {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        KeepFor { bodies: 7 * day, trail: 30 * day }
    }
}

/// One system of a plan.
pub struct SystemPlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its kind's key.
    pub kind: Arc<str>,
    /// Bytes to values and back.
    pub system: Arc<dyn System>,
    /// Shared by all flows.
    pub limits: Limits,
    /// When it is left alone.
    pub breaker: BreakerPolicy,
    /// Retries of polls, and of effects that say nothing else.
    pub retry: Policy,
}

impl SystemPlan {
    /// Whether it stands for something outside: not for the project's own flows, the engine or a channel of people.
    pub fn is_outside(&self) -> bool {
        ![FLOW_SYSTEM, ROUND_SYSTEM, CHANNEL_SYSTEM].contains(&&*self.kind)
    }
}

/// One map of a plan.
pub struct MapPlan {
    /// Its name.
    pub name: Arc<str>,
    /// What it reads.
    pub from: Option<ShapeRef>,
    /// What it makes.
    pub to: Option<ShapeRef>,
    /// The table.
    pub mapping: Arc<Mapping>,
}

/// One entry of `alerts:`.
pub struct ChannelPlan {
    /// When it is told, and of what.
    pub rule: Rule,
    /// Its one operation takes a notice (see [`crate::alert::Notice::to_json`]).
    pub system: Arc<dyn System>,
}

impl Plan {
    /// The map of a name.
    pub fn map(&self, name: &str) -> Option<&MapPlan> {
        self.maps.iter().find(|map| &*map.name == name)
    }

    /// The flow of a name, and its number.
    pub fn flow(&self, name: &str) -> Option<(usize, &Flow)> {
        self.flows.iter().enumerate().find(|(_, flow)| &*flow.name == name)
    }
}
