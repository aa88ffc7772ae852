//! The command line: one file a command, each with its arguments, its help and what it does.
//!
//! What always holds: data is on standard output and everything else on standard error; the exit code is 0 where all
//! is fine, 1 where problems were found, 2 where it could not be done; a reader that goes away is no fault of ours.

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
mod variables;
mod verify;
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
    Hold(hold::Hold),
    Held(hold::Held),
    Resume(hold::Resume),
    Resend(resend::Resend),
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
            Command::Hold(hold) => hold.run(out),
            Command::Held(held) => held.run(out),
            Command::Resume(resume) => resume.run(out),
            Command::Resend(resend) => resend.run(out),
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
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
