//! SOAP -> map -> JSON on envelopes of 100 customers, on one thread; beside the same in plain Node.js, in the same run.
//!
//! `cargo bench -p spanwright-proof -- chain [SECONDS]`. Two ways: from the decoded value straight to the contact's JSON,
//! which is what the script does too; and as the engine goes, by way of the JSON that the journal keeps.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use spanwright_core::{
    connector::{Answers, Heard, Outcome, With},
    fact::Moment,
    plan::{Flow, Plan, StepKind},
    run::intake,
};
use spanwright_map::{Env, Mapping};
use spanwright_proof::{node, project::Project, usage};
use spanwright_shape::{json, room::Room, value::Value};

const CUSTOMERS: usize = 100;

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [seconds] = usage::given(counts, [5]);
    let chain = Chain::new(Project::example()?.plan()?);
    let envelope = spanwright_world::erp::envelope_of(CUSTOMERS as u64);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("page.xml");
    std::fs::write(&file, &envelope)?;
    println!("{CUSTOMERS} customers, {} bytes of XML", envelope.len());
    let straight = measure("spanwright, value to contact", seconds, || chain.straight(&envelope))?;
    let kept = measure("spanwright, through the journal's JSON", seconds, || chain.kept(&envelope))?;
    let measured = node::run("chain.mjs", &[file.to_string_lossy().into_owned(), seconds.to_string()], &[])?;
    let by_node = [node::figure(&measured, "records_per_second"), node::figure(&measured, "records_per_cpu_second")];
    println!("{:40} {:8.0} records/s by the clock {:8.0} by the processor", "Node.js", by_node[0], by_node[1]);
    for (name, ours) in [("value to contact", straight), ("through the journal's JSON", kept)] {
        println!("ratio, {name}: {:.1} by the clock, {:.1} by the processor", ours[0] / by_node[0], ours[1] / by_node[1]);
    }
    Ok(())
}

fn measure(name: &str, seconds: u64, work: impl Fn() -> usize) -> io::Result<[f64; 2]> {
    for _ in 0..20 {
        assert!(work() > CUSTOMERS * 500, "contacts have some hundred bytes");
    }
    let (began, spent, mut records) = (Instant::now(), usage::processor()?, 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        work();
        records += CUSTOMERS;
    }
    let (clock, processor) = (began.elapsed().as_secs_f64(), (usage::processor()? - spent).as_secs_f64());
    let paces = [records as f64 / clock, records as f64 / processor];
    println!("{name:40} {:8.0} records/s by the clock {:8.0} by the processor", paces[0], paces[1]);
    Ok(paces)
}

struct Chain {
    plan: Plan,
    mapping: Arc<Mapping>,
}

impl Chain {
    fn new(plan: Plan) -> Chain {
        let mapping = plan.flows[0].steps.iter().find_map(|step| match &step.kind {
            StepKind::Map(mapping) => Some(mapping.clone()),
            _ => None,
        });
        Chain { mapping: mapping.unwrap(), plan }
    }

    fn flow(&self) -> &Flow {
        &self.plan.flows[0]
    }

    /// Bytes of all contacts.
    fn straight(&self, envelope: &str) -> usize {
        let (mut bytes, mut room, mut out) = (0, Room::new(), Vec::new());
        self.hear(envelope, &mut |page| {
            let paths = Room::new();
            let each = self.flow().source.as_ref().and_then(|source| source.poll()?.each.as_ref()).unwrap();
            let Some(Value::List(items)) = each.one(&Env { dot: *page, names: &[] }, &paths).unwrap() else { panic!("no list") };
            for item in items {
                out.clear();
                self.mapping.write(&Env { dot: *item, names: &[] }, &room, &mut out).unwrap();
                bytes += out.len();
                room.clear();
            }
        });
        bytes
    }

    /// The same, with each customer written as JSON and read again between.
    fn kept(&self, envelope: &str) -> usize {
        let (mut bytes, mut room, mut out) = (0, Room::new(), Vec::new());
        self.hear(envelope, &mut |page| {
            let page = intake::page(self.flow().source.as_ref().unwrap(), None, page).unwrap();
            for arrival in &page.arrivals {
                out.clear();
                let dot = json::read(&arrival.body, &room).unwrap();
                self.mapping.write(&Env { dot, names: &[] }, &room, &mut out).unwrap();
                bytes += out.len();
                room.clear();
            }
        });
        bytes
    }

    fn hear(&self, envelope: &str, show: &mut dyn FnMut(&Value<'_>)) {
        let source = self.flow().source.as_ref().and_then(|source| source.poll()).unwrap();
        let with = With { now: Moment(0), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None };
        let headers = [(Arc::from("content-type"), b"text/xml; charset=utf-8".to_vec())];
        let heard = Heard::Http { status: 200, headers: &headers, body: &mut envelope.as_bytes() };
        let call =
            spanwright_core::connector::Call { key: "", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
        let verdict = self.plan.systems[source.system].system.hear(source.operation, &[call], heard, &with, Answers::Show(show));
        assert!(matches!(verdict.outcomes.as_slice(), [Outcome::Delivered(_)]));
    }
}
