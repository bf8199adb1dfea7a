//! `passerelle demo`: a test PKI, a small world, and the server on top of them.

pub mod cards;
pub mod cda_text;
pub mod documents;
pub mod folder;
pub mod pki;
pub mod requests;
pub mod seed;
pub mod story;
pub mod world;
