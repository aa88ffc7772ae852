//! The variables of a project that has been checked: which there are, where each is used, and which have no value.

use std::{collections::BTreeMap, path::Path};

use spanwright_core::project::{codes, vocabulary};
use spanwright_engine::variables::{Declared, Variables};
use spanwright_shape::text::{
    Bundle, Node, Problem, Problems, Span, Weight,
    form::{self, Form, Given},
    yaml,
};

/// What the files say of variables.
pub struct Listed {
    declared: BTreeMap<String, Declared>,
    /// Of the environment that was chosen.
    chosen: BTreeMap<String, String>,
    about: BTreeMap<String, String>,
    uses: Vec<(String, Span)>,
}

impl Listed {
    /// Reads them. The project is checked already, so nothing is told twice. Files of values stand where `folder`, the
    /// project's, says, unless their paths begin at the root.
    pub fn read(bundle: &Bundle, folder: &Path, environment: Option<&str>) -> Listed {
        let mut listed = Listed { declared: BTreeMap::new(), chosen: BTreeMap::new(), about: BTreeMap::new(), uses: uses(bundle) };
        if let Some(node) = node_at(bundle, "spanwright.yaml") {
            listed.declare(&node, folder);
        }
        if let Some(node) = environment.and_then(|name| node_at(bundle, &format!("environments/{name}.yaml"))) {
            listed.choose(&node);
        }
        listed
    }

    fn declare(&mut self, node: &Node, folder: &Path) {
        let Some(project) = vocabulary::PROJECT.fill(node) else { return };
        for (name, node) in project.pairs("vars") {
            let Some(variable) = vocabulary::VAR.fill(node) else { continue };
            let default = variable.text("default").map(str::to_string);
            let file = variable.text("file").map(|file| folder.join(file));
            let secret = variable.flag("secret") == Some(Given::Is(true));
            self.declared.insert(name.text.clone(), Declared { default, file, secret });
            self.about.insert(name.text.clone(), variable.text("about").unwrap_or_default().to_string());
        }
    }

    fn choose(&mut self, node: &Node) {
        let Some(environment) = vocabulary::ENVIRONMENT.fill(node) else { return };
        let values = environment.pairs("vars").iter().filter_map(|(name, node)| Some((name.text.clone(), node.scalar()?.text.clone())));
        self.chosen.extend(values);
    }

    /// Their values, where the process's environment comes first.
    pub fn of_process(&self) -> Variables {
        Variables::of_process(self.declared.clone(), self.chosen.clone())
    }

    /// A problem for each variable that is used and has no value, at its first use.
    pub fn missing(&self, values: &Variables) -> Problems {
        let mut problems = Problems::new();
        for name in values.missing(self.declared.keys().map(String::as_str)) {
            let uses: Vec<Span> = self.uses.iter().filter(|(used, _)| used == name).map(|(_, at)| *at).collect();
            if let Some(first) = uses.first() {
                problems.push(self.problem(name, *first, uses.len()));
            }
        }
        problems
    }

    fn problem(&self, name: &str, at: Span, uses: usize) -> Problem {
        let elsewhere = match uses {
            1 => String::new(),
            more => format!(" (and {} more)", more - 1),
        };
        let says = format!("`{name}` has no value, and it is used here{elsewhere}");
        let about = self.about.get(name).map(|about| format!(" ({about})")).unwrap_or_default();
        let file = self.declared.get(name).and_then(|declared| declared.file.as_ref());
        let or = file.map(|file| format!(", or write its value into {}", file.display())).unwrap_or_default();
        let help = Some(format!("set `{name}`{about} in the environment of this process{or}"));
        Problem { code: &codes::VARIABLE_VALUE, weight: Weight::Error, at: Some(at), says, help }
    }
}

