//! Every code of this floor: S for text and forms, X for XML, XSD and WSDL, J for JSON Schema and OpenAPI, G for GraphQL.

use crate::{
    graphql, jsonschema,
    text::{self, Code},
    xml,
};

/// Declares codes, each with its page under a folder beside the file, and the list of them.
///
/// `codes! { "codes/": MISSING "S0202" "A key is missing"; }`
#[macro_export]
macro_rules! codes {
    ($folder:literal: $($name:ident $id:literal $title:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: $crate::text::Code =
                $crate::text::Code { id: $id, title: $title, page: include_str!(concat!($folder, $id, ".md")) };
        )*
        /// Every code of this module, in order.
        pub static ALL: &[&$crate::text::Code] = &[$(&$name),*];

        #[cfg(test)]
        mod pages {
            #[test]
            fn every_code_has_a_page_that_begins_with_it() {
                for code in super::ALL {
                    assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
                    assert!(code.page.lines().count() >= 3, "{}", code.id);
                }
            }
        }
    };
}

/// All of them.
pub fn all() -> Vec<&'static Code> {
    [text::codes::ALL, xml::codes::ALL, jsonschema::codes::ALL, graphql::codes::ALL].concat()
}
