//! `soap:` systems: a WSDL beside the project says what there is to call; we write the envelopes and judge the answers.
//!
//! The one idea: every answer is one of four things, content, a fault, an envelope that is none, or no envelope, and what
//! follows is decided in this order: what the user says of it (`outcomes:`), our credentials, what the description
//! declares, what the protocol's codes say, and last the HTTP status. "Server means try again" alone is wrong: whole
//! families of servers send every declared business fault as `Server`.
//!
//! Always: an operation that must not happen twice and whose answer cannot be read is *unknown*, never *later*; no
//! failure holds a value of a message, at most what the fault says of itself.

use std::sync::Arc;

use spanwright_core::{
    connector::{Connector, System},
    door::{Door, DoorSettings},
    settings::SystemSettings,
};
use spanwright_shape::text::{Bundle, Code, Problems};

mod answer;
mod bulk;
mod check;
mod class;
pub mod codes;
mod content;
pub mod convert;
mod fault;
mod header;
mod interface;
mod lists;
pub(crate) mod pieces;
mod pretend;
mod request;
mod serve;
mod system;
#[cfg(test)]
mod tests;
mod verdict;
pub mod wsse;

/// The kind of system that speaks SOAP.
#[derive(Debug)]
pub struct Soap;

impl Connector for Soap {
    fn key(&self) -> &'static str {
        "soap"
    }

    fn about(&self) -> &'static str {
        "A system that speaks SOAP 1.1 or 1.2, described by a WSDL 1.1 file of the project: document/literal, wrapped or bare. The JSON shape \
         of requests and answers follows from the schema and never from the message. Nothing is fetched: what the WSDL imports lies beside it."
    }

    fn codes(&self) -> Vec<&'static Code> {
        codes::ALL.to_vec()
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let built = check::system(settings, bundle, to).map(|system| Arc::new(system) as Arc<dyn System>);
        crate::auth::around(self, built, settings, bundle, to)
    }

    fn door(&self, settings: &DoorSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn Door>> {
        serve::door(settings, bundle, to).map(|door| Arc::new(door) as Arc<dyn Door>)
    }
}
