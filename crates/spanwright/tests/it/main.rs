//! The binary as its users have it: started as a process, spoken to over its arguments, judged by what it prints,
//! by its exit code and by the ledgers of the systems that it talked to.

mod bad_days;
mod batches;
mod chaos;
mod check;
mod commands;
mod contract;
mod crash;
mod demo;
mod docs;
mod documents;
mod examples;
mod files;
mod files_hostile;
mod guide;
mod held;
mod jumps;
mod kills;
mod large;
mod letters;
mod lineage;
mod map;
mod open_at;
mod project;
mod questions;
mod queues;
mod rabbit;
mod replay;
mod run;
mod sagas;
mod schema;
mod secrets;
mod store;
mod suite;
mod told;
mod webhook;
