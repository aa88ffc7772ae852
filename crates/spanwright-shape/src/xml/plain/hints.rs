//! What a person says of XML without a schema: which paths repeat, which elements have attributes, and what prefixes mean.

/// Hints, as `spanwright schema infer-shape` writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Paths of elements that may repeat, from the root on: `Orders.Order.Line`; `*` is any one name, `**` any number of them.
    pub arrays: Vec<String>,
    /// Paths of elements that have attributes in some documents: always records.
    pub records: Vec<String>,
    /// The namespace of names without a prefix.
    pub namespace: String,
    /// Prefixes that keys have for elements and attributes of other namespaces.
    pub prefixes: Vec<(String, String)>,
}

impl Hints {
    /// Whether the element at a path may repeat.
    pub fn repeats(&self, path: &[&str]) -> bool {
        any(&self.arrays, path)
    }

    /// Whether the element at a path is a record even where it has text alone.
    pub fn is_record(&self, path: &[&str]) -> bool {
        any(&self.records, path)
    }

    /// The names of the lists that a record at a path has, also where they are empty: those that a path without `**` names.
    pub(super) fn lists<'h>(&'h self, path: &'h [&'h str]) -> impl Iterator<Item = &'h str> + 'h {
        let named = self.arrays.iter().filter(|array| !array.contains("**"));
        named.filter_map(move |array| {
            let (parent, name) = array.rsplit_once('.')?;
            (name != "*" && fits(&parent.split('.').collect::<Vec<_>>(), path)).then_some(name)
        })
    }

    /// The prefix of a namespace; `Some("")` for that of names without one.
    pub(super) fn prefix(&self, uri: &str) -> Option<&str> {
        if uri == self.namespace {
            return Some("");
        }
        self.prefixes.iter().find(|(_, known)| known == uri).map(|(prefix, _)| prefix.as_str())
    }
}

fn any(patterns: &[String], path: &[&str]) -> bool {
    patterns.iter().any(|pattern| fits(&pattern.split('.').collect::<Vec<_>>(), path))
}

fn fits(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => fits(rest, path) || path.split_first().is_some_and(|(_, below)| fits(pattern, below)),
        (Some((name, rest)), Some((first, below))) => (*name == "*" || name == first) && fits(rest, below),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_leave_names_open() {
        for (pattern, path, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a.b.c", false),
            ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.c", false),
            ("**.c", "c", true),
            ("**.c", "a.b.c", true),
            ("a.**.c", "a.c", true),
            ("a.**.c", "b.c", false),
        ] {
            let hints = Hints { arrays: vec![pattern.to_string()], ..Hints::default() };
            assert_eq!(hints.repeats(&path.split('.').collect::<Vec<_>>()), expected, "{pattern} {path}");
        }
    }
}
