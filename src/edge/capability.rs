//! `GET /fhir/metadata`: the only answer that needs no certificate. What it lists is what is served, and no more.

mod features;
mod parameters;
mod resources;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::app::Shared;
use super::conformance::{self, Library};
use super::negotiate::Format;
use super::{answer, negotiate, params};
use crate::dmp::context::Validation;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::{Code, Error, Issue};
use crate::settings::Settings;
use crate::translate::wire;
use features::FEATURES;

pub(super) use parameters::{Parameter, of as parameters_of};

const PROFILE: &str = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/";
const MHD_ACTOR: &str = "https://profiles.ihe.net/ITI/MHD/CapabilityStatement/IHE.MHD.";

/// A statement, ready to send.
pub(super) struct Statement {
    text: String,
    xml: String,
    tag: String,
}

/// What `/metadata` says, by its parameter `mode`.
pub(super) struct Statements {
    full: Statement,
    terminology: Statement,
}

impl Statement {
    fn new(value: &Value) -> Self {
        let text = value.to_string();
        let tag = conformance::tag(&text);
        let xml = wire::write_xml(value).unwrap_or_default();
        Self { text, xml, tag }
    }
}

impl Statements {
    /// Those of one configured server.
    pub(super) fn new(settings: &Settings, library: &Library, started: Instant) -> Self {
        Self {
            full: Statement::new(&statement(settings, started)),
            terminology: Statement::new(&terminology(settings, library, started)),
        }
    }

    /// All R4 resources that are served are one release: `normative` is the full statement.
    fn of(&self, mode: Option<&str>) -> Result<&Statement, Error> {
        match mode {
            None | Some("full" | "normative") => Ok(&self.full),
            Some("terminology") => Ok(&self.terminology),
            Some(_) => Err(Issue::new(Code::ParameterInvalid)
                .with("parameter", "mode")
                .into()),
        }
    }
}

/// Answers with what was made when the server started.
pub(super) async fn read(State(app): State<Shared>, request: Request) -> Response {
    let response = respond(&app, &request).unwrap_or_else(|error| {
        app.metrics.refusal(&error);
        let format = negotiate::of_refusal(request.headers(), request.uri());
        answer::refusal(&error, format)
    });
    if negotiate::is_pretty(request.uri()) {
        return answer::pretty(response).await;
    }
    response
}

fn respond(app: &Shared, request: &Request) -> Result<Response, Error> {
    let query = params::read(request.uri().query().unwrap_or_default())?;
    let format = negotiate::format(request.headers(), &query)?;
    let statement = app.capability.of(params::first(&query, "mode"))?;
    let mut response = if answer::not_modified(request.headers(), &statement.tag) {
        answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        let text = match format {
            Format::Json => &statement.text,
            Format::Xml => &statement.xml,
        };
        answer::with_type(StatusCode::OK, format.content_type(), text.clone())
    };
    let headers = response.headers_mut();
    answer::put(headers, header::CACHE_CONTROL, "public, max-age=300");
    answer::put(headers, header::ETAG, &statement.tag);
    answer::put(headers, header::VARY, "Accept");
    Ok(response)
}

fn statement(settings: &Settings, started: Instant) -> Value {
    let mode = match settings.fhir.validation {
        Validation::Guide => "guide: accepts what the official examples do, and warns",
        Validation::Strict => "strict: enforces the profiles",
    };
    let mut format = vec!["json"];
    let mut patch = vec!["application/json-patch+json", "application/fhir+json"];
    if FEATURES.xml {
        format.push("xml");
        patch.extend(["application/xml-patch+xml", "application/fhir+xml"]);
    }
    json!({
        "resourceType": "CapabilityStatement",
        "name": "Passerelle",
        "title": "Passerelle, façade FHIR du DMP",
        "status": "active",
        "date": Timestamp::from_instant(started).to_fhir(),
        "publisher": "Passerelle",
        "kind": "instance",
        "instantiates": instantiates(),
        "software": software(),
        "implementation": {
            "description": format!("DMP façade; validation {mode}"),
            "url": settings.server.base_url,
        },
        "fhirVersion": "4.0.1",
        "format": format,
        "patchFormat": patch,
        "rest": [{
            "mode": "server",
            "security": {
                "cors": !settings.server.cors_origins.is_empty(),
                "service": [service("Certificates"), service("OAuth")],
                "description": "Mutual TLS with a CPx card or an IGC-Santé establishment certificate; \
                    access mode, reason, secret connection and structure in DMP- headers. \
                    A patient, or who acts for one, comes through a portal: its establishment certificate \
                    carries his signed token, Authorization: Bearer (RS256 or ES256, ten minutes at most).",
            },
            "resource": resources::all(),
            "interaction": system_interactions(),
        }],
    })
}

/// The actors that this server is. Those of MHD speak both forms.
fn instantiates() -> Vec<String> {
    let pdsm = "https://interop.esante.gouv.fr/ig/fhir/pdsm/CapabilityStatement/PDSm-GestionnaireDePartageDeDocuments";
    let mut actors = vec![pdsm.to_owned()];
    if FEATURES.xml {
        let mhd = [
            "DocumentRecipient.Comprehensive",
            "DocumentRecipient.Simplified",
            "DocumentResponder",
        ];
        actors.extend(mhd.map(|actor| format!("{MHD_ACTOR}{actor}")));
        if FEATURES.generate_metadata {
            actors.push(format!("{MHD_ACTOR}DocumentRecipient.Generate"));
        }
    }
    actors
}

/// No terminology operation is served; these code systems can be read.
fn terminology(settings: &Settings, library: &Library, started: Instant) -> Value {
    let systems: Vec<_> = library
        .of("CodeSystem")
        .map(|entry| json!({"uri": entry.url, "version": [{"code": entry.version, "isDefault": true}]}))
        .collect();
    json!({
        "resourceType": "TerminologyCapabilities",
        "name": "Passerelle",
        "status": "active",
        "date": Timestamp::from_instant(started).to_fhir(),
        "description": "No terminology operation: the code systems of this server can be read.",
        "kind": "instance",
        "software": software(),
        "implementation": {"description": "DMP façade", "url": settings.server.base_url},
        "codeSystem": systems,
    })
}

fn software() -> Value {
    json!({"name": "Passerelle", "version": env!("CARGO_PKG_VERSION")})
}

fn system_interactions() -> Vec<Value> {
    let mut interactions = vec![json!({
        "code": "transaction",
        "documentation": format!("{PROFILE}pdsm-comprehensive-provide-document-bundle"),
    })];
    if FEATURES.batch {
        interactions.push(json!({"code": "batch"}));
    }
    interactions
}

/// How a caller makes himself known.
fn service(code: &str) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/restful-security-service";
    json!({"coding": [{"system": system, "code": code}]})
}
