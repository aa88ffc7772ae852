//! Reads a node by its form: every fault is named, and the reading goes on behind it.

use crate::text::{Code, Node, NodeKind, Plain, Problems, Scalar, Span, codes, near};

use super::{
    Built, Choice, Filled, Form, Key, Kind, MapKey, Need, OneOf,
    kind::{list_of, written},
    spelled,
    variable::{is_variable, variables, whole_variable},
};

impl Form {
    /// Reads a whole document by this form.
    pub fn read<'n>(&'static self, node: &'n Node, to: &mut Problems) -> Option<Filled<'n>> {
        let at = match &node.kind {
            NodeKind::Map(pairs) => pairs.first().map_or(node.span, |(key, _)| key.span),
            NodeKind::List(_) | NodeKind::Scalar(_) => node.span,
        };
        self.check(node, at, to)
    }

    /// The same without a word: for a node that has been read before.
    pub fn fill<'n>(&'static self, node: &'n Node) -> Option<Filled<'n>> {
        let NodeKind::Map(pairs) = &node.kind else { return None };
        let chosen = self.chosen(pairs);
        let known = |name: &str| self.key(chosen, name).filter(|key| key.built == Built::Now);
        let pairs = pairs.iter().filter_map(|(name, value)| known(&name.text).map(|key| (key, name, value))).collect();
        Some(Filled { form: self, node, chosen, pairs })
    }

    /// `at` is the key that this mapping stands behind: missing keys are told there.
    fn check<'n>(&'static self, node: &'n Node, at: Span, to: &mut Problems) -> Option<Filled<'n>> {
        let NodeKind::Map(pairs) = &node.kind else {
            wrong_kind(self.name, &Kind::Form(self), node, to);
            return None;
        };
        let chosen = self.chosen(pairs);
        if let Some(choice) = chosen.filter(|choice| choice.key.built == Built::NotYet) {
            // Its options are unknown, so nothing more can be said of this mapping.
            pairs.iter().filter(|(name, _)| name.text == choice.key.name).for_each(|(name, value)| choice.key.check(name, value, to));
            return None;
        }
        self.check_choice(pairs, at, to);
        for (name, value) in pairs {
            match self.key(chosen, &name.text) {
                Some(key) => key.check(name, value, to),
                None => self.unknown(chosen, name, to),
            }
        }
        let at = chosen.and_then(|choice| pairs.iter().find(|(name, _)| name.text == choice.key.name)).map_or(at, |(name, _)| name.span);
        let wanted = self.keys.iter().chain(chosen.map_or(&[][..], |choice| choice.with));
        for key in wanted.filter(|key| key.need == Need::Must && !pairs.iter().any(|(name, _)| name.text == key.name)) {
            let owner = chosen.map_or(self.name, |choice| choice.key.name);
            let help = format!("add `{}:` with {}", key.name, key.kind.noun());
            to.error(&codes::MISSING, at, format!("`{owner}` needs `{}`", key.name), help);
        }
        self.fill(node)
    }

    /// The one naming key that is written; `None` where there is none or are several.
    fn chosen(&self, pairs: &[(Scalar, Node)]) -> Option<&'static Choice> {
        let mut written = self.choices().iter().filter(|choice| pairs.iter().any(|(name, _)| name.text == choice.key.name));
        written.next().filter(|_| written.next().is_none())
    }

    fn check_choice(&self, pairs: &[(Scalar, Node)], at: Span, to: &mut Problems) {
        let is_choice = |name: &Scalar| self.choices().iter().any(|choice| choice.key.name == name.text);
        let written: Vec<&Scalar> = pairs.iter().map(|(name, _)| name).filter(|name| is_choice(name)).collect();
        let built: Vec<&str> =
            self.choices().iter().filter(|choice| choice.key.built == Built::Now).map(|choice| choice.key.name).collect();
        match (written.as_slice(), &self.one_of) {
            ([first, second, ..], _) => {
                let says = format!("`{}` and `{}` stand together", first.text, second.text);
                to.error(&codes::ONE_OF, second.span, says, format!("a `{}` has one of them; the other is one of its own", self.name));
            }
            ([], OneOf::Must(_)) => {
                // A misspelt naming key is told once, as such.
                let misspelt =
                    pairs.iter().any(|(name, _)| self.key(None, &name.text).is_none() && near(&name.text, built.iter().copied()).is_some());
                if !misspelt {
                    let says = format!("nothing here says what this `{}` is", self.name);
                    to.error(&codes::ONE_OF, at, says, format!("write one of {}", list_of(&built)));
                }
            }
            _ => {}
        }
    }

    /// The key of a name. Where no one choice is made, the options of all are known, so that only one fault is told.
    fn key(&self, chosen: Option<&'static Choice>, name: &str) -> Option<&'static Key> {
        let options: Vec<&'static Choice> = match chosen {
            Some(choice) => vec![choice],
            None => self.choices().iter().collect(),
        };
        let beside = options.into_iter().flat_map(|choice| std::iter::once(&choice.key).chain(choice.with));
        self.keys.iter().chain(beside).find(|key| key.name == name)
    }

    fn unknown(&self, chosen: Option<&'static Choice>, name: &Scalar, to: &mut Problems) {
        let owner = chosen.map_or(format!("`{}`", self.name), |choice| format!("this `{}` {}", choice.key.name, self.name));
        let elsewhere = self.choices().iter().find(|choice| choice.with.iter().any(|key| key.name == name.text));
        if let (Some(choice), Some(_)) = (elsewhere, chosen) {
            let says = format!("`{}` is no option of {owner}", name.text);
            to.error(&codes::UNKNOWN_KEY, name.span, says, format!("it belongs to `{}`", choice.key.name));
            return;
        }
        let beside = match chosen {
            Some(choice) => choice.with.iter().collect(),
            None => self.choices().iter().map(|choice| &choice.key).collect::<Vec<_>>(),
        };
        let known: Vec<&str> = self.keys.iter().chain(beside).filter(|key| key.built == Built::Now).map(|key| key.name).collect();
        let help = match near(&name.text, known.iter().copied()) {
            Some(found) => format!("did you mean `{found}`?"),
            None => format!("it has {}", list_of(&known).replace(" or ", " and ")),
        };
        to.error(&codes::UNKNOWN_KEY, name.span, format!("{owner} has no key `{}`", name.text), help);
    }
}

