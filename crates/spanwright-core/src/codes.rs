//! The problem codes of this floor: failures of messages on their way (R0...).

use spanwright_shape::text::Code;

macro_rules! codes {
    ($($id:ident $title:literal;)*) => {
        $(
            #[doc = $title]
            pub static $id: Code = Code { id: stringify!($id), title: $title, page: include_str!(concat!("codes/", stringify!($id), ".md")) };
        )*
        /// All of them.
        pub static ALL: &[&Code] = &[$(&$id),*];
    };
}

codes! {
    R0001 "the plan of this message stopped it";
    R0002 "the process ended while an effect that may not be repeated was under way";
    R0003 "the record breaks its own schema";
    R0004 "more items than one `each` may have";
    R0005 "an expression of the flow failed";
    R0006 "the bytes to repeat are not those that were sent";
    R0007 "no route for this message";
    R0008 "an item of the source has no key";
    R0009 "a sign-in gave no token";
}

/// Every code of this floor: these, and those of a project's files (P...).
pub fn all() -> Vec<&'static Code> {
    [ALL, crate::project::codes::ALL].concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_has_a_page_that_begins_with_it() {
        for code in super::ALL {
            assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
        }
    }
}
