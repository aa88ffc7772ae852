//! `docs` and `graph`: written from the project that runs, the same to the last byte, and stale as soon as it changes.

#![allow(clippy::unwrap_used)]

use std::fs;

use crate::project::Project;

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
