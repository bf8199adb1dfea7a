//! Patients, and who acts for them: a portal's establishment certificate carries a signed token that names the record and the role
//! (contract §3). The token's times are those of the real clock, never of the tests' one.

mod claims;
mod keys;
mod members;
mod refusal;
mod seen;

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::dmp::actor::{Actor, ActorId, ActorKind};
use crate::dmp::context::{Environment, Validation};
use crate::dmp::national_id::StructIdNat;
use crate::settings::PatientPortal;

use claims::Claims;
use keys::{Algorithm, KeySet};
use members::Members;
pub use refusal::Refusal;
use seen::Seen;

/// Longest token.
const MAX_TOKEN: usize = 8 * 1024;

/// The portals whose tokens are accepted.
#[derive(Debug)]
pub struct Portals {
    portals: Vec<Portal>,
    environment: Environment,
    validation: Validation,
    seen: Seen,
}

#[derive(Debug)]
struct Portal {
    issuer: String,
    audience: String,
    clients: HashSet<StructIdNat>,
    keys: KeySet,
}

impl Portals {
    /// Takes `identity.patient_portal` and reads the key sets, which are read again when their files change.
    ///
    /// # Errors
    /// Every problem, with its key and its cure.
    pub fn load(
        portals: &[PatientPortal],
        environment: Environment,
        validation: Validation,
    ) -> Result<Self, Vec<String>> {
        let (mut loaded, mut problems) = (Vec::with_capacity(portals.len()), Vec::new());
        for (rank, portal) in portals.iter().enumerate() {
            let key = format!("identity.patient_portal[{rank}].jwks");
            match KeySet::load(&portal.jwks) {
                Ok(keys) => loaded.push(Portal {
                    issuer: portal.issuer.clone(),
                    audience: portal.audience.clone(),
                    clients: portal.clients.iter().cloned().collect(),
                    keys,
                }),
                Err(problem) => problems.push(format!("{key}: {problem}")),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            portals: loaded,
            environment,
            validation,
            seen: Seen::default(),
        })
    }

    /// Takes the key set that was fetched for the portal of this rank in the configuration.
    ///
    /// # Errors
    /// What is wrong with it; the one in force stays.
    pub fn take(&self, rank: usize, set: &[u8]) -> Result<(), String> {
        match self.portals.get(rank) {
            Some(portal) => portal.keys.take(set),
            None => Err("no such portal".to_owned()),
        }
    }

    /// Who acts, by the value of `Authorization` that `carrier` sent.
    ///
    /// # Errors
    /// A [`Refusal`], whose answer is `login-required`.
    pub fn actor(
        &self,
        carrier: &Actor,
        authorization: &[u8],
        now: Timestamp,
    ) -> Result<Actor, Refusal> {
        let client = match (carrier.kind, &carrier.id) {
            (ActorKind::Establishment, ActorId::Structure(client)) => client,
            _ => return Err(Refusal::Carrier),
        };
        let token = bearer(authorization).ok_or(Refusal::Malformed)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let header = Members::read(&decode(header)?).ok_or(Refusal::Malformed)?;
        let payload = Members::read(&decode(payload)?).ok_or(Refusal::Malformed)?;
        let signature = decode(signature)?;

        if header.get("crit").is_some() {
            return Err(Refusal::Critical);
        }
        let algorithm = header.text("alg").and_then(Algorithm::from_name);
        let algorithm = algorithm.ok_or(Refusal::Algorithm)?;
        let key = match header.get("kid") {
            None => None,
            Some(_) => Some(header.text("kid").ok_or(Refusal::Malformed)?),
        };
        let portal = self.portal(&payload, client)?;
        let key = portal.keys.find(key, algorithm).ok_or(Refusal::Key)?;
        if !key.verifies(signed.as_bytes(), &signature) {
            return Err(Refusal::Signature);
        }

        let claims = Claims::read(&payload, now)?;
        let unusual = claims
            .mandate
            .patient
            .admit(self.environment, self.validation);
        unusual.map_err(|_| Refusal::Patient)?;
        let token = (portal.issuer.as_str(), claims.id.as_str());
        self.seen.note(token, claims.expires, client, now)?;
        Ok(claims.into_actor())
    }

    /// The portal that the token comes from, is for, and that this client may speak for.
    fn portal(&self, payload: &Members, client: &StructIdNat) -> Result<&Portal, Refusal> {
        let issuer = payload.text("iss").ok_or(Refusal::Issuer)?;
        let mut issuers = self.portals.iter().filter(|known| known.issuer == issuer);
        let mut best = Refusal::Issuer;
        let found = issuers.find(|known| {
            if !claims::is_for(payload, &known.audience) {
                best = Refusal::Audience;
                return false;
            }
            let speaks = known.clients.contains(client);
            if !speaks {
                best = Refusal::Carrier;
            }
            speaks
        });
        found.ok_or(best)
    }
}

/// The token of `Bearer <token>`.
fn bearer(authorization: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(authorization).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim_matches(' ');
    let sound = scheme.eq_ignore_ascii_case("bearer") && token.len() <= MAX_TOKEN;
    sound.then_some(token)
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)
}
