//! What a WSDL's policies demand (WS-SecurityPolicy): whether messages are to be signed or encrypted, which we do not do.
//!
//! Only the binding of the port that is used counts: descriptions offer the same operations several times, differently protected.

use std::collections::BTreeMap;

use spanwright_shape::{
    text::{Bundle, Problems, Span},
    xml::{self, Event, Reader},
};

use super::codes;

const WSDL: &str = spanwright_shape::wsdl::WSDL_SPACE;
/// The beginnings of the namespaces of WS-SecurityPolicy 1.1, 1.2 and 1.3.
const SECURITY: [&str; 2] = ["http://schemas.xmlsoap.org/ws/2005/07/securitypolicy", "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/"];
/// Assertions that nobody fulfils without signing or encrypting.
const DEMANDS: [&str; 7] = [
    "AsymmetricBinding",
    "SymmetricBinding",
    "SignedParts",
    "SignedElements",
    "EncryptedParts",
    "EncryptedElements",
    "EndorsingSupportingTokens",
];

/// Says so where the binding that has an operation at `inside` demands signatures or encryption.
pub(super) fn check(inside: Span, bundle: &Bundle, to: &mut Problems) {
    let Ok(text) = xml::text(bundle.bytes(inside.file), None) else { return };
    let Some(found) = Policies::read(&text).and_then(|policies| policies.demanded(inside.from as usize)) else { return };
    let at = Span { file: inside.file, from: found.at as u32, to: (found.at + found.name.len() + 1) as u32 };
    let says = format!("the policy of this port demands `{}`: messages that are signed or encrypted, which is not built", found.name);
    to.error(&codes::SIGNATURES, at, says, "use a port that is protected by TLS and a user name token or a client certificate".to_string());
}

#[derive(Clone)]
struct Demand {
    at: usize,
    name: String,
}

#[derive(Default)]
struct Policies {
    /// By `wsu:Id`: the first demand in each.
    named: BTreeMap<String, Demand>,
    bindings: Vec<Binding>,
}

/// A binding: its bytes, what it refers to, and the first demand written in it.
#[derive(Default)]
struct Binding {
    from: usize,
    to: usize,
    refers: Vec<String>,
    demand: Option<Demand>,
}

impl Policies {
    fn read(text: &str) -> Option<Policies> {
        let (mut policies, mut reader, mut path) = (Policies::default(), Reader::new(text).ok()?, Vec::<Option<String>>::new());
        loop {
            match reader.read().ok()? {
                Event::Start(name) => {
                    let space = reader.uri(name.space);
                    let value =
                        |wanted: &str| reader.attributes().iter().find(|one| one.name.local == wanted).map(|one| one.value.to_string());
                    let at = reader.place().0;
                    if space == WSDL && name.local == "binding" {
                        policies.bindings.push(Binding { from: at, to: usize::MAX, ..Binding::default() });
                    }
                    if let ("PolicyReference", Some(uri)) = (name.local, value("URI"))
                        && let Some(binding) = policies.open()
                    {
                        binding.refers.push(uri.trim_start_matches('#').to_string());
                    }
                    let optional = value("Optional").is_some_and(|flag| flag == "true");
                    if SECURITY.iter().any(|security| space.starts_with(security)) && DEMANDS.contains(&name.local) && !optional {
                        let id = path.iter().rev().find_map(Clone::clone);
                        policies.demand(id, Demand { at, name: name.local.to_string() });
                    }
                    path.push(value("Id").filter(|_| name.local == "Policy"));
                }
                Event::End => {
                    path.pop();
                    let end = reader.place().1;
                    // Depth 1 is inside of the definitions: a binding has ended.
                    if path.len() == 1
                        && let Some(binding) = policies.open()
                    {
                        binding.to = end;
                    }
                }
                Event::Text(_) => {}
                Event::Eof => return Some(policies),
            }
        }
    }

    fn open(&mut self) -> Option<&mut Binding> {
        self.bindings.last_mut().filter(|binding| binding.to == usize::MAX)
    }

    fn demand(&mut self, id: Option<String>, demand: Demand) {
        match (self.open(), id) {
            (Some(binding), _) => {
                binding.demand.get_or_insert(demand);
            }
            (None, Some(id)) => {
                self.named.entry(id).or_insert(demand);
            }
            (None, None) => {}
        }
    }

    fn demanded(&self, inside: usize) -> Option<Demand> {
        let binding = self.bindings.iter().find(|binding| binding.from <= inside && inside < binding.to)?;
        binding.demand.clone().or_else(|| binding.refers.iter().find_map(|id| self.named.get(id).cloned()))
    }
}
