//! Problems as a person reads them, and as a machine does.
//!
//! Sorted by file and place, each with the line it is about and what to write instead. Only that line is handed
//! to the renderer: a schema of a million lines costs no more than a flow of ten.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};

use super::{Bundle, Problem, Problems, Span, Weight, codes};

/// Help up to so many characters stands beside the underline; longer help has a line of its own.
const LABEL_CHARS_MOST: usize = 72;
/// A line longer than this is cut around its place (schemas come in one line).
const LINE_BYTES_MOST: usize = 400;

/// With or without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Text alone.
    Plain,
    /// With ANSI colours.
    Colour,
}

/// All problems for a person, with a line that counts them. Empty where there is none.
pub fn human(problems: &Problems, bundle: &Bundle, look: Look) -> String {
    let renderer = match look {
        Look::Plain => Renderer::plain(),
        Look::Colour => Renderer::styled(),
    };
    let mut text = String::new();
    for problem in sorted(problems) {
        text.push_str(&one(problem, bundle, &renderer));
        text.push_str("\n\n");
    }
    if !problems.is_empty() {
        text.push_str(&summary(problems));
        text.push('\n');
    }
    text
}

/// One problem a line, as JSON: `code weight file line column end_line end_column says help`.
pub fn json_lines(problems: &Problems, bundle: &Bundle) -> String {
    sorted(problems).into_iter().map(|problem| json(problem, bundle) + "\n").collect()
}

/// `3 errors, 1 warning in 2 files`
pub fn summary(problems: &Problems) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let (errors, all) = (problems.errors(), problems.len());
    let files: std::collections::BTreeSet<_> = problems.iter().filter_map(|problem| problem.at.map(|at| at.file)).collect();
    let kinds = match (errors, all - errors) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    match files.len() {
        0 => kinds,
        files => format!("{kinds} in {}", count(files, "file")),
    }
}

/// By file and place; those without a place come last.
fn sorted(problems: &Problems) -> Vec<&Problem> {
    let mut all: Vec<&Problem> = problems.iter().collect();
    all.sort_by_key(|problem| problem.at.map_or((u32::MAX, 0, 0), |at| (at.file.0, at.from, at.to)));
    all.dedup_by(|one, other| one.code.id == other.code.id && one.at == other.at && one.says == other.says);
    all
}

fn one(problem: &Problem, bundle: &Bundle, renderer: &Renderer) -> String {
    let level = match problem.weight {
        Weight::Error => Level::ERROR,
        Weight::Warning => Level::WARNING,
    };
    let title = level.primary_title(normalize_untrusted_str(&problem.says)).id(problem.code.id);
    let help = problem.help.as_deref().map(normalize_untrusted_str);
    let beside = help.as_deref().filter(|help| help.chars().count() <= LABEL_CHARS_MOST);
    let below = help.as_deref().filter(|_| beside.is_none());
    let message = below.map(|help| Level::HELP.message(help));
    let Some(at) = problem.at else {
        let message = help.as_deref().map(|help| Level::HELP.message(help));
        return renderer.render(&[annotate_snippets::Group::with_title(title).elements(message)]);
    };
    // What is printed is copied into tickets: a secret is not shown again.
    let line = Line::of(bundle, at, problem.code == &codes::SECRET);
    let snippet = Snippet::source(line.text.as_str())
        .path(bundle.path(at.file))
        .line_start(line.number as usize)
        .annotation(AnnotationKind::Primary.span(line.from..line.to).label(beside));
    let group = title.element(snippet).elements(message);
    let text = renderer.render(&[group]);
    match line.cut {
        0 => text,
        // The renderer counts columns in what it was given; the file's own column is the true one.
        _ => text.replacen(&format!(":{}:{}", line.number, line.shown_column()), &format!(":{}:{}", line.number, line.column), 1),
    }
}

/// The line that a place begins in.
struct Line {
    number: u32,
    column: u32,
    text: String,
    from: usize,
    to: usize,
    /// Bytes cut off in front.
    cut: usize,
}

impl Line {
    fn of(bundle: &Bundle, at: Span, hidden: bool) -> Line {
        let bytes = bundle.bytes(at.file);
        let from = (at.from as usize).min(bytes.len());
        let begin = bytes[..from].iter().rposition(|byte| *byte == b'\n').map_or(0, |n| n + 1);
        let end = bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| from + n);
        let (number, column) = bundle.line_column(at.file, at.from);
        let cut = (from - begin).saturating_sub(LINE_BYTES_MOST / 2);
        let shown = end.min(begin + cut + LINE_BYTES_MOST);
        let before = String::from_utf8_lossy(&bytes[begin + cut..from]).into_owned();
        let marked = String::from_utf8_lossy(&bytes[from..shown.min(at.to as usize).max(from)]).trim_end().to_string();
        let behind = String::from_utf8_lossy(&bytes[(from + marked.len()).min(shown)..shown]).trim_end().to_string();
        let marked: String = if hidden { marked.chars().map(|_| '*').collect() } else { marked };
        let (start, stop) = (before.len(), before.len() + marked.len());
        Line { number, column, text: before + &marked + &behind, from: start, to: stop, cut }
    }

    fn shown_column(&self) -> usize {
        self.text[..self.from].chars().count() + 1
    }
}

