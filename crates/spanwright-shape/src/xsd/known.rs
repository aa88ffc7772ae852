//! Schemas that everyone imports and nobody ships, built in so that nothing is ever fetched.
//!
//! Each is our own short writing of what its specification declares: the types and attributes by which messages are read,
//! without documentation. A file of the project with the same namespace is preferred to these.

/// A namespace and its schema.
const KNOWN: [(&str, &str); 14] = [
    ("http://www.w3.org/XML/1998/namespace", include_str!("known/xml.xsd")),
    ("http://schemas.xmlsoap.org/soap/encoding/", include_str!("known/encoding.xsd")),
    ("http://www.w3.org/2003/05/soap-encoding", include_str!("known/encoding-12.xsd")),
    ("http://schemas.xmlsoap.org/soap/envelope/", include_str!("known/envelope.xsd")),
    ("http://www.w3.org/2003/05/soap-envelope", include_str!("known/envelope-12.xsd")),
    ("http://www.w3.org/2005/05/xmlmime", include_str!("known/xmlmime.xsd")),
    ("http://www.w3.org/2004/11/xmlmime", include_str!("known/xmlmime-2004.xsd")),
    ("http://www.w3.org/2004/08/xop/include", include_str!("known/xop.xsd")),
    ("http://www.w3.org/2005/08/addressing", include_str!("known/addressing.xsd")),
    ("http://schemas.xmlsoap.org/ws/2004/08/addressing", include_str!("known/addressing-2004.xsd")),
    ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd", include_str!("known/utility.xsd")),
    ("http://ws-i.org/profiles/basic/1.1/xsd", include_str!("known/swaref.xsd")),
    ("http://schemas.microsoft.com/2003/10/Serialization/", include_str!("known/serialization.xsd")),
    ("http://schemas.microsoft.com/2003/10/Serialization/Arrays", include_str!("known/arrays.xsd")),
];

/// The built-in schema of a namespace.
pub(super) fn schema(space: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| *known == space).map(|(_, text)| *text)
}

/// All namespaces that have one.
pub(super) fn spaces() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(space, _)| *space)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Documents, compile};
    use crate::text::{Bundle, Problems};

    #[test]
    fn every_built_in_schema_is_one_for_its_namespace_and_compiles() {
        for space in super::spaces() {
            let mut documents = Documents::new();
            let mut problems = Problems::new();
            documents.need(space, &Bundle::default(), &mut problems);
            compile(&documents, &mut problems);
            let said: Vec<&str> = problems.iter().map(|problem| &*problem.says).collect();
            assert_eq!(said, Vec::<&str>::new(), "{space}");
            assert_eq!(documents.targets().collect::<Vec<_>>(), [space]);
        }
    }
}
