//! What the guide shows runs: a fenced block with a file name is a file of a project, and each page's project is checked and tested.
//!
//! `yaml tests/orders.test.yaml` lies over what `spanwright init` writes, `yaml examples/NAME/flows/x.yaml` over that example.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::Path};

use crate::project::{Project, ran, repository, spanwright};

/// Files of a page, by the project that they lie over (empty: the starter).
fn files(text: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((_, name)) = line.strip_prefix("```").and_then(|info| info.split_once(' ')) else { continue };
        let body: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        let (over, path) = match name.strip_prefix("examples/").and_then(|rest| rest.split_once('/')) {
            Some((example, path)) => (example, path),
            None => ("", name),
        };
        found.entry(over.to_string()).or_default().push((path.to_string(), body));
    }
    found
}

fn starter() -> Project {
    let project = Project::empty();
    let init = ran(spanwright().arg("init").arg(project.path()));
    assert_eq!(init.code, 0, "{}", init.err);
    project
}

fn check(page: &Path) -> usize {
    let all = files(&fs::read_to_string(page).unwrap());
    for (over, files) in &all {
        let project = if over.is_empty() { starter() } else { Project::named(over) };
        for (path, text) in files {
            let file = project.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let checked = project.run(&["check"]);
        assert_eq!(checked.code, 0, "{}: {}{}", page.display(), checked.out, checked.err);
        let tests = files.iter().filter_map(|(path, _)| path.strip_prefix("tests/")?.strip_suffix(".test.yaml"));
        for test in tests {
            let tested = project.run(&["test", "--only", &format!("{test}: ")]);
            assert_eq!(tested.code, 0, "{}: {}{}", page.display(), tested.out, tested.err);
        }
    }
    all.values().map(Vec::len).sum()
}

#[test]
fn what_the_guide_shows_is_checked_and_its_tests_pass() {
    let pages = fs::read_dir(repository().join("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
    let shown: usize = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md")).map(|page| check(&page)).sum();
    assert!(shown >= 5, "{shown} files are shown");
}