/// Every `${VAR}` in the files that say how we reach systems and what flows, with its place.
fn uses(bundle: &Bundle) -> Vec<(String, Span)> {
    let forms: [(&str, &'static Form); 2] = [("systems/", &vocabulary::SYSTEM), ("flows/", &vocabulary::FLOW)];
    let mut uses = Vec::new();
    for (_, path, _) in bundle.iter() {
        let Some((_, form)) = forms.iter().find(|(folder, _)| path.starts_with(folder)) else { continue };
        let Some(node) = node_at(bundle, path) else { continue };
        for (_, scalar) in form.fill(&node).iter().flat_map(|filled| filled.leaves()) {
            let found = form::variables(scalar).into_iter();
            uses.extend(found.filter_map(|variable| Some((variable.name?.to_string(), variable.at))));
        }
    }
    uses.extend(of_project(bundle));
    uses
}

/// The same of `listen:` and `alerts:`.
fn of_project(bundle: &Bundle) -> Vec<(String, Span)> {
    let Some(node) = node_at(bundle, "spanwright.yaml") else { return Vec::new() };
    let Some(project) = vocabulary::PROJECT.fill(&node) else { return Vec::new() };
    let channels = project.pairs("alerts").iter().filter_map(|(_, node)| vocabulary::ALERT.fill(node));
    let leaves: Vec<_> = project.form("listen").into_iter().chain(channels).flat_map(|form| form.leaves()).collect();
    let found = leaves.iter().flat_map(|(_, scalar)| form::variables(scalar));
    found.filter_map(|variable| Some((variable.name?.to_string(), variable.at))).collect()
}

fn node_at(bundle: &Bundle, path: &str) -> Option<Node> {
    yaml::read(bundle, bundle.find(path)?, &mut Problems::new())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use spanwright_shape::text::render::{Look, human};

    fn bundle() -> Bundle {
        let files = [
            (
                "spanwright.yaml",
                "project: p\nvars:\n  URL: { about: Where it is }\n  KEY: { about: The key, secret: true }\n  OTHER: { about: x, default: y }\n",
            ),
            ("environments/dev.yaml", "environment: dev\nvars: { URL: \"http://dev\" }\n"),
            ("systems/crm.yaml", "system: crm\nrest: schemas/x.yaml\nurl: \"${URL}/a\"\nauth: { bearer: \"${KEY}\" }\nabout: at ${URL}\n"),
        ];
        Bundle::new(files.map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())))
    }

    fn check(environment: Option<&str>, expected: &[&str]) {
        let bundle = bundle();
        let listed = Listed::read(&bundle, Path::new("/srv/p"), environment);
        let values =
            listed.chosen.clone().into_iter().chain(listed.declared.iter().filter_map(|(n, d)| Some((n.clone(), d.default.clone()?))));
        let text = human(&listed.missing(&Variables::fixed(values.collect())), &bundle, Look::Plain);
        let first: Vec<&str> = text.lines().filter(|line| line.starts_with("error") || line.contains("-->")).map(str::trim).collect();
        assert_eq!(first, expected);
    }

    #[test]
    fn a_missing_variable_is_named_where_it_is_used_first() {
        check(
            None,
            &[
                "error[P0203]: `URL` has no value, and it is used here (and 1 more)",
                "--> systems/crm.yaml:3:7",
                "error[P0203]: `KEY` has no value, and it is used here",
                "--> systems/crm.yaml:4:18",
            ],
        );
    }

    #[test]
    fn a_value_lies_in_a_file_beside_the_project_or_wherever_its_path_says_and_may_change() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let far = elsewhere.path().join("far");
        let vars =
            format!("  NEAR: {{ about: x, secret: true, file: near }}\n  FAR: {{ about: x, secret: true, file: \"{}\" }}\n", far.display());
        let systems = "system: a\nhttp:\nurl: \"http://a\"\nauth: { basic: { user: \"${NEAR}\", password: \"${FAR}\" } }\n";
        let files = [("spanwright.yaml", format!("project: p\nvars:\n{vars}")), ("systems/a.yaml", systems.to_string())];
        let bundle = Bundle::new(files.map(|(path, text)| (path.to_string(), text.into_bytes())));
        let listed = Listed::read(&bundle, folder.path(), None);
        let (values, near) = (listed.of_process(), folder.path().join("near"));
        let missing = human(&listed.missing(&values), &bundle, Look::Plain);
        assert!(missing.contains(&format!("or write its value into {}", near.display())), "{missing}");
        for value in ["one", "two"] {
            std::fs::write(&near, value).unwrap();
            std::fs::write(&far, format!("{value} far\n")).unwrap();
            assert_eq!((values.value("NEAR").as_deref(), values.value("FAR")), (Some(value), Some(format!("{value} far"))));
        }
    }

    #[test]
    fn an_environment_gives_what_is_no_secret() {
        check(Some("dev"), &["error[P0203]: `KEY` has no value, and it is used here", "--> systems/crm.yaml:4:18"]);
    }
}
