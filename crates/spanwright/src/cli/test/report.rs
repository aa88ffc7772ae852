//! What became of the cases, for a person and for three kinds of machines.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use spanwright_lab::suite::{Played, Report, cover::KINDS};
use spanwright_shape::text::{
    Bundle, Problems,
    render::{self, Look},
};

use crate::cli::{out::Object, story::count};

/// Places that are named, of those that no test tries.
const MISSING_SHOWN_MOST: usize = 200;

/// For a person.
pub fn human(report: &Report, bundle: &Bundle, took: Duration, coverage: bool) -> String {
    let mut text = String::new();
    for case in report.cases.iter().filter(|case| !case.problems.is_empty()) {
        let _ = writeln!(text, "{RED}failed{PLAIN} {}: {}", case.test, case.case);
        text += &indented(&render::human(&problems(case), bundle, Look::Colour));
        for line in &case.trail {
            let _ = writeln!(text, "    {line}");
        }
        text.push('\n');
    }
    let mut files: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for case in &report.cases {
        let (good, bad) = files.entry(&case.test).or_default();
        *(if case.problems.is_empty() { good } else { bad }) += 1;
    }
    for (name, (good, bad)) in &files {
        let failed = if *bad > 0 { format!(", {RED}{bad} failed{PLAIN}") } else { String::new() };
        let _ = writeln!(text, "{name}: {}{failed}", count(good + bad, "case"));
    }
    let shares: Vec<String> = KINDS
        .iter()
        .filter_map(|kind| {
            let (tried, all) = report.coverage.share(*kind);
            (all > 0).then(|| format!("{tried} of {all} {}", kind.words()))
        })
        .collect();
    let (all, failed) = (report.cases.len() as u64, report.failed());
    let _ = writeln!(
        text,
        "{}, {failed} failed, in {:.2} s; tried {}: {}%",
        count(all, "case"),
        took.as_secs_f64(),
        shares.join(", "),
        report.coverage.percent()
    );
    if coverage {
        text += &missing(report);
    }
    text
}

const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";

fn missing(report: &Report) -> String {
    let places = report.coverage.missing();
    let mut text = String::new();
    for kind in KINDS {
        let of_kind: Vec<_> = places.iter().filter(|place| place.kind == kind).collect();
        if !of_kind.is_empty() {
            let _ = writeln!(text, "no test tries these {}:", kind.words());
        }
        text.extend(of_kind.iter().take(MISSING_SHOWN_MOST).map(|place| format!("  {place}\n")));
        if let Some(more) = of_kind.len().checked_sub(MISSING_SHOWN_MOST).filter(|more| *more > 0) {
            let _ = writeln!(text, "  and {more} more");
        }
    }
    text
}

/// One object a case.
pub fn json(report: &Report, bundle: &Bundle) -> String {
    let mut text: String = report.cases.iter().map(|case| object(case, bundle) + "\n").collect();
    let shares = KINDS.iter().fold(Object::new(), |object, kind| {
        let (tried, all) = report.coverage.share(*kind);
        object.raw(kind.words(), &Object::new().number("tried", tried as u64).number("all", all as u64).end())
    });
    let missing = report
        .coverage
        .missing()
        .into_iter()
        .map(|place| Object::new().text("kind", place.kind.words()).text("of", &place.of).text("what", &place.what).end());
    text +=
        &Object::new().raw("coverage", &shares.end()).number("percent", report.coverage.percent().into()).list("missing", missing).end();
    text + "\n"
}

fn object(case: &Played, bundle: &Bundle) -> String {
    let (line, _) = bundle.line_column(case.at.file, case.at.from);
    let problems: Vec<String> = render::json_lines(&problems(case), bundle).lines().map(str::to_string).collect();
    Object::new()
        .text("test", &case.test)
        .text("case", &case.case)
        .text("file", bundle.path(case.at.file))
        .number("line", line.into())
        .text("result", if case.problems.is_empty() { "passed" } else { "failed" })
        .list("problems", problems)
        .end()
}

/// What CI servers read: a suite a file, a case a case.
pub fn junit(report: &Report, bundle: &Bundle, project: &str, took: Duration) -> String {
    let mut files: Vec<(&str, Vec<&Played>)> = Vec::new();
    for case in &report.cases {
        match files.iter_mut().find(|(name, _)| *name == &*case.test) {
            Some((_, cases)) => cases.push(case),
            None => files.push((&case.test, vec![case])),
        }
    }
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">\n",
        xml(project),
        report.cases.len(),
        report.failed(),
        took.as_secs_f64()
    );
    for (name, cases) in files {
        let failed = cases.iter().filter(|case| !case.problems.is_empty()).count();
        let _ = writeln!(text, "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\">", xml(name), cases.len());
        for case in cases {
            let (line, _) = bundle.line_column(case.at.file, case.at.from);
            let head = format!(
                "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{line}\"",
                xml(name),
                xml(&case.case),
                xml(bundle.path(case.at.file))
            );
            match case.problems.first() {
                None => text += &format!("{head}/>\n"),
                Some(first) => {
                    let all = render::human(&problems(case), bundle, Look::Plain);
                    text += &format!(
                        "{head}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                        first.code.id,
                        xml(&first.says),
                        xml(&all)
                    );
                }
            }
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

/// Test Anything Protocol, version 14.
pub fn tap(report: &Report, bundle: &Bundle) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", report.cases.len());
    for (n, case) in report.cases.iter().enumerate() {
        let result = if case.problems.is_empty() { "ok" } else { "not ok" };
        let name = format!("{}: {}", case.test, case.case).replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ");
        let _ = writeln!(text, "{result} {} - {name}", n + 1);
        if !case.problems.is_empty() {
            let says = render::human(&problems(case), bundle, Look::Plain);
            let lines: String = says.lines().map(|line| format!("    {line}\n")).collect();
            text += &format!("  ---\n  message: |\n{lines}  ...\n");
        }
    }
    text
}

fn problems(case: &Played) -> Problems {
    let mut all = Problems::new();
    case.problems.iter().for_each(|problem| all.push(problem.clone()));
    all
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_string() } else { format!("  {line}\n") }).collect()
}

/// Text as XML takes it, also with characters that XML cannot say.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
