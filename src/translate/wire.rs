//! The wire form of a resource: a JSON tree, checked whole against the R4 element table before anything is read from it.

mod node;

pub use node::Node;
