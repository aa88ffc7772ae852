//! Secrets are in no output, no log and no file of a run, also where a peer quotes them back to us.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use spanwright_world::{World, WorldSettings};

use crate::project::{Project, ran};

const PASSWORD: &str = "plum-cloud-4711-lantern";
const SECRET: &str = "velvet-0815-harbour-secret";

#[test]
fn no_secret_is_printed_logged_or_kept() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let mut settings = WorldSettings::quiet(ledgers.path(), 30);
    settings.erp.catalog = settings.erp.catalog.without_email(3).with_malformed(5);
    (settings.erp.password, settings.crm.client_secret) = (PASSWORD.into(), SECRET.into());
    let world = World::start(settings).unwrap();
    let ran = ran(&mut project.command(&world, &["--once", "--log", "json", "--level", "debug"]));
    assert!(ran.err.lines().count() > 30, "there is a log: {}", ran.err);
    let mut looked_at = 2;
    hide_nothing("standard output", ran.out.as_bytes());
    hide_nothing("standard error", ran.err.as_bytes());
    each_file(&project.path().join(".spanwright"), &mut |path| {
        hide_nothing(&path.display().to_string(), &fs::read(path).unwrap());
        looked_at += 1;
    });
    assert!(looked_at > 3, "the journal was looked at");
}

fn hide_nothing(what: &str, bytes: &[u8]) {
    // As they are, and as Basic carries them.
    for secret in [PASSWORD, SECRET, "Y3JtLXN5bmM6cGx1bS1jbG91ZC00NzExLWxhbnRlcm4", "ZXJwLXN5bmM6dmVsdmV0LTA4MTU"] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds {secret}");
    }
}

fn each_file(folder: &Path, then: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, then) } else { then(&path) }
    }
}
