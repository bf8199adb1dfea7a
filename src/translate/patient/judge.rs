//! A Patient by itself: no URL names it, and no record is kept yet.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::ins;
use super::super::wire::Node;
use super::read::read;
use crate::error::{Code, Error, Issue};

/// Judges a Patient as an operator would send it to open a record.
///
/// # Errors
/// Every issue at once; `element-required` when no identifier is an INS.
pub fn judge(patient: &Value, reading: &Reading) -> Result<Vec<Issue>, Error> {
    let node = Node::root(patient);
    let is_present = |identifier: &Node| {
        let system = identifier.str("system").unwrap_or_default();
        identifier.str("use") != Some("old") && ins::is_ins_system(system)
    };
    let present = node.items("identifier").find(is_present);
    let named =
        present.ok_or_else(|| Issue::new(Code::ElementRequired).at(node.path_of("identifier")))?;
    let text = |name| named.str(name).unwrap_or_default();
    let admitted = ins::admit(text("system"), text("value"), &named.path(), reading);
    let (ins, mut told) = admitted.map_err(Error::from)?;
    let (_, warnings) = read(patient, &ins, reading)?;
    told.extend(warnings);
    Ok(told)
}
