//! The page that says what follows from each misbehaviour: `docs/hostile-peers.md`. Tests write its tables.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// One test at a time changes the page.
static ALONE: Mutex<()> = Mutex::new(());

/// Compares a table with the one of a section of the page; with `UPDATE=1` it takes its place.
///
/// # Panics
/// They differ, or the page has no such section.
#[track_caller]
pub fn check(section: &str, head: &[&str], rows: &[Vec<String>]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile-peers.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let begins = page.find(&format!("\n## {section}\n")).unwrap_or_else(|| panic!("the page has no section `{section}`"));
    let from = begins + page[begins..].find("\n|").expect("a section has a table") + 1;
    let to = from + page[from..].find("\n\n").map_or(page.len() - from, |end| end + 1);
    let made = table(head, rows);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{}{made}{}", &page[..from], &page[to..])).expect("the page can be written");
        return;
    }
    for (told, expected) in made.lines().zip(page[from..to].lines()) {
        assert_eq!(told, expected, "`{section}` of {}; UPDATE=1 cargo test rewrites it", path.display());
    }
    assert_eq!(made.lines().count(), page[from..to].lines().count(), "rows of `{section}`");
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        writeln!(out, "| {} |", row.join(" | ")).expect("a string takes everything");
    }
    out
}
