//! Variables: declared once, used anywhere in text, and with no value here.
//!
//! Only what decides how the project runs (a rate, a time, a number) must be known when it is read; it comes from the
//! chosen environment or a default.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_shape::text::{
    Bundle, Node, NodeKind, Plain, Problems, Scalar, Span, codes as text_codes, did_you_mean,
    form::{self, Filled, Given, Kind},
    yaml,
};

use super::{Document, codes, vocabulary};

/// What is declared under `vars:`.
#[derive(Default)]
pub(super) struct Variables {
    all: BTreeMap<String, Variable>,
    /// Without a project file nothing is declared, and that has been told.
    unknown: bool,
}

struct Variable {
    at: Span,
    secret: bool,
    /// Its default, or what the chosen environment says.
    value: Option<String>,
}

/// One declared variable, for whoever gives it its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// `ERP_URL`
    pub name: String,
    /// What it is, for a person.
    pub about: String,
    /// Its value must not be seen.
    pub secret: bool,
    /// Its value where nobody gives one.
    pub default: Option<String>,
    /// What the chosen environment's file says.
    pub chosen: Option<String>,
    /// The file that holds its value.
    pub file: Option<String>,
}

/// The variables that a project declares, with the values of one of its environments. For a project that was checked:
/// what is not well written is left out.
pub fn declared(bundle: &Bundle, environment: Option<&str>) -> Vec<Declared> {
    let read = |path: &str| bundle.find(path).and_then(|file| yaml::read(bundle, file, &mut Problems::new()));
    let chosen = environment.and_then(|name| read(&format!("environments/{name}.yaml")));
    let chosen = |name: &str| chosen.as_ref()?.get("vars")?.get(name)?.scalar().map(|scalar| scalar.text.clone());
    let Some(project) = read(super::files::PROJECT_FILE) else { return Vec::new() };
    let Some(form) = vocabulary::PROJECT.fill(&project) else { return Vec::new() };
    let one = |(name, node): &(Scalar, Node)| {
        let filled = vocabulary::VAR.fill(node)?;
        let text = |key| filled.text(key).map(String::from);
        let (about, secret) = (text("about").unwrap_or_default(), filled.flag("secret") == Some(Given::Is(true)));
        let name = name.text.clone();
        Some(Declared { chosen: chosen(&name), name, about, secret, default: text("default"), file: text("file") })
    };
    form.pairs("vars").iter().filter_map(one).collect()
}

