//! Formats: what the client wants back (`Accept`, `_format`), what it sends (`Content-Type`), and how much (`Prefer`). FHIR R4 http §2.21.0.6.

use axum::http::{HeaderMap, Uri, header};

use super::media::{MediaType, accepted, content_type, ranges, texts};
use super::params::{self, Params};
use crate::error::{Code, Error, Issue};
pub(super) use crate::translate::wire::Format;

impl Format {
    /// The `Content-Type` of an answer.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/fhir+json; charset=utf-8",
            Self::Xml => "application/fhir+xml; charset=utf-8",
        }
    }

    /// The format that a media type names, FHIR's or a general one.
    fn named(essence: &str) -> Option<Self> {
        match essence {
            "application/fhir+json" | "application/json" | "text/json" => Some(Self::Json),
            "application/fhir+xml" | "application/xml" | "text/xml" => Some(Self::Xml),
            _ => None,
        }
    }

    /// The same where documents are asked for: general XML is what a document may be, and what browsers ask for.
    fn of_resource(essence: &str) -> Option<Self> {
        Self::named(essence).filter(|_| !GENERAL_XML.contains(&essence))
    }
}

/// Media types of XML that may be anything.
const GENERAL_XML: [&str; 2] = ["application/xml", "text/xml"];

/// The form in which a document's bytes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BinaryForm {
    /// As they came, with their own media type.
    Raw,
    /// Inside a Binary resource.
    Resource(Format),
    /// As a page to read; only a CDA document has one.
    Page,
}

/// The media type of CDA documents.
const CDA: &str = "text/xml";
/// The media type of the page.
const HTML: &str = "text/html";

/// How much of a written resource is wanted back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// Headers only.
    Minimal,
    /// The resource.
    Representation,
    /// An outcome with the warnings.
    OperationOutcome,
}

/// The format for an answer; `_format` wins over `Accept`.
///
/// # Errors
/// `not-acceptable`.
pub(super) fn format(headers: &HeaderMap, params: &Params) -> Result<Format, Error> {
    if let Some(wanted) = params::first(params, "_format") {
        // An unescaped `+` reads as a blank in a query string.
        let wanted = wanted.to_ascii_lowercase().replace(' ', "+");
        let essence = wanted.split(';').next().unwrap_or_default();
        return match essence {
            "json" | "*/*" | "" => Ok(Format::Json),
            "xml" => Ok(Format::Xml),
            other => Format::named(other).ok_or_else(|| Code::NotAcceptable.into()),
        };
    }
    let ranges = accepted(headers);
    let named = preferred(&ranges, |range| {
        let general = ["*/*", "application/*", "text/*"].contains(&range.essence.as_str());
        match Format::named(&range.essence) {
            None if general => default(headers),
            named => named,
        }
    });
    named.ok_or_else(|| Code::NotAcceptable.into())
}

/// True when no format is named: what is kept in one form is then given in it.
pub(super) fn takes_any(headers: &HeaderMap, params: &Params) -> bool {
    let named = |range: &MediaType| Format::named(&range.essence).is_some();
    params::first(params, "_format").is_none() && !accepted(headers).iter().any(named)
}

/// The format in which to refuse: what is asked for, or JSON when that is nothing of ours.
pub(super) fn of_refusal(headers: &HeaderMap, uri: &Uri) -> Format {
    let query = params::read(uri.query().unwrap_or_default()).unwrap_or_default();
    let of_a_document = uri.path().contains("/Binary/");
    if of_a_document && params::first(&query, "_format").is_none() {
        // There general XML means the document, not how to be refused it.
        let named = preferred(&accepted(headers), |range| {
            Format::of_resource(&range.essence)
        });
        return named.unwrap_or(Format::Json);
    }
    format(headers, &query).unwrap_or(Format::Json)
}

/// True for `_pretty=true`.
pub(super) fn is_pretty(uri: &Uri) -> bool {
    let query = params::read(uri.query().unwrap_or_default()).unwrap_or_default();
    params::first(&query, "_pretty") == Some("true")
}

