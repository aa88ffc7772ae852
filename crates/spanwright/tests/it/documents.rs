//! `docs` and `graph`: written from the project that runs, the same to the last byte, and stale as soon as it changes.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::project::{Begun, Project, expect, spanwright};

#[test]
fn documents_are_fresh_after_they_were_written_and_stale_after_a_change() {
    let project = Project::example();
    assert_eq!(project.run(&["docs"]).code, 0);
    assert_eq!(project.run(&["docs", "--check"]).code, 0);
    project.edit("maps/customer-to-contact.yaml", "then: ascii_downcase", "then: ascii_upcase");
    let ran = project.run(&["docs", "--check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("map customer-to-contact, field email, rule: the documents say"), "{}", ran.out);
}

/// One change of the project, and what `--check` says of it.
fn stale(example: &str, file: &str, from: &str, to: &str, expected: &str) {
    let project = Project::named(example);
    assert_eq!(project.run(&["docs"]).code, 0);
    project.edit(file, from, to);
    let ran = project.run(&["docs", "--check"]);
    assert_eq!(ran.code, 1, "{file}: {from} became {to}, and the documents are called fresh");
    assert!(ran.out.contains(expected), "{}", ran.out);
}

#[test]
fn each_change_of_meaning_is_told_in_its_own_words() {
    let check = |file, from, to, expected| stale("erp-to-crm", file, from, to, expected);
    check(
        "flows/customers.yaml",
        "integrations@example.com",
        "ops@example.com",
        "flow customers, owner: the documents say `integrations@example.com`",
    );
    check("flows/customers.yaml", "every: 2s", "every: 3s", "flow customers, source: the documents say `polls erp.ListCustomers every 2 s");
    check("systems/crm.yaml", "rate: 50/s", "rate: 40/s", "system crm, rate: the documents say `50 requests in 1 s`");
    check("spanwright.yaml", "technical user;", "user of today;", "variable ERP_USER: the documents say `The ERP's technical user;");
    let answer = "system crm, operation upsertContacts, answer 422: the documents say `never: a dead letter`, the project says `not now";
    check("systems/crm.yaml", "    key: Idempotency-Key", "    outcomes: { 422: later }\n    key: Idempotency-Key", answer);
    let check = |file, from, to, expected| stale("order-saga", file, from, to, expected);
    check(
        "flows/checkout.yaml",
        "    undo: { call: pay.refund, body: { fields: { order: .id } } }\n",
        "",
        "flow checkout, step charge, undone by: the documents say `pay.refund`, and the project has it no more",
    );
    check(
        "flows/checkout.yaml",
        "    retry: { give_up_after: 1m }",
        "    retry: { give_up_after: 2m }",
        "flow checkout, step ship, system down: the documents say `held when 50% of the last 10 calls failed, up to 1 min`",
    );
    check(
        "systems/pay.yaml",
        "wait: 500ms",
        "wait: 2s",
        "flow checkout, step charge, after an unknown outcome: the documents say `pay.findCharge is asked 500 ms later",
    );
}

#[test]
fn a_change_that_means_nothing_makes_nothing_stale() {
    let project = Project::example();
    assert_eq!(project.run(&["docs"]).code, 0);
    project.edit("flows/customers.yaml", "flow: customers", "# a remark to whoever reads this file\nflow:   customers");
    let ran = project.run(&["docs", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

/// The page without the print of the project.
fn page(project: &Project, path: &str) -> String {
    let text = fs::read_to_string(project.path().join("docs").join(path)).unwrap();
    text.lines().filter(|line| !line.starts_with("<!--")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_documents_of_the_first_example_read_so() {
    let project = Project::example();
    assert_eq!(project.run(&["docs"]).code, 0);
    let pages =
        ["README.md", "flows/customers.md", "systems/crm.md", "maps/customer-to-contact.md", "maps/customer-to-contact.csv", "fields.csv"];
    for path in pages {
        expect(&format!("documents/{}", path.replace('/', "-")), &page(&project, path));
    }
}

#[test]
fn silence_and_what_follows_a_round_are_in_the_documents() {
    let project = Project::named("files");
    project.edit("flows/prices.yaml", "key: .sku }", "key: .sku, expect: daily by 02:30 Europe/Berlin }");
    let follows = "when_all_done:\n  - { name: refused, fail: '\"\\($tally.dead) rows were refused\"', when: $tally.dead > 0 }\n";
    project.edit("flows/prices.yaml", "steps:", &format!("{follows}steps:"));
    project.edit("spanwright.yaml", "vars:", "alerts: { shop: { http: \"https://shop.example.com/alerts\" } }\nvars:");
    let ran = project.run(&["docs"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for path in ["README.md", "flows/prices.md", "flows/prices.done.md"] {
        expect(&format!("documents/rounds-{}", path.replace('/', "-")), &page(&project, path));
    }
    // What asks the journal is no system of anybody's.
    assert!(!project.path().join("docs/systems/spanwright.md").exists());
}

#[test]
fn a_call_that_reads_all_pages_says_so_in_table_and_diagram() {
    let project = Project::named("graphql");
    project.edit("flows/by-rest.yaml", ", as: items }", ", as: items, pages: { link: next, each: . } }");
    let ran = project.run(&["docs"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let page = page(&project, "flows/by-rest.md");
    for words in ["each page, by url: all of them are one answer", "loop each page", "getItems, the next page"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn a_watched_project_is_written_again_when_it_changes() {
    let (project, out) = (Project::example(), tempfile::tempdir().unwrap());
    let mut command = spanwright();
    command.args(["docs", "--watch", "--out"]).arg(out.path()).arg(project.path());
    let _watching = Begun { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() };
    let page = out.path().join("flows/customers.md");
    let says = |words: &str| {
        let began = Instant::now();
        while !fs::read_to_string(&page).is_ok_and(|text| text.contains(words)) {
            assert!(began.elapsed() < Duration::from_secs(30), "`{words}` is never written");
            thread::sleep(Duration::from_millis(50));
        }
    };
    says("integrations@example.com");
    project.edit("flows/customers.yaml", "integrations@example.com", "night-shift@example.com");
    says("night-shift@example.com");
}

#[test]
fn every_link_of_the_markdown_leads_somewhere() {
    for example in ["erp-to-crm", "order-api", "order-saga", "soap-facade"] {
        let project = Project::named(example);
        assert_eq!(project.run(&["docs"]).code, 0);
        let docs = project.path().join("docs");
        let listed = fs::read_to_string(docs.join(".spanwright-docs")).unwrap();
        let mut links = 0;
        for file in listed.lines().filter(|path| Path::new(path).extension().is_some_and(|ending| ending == "md")) {
            let text = fs::read_to_string(docs.join(file)).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
                assert!(docs.join(file).parent().unwrap().join(link).exists(), "{example}: {file} leads to {link}");
                links += 1;
            }
        }
        assert!(links > 10, "{example}: {links} links");
    }
}

#[test]
fn two_runs_write_the_same_bytes() {
    for example in ["erp-to-crm", "order-api"] {
        let (one, other) = (Project::named(example), Project::named(example));
        assert_eq!((one.run(&["docs"]).code, other.run(&["docs"]).code), (0, 0));
        let files = fs::read_to_string(one.path().join("docs/.spanwright-docs")).unwrap();
        for file in files.lines().filter(|line| !line.starts_with('#')) {
            let read = |project: &Project| fs::read(project.path().join("docs").join(file)).unwrap();
            assert!(read(&one) == read(&other), "{example}: {file}");
        }
    }
}

#[test]
fn no_person_is_drawn_whom_nothing_tells() {
    let project = Project::example();
    project.run(&["docs"]);
    assert!(!fs::read_to_string(project.path().join("docs/flows/customers.md")).unwrap().contains("on call"));
}

const CHANNELS: &str = "alerts:\n  ops: { slack: \"${SLACK_URL}\" }\n  pager: { pagerduty: \"${PAGER}\", tell: [breaker] }\nvars:\n  \
    SLACK_URL: { about: The channel of the team, secret: true }\n  PAGER: { about: Who is on call, secret: true }";

#[test]
fn people_are_drawn_where_somebody_tells_them() {
    let project = Project::example();
    project.edit("spanwright.yaml", "vars:", CHANNELS);
    let ran = project.run(&["docs"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let flow = page(&project, "flows/customers.md");
    for words in ["as People", "alert, one a cause: dead letters (ops)", "alert, one a cause: the breaker is open (ops, pager)"] {
        assert!(flow.contains(words), "{words}: {flow}");
    }
    let overview = page(&project, "README.md");
    assert!(overview.contains("| pager | pagerduty | breaker | every 4 h, while it stands |"), "{overview}");
    project.edit("spanwright.yaml", "tell: [breaker]", "tell: [disk]");
    let ran = project.run(&["docs", "--check"]);
    assert!(ran.out.contains("alerts pager: the documents say `pagerduty, of breaker"), "{}", ran.out);
}

/// A clock asks, and hands over to a flow that stands for itself.
#[test]
fn clocks_and_flows_that_hand_over_are_drawn() {
    let project = Project::named("order-api");
    let morning = "flow: morning\nfrom: { cron: \"0 6 * * 1-5\", zone: Europe/Berlin, missed: skip }\nsteps: [ { send: flow.day } ]\n";
    project.write("flows/morning.yaml", morning);
    project.write("flows/day.yaml", "flow: day\nfrom: { flow: [morning] }\nin_order: all\nsteps: [ { send: stock.note } ]\n");
    let ran = project.run(&["docs"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let says = |path: &str, words: &str| {
        let text = page(&project, path);
        assert!(text.contains(words), "{path} does not say `{words}`: {text}");
    };
    says("README.md", "clock: `0 6 * * 1-5` in Europe/Berlin | [flow day](flows/day.md)");
    says("README.md", "handed over by [morning](flows/morning.md)");
    says("README.md", "|\"hands over\"|");
    says("flows/morning.md", "those that were missed are left out");
    says("flows/morning.md", "as Flow day");
    says("flows/day.md", "one message after the other; a dead letter keeps what came after it waiting");
    assert!(!project.path().join("docs/systems/flow.md").exists(), "the project's own flows are no system");
    assert!(project.run(&["graph", "--format", "dot"]).out.contains("\"flow morning\" -> \"flow day\" [label=\"hands over\"]"));
}

#[test]
fn a_page_says_of_each_answer_what_the_connector_makes_of_it() {
    let project = Project::example();
    assert_eq!(project.run(&["docs"]).code, 0);
    let crm = page(&project, "systems/crm.md");
    for line in ["| 422 | never: a dead letter | the schema |", "| 429 | not now: tried again, not before Retry-After | the schema |"] {
        assert!(crm.contains(line), "{line}: {crm}");
    }
}

#[test]
fn line_ends_are_nothing_and_words_are_not() {
    let project = Project::example();
    project.run(&["docs"]);
    let page = project.path().join("docs/README.md");
    let text = fs::read_to_string(&page).unwrap();
    fs::write(&page, text.replace('\n', "\r\n")).unwrap();
    assert_eq!(project.run(&["docs", "--check"]).code, 0);
    fs::write(&page, text.replace("CRM", "ERP")).unwrap();
    assert!(project.run(&["docs", "--check"]).out.contains("`README.md` does not say what it should"));
}

#[test]
fn no_page_needs_a_script_or_reaches_for_anything() {
    let project = Project::example();
    project.run(&["docs"]);
    for page in ["index.html", "flows/customers.html", "systems/erp.html", "maps/customer-to-contact.html", "fields.html"] {
        let text = fs::read_to_string(project.path().join("docs").join(page)).unwrap();
        assert!(!text.contains("<script") && !text.contains("src=\"http") && !text.contains("href=\"http"), "{page}");
    }
}

#[test]
fn a_file_of_a_person_is_never_overwritten() {
    let project = Project::example();
    fs::create_dir(project.path().join("docs")).unwrap();
    fs::write(project.path().join("docs/README.md"), "mine").unwrap();
    let ran = project.run(&["docs"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`README.md` is there and was not written by `spanwright docs`"), "{}", ran.err);
}

#[test]
fn the_graph_is_mermaid_or_dot() {
    let project = Project::example();
    assert!(project.run(&["graph"]).out.starts_with("flowchart LR\n"));
    assert!(project.run(&["graph", "--format", "dot"]).out.starts_with("digraph spanwright {"));
}
