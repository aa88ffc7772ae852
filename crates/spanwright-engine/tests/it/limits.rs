//! What a server says is left of its limit sets the pace, where the system's file says so.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use spanwright_world::{Answer, Hostile};

use crate::trial::Trial;

const RESET: Duration = Duration::from_secs(2);

/// When each of three records was sent to a till whose first answer says that nothing is left for so long.
fn sent(limits: &str) -> Vec<Instant> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let taken = times.clone();
    let till = Hostile::start(vec![Answer::By(Arc::new(move |request| {
        if request.method == "GET" {
            return Answer::json(200, r#"[{"id":"1"},{"id":"2"},{"id":"3"}]"#);
        }
        let mut times = taken.lock().unwrap();
        times.push(Instant::now());
        let answer = Answer::json(200, "{}");
        match times.len() {
            1 => answer.with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", &RESET.as_secs().to_string()),
            _ => answer,
        }
    }))]);
    let system = format!(
        "system: till\nhttp:\nurl: \"${{TILL}}\"\nlimits: {limits}\n\
         operations: {{ list: {{ get: /list }}, take: {{ post: /take, key: Idempotency-Key }} }}\n"
    );
    let files = [
        ("spanwright.yaml", "project: limits\nvars: { TILL: { about: the till } }\n"),
        ("systems/till.yaml", &system),
        (
            "flows/orders.yaml",
            "flow: orders\nfrom: { poll: till.list, every: 1h, each: '.', key: .id }\nsteps: [ { send: till.take, body: { fields: { id: .id } } } ]\n",
        ),
    ];
    let mut trial = Trial::of(BTreeMap::from(files.map(|(name, text)| (name.to_string(), text.as_bytes().to_vec()))));
    trial.variables.extend([("TILL".into(), till.url())]);
    let ended = trial.once();
    assert_eq!(ended.state.counters.delivered, 3, "{}", trial.log_text());
    times.lock().unwrap().clone()
}

#[test]
fn where_nothing_is_left_the_next_request_waits_until_there_is() {
    let learned = sent("{ concurrency: 1, learn: true }");
    assert!(learned[1] - learned[0] >= RESET - Duration::from_millis(200), "{:?}", learned[1] - learned[0]);
    let deaf = sent("{ concurrency: 1 }");
    assert!(deaf[2] - deaf[0] < RESET, "nobody asked it to learn: {:?}", deaf[2] - deaf[0]);
}
