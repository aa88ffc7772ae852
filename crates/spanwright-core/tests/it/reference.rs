//! `docs/reference/` is made from the declarations that `check` reads by. `UPDATE=1 cargo test` writes it anew.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use spanwright_core::project::vocabulary;
use spanwright_shape::text::form;

fn check(file: &str, made: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{} is stale: run `UPDATE=1 cargo test -p spanwright-core`", path.display());
}

#[test]
fn the_reference_of_files_is_what_check_reads_by() {
    check("files.md", &form::reference("The files of a project", vocabulary::FILES));
}