impl Key {
    fn check(&'static self, name: &Scalar, value: &Node, to: &mut Problems) {
        match self.built {
            Built::Now => self.kind.check(self.name, name.span, value, to),
            Built::NotYet => {
                to.error(&codes::NOT_BUILT, name.span, format!("`{}:` is not built yet", self.name), "leave it out".to_string())
            }
        }
    }
}

impl Kind {
    /// Checks a value behind `name`, which stands at `at`.
    fn check(&'static self, name: &str, at: Span, value: &Node, to: &mut Problems) {
        if !self.suits(value) {
            return self.unsuited(name, value, to);
        }
        match (self, &value.kind) {
            (Kind::Form(form), _) => {
                form.check(value, at, to);
            }
            (Kind::List(inner), NodeKind::List(items)) => items.iter().for_each(|item| inner.check(name, item.span, item, to)),
            (Kind::Map(keys, inner), NodeKind::Map(pairs)) => {
                for (key, value) in pairs {
                    check_name(*keys, key, to);
                    inner.check(&key.text, key.span, value, to);
                }
            }
            (Kind::Either(kinds), _) => {
                if let Some(kind) = kinds.iter().find(|kind| kind.suits(value)) {
                    kind.check(name, at, value, to);
                }
            }
            (Kind::Fields, _) => check_fields(value, to),
            (_, NodeKind::Scalar(scalar)) => self.check_scalar(name, scalar, to),
            (_, NodeKind::List(_) | NodeKind::Map(_)) => {}
        }
    }

    fn unsuited(&self, name: &str, value: &Node, to: &mut Problems) {
        match (self, written(value)) {
            (Kind::Words(words), Some(scalar)) => not_one_of(name, words, scalar, to),
            (Kind::Either(kinds), Some(scalar)) => {
                match kinds.iter().find_map(|kind| if let Kind::Words(words) = kind { Some(*words) } else { None }) {
                    Some(words) if near(&scalar.text, words.iter().copied()).is_some() => not_one_of(name, words, scalar, to),
                    _ => wrong_kind(name, self, value, to),
                }
            }
            _ => wrong_kind(name, self, value, to),
        }
    }

    fn check_scalar(&self, name: &str, scalar: &Scalar, to: &mut Problems) {
        match self {
            Kind::Text | Kind::File => check_variables(scalar, to),
            Kind::Secret => check_secret(name, scalar, to),
            Kind::Expr => check_expression(scalar, to),
            Kind::Number => self.spelled(name, scalar, spelled::number(&scalar.text).is_some(), to),
            Kind::Decimal => self.spelled(name, scalar, spelled::decimal(&scalar.text).is_some(), to),
            Kind::Percent => self.spelled(name, scalar, spelled::percent(&scalar.text).is_some(), to),
            Kind::Flag => self.spelled(name, scalar, spelled::flag(&scalar.text).is_some(), to),
            Kind::Time => self.spelled(name, scalar, spelled::time(&scalar.text).is_some(), to),
            Kind::Rate => self.spelled(name, scalar, spelled::rate(&scalar.text).is_some(), to),
            Kind::Size => self.spelled(name, scalar, spelled::size(&scalar.text).is_some(), to),
            Kind::Name => check_name(MapKey::Name, scalar, to),
            Kind::Op => reference(self, name, scalar, '.', to),
            Kind::Type => reference(self, name, scalar, ':', to),
            Kind::Word => {
                let word = !scalar.text.is_empty() && !scalar.text.contains(char::is_whitespace);
                fault(word, &codes::WRITTEN, scalar, || (format!("`{name}` wants one word"), None), to);
            }
            Kind::Value | Kind::Words(_) | Kind::Fields | Kind::List(_) | Kind::Map(..) | Kind::Form(_) | Kind::Either(_) => {}
        }
    }

