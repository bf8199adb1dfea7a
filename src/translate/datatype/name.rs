//! HumanName ↔ names as the DMP keeps them: a family name, and given names joined by a blank.

use serde_json::Value;

use super::contained::only_extensions;
use super::object::Object;
use crate::dmp::person::PersonName;
use crate::error::Code;
use crate::translate::findings::{Findings, Weight};
use crate::translate::wire::Node;

/// The given names as FHIR lists them.
pub(in crate::translate) fn given_list(given: &str) -> Vec<Value> {
    let names: Vec<&str> = given.split(' ').collect();
    // Blanks that splitting would lose stay inside one name.
    match names.iter().any(|name| name.is_empty()) {
        true => vec![given.into()],
        false => names.into_iter().map(Into::into).collect(),
    }
}

pub(in crate::translate) fn write(
    usage: Option<&str>,
    family: Option<&str>,
    given: Option<&str>,
) -> Value {
    let name = Object::new()
        .maybe("family", family)
        .maybe("given", given.map(given_list))
        .build();
    match (usage, name) {
        (Some(usage), Value::Object(members)) if !members.is_empty() => {
            let mut name = Object::new().put("use", usage);
            for (key, value) in members {
                name = name.put(&key, value);
            }
            name.build()
        }
        (_, name) => name,
    }
}

/// Reads a HumanName; its extensions are left to the caller; prefix, suffix and period are told as lost, and so is a text that family and given don't say.
pub(in crate::translate) fn read(node: Node, found: &mut Findings) -> PersonName {
    let known = ["extension", "use", "text", "family", "given"];
    found.weigh_all(Weight::Detail, node.only(&known));
    let given: Vec<&str> = node
        .items("given")
        .filter_map(|given| given.as_str())
        .collect();
    let mut name = PersonName {
        family: node.str("family").map(str::to_owned),
        given: (!given.is_empty()).then(|| given.join(" ")),
    };
    if let Some(text) = node.get("text") {
        let told = |word: &str| {
            [&name.family, &name.given]
                .into_iter()
                .flatten()
                .any(|part| part.split(' ').any(|known| known == word))
        };
        let label = text.as_str().unwrap_or_default();
        if name == PersonName::default() {
            name.family = Some(label.to_owned());
        } else if !label.split(' ').all(told) {
            found.tolerate(text.issue(Code::UnsupportedElement));
        }
    }
    name
}

/// The name of a person who has at most one, as `name[0]`.
pub(in crate::translate) fn read_first(parent: Node, found: &mut Findings) -> PersonName {
    let mut names = parent.items("name");
    let name = names.next().map(|node| {
        only_extensions(node, &[], Weight::Detail, found);
        found.labels(node, &["use"]);
        read(node, found)
    });
    for other in names {
        found.tolerate(other.issue(Code::UnsupportedElement));
    }
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_are_listed_and_blanks_never_lost() {
        assert_eq!(given_list("DOMINIQUE MARIE-LOUISE").len(), 2);
        assert_eq!(given_list("A  B"), vec![Value::from("A  B")]);
        assert_eq!(given_list(" A"), vec![Value::from(" A")]);
    }
}
