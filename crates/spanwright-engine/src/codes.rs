//! The problem codes of this floor: what only the outside can do to a message (R01...).

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
    R0101 "a request could not be written because of a fault in Spanwright";
    R0102 "an answer could not be read because of a fault in Spanwright";
    R0103 "a flow could not be evaluated because of a fault in Spanwright";
    R0104 "the parameters of a request are no record";
    R0105 "the plan of this message can no longer be built";
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
