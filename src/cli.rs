//! The command line.

pub mod card;
pub mod cda;
pub mod demo;
pub mod matrix;
