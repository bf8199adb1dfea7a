//! Coding and CodeableConcept ↔ [`Code`].

use serde_json::Value;

use super::object::Object;
use crate::dmp::code::Code;
use crate::dmp::id::Oid;
use crate::error::{self, Issue};
use crate::tables::terminology::List;
use crate::translate::Reading;
use crate::translate::findings::{Findings, Weight};
use crate::translate::wire::Node;

/// The OID (or `URN`, `ASTM`) of a FHIR code system; None when no table knows it.
pub(in crate::translate) fn oid_of(url: &str, reading: &Reading) -> Option<String> {
    match url.parse::<Oid>() {
        Ok(oid) => Some(oid.as_str().to_owned()),
        Err(_) => reading.tables.systems.oid_of(url).map(str::to_owned),
    }
}

/// A Coding, with the label of its value set when there is one.
pub(in crate::translate) fn write(code: &Code, list: Option<List>, reading: &Reading) -> Value {
    let published = list.and_then(|list| reading.tables.terminology.list(list).display(code));
    let system = match code.system.is_empty() {
        true => String::new(),
        false => reading.tables.systems.url_of(&code.system),
    };
    Object::new()
        .put("system", system)
        .put("code", code.code.as_str())
        .maybe("display", published.or(code.display.as_deref()))
        .build()
}

/// A CodeableConcept; a code that is nothing but a label becomes its text.
pub(in crate::translate) fn write_concept(
    code: &Code,
    list: Option<List>,
    reading: &Reading,
) -> Value {
    if code.code.is_empty() {
        return Object::new().maybe("text", code.display.as_deref()).build();
    }
    Object::new()
        .put("coding", vec![write(code, list, reading)])
        .build()
}

/// Reads a Coding. None when it can't be read, which is then told.
pub(in crate::translate) fn read(
    node: Node,
    weight: Weight,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Code> {
    found.weigh_all(weight, node.only(&["system", "code", "display"]));
    let mut part = |name: &str| {
        let text = node.str(name);
        if text.is_none() {
            let issue = Issue::new(error::Code::ElementRequired).at(node.path_of(name));
            found.weigh(weight, issue);
        }
        text
    };
    let (url, code) = (part("system"), part("code"));
    let (url, code) = (url?, code?);
    let Some(system) = oid_of(url, reading) else {
        found.weigh(weight, unknown_system(node, code, url));
        return None;
    };
    Some(Code {
        code: code.to_owned(),
        system,
        display: node.str("display").map(str::to_owned),
    })
}

/// Tells what of a coding is not kept where its code alone is: all but system and code, labels as what they are.
pub(in crate::translate) fn code_alone(node: Node, found: &mut Findings) {
    found.weigh_all(Weight::Detail, node.only(&["system", "code", "display"]));
    found.labels(node, &["display"]);
}

/// The same of a CodeableConcept whose codings are looked at one by one.
pub(in crate::translate) fn codes_alone(node: Node, found: &mut Findings) {
    found.weigh_all(Weight::Detail, node.only(&["coding", "text"]));
    found.labels(node, &["text"]);
    for coding in node.items("coding") {
        code_alone(coding, found);
    }
}

/// The same where one code is given back, and no other one.
pub(in crate::translate) fn one_code(node: Node, own: (&str, &str), found: &mut Findings) {
    codes_alone(node, found);
    let (system, code) = own;
    let own = (Some(system), Some(code));
    for other in node.items("coding") {
        if (other.str("system"), other.str("code")) != own {
            found.ignored(other.path());
        }
    }
}

/// Tells the labels of a Coding or a CodeableConcept that its list words otherwise: the list's are given back.
pub(in crate::translate) fn listed_label(
    node: Node,
    code: &Code,
    list: List,
    found: &mut Findings,
    reading: &Reading,
) {
    let Some(published) = reading.tables.terminology.list(list).display(code) else {
        return;
    };
    let displays = node.items("coding").map(|coding| (coding, "display"));
    for (node, name) in displays.chain([(node, "display"), (node, "text")]) {
        if node.str(name).is_some_and(|label| label != published) {
            found.ignored(node.path_of(name));
        }
    }
}

/// Reads a CodeableConcept with one coding. A second coding that says the same in another system's spelling is let through;
/// a text beside a label is told as lost.
pub(in crate::translate) fn read_concept(
    node: Node,
    weight: Weight,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Code> {
    found.weigh_all(weight, node.only(&["coding", "text"]));
    let mut codings = node.items("coding");
    let Some(first) = codings.next() else {
        let issue = Issue::new(error::Code::ElementRequired).at(node.path_of("coding"));
        found.weigh(weight, issue);
        return None;
    };
    let mut code = read(first, weight, found, reading);
    for other in codings {
        let same = code.is_some() && read(other, weight, found, reading) == code;
        if !same {
            found.weigh(weight, other.issue(error::Code::UnsupportedElement));
        }
    }
    if let (Some(text), Some(code)) = (node.get("text"), &mut code) {
        match (&code.display, text.as_str()) {
            (None, Some(label)) => code.display = Some(label.to_owned()),
            (Some(display), Some(label)) if display == label => {}
            _ => found.tolerate(text.issue(error::Code::UnsupportedElement)),
        }
    }
    code
}

/// Reads a CodeableConcept that may be a text alone.
pub(in crate::translate) fn read_label(
    node: Node,
    weight: Weight,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Code> {
    match (node.get("coding"), node.str("text")) {
        (None, Some(text)) => {
            found.weigh_all(weight, node.only(&["text"]));
            Some(Code {
                code: String::new(),
                system: String::new(),
                display: Some(text.to_owned()),
            })
        }
        _ => match bare(node) {
            Some(code) => Some(code),
            None => read_concept(node, weight, found, reading),
        },
    }
}

/// A coding without system, as headers have it where only a label was meant; the bound list will tell.
fn bare(node: Node) -> Option<Code> {
    let mut codings = node.items("coding");
    let (only, None) = (codings.next()?, codings.next()) else {
        return None;
    };
    let plain = node.only(&["coding"]).is_empty() && only.only(&["code", "display"]).is_empty();
    Some(Code {
        code: only.str("code").filter(|_| plain)?.to_owned(),
        system: String::new(),
        display: only.str("display").map(str::to_owned),
    })
}

/// Checks that a code is of its bound list; a code outside is told, and kept in guide mode.
pub(in crate::translate) fn bind(
    code: &Code,
    list: List,
    path: String,
    weight: Weight,
    found: &mut Findings,
    reading: &Reading,
) {
    let bound = reading.tables.terminology.list(list);
    if !bound.contains(code) {
        let issue = Issue::new(error::Code::CodeInvalid)
            .at(path)
            .with("value", shown(code, reading))
            .with("list", bound.name.clone());
        found.weigh(weight, issue);
    }
}

/// A code as sentences name it: `system|code`.
pub(in crate::translate) fn shown(code: &Code, reading: &Reading) -> String {
    if code.code.is_empty() {
        return code.display.clone().unwrap_or_default();
    }
    let url = reading.tables.systems.url_of(&code.system);
    format!("{url}|{}", code.code)
}

fn unknown_system(node: Node, code: &str, url: &str) -> Issue {
    node.issue(error::Code::CodeInvalid)
        .with("value", format!("{url}|{code}"))
        .with("list", "mappings/systems.csv")
}
