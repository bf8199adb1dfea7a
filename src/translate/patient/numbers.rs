//! The numbers of a Patient: the present one, and with `use = old` those before it (INS-01). A change names the number that it
//! replaces, so that who does not know of it changes nothing.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::ins;
use super::super::document_reference::another_patient;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use crate::dmp::ins::Ins;
use crate::dmp::record::RecordData;
use crate::error::{Code, Issue};

/// Most former numbers of a record.
const MAX_FORMER: usize = 16;

/// The former numbers that a Patient tells: one of them may lead to the record that it is about.
pub fn former(patient: &Value, reading: &Reading) -> Vec<Ins> {
    let told = Node::root(patient)
        .items("identifier")
        .filter(|node| is_old(*node));
    told.filter_map(|node| {
        let (system, number) = (node.str("system")?, node.str("value")?);
        let (ins, _) = ins::admit(system, number, &node.path(), reading).ok()?;
        Some(ins)
    })
    .take(MAX_FORMER)
    .collect()
}

/// The present number and the former ones, of what is told, what the URL names and what is kept; None without a URL that names him.
pub(super) fn read(
    patient: Node,
    url: Option<&Ins>,
    kept: Option<&RecordData>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<(Ins, Vec<Ins>)> {
    if url.is_some() && patient.get("identifier").is_none() {
        // The URL names him all the same.
        found.tolerate(Issue::new(Code::ElementRequired).at(patient.path_of("identifier")));
    }
    let mut current: Vec<(Node, Ins)> = Vec::new();
    let mut old: Vec<(Node, Ins)> = Vec::new();
    for node in patient.items("identifier") {
        found.weigh_all(Weight::Key, node.only(&["use", "type", "system", "value"]));
        let system = node.str("system").unwrap_or_default();
        if !ins::is_ins_system(system) {
            found.refuse(node.issue(Code::UnsupportedElement));
            continue;
        }
        let number = node.str("value").unwrap_or_default();
        match ins::admit(system, number, &node.path(), reading) {
            Ok((ins, warnings)) => {
                // The URL's own warning says it already.
                if Some(&ins) != url {
                    found.append(warnings);
                }
                if let Some(kind) = node.get("type") {
                    ins::tell_type(kind, &ins, found);
                }
                match is_old(node) {
                    true => old.push((node, ins)),
                    false => current.push((node, ins)),
                }
            }
            Err(issue) => found.refuse(issue),
        }
    }
    let url = url?;
    let is_old = |ins: &Ins| old.iter().any(|(_, told)| told == ins);
    let is_known = |ins: &Ins| kept.is_some_and(|kept| kept.is_known_by(ins));
    let present = present(&current, url, kept, is_old, found);
    if *url != present && !is_known(url) && !is_old(url) {
        found.refuse(match current.first() {
            Some((node, _)) => another_patient(*node),
            None => another_patient(patient),
        });
    }
    let mut former: Vec<Ins> = kept
        .into_iter()
        .flat_map(RecordData::numbers)
        .cloned()
        .collect();
    for (node, ins) in old {
        if ins == present {
            found.refuse(invalid(
                node.path_of("use"),
                "le matricule présent ne peut être ancien",
                "the present number can't be an old one",
            ));
        } else if !ins.may_become(&present) {
            found.refuse(Issue::new(Code::InsChangeRefused).at(node.path()));
        }
        former.push(ins);
    }
    former.retain(|ins| *ins != present);
    let mut distinct: Vec<Ins> = Vec::with_capacity(former.len());
    for ins in former {
        if !distinct.contains(&ins) {
            distinct.push(ins);
        }
    }
    if distinct.len() > MAX_FORMER {
        found.refuse(invalid(
            patient.path_of("identifier"),
            "trop d'anciens matricules",
            "too many former numbers",
        ));
    }
    Some((present, distinct))
}

/// The number that the record is to carry.
fn present(
    current: &[(Node, Ins)],
    url: &Ins,
    kept: Option<&RecordData>,
    is_old: impl Fn(&Ins) -> bool,
    found: &mut Findings,
) -> Ins {
    let kept_ins = kept.map(|kept| &kept.ins);
    let Some((node, told)) = current.first() else {
        return kept_ins.unwrap_or(url).clone();
    };
    if let Some((another, _)) = current.iter().find(|(_, ins)| ins != told) {
        found.refuse(another_patient(*another));
    }
    let Some(kept) = kept else {
        return told.clone();
    };
    if *told == kept.ins || is_old(&kept.ins) {
        return told.clone();
    }
    // A former number names the record and changes nothing.
    if kept.former.contains(told) {
        if told != url {
            found.append(vec![
                Issue::new(Code::InsReplaced).at(node.path()).warning(),
            ]);
        }
    } else {
        found.refuse(another_patient(*node));
    }
    kept.ins.clone()
}

pub(super) fn is_old(node: Node) -> bool {
    node.str("use") == Some("old")
}
