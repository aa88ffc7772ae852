//! JSON Schema (the dialect of OpenAPI 3.1, and 3.0's differences) lowered into [`crate::shape::Shape`].