fn json(problem: &Problem, bundle: &Bundle) -> String {
    let mut line = format!(r#"{{"code":{},"weight":"{}""#, quoted(problem.code.id), problem.weight.word());
    if let Some(at) = problem.at {
        let ((from, column), (to, end)) = (bundle.line_column(at.file, at.from), bundle.line_column(at.file, at.to));
        let file = quoted(bundle.path(at.file));
        line += &format!(r#","file":{file},"line":{from},"column":{column},"end_line":{to},"end_column":{end}"#);
    }
    line += &format!(r#","says":{}"#, quoted(&problem.says));
    if let Some(help) = &problem.help {
        line += &format!(r#","help":{}"#, quoted(help));
    }
    line + "}"
}

/// Text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn bundle() -> Bundle {
        Bundle::new([("a.yaml".to_string(), "größe: \"x\"\nb: [1,\n  2]\n".as_bytes().to_vec()), ("b.yaml".to_string(), b"c: 1".to_vec())])
    }

    fn at(file: u32, from: u32, to: u32) -> Span {
        Span { file: FileId(file), from, to }
    }

    fn three() -> Problems {
        let mut problems = Problems::new();
        problems.warning(&codes::WORD, at(1, 3, 4), "`1` is odd", None);
        problems.error(
            &codes::WRONG_KIND,
            at(0, 16, 24),
            "a list",
            "write one value in its place, and mind that it is a text, as this key wants it to be".to_string(),
        );
        problems.error(&codes::UNKNOWN_KEY, at(0, 9, 12), "`x` is \"unknown\"", "did you mean `y`?".to_string());
        problems
    }

    #[test]
    fn problems_stand_in_the_order_of_their_places_with_columns_in_characters() {
        let expected = "\
error[S0203]: `x` is \"unknown\"
 --> a.yaml:1:8
  |
1 | größe: \"x\"
  |        ^^^ did you mean `y`?

error[S0201]: a list
 --> a.yaml:2:4
  |
2 | b: [1,
  |    ^^^
  |
  = help: write one value in its place, and mind that it is a text, as this key wants it to be

warning[S0209]: `1` is odd
 --> b.yaml:1:4
  |
1 | c: 1
  |    ^

2 errors, 1 warning in 2 files
";
        assert_eq!(human(&three(), &bundle(), Look::Plain), expected);
    }

    #[test]
    fn colour_is_only_colour() {
        let coloured = human(&three(), &bundle(), Look::Colour);
        let mut plain = String::new();
        for (n, piece) in coloured.split('\u{1b}').enumerate() {
            plain.push_str(if n == 0 { piece } else { piece.split_once('m').map_or("", |(_, rest)| rest) });
        }
        assert_eq!(plain, human(&three(), &bundle(), Look::Plain));
    }

    #[test]
    fn a_machine_reads_one_object_a_line() {
        let lines = json_lines(&three(), &bundle());
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap_or_default()).unwrap_or_default();
        let expected = serde_json::json!({ "code": "S0203", "weight": "error", "file": "a.yaml", "line": 1, "column": 8,
            "end_line": 1, "end_column": 11, "says": "`x` is \"unknown\"", "help": "did you mean `y`?" });
        assert_eq!(first, expected);
        assert_eq!(lines.lines().count(), 3);
    }

    #[test]
    fn a_place_far_out_in_a_long_line_is_shown_with_its_true_column() {
        let bundle = Bundle::new([("long.json".to_string(), format!("{{{}\"x\": 1}}", " ".repeat(5_000)).into_bytes())]);
        let mut problems = Problems::new();
        problems.error(&codes::UNKNOWN_KEY, at(0, 5_001, 5_004), "no", None);
        let text = human(&problems, &bundle, Look::Plain);
        assert!(text.contains("long.json:1:5002") && text.len() < 2_000, "{text}");
    }

    #[test]
    fn a_problem_without_a_place_still_says_what_helps() {
        let mut problems = Problems::new();
        let help = Some("write one".to_string());
        problems.push(Problem { code: &codes::MISSING, weight: Weight::Error, at: None, says: "no project".to_string(), help });
        let text = human(&problems, &bundle(), Look::Plain);
        assert!(text.contains("error[S0202]: no project") && text.contains("write one") && text.contains("1 error\n"), "{text}");
    }

    #[test]
    fn no_problem_is_no_text() {
        assert_eq!(human(&Problems::new(), &bundle(), Look::Plain), "");
    }
}
