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

/// The refusal of a body that could not be read as what `act` needs: that of its INS, else that of the record of the patient whom
/// the body names all the same, else its own.
pub(super) async fn of_body(
    exchange: &mut Exchange,
    act: &Act,
    body: &Value,
    wrong: Error,
) -> Error {
    let wrong = ins_first(wrong);
    if wrong.status() >= 500 || wrong.code() == Code::InsInvalid {
        return wrong;
    }
    let Some(patient) = patient_of(body, &exchange.reading()) else {
        return wrong;
    };
    match exchange.permit(act, &patient).await {
        Ok(_) => wrong,
        Err(refusal) => refusal,
    }
}
