//! The engine with the example project, judged by others.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod corpus;
mod dav;
mod faults;
mod graphql;
mod graphql_polls;
mod http;
mod identity;
mod judges;
mod map_xml;
mod nginx;
mod peers;
mod soap_callers;
mod soap_servers;
