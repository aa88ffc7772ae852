//! WS-Policy, as far as it says who may speak: what a binding demands is told in words, and where it demands what we do
//! not do (signatures, encryption, conversations) its operations cannot be called.

use std::sync::Arc;

use crate::xml::Element;

/// Namespaces of WS-Policy in use.
const POLICY_SPACES: [&str; 3] =
    ["http://schemas.xmlsoap.org/ws/2004/09/policy", "http://www.w3.org/ns/ws-policy", "http://schemas.xmlsoap.org/ws/2002/12/policy"];
/// Assertions that are told, and in which words.
const TOLD: [(&str, &str); 10] = [
    ("TransportBinding", "TLS"),
    ("HttpsToken", "TLS"),
    ("UsernameToken", "a WS-Security UsernameToken"),
    ("IncludeTimestamp", "a WS-Security Timestamp"),
    ("HttpBasicAuthentication", "HTTP Basic"),
    ("BasicAuthentication", "HTTP Basic"),
    ("DigestAuthentication", "HTTP Digest"),
    ("NegotiateAuthentication", "HTTP Negotiate"),
    ("OptimizedMimeSerialization", "MTOM"),
    ("UsingAddressing", "WS-Addressing"),
];
/// Assertions that we cannot meet.
const REFUSED: [(&str, &str); 14] = [
    ("AsymmetricBinding", "signed messages"),
    ("SymmetricBinding", "signed messages"),
    ("SignedParts", "signed messages"),
    ("SignedElements", "signed messages"),
    ("EncryptedParts", "encrypted messages"),
    ("EncryptedElements", "encrypted messages"),
    ("ContentEncryptedElements", "encrypted messages"),
    ("EndorsingSupportingTokens", "signed messages"),
    ("SignedEndorsingSupportingTokens", "signed messages"),
    ("SecureConversationToken", "WS-SecureConversation"),
    ("IssuedToken", "a token of a WS-Trust service"),
    ("SamlToken", "a SAML token"),
    ("KerberosToken", "a Kerberos token"),
    ("RMAssertion", "WS-ReliableMessaging"),
];
/// Assertions inside one another that are looked at.
const DEPTH_MOST: usize = 32;

/// What the policies of a binding, or of an operation in it, demand.
#[derive(Debug, Default)]
pub(super) struct Demands {
    pub(super) told: Vec<Arc<str>>,
    pub(super) refused: Option<&'static str>,
}

/// Reads the policies that stand in an element or are referred to from it.
pub(super) fn demands(tag: &Element, trees: &[Element]) -> Demands {
    let mut demands = Demands::default();
    for child in tag.children.iter().filter(|child| POLICY_SPACES.contains(&&*child.space)) {
        match &*child.local {
            "Policy" => demands.read(child, 0),
            "PolicyReference" => {
                let id = child.value("URI").and_then(|uri| uri.strip_prefix('#'));
                if let Some(policy) = id.and_then(|id| find(id, trees)) {
                    demands.read(policy, 0);
                }
            }
            _ => {}
        }
    }
    demands
}

fn find<'e>(id: &str, trees: &'e [Element]) -> Option<&'e Element> {
    let is = |policy: &&Element| policy.attributes.iter().any(|one| matches!(&*one.local, "Id" | "id" | "Name") && *one.value == *id);
    let policies = trees.iter().flat_map(|root| &root.children).filter(|child| &*child.local == "Policy");
    policies.filter(|child| POLICY_SPACES.contains(&&*child.space)).find(is)
}

impl Demands {
    fn read(&mut self, tag: &Element, depth: usize) {
        let optional = tag.attributes.iter().any(|one| &*one.local == "Optional" && matches!(&*one.value, "true" | "1"));
        // Of alternatives the first that can be met would do; what any of them demands is told.
        let alternatives = &*tag.local == "ExactlyOne" && tag.children.len() > 1;
        if optional || depth > DEPTH_MOST {
            return;
        }
        if let Some((_, says)) = TOLD.iter().find(|(local, _)| **local == *tag.local)
            && !self.told.iter().any(|told| **told == **says)
        {
            self.told.push((*says).into());
        }
        if let Some((_, says)) = REFUSED.iter().find(|(local, _)| **local == *tag.local) {
            // Parts that are named without any are none.
            let empty = tag.local.ends_with("Parts") && tag.children.is_empty() && tag.local.starts_with("Encrypted");
            self.refused = self.refused.or((!empty).then_some(says));
        }
        let before = self.refused;
        let mut meetable = false;
        for child in &tag.children {
            if alternatives {
                self.refused = before;
            }
            self.read(child, depth + 1);
            meetable |= self.refused == before;
        }
        if alternatives && meetable {
            self.refused = before;
        }
    }
}
