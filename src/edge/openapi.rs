//! `GET /fhir/openapi.json`: the interface as OpenAPI 3.1, made at the start from the table of routes and from the search parameters of
//! the statement. It needs a certificate, as everything but `/metadata`.

mod routes;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::app::Shared;
use super::exchange::Exchange;
use super::{answer, capability, conformance};
use crate::dmp::trace::TracedAct;
use crate::error::Error;
use crate::translate::search::MAX_COUNT;
use routes::{Route, Takes};

const FHIR_JSON: &str = "application/fhir+json";
const FHIR_XML: &str = "application/fhir+xml";
const FORM: &str = "application/x-www-form-urlencoded";

/// Answers with the description.
pub(super) async fn read(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::Other, request);
    let result = respond(&mut exchange);
    exchange.conclude(result).await
}

fn respond(exchange: &mut Exchange) -> Result<Response, Error> {
    exchange.identify()?;
    let text = &exchange.app.openapi;
    let tag = conformance::tag(text);
    let mut response = if answer::not_modified(exchange.headers(), &tag) {
        answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        answer::with_type(StatusCode::OK, "application/json", text.clone())
    };
    answer::put(response.headers_mut(), header::ETAG, &tag);
    Ok(response)
}

/// The description of a server at this address.
pub(super) fn describe(base_url: &str) -> Value {
    let mut paths = Map::new();
    for route in routes::all() {
        let path = if route.path.is_empty() {
            continue;
        } else {
            &route.path
        };
        let methods = paths.entry(path.as_str()).or_insert_with(|| json!({}));
        if let Value::Object(methods) = methods {
            methods.insert(route.method.to_owned(), operation(&route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Passerelle",
            "summary": "Façade FHIR R4 du DMP",
            "description": "The whole contract of each resource is in the CapabilityStatement and its profiles. \
                A request to the base needs no slash at its end.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "security": [{"card": []}, {"card": [], "portal": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "card": {"type": "mutualTLS", "description": "A CPx card or an establishment certificate of the IGC-Santé"},
                "portal": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A patient's token, beside his portal's certificate"},
            },
            "parameters": headers(),
            "schemas": {"Resource": {
                "type": "object",
                "description": "A FHIR R4 resource",
                "required": ["resourceType"],
                "properties": {"resourceType": {"type": "string"}},
            }},
            "responses": {"Refusal": {
                "description": "OperationOutcome: stable code in issue.details.coding, French in issue.details.text, English in issue.diagnostics",
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": content("OperationOutcome"),
            }},
        },
    })
}

/// What the contract lets a request declare in headers.
fn headers() -> Value {
    let header = |name: &str, schema: Value, description: &str| json!({"name": name, "in": "header", "required": false, "schema": schema, "description": description});
    let text = json!({"type": "string"});
    json!({
        "AccessMode": header("DMP-Access-Mode", json!({"type": "string", "enum": ["normal", "bris_de_glace", "centre_15"], "default": "normal"}), "Access mode"),
        "AccessReason": header("DMP-Access-Reason", text.clone(), "Percent-encoded UTF-8; required with bris_de_glace"),
        "SecretConnection": header("DMP-Secret-Connection", json!({"type": "string", "enum": ["true", "false"]}), "Required to consult a minor's record in mode normal"),
        "Structure": header("DMP-Structure", text.clone(), "Struct_IdNat of the structure; required to deposit with a CPS or CPF"),
        "RequestId": header("X-Request-Id", text.clone(), "Echoed when valid"),
        "Prefer": header("Prefer", text.clone(), "return=minimal|representation|OperationOutcome; handling=strict|lenient"),
        "IfMatch": header("If-Match", text.clone(), "412 when another version is current"),
        "IfNoneMatch": header("If-None-Match", text.clone(), "304 when this version is current"),
        "IfNoneExist": header("If-None-Exist", text.clone(), "identifier=…: 200 with the document that is there already"),
        "IfModifiedSince": header("If-Modified-Since", text.clone(), "304 when nothing is newer; without If-None-Match only"),
        "Range": header("Range", text.clone(), "One range of bytes of the document as it is kept, bytes=0-99: 206, or 416"),
        "IfRange": header("If-Range", text.clone(), "Strong ETag or Last-Modified: the whole when the document is another one"),
        "Traceparent": header("traceparent", text, "W3C Trace Context; copied into the AuditEvent"),
    })
}

