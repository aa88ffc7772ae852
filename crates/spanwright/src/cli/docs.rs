//! `spanwright docs`: the documents of a project, made from the project that runs. It needs no variable and reaches nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;
use spanwright_docs::{Book, Example, Sources, site, stale};
use spanwright_lab::suite;
use spanwright_shape::text::{
    Bundle, Problems,
    render::{self, Look},
};

use super::{Ended, check::plan_of, folder::Folder, out::Out};

/// The file that lists what we wrote, so that nothing of a person's is ever overwritten or removed.
const LIST: &str = ".spanwright-docs";
/// How often `--watch` looks.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Differences that are told.
const TOLD_MOST: usize = 50;

/// Write the project's documents: overview, flows with diagrams, mapping documents, systems
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright docs                       into docs/ of the project: HTML to open, Markdown to read beside the code\n  \
    spanwright docs shop --out /tmp/shop\n  spanwright docs --check               1 where the documents do not say what the project says: for CI\n  \
    spanwright docs --watch               writes them again whenever the project changes; Ctrl-C ends it"
)]
pub struct Docs {
    #[command(flatten)]
    folder: Folder,
    /// Where they are written; left out: docs/ of the project
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Writes nothing, and tells what is stale
    #[arg(long, conflicts_with = "watch")]
    check: bool,
    /// Writes them again whenever the project changes
    #[arg(long)]
    watch: bool,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
}

impl Docs {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match (self.check, self.watch) {
            (true, _) => self.compare(out),
            (false, true) => self.follow(out),
            (false, false) => self.once(&self.folder.bundle()?, out),
        }
    }

    fn place(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| self.folder.folder.join("docs"))
    }

    fn once(&self, bundle: &Bundle, out: &mut Out) -> anyhow::Result<Ended> {
        let Some(files) = self.files(bundle, out)? else { return Ok(Ended::Problems) };
        let place = self.place();
        let (written, removed) = write(&place, &files).with_context(|| format!("writing `{}`", place.display()))?;
        out.aside(&format!(
            "{} files in {}: {written} written, {removed} removed; open {}",
            files.len(),
            place.display(),
            place.join("index.html").display()
        ));
        Ok(Ended::Fine)
    }

    fn compare(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let Some(files) = self.files(&self.folder.bundle()?, out)? else { return Ok(Ended::Problems) };
        let place = self.place();
        let have = lying(&place, &files).with_context(|| format!("reading `{}`", place.display()))?;
        let told = stale(&have, &files);
        for line in told.iter().take(TOLD_MOST) {
            out.line(line)?;
        }
        if told.is_empty() {
            out.aside("the documents say what the project says");
            return Ok(Ended::Fine);
        }
        let more = told.len().saturating_sub(TOLD_MOST);
        let rest = if more > 0 { format!(" ({more} more)") } else { String::new() };
        out.aside(&format!("the documents are stale{rest}: `spanwright docs` writes them"));
        Ok(Ended::Problems)
    }

    fn follow(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let mut last: Option<Vec<(String, Vec<u8>)>> = None;
        loop {
            let bundle = self.folder.bundle()?;
            let now = bundle.iter().map(|(_, path, bytes)| (path.to_string(), bytes.to_vec())).collect();
            if last.as_ref() != Some(&now) {
                self.once(&bundle, out)?;
                last = Some(now);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Every file as it should be; `None`: the project has problems, and they were shown.
    fn files(&self, bundle: &Bundle, out: &mut Out) -> anyhow::Result<Option<BTreeMap<String, Vec<u8>>>> {
        let mut problems = Problems::new();
        let plan = plan_of(bundle, self.env.as_deref(), &mut problems);
        let Some(plan) = plan.map(Arc::new) else {
            out.aside_text(&render::human(&problems, bundle, Look::Colour));
            return Ok(None);
        };
        let tests = suite::read(bundle, &plan, &mut Problems::new());
        let played = suite::play(&tests, &plan, bundle, suite::Options::default());
        let (mut examples, mut visits) = (Vec::new(), Vec::new());
        for case in played.cases {
            examples.extend(case.example.map(|example| Example { map: example.map, given: example.given, made: example.made }));
            visits.extend(case.visits);
        }
        Ok(Some(site(&Book::of(Sources { bundle, plan: &plan, problems: &problems, examples: &examples, visits: &visits }))))
    }
}

/// Writes what differs and removes what is ours and not wanted any more: (written, removed).
fn write(place: &Path, files: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<(usize, usize)> {
    let ours = list(place)?;
    let foreign = files.keys().find(|path| !ours.contains(*path) && place.join(path).exists());
    if let Some(path) = foreign {
        bail!("`{path}` is there and was not written by `spanwright docs`: move it, or give another `--out`");
    }
    let mut written = 0;
    for (path, bytes) in files {
        let file = place.join(path);
        if fs::read(&file).is_ok_and(|have| have == *bytes) {
            continue;
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, bytes)?;
        written += 1;
    }
    let mut removed = 0;
    for path in ours.iter().filter(|path| !files.contains_key(*path)) {
        removed += usize::from(fs::remove_file(place.join(path)).is_ok());
    }
    let lines: String = files.keys().map(|path| format!("{path}\n")).collect();
    fs::write(place.join(LIST), format!("# Written by `spanwright docs`.\n{lines}"))?;
    Ok((written, removed))
}

/// What lies there of ours.
fn lying(place: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for path in list(place)?.iter().chain(files.keys()) {
        match fs::read(place.join(path)) {
            Ok(bytes) => drop(found.insert(path.clone(), bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The files that we wrote; paths that lead outside are not ours, whatever the list says.
fn list(place: &Path) -> io::Result<BTreeSet<String>> {
    let text = match fs::read_to_string(place.join(LIST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let is_inside = |path: &&str| !path.starts_with(['#', '/', '\\']) && !path.split('/').any(|step| step == "..") && !path.is_empty();
    Ok(text.lines().filter(is_inside).map(str::to_string).collect())
}
