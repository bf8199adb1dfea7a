//! The R4 element tables, `mappings/r4-elements.csv` and for FHIR documents `mappings/r4-documents.csv`, indexed once.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::primitive::Primitive;

const SERVED: &str = include_str!("../../../mappings/r4-elements.csv");
const OTHERS: &str = include_str!("../../../mappings/r4-documents.csv");
const CODES: &str = include_str!("../../../mappings/r4-codes.csv");

/// Every type that the façade reads or writes.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(&[SERVED], CODES));

/// Every type of R4: what a FHIR document may hold. Only made where one changes its form.
pub(super) static WHOLE: LazyLock<Table> = LazyLock::new(|| Table::read(&[SERVED, OTHERS], CODES));

/// Types by name, and what they refer to.
pub(super) struct Table {
    types: Vec<Type>,
    by_name: HashMap<&'static str, usize>,
    lists: Vec<List>,
}

/// A resource, a datatype or a backbone element.
pub(super) struct Type {
    /// `DocumentReference`, `Bundle.entry`, `Period`.
    pub(super) name: &'static str,
    /// Stands alone and names itself by `resourceType`.
    pub(super) is_resource: bool,
    /// In the order of the specification: bit `n` of a mask is slot `n`.
    pub(super) slots: Vec<Slot>,
    /// One per JSON name (a choice has one per kind), sorted by name.
    pub(super) fields: Vec<Field>,
}

/// One row of the table.
pub(super) struct Slot {
    /// FHIRPath name: `value` for `value[x]`.
    pub(super) name: &'static str,
    /// At least one.
    pub(super) required: bool,
    /// One of several kinds.
    pub(super) choice: bool,
}

/// What a JSON member means.
pub(super) struct Field {
    /// JSON name: `valueString`.
    pub(super) name: String,
    /// Its row.
    pub(super) slot: usize,
    /// An array in JSON.
    pub(super) many: bool,
    /// Its content.
    pub(super) kind: Kind,
    /// The closed list that binds it.
    list: Option<usize>,
    /// What a Reference may point to; empty when anything.
    pub(super) targets: Vec<&'static str>,
}

/// What an element holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A value, with `_name` beside it.
    Primitive(Primitive),
    /// A value of the XML attributes and of XHTML: nothing beside it.
    Plain(Primitive),
    /// Children; an index of types.
    Complex(usize),
    /// Any resource of the table.
    Resource,
}

/// A closed list of codes.
pub(super) struct List {
    /// Its name in the specification.
    pub(super) name: &'static str,
    /// Its members.
    pub(super) codes: Vec<&'static str>,
}

impl Field {
    /// The `div` of a narrative.
    pub(super) fn is_xhtml(&self) -> bool {
        matches!(self.kind, Kind::Plain(Primitive::Xhtml))
    }
}

impl Type {
    /// The field of that JSON name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        let found = self
            .fields
            .binary_search_by(|field| field.name.as_str().cmp(name));
        found.ok().and_then(|index| self.fields.get(index))
    }

    /// How FHIRPath names a field: `value` for `valueString`.
    pub(super) fn path_name<'f>(&'f self, field: &'f Field) -> &'f str {
        self.slots
            .get(field.slot)
            .map_or(&field.name, |slot| slot.name)
    }

    /// The slot of the choice that a JSON name begins with: `valueFoo` is an attempt at `value[x]`.
    pub(super) fn choice(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| {
            let rest = name.strip_prefix(slot.name).filter(|_| slot.choice);
            rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
        })
    }
}

