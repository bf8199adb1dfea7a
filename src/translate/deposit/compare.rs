//! Declaration against header. Compared is what is meant: codes by code and system, times at the coarser of two precisions, texts
//! without regard to case and blanks. Names, numbers of patients and traits are never repeated in an issue.

mod same;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::Reading;
use super::super::datatype::coding::shown;
use super::super::document_reference::DeclaredDocument;
use super::super::findings::{Findings, Weight};
use crate::dmp::code::Code as Coded;
use crate::dmp::document::{DocumentMetadata, Restriction, Sha1};
use crate::dmp::ins::Ins;
use crate::dmp::person::{Author, Identifier, Organization};
use crate::error::{Code, Issue};
use same::{
    agree, more, name_tells_more, organization_tells_more, same_id, same_members, same_name,
    same_organization, same_patient, same_text, same_time, tells_more,
};

pub(super) use same::same_mime;

/// Stands for a value that an issue may not repeat.
const HIDDEN: &str = "…";

/// Declared size and hash against the bytes.
pub(super) fn check_bytes(
    declared: &DeclaredDocument,
    bytes: &[u8],
    metadata: Option<&DocumentMetadata>,
    found: &mut Findings,
) {
    let attachment = format!("{}.content[0].attachment", declared.path);
    let mut differs = |element: &str, declared: String, computed: String| {
        let issue = Issue::new(Code::HashMismatch)
            .at(format!("{attachment}.{element}"))
            .with("declared", declared)
            .with("found", computed);
        found.refuse(issue);
    };
    let size = bytes.len() as u64;
    if let Some(declared) = declared.size
        && declared != size
    {
        differs("size", declared.to_string(), size.to_string());
    }
    if let Some(declared) = declared.hash {
        let hash = metadata.map(|metadata| metadata.hash);
        let hash = hash.unwrap_or_else(|| Sha1(openssl::sha::sha1(bytes)));
        if declared != hash {
            differs("hash", STANDARD.encode(declared.0), STANDARD.encode(hash.0));
        }
    }
}

/// Every attribute that both sides tell.
pub(super) fn compare(
    declared: &DeclaredDocument,
    header: &DocumentMetadata,
    found: &mut Findings,
    reading: &Reading,
) {
    let mut compare = Compare {
        path: &declared.path,
        found,
        reading,
    };
    compare.keys(declared, header);
    compare.texts(declared, header);
    compare.times(declared, header);
    compare.codes(declared, header);
    compare.people(declared, header);
}

struct Compare<'a> {
    path: &'a str,
    found: &'a mut Findings,
    reading: &'a Reading<'a>,
}

