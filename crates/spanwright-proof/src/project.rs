//! The example project, read from its folder, perhaps with a line changed, and an engine that runs it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use spanwright_core::{plan::Plan, project};
use spanwright_engine::{
    clock::Clock,
    observe::{Level, LogForm, LogSettings},
    pinned,
    shell::{Engine, Running, Start, StorePlace},
    variables::Variables,
    wire::HttpSettings,
};
use spanwright_shape::text::{
    Bundle, Code, Problems,
    render::{self, Look},
};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of `examples/erp-to-crm`.
pub struct Project {
    files: BTreeMap<String, Vec<u8>>,
}

impl Project {
    /// Of these files, by path.
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Project {
        Project { files }
    }

    /// Another example of the repository.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn named(name: &str) -> io::Result<Project> {
        let folder = repository().join("examples").join(name);
        let mut files = BTreeMap::new();
        read(&folder, &folder, &mut files)?;
        Ok(Project { files })
    }

    /// As it lies in the repository.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn example() -> io::Result<Project> {
        Project::named("erp-to-crm")
    }

    /// With another text in place of this one.
    ///
    /// # Panics
    /// The file does not say this: a bench that changes nothing measures something else.
    #[must_use]
    pub fn with(mut self, file: &str, from: &str, to: &str) -> Project {
        let bytes = self.files.get_mut(file).expect("the example has this file");
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains(from), "{file} does not say `{from}`");
        *bytes = text.replace(from, to).into_bytes();
        self
    }

    /// The files, in path order.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.files.clone())
    }

    /// Its plan.
    ///
    /// # Errors
    /// The problems that were found, in words.
    pub fn plan(&self) -> io::Result<Plan> {
        let (bundle, mut problems) = (self.bundle(), Problems::new());
        project::check(&bundle, spanwright_connect::ALL, None, &mut problems)
            .ok_or_else(|| io::Error::other(render::human(&problems, &bundle, Look::Plain)))
    }

    /// Starts an engine that runs it, with its journal in `journal`.
    ///
    /// # Errors
    /// The project is refused, or the engine cannot start.
    pub fn start(&self, journal: &Path, variables: Variables, log: Option<LogSettings>, once: bool) -> io::Result<Running> {
        self.start_by(Clock::of_machine(), journal, variables, log, once)
    }

    /// The same, by another clock.
    ///
    /// # Errors
    /// As [`Project::start`].
    pub fn start_by(
        &self,
        clock: Clock,
        journal: &Path,
        variables: Variables,
        log: Option<LogSettings>,
        once: bool,
    ) -> io::Result<Running> {
        let start = Start {
            plan: Arc::new(self.plan()?),
            bundle: pinned::pin(&self.bundle()),
            rebuild: Box::new(|pinned, _| pinned::rebuild(pinned, spanwright_connect::ALL, None)),
            store: StorePlace::File(journal.into(), code_of),
            variables,
            once,
            signals: false,
            log,
            watch: None,
            http: HttpSettings::default(),
            clock: Arc::new(clock),
        };
        Engine::start(start).map_err(io::Error::other)
    }
}

/// ECS lines into here.
pub fn log_to(to: impl Write + Send + 'static) -> LogSettings {
    LogSettings { form: LogForm::Ecs, level: Level::Info, to: Box::new(to) }
}

/// The codes that a journal may hold.
pub fn code_of(id: &str) -> &'static Code {
    let floors = [spanwright_core::codes::all(), spanwright_engine::codes::ALL.to_vec(), spanwright_connect::codes::ALL.to_vec()];
    floors.into_iter().flatten().find(|code| code.id == id).unwrap_or(&spanwright_core::codes::STOPPED_BY_STEP)
}

fn read(folder: &Path, under: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, under, files)?;
        } else {
            let name = path.strip_prefix(under).map_err(io::Error::other)?;
            files.insert(name.to_string_lossy().into_owned(), std::fs::read(&path)?);
        }
    }
    Ok(())
}
