//! The request headers that a certificate can't carry become a [`Context`] (contract §3).

use axum::http::HeaderMap;
use percent_encoding::percent_decode;
use uuid::Uuid;

use crate::dmp::actor::{Actor, ActorId, ActorKind};
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::national_id::StructIdNat;
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// Longest reason, in bytes once decoded.
const MAX_REASON: usize = 2_000;

/// `X-Request-Id` when the client sent a valid one, else a new one.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let valid = |id: &&str| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    headers
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(valid)
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// `traceparent` (W3C Trace Context §3.2) when it is one; another one is left out, as that text has it.
pub(super) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all("traceparent").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let value = value.to_str().ok()?.trim();
    let mut fields = value.splitn(5, '-');
    let mut field = |length: usize| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        fields
            .next()
            .filter(|field| field.len() == length && field.bytes().all(hex))
    };
    let (version, trace, parent, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
    let more = fields.next().is_some();
    let none = |id: &str| id.bytes().all(|b| b == b'0');
    // A later version may hold more, which is nobody's business here.
    let wrong = version == "ff" || (version == "00" && more) || none(trace) || none(parent);
    (!wrong).then(|| format!("{version}-{trace}-{parent}-{flags}"))
}

/// Reads the four `DMP-` headers.
///
/// # Errors
/// One `header-invalid` for each malformed, unknown or repeated one.
pub(super) fn read(
    headers: &HeaderMap,
    now: Instant,
    request_id: String,
) -> Result<Context, Error> {
    let mut wrong = Vec::new();
    let mode = one(headers, "DMP-Access-Mode", mode, &mut wrong);
    let reason = one(headers, "DMP-Access-Reason", reason, &mut wrong);
    let secret = one(headers, "DMP-Secret-Connection", boolean, &mut wrong);
    let structure = one(headers, "DMP-Structure", structure, &mut wrong);
    if !wrong.is_empty() {
        return Err(Error::many(wrong));
    }
    Ok(Context {
        mode: mode.unwrap_or(AccessMode::Normal),
        reason: reason.filter(|reason| !reason.is_empty()),
        secret,
        structure,
        now,
        request_id,
    })
}

/// The declared structure is the certificate's, where that carries one.
///
/// # Errors
/// `structure-mismatch`.
pub(super) fn same_structure(actor: &Actor, context: &Context) -> Result<(), Error> {
    let carried = match (&actor.structure, &actor.id) {
        (Some(structure), _) => Some(&structure.id),
        (None, ActorId::Structure(id)) => Some(id),
        (None, ActorId::Person(_) | ActorId::User(_)) => None,
    };
    match (carried, &context.structure) {
        (Some(carried), Some(declared)) if carried != declared => {
            Err(Code::StructureMismatch.into())
        }
        _ => Ok(()),
    }
}

/// A deposit by CPS or CPF says for which structure.
///
/// # Errors
/// `structure-required`.
pub(super) fn structure_to_deposit(actor: &Actor, context: &Context) -> Result<(), Error> {
    let needed = matches!(actor.kind, ActorKind::Cps | ActorKind::Cpf);
    if needed && context.structure.is_none() {
        Err(Code::StructureRequired.into())
    } else {
        Ok(())
    }
}

/// One header, parsed; None when absent.
fn one<T>(
    headers: &HeaderMap,
    name: &'static str,
    parse: impl Fn(&[u8]) -> Option<T>,
    wrong: &mut Vec<Issue>,
) -> Option<T> {
    let mut values = headers.get_all(name).iter();
    let parsed = match (values.next(), values.next()) {
        (None, _) => return None,
        (Some(value), None) => parse(value.as_bytes().trim_ascii()),
        (Some(_), Some(_)) => None,
    };
    if parsed.is_none() {
        wrong.push(Issue::new(Code::HeaderInvalid).with("header", name));
    }
    parsed
}

fn mode(value: &[u8]) -> Option<AccessMode> {
    AccessMode::from_code(std::str::from_utf8(value).ok()?)
}

