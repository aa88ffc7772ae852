//! One binary for what is tested from outside: the language against jq, mappings, what the checker says, totality.
// A test reads its cases from files, and times itself.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types)]

mod border;
mod checked;
mod corpus;
mod dice;
mod exceptions;
mod grow;
mod guide;
mod hostile;
mod inner;
mod jq;
mod lineage;
mod maps;
mod oracle;
mod reference;
mod totality;
