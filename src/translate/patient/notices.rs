//! Where and of what the holder is told (NOT-04, NOT-07), and whether everything is to be deleted (LC-14).

use serde_json::Value;

use super::super::datatype::object::Object;
use super::super::datatype::urls::ours;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::read::value;
use crate::dmp::record::{Notices, RecordData, RecordState};
use crate::error::Code;

/// Longest address (RFC 5321).
const MAX_ADDRESS: usize = 254;

/// The address and the preference; what is not told stays.
pub(super) fn read(patient: Node, kept: Option<&RecordData>, found: &mut Findings) -> Notices {
    let mut notices = kept.map(|kept| kept.notices.clone()).unwrap_or_default();
    let mut told = false;
    for node in patient.items("telecom") {
        found.weigh_all(
            Weight::Detail,
            node.only(&["system", "value", "use", "rank"]),
        );
        if node.str("system") != Some("email") || std::mem::replace(&mut told, true) {
            // The DMP tells by one e-mail address.
            found.refuse(node.issue(Code::UnsupportedElement));
            continue;
        }
        found.labels(node, &["use", "rank"]);
        let address = node.str("value").unwrap_or_default();
        if is_address(address) {
            notices.email = Some(address.to_owned());
        } else {
            found.refuse(invalid(
                node.path_of("value"),
                "une adresse électronique est attendue",
                "an e-mail address is expected",
            ));
        }
    }
    if let Some(documents) = boolean(patient, ours::NOTIFY_DOCUMENTS, found) {
        notices.documents = documents;
    }
    notices
}

/// A deletion belongs to a closing; opening again cancels it (LC-16).
pub(super) fn read_deletion(
    patient: Node,
    state: RecordState,
    kept: Option<&RecordData>,
    found: &mut Findings,
) -> bool {
    let told = boolean(patient, ours::DELETION_ASKED, found);
    if told == Some(true) && state != RecordState::Closed {
        found.refuse(invalid(
            patient.path_of(&format!("extension('{}')", ours::DELETION_ASKED)),
            "elle contredit record-state",
            "it contradicts record-state",
        ));
    }
    let asked = told.unwrap_or_else(|| kept.is_some_and(|kept| kept.deletion_asked));
    asked && state == RecordState::Closed
}

/// `telecom`, empty without address.
pub(super) fn telecom(data: &RecordData) -> Vec<Value> {
    let address = |address: &String| {
        Object::new()
            .put("system", "email")
            .put("value", address.as_str())
            .build()
    };
    data.notices.email.iter().map(address).collect()
}

fn boolean(patient: Node, url: &str, found: &mut Findings) -> Option<bool> {
    patient.extensions(url).next()?;
    let told = value(patient, url, "valueBoolean").and_then(|node| node.value().as_bool());
    if told.is_none() {
        found.refuse(invalid(
            patient.path_of(&format!("extension('{url}')")),
            "valueBoolean est attendu",
            "valueBoolean is expected",
        ));
    }
    told
}

/// Enough to send there and nowhere else: one `@`, and nothing that a mail header gives a meaning to.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
    };
    text.len() <= MAX_ADDRESS
        && text
            .split_once('@')
            .is_some_and(|(who, host)| plain(who) && plain(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_one_mailbox() {
        for good in [
            "a@b.fr",
            "marie.o'neil+dmp@courriel.example",
            "é@exemple.fr",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b\r\nBcc: c@d",
            "a@b,c@d",
            "<a@b>",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