fn reason(value: &[u8]) -> Option<String> {
    let mut escapes = value.split(|byte| *byte == b'%').skip(1);
    let is_escape = |rest: &[u8]| {
        let hex = rest.get(..2);
        hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(is_escape) {
        return None;
    }
    let text = percent_decode(value).decode_utf8().ok()?;
    let text = text.trim();
    let printable = !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    (printable && text.len() <= MAX_REASON).then(|| text.to_owned())
}

fn boolean(value: &[u8]) -> Option<bool> {
    match value {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

fn structure(value: &[u8]) -> Option<StructIdNat> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("value");
                (
                    HeaderName::from_bytes(name.as_bytes()).expect("name"),
                    value,
                )
            })
            .collect()
    }

    fn context(pairs: &[(&'static str, &str)]) -> Result<Context, Error> {
        read(&headers(pairs), Instant::UNIX_EPOCH, "r".to_owned())
    }

    #[test]
    fn without_headers_the_mode_is_normal() {
        let context = context(&[]).expect("context");
        assert_eq!(context.mode, AccessMode::Normal);
        assert!(context.reason.is_none() && context.secret.is_none());
        assert!(context.structure.is_none());
    }

    #[test]
    fn all_four_are_read() {
        let context = context(&[
            ("DMP-Access-Mode", "bris_de_glace"),
            ("DMP-Access-Reason", "Coma%20%C3%A0 l'arriv%C3%A9e"),
            ("DMP-Secret-Connection", "true"),
            ("DMP-Structure", "10B0000001"),
        ])
        .expect("context");
        assert_eq!(context.mode, AccessMode::BrisDeGlace);
        assert_eq!(context.reason.as_deref(), Some("Coma à l'arrivée"));
        assert_eq!(context.secret, Some(true));
        assert_eq!(
            context.structure.as_ref().map(StructIdNat::as_str),
            Some("10B0000001")
        );
    }

    #[test]
    fn a_blank_reason_is_none() {
        let context = context(&[("DMP-Access-Reason", "%20%C2%A0 ")]).expect("context");
        assert_eq!(context.reason, None);
    }

    #[test]
    fn every_wrong_header_is_told() {
        let error = context(&[
            ("DMP-Access-Mode", "urgent"),
            ("DMP-Access-Reason", "%FF"),
            ("DMP-Secret-Connection", "yes"),
            ("DMP-Structure", "nowhere"),
        ])
        .expect_err("wrong");
        assert_eq!(error.code(), Code::HeaderInvalid);
        assert_eq!(error.issues.len(), 4);
        for cut in ["%", "Coma%2", "Coma %zz", "50% de risque"] {
            let wrong = context(&[("DMP-Access-Reason", cut)]).expect_err(cut);
            assert_eq!(wrong.code(), Code::HeaderInvalid, "{cut}");
        }
        let twice = context(&[("DMP-Access-Mode", "normal"), ("DMP-Access-Mode", "normal")]);
        assert!(twice.is_err());
    }

    #[test]
    fn a_traceparent_is_one_or_nothing() {
        const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let of = |value: &str| traceparent(&headers(&[("traceparent", value)]));
        assert_eq!(of(GOOD).as_deref(), Some(GOOD));
        let later = GOOD.replacen("00", "cc", 1);
        assert_eq!(of(&format!("{later}-more-of-it")), Some(later));
        for bad in [
            "",
            &GOOD[..54],
            &format!("{GOOD}-x"),
            &format!("{GOOD}0"),
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace('7', "g"),
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(
            traceparent(&headers(&[("traceparent", GOOD), ("traceparent", GOOD)])),
            None
        );
    }

    #[test]
    fn request_ids_are_echoed_when_valid() {
        assert_eq!(
            request_id(&headers(&[("x-request-id", "a.B_9-")])),
            "a.B_9-"
        );
        let long = "x".repeat(65);
        for bad in ["", "a b", "é", long.as_str()] {
            let id = request_id(&headers(&[("x-request-id", bad)]));
            assert_ne!(id, bad);
            assert!(Uuid::parse_str(&id).is_ok());
        }
    }
}
