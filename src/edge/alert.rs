//! What a professional is told of a document that its patient, or a minor's representatives, do not see (rules ANN-02, MIN-03):
//! warnings in a searchset, the header `DMP-Alert` on the answer to a read.

use axum::http::{HeaderMap, HeaderName};
use uuid::Uuid;

use super::answer;
use super::exchange::Exchange;
use crate::error::{Code, Issue};
use crate::store::Hidden;

const ALERT: HeaderName = HeaderName::from_static("dmp-alert");

fn codes(exchange: &Exchange, hidden: Hidden) -> Vec<Code> {
    let Ok((actor, context)) = exchange.caller() else {
        return Vec::new();
    };
    if actor.kind.is_patient_side() {
        return Vec::new();
    }
    let from_patient = hidden
        .from_patient_until
        .is_some_and(|until| context.now < until);
    [
        (from_patient, Code::HiddenFromPatient),
        (hidden.from_representatives, Code::HiddenFromRepresentatives),
    ]
    .into_iter()
    .filter_map(|(hidden, code)| hidden.then_some(code))
    .collect()
}

/// The warnings for one document of a searchset.
pub(super) fn warnings(exchange: &Exchange, id: Uuid, hidden: Hidden) -> Vec<Issue> {
    let warning = |code| {
        Issue::new(code)
            .at("DocumentReference")
            .with("value", format!("DocumentReference/{id}"))
            .warning()
    };
    codes(exchange, hidden).into_iter().map(warning).collect()
}

/// The header on the answer to a read.
pub(super) fn put(headers: &mut HeaderMap, exchange: &Exchange, hidden: Hidden) {
    let codes = codes(exchange, hidden);
    if !codes.is_empty() {
        let names: Vec<&str> = codes.into_iter().map(Code::as_str).collect();
        answer::put(headers, ALERT, &names.join(", "));
    }
}

/// The same as warnings, for what has no headers of its own: an entry of a batch.
pub(super) fn of_header(headers: &HeaderMap, named: &str) -> Vec<Issue> {
    let told = headers.get(ALERT).and_then(|value| value.to_str().ok());
    let names = told.into_iter().flat_map(|names| names.split(", "));
    names
        .filter_map(|name| Code::ALL.iter().find(|code| code.as_str() == name))
        .map(|code| Issue::new(*code).with("value", named).warning())
        .collect()
}
