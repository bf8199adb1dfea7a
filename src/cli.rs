//! The command line.

pub mod card;
pub mod demo;