impl Compare<'_> {
    fn differs(&mut self, weight: Weight, element: &str, declared: String, header: String) {
        let issue = Issue::new(Code::MetadataMismatch)
            .at(format!("{}.{element}", self.path))
            .with("declared", declared)
            .with("found", header);
        self.found.weigh(weight, issue);
    }

    /// The header says less of somebody, and who he is stays as it says.
    fn adds_nothing(&mut self, element: &str) {
        let path = format!("{}.{element}", self.path);
        self.found.ignored(path);
    }

    /// What may never differ.
    fn keys(&mut self, declared: &DeclaredDocument, header: &DocumentMetadata) {
        if let Some(id) = &declared.unique_id
            && *id != header.unique_id
        {
            let (declared, header) = (id.to_string(), header.unique_id.to_string());
            self.differs(Weight::Key, "masterIdentifier", declared, header);
        }
        if let Some(patient) = &declared.patient
            && *patient != header.patient
        {
            let root = |ins: &Ins| format!("{}|{HIDDEN}", ins.system());
            let (declared, header) = (root(patient), root(&header.patient));
            self.differs(Weight::Key, "subject", declared, header);
        }
        self.code(
            Weight::Key,
            "type",
            declared.type_code.as_ref(),
            &header.type_code,
        );
        self.code(
            Weight::Key,
            "category[0]",
            declared.class.as_ref(),
            &header.class,
        );
    }

    fn texts(&mut self, declared: &DeclaredDocument, header: &DocumentMetadata) {
        let texts = [
            (
                "content[0].attachment.title",
                &declared.title,
                &header.title,
            ),
            (
                "content[0].attachment.language",
                &declared.language,
                &header.language,
            ),
        ];
        for (element, declared, header) in texts {
            if let Some(text) = declared
                && !same_text(text, header)
            {
                self.differs(Weight::Detail, element, text.clone(), header.clone());
            }
        }
        if let Some(mime) = &declared.mime_type
            && !same_mime(mime, &header.mime_type)
        {
            let element = "content[0].attachment.contentType";
            self.differs(
                Weight::Detail,
                element,
                mime.clone(),
                header.mime_type.clone(),
            );
        }
    }

    fn times(&mut self, declared: &DeclaredDocument, header: &DocumentMetadata) {
        let stop = header.service_stop.as_ref();
        let times = [
            (
                "content[0].attachment.creation",
                &declared.creation_time,
                Some(&header.creation_time),
            ),
            (
                "context.period.start",
                &declared.service_start,
                Some(&header.service_start),
            ),
            ("context.period.end", &declared.service_stop, stop),
        ];
        for (element, declared, header) in times {
            if let (Some(declared), Some(header)) = (declared, header)
                && !same_time(declared, header)
            {
                self.differs(
                    Weight::Detail,
                    element,
                    declared.to_fhir(),
                    header.to_fhir(),
                );
            }
        }
    }

    fn codes(&mut self, declared: &DeclaredDocument, header: &DocumentMetadata) {
        for (element, declared, header) in [
            ("content[0].format", &declared.format, &header.format),
            (
                "context.facilityType",
                &declared.facility_type,
                &header.facility_type,
            ),
            (
                "context.practiceSetting",
                &declared.practice_setting,
                &header.practice_setting,
            ),
        ] {
            self.code(Weight::Detail, element, declared.as_ref(), header);
        }
        if !declared.events.is_empty() && !header.events.is_empty() {
            self.events(&declared.events, &header.events);
        }
        let references = (&declared.references, &header.references);
        let both = !references.0.is_empty() && !references.1.is_empty();
        if both && !same_members(references.0, references.1) {
            let element = "context.related";
            self.differs(
                Weight::Detail,
                element,
                HIDDEN.to_owned(),
                HIDDEN.to_owned(),
            );
        }
        if let Some(labels) = declared.labels
            && labels.restricted != header.labels.restricted
        {
            let (declared, header) = (letter(labels.restricted), letter(header.labels.restricted));
            self.differs(Weight::Detail, "securityLabel", declared, header);
        }
    }

    fn code(&mut self, weight: Weight, element: &str, declared: Option<&Coded>, header: &Coded) {
        if let Some(code) = declared
            && code != header
        {
            let (declared, header) = (shown(code, self.reading), shown(header, self.reading));
            self.differs(weight, element, declared, header);
        }
    }

    fn events(&mut self, declared: &[Coded], header: &[Coded]) {
        if !same_members(declared, header) {
            let list = |codes: &[Coded]| {
                let codes: Vec<_> = codes.iter().map(|code| shown(code, self.reading)).collect();
                codes.join(", ")
            };
            let (declared, header) = (list(declared), list(header));
            self.differs(Weight::Detail, "context.event", declared, header);
        }
    }

    fn people(&mut self, declared: &DeclaredDocument, header: &DocumentMetadata) {
        for (index, author) in declared.authors.iter().enumerate() {
            let element = format!("author[{index}]");
            let same = header.authors.iter().filter(|other| agree(author, other));
            let same: Vec<&Author> = same.collect();
            if same.is_empty() {
                let header = header.authors.iter().map(author_shown);
                let header = header.collect::<Vec<_>>().join(", ");
                self.differs(Weight::Detail, &element, author_shown(author), header);
            } else if same.iter().all(|other| tells_more(author, other)) {
                self.adds_nothing(&element);
            }
        }
        if let (Some(one), Some(other)) =
            (&declared.legal_authenticator, &header.legal_authenticator)
        {
            let same =
                same_id(one.id.as_ref(), other.id.as_ref()) && same_name(&one.name, &other.name);
            if !same {
                let (declared, header) = (id_shown(one.id.as_ref()), id_shown(other.id.as_ref()));
                self.differs(Weight::Detail, "authenticator", declared, header);
            } else if more(&one.id, &other.id) || name_tells_more(&one.name, &other.name) {
                self.adds_nothing("authenticator");
            }
        }
        if let Some(custodian) = &declared.custodian
            && !same_organization(custodian, &header.custodian)
        {
            let (declared, header) = (
                organization_shown(custodian),
                organization_shown(&header.custodian),
            );
            self.differs(Weight::Detail, "custodian", declared, header);
        } else if let Some(custodian) = &declared.custodian
            && organization_tells_more(custodian, &header.custodian)
        {
            self.adds_nothing("custodian");
        }
        if let Some(patient) = &declared.source_patient
            && !same_patient(patient, &header.source_patient)
        {
            let element = "context.sourcePatientInfo";
            self.differs(
                Weight::Detail,
                element,
                HIDDEN.to_owned(),
                HIDDEN.to_owned(),
            );
        }
    }
}

/// An author as an issue may name him: by a professional identifier, never by name.
fn author_shown(author: &Author) -> String {
    let institution = author
        .institution
        .as_ref()
        .and_then(|institution| institution.id.as_ref());
    id_shown(author.id.as_ref().or(institution))
}

/// Identifiers of the national directories may be told; any other may be a patient's.
fn id_shown(id: Option<&Identifier>) -> String {
    use crate::dmp::code::system::{PS_ID_NAT, STRUCT_ID_NAT};
    match id {
        Some(id) if id.root == PS_ID_NAT || id.root == STRUCT_ID_NAT => id.extension.clone(),
        _ => HIDDEN.to_owned(),
    }
}

fn organization_shown(organization: &Organization) -> String {
    let name = organization.name.clone();
    match &organization.id {
        Some(id) => id_shown(Some(id)),
        None => name.unwrap_or_default(),
    }
}

fn letter(restriction: Restriction) -> String {
    match restriction {
        Restriction::Normal => "N",
        Restriction::Restricted => "R",
        Restriction::VeryRestricted => "V",
    }
    .to_owned()
}