impl Table {
    /// The type of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Type> {
        self.by_name
            .get(name)
            .and_then(|index| self.types.get(*index))
    }

    /// The resources of the table, in its order.
    #[cfg(test)]
    pub(super) fn resources(&self) -> Vec<&Type> {
        self.types.iter().filter(|kind| kind.is_resource).collect()
    }

    /// The closed list that binds a field.
    pub(super) fn list(&self, field: &Field) -> Option<&List> {
        field.list.and_then(|index| self.lists.get(index))
    }

    /// The type of what a field holds, when the table alone tells it; `_name` beside a primitive is an Element.
    pub(super) fn inside(&self, field: &Field) -> Option<&Type> {
        match field.kind {
            Kind::Complex(index) => self.types.get(index),
            Kind::Primitive(_) => self.get("Element"),
            Kind::Plain(_) | Kind::Resource => None,
        }
    }

    fn read(files: &[&'static str], codes: &'static str) -> Self {
        let elements = || files.iter().flat_map(|file| rows::<7>(file));
        let lists: Vec<_> = rows::<2>(codes)
            .map(|[name, codes]| List {
                name,
                codes: codes.split(' ').collect(),
            })
            .collect();
        let mut table = Self {
            types: Vec::new(),
            by_name: HashMap::new(),
            lists,
        };
        for [name, ..] in elements() {
            if table.by_name.contains_key(name) {
                continue;
            }
            table.by_name.insert(name, table.types.len());
            table.types.push(Type {
                name,
                is_resource: false,
                slots: Vec::new(),
                fields: Vec::new(),
            });
        }
        for row in elements() {
            table.add(row);
        }
        for kind in &mut table.types {
            kind.fields.sort_by(|a, b| a.name.cmp(&b.name));
        }
        table
    }

    fn add(&mut self, [owner, element, min, max, kinds, list, references]: [&'static str; 7]) {
        let (name, choice) = match element.strip_suffix("[x]") {
            Some(base) => (base, true),
            None => (element, false),
        };
        let list = self.lists.iter().position(|known| known.name == list);
        let mut fields = Vec::new();
        for kind in kinds.split(' ') {
            let json = if choice {
                choice_name(name, kind)
            } else {
                name.to_owned()
            };
            let plain = kind == "xhtml" || name == "id" || (owner, name) == ("Extension", "url");
            let kind = match (Primitive::from_name(kind), self.by_name.get(kind)) {
                (Some(primitive), _) if plain => Kind::Plain(primitive),
                (Some(primitive), _) => Kind::Primitive(primitive),
                (None, Some(index)) => Kind::Complex(*index),
                (None, None) => Kind::Resource,
            };
            fields.push((json, kind));
        }
        let index = self.by_name.get(owner).copied();
        let Some(owner) = index.and_then(|index| self.types.get_mut(index)) else {
            return;
        };
        owner.is_resource |= name == "implicitRules";
        let slot = owner.slots.len();
        owner
            .fields
            .extend(fields.into_iter().map(|(name, kind)| Field {
                name,
                slot,
                many: max == "*",
                kind,
                list,
                targets: targets(references),
            }));
        owner.slots.push(Slot {
            name,
            required: min == "1",
            choice,
        });
    }
}

/// The types that a Reference may point to; none listed when any may.
fn targets(references: &'static str) -> Vec<&'static str> {
    match references {
        "" | "Resource" => Vec::new(),
        _ => references.split(' ').collect(),
    }
}

fn choice_name(base: &str, kind: &str) -> String {
    let (first, rest) = kind.split_at(kind.len().min(1));
    format!("{base}{}{rest}", first.to_ascii_uppercase())
}

/// The rows of a table without quotes, after its comments and its header; a test proves that none is left out.
fn rows<const N: usize>(csv: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    csv.lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .filter_map(|line| line.split(',').collect::<Vec<_>>().try_into().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_row_is_read() {
        for (text, width) in [(SERVED, 7), (OTHERS, 7), (CODES, 2)] {
            let mut lines = text.lines().filter(|line| !line.starts_with('#'));
            assert!(lines.all(|line| line.split(',').count() == width && !line.contains('"')));
        }
        let count = |table: &Table| {
            table
                .types
                .iter()
                .map(|kind| kind.slots.len())
                .sum::<usize>()
        };
        assert_eq!(count(&TABLE), rows::<7>(SERVED).count());
        let all = || rows::<7>(SERVED).chain(rows::<7>(OTHERS));
        assert_eq!(count(&WHOLE), all().count());
        for [_, element, min, max, kinds, list, _] in all() {
            assert!(
                ["0", "1"].contains(&min) && ["1", "*"].contains(&max),
                "{element}"
            );
            assert!(
                list.is_empty() || TABLE.lists.iter().any(|known| known.name == list),
                "{list}"
            );
            for kind in kinds.split(' ') {
                let known = WHOLE.get(kind).is_some() || Primitive::from_name(kind).is_some();
                assert!(known || kind == "Resource", "{kind}");
            }
        }
    }

    #[test]
    fn a_mask_holds_every_slot() {
        for kind in &WHOLE.types {
            assert!(kind.slots.len() <= 64, "{}", kind.name);
            let twice = kind
                .fields
                .windows(2)
                .find(|pair| pair[0].name == pair[1].name);
            assert!(twice.is_none(), "{}", kind.name);
        }
    }

    #[test]
    fn r4_is_not_r4b() {
        let extension = TABLE.get("Extension").unwrap();
        assert!(extension.field("valueCodeableConcept").is_some());
        assert!(extension.field("valueCodeableReference").is_none());
        assert!(extension.field("valueRatioRange").is_none());
        assert!(TABLE.get("Patient").unwrap().is_resource);
        assert!(!TABLE.get("Bundle.entry").unwrap().is_resource);
        // What only a document may hold is nothing that is served.
        assert!(TABLE.get("Composition").is_none());
        assert!(WHOLE.get("Composition").unwrap().is_resource);
        let resources = WHOLE.types.iter().filter(|kind| kind.is_resource);
        // All of R4; its list of types names the two abstract ones too.
        assert_eq!(resources.count(), 146);
    }
}