impl Variables {
    pub(super) fn read(
        project: Option<&Filled<'_>>,
        environments: &[Document<'_>],
        chosen: Option<&Filled<'_>>,
        to: &mut Problems,
    ) -> Variables {
        let mut variables = Variables { all: BTreeMap::new(), unknown: project.is_none() };
        for (name, node) in project.map_or(&[][..], |project| project.pairs("vars")) {
            variables.declare(name, node, to);
        }
        for (name, node) in environments.iter().flat_map(|(_, form)| form.pairs("vars")) {
            variables.check_value(name, node, to);
        }
        for (name, node) in chosen.map_or(&[][..], |form| form.pairs("vars")) {
            if let Some(variable) = variables.all.get_mut(&name.text) {
                variable.value = node.scalar().map(|scalar| scalar.text.clone());
            }
        }
        variables
    }

    fn declare(&mut self, name: &Scalar, node: &Node, to: &mut Problems) {
        let Some(filled) = vocabulary::VAR.fill(node) else { return };
        let secret = filled.flag("secret") == Some(Given::Is(true));
        let default = filled.scalar("default");
        if let Some(default) = default.filter(|_| secret) {
            let says = format!("`{}` is a secret, and has its value here", name.text);
            to.error(
                &text_codes::SECRET,
                default.span,
                says,
                "leave `default` out; the value comes from the process's environment".to_string(),
            );
        }
        if let Some(default) = default.filter(|_| !secret) {
            check_kind(&name.text, filled.text("kind"), default, to);
        }
        let value = default.filter(|_| !secret).map(|scalar| scalar.text.clone());
        self.all.insert(name.text.clone(), Variable { at: name.span, secret, value });
    }

    /// A value in an environment's file.
    fn check_value(&self, name: &Scalar, node: &Node, to: &mut Problems) {
        match self.all.get(&name.text) {
            None => self.undeclared(&name.text, name.span, to),
            Some(Variable { secret: true, .. }) => {
                let says = format!("`{}` is a secret, and has its value here", name.text);
                to.error(&text_codes::SECRET, node.span, says, "leave it out; the value comes from the process's environment".to_string());
            }
            Some(_) if !matches!(&node.kind, NodeKind::Scalar(scalar) if scalar.plain() != Plain::Null) => {
                to.error(&codes::VARIABLE_VALUE, node.span, format!("`{}` wants one value", name.text), None);
            }
            Some(_) => {}
        }
    }

    /// Every `${VAR}` of these files is declared, and every secret comes from one that is declared as such.
    pub(super) fn check_uses<'f>(&self, forms: impl Iterator<Item = &'f Filled<'f>>, to: &mut Problems) {
        for (kind, scalar) in forms.flat_map(Filled::leaves) {
            if matches!(kind, Kind::Expr | Kind::Fields | Kind::Value) {
                continue;
            }
            for variable in form::variables(scalar) {
                let Some(name) = variable.name else { continue };
                match self.all.get(name) {
                    None => self.undeclared(name, variable.at, to),
                    Some(Variable { secret: false, .. }) if matches!(kind, Kind::Secret) => {
                        let help = format!("write `secret: true` where `{name}` is declared");
                        to.error(&codes::SECRECY, variable.at, format!("`{name}` stands for a secret, and is not declared as one"), help);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Every declared one is named somewhere.
    pub(super) fn check_used(&self, bundle: &Bundle, to: &mut Problems) {
        for (name, variable) in &self.all {
            let (text, expression) = (format!("${{{name}}}"), format!("$vars.{name}"));
            let uses = |bytes: &[u8]| {
                let file = String::from_utf8_lossy(bytes);
                file.contains(&text) || file.match_indices(&expression).any(|(at, _)| !goes_on(&file[at + expression.len()..]))
            };
            if !bundle.iter().filter(|(_, path, _)| path.ends_with(".yaml")).any(|(_, _, bytes)| uses(bytes)) {
                let help = "remove it, or look for the place that should use it".to_string();
                to.warning(&codes::NOT_USED, variable.at, format!("nobody uses `{name}`"), help);
            }
        }
    }

    fn undeclared(&self, name: &str, at: Span, to: &mut Problems) {
        if self.unknown {
            return;
        }
        let help = did_you_mean(name, self.all.keys().map(String::as_str));
        let help = help.unwrap_or_else(|| format!("declare it in spanwright.yaml: `vars: {{ {name}: {{ about: .. }} }}`"));
        to.error(&codes::UNDECLARED, at, format!("`{name}` is not declared"), help);
    }

    /// The value that is written, or that the variable has.
    pub(super) fn known<T>(
        &self,
        form: &Filled<'_>,
        key: &str,
        given: Option<Given<'_, T>>,
        spelled: fn(&str) -> Option<T>,
        to: &mut Problems,
    ) -> Option<T> {
        let name = match given? {
            Given::Is(value) => return Some(value),
            Given::Variable(name) => name,
        };
        // An undeclared one is told already.
        let variable = self.all.get(name)?;
        let value = variable.value.as_deref().and_then(spelled);
        if let (None, Some(scalar)) = (&value, form.scalar(key)) {
            let says = match variable.value {
                Some(_) => format!("`{name}` has a value that `{key}` cannot use"),
                None => format!("`{name}` has no value here, and `{key}` decides how the project runs"),
            };
            to.error(&codes::VARIABLE_VALUE, scalar.span, says, format!("give `{name}` a `default`"));
        }
        value
    }

    /// There is no project file that could declare them.
    pub(super) fn are_unknown(&self) -> bool {
        self.unknown
    }

    /// What expressions see as `$vars`: no secrets.
    pub(super) fn seen(&self) -> BTreeMap<Arc<str>, Option<Arc<str>>> {
        let open = self.all.iter().filter(|(_, variable)| !variable.secret);
        open.map(|(name, variable)| (name.as_str().into(), variable.value.as_deref().map(Arc::from))).collect()
    }
}

/// Whether a name goes on here: `$vars.REGION_CODE` is no use of `REGION`.
fn goes_on(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn check_kind(name: &str, kind: Option<&str>, default: &Scalar, to: &mut Problems) {
    let text = default.text.as_str();
    let (good, wanted) = match kind {
        Some("number") => (matches!(default.plain(), Plain::Number(_)), Kind::Decimal),
        Some("rate") => (form::rate(text).is_some(), Kind::Rate),
        Some("time") => (form::time(text).is_some(), Kind::Time),
        Some("flag") => (form::flag(text).is_some(), Kind::Flag),
        _ => (true, Kind::Text),
    };
    if !good {
        to.error(&codes::VARIABLE_VALUE, default.span, format!("`{name}` wants {}", wanted.noun()), None);
    }
}
