//! Rule packs: what the faults of one service mean, as data.
//!
//! A line is a comment (`#`), `for NAMESPACE`, which says for which interface the pack is, or a class (`permanent`, `transient`, `auth`) and
//! words, any of which stands in the fault's text or is one of its codes. The first line that fits decides. Packs of the project are
//! `schemas/NAME.faults`; they come before those that are built in.

use spanwright_shape::text::{Bundle, FileId, Problems, Span, did_you_mean};

use super::Class;
use crate::soap::codes;

/// What a pack of the project is called.
pub const ENDING: &str = ".faults";
/// The packs that are built in.
pub(super) const BUILT_IN: [&str; 1] = [include_str!("packs/vies.txt")];
/// The words that a line may begin with.
const WORDS: [&str; 4] = ["for", "permanent", "transient", "auth"];

/// The rules for one interface, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    class: Class,
    words: Vec<String>,
}

impl Rules {
    /// Those that are built in, for an interface of these namespaces.
    pub(in crate::soap) fn built_in(spaces: &[&str]) -> Rules {
        Rules(BUILT_IN.iter().flat_map(|pack| rules(pack, spaces)).collect())
    }

    /// Those of the project, and behind them those that are built in.
    pub fn of(spaces: &[&str], bundle: &Bundle, to: &mut Problems) -> Rules {
        let mut all = Vec::new();
        for (file, _, _) in bundle.iter().filter(|(_, path, _)| path.ends_with(ENDING)) {
            check(file, bundle, to);
            all.extend(rules(&bundle.text(file), spaces));
        }
        all.extend(Rules::built_in(spaces).0);
        Rules(all)
    }

    /// What the first rule that fits says.
    pub(super) fn class(&self, codes: &[&str], reason: &str) -> Option<Class> {
        let fits = |wanted: &String| reason.contains(&**wanted) || codes.contains(&&**wanted);
        self.0.iter().find(|rule| rule.words.iter().any(fits)).map(|rule| rule.class)
    }
}

fn rules(pack: &str, spaces: &[&str]) -> Vec<Rule> {
    let is_ours = lines(pack).any(|(_, word, rest)| word == "for" && spaces.contains(&rest));
    let rule = |(_, word, rest): (usize, &str, &str)| {
        Some(Rule { class: class(word)?, words: rest.split_ascii_whitespace().map(str::to_string).collect() })
    };
    lines(pack).filter(|_| is_ours).filter_map(rule).collect()
}

fn class(word: &str) -> Option<Class> {
    match word {
        "permanent" => Some(Class::Permanent),
        "transient" => Some(Class::Transient),
        "auth" => Some(Class::Auth),
        _ => None,
    }
}

/// The lines that say something: where each begins, its first word and the rest. A `#` begins a comment where a word could begin.
fn lines(pack: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let mut from = 0;
    let lines = pack.split_inclusive('\n').map(move |line| {
        from += line.len();
        (from - line.len(), line)
    });
    lines.filter_map(|(from, line)| {
        let end =
            line.match_indices('#').find(|(at, _)| line[..*at].ends_with(char::is_whitespace) || *at == 0).map_or(line.len(), |(at, _)| at);
        let written = line[..end].trim_end();
        let at = written.len() - written.trim_start().len();
        let (word, rest) = written.trim().split_once(char::is_whitespace).unwrap_or((written.trim(), ""));
        (!word.is_empty()).then_some((from + at, word, rest.trim()))
    })
}

fn check(file: FileId, bundle: &Bundle, to: &mut Problems) {
    let text = bundle.text(file);
    let place = |at: usize, length: usize| {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file, from: byte(at), to: byte(at + length) }
    };
    let mut whose = false;
    for (at, word, rest) in lines(&text) {
        whose |= word == "for";
        if !WORDS.contains(&word) {
            let help = did_you_mean(word, WORDS).unwrap_or_else(|| format!("a line begins with `{}`", WORDS.join("`, `")));
            to.error(&codes::PACK, place(at, word.len()), format!("`{word}` is no word of a rule pack"), help);
        } else if rest.is_empty() {
            let help =
                if word == "for" { "write the target namespace of the WSDL behind it" } else { "write words of the fault behind it" };
            to.error(&codes::PACK, place(at, word.len()), format!("nothing stands behind `{word}`"), help.to_string());
        }
    }
    if !whose {
        let help = "write `for` and the target namespace of the WSDL".to_string();
        to.error(&codes::PACK, place(0, 0), "the pack says for no interface that it is meant", help);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(pack: &str) -> (Rules, Vec<String>) {
        let (bundle, mut problems) = (Bundle::new([("schemas/erp.faults".to_string(), pack.as_bytes().to_vec())]), Problems::new());
        let rules = Rules::of(&["urn:erp"], &bundle, &mut problems);
        let told = problems.iter().map(|problem| {
            let at = problem.at.unwrap();
            let (line, column) = bundle.line_column(at.file, at.from);
            format!("{} {line}:{column} {}", problem.code.id, problem.says)
        });
        (rules, told.collect())
    }

    #[test]
    fn the_first_line_that_fits_decides() {
        let (rules, problems) = told("# ours\nfor urn:erp # the ERP\n  permanent ORA-00001\ntransient ORA- BUSY#1\nauth EXPIRED\n");
        assert_eq!(problems, Vec::<String>::new());
        let class = |codes: &[&str], reason| rules.class(codes, reason);
        assert_eq!(class(&["Server"], "ORA-00001: unique constraint"), Some(Class::Permanent));
        assert_eq!(class(&["Server"], "ORA-00060: deadlock"), Some(Class::Transient));
        assert_eq!(class(&["Server", "BUSY#1"], ""), Some(Class::Transient));
        assert_eq!(class(&["Client", "EXPIRED"], ""), Some(Class::Auth));
        assert_eq!(class(&["Client"], "no"), None);
    }

    #[test]
    fn a_pack_of_another_interface_says_nothing() {
        assert_eq!(told("for urn:other\npermanent x\n").0, Rules::default());
    }

    #[test]
    fn what_is_no_rule_is_told_with_its_place() {
        let (_, problems) = told("for urn:erp\n  permanant x\ntransient\n");
        assert_eq!(problems, ["C0205 2:3 `permanant` is no word of a rule pack", "C0205 3:1 nothing stands behind `transient`"]);
        assert_eq!(told("auth x\n").1, ["C0205 1:1 the pack says for no interface that it is meant"]);
    }

    #[test]
    fn every_line_of_a_built_in_pack_is_a_rule() {
        for pack in BUILT_IN {
            assert_eq!(told(pack).1, Vec::<String>::new());
        }
    }
}
