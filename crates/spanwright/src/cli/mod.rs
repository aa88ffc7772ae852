//! The command line: one file a command, each with its arguments, its help and what it does.
//!
//! What always holds: data is on standard output and everything else on standard error; the exit code is 0 where all
//! is fine, 1 where problems were found, 2 where it could not be done; a reader that goes away is no fault of ours.

mod adopt;
mod alerts;
mod backup;
mod check;
mod chores;
mod completions;
mod convert;
mod dead_letters;
mod demo;
mod deploy;
mod docs;
mod documents;
mod embedded;
mod explain;
mod folder;
mod graph;
mod hold;
mod init;
mod journal;
mod map;
mod messages;
mod open_at;
mod orders;
mod out;
mod preview;
mod progress;
mod refused;
mod replay;
mod resend;
mod run;
mod schema;
mod setup;
mod story;
mod test;
mod undone;
mod variables;
mod verify;
mod waits;
mod webhook;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};
use out::Out;

/// How a command ended, where it could be done at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All is fine.
    Fine,
    /// It found problems.
    Problems,
}

/// Exit code of a command that could not be done.
const COULD_NOT: u8 = 2;

/// A digital translator between software systems: one program, one folder of text files.
#[derive(Parser)]
#[command(name = "spanwright", version, about, max_term_width = 110, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  spanwright demo                         see it work: an ERP, a CRM, a bad day, nothing lost
  spanwright init shop && cd shop         a project to start from
  spanwright check                        every problem of the project, with its place
  spanwright test                         its tests, in a time that is only counted
  spanwright docs                         its documents: overview, diagrams, mapping documents
  spanwright run                          run it; Ctrl-C ends it gracefully
  spanwright dead-letters                 what could not be delivered, by cause

Exit codes: 0 fine, 1 found problems, 2 could not do it.";

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Run(run::Run),
    Test(test::Test),
    Docs(docs::Docs),
    Graph(graph::Graph),
    Demo(demo::Demo),
    Map(map::Map),
    Messages(messages::Messages),
    DeadLetters(dead_letters::DeadLetters),
    Refused(refused::RefusedRequests),
    Replay(Box<replay::Replay>),
    Adopt(adopt::Adopt),
    Hold(hold::Hold),
    Held(hold::Held),
    Resume(hold::Resume),
    Resend(resend::Resend),
    Undone(undone::Undone),
    Chores(chores::Chores),
    Alerts(alerts::Alerts),
    Setup(setup::Setup),
    Backup(backup::Backup),
    Verify(verify::Verify),
    Explain(explain::Explain),
    Schema(schema::Schema),
    Convert(convert::Convert),
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    Completions(completions::Completions),
}

impl Command {
    fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match self {
            Command::Init(init) => init.run(out),
            Command::Check(check) => check.run(out),
            Command::Run(run) => run.run(out),
            Command::Test(test) => test.run(out),
            Command::Docs(docs) => docs.run(out),
            Command::Graph(graph) => graph.run(out),
            Command::Demo(demo) => demo.run(out),
            Command::Map(map) => map.run(out),
            Command::Messages(messages) => messages.run(out),
            Command::DeadLetters(dead_letters) => dead_letters.run(out),
            Command::Refused(refused) => refused.run(out),
            Command::Replay(replay) => replay.run(out),
            Command::Adopt(adopt) => adopt.run(out),
            Command::Hold(hold) => hold.run(out),
            Command::Held(held) => held.run(out),
            Command::Resume(resume) => resume.run(out),
            Command::Resend(resend) => resend.run(out),
            Command::Undone(undone) => undone.run(out),
            Command::Chores(chores) => chores.run(out),
            Command::Alerts(alerts) => alerts.run(out),
            Command::Setup(setup) => setup.run(out),
            Command::Backup(backup) => backup.run(out),
            Command::Verify(verify) => verify.run(out),
            Command::Explain(explain) => explain.run(out),
            Command::Schema(schema) => schema.run(out),
            Command::Convert(convert) => convert.run(out),
            Command::Webhook(webhook) => webhook.run(out),
            Command::Completions(completions) => completions.run(out),
        }
    }
}

/// Reads the arguments, does what they say and gives the exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = Out::of_process();
    let ended = arguments.command.run(&mut out).and_then(|ended| Ok(out.end().map(|()| ended)?));
    match ended {
        Ok(Ended::Fine) => ExitCode::SUCCESS,
        Ok(Ended::Problems) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            out.aside(&format!("{RED}error{PLAIN}: {error:#}"));
            ExitCode::from(COULD_NOT)
        }
    }
}

const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";

