//! Patient ↔ record: the operator's PUT, what a patient changes of his own record, and the answer of TD0.2.

mod change;
mod judge;
mod notices;
mod numbers;
mod profile;
mod read;
mod traits;
mod write;

pub use change::{asked, read_change};
pub use judge::judge;
pub use numbers::former;
pub use read::{read, update};
pub use write::{AuthorisationStatus, View, write};
