//! What a token says, once its signature stands.

use jiff::Timestamp;
use serde_json::Value;

use super::Refusal;
use super::members::Members;
use crate::dmp::actor::{Actor, ActorId, ActorKind, Mandate, PortalUser};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::person::PersonName;

/// Longest life of a token, seconds.
const MAX_LIFE: f64 = 600.0;
/// How far ahead of ours the portal's clock may be, seconds. No grace is left after `exp`.
const AHEAD: f64 = 30.0;
/// Longest `jti` and longest name, characters.
const MAX_TEXT: usize = 255;

/// The claims of one token.
#[derive(Debug)]
pub(super) struct Claims {
    /// `jti`
    pub(super) id: String,
    /// `exp`, seconds, rounded up.
    pub(super) expires: i64,
    /// `ins`, `protection`
    pub(super) mandate: Mandate,
    kind: ActorKind,
    user: PortalUser,
    name: Option<String>,
}

impl Claims {
    /// Reads every claim and judges its times.
    ///
    /// # Errors
    /// [`Refusal::Time`], [`Refusal::Patient`], [`Refusal::Claim`].
    pub(super) fn read(payload: &Members, now: Timestamp) -> Result<Self, Refusal> {
        let expires = lives(payload, now)?;
        let text = |name| payload.text(name).ok_or(Refusal::Claim);
        let kind = match text("role")? {
            "holder" => ActorKind::Holder,
            "legal_representative" => ActorKind::Representative,
            "caregiver" => ActorKind::Caregiver,
            _ => return Err(Refusal::Claim),
        };
        let name = match payload.get("name") {
            None if kind == ActorKind::Holder => None,
            None => return Err(Refusal::Claim),
            Some(_) => Some(plain(text("name")?).ok_or(Refusal::Claim)?.to_owned()),
        };
        let protects_person = match payload.get("protection") {
            None => false,
            Some(_) => text("protection")? == "person",
        };
        Ok(Self {
            id: plain(text("jti")?).ok_or(Refusal::Claim)?.to_owned(),
            expires,
            mandate: Mandate {
                patient: patient(text("ins")?).ok_or(Refusal::Patient)?,
                protects_person,
            },
            kind,
            user: PortalUser::new(text("iss")?, text("sub")?).ok_or(Refusal::Claim)?,
            name,
        })
    }

    /// Who acts. The portal's establishment has no part in it.
    pub(super) fn into_actor(self) -> Actor {
        Actor {
            kind: self.kind,
            id: ActorId::User(self.user),
            name: PersonName {
                family: self.name,
                given: None,
            },
            profession: None,
            specialities: Vec::new(),
            structure: None,
            mandate: Some(self.mandate),
            operator: false,
            regulator: false,
        }
    }
}

/// `aud` names this audience, alone or among others.
pub(super) fn is_for(payload: &Members, audience: &str) -> bool {
    match payload.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => {
            several.iter().all(Value::is_string)
                && several.iter().any(|one| one.as_str() == Some(audience))
        }
        _ => false,
    }
}

/// Judges `iat`, `nbf` and `exp`; gives the last.
fn lives(payload: &Members, now: Timestamp) -> Result<i64, Refusal> {
    let date = |name: &str| {
        let seconds = payload.get(name)?.as_f64()?;
        (seconds.is_finite() && (0.0..1e11).contains(&seconds)).then_some(seconds)
    };
    let (Some(issued), Some(expires)) = (date("iat"), date("exp")) else {
        return Err(Refusal::Claim);
    };
    let begins = match payload.get("nbf") {
        None => issued,
        Some(_) => date("nbf").ok_or(Refusal::Claim)?,
    };
    // Milliseconds of this century are exact in a double.
    #[allow(clippy::cast_precision_loss)]
    let now = now.as_millisecond() as f64 / 1_000.0;
    let life = expires - issued;
    let in_time = expires > now && issued.max(begins) <= now + AHEAD;
    if !in_time || life <= 0.0 || life > MAX_LIFE {
        return Err(Refusal::Time);
    }
    #[allow(clippy::cast_possible_truncation)]
    Ok(expires.ceil() as i64)
}

/// `<system>|<value>`
fn patient(text: &str) -> Option<Ins> {
    let (system, value) = text.split_once('|')?;
    Ins::parse(InsRoot::from_oid(system)?, value).ok()
}

/// Neither blank, nor endless, nor with anything that isn't text.
fn plain(text: &str) -> Option<&str> {
    let text = text.trim();
    let sound =
        !text.is_empty() && text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control);
    sound.then_some(text)
}