fn operation(route: &Route) -> Value {
    let names = route.path.split('/').filter(|part| !part.is_empty());
    let id: Vec<_> = names
        .map(|part| part.trim_matches(['{', '}', '_', '$']))
        .collect();
    let mut operation = json!({
        "operationId": format!("{}-{}", route.method, id.join("-")).trim_end_matches('-').replace('.', "-"),
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
    });
    let Value::Object(members) = &mut operation else {
        return operation;
    };
    if let Some(body) = body(route) {
        members.insert("requestBody".to_owned(), body);
    }
    if route.path == "/metadata" {
        members.insert("security".to_owned(), json!([]));
    }
    if !route.kind.is_empty() {
        members.insert("tags".to_owned(), json!([route.kind]));
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let header = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
    let mut all: Vec<_> = ["id", "version"]
        .into_iter()
        .filter(|name| route.path.contains(&format!("{{{name}}}")))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    if route.path == "/metadata" {
        let modes = json!({"type": "string", "enum": ["full", "normative", "terminology"]});
        all.push(json!({"name": "mode", "in": "query", "schema": modes}));
        all.push(header("RequestId"));
        all.push(header("IfNoneMatch"));
        return all;
    }
    let by_identifier = !route.path.contains('{') && matches!(route.method, "put" | "patch");
    if by_identifier {
        all.push(json!({"name": "identifier", "in": "query", "required": true, "schema": {"type": "string"}, "description": "system|value"}));
    } else if matches!(
        route.takes,
        Takes::Query | Takes::Form | Takes::ResourceOrForm(_)
    ) {
        all.extend(capability::parameters_of(route.kind).iter().map(query));
        if !conformance::KINDS.contains(&route.kind) {
            all.extend(results());
        }
    }
    if route.takes == Takes::History {
        let parameter = |name, kind: Value| json!({"name": name, "in": "query", "required": false, "schema": kind});
        all.push(parameter(
            "_since",
            json!({"type": "string", "format": "date-time"}),
        ));
        all.push(parameter(
            "_count",
            json!({"type": "integer", "minimum": 0, "maximum": MAX_COUNT}),
        ));
    }
    let context = [
        "AccessMode",
        "AccessReason",
        "SecretConnection",
        "Structure",
        "RequestId",
        "Traceparent",
    ];
    all.extend(context.map(header));
    match route.method {
        "get" if route.statuses.contains(&304) => {
            all.push(header("IfNoneMatch"));
            if route.path.contains('{') {
                all.push(header("IfModifiedSince"));
            }
            if route.statuses.contains(&206) {
                all.extend(["Range", "IfRange"].map(header));
            }
        }
        "put" | "patch" | "delete" => all.extend(["Prefer", "IfMatch"].map(header)),
        "post" if route.path == "/DocumentReference" => {
            all.extend(["Prefer", "IfNoneExist"].map(header));
        }
        "post" => all.push(header("Prefer")),
        _ => {}
    }
    all
}

/// How the result of a search is wanted.
fn results() -> [Value; 5] {
    let parameter = |name: &str, schema: Value| json!({"name": name, "in": "query", "required": false, "schema": schema});
    let text = || json!({"type": "string"});
    [
        parameter(
            "_count",
            json!({"type": "integer", "minimum": 0, "maximum": MAX_COUNT}),
        ),
        parameter("_sort", text()),
        parameter(
            "_total",
            json!({"type": "string", "enum": ["none", "estimate", "accurate"]}),
        ),
        parameter(
            "_summary",
            json!({"type": "string", "enum": ["true", "text", "data", "count", "false"]}),
        ),
        parameter("_elements", text()),
    ]
}

fn query((name, kind, (base, id)): &capability::Parameter) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": false,
        "schema": {"type": "string"},
        "description": format!("{kind}, {base}{id}"),
    })
}

fn body(route: &Route) -> Option<Value> {
    let content = match route.takes {
        Takes::Nothing | Takes::Query | Takes::History => return None,
        Takes::Form => {
            return Some(
                json!({"required": false, "content": {FORM: {"schema": {"type": "object"}}}}),
            );
        }
        Takes::Resource(kind) => content(kind),
        Takes::ResourceOrForm(kind) => {
            let mut both = content(kind);
            if let Value::Object(both) = &mut both {
                both.insert(FORM.to_owned(), json!({"schema": {"type": "object"}}));
            }
            both
        }
        Takes::Patch => {
            let mut both = content("Parameters");
            if let Value::Object(both) = &mut both {
                let list = json!({"schema": {"type": "array", "items": {"type": "object"}}});
                both.insert("application/json-patch+json".to_owned(), list);
                both.insert("application/xml-patch+xml".to_owned(), xml());
            }
            both
        }
    };
    Some(json!({"required": true, "content": content}))
}

fn content(kind: &str) -> Value {
    let schema = json!({"allOf": [
        {"$ref": "#/components/schemas/Resource"},
        {"properties": {"resourceType": {"const": kind}}},
    ]});
    json!({FHIR_JSON: {"schema": schema}, FHIR_XML: xml()})
}

/// The same resource in the XML form, which JSON Schema cannot tell.
fn xml() -> Value {
    json!({"schema": {"type": "string"}})
}

fn responses(route: &Route) -> Value {
    let mut all = Map::new();
    for status in route.statuses {
        let answer = match (status, route.path.as_str()) {
            (204 | 304, _) => json!({"description": "No body"}),
            (_, "/openapi.json") => {
                json!({"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}})
            }
            (_, path) if path.starts_with("/Binary") => {
                let bytes = json!({"schema": {"type": "string", "format": "binary"}});
                json!({"description": "The bytes, or a Binary resource", "content": {FHIR_JSON: {"schema": {"$ref": "#/components/schemas/Resource"}}, FHIR_XML: xml(), "*/*": bytes}})
            }
            _ => {
                let schema = json!({"$ref": "#/components/schemas/Resource"});
                let content = json!({FHIR_JSON: {"schema": schema}, FHIR_XML: xml()});
                json!({"description": "Done", "content": content})
            }
        };
        all.insert(status.to_string(), answer);
    }
    let refusal = json!({"$ref": "#/components/responses/Refusal"});
    all.insert("4XX".to_owned(), refusal.clone());
    all.insert("5XX".to_owned(), refusal);
    Value::Object(all)
}
