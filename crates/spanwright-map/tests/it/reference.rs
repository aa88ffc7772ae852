//! The generated pages about the language: `UPDATE=1 cargo test -p spanwright-map reference` rewrites them.

use std::{fmt::Write, path::PathBuf};

use spanwright_map::{functions, refused};

use crate::exceptions;

fn fresh(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "{} is not fresh: UPDATE=1 rewrites it", path.display());
}

#[test]
fn the_functions_are_all_in_the_reference() {
    let mut page = String::from(
        "# Functions of the mapping language\n\n\
        Every function, with an example that the tests run: program, input, output. What is marked *ours* jq has not; the others give what\n\
        jq 1.8.2 gives, exact numbers apart ([the differences](jq.md)).\n",
    );
    for function in functions::ALL {
        let forms = function.takes.iter().map(|takes| match *takes {
            "" => format!("`{}`", function.name),
            takes => format!("`{}({takes})`", function.name),
        });
        let [program, input, output] = function.example;
        let ours = if function.ours { " *(ours)*" } else { "" };
        let forms = forms.collect::<Vec<_>>().join(", ");
        write!(page, "\n## {forms}{ours}\n\n{}\n\n```text\n{program}\n  of    {input}\n  gives {output}\n```\n", function.about).unwrap();
    }
    fresh("functions.md", &page);
}

#[test]
fn every_difference_from_jq_is_in_the_reference() {
    let mut page = String::from(
        "# The mapping language and jq\n\n\
        What is accepted gives the answer of jq 1.8.2, exact numbers apart, and less is accepted. Programs at random are compared with jq\n\
        itself at every run of the tests, and a table by hand beside them.\n\n## Where an accepted program gives another answer\n\n",
    );
    for exception in exceptions::ALL {
        writeln!(page, "- **{}**: {}.", exception.name, exception.why).unwrap();
    }
    page.push_str("\n| program | input | jq | here | why |\n| --- | --- | --- | --- | --- |\n");
    for line in include_str!("../cases/differences.tsv").lines().filter(|line| !line.starts_with("# ")) {
        let cells: Vec<String> = line.split('\t').map(|cell| cell.replace('|', "\\|")).collect();
        let [program, input, theirs, ours, why] = &cells[..] else { panic!("five columns: {line}") };
        writeln!(page, "| `{program}` | `{input}` | `{theirs}` | `{ours}` | {why} |").unwrap();
    }
    page.push_str("\n## What is refused, and what to write instead\n\n| name | instead |\n| --- | --- |\n");
    for name in refused::ALL {
        writeln!(page, "| `{}` | {} |", name.name, name.instead.replace('|', "\\|")).unwrap();
    }
    page.push_str(
        "| `..` | write the path: what is read must be known before it runs |\n\
        | `=`, `\\|=`, `+=` and their like | a map builds its target anew: the key of the field says where the value goes |\n\
        | `as [$a]`, `as {a: $a}`, `?//` | bind the whole: `. as $x \\| $x.a` |\n\
        | `$ENV`, `$__loc__` | declare a variable that is no secret and read `$vars.NAME`; a failure names its place by itself |\n\
        | patterns with look-around, back-references, atomic groups, possessive repetitions | patterns run in linear time |\n",
    );
    fresh("jq.md", &page);
}

#[test]
fn every_name_of_jq_is_a_function_or_refused_by_name() {
    for name in include_str!("../cases/builtins.txt").lines() {
        assert!(functions::find(name).is_some() || refused::instead_of(name).is_some(), "{name} is neither");
    }
}
