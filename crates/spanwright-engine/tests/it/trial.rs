//! A project folder, a journal and what was logged: everything that a test starts an engine with.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use spanwright_core::{fact::Store, project};
use spanwright_engine::{
    clock::Clock,
    keep::Keep,
    observe::{Level, LogForm, LogSettings},
    pinned,
    shell::{Ended, Engine, Running, Start, StartFault, State, StorePlace},
    variables::Variables,
    wire::HttpSettings,
};
use spanwright_shape::text::{Bundle, Code, Problems, render};
use spanwright_world::{Dead, Hostile, World};

/// No test waits longer.
pub const LONG: Duration = Duration::from_secs(60);

pub struct Trial {
    pub folder: tempfile::TempDir,
    files: BTreeMap<String, Vec<u8>>,
    pub variables: BTreeMap<String, String>,
    log: Lines,
    pub clock: Arc<Clock>,
    /// Whether this edition can build the plans of the one before.
    pub rebuilds: bool,
}

/// Where the log goes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The codes of every floor.
pub fn code_of(id: &str) -> &'static Code {
    let all = [spanwright_core::codes::ALL, spanwright_engine::codes::ALL].concat();
    let connect = spanwright_connect::ALL.iter().flat_map(|connector| connector.codes());
    all.into_iter().chain(connect).find(|code| code.id == id).unwrap_or(&spanwright_core::codes::STOPPED_BY_STEP)
}

pub fn read_folder(folder: &Path, under: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => read_folder(&path, under, files),
            false => drop(files.insert(path.strip_prefix(under).unwrap().to_str().unwrap().into(), std::fs::read(&path).unwrap())),
        }
    }
}

impl Trial {
    /// The example project, with variables that lead nowhere yet.
    pub fn new() -> Trial {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/erp-to-crm");
        let mut files = BTreeMap::new();
        read_folder(&example, &example, &mut files);
        let values = [
            ("ERP_USER", "crm-sync"),
            ("ERP_PASSWORD", "open sesame"),
            ("CRM_ID", "erp-sync"),
            ("CRM_SECRET", "s3cret/with+odd=signs&more"),
        ];
        let variables = values.map(|(name, value)| (name.to_string(), value.to_string())).into();
        let clock = Arc::new(Clock::of_machine());
        Trial { folder: tempfile::tempdir().unwrap(), files, variables, log: Lines::default(), clock, rebuilds: true }
    }

    /// A project of its own.
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Trial {
        Trial { files, variables: BTreeMap::new(), ..Trial::new() }
    }

    /// In a world of stand-ins.
    pub fn within(world: &World) -> Trial {
        let mut trial = Trial::new();
        trial.variables.extend(world.variables().iter().map(|(name, value)| (name.to_string(), value.clone())));
        trial
    }

    /// Between two servers that do as they are told; with waits so short that a bad day is over soon.
    pub fn between(erp: &Hostile, crm: &Hostile) -> Trial {
        let mut trial = Trial::new();
        trial.variables.insert("ERP_URL".into(), erp.url());
        trial.variables.insert("CRM_URL".into(), crm.url());
        for (system, breaker) in [("systems/erp.yaml", "hold: 2s, longest: 10s"), ("systems/crm.yaml", "hold: 2s, longest: 5s")] {
            trial.edit(system, "first: 250ms", "first: 20ms");
            trial.edit(system, "longest: 3s", "longest: 50ms");
            trial.edit(system, breaker, "hold: 50ms, longest: 50ms");
        }
        trial.edit("flows/customers.yaml", "wait: 1s", "wait: 10ms");
        trial
    }

    /// Writes something else into a file of the project, which must say this.
    pub fn edit(&mut self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.files[file].clone()).unwrap();
        assert!(text.contains(from), "{file} does not say `{from}`");
        let text = text.replace(from, to);
        self.files.insert(file.into(), text.into_bytes());
    }

    /// Writes a further file of the project.
    pub fn write(&mut self, file: &str, text: &str) {
        self.files.insert(file.into(), text.as_bytes().to_vec());
    }

    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.files.clone())
    }

    pub fn store_path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub fn start(&self, once: bool) -> Running {
        self.try_start(once).unwrap()
    }

    pub fn try_start(&self, once: bool) -> Result<Running, StartFault> {
        self.start_on(StorePlace::File(self.store_path(), code_of), once)
    }

    /// On a store that stands between the engine and the journal.
    pub fn start_behind(&self, once: bool, wrap: impl FnOnce(Keep) -> Box<dyn Store>) -> Running {
        let keep = Keep::open(&self.store_path(), code_of).unwrap();
        self.start_on(StorePlace::Opened(wrap(keep)), once).unwrap()
    }

    fn start_on(&self, store: StorePlace, once: bool) -> Result<Running, StartFault> {
        let (bundle, mut problems) = (self.bundle(), Problems::new());
        let plan = project::check(&bundle, spanwright_connect::ALL, None, &mut problems);
        let plan = plan.unwrap_or_else(|| panic!("{}", render::json_lines(&problems, &bundle)));
        let rebuilds = self.rebuilds;
        Engine::start(Start {
            plan: Arc::new(plan),
            bundle: pinned::pin(&bundle),
            rebuild: Box::new(move |then, open| {
                let goes_on = rebuilds.then(|| pinned::go_on(then, &bundle, spanwright_connect::ALL, None, open));
                Some(goes_on??.plan)
            }),
            store,
            variables: Variables::fixed(self.variables.clone()),
            once,
            signals: false,
            log: Some(LogSettings { form: LogForm::Ecs, level: Level::Debug, to: Box::new(self.log.clone()) }),
            http: HttpSettings::default(),
            watch: None,
            clock: self.clock.clone(),
        })
    }

    /// Reads every source once, delivers everything, ends.
    pub fn once(&self) -> Ended {
        wait(self.start(true))
    }

    /// Everything that was logged so far.
    pub fn log_text(&self) -> String {
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of one action.
    pub fn lines(&self, action: &str) -> Vec<serde_json::Value> {
        let lines = self.log_text();
        let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter(|line| line["event.action"] == action).collect()
    }

    /// The dead letters, as the world's tally wants them.
    pub fn dead(&self) -> Vec<Dead> {
        let text = |line: &serde_json::Value, pointer| line.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or("").to_string();
        let stopped = self.lines("run-ended").into_iter().filter(|line| line["log.level"] == "error");
        stopped.map(|line| Dead { key: text(&line, "/labels/key"), reason: text(&line, "/error.message") }).collect()
    }
}

/// Until something is so.
pub fn until(running: &Running, what: &str, mut is_so: impl FnMut(&State) -> bool) {
    let clock = Clock::of_machine();
    let end = clock.now().after(LONG);
    while !is_so(&running.state()) {
        assert!(clock.now() < end, "not within {LONG:?}: {what}; {:#?}", running.state());
        assert!(!running.is_over(), "it ended before: {what}; {:#?}", running.state());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Its end, by itself.
pub fn wait(running: Running) -> Ended {
    let clock = Clock::of_machine();
    let end = clock.now().after(LONG);
    while !running.is_over() {
        assert!(clock.now() < end, "it does not end: {:#?}", running.state());
        std::thread::sleep(Duration::from_millis(5));
    }
    running.wait()
}
