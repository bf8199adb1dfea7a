//! searchset
