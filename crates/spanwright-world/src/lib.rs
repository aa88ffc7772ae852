//! The world that an integration lives in, on loopback: a SOAP ERP, a REST CRM, and a server that misbehaves on purpose.
//!
//! [`erp::Erp`] and [`crm::Crm`] are the two ends of the project in `examples/erp-to-crm`. They behave as real ones do, by a script of
//! counters and without chance: they are busy, rate-limited, away, they cut connections, they refuse. Each writes down what it saw and
//! did in an append-only [`ledger`], and [`tally`] says from the two ledgers alone what was lost, doubled or left stale.
//! [`market::Market`] is the other side of `examples/order-saga`: a shop, a warehouse, a bank that knows no keys, and a carrier;
//! [`gateway::Gateway`] that of `examples/flash-sale`, [`depot::Depot`] that of `examples/nightly-sync`.
//! [`crashes`] has what the engine is killed in front of, and who judges it then.
//! [`hostile::Hostile`] answers from a list of behaviours, for tests of bad days. [`peers::Peers`] starts other people's programs instead.
//!
//! Architecture invariant: nothing of the engine is linked here. A stand-in that shared code with what it judges could not judge it;
//! so it has its own JSON reader, its own rules and its own XML writer.

pub mod catalog;
pub mod certificates;
pub mod chaos;
pub mod crashes;
pub mod crm;
pub mod customer;
pub mod depot;
pub mod disk;
pub mod erp;
pub mod flood;
pub mod gateway;
#[cfg(unix)]
pub mod hands;
pub mod hostile;
pub mod ledger;
pub mod market;
pub mod peers;
pub mod tally;
pub mod world;

mod envelope;
mod json;
mod memory;
mod rules;
mod server;
mod stage;
mod tokens;

pub use crm::{Crm, CrmScript, CrmSettings, Refusal};
pub use depot::{Depot, DepotSettings, SyncTally};
pub use erp::{Erp, ErpScript, ErpSettings};
pub use flood::{Flood, Flooded};
pub use gateway::{Gateway, GatewaySettings, SaleTally};
pub use hostile::{Answer, Hostile, Received};
pub use market::{Market, MarketSettings, MarketTally};
pub use peers::Peers;
pub use tally::{Dead, Tally, tally};
pub use world::{World, WorldSettings};
