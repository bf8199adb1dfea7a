//! What was observed afterwards: a contained Observation each.

use super::super::Reading;
use super::super::datatype::coding;
use super::super::datatype::contained::Contained;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::read::{concept, time};
use super::{DATA_ABSENT, OBSERVED};
use crate::dmp::vaccination::{MAX_REACTIONS, Reaction};
use crate::error::{Code, Issue};

/// Reads the reactions.
pub(super) fn reactions<'a>(
    node: Node<'a>,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Vec<Reaction> {
    let mut reactions = Vec::new();
    for (rank, told) in node.items("reaction").enumerate() {
        if rank == MAX_REACTIONS {
            found.refuse(told.issue(Code::UnsupportedElement));
            break;
        }
        found.weigh_all(Weight::Key, told.only(&["date", "detail", "reported"]));
        if told.get("reported").is_some() {
            found.ignored(told.path_of("reported"));
        }
        let detail = told.get("detail");
        if let Some(detail) = detail {
            let known = ["reference", "type"];
            found.weigh_all(Weight::Detail, detail.only(&known));
            found.labels(detail, &["type"]);
        }
        let target = detail.and_then(|detail| detail.str("reference"));
        let Some(observation) = target.and_then(|target| contained.find(target)) else {
            found.refuse(invalid(
                told.path_of("detail"),
                "une Observation contenue est attendue",
                "a contained Observation is expected",
            ));
            continue;
        };
        let known = ["id", "status", "code", "valueCodeableConcept"];
        found.weigh_all(Weight::Key, observation.only(&known));
        if observation.str("status") != Some(OBSERVED) {
            found.labels(observation, &["status"]);
        }
        let kind = observation.get("code").filter(|code| !is_absent(*code));
        let kind = kind.and_then(|code| coding::read_concept(code, Weight::Key, found, reading));
        let finding = concept(observation, "valueCodeableConcept", found, reading);
        match finding.filter(|finding| !finding.is_empty()) {
            Some(finding) => reactions.push(Reaction {
                date: told.get("date").and_then(time),
                kind,
                finding,
            }),
            None => {
                let path = observation.path_of("valueCodeableConcept");
                found.refuse(Issue::new(Code::ElementRequired).at(path));
            }
        }
    }
    reactions
}

fn is_absent(node: Node) -> bool {
    node.extensions(DATA_ABSENT).next().is_some()
}
