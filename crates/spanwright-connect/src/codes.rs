//! The codes of this floor: C01 is what `check` says of a REST system, R20 what went wrong at one while it ran.

use spanwright_shape::{codes, text::Code};

codes! { "codes/":
    OPERATION "C0101" "An operation that is not in the document";
    UNUSABLE "C0102" "An operation that cannot be used yet";
    KEY "C0103" "A key parameter that is not there";
    OUTCOME "C0104" "An outcome of nothing";
    BULK_BODY "C0105" "A bulk operation without a list to send";
    BULK_MOST "C0106" "More items than the document allows";
    BULK_ANSWERS "C0107" "Answers of a bulk operation that cannot be told apart";
    BULK_OUTCOME "C0108" "An outcome of an item that nobody can read";
    AMBIGUOUS "C0109" "Two operations or parameters of one name";
    PATH "C0110" "A path that is none";
    URL "C0111" "A system without an address";
    WEBHOOK "C0112" "A webhook that cannot be verified";
    OTHER_SIGN_IN "C0113" "A sign-in of another protocol";
    CLIENT "C0114" "A client who could not show who it is";
    HEADER "C0115" "A header that no flow gives";
    VARIABLE "R2001" "A variable that is not set";
    ADDRESS "R2002" "An address or header that cannot be sent";
    PARAMETER "R2003" "A parameter that cannot be written";
    BODY "R2004" "A request without the body that it needs";
    REFUSED "R2005" "The system refused the call";
    NOT_NOW "R2006" "The system cannot do it now";
    CREDENTIALS "R2007" "The system refused our credentials";
    GONE "R2008" "The address is gone for good";
    NOT_REACHED "R2009" "The system was not reached";
    UNKNOWN "R2010" "Nobody knows whether the call happened";
    NOT_JSON "R2011" "An answer that is no JSON";
    CUT "R2012" "An answer that was cut or is too large";
    ITEM_WITHOUT_ANSWER "R2013" "An item without an answer";
    ITEM_UNREADABLE "R2014" "An answer about an item that cannot be read";
    ITEM_REFUSED "R2015" "The system refused one item of a batch";
    ITEM_NOT_NOW "R2016" "The system cannot take one item of a batch now";
    REDIRECT "R2017" "The system sends us elsewhere";
    SIGN_IN "R2018" "The token endpoint gave no token";
    BODY_NOT_ALLOWED "R2019" "A body that the document does not allow";
    GRAPHQL "R2020" "A GraphQL operation that failed";
    PRECONDITION "R2021" "The record is not in the state that the request names";
    CONFLICT "R2022" "A conflict with what is there";
    IN_BETWEEN "R2023" "A refusal that may be of somebody in between";
    ALERT_REFUSED "R2701" "A channel refuses our alerts";
    ALERT_NOT_NOW "R2702" "A channel cannot be told now";
}

/// Every code of this floor: those above, and each connector's own.
pub fn all() -> Vec<&'static Code> {
    [ALL, crate::soap::codes::ALL, crate::files::codes::ALL, crate::amqp::codes::ALL].concat()
}
