//! A certificate becomes an actor: what it says ([`card`]), who issued it ([`authority`]), whether it still stands
//! ([`revocation`]), and what it may be ([`trust`]).

pub mod authority;
pub mod card;
pub mod refusal;
pub mod revocation;
pub mod roles;
pub mod trust;
