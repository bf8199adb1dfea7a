//! edge

pub mod tls;
