//! What one document may have. Time is linear in bytes, so the cap on bytes (the wire's) is a cap on time.

/// Elements inside one another.
pub const XML_DEPTH_MOST: usize = 128;
/// Attributes of one element, namespace declarations included.
pub const XML_ATTRIBUTES_MOST: usize = 256;
/// Bytes of one element or attribute name, prefix included.
pub const XML_NAME_BYTES_MOST: usize = 1 << 10;
/// Bytes of one run of text or one attribute value, after entities.
pub const XML_TEXT_BYTES_MOST: usize = 8 << 20;
/// Elements in all.
pub const XML_ELEMENTS_MOST: usize = 2_000_000;
/// Namespace declarations in force at once, and different namespaces in one document.
pub const XML_NAMESPACES_MOST: usize = 128;
