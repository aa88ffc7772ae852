//! The values of `${VAR}`: asked for when a request is made, and kept nowhere.
//!
//! A plan lies in the journal and holds no value. So the same plan runs in every environment, and a secret that is
//! changed in its file counts from the next request on.
#![allow(clippy::disallowed_methods)] // the one place that reads the environment and files of secrets

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::observe::Secrets;

/// What `vars:` of `spanwright.yaml` says of one variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Where nobody gives a value.
    pub default: Option<String>,
    /// The file that holds it; read again for each request.
    pub file: Option<PathBuf>,
    /// It must not be seen.
    pub secret: bool,
}

type Process = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where values are looked for, in this order: the process's environment, the declared file, the chosen
/// `environments/NAME.yaml`, the declared default.
pub struct Variables {
    declared: BTreeMap<String, Declared>,
    chosen: BTreeMap<String, String>,
    process: Process,
    secrets: Secrets,
}

impl Variables {
    /// Of this process. `chosen` are the `vars:` of the environment that was chosen.
    pub fn of_process(declared: BTreeMap<String, Declared>, chosen: BTreeMap<String, String>) -> Variables {
        Variables { declared, chosen, process: Box::new(|name| std::env::var(name).ok()), secrets: Secrets::default() }
    }

    /// These and no others, each taken for a secret: for programs and tests.
    pub fn fixed(values: BTreeMap<String, String>) -> Variables {
        let declared = values.keys().map(|name| (name.clone(), Declared { secret: true, ..Declared::default() })).collect();
        Variables { declared, chosen: values, process: Box::new(|_| None), secrets: Secrets::default() }
    }

    /// The value now; `None` where nobody gives one.
    pub fn value(&self, name: &str) -> Option<String> {
        let declared = self.declared.get(name);
        let value = (self.process)(name)
            .or_else(|| read(declared?.file.as_deref()?))
            .or_else(|| self.chosen.get(name).cloned())
            .or_else(|| declared?.default.clone())?;
        if declared.is_none_or(|declared| declared.secret) {
            self.secrets.add(&value);
        }
        Some(value)
    }

    /// The names that have no value now, of those given: what `run` says before it begins.
    pub fn missing<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
        names.filter(|name| self.value(name).is_none()).collect()
    }

    /// What no log may show.
    pub fn secrets(&self) -> Secrets {
        self.secrets.clone()
    }
}

/// A line end behind the value is the editor's, not the secret's.
fn read(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(process: Option<&str>, file: Option<&str>, chosen: Option<&str>, default: Option<&str>, expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        let declared = Declared { default: default.map(str::to_string), file: Some(path), secret: true };
        let process = process.map(str::to_string);
        let variables = Variables {
            declared: [("CRM_SECRET".to_string(), declared)].into(),
            chosen: chosen.map(|value| ("CRM_SECRET".to_string(), value.to_string())).into_iter().collect(),
            process: Box::new(move |_| process.clone()),
            secrets: Secrets::default(),
        };
        assert_eq!(variables.value("CRM_SECRET").as_deref(), expected);
        assert_eq!(variables.missing(["CRM_SECRET"].into_iter()).is_empty(), expected.is_some());
    }

    #[test]
    fn the_process_comes_first_and_the_default_last() {
        check(Some("process"), Some("file"), Some("chosen"), Some("default"), Some("process"));
        check(None, Some("file"), Some("chosen"), Some("default"), Some("file"));
        check(None, None, Some("chosen"), Some("default"), Some("chosen"));
        check(None, None, None, Some("default"), Some("default"));
        check(None, None, None, None, None);
    }

    #[test]
    fn a_line_end_behind_a_value_in_a_file_does_not_count() {
        check(None, Some("file\r\n"), None, None, Some("file"));
        check(None, Some("two\n\n"), None, None, Some("two\n"));
    }
}
