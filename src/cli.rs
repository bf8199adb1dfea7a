//! cli

pub mod audit;
pub mod matrix;
