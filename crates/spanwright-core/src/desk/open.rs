//! A desk is opened on what an earlier life of the process left: gates, queues and flows of every plan that is open, and where each stood.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use super::{
    Command, Desk, Roll, Setup,
    alarm::Alarm,
    chore::ChoreDesk,
    clockwork::Clockwork,
    door::Waiters,
    gather::Gatherings,
    handover, letters,
    outlet::Outlet,
    own,
    passing::{self, Passing},
    queue::Queue,
    round::Rounds,
    source::SourceDesk,
    space::Space,
    take::FlowHand,
};
use crate::{
    deliver::Gate,
    fact::{CutOff, Fact, GateRow, Moment, Opening, PlanId},
    plan::{EffectPlan, Flow, Plan},
};

impl Desk {
    /// Opens the desk on what an earlier life of the process left.
    pub fn open(setup: Setup, opening: Opening, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) -> Desk {
        let mut desk = Desk {
            plan: setup.plan.clone(),
            plan_id: setup.plan_id,
            plans: setup.older.into_iter().collect(),
            boot: opening.boot,
            cut_off: opening.cut_off,
            elsewhere: None,
            once: setup.once,
            stopping: false,
            space: Space::unbounded(),
            hand: setup.hand,
            fared: Vec::new(),
            gates: Vec::new(),
            gate_of: HashMap::new(),
            strangers: HashMap::new(),
            queues: Vec::new(),
            queue_of: HashMap::new(),
            outlets: Vec::new(),
            flows: Vec::new(),
            flow_of: HashMap::new(),
            sources: Vec::new(),
            clocks: Vec::new(),
            chores: opening.chores.iter().map(|chore| ChoreDesk::new(chore.clone(), now)).collect(),
            chores_over: opening.chores_over.iter().copied().collect(),
            runs: HashMap::new(),
            flights: HashMap::new(),
            gathering: Gatherings::default(),
            signing: HashMap::new(),
            starting: HashMap::new(),
            keeping: HashMap::new(),
            handovers: Vec::new(),
            handing: HashMap::new(),
            handed: Vec::new(),
            letter_takers: letters::takers(&setup.plan),
            replays: Vec::new(),
            replaying: HashMap::new(),
            rounds: Rounds::default(),
            alarm: Alarm::open(&setup.plan, &opening, setup.once, now),
            waiters: Waiters::default(),
            passing: Passing::default(),
            passing_flows: if setup.passing { passing::flows(&setup.plan) } else { Vec::new() },
            again: VecDeque::new(),
            walks: Vec::new(),
            reopened: HashMap::new(),
            by_hand: HashSet::new(),
            wanted: HashSet::new(),
            commits_open: 0,
            orders: VecDeque::new(),
            orders_kept: 0,
            last_commit: 0,
            last_id: 0,
            exchange_next: opening.exchange_next,
            token_serial: 0,
            turn: 0,
            woken_at: None,
        };
        desk.furnish(&opening, now);
        desk.sources.retain(|source| setup.only.is_none_or(|only| source.flow == only));
        desk.restore_lines(&setup.in_line);
        desk.restore_rounds(&setup.within_rounds);
        desk.restore(&opening, now, out);
        desk.restore_deaths(setup.deaths, now);
        desk.go_on(now, roll, out);
        desk
    }

    /// Gates and queues of every plan that is open, today's first: its settings count where both name the same.
    fn furnish(&mut self, opening: &Opening, now: Moment) {
        let mut older: Vec<(PlanId, Arc<Plan>)> = self.plans.drain().collect();
        older.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        self.plans.insert(self.plan_id, self.plan.clone());
        for (id, plan) in [(self.plan_id, self.plan.clone())].into_iter().chain(older) {
            for system in &plan.systems {
                if !self.gate_of.contains_key(&system.name) {
                    self.gate_of.insert(system.name.clone(), self.gates.len());
                    self.gates.push(Gate::new(system, now));
                    self.fared.push(own::FaredOf::default());
                }
            }
            for flow in &plan.flows {
                self.furnish_flow(&plan, flow, id == self.plan_id);
                if opening.backlog.iter().any(|backlog| backlog.flow == flow.name) {
                    let account = self.flow_of[&flow.name];
                    self.flows[account].was_in_order(flow);
                }
            }
            self.plans.entry(id).or_insert(plan);
        }
        self.sources = SourceDesk::all(&self.plan, &self.gate_of, &self.flow_of, now);
        self.clocks = Clockwork::all(&self.plan, &self.flow_of, now);
        self.hand = self.hand.of_each(self.flows.len());
    }