    fn spelled(&self, name: &str, scalar: &Scalar, good: bool, to: &mut Problems) {
        let says = || (format!("`{name}` wants {}", self.noun()), None);
        fault(good || whole_variable(&scalar.text).is_some(), &codes::WRITTEN, scalar, says, to);
    }
}

fn fault(good: bool, code: &'static Code, scalar: &Scalar, says: impl FnOnce() -> (String, Option<String>), to: &mut Problems) {
    if !good {
        let (says, help) = says();
        to.error(code, scalar.span, says, help);
    }
}

fn not_one_of(name: &str, words: &[&str], scalar: &Scalar, to: &mut Problems) {
    let help = match near(&scalar.text, words.iter().copied()) {
        Some(found) => format!("did you mean `{found}`?"),
        None => format!("write {}", list_of(words)),
    };
    to.error(&codes::WORD, scalar.span, format!("`{name}` knows no `{}`", scalar.text), help);
}

fn check_name(keys: MapKey, scalar: &Scalar, to: &mut Problems) {
    let (good, help) = match keys {
        MapKey::Name => (spelled::is_name(&scalar.text), "use letters, digits, `-` and `_`, a letter first"),
        MapKey::Variable => (is_variable(&scalar.text), "use capital letters, digits and `_`, a letter first"),
        MapKey::Any => (true, ""),
    };
    fault(good, &codes::NAME, scalar, || (format!("`{}` cannot be a name", scalar.text), Some(help.to_string())), to);
}

fn check_variables(scalar: &Scalar, to: &mut Problems) {
    for variable in variables(scalar).into_iter().filter(|variable| variable.name.is_none()) {
        let help = "write `${NAME}` with capital letters, digits and `_`".to_string();
        to.error(&codes::VARIABLE, variable.at, "this is no variable", help);
    }
}

/// The value itself is never repeated: what we print may be kept.
fn check_secret(name: &str, scalar: &Scalar, to: &mut Problems) {
    let help = format!("declare a variable with `secret: true`, and write `{name}: \"${{NAME}}\"`");
    fault(
        whole_variable(&scalar.text).is_some(),
        &codes::SECRET,
        scalar,
        || (format!("`{name}` is a secret, and is written out here"), Some(help)),
        to,
    );
}

/// Fields are read by the map that they belong to; that no variable stands in them is told here for all.
fn check_fields(node: &Node, to: &mut Problems) {
    match &node.kind {
        NodeKind::Scalar(scalar) => refuse_variables(scalar, to),
        NodeKind::List(items) => items.iter().for_each(|item| check_fields(item, to)),
        NodeKind::Map(pairs) => pairs.iter().filter(|(key, _)| key.text != "note").for_each(|(_, value)| check_fields(value, to)),
    }
}

fn check_expression(scalar: &Scalar, to: &mut Problems) {
    refuse_variables(scalar, to);
    fault(!scalar.text.trim().is_empty(), &codes::WRONG_KIND, scalar, || ("the expression is empty".to_string(), None), to);
}

fn refuse_variables(scalar: &Scalar, to: &mut Problems) {
    for variable in variables(scalar) {
        let help = variable.name.map(|name| format!("write `$vars.{name}`; a secret can stand in no expression"));
        to.error(&codes::VARIABLE_IN_EXPRESSION, variable.at, "an expression sees no `${..}`", help);
    }
}

fn reference(kind: &Kind, name: &str, scalar: &Scalar, mark: char, to: &mut Problems) {
    let good = scalar.text.split_once(mark).is_some_and(|(system, rest)| spelled::is_name(system) && !rest.is_empty());
    let good = good && !scalar.text.contains(char::is_whitespace);
    fault(
        good,
        &codes::REFERENCE,
        scalar,
        || (format!("`{name}` wants {}", kind.noun()), Some("name the system in front of it".to_string())),
        to,
    );
}

fn wrong_kind(name: &str, kind: &Kind, node: &Node, to: &mut Problems) {
    let (what, help) = match (&node.kind, kind) {
        (NodeKind::Scalar(scalar), _) if scalar.plain() == Plain::Null => ("has no value", None),
        (NodeKind::List(_), Kind::Expr) => ("is a list", Some("an expression that begins with `[` is quoted as a whole: '[..]'")),
        (NodeKind::Map(_), Kind::Expr) => ("is a mapping", Some("an expression that begins with `{` is quoted as a whole: '{..}'")),
        (NodeKind::Scalar(_), Kind::List(_)) => ("is one value", Some("write it in brackets: `[..]`")),
        (NodeKind::Scalar(_), _) => ("is one value", None),
        (NodeKind::List(_), _) => ("is a list", None),
        (NodeKind::Map(_), _) => ("is a mapping", None),
    };
    to.error(&codes::WRONG_KIND, node.span, format!("`{name}` wants {}, and {what}", kind.noun()), help.map(String::from));
}
