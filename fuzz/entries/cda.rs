//! Any bytes as a CDA document: shared by the fuzz target and by `tests/cda_mutants.rs`.

use passerelle::dmp::context::{Environment, Validation};
use passerelle::error::Severity;
use passerelle::tables::Tables;
use passerelle::translate::Reading;
use passerelle::translate::cda::{check, check_names, read_header, read_whole, to_metadata};

/// What must hold whatever comes in: both readings agree, every fault has a place and a name, and the checker refuses exactly
/// what the reader and the metadata refuse.
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
            to_metadata(&whole, bytes, &reading).is_ok()
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