    fn furnish_flow(&mut self, plan: &Plan, flow: &Flow, is_today: bool) {
        if !self.flow_of.contains_key(&flow.name) {
            self.flow_of.insert(flow.name.clone(), self.flows.len());
            self.flows.push(FlowHand::new(flow));
        }
        let account = self.flow_of[&flow.name];
        for effect in flow.effects.iter().flat_map(EffectPlan::all) {
            let gate = self.gate_of[&plan.systems[effect.system].name];
            self.furnish_queue(effect, gate, account);
            if is_today {
                self.flows[account].aims_at(gate);
            }
            let hands_to = handover::target(plan, effect.system, effect.operation);
            self.flows[account].hands_to.extend(hands_to.map(Arc::from));
        }
        if !is_today {
            return;
        }
        for effect in flow.asks_for() {
            let system = &plan.systems[effect.system];
            if system.is_outside() {
                self.flows[account].is_there_for(self.gate_of[&system.name]);
            }
        }
    }

    fn furnish_queue(&mut self, effect: &EffectPlan, gate: usize, account: usize) {
        let queue = *self.queue_of.entry(effect.queue.clone()).or_insert_with(|| {
            self.queues.push(Queue::new(effect.queue.clone(), account));
            self.queues.len() - 1
        });
        let outlets = &mut self.queues[queue].outlets;
        if !outlets.iter().any(|outlet| self.outlets[*outlet].gate == gate) {
            outlets.push(self.outlets.len());
            self.outlets.push(Outlet::new(effect, queue, gate));
        }
    }

    fn restore(&mut self, opening: &Opening, now: Moment, out: &mut Vec<Command>) {
        self.gates.iter_mut().for_each(|gate| gate.was_closed(now));
        for row in &opening.gates {
            if let Some(gate) = self.gate_of.get(&row.system) {
                self.gates[*gate].restore(row, now);
            } else if let Some(flow) = self.flows.iter_mut().find(|flow| GateRow::of_flow(&flow.name) == row.system) {
                flow.hold = row.hold.clone();
            } else {
                self.strangers.insert(row.system.clone(), row.clone());
            }
        }
        for row in &opening.sources {
            if let Some(source) = self.sources.iter_mut().find(|source| source.name == row.source) {
                source.restore(row, self.once);
            }
            if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.name == row.source) {
                clock.restore(row, &self.plan, now);
            }
        }
        for backlog in &opening.backlog {
            if let Some(flow) = self.flow_of.get(&backlog.flow) {
                self.flows[*flow].left_over(backlog.active, backlog.parked);
            }
        }
        if !opening.rested {
            let at = opening.cut_off.map_or(now, |before| before.at.max(now));
            let cut_off = CutOff { at, upto: opening.last_run };
            self.cut_off = Some(cut_off);
            self.commit(vec![Fact::CutOff(cut_off)], out);
        }
        self.elsewhere = opening.copied.map(|copied| CutOff { at: copied.at.unwrap_or(now), upto: copied.upto });
        self.restore_parked(opening);
        self.restore_words(&opening.undone);
        self.settle_torn(opening, now, out);
    }

    fn restore_parked(&mut self, opening: &Opening) {
        for (queue, due) in &opening.queues {
            if let Some(queue) = self.queue_of.get(queue) {
                self.queues[*queue].parked_until(*due);
            }
        }
        let mut glued: Vec<_> = opening.glued.iter().collect();
        glued.sort_by_key(|glued| glued.glue);
        for glued in glued {
            if let Some(queue) = self.queue_of.get(&glued.queue) {
                let queue = &mut self.queues[*queue];
                queue.bind(glued.glue, &glued.effect);
                if glued.noted {
                    queue.is_noted(glued.glue);
                }
                if glued.apart {
                    self.wanted.extend(queue.comes_apart(glued.glue));
                }
            }
        }
        for lane in &opening.lanes {
            if let Some(queue) = self.queue_of.get(&lane.queue) {
                self.queues[*queue].line_up(lane.lane, &lane.effect);
            }
        }
    }
}
