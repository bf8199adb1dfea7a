//! The command line.

pub mod cda;
pub mod matrix;
