//! What the guide shows runs: a fenced block with a file name is a file of a project, and each page's project is checked and tested.
//!
//! `yaml flows/orders.yaml` lies over `guide/PAGE/` beside this file, and where that has no systems of its own over what
//! `spanwright init` writes;
//! `yaml examples/NAME/flows/x.yaml` over that example. `+spanwright.yaml` is added below what the file has, and
//! `flows/x.yaml steps` takes the place of its steps. A block of a project without a name is a red test.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::project::{Project, copy, ran, repository, spanwright};

/// Pages whose maps the crate of the mapping language tries by itself.
const TRIED_ELSEWHERE: [&str; 1] = ["mapping.md"];

/// A block of a page.
struct Block {
    /// The file as it is written: `flows/x.yaml`, `+spanwright.yaml`, `flows/x.yaml steps`.
    name: String,
    text: String,
}

/// Blocks of a page, by the example that they lie over (empty: none).
fn blocks(text: &str) -> BTreeMap<String, Vec<Block>> {
    let mut found: BTreeMap<String, Vec<Block>> = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((_, name)) = line.strip_prefix("```").and_then(|info| info.split_once(' ')) else { continue };
        let text: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        let (over, name) = match name.strip_prefix("examples/").and_then(|rest| rest.split_once('/')) {
            Some((example, name)) => (example, name),
            None => ("", name),
        };
        found.entry(over.to_string()).or_default().push(Block { name: name.to_string(), text });
    }
    found
}

/// First lines of blocks that belong to a project and have no name.
fn nameless(text: &str) -> Vec<&str> {
    let mut before = "";
    let begins = |line: &str| {
        let words = [
            "flow:",
            "system:",
            "api:",
            "map:",
            "test:",
            "from:",
            "steps:",
            "listen:",
            "clients:",
            "auth:",
            "webhooks:",
            "closed:",
            "in_order:",
            "- {",
        ];
        words.iter().any(|word| line.starts_with(word)) || (line.starts_with("# ") && line.ends_with(".yaml"))
    };
    let mut found = Vec::new();
    for line in text.lines() {
        let opens = line.strip_prefix("    ").filter(|_| !before.starts_with("    ")).or((before == "```yaml").then_some(line));
        found.extend(opens.filter(|line| begins(line)));
        before = line;
    }
    found
}

fn base(page: &Path, over: &str) -> Project {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/guide").join(page.file_stem().unwrap());
    let project = match (over, own.join("systems").is_dir()) {
        ("", true) => Project::empty(),
        ("", false) => {
            let project = Project::empty();
            let init = ran(spanwright().arg("init").arg(project.path()));
            assert_eq!(init.code, 0, "{}", init.err);
            project
        }
        (example, _) => Project::named(example),
    };
    if own.is_dir() {
        copy(&own, project.path());
    }
    project
}

fn put(block: &Block, project: &Path) {
    let (name, steps) = block.name.strip_suffix(" steps").map_or((&*block.name, false), |name| (name, true));
    let (name, added) = name.strip_prefix('+').map_or((name, false), |name| (name, true));
    let file: PathBuf = project.join(name);
    let had = if steps || added { fs::read_to_string(&file).unwrap() } else { String::new() };
    let kept = if steps { &had[..had.find("\nsteps:").unwrap() + 1] } else { &had };
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, format!("{kept}{}", block.text)).unwrap();
}

fn check(page: &Path) -> usize {
    let text = fs::read_to_string(page).unwrap();
    let (all, nameless) = (blocks(&text), nameless(&text));
    assert!(nameless.is_empty(), "{}: nobody tries what begins so: {nameless:?}", page.display());
    for (over, blocks) in &all {
        let project = base(page, over);
        blocks.iter().for_each(|block| put(block, project.path()));
        let checked = project.run(&["check"]);
        assert_eq!(checked.code, 0, "{}: {}{}", page.display(), checked.out, checked.err);
        let tests = blocks.iter().filter_map(|block| block.name.strip_prefix("tests/")?.strip_suffix(".test.yaml"));
        for test in tests {
            let tested = project.run(&["test", "--only", &format!("{test}: ")]);
            assert_eq!(tested.code, 0, "{}: {}{}", page.display(), tested.out, tested.err);
        }
        let hints = blocks.iter().filter(|block| block.name.ends_with(".hints.yaml")).map(|block| project.path().join(&block.name));
        hints.for_each(|hints| check_hints(page, &hints));
    }
    all.values().map(Vec::len).sum()
}

/// `order.hints.yaml` reads the `order.xml` beside it.
fn check_hints(page: &Path, hints: &Path) {
    let document = PathBuf::from(hints.to_str().unwrap().replace(".hints.yaml", ".xml"));
    let converted = ran(spanwright().arg("convert").arg(document).arg("--hints").arg(hints));
    assert_eq!(converted.code, 0, "{}: {}", page.display(), converted.err);
    // What a hint says is there, though the document alone would not show it.
    assert!(converted.out.contains('[') && converted.out.contains("#text"), "{}", converted.out);
}

#[test]
fn what_the_guide_shows_is_checked_and_its_tests_pass() {
    let pages = fs::read_dir(repository().join("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
    let is_page = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".md") && !TRIED_ELSEWHERE.contains(&name)
    };
    let shown: usize = pages.filter(is_page).map(|page| check(&page)).sum();
    assert!(shown >= 20, "{shown} files are shown");
}
