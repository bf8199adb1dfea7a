//! Who and where: the resources that a Composition leads to, as contained resources of a DocumentReference.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{first_coding, items, list, only, text};
use crate::translate::datatype::ins::is_ins_system;

/// What of a person or an organisation the model carries; the elements that stand once there, whatever R4 says.
const CARRIED: [(&str, &[&str], &[&str]); 6] = [
    ("Practitioner", &["identifier"], &["name"]),
    ("PractitionerRole", &["identifier"], &["code", "specialty"]),
    ("Organization", &["identifier", "name"], &[]),
    ("Device", &["identifier", "type"], &["deviceName"]),
    ("Patient", &["identifier", "gender", "birthDate"], &["name"]),
    ("RelatedPerson", &["identifier"], &["name"]),
];

/// References from one of them to another.
const LINKS: [&str; 4] = [
    "practitioner",
    "organization",
    "owner",
    "managingOrganization",
];

/// The resources of the document, and those that its reference contains.
pub(super) struct Making<'a> {
    /// By their URLs, as written and below any base.
    resources: HashMap<&'a str, &'a Value>,
    composition: &'a Value,
    pub(super) contained: Vec<Value>,
    /// Where in the document a contained resource comes from → its id.
    ids: HashMap<*const Value, String>,
}

impl<'a> Making<'a> {
    /// Nothing is contained yet.
    pub(super) fn of(document: &'a Value, composition: &'a Value) -> Self {
        Self {
            resources: by_url(document),
            composition,
            contained: Vec::new(),
            ids: HashMap::new(),
        }
    }

