//! Patient ↔ record: the operator's PUT, and the answer of TD0.2.

mod read;
mod traits;
mod write;

pub use read::read;
pub use write::{AuthorisationStatus, View, write};
