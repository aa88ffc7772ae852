//! Dead letters as messages of their own, without a broker: taken once, and told to nobody where they would go round for ever.

#![allow(clippy::unwrap_used)]

use std::fs;

use serde_json::Value;

use crate::project::{Project, ran, spanwright};

const FILES: [(&str, &str); 5] = [
    ("spanwright.yaml", "project: letters\nvars: { FOLDER: { about: where it reads and writes } }\n"),
    (
        "systems/nas.yaml",
        "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n  \
         told: { folder: told, name: \"{key}.json\", format: json }\n",
    ),
    (
        "flows/drops.yaml",
        "flow: drops\nfrom: { files: nas.drops, key: .id, settle: 0s, every: 100ms }\nsteps:\n  - { name: refuse, fail: '\"no \\(.id)\"' }\n",
    ),
    ("flows/mirror.yaml", "flow: mirror\nfrom: { dead_letters: [drops], key: .message }\nsteps:\n  - { send: nas.told }\n"),
    ("flows/sour.yaml", "flow: sour\nfrom: { dead_letters: any }\nsteps:\n  - { fail: '\"nor this\"' }\n"),
];

struct Nas {
    project: Project,
}

impl Nas {
    fn new() -> Nas {
        let project = Project::empty();
        for folder in ["systems", "flows", "data/in", "data/told"] {
            fs::create_dir_all(project.path().join(folder)).unwrap();
        }
        FILES.iter().for_each(|(file, text)| project.write(file, text));
        Nas { project }
    }

    fn run(&self) -> String {
        let mut command = spanwright();
        command.args(["run", "--once", "--level", "warn"]).arg(self.project.path()).env("FOLDER", self.project.path().join("data"));
        let ran = ran(&mut command);
        format!("{} {}{}", ran.code, ran.out, ran.err)
    }

    fn messages(&self, flow: &str, state: &str) -> Vec<Value> {
        let out = self.project.run(&["messages", "--flow", flow, "--state", state, "--format", "json"]).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What was told, by the message that it was told of.
    fn told(&self) -> Vec<Value> {
        let files = fs::read_dir(self.project.path().join("data/told")).unwrap().flatten().filter(|file| file.path().is_file());
        files.map(|file| serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap()).collect()
    }
}

#[test]
fn each_dead_letter_is_told_of_once_and_one_that_would_go_round_to_nobody() {
    let nas = Nas::new();
    nas.project.write("data/in/a.jsonl", "{\"id\":\"1\"}\n{\"id\":\n{\"id\":\"2\"}\n");
    let said = nas.run();
    let (drops, sour) = (nas.messages("drops", "dead"), nas.messages("sour", "dead"));
    assert_eq!((drops.len(), sour.len(), nas.messages("mirror", "done").len()), (3, 3, 3), "{said}");
    let told = nas.told();
    assert_eq!(told.len(), 3);
    for letter in &told {
        let of = drops.iter().find(|line| line["message"] == letter["message"]).unwrap_or_else(|| panic!("{letter}"));
        assert_eq!((&letter["flow"], &letter["code"]), (&"drops".into(), &of["code"]), "{letter}");
    }
    let refused = told.iter().find(|letter| letter["body"]["id"] == "1").unwrap();
    assert_eq!((&refused["step"], &refused["reason"], &refused["kind"]), (&"refuse".into(), &"no 1".into(), &"dead".into()));
    assert_eq!((&refused["key"], &refused["undone"]), (&"1".into(), &false.into()));
    let unread = told.iter().find(|letter| letter["code"] == "R0013").unwrap();
    assert_eq!(unread["step"], "source", "{unread}");
    // A replay that stops again is another dead letter.
    let id = refused["message"].as_str().unwrap();
    let replayed = nas.project.run(&["replay", "--id", id, "--yes"]);
    assert_eq!(replayed.code, 0, "{}{}", replayed.out, replayed.err);
    nas.run();
    assert_eq!((nas.messages("drops", "dead").len(), nas.messages("sour", "dead").len()), (3, 4));
}

/// What a flow mends is another message, about the record that it names now; the dead letter is set aside.
#[test]
fn a_flow_mends_a_dead_letter_and_the_new_message_is_about_the_record_that_it_names() {
    let nas = Nas::new();
    fs::remove_file(nas.project.path().join("flows/sour.yaml")).unwrap();
    nas.project.edit("flows/drops.yaml", "{ name: refuse, fail", "{ name: refuse, when: '.id == \"1\"', fail");
    let mends = "{message: .message, reason: \"it is 9\", body: {id: \"9\"}}";
    nas.project.write(
        "flows/mirror.yaml",
        &format!("flow: mirror\nfrom: {{ files: nas.told, key: .message, settle: 0s, every: 100ms }}\nsteps:\n  - send: spanwright.replay\n    body: '{mends}'\n"),
    );
    nas.project.edit(
        "systems/nas.yaml",
        "told: { folder: told, name: \"{key}.json\", format: json }",
        "told: { folder: told, match: \"*.jsonl\", format: jsonl }",
    );
    nas.project.write("data/in/a.jsonl", "{\"id\":\"1\"}\n");
    let said = nas.run();
    let dead = nas.messages("drops", "dead").into_iter().next().unwrap_or_else(|| panic!("{said}"));
    nas.project.write("data/told/a.jsonl", &format!("{{\"message\":{}}}\n", dead["message"]));
    let said = nas.run();
    let (old, new) = (nas.messages("drops", "discarded"), nas.messages("drops", "done"));
    assert_eq!((old.len(), new.len()), (1, 1), "{said}");
    assert_eq!((&old[0]["key"], &new[0]["key"]), (&"1".into(), &"9".into()), "{said}");
}
