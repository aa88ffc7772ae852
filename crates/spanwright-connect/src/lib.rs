//! Floor 3: connectors. Bytes to values and back, one folder a kind; no socket, no clock, no task.
//!
//! A [`Connector`](spanwright_core::connector::Connector) proves `systems/NAME.yaml` against its schema and hands out a
//! [`System`](spanwright_core::connector::System), which turns calls into a request and what was heard into a verdict.
//! What HTTP systems share (who we are, what a status means, how an address is written) stands in [`auth`] and [`http`].
//!
//! Architecture invariant: a connector classifies and never decides; it holds no secret, it is lent them for one request.

// What clippy.toml forbids holds for the floor itself; its tests may read their case files.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

use spanwright_core::connector::Connector;

pub mod amqp;
pub mod auth;
mod bulk;
pub mod channel;
pub mod client;
pub mod codes;
mod declared;
pub mod endpoint;
pub mod files;
pub mod graphql;
pub mod http;
pub mod rest;
pub mod soap;
pub mod webhook;

/// Every kind of system, in the order of the reference.
pub const ALL: &[&dyn Connector] =
    &[&soap::Soap, &rest::Rest, &graphql::GraphQl, &endpoint::Endpoint, &webhook::Webhook, &channel::Channels, &files::Files, &amqp::Amqp];
