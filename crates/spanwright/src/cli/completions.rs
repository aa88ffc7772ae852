//! `spanwright completions SHELL`: what a shell needs to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Arguments, Ended, out::Out};

/// Print the completions for a shell
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright completions bash > /etc/bash_completion.d/spanwright\n  spanwright completions zsh > ~/.zfunc/_spanwright"
)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "spanwright", &mut text);
        out.data(&String::from_utf8(text)?)?;
        Ok(Ended::Fine)
    }
}
