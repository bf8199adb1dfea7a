//! ITI-106 Generate Metadata: a document is deposited with what its own header says.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::answer;
use super::app::Shared;
use super::exchange::Exchange;
use super::negotiate::{self, Return};
use super::publish::{by_patient, deposit, may_deposit};
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::translate::{bundle, wire};

/// `POST /fhir/DocumentReference/$generate-metadata`
pub(super) async fn metadata(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SimplifiedPublish, request);
    let result = generate(&mut exchange).await;
    exchange.conclude(result).await
}

async fn generate(exchange: &mut Exchange) -> Result<Response, Error> {
    may_deposit(exchange)?;
    if by_patient(exchange)? {
        // What a patient deposits has no header that could tell anything.
        return Err(Issue::new(Code::NotAllowed).rule("PAT-02").into());
    }
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let (form, body) = exchange.resource_bytes().await?;
    let parameters = wire::read_with_documents(form, &body, "Parameters", "parameter")?;
    let declared = bundle::read_generated(&parameters, &exchange.reading())?;
    drop(parameters);
    let (made, _, warnings) = deposit(exchange, declared).await?;
    let entry = made.documents.first().ok_or(Code::Internal)?;
    let reference = format!("DocumentReference/{}", entry.id);
    let body = json!({
        "resourceType": "Parameters",
        "parameter": [{
            "name": "DocumentReference",
            "valueReference": {"reference": reference, "type": "DocumentReference"},
        }],
    });
    // The operation has one answer of its own; what was warned of is told to who asks for that.
    let wanted = wanted.filter(|wanted| *wanted == Return::OperationOutcome);
    let resource = || body.to_string();
    let mut response = answer::written(StatusCode::OK, format, wanted, resource, &warnings);
    let headers = response.headers_mut();
    let location = format!("{}/{reference}", exchange.app.settings.server.base_url);
    answer::put(headers, header::CONTENT_LOCATION, &location);
    Ok(response)
}