/// The first of the heaviest ranges that name something.
fn preferred(ranges: &[MediaType], named: impl Fn(&MediaType) -> Option<Format>) -> Option<Format> {
    let fitting = ranges.iter().filter(|range| range.fits_r4());
    fitting
        .filter_map(|range| Some((range.weight(), named(range)?)))
        // The last of equals wins: from behind, that is the first.
        .rev()
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, format)| format)
}

/// The format for who takes anything: JSON, unless it is excluded.
fn default(headers: &HeaderMap) -> Option<Format> {
    let is_excluded = |format| {
        let mut all = ranges(headers);
        all.any(|range| !range.is_wanted() && Format::named(&range.essence) == Some(format))
    };
    [Format::Json, Format::Xml]
        .into_iter()
        .find(|format| !is_excluded(*format))
}

/// The form for a document of `stored` media type: a FHIR type gets the resource, its own type, `*/*` or nothing the bytes (ITI-68),
/// `text/html` the page of a CDA document where it is preferred to these.
///
/// # Errors
/// `not-acceptable`.
pub(super) fn binary(
    headers: &HeaderMap,
    params: &Params,
    stored: &str,
) -> Result<BinaryForm, Error> {
    let is_cda = stored == CDA;
    if let Some(wanted) = params::first(params, "_format") {
        let is_page = ["html", HTML].contains(&wanted.to_ascii_lowercase().as_str());
        return if is_page && is_cda {
            Ok(BinaryForm::Page)
        } else {
            format(headers, params).map(BinaryForm::Resource)
        };
    }
    let ranges = accepted(headers);
    let family = stored.split('/').next().unwrap_or_default();
    let raw = |range: &MediaType| {
        range.essence == "*/*"
            || range.essence.eq_ignore_ascii_case(stored)
            || (is_cda && GENERAL_XML.contains(&range.essence.as_str()))
            || range.essence.strip_suffix("/*") == Some(family)
    };
    let other = |range: &MediaType| raw(range) || Format::of_resource(&range.essence).is_some();
    if is_cda && prefers_page(&ranges, other) {
        return Ok(BinaryForm::Page);
    }
    let resource = preferred(&ranges, |range| Format::of_resource(&range.essence));
    let weight = |named: &dyn Fn(&MediaType) -> bool| {
        let weights = ranges.iter().filter(|range| named(range));
        weights.map(MediaType::weight).max_by(f32::total_cmp)
    };
    let own = |range: &MediaType| range.essence.eq_ignore_ascii_case(stored);
    let fhir = |range: &MediaType| range.fits_r4() && Format::of_resource(&range.essence).is_some();
    // Of two that weigh the same the stored type comes first, where it is named by itself.
    let (bytes, named) = (weight(&own).or(weight(&raw)), weight(&own).is_some());
    match (resource, weight(&fhir), bytes) {
        (Some(format), Some(fhir), Some(bytes)) if fhir > bytes || (fhir == bytes && !named) => {
            Ok(BinaryForm::Resource(format))
        }
        (Some(format), _, None) => Ok(BinaryForm::Resource(format)),
        (_, _, Some(_)) => Ok(BinaryForm::Raw),
        (None, _, None) => Err(Code::NotAcceptable.into()),
    }
}

/// Media types that are named, in the order of their weight, and that a document of type `stored` is not given in by itself: perhaps
/// that of the file inside. Empty when the stored type itself is named.
pub(super) fn other_types(headers: &HeaderMap, stored: &str) -> Vec<String> {
    let mut ranges = accepted(headers);
    if ranges
        .iter()
        .any(|r| r.essence.eq_ignore_ascii_case(stored))
    {
        return Vec::new();
    }
    ranges.retain(|r| {
        let wildcard = r.essence.ends_with("/*");
        !wildcard && r.essence != HTML && Format::named(&r.essence).is_none()
    });
    ranges.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    ranges.into_iter().map(|range| range.essence).collect()
}

