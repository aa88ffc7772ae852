//! The engine as it ships, on disk and over HTTP, against the stand-ins of the example project and servers that misbehave.

#![allow(clippy::disallowed_methods)] // tests play the world
#![allow(clippy::unwrap_used)]

mod alerts;
mod at_once;
mod bad_days;
mod calls_in_pages;
mod chaos;
mod clocks;
mod conditions;
mod crashes;
mod days;
mod disk;
mod doors;
mod facade;
mod files;
mod held;
mod hostile;
mod in_order;
mod large;
mod limits;
mod logins;
mod polls;
mod rights;
mod rounds;
mod secrets;
mod sick;
mod trial;
mod unchanged;
