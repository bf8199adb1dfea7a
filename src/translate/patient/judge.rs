//! A Patient by itself: no URL names it, and no record is kept yet.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::ins;
use super::super::findings::Findings;
use super::super::wire::Node;
use super::read::whole;
use super::{numbers, profile};
use crate::dmp::ins::Ins;
use crate::error::{Code, Error, Issue};

/// Judges a Patient as an operator would send it to open a record.
///
/// # Errors
/// Every issue at once; `element-required` when no identifier is an INS.
pub fn judge(patient: &Value, reading: &Reading) -> Result<Vec<Issue>, Error> {
    let node = Node::root(patient);
    let mut found = Findings::new(reading);
    profile::check(node, &mut found);
    let is_present = |identifier: &Node| {
        let system = identifier.str("system").unwrap_or_default();
        !numbers::is_old(*identifier) && ins::is_ins_system(system)
    };
    let Some(named) = node.items("identifier").find(is_present) else {
        found.refuse(Issue::new(Code::ElementRequired).at(node.path_of("identifier")));
        return everything(patient, None, found, reading);
    };
    let text = |name| named.str(name).unwrap_or_default();
    match ins::admit(text("system"), text("value"), &named.path(), reading) {
        Ok((ins, warnings)) => {
            found.append(warnings);
            everything(patient, Some(&ins), found, reading)
        }
        // Told where the numbers are read.
        Err(_) => everything(patient, None, found, reading),
    }
}

fn everything(
    patient: &Value,
    ins: Option<&Ins>,
    found: Findings,
    reading: &Reading,
) -> Result<Vec<Issue>, Error> {
    let (_, warnings) = whole(patient, ins, None, found, reading)?;
    Ok(warnings)
}
