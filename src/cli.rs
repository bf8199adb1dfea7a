//! cli

pub mod matrix;
