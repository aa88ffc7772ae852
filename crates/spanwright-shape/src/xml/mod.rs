//! The hardened XML reader and the writer: every limit has a name.
