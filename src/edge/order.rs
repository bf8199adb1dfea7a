//! The order of refusals: an INS, then the record and who asks, then what is wrong with a body.

use serde_json::Value;

use super::exchange::Exchange;
use crate::error::{Code, Error, Severity};
use crate::policy::Act;
use crate::translate::patient_of;

/// The refusals of one body, that of its INS first.
pub(super) fn ins_first(mut wrong: Error) -> Error {
    wrong
        .issues
        .sort_by_key(|issue| (issue.code, issue.severity) != (Code::InsInvalid, Severity::Error));
    wrong
}

/// What was read of a body. Where it could not be read as what `act` needs, the refusal of its INS comes first, else that of the record of
/// the patient whom the body names all the same, else its own.
///
/// # Errors
/// The first of these.
pub(super) async fn of_body<T>(
    exchange: &mut Exchange,
    act: &Act,
    body: &Value,
    read: Result<T, Error>,
) -> Result<T, Error> {
    let wrong = match read {
        Ok(read) => return Ok(read),
        Err(wrong) => ins_first(wrong),
    };
    let is_decided = wrong.status() >= 500 || wrong.code() == Code::InsInvalid;
    let patient = patient_of(body, &exchange.reading());
    if let (false, Some(patient)) = (is_decided, patient) {
        exchange.permit(act, &patient).await?;
    }
    Err(wrong)
}
