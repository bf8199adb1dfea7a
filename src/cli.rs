//! The command line.

pub mod cda;
