//! A patient named by the id of his record (`Patient/id`), which TD0.2 gave: a resource names him by INS.

use serde_json::Value;
use uuid::Uuid;

use super::exchange::Exchange;
use crate::error::{Code, Error};
use crate::store::Locator;
use crate::translate::{local_patients, name_patient};

/// A write is about one patient: a second id is looked up to be told apart, no more.
const MOST: usize = 2;

/// Puts the INS in place of each reference to a record of ours. One that leads to none stays, and is judged as it is written.
///
/// # Errors
/// `busy`, `internal`.
pub(super) async fn name_patients(
    exchange: &mut Exchange,
    resource: &mut Value,
) -> Result<(), Error> {
    let base_url = exchange.app.settings.server.base_url.clone();
    let mut named: Vec<Uuid> = local_patients(resource, &base_url);
    named.truncate(MOST);
    for id in named {
        match exchange.reached(Locator::Record(id)).await {
            Ok(standing) => name_patient(resource, &base_url, id, &standing.record.data.ins),
            Err(error) if error.code() == Code::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
