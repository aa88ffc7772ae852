//! XML Schema: the type graph, its lowering into [`crate::shape::Shape`], and the codec that it drives.