    /// The resource of the document that a reference leads to.
    pub(super) fn resolve(&self, to: &Value) -> Option<&'a Value> {
        let reference = text(to, "reference")?;
        if let Some(id) = reference.strip_prefix('#') {
            let mut contained = items(self.composition, "contained");
            return contained.find(|one| text(one, "id") == Some(id));
        }
        self.resources.get(reference).copied()
    }

    /// A reference to a party as a DocumentReference has it: to a contained resource, or by identifier and label.
    pub(super) fn party(&mut self, to: &Value) -> Option<Value> {
        self.linked(to, true)
    }

    /// The same; what it leads to is followed once more, and no further.
    fn linked(&mut self, to: &Value, further: bool) -> Option<Value> {
        if let Some(resource) = self.resolve(to) {
            let id = self.contain(resource, further)?;
            return Some(json!({"reference": format!("#{id}")}));
        }
        let logical = to.get("identifier").is_some() || to.get("display").is_some();
        let kept: &[&str] = match logical {
            true => &["type", "identifier", "display"],
            // It can't be followed, and that is told where it is read.
            false => &["reference"],
        };
        Some(only(to, kept))
    }

    /// The same for who signs, of whom the model keeps the person alone.
    pub(super) fn person(&mut self, to: &Value) -> Option<Value> {
        let role = self.resolve(to);
        let role =
            role.filter(|resource| text(resource, "resourceType") == Some("PractitionerRole"));
        match role.and_then(|role| role.get("practitioner")) {
            Some(practitioner) => self.party(practitioner),
            None => self.party(to),
        }
    }

    /// The id of a contained resource with what the model carries of it.
    fn contain(&mut self, resource: &'a Value, further: bool) -> Option<String> {
        if let Some(id) = self.ids.get(&std::ptr::from_ref(resource)) {
            return Some(id.clone());
        }
        let kind = text(resource, "resourceType")?;
        let (_, all, once) = CARRIED.iter().find(|(known, ..)| *known == kind)?;
        let id = format!("p{}", self.ids.len() + 1);
        self.ids.insert(std::ptr::from_ref(resource), id.clone());
        let mut kept = Map::new();
        kept.insert("resourceType".into(), kind.into());
        kept.insert("id".into(), id.clone().into());
        for name in *all {
            kept.extend(
                resource
                    .get(name)
                    .map(|value| ((*name).to_owned(), value.clone())),
            );
        }
        for name in *once {
            let first = items(resource, name).next().map(|one| match *name {
                "name" => only(one, &["use", "text", "family", "given"]),
                "deviceName" => only(one, &["name", "type"]),
                _ => first_coding(one).unwrap_or_else(|| one.clone()),
            });
            kept.extend(first.map(|first| ((*name).to_owned(), json!([first]))));
        }
        for name in LINKS.into_iter().filter(|_| further) {
            let linked = resource.get(name).and_then(|to| self.linked(to, false));
            kept.extend(linked.map(|to| (name.to_owned(), to)));
        }
        self.contained.push(Value::Object(kept));
        Some(id)
    }

    /// The patient as the document knows him, with all his names.
    pub(super) fn source_patient(&mut self, patient: &'a Value) -> String {
        let mut kept = only(patient, &["identifier", "gender", "birthDate"]);
        let names = items(patient, "name")
            .filter(|name| matches!(text(name, "use"), None | Some("official" | "usual")))
            .map(|name| only(name, &["use", "text", "family", "given"]));
        let names: Vec<_> = names.collect();
        if let Value::Object(members) = &mut kept {
            members.insert("resourceType".into(), json!("Patient"));
            members.insert("id".into(), json!("source"));
            members.extend(list(names).map(|names| ("name".to_owned(), names)));
        }
        self.contained.push(kept);
        "#source".to_owned()
    }

    /// By the INS of the reference, else of the Patient that it leads to.
    pub(super) fn subject(&self, patient: Option<&Value>) -> Option<Value> {
        let direct = self.composition.get("subject")?.get("identifier");
        let of_patient = patient.into_iter().flat_map(|one| items(one, "identifier"));
        let mut all = direct.into_iter().chain(of_patient);
        let ins = all.find(|id| is_ins_system(text(id, "system").unwrap_or_default()))?;
        Some(json!({"identifier": only(ins, &["system", "value"])}))
    }

    /// Codings that may tell where the act took place: of the encounter, its place and its establishment, of the authors' roles and
    /// organisations, and of the custodian.
    pub(super) fn places(&self, encounter: Option<&'a Value>) -> Vec<&'a Value> {
        let mut concepts = Vec::new();
        let mut organizations = Vec::new();
        if let Some(encounter) = encounter {
            concepts.extend(encounter.get("serviceType"));
            let places =
                items(encounter, "location").filter_map(|at| self.resolve(at.get("location")?));
            concepts.extend(places.flat_map(|place| items(place, "type")));
            organizations.extend(
                encounter
                    .get("serviceProvider")
                    .and_then(|to| self.resolve(to)),
            );
        }
        for author in items(self.composition, "author").filter_map(|to| self.resolve(to)) {
            concepts.extend(items(author, "specialty"));
            organizations.push(author);
            let linked = LINKS
                .iter()
                .filter_map(|name| self.resolve(author.get(*name)?));
            organizations.extend(linked);
        }
        let custodian = self.composition.get("custodian");
        organizations.extend(custodian.and_then(|to| self.resolve(to)));
        let organizations = organizations
            .into_iter()
            .filter(|one| text(one, "resourceType") == Some("Organization"));
        concepts.extend(organizations.flat_map(|one| items(one, "type")));
        let codings = concepts
            .into_iter()
            .flat_map(|concept| items(concept, "coding"));
        codings.collect()
    }
}

/// The resources of the document by `fullUrl`, and by `Type/id` where that ends so.
fn by_url(document: &Value) -> HashMap<&str, &Value> {
    let mut found = HashMap::new();
    for entry in items(document, "entry") {
        let (Some(url), Some(resource)) = (text(entry, "fullUrl"), entry.get("resource")) else {
            continue;
        };
        found.entry(url).or_insert(resource);
        let id = url.rfind('/').and_then(|end| url.get(..end));
        let kind = id.and_then(|above| above.rfind('/'));
        if let Some(below) = kind.and_then(|start| url.get(start + 1..)) {
            found.entry(below).or_insert(resource);
        }
    }
    found
}
