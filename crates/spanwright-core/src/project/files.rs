//! Which file of the folder is what.

use spanwright_shape::text::{
    Bundle, FileId, Node, Problem, Problems, Span, Weight, codes as text_codes, did_you_mean,
    form::{Filled, Form},
    near, yaml,
};

use super::{codes, vocabulary};

/// The files that are read, parsed.
pub(super) struct Files<'b> {
    pub project: Option<Node>,
    pub environments: Vec<Found<'b>>,
    pub systems: Vec<Found<'b>>,
    pub apis: Vec<Found<'b>>,
    pub flows: Vec<Found<'b>>,
    pub maps: Vec<Found<'b>>,
    pub tests: Vec<Found<'b>>,
}

/// One file of a folder.
pub(super) struct Found<'b> {
    /// Its name without folder and ending.
    pub name: &'b str,
    /// `None`: it could not be parsed, and the problems say why.
    pub node: Option<Node>,
}

/// The folders that are read.
const FOLDERS: [&str; 5] = ["environments", "systems", "apis", "flows", "maps"];
/// The folder of tests; beside them stands what they read.
const TESTS_FOLDER: &str = "tests";
/// What the name of a test ends with.
const TESTS_ENDING: &str = ".test.yaml";
/// Folders of the grammar in which files of any name may stand.
const OTHER_FOLDERS: [&str; 2] = ["schemas", "docs"];
/// What makes a folder a project.
pub(super) const PROJECT_FILE: &str = "spanwright.yaml";

impl<'b> Files<'b> {
    pub(super) fn read(bundle: &'b Bundle, to: &mut Problems) -> Files<'b> {
        for (file, path, _) in bundle.iter() {
            check_path(file, path, to);
        }
        let [environments, systems, apis, flows, maps] = FOLDERS.map(|folder| folder_of(bundle, folder, ".yaml", to));
        let tests = folder_of(bundle, TESTS_FOLDER, TESTS_ENDING, to);
        Files { project: project(bundle, to), environments, systems, apis, flows, maps, tests }
    }
}

impl Found<'_> {
    /// Reads it by a form, whose first key is its name.
    pub(super) fn read(&self, form: &'static Form, to: &mut Problems) -> Option<Filled<'_>> {
        let filled = form.read(self.node.as_ref()?, to)?;
        if let Some(name) = filled.scalar(form.name)
            && name.text != self.name
        {
            let says = format!("the file is named `{}`, and the {} in it `{}`", self.name, form.name, name.text);
            to.error(&codes::FILE_NAME, name.span, says, format!("write `{}`, or rename the file", self.name));
        }
        Some(filled)
    }
}

fn project(bundle: &Bundle, to: &mut Problems) -> Option<Node> {
    let Some(file) = bundle.find(PROJECT_FILE) else {
        let help = Some("`spanwright init FOLDER` writes a project to start from".to_string());
        let says = format!("this folder has no `{PROJECT_FILE}`");
        to.push(Problem { code: &codes::NO_PROJECT, weight: Weight::Error, at: None, says, help });
        return None;
    };
    yaml::read(bundle, file, to)
}

fn folder_of<'b>(bundle: &'b Bundle, folder: &str, ending: &str, to: &mut Problems) -> Vec<Found<'b>> {
    let name = |path: &'b str| path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(ending).filter(|name| !name.contains('/'));
    let named = bundle.iter().filter_map(|(file, path, _)| Some((file, name(path)?)));
    named.map(|(file, name)| Found { name, node: yaml::read(bundle, file, to) }).collect()
}

/// Tells of a file that looks like ours and would not be read.
fn check_path(file: FileId, path: &str, to: &mut Problems) {
    let whole = Span { file, from: 0, to: 0 };
    let Some((folder, rest)) = path.split_once('/') else {
        let misnamed = path != PROJECT_FILE && is_yaml(path) && near(path, [PROJECT_FILE]).is_some();
        if misnamed {
            to.error(&codes::UNREAD, whole, format!("`{path}` is not read"), format!("name it `{PROJECT_FILE}`"));
        }
        return;
    };
    if !is_yaml(path) || OTHER_FOLDERS.contains(&folder) {
        return;
    }
    if folder == TESTS_FOLDER {
        if !rest.contains('/') && !path.ends_with(TESTS_ENDING) {
            let help = format!("a test is named `tests/NAME{TESTS_ENDING}`; put what tests read into a folder inside `tests/`");
            to.error(&codes::UNREAD, whole, format!("`{path}` is not read"), help);
        }
        return;
    }
    if let Some((_, key)) = vocabulary::NOT_BUILT_FOLDERS.iter().find(|(name, _)| *name == folder) {
        to.error(&text_codes::NOT_BUILT, whole, format!("`{key}:` is not built yet"), "leave the file out".to_string());
    } else if !FOLDERS.contains(&folder) {
        let meant = did_you_mean(folder, FOLDERS).filter(|_| !rest.contains('/'));
        if let Some(help) = meant {
            to.error(&codes::UNREAD, whole, format!("`{path}` is not read: there is no folder `{folder}` in a project"), help);
        }
    } else if rest.contains('/') {
        let help = format!("put it into `{folder}/` itself");
        to.error(&codes::UNREAD, whole, format!("`{path}` is not read: it lies in a folder inside `{folder}`"), help);
    } else if !path.ends_with(".yaml") {
        to.error(&codes::UNREAD, whole, format!("`{path}` is not read: its ending is not `.yaml`"), "rename it".to_string());
    }
}

fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml", ".YAML", ".YML"].iter().any(|ending| path.ends_with(ending))
}
