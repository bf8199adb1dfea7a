//! A file wrapped without server: a DocumentReference tells everything that card and record would have told.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::urls;
use super::super::document_reference::{DeclaredDocument, Siblings, read_into};
use super::super::findings::{Findings, invalid};
use super::super::wire::Node;
use super::{media, wrap};
use crate::dmp::person::{PersonName, SourcePatient};
use crate::dmp::record::Traits;
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// The CDA document of level 1 around `bytes`, and what there is to tell. `now` is when it was written, for want of
/// `attachment.creation`. The contained Patient of `context.sourcePatientInfo` is whom the header names; his `patient-birthPlace` is read.
///
/// # Errors
/// Every issue at once: what is missing by its element, what the file is not.
pub fn wrap_alone(
    resource: &Value,
    bytes: Vec<u8>,
    now: Instant,
    reading: &Reading,
) -> Result<(Vec<u8>, Vec<Issue>), Error> {
    let mut resource = resource.clone();
    let birth_place = take_birth_place(&mut resource);
    let mut found = Findings::new(reading);
    let declared = read_into(Node::root(&resource), &Siblings::new(), &mut found, reading);
    if declared.patient.is_none() {
        found.refuse(Issue::new(Code::ElementRequired).at("DocumentReference.subject"));
    }
    let traits = traits(&declared, birth_place, &mut found);
    let media_type = media::of_a_file(&declared, &bytes);
    if media_type.is_none() {
        found.refuse(invalid(
            "DocumentReference.content[0].attachment.contentType",
            "pdf, txt, rtf, jpeg ou tiff est attendu",
            "pdf, txt, rtf, jpeg or tiff is expected",
        ));
    }
    let document = match (traits, media_type) {
        (Some(traits), Some(media_type)) => {
            let file = wrap::File { media_type, bytes };
            let known = wrap::Known {
                traits: &traits,
                author: None,
                keeper: None,
                depositor: String::new(),
            };
            wrap::wrap(declared, &file, &known, now, &mut found, reading)
        }
        _ => None,
    };
    let warnings = found.finish().map_err(Error::many)?;
    let document = document.ok_or(Code::ElementRequired)?;
    Ok((document.content, warnings))
}

/// The strict traits of the patient whom the document is about.
fn traits(
    declared: &DeclaredDocument,
    birth_place: Option<String>,
    found: &mut Findings,
) -> Option<Traits> {
    const PATIENT: &str = "DocumentReference.context.sourcePatientInfo";
    let mut missing = |element: &str| {
        found.refuse(Issue::new(Code::ElementRequired).at(format!("{PATIENT}{element}")));
    };
    let Some(SourcePatient {
        family_birth,
        family_used,
        given,
        birth_date,
        sex,
        ..
    }) = declared.source_patient.clone()
    else {
        missing("");
        return None;
    };
    for (is_missing, element) in [
        (family_birth.is_none() || given.is_none(), ".name"),
        (
            birth_date.as_ref().and_then(|born| born.date()).is_none(),
            ".birthDate",
        ),
        (sex.is_none(), ".gender"),
    ] {
        if is_missing {
            missing(element);
        }
    }
    let first = given.as_deref()?.split_whitespace().next()?.to_owned();
    let used_name = family_used.map(|family| PersonName {
        family: Some(family),
        given: Some(first.clone()),
    });
    Some(Traits {
        birth_name: PersonName {
            family: Some(family_birth?),
            given: Some(first),
        },
        birth_given_names: given,
        used_name,
        sex: sex?,
        birth_date: birth_date?.date()?,
        birth_place,
    })
}

/// Takes the INSEE code of the birth place out of the contained patients: a deposit has no place for it, a header has.
fn take_birth_place(resource: &mut Value) -> Option<String> {
    let mut found = None;
    for contained in resource.get_mut("contained")?.as_array_mut()? {
        let is_patient = contained.get("resourceType").and_then(Value::as_str) == Some("Patient");
        let extensions = contained.get_mut("extension").and_then(Value::as_array_mut);
        let Some(extensions) = extensions.filter(|_| is_patient) else {
            continue;
        };
        let is_place =
            |one: &Value| one.get("url").and_then(Value::as_str) == Some(urls::BIRTH_PLACE);
        let place = extensions.iter().find(|one| is_place(one));
        let codes = place.and_then(|place| place.pointer("/valueAddress/extension")?.as_array());
        let code = codes.into_iter().flatten().find_map(|code| {
            code.pointer("/valueCoding/code")?
                .as_str()
                .map(str::to_owned)
        });
        found = found.or(code);
        extensions.retain(|one| !is_place(one));
        if extensions.is_empty()
            && let Some(patient) = contained.as_object_mut()
        {
            patient.remove("extension");
        }
    }
    found
}
