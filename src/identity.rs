//! A certificate becomes an actor: what it says ([`card`]), who issued it ([`authority`]), whether it still stands
//! ([`revocation`]), and what it may be ([`trust`]). The certificate of a portal may carry a token, which names a patient or who
//! acts for one ([`portal`]).

pub mod authority;
pub mod card;
pub mod portal;
pub mod refusal;
pub mod revocation;
pub mod roles;
pub mod trust;
mod watched;