/// Whoever reads our output (`| head`) has enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, path::Path};

    use clap::{CommandFactory, Parser, error::ErrorKind};
    use spanwright_core::{
        alert::{Cause, CauseKind, Notice, Said, Severity, State},
        fact::Moment,
    };

    use super::Arguments;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    /// Every command of a text: between backticks, or on a line of its own.
    fn commands(text: &str) -> Vec<&str> {
        let inline = text.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n'));
        let lines = text.lines().filter(|line| line.starts_with("  ")).map(str::trim_start);
        inline.chain(lines).filter(|text| text.starts_with("spanwright ")).map(command_of).collect()
    }

    /// Without the words behind it, and without what a shell does with it.
    fn command_of(line: &str) -> &str {
        let ends = ["  ", " | ", " > ", " < ", " && ", " || ", " &", " 2>"].iter().filter_map(|end| line.find(end)).min();
        line[..ends.unwrap_or(line.len())].trim_end()
    }

    /// What is below the options, of a command and of its own.
    fn helps(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string);
        own.into_iter().chain(command.get_subcommands().flat_map(helps)).collect()
    }

    /// As a shell splits it.
    fn words(command: &str) -> Vec<String> {
        let (mut words, mut quote, mut word) = (Vec::new(), None, None::<String>);
        for c in command.chars() {
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (None, '"' | '\'') => (quote, word) = (Some(c), Some(word.unwrap_or_default())),
                (None, ' ') => words.extend(word.take()),
                _ => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    /// How many of the words name a command, and one of its own.
    fn names(words: &[String]) -> usize {
        let (mut command, mut named) = (Arguments::command(), 0);
        while let Some(inner) = words.get(named).and_then(|word| command.find_subcommand(word)) {
            (command, named) = (inner.clone(), named + 1);
        }
        named
    }

    /// The program takes it; where only a command is named, what it wants may be missing.
    fn is_taken(command: &str) -> Result<(), String> {
        let words = words(&command.replace("NUMBER", "4711"));
        let only_named = words.iter().filter(|word| !word.starts_with('-')).count() == 1 + names(&words[1..]);
        match Arguments::try_parse_from(&words).map_err(|error| (error.kind(), error.to_string())) {
            Ok(_) | Err((ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _)) => Ok(()),
            Err((ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _)) if only_named => Ok(()),
            Err((_, says)) => Err(format!("`{command}`: {says}")),
        }
    }

    /// How many there are, and those that the program does not take.
    fn check(what: &str, texts: impl IntoIterator<Item = String>) -> usize {
        let texts: Vec<String> = texts.into_iter().collect();
        let all: Vec<&str> = texts.iter().flat_map(|text| commands(text)).collect();
        let refused: Vec<String> = all.iter().filter_map(|command| is_taken(command).err()).collect();
        assert!(refused.is_empty(), "{what}: {}", refused.join("\n"));
        all.len()
    }

    #[test]
    fn every_command_that_a_code_names_is_one() {
        let pages = crate::codes::all().into_iter().map(|code| code.page.to_string());
        assert!(check("codes", pages) > 20);
    }

    #[test]
    fn every_command_that_an_alert_hands_out_is_one() {
        let notice = |kind: CauseKind, of: &str| {
            let cause = Cause { kind, of: of.into(), code: "R2005".into() };
            let said = Said {
                text: "7 is large".into(),
                fields: (*b"{}").into(),
                key: "k1".into(),
                correlation: "c-1".into(),
                severity: Severity::Warning,
            };
            let said = (kind == CauseKind::Step).then_some(said);
            let notice = Notice { state: State::Raised, cause, count: 1, since: Moment(0), until: None, why: None, said };
            let json: serde_json::Value = serde_json::from_slice(&notice.to_json("shop", None)).unwrap();
            format!("`{}`", json["look"].as_str().unwrap())
        };
        let of_each = CauseKind::ALL.into_iter().map(|kind| notice(kind, "orders"));
        assert_eq!(check("alerts", of_each.chain([notice(CauseKind::Held, "flow:orders")])), CauseKind::ALL.len() + 1);
    }

    #[test]
    fn every_command_that_the_guide_shows_is_one() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let guide = fs::read_dir(repository.join("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
        let examples = fs::read_dir(repository.join("examples")).unwrap().map(|entry| entry.unwrap().path().join("README.md"));
        let pages = guide.chain(examples).chain([repository.join("README.md")]).filter(|path| path.is_file());
        assert!(check("guide", pages.map(|path| fs::read_to_string(path).unwrap())) > 60);
    }

    #[test]
    fn every_command_that_a_help_shows_is_one() {
        assert!(check("help", helps(&Arguments::command())) > 40);
    }
}
