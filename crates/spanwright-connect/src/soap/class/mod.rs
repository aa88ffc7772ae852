//! What a fault means, in the order of the rules: who we are, envelopes, what the service's rule pack says, what the
//! description declares, and last whose fault the code says that it is.
//!
//! Rule packs are data: see [`pack`]. User's `outcomes:` come before all of this and are not looked at here.

mod pack;

pub use pack::{ENDING, Rules};

/// Codes of WS-Security that mean: we do not know you.
const WHO_CODES: [&str; 4] = ["FailedAuthentication", "InvalidSecurityToken", "InvalidSecurity", "FailedCheck"];
/// Codes that are about envelopes and not about what is in them.
const PROTOCOL_CODES: [&str; 4] = ["VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "ActionMismatch"];

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Our credentials are refused.
    Auth,
    /// The envelope is not understood: our configuration.
    Protocol,
    /// A declared business answer, or what a pack calls final.
    Permanent,
    /// The request is wrong.
    Client,
    /// The system is not well, and may be later.
    Transient,
    /// The system broke down: later where twice is harmless.
    Server,
}

impl Class {
    /// As JSON tells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Class::Auth => "auth",
            Class::Protocol | Class::Permanent | Class::Client => "permanent",
            Class::Transient | Class::Server => "transient",
        }
    }
}

/// What is known of a fault.
pub(super) struct Seen<'f> {
    /// Its code and subcodes, without prefixes.
    pub(super) codes: &'f [&'f str],
    /// What it says in words.
    pub(super) reason: &'f str,
    /// Whether its detail is a fault that the description declares.
    pub(super) declared: bool,
    /// What packs say of the service.
    pub(super) rules: &'f Rules,
}

/// The class of a fault.
pub(super) fn classify(seen: &Seen<'_>) -> Class {
    let is = |codes: &[&str]| seen.codes.iter().any(|code| codes.contains(code));
    if let Some(class) = seen.rules.class(seen.codes, seen.reason) {
        return class;
    }
    match () {
        () if is(&WHO_CODES) => Class::Auth,
        () if is(&PROTOCOL_CODES) => Class::Protocol,
        () if seen.declared => Class::Permanent,
        () if is(&["Client", "Sender"]) => Class::Client,
        () => Class::Server,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], reason: &str, declared: bool, spaces: &[&str], expected: Class) {
        assert_eq!(classify(&Seen { codes, reason, declared, rules: &Rules::built_in(spaces) }), expected, "{codes:?} {reason}");
    }

    #[test]
    fn the_first_rule_that_speaks_decides() {
        check(&["Server", "FailedAuthentication"], "", true, &[], Class::Auth);
        check(&["MustUnderstand"], "", false, &[], Class::Protocol);
        check(&["Server"], "no such order", true, &[], Class::Permanent);
        check(&["Client", "NotFound"], "", false, &[], Class::Client);
        check(&["Sender"], "", false, &[], Class::Client);
        check(&["Server"], "ORA-00060", false, &[], Class::Server);
    }

    #[test]
    fn the_pack_of_vies_knows_its_texts() {
        let vies = ["urn:ec.europa.eu:taxud:vies:services:checkVat"];
        check(&["Server"], "INVALID_INPUT", false, &vies, Class::Permanent);
        check(&["Server"], "{ 'MS_UNAVAILABLE' }", false, &vies, Class::Transient);
        check(&["Client"], "SERVER_BUSY", false, &vies, Class::Transient);
        check(&["Server"], "INVALID_INPUT", false, &["urn:other"], Class::Server);
    }
}
