//! Floor 5: the binary. It knows everybody, and everything that a person sees of Spanwright passes through [`cli`].
//!
//! Architecture invariant: nothing below this floor writes to standard output or reads the process's environment.

mod cli;
mod codes;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
