//! A request as a caller would make it: an envelope by the schema, in the first version that is spoken here.

use spanwright_core::door::{Brings, Carries, Pretended, pretend};
use spanwright_shape::{
    wsdl::Version,
    xml::WriteFault,
    xsd::{self, EncodeFault},
};

use super::{SoapDoor, fault};

/// Why a request cannot be written.
struct Unsayable(String);

impl From<WriteFault> for Unsayable {
    fn from(fault: WriteFault) -> Unsayable {
        Unsayable(fault.to_string())
    }
}

impl From<EncodeFault> for Unsayable {
    fn from(fault: EncodeFault) -> Unsayable {
        Unsayable(fault.to_string())
    }
}

pub(super) fn request(door: &SoapDoor, operation: usize, brings: &Brings<'_>) -> Result<Pretended, String> {
    let (served, version) = (&door.operations[operation], door.versions[0]);
    let envelope = match (brings.body, served.input) {
        (Carries::Value(value), Some(input)) => {
            let written = fault::envelope(version, door.graph.prefixes(), |writer| {
                Ok::<(), Unsayable>(xsd::encode(&door.graph, input, &value, writer)?)
            });
            Some(written.map_err(|Unsayable(says)| says)?)
        }
        (Carries::Value(_), None) => Some(fault::envelope(version, [], |_| Ok::<(), WriteFault>(())).map_err(|fault| fault.to_string())?),
        (Carries::Bytes(_) | Carries::Nothing, _) => None,
    };
    let body = envelope.as_deref().map_or(brings.body, Carries::Bytes);
    let mut made = pretend::plain(&door.routes[0], &Brings { body, ..*brings })?;
    let action = served.action(version);
    match version {
        Version::Soap11 => {
            made.add_header("content-type", "text/xml; charset=utf-8");
            made.add_header("soapaction", format!("\"{action}\""));
        }
        Version::Soap12 => made.add_header("content-type", format!("application/soap+xml; charset=utf-8; action=\"{action}\"")),
    }
    Ok(made)
}
