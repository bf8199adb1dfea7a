//! The key sets of portals that are named by their address: fetched when the server starts and once a minute. A set that can't be
//! had or used leaves the one in force.

use std::time::Duration;

use hyper::Method;

use crate::identity::portal::Portals;
use crate::outbound::{Address, Unanswered};
use crate::settings::PatientPortal;

/// For one set.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest set.
const MOST: usize = 256 * 1024;

/// Fetches every set; gives what went wrong, by portal.
pub async fn fetch(portals: &Portals, settings: &[PatientPortal]) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for (rank, portal) in settings.iter().enumerate() {
        if !portal.jwks.starts_with("https://") {
            continue;
        }
        if let Err(problem) = one(portals, rank, portal).await {
            problems.push((rank, problem));
        }
    }
    problems
}

async fn one(portals: &Portals, rank: usize, portal: &PatientPortal) -> Result<(), String> {
    let address = Address::new(&portal.jwks, portal.jwks_ca.as_deref())
        .map_err(|_| "its address or its authorities can't be used".to_owned())?;
    let headers = [("Accept", "application/jwk-set+json, application/json")];
    let asked = address.send(Method::GET, &headers, Vec::new(), MOST);
    let answer = tokio::time::timeout(TIMEOUT, asked)
        .await
        .unwrap_or(Err(Unanswered::Connection));
    let (status, bytes) = answer.map_err(|error| error.to_string())?;
    if !status.is_success() {
        return Err(format!("HTTP {}", status.as_u16()));
    }
    portals.take(rank, &bytes)
}

/// The same, told in the log.
pub(super) async fn refresh(portals: &Portals, settings: &[PatientPortal]) {
    for (rank, problem) in fetch(portals, settings).await {
        tracing::error!(
            portal = rank,
            problem,
            "a portal's key set could not be fetched; the one in force stays"
        );
    }
}
