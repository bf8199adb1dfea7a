//! The command line.

pub mod cda;
pub mod demo;
pub mod matrix;
