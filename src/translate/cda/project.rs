//! The header as `cda metadata` prints it (contract §5), and the format that its templates give.

use serde_json::{Value, json};

use super::{BodyKind, CdaAuthor, CdaHeader};
use crate::dmp::code::Code;
use crate::dmp::document::Sha1;
use crate::dmp::person::Identifier;
use crate::dmp::time::Timestamp;
use crate::tables::Tables;

/// The template of every unstructured document (IHE XDS-SD): its media type tells the format, not the template.
const UNSTRUCTURED: &str = "1.3.6.1.4.1.19376.1.2.20";

/// The format of a document: the first of its templates that has one (ASS_A11), the media type for an unstructured body (ASS_A12).
pub fn format_of(header: &CdaHeader, tables: &Tables) -> Option<Code> {
    let terminology = &tables.terminology;
    let by_media_type = || {
        let media_type = header.media_type.as_deref()?;
        terminology.format_of_media_type(media_type)
    };
    let by_template = header.template_ids.iter().find_map(|(root, extension)| {
        if root == UNSTRUCTURED {
            by_media_type()
        } else {
            terminology.format_of_template(root, extension.as_deref())
        }
    });
    by_template.or_else(by_media_type)
}

/// The object of contract §5; every key is there, `null` or `[]` when the header says nothing.
pub fn metadata_json(header: &CdaHeader, bytes: &[u8], tables: &Tables) -> Value {
    let class = tables.terminology.class_of(&header.type_code);
    let relations = header.relations.iter().zip(&header.written.relations);
    let time = |time: &Option<Timestamp>| time.as_ref().map(Timestamp::to_hl7);
    json!({
        "unique_id": header.written.unique_id,
        "set_id": header.written.set_id,
        "version": header.version,
        "type": {
            "code": header.type_code.code,
            "system_oid": filled(&header.type_code.system),
            "display": header.type_code.display,
        },
        "class": class.as_ref().map(code),
        "format": format_of(header, tables).as_ref().map(code),
        "title": header.title,
        "language": header.language,
        "confidentiality": header.confidentiality.iter().map(code).collect::<Vec<_>>(),
        "creation_time": header.creation_time.to_hl7(),
        "service_start": time(&header.service_start),
        "service_stop": time(&header.service_stop),
        "patient_ids": header.patient_ids.iter().map(identifier).collect::<Vec<_>>(),
        "source_patient": {
            "family_birth": header.family_birth,
            "family_used": header.family_used,
            "given": header.given,
            "birth_date": time(&header.birth_date),
            "sex": header.sex,
        },
        "authors": header.authors.iter().map(author).collect::<Vec<_>>(),
        "legal_authenticator": header.legal_authenticator.as_ref().map(|person| json!({
            "id": person.id.as_ref().map(identifier),
            "family": person.name.family,
            "given": person.name.given,
        })),
        "facility_type": header.facility_type.as_ref().map(code),
        "practice_setting": header.practice_setting.as_ref().map(code),
        "events": header.events.iter().map(code).collect::<Vec<_>>(),
        "replaces": relations.map(|((kind, _), id)| json!({
            "relation": kind.cda(),
            "id": id,
        })).collect::<Vec<_>>(),
        "references": header.references.iter().map(|reference| json!({
            "id": caret(&reference.id),
            "type": reference.kind.name(),
        })).collect::<Vec<_>>(),
        "template_ids": header.template_ids.iter().map(|(root, extension)| match extension {
            Some(extension) => format!("{root}^{extension}"),
            None => root.clone(),
        }).collect::<Vec<_>>(),
        "body": match header.body {
            BodyKind::Structured => "structured",
            BodyKind::Unstructured => "unstructured",
        },
        "media_type": header.media_type,
        "size": bytes.len(),
        "sha1": Sha1(openssl::sha::sha1(bytes)).hex(),
    })
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn code(code: &Code) -> Value {
    json!({ "code": code.code, "system_oid": filled(&code.system) })
}

fn identifier(id: &Identifier) -> Value {
    json!({ "root": id.root, "extension": filled(&id.extension) })
}

fn caret(id: &Identifier) -> String {
    match filled(&id.extension) {
        Some(extension) => format!("{}^{extension}", id.root),
        None => id.root.clone(),
    }
}

fn author(author: &CdaAuthor) -> Value {
    let institution = match (&author.institution_id, &author.institution_name) {
        (None, None) => Value::Null,
        (id, name) => json!({
            "id": id.as_ref().map(|id| filled(&id.extension).unwrap_or(&id.root)),
            "name": name,
        }),
    };
    json!({
        "id": author.id.as_ref().map(identifier),
        "family": author.name.family,
        "given": author.name.given,
        "specialty": author.specialty.as_ref().map(code),
        "role": author.role.as_ref().map(code),
        "institution": institution,
        "device": author.device,
    })
}
