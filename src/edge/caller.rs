//! Who calls, as the certificate of the connection says it.

use std::sync::Arc;

use axum::http::request::Parts;

use super::context;
use super::tls::Peer;
use crate::dmp::actor::Actor;
use crate::dmp::context::Context;
use crate::dmp::time::Instant;
use crate::error::{Code, Error};

/// The actor of this request. A card that was revoked since its handshake is refused here.
///
/// # Errors
/// `login-required`, `card-not-accepted`.
pub(super) fn actor(parts: &Parts) -> Result<Actor, Error> {
    let Some(peer) = parts.extensions.get::<Arc<Peer>>() else {
        return Err(Code::LoginRequired.into());
    };
    match &peer.actor {
        None => Err(Code::LoginRequired.into()),
        Some(Err(refusal)) => Err(refusal.clone()),
        Some(Ok(actor)) => {
            peer.standing()?;
            Ok(actor.clone())
        }
    }
}

/// What the headers of this request declare beside the certificate.
///
/// # Errors
/// `header-invalid`, `structure-mismatch`.
pub(super) fn declared(
    parts: &Parts,
    actor: &Actor,
    now: Instant,
    request_id: &str,
) -> Result<Context, Error> {
    let context = context::read(&parts.headers, now, request_id.to_owned())?;
    context::same_structure(actor, &context)?;
    Ok(context)
}
