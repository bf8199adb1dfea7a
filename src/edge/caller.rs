//! Who calls, as the certificate of the connection says it, and the token of a portal where there is one.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::context;
use super::tls::Peer;
use crate::dmp::actor::{Actor, Structure};
use crate::dmp::context::Context;
use crate::dmp::time::Instant;
use crate::error::{Code, Error};
use crate::identity::portal::{Portals, Refusal};

/// Who calls.
pub(super) struct Caller {
    /// Who acts.
    pub(super) actor: Actor,
    /// The structure of the portal that speaks for him.
    portal: Option<Option<Structure>>,
}

/// The caller of this request. A card that was revoked since its handshake is refused here.
///
/// # Errors
/// `login-required`, `card-not-accepted`.
pub(super) fn read(parts: &Parts, portals: &Portals) -> Result<Caller, Error> {
    let holder = card(parts)?;
    let mut tokens = parts.headers.get_all(AUTHORIZATION).iter();
    let token = match (tokens.next(), tokens.next()) {
        (None, _) => {
            return Ok(Caller {
                actor: holder.clone(),
                portal: None,
            });
        }
        (Some(token), None) => Ok(token),
        (Some(_), Some(_)) => Err(Refusal::Malformed),
    };
    // The real time: the clock of the tests moves no token's life.
    let now = jiff::Timestamp::now();
    let actor = token.and_then(|token| portals.actor(holder, token.as_bytes(), now));
    match actor {
        Ok(actor) => Ok(Caller {
            actor,
            portal: Some(holder.structure.clone()),
        }),
        Err(refusal) => {
            tracing::warn!(
                reason = %refusal,
                client = holder.id.as_str(),
                "a portal's token is refused"
            );
            Err(refusal.into())
        }
    }
}

/// Who holds the card or the certificate.
fn card(parts: &Parts) -> Result<&Actor, Error> {
    let Some(peer) = parts.extensions.get::<Arc<Peer>>() else {
        return Err(Code::LoginRequired.into());
    };
    match &peer.actor {
        None => Err(Code::LoginRequired.into()),
        Some(Err(refusal)) => Err(refusal.clone()),
        Some(Ok(actor)) => {
            peer.standing()?;
            Ok(actor)
        }
    }
}

impl Caller {
    /// What the headers of this request declare beside the certificate. Who comes through a portal acts in no structure: his
    /// portal's is only compared.
    ///
    /// # Errors
    /// `header-invalid`, `structure-mismatch`.
    pub(super) fn declared(
        &self,
        parts: &Parts,
        now: Instant,
        request_id: &str,
    ) -> Result<Context, Error> {
        let mut context = context::read(&parts.headers, now, request_id.to_owned())?;
        match &self.portal {
            None => context::same_structure(&self.actor, &context)?,
            Some(structure) => {
                let carried = structure.as_ref().map(|structure| &structure.id);
                let declared = context.structure.take();
                if declared.is_some() && declared.as_ref() != carried {
                    return Err(Code::StructureMismatch.into());
                }
            }
        }
        Ok(context)
    }
}