/// True when `text/html` is named, and every range of the other forms has less weight, or as much and is a wildcard or comes later.
fn prefers_page(ranges: &[MediaType], other: impl Fn(&MediaType) -> bool) -> bool {
    let pages = ranges.iter().enumerate().filter(|(_, r)| r.essence == HTML);
    // The first of the heaviest.
    let Some((at, page)) = pages
        .rev()
        .max_by(|a, b| a.1.weight().total_cmp(&b.1.weight()))
    else {
        return false;
    };
    let yields = |(i, range): (usize, &MediaType)| {
        let (weight, most) = (range.weight(), page.weight());
        weight < most || (weight == most && (i > at || range.essence.ends_with("/*")))
    };
    let mut others = ranges.iter().enumerate().filter(|(_, range)| other(range));
    others.all(yields)
}

/// The format of a body that holds a resource. Without `Content-Type` it is taken for JSON, and its reader judges.
///
/// # Errors
/// `unsupported-media-type`.
pub(super) fn body(headers: &HeaderMap) -> Result<Format, Error> {
    let Some(media) = content_type(headers) else {
        return match headers.get(header::CONTENT_TYPE) {
            // A page can send such a body to any server unasked: its browser asks first when there is a type.
            None if headers.contains_key(header::ORIGIN) => Err(Code::UnsupportedMediaType.into()),
            None => Ok(Format::Json),
            Some(_) => Err(Code::UnsupportedMediaType.into()),
        };
    };
    let utf8 = media
        .parameter("charset")
        .is_none_or(|charset| ["utf-8", "utf8", "us-ascii"].contains(&charset));
    Format::named(&media.essence)
        .filter(|_| utf8 && media.fits_r4())
        .ok_or_else(|| Code::UnsupportedMediaType.into())
}

/// The forms of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchForm {
    /// `application/json-patch+json` (RFC 6902).
    Json,
    /// `application/xml-patch+xml` (RFC 5261).
    Xml,
    /// FHIRPath Patch: a Parameters resource.
    Parameters(Format),
}

/// The form of the patch in a body.
///
/// # Errors
/// `unsupported-media-type`.
pub(super) fn patch(headers: &HeaderMap) -> Result<PatchForm, Error> {
    match content_type(headers)
        .as_ref()
        .map(|media| media.essence.as_str())
    {
        Some("application/json-patch+json") => Ok(PatchForm::Json),
        Some("application/xml-patch+xml") => Ok(PatchForm::Xml),
        Some("application/fhir+json") => Ok(PatchForm::Parameters(Format::Json)),
        Some("application/fhir+xml") => Ok(PatchForm::Parameters(Format::Xml)),
        _ => Err(Code::UnsupportedMediaType.into()),
    }
}

/// True for a body that is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|media| media.essence == "application/x-www-form-urlencoded")
}

/// `Prefer: return=…`; None when nothing is said.
///
/// # Errors
/// `header-invalid` for another value.
pub(super) fn wanted_return(headers: &HeaderMap) -> Result<Option<Return>, Error> {
    match preference(headers, "return").as_deref() {
        None => Ok(None),
        Some("representation") => Ok(Some(Return::Representation)),
        Some("minimal") => Ok(Some(Return::Minimal)),
        Some("operationoutcome") => Ok(Some(Return::OperationOutcome)),
        Some(_) => Err(Issue::new(Code::HeaderInvalid)
            .with("header", "Prefer")
            .into()),
    }
}

/// `Prefer: handling=strict`: unknown search parameters are refused.
pub(super) fn strict_handling(headers: &HeaderMap) -> bool {
    preference(headers, "handling").as_deref() == Some("strict")
}

fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    texts(headers, header::HeaderName::from_static("prefer"))
        .flat_map(|text| text.split([',', ';']))
        .find_map(|item| {
            let (key, value) = item.split_once('=')?;
            let value = value.trim().trim_matches('"').to_ascii_lowercase();
            key.trim().eq_ignore_ascii_case(name).then_some(value)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        let value = HeaderValue::from_str(value).expect("value");
        HeaderMap::from_iter([(name, value)])
    }

    fn accept(value: &str) -> HeaderMap {
        with(header::ACCEPT, value)
    }

    fn query(text: &str) -> Params {
        params::read(text).expect("query")
    }

    #[test]
    fn json_is_given_to_who_can_take_it() {
        for good in [
            "application/fhir+json",
            "application/json, application/fhir+xml",
            "application/fhir+xml;q=0.3, application/json;q=0.4",
            "application/fhir+xml; fhirVersion=5.0, application/json;q=0.1",
            "text/json",
            "*/*",
            "text/html, application/*;q=0.1",
            "application/fhir+json; fhirVersion=4.0",
            "Application/FHIR+JSON; charset=utf-8",
        ] {
            assert_eq!(
                format(&accept(good), &query("")),
                Ok(Format::Json),
                "{good}"
            );
        }
        assert_eq!(format(&HeaderMap::new(), &query("")), Ok(Format::Json));
        for bad in [
            "application/fhir+turtle",
            "text/html",
            "application/fhir+xml;q=0",
            "application/fhir+json;q=0",
            "application/fhir+json; fhirVersion=5.0",
        ] {
            let error = format(&accept(bad), &query("")).expect_err(bad);
            assert_eq!(error.code(), Code::NotAcceptable);
        }
    }

    #[test]
    fn xml_is_given_to_who_prefers_it() {
        for good in [
            "application/fhir+xml",
            "application/xml; charset=utf-8",
            "text/xml",
            "application/json;q=0.3, application/fhir+xml",
            "application/fhir+xml, application/fhir+json",
            "application/fhir+xml; fhirVersion=4.0, */*;q=0.1",
            "application/fhir+json;q=0, */*",
            "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
        ] {
            assert_eq!(format(&accept(good), &query("")), Ok(Format::Xml), "{good}");
        }
    }

    #[test]
    fn refusals_come_in_the_format_that_can_be_told() {
        let told =
            |accept_: &str, uri: &'static str| of_refusal(&accept(accept_), &Uri::from_static(uri));
        assert_eq!(told("application/fhir+xml", "/"), Format::Xml);
        assert_eq!(told("application/fhir+json", "/?_format=xml"), Format::Xml);
        assert_eq!(told("text/html", "/"), Format::Json);
        assert_eq!(told("application/fhir+xml", "/?_format=csv"), Format::Json);
        assert!(is_pretty(&Uri::from_static("/?_pretty=true")));
        assert!(!is_pretty(&Uri::from_static("/?_pretty=false")));
    }

    #[test]
    fn the_parameter_wins_over_the_header() {
        let xml = accept("application/fhir+xml");
        for good in ["_format=json", "_format=application/fhir+json"] {
            assert_eq!(format(&xml, &query(good)), Ok(Format::Json), "{good}");
        }
        let json = accept("application/fhir+json");
        for good in [
            "xml",
            "application/fhir%2Bxml",
            "application/fhir+xml",
            "text/xml",
        ] {
            let query = query(&format!("_format={good}"));
            assert_eq!(super::format(&json, &query), Ok(Format::Xml), "{good}");
        }
        assert!(format(&json, &query("_format=turtle")).is_err());
    }

    #[test]
    fn documents_come_raw_unless_a_fhir_type_is_asked() {
        let form = |accept_: &str| binary(&accept(accept_), &query(""), "text/xml");
        assert_eq!(form("text/xml"), Ok(BinaryForm::Raw));
        assert_eq!(form("*/*"), Ok(BinaryForm::Raw));
        assert_eq!(form("text/*"), Ok(BinaryForm::Raw));
        let none = binary(&HeaderMap::new(), &query(""), "text/xml");
        assert_eq!(none, Ok(BinaryForm::Raw));
        let resource = Ok(BinaryForm::Resource(Format::Json));
        assert_eq!(form("application/fhir+json"), resource);
        assert_eq!(form("application/fhir+json, */*;q=0.1"), resource);
        assert_eq!(
            form("text/xml, application/fhir+json;q=0.5"),
            Ok(BinaryForm::Raw)
        );
        assert_eq!(form("text/xml;q=0.1, application/fhir+json"), resource);
        assert_eq!(
            form("application/fhir+json;q=0.5, */*"),
            Ok(BinaryForm::Raw)
        );
        assert_eq!(form("application/fhir+json, */*"), resource);
        assert_eq!(form("application/fhir+json, text/xml"), Ok(BinaryForm::Raw));
        assert_eq!(form("application/xml"), Ok(BinaryForm::Raw));
        assert!(form("application/pdf").is_err());
        let resource = Ok(BinaryForm::Resource(Format::Xml));
        assert_eq!(form("application/fhir+xml"), resource);
        assert_eq!(
            form("application/fhir+json;q=0.5, application/fhir+xml"),
            resource
        );
        let pdf = |text: &str| binary(&accept(text), &query(""), "application/pdf");
        assert_eq!(pdf("application/fhir+xml"), resource);
        assert_eq!(
            pdf("text/html, application/xml;q=0.9, */*;q=0.8"),
            Ok(BinaryForm::Raw)
        );
        assert!(pdf("application/xml").is_err());
    }

    #[test]
    fn the_page_of_a_cda_document_comes_where_it_is_preferred() {
        let form = |accept_: &str| binary(&accept(accept_), &query(""), "text/xml");
        for page in [
            "text/html",
            "Text/HTML; charset=utf-8",
            // A browser's.
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html, */*",
            "*/*, text/html",
            "text/html, text/xml",
            "text/xml;q=0.5, text/html;q=0.6",
            "application/fhir+json;q=0.1, text/html;q=0.2",
            "text/html;q=0.1, application/pdf",
        ] {
            assert_eq!(form(page), Ok(BinaryForm::Page), "{page}");
        }
        for raw in [
            "text/xml, text/html",
            "text/html;q=0.5, */*",
            "text/html;q=0, text/*",
        ] {
            assert_eq!(form(raw), Ok(BinaryForm::Raw), "{raw}");
        }
        let json = Ok(BinaryForm::Resource(Format::Json));
        assert_eq!(form("application/fhir+json, text/html"), json);
        assert_eq!(form("text/html;q=0.5, application/json"), json);
        let named = |format: &str| binary(&accept("*/*"), &query(format), "text/xml");
        assert_eq!(named("_format=html"), Ok(BinaryForm::Page));
        assert_eq!(named("_format=text/html"), Ok(BinaryForm::Page));

        let pdf = |accept_: &str| binary(&accept(accept_), &query(""), "application/pdf");
        assert!(pdf("text/html").is_err());
        assert_eq!(pdf("text/html, */*;q=0.1"), Ok(BinaryForm::Raw));
        let pdf = binary(&accept("*/*"), &query("_format=html"), "application/pdf");
        assert!(pdf.is_err());
    }

    #[test]
    fn bodies_are_json_or_xml_in_utf8() {
        let of = |text: &str| body(&with(header::CONTENT_TYPE, text));
        for good in [
            "application/fhir+json",
            "application/json; charset=UTF-8",
            "application/fhir+json;fhirVersion=4.0",
        ] {
            assert_eq!(of(good), Ok(Format::Json), "{good}");
        }
        for good in [
            "application/fhir+xml",
            "application/xml",
            "text/xml; charset=utf-8",
        ] {
            assert_eq!(of(good), Ok(Format::Xml), "{good}");
        }
        for bad in [
            "application/fhir+turtle",
            "text/xml; charset=utf-16",
            "text/plain",
            "application/json; charset=iso-8859-1",
            "json",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert_eq!(body(&HeaderMap::new()), Ok(Format::Json));
        let page = with(header::ORIGIN, "https://elsewhere.example");
        assert!(body(&page).is_err());
    }

    #[test]
    fn preferences_are_read_among_others() {
        let prefer = |text| with(header::HeaderName::from_static("prefer"), text);
        let wanted = |text| wanted_return(&prefer(text));
        assert_eq!(wanted("return=minimal"), Ok(Some(Return::Minimal)));
        assert_eq!(
            wanted("handling=strict, return=OperationOutcome"),
            Ok(Some(Return::OperationOutcome))
        );
        assert_eq!(wanted("respond-async"), Ok(None));
        assert!(wanted("return=everything").is_err());
        assert!(strict_handling(&prefer("return=minimal; handling=strict")));
        assert!(!strict_handling(&prefer("handling=lenient")));
    }
}
