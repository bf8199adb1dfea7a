//! The search of vaccinations (Immunization; VAC-05).

use uuid::Uuid;

use super::super::Reading;
use super::super::datatype::coding;
use super::in_memory::{self, Standing, bounds, compares, every, is_like, moment};
use super::params::Params;
use super::patient::{self, PatientKey};
use super::results;
use super::subset::Show;
use super::value::{coded_tokens, identifier_token, local_id, text_match, token, tokens};
use crate::dmp::query::{Bookmark, Page, Sort, SortField, TextMatch, TimeBound, Token};
use crate::dmp::vaccination::{Entry, Status, system};
use crate::error::{Code, Error, Issue};
use crate::tables::Tables;

/// ICD-10, in which the diseases are named.
const ICD_10: &str = "2.16.840.1.113883.6.3";

/// What a result is sorted by; the date of the vaccination without being asked.
const SORTS: [(&str, SortField); 2] = [
    ("date", SortField::Creation),
    ("_lastUpdated", SortField::Updated),
];

/// A search in the register of one record.
#[derive(Debug, Clone)]
pub struct VaccinationSearch {
    /// Whose record.
    pub patient: PatientKey,
    /// Which entries are wanted, and in which order.
    pub query: VaccinationQuery,
    /// The parameters that were used.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
    /// How much of each entry is shown.
    pub show: Show,
}

/// What is asked of the entries that the caller may know of; every condition must hold, and one of the alternatives of each.
#[derive(Debug, Clone)]
pub struct VaccinationQuery {
    dates: Vec<Vec<TimeBound>>,
    updated: Vec<Vec<TimeBound>>,
    vaccines: Vec<Vec<Token>>,
    diseases: Vec<Vec<Token>>,
    statuses: Vec<Vec<Status>>,
    lots: Vec<(TextMatch, Vec<String>)>,
    ids: Vec<Vec<Uuid>>,
    identifiers: Vec<Vec<Token>>,
    validated: Vec<Vec<bool>>,
    sort: Vec<Sort>,
    count: u32,
}

/// Reads `GET Immunization?…` and `POST Immunization/_search`.
///
/// # Errors
/// As [`super::documents`].
pub fn vaccinations(
    given: &[(String, String)],
    strict_handling: bool,
    reading: &Reading,
) -> Result<VaccinationSearch, Error> {
    let mut params = Params::new(given, reading);
    let patient = patient::take(&mut params);
    let coded = |system: Option<String>, code: String| {
        let system = match system {
            None => None,
            Some(url) => Some(coding::oid_of(&url, reading)?),
        };
        Some(Token { system, code })
    };
    let (count, show) = results::count(&mut params, "Immunization");
    let query = VaccinationQuery {
        dates: bounds(&mut params, "date"),
        updated: bounds(&mut params, "_lastUpdated"),
        vaccines: coded_tokens(&mut params, "vaccine-code", coded),
        diseases: coded_tokens(&mut params, "target-disease", coded),
        statuses: tokens(&mut params, "status", &[None], |_, code| {
            Status::from_fhir(&code)
        }),
        lots: lots(&mut params),
        ids: tokens(&mut params, "_id", &[None], |_, id| {
            local_id(&id, "Immunization", reading)
        }),
        identifiers: tokens(&mut params, "identifier", &[None], identifier_token),
        validated: validated(&mut params),
        sort: results::sort(&mut params, &SORTS),
        count,
    };
    let done = params.finish(strict_handling)?;
    Ok(VaccinationSearch {
        patient: patient.ok_or(Code::InsInvalid)?,
        query,
        used: done.used,
        warnings: done.warnings,
        show,
    })
}

fn lots(params: &mut Params) -> Vec<(TextMatch, Vec<String>)> {
    let mut lots = Vec::new();
    for (modifier, value) in params.take("lot-number") {
        match (
            text_match(modifier.as_deref()),
            super::value::alternatives(&value),
        ) {
            (Some(how), Some(values)) => lots.push((how, values)),
            (None, _) => params.unsupported("lot-number"),
            (_, None) => params.invalid("lot-number"),
        }
    }
    lots
}

