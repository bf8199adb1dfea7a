//! Any bytes as a CDA document: shared by the fuzz target and by `tests/cda_mutants.rs`.

use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::document::{Availability, DocumentEntry, DocumentMetadata};
use passerelle::dmp::time::Instant;
use passerelle::error::Severity;
use passerelle::tables::Tables;
use passerelle::translate::Reading;
use passerelle::translate::cda::{check, check_names, read_header, read_whole, to_metadata};
use passerelle::translate::{document_reference, wire};
use uuid::Uuid;

/// What must hold whatever comes in: what is served of it is R4 in both forms, both readings agree, every fault has a place and a
/// name, and the checker refuses exactly what the reader and the metadata refuse.
///
/// # Panics
/// When it does not.
pub(crate) fn any_bytes(bytes: &[u8], tables: &Tables) {
    let reading = Reading {
        tables,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "",
    };
    let fast = read_header(bytes);
    let is_usable = match read_whole(bytes) {
        Ok((whole, _)) => {
            assert_eq!(fast.as_ref(), Ok(&whole));
            let metadata = to_metadata(&whole, bytes, &reading);
            metadata
                .map(|(metadata, _)| served(metadata, &reading))
                .is_ok()
        }
        Err(issues) => {
            assert!(issues.iter().all(|issue| issue.position.is_some()));
            false
        }
    };
    if let Err(issue) = fast {
        assert!(issue.position.is_some());
    }
    let issues = check(bytes, &reading);
    let is_error = |severity: Severity| severity == Severity::Error;
    let is_refused = issues.iter().any(|issue| is_error(issue.severity));
    assert_eq!(is_refused, !is_usable, "{issues:?}");
    // A name in braces that nothing was put in the place of; unless the document has some of its own.
    let may_be_told = bytes.contains(&b'{');
    for issue in &issues {
        assert!(issue.line.is_some() && issue.column.is_some(), "{issue:?}");
        let is_known = |(name, _): &(&str, _)| *name == issue.check;
        assert!(check_names().iter().any(is_known), "{issue:?}");
        assert!(may_be_told || !issue.message_fr.contains('{'), "{issue:?}");
    }
    assert!(issues.is_sorted_by_key(|issue| !is_error(issue.severity)));
}

/// The resource of a document with these metadata, were it deposited so.
fn served(metadata: DocumentMetadata, reading: &Reading) {
    let entry = DocumentEntry {
        id: Uuid::nil(),
        entry_uuid: Uuid::nil(),
        former_uuids: Vec::new(),
        version: 1,
        availability: Availability::Approved,
        content_id: Uuid::nil(),
        submission_id: Uuid::nil(),
        updated: Instant::UNIX_EPOCH,
        deposited: Instant::UNIX_EPOCH,
        depositor: "899900000001".to_owned(),
        depositor_structure: None,
        declared_structure: None,
        from_patient: false,
        metadata,
    };
    let resource = document_reference::write(&entry, reading);
    let problems = wire::check(&resource, "DocumentReference", "DocumentReference");
    assert_eq!(problems, [], "{resource}");
    let xml = wire::write_xml(&resource).expect("XML");
    let back = wire::read_xml(xml.as_bytes(), "DocumentReference").expect("read again");
    assert_eq!(back, resource);
}
