//! The attributes of a subject, by OID: their order and grouping in RDNs change from card to card.

use x509_parser::der_parser::oid;
use x509_parser::oid_registry::Oid;
use x509_parser::x509::X509Name;

use super::Unreadable;
use super::text;

const COMMON_NAME: Oid<'static> = oid!(2.5.4.3);
const SURNAME: Oid<'static> = oid!(2.5.4.4);
const ORGANIZATION: Oid<'static> = oid!(2.5.4.10);
const UNIT: Oid<'static> = oid!(2.5.4.11);
const TITLE: Oid<'static> = oid!(2.5.4.12);
const GIVEN_NAME: Oid<'static> = oid!(2.5.4.42);
const PSEUDONYM: Oid<'static> = oid!(2.5.4.65);

/// What the profiles put into a subject.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// CN.
    pub(super) common_name: Option<String>,
    /// SN.
    pub(super) surname: Option<String>,
    /// GN.
    pub(super) given_name: Option<String>,
    /// title.
    pub(super) title: Option<String>,
    /// pseudonym.
    pub(super) pseudonym: Option<String>,
    /// O.
    pub(super) organization: Option<String>,
    /// OU.
    pub(super) unit: Option<String>,
}

impl Subject {
    /// Reads a leaf's subject; an attribute that comes twice is refused, for no rule says which one speaks.
    pub(super) fn read(name: &X509Name<'_>) -> Result<Self, Unreadable> {
        let mut subject = Self::default();
        for part in name.iter_attributes() {
            let Some((slot, label)) = subject.slot(part.attr_type()) else {
                continue;
            };
            let value = text::decode(part.attr_value()).ok_or(Unreadable::Attribute(label))?;
            if slot.replace(value).is_some() {
                return Err(Unreadable::DuplicateAttribute(label));
            }
        }
        Ok(subject)
    }

    fn slot(&mut self, oid: &Oid<'_>) -> Option<(&mut Option<String>, &'static str)> {
        let slots = [
            (COMMON_NAME, &mut self.common_name, "CN"),
            (SURNAME, &mut self.surname, "SN"),
            (GIVEN_NAME, &mut self.given_name, "GN"),
            (TITLE, &mut self.title, "title"),
            (PSEUDONYM, &mut self.pseudonym, "pseudonym"),
            (ORGANIZATION, &mut self.organization, "O"),
            (UNIT, &mut self.unit, "OU"),
        ];
        slots
            .into_iter()
            .find(|(known, ..)| known == oid)
            .map(|(_, slot, label)| (slot, label))
    }
}

/// The last CN of a name, for authorities.
pub(in crate::identity) fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_attributes()
        .filter(|part| *part.attr_type() == COMMON_NAME)
        .last()
        .and_then(|part| text::decode(part.attr_value()))
}