/// True: what a professional entered or validated.
fn validated(params: &mut Params) -> Vec<Vec<bool>> {
    let mut asked = Vec::new();
    for (modifier, value) in params.take("validated") {
        match (modifier, token(&value).1.as_str()) {
            (None, "true") => asked.push(vec![true]),
            (None, "false") => asked.push(vec![false]),
            _ => params.invalid("validated"),
        }
    }
    asked
}

impl VaccinationQuery {
    /// One page of the entries that are asked for; `entries` are all that the caller may know of.
    pub fn page(
        &self,
        entries: Vec<Entry>,
        asked: Option<Bookmark>,
        tables: &Tables,
    ) -> Page<Entry> {
        let kept = entries
            .into_iter()
            .filter(|entry| self.keeps(entry, tables));
        in_memory::page(kept, (&self.sort, self.count), asked, |entry| {
            self.place(entry)
        })
    }

    /// Where an entry stands; one without date comes last of the latest first.
    fn place(&self, entry: &Entry) -> Standing {
        let occurrence = entry.vaccination.occurrence.as_ref();
        let keys = self.sort.iter().map(|sort| match sort.field {
            SortField::Updated => entry.updated.as_microsecond(),
            _ => occurrence.map_or(i64::MIN, |at| at.start().as_microsecond()),
        });
        (keys.collect(), entry.id)
    }

    fn keeps(&self, entry: &Entry, tables: &Tables) -> bool {
        let told = &entry.vaccination;
        let span = told.occurrence.as_ref().map(|at| at.shown_span());
        let dated = |bound: &TimeBound| span.is_some_and(|span| compares(bound, span));
        let changed = moment(entry.updated);
        let vaccine = |asked: &Token| {
            let mut codes = told.vaccine.codes.iter();
            codes.any(|code| is(asked, &code.system, &code.code))
        };
        let disease = |asked: &Token| {
            told.codes_of(system::ATC)
                .flat_map(|atc| tables.vaccines.diseases(atc))
                .any(|disease| is(asked, ICD_10, &disease.icd10))
        };
        let named = |asked: &Token| {
            let id = told.entry.as_ref();
            id.is_some_and(|id| match id.extension.is_empty() {
                // A root that says it all: its URN is the value.
                true => {
                    [
                        format!("urn:uuid:{}", id.root),
                        format!("urn:oid:{}", id.root),
                    ]
                    .iter()
                    .chain([&id.root])
                    .any(|value| value.eq_ignore_ascii_case(&asked.code))
                        || asked
                            .system
                            .as_deref()
                            .is_some_and(|root| root.eq_ignore_ascii_case(&id.root))
                }
                false => is(asked, &id.root, &id.extension),
            })
        };
        let lot = |(how, values): &(TextMatch, Vec<String>)| {
            let lot = told.lot.as_deref();
            lot.is_some_and(|lot| values.iter().any(|value| is_like(*how, lot, value)))
        };
        every(&self.dates, dated)
            && every(&self.updated, |bound| compares(bound, changed))
            && every(&self.vaccines, vaccine)
            && every(&self.diseases, disease)
            && every(&self.statuses, |status| *status == told.status)
            && self.lots.iter().all(lot)
            && every(&self.ids, |id| *id == entry.id)
            && every(&self.identifiers, named)
            && every(&self.validated, |asked| *asked == entry.is_validated())
    }
}

/// `code`, `system|code`, `system|`.
fn is(asked: &Token, system: &str, code: &str) -> bool {
    let same_system = asked.system.as_deref().is_none_or(|one| one == system);
    same_system && (asked.code == code || (asked.code.is_empty() && asked.system.is_some()))
}
