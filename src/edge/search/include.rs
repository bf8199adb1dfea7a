//! `_include` and `_revinclude`: what comes with the matches of a page, by the same permit. What the caller may not know of is not there.

use std::sync::Arc;

use uuid::Uuid;

use crate::dmp::document::Availability;
use crate::dmp::query::{Condition, DocumentKey, DocumentQuery};
use crate::dmp::record::Standing;
use crate::edge::app::Shared;
use crate::edge::exchange::Exchange;
use crate::edge::read::written;
use crate::edge::rendered::placed;
use crate::edge::{alert, patient};
use crate::error::{Code, Error, Issue};
use crate::policy::{self, Act, Permit};
use crate::store::Hidden;
use crate::translate::search::Include;

/// Resources of one kind that come with one page at most.
const MOST: u32 = 500;

/// What an include brought.
#[derive(Default)]
pub(in crate::edge) struct Included {
    /// Absolute URL and resource.
    pub(in crate::edge) resources: Vec<(String, String)>,
    /// Its documents that are hidden from somebody, perhaps.
    pub(in crate::edge) hidden: Vec<(Uuid, Hidden)>,
    /// What should be known.
    pub(in crate::edge) warnings: Vec<Issue>,
}

impl Included {
    /// What should be known, of hidden documents too.
    pub(in crate::edge) fn all_warnings(&self, exchange: &Exchange) -> Vec<Issue> {
        let alerts = self
            .hidden
            .iter()
            .flat_map(|(id, hidden)| alert::warnings(exchange, *id, *hidden));
        self.warnings.iter().cloned().chain(alerts).collect()
    }
}

/// What is wanted with the matches, and by which right.
pub(in crate::edge) struct With<'a> {
    app: Shared,
    permit: &'a Permit,
    wanted: &'a [Include],
    /// His URL and resource, when they are wanted and the caller may test that he has a record.
    patient: Option<(String, String)>,
}

impl<'a> With<'a> {
    /// Reads the patient too, when he is wanted.
    ///
    /// # Errors
    /// `login-required` before the caller is known.
    pub(in crate::edge) fn new(
        exchange: &Exchange,
        permit: &'a Permit,
        standing: &Standing,
        wanted: &'a [Include],
    ) -> Result<Self, Error> {
        let (actor, context) = exchange.caller()?;
        let (app, act) = (&exchange.app, Act::TestExistence);
        let may = || policy::decide(&app.rules, actor, &act, Some(standing), context).is_ok();
        let patient = if wanted.contains(&Include::Patient) && may() {
            let url = url(app, "Patient", standing.record.id);
            Some((url, patient::show(exchange, standing)?))
        } else {
            None
        };
        Ok(Self {
            app: Arc::clone(app),
            permit,
            wanted,
            patient,
        })
    }

    /// What comes with these documents.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::edge) async fn documents(&self, ids: &[Uuid]) -> Result<Included, Error> {
        let mut found = Included::default();
        let mut seen = ids.to_vec();
        for include in self.of(ids) {
            match include {
                Include::Patient => found.resources.extend(self.patient.clone()),
                Include::Related => {
                    let condition = Condition::TargetOf(ids.to_vec());
                    self.more_documents(condition, &mut seen, &mut found)
                        .await?;
                }
                Include::Relating => {
                    let keys = ids.iter().copied().map(DocumentKey::Id).collect();
                    let condition = Condition::RelatesTo(keys);
                    self.more_documents(condition, &mut seen, &mut found)
                        .await?;
                }
                Include::Submissions => self.more_lists(ids, &mut found).await?,
                Include::Items => {}
            }
        }
        Ok(found)
    }

    /// What comes with these submissions.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::edge) async fn submissions(&self, ids: &[Uuid]) -> Result<Included, Error> {
        let mut found = Included::default();
        for include in self.of(ids) {
            match include {
                Include::Patient => found.resources.extend(self.patient.clone()),
                Include::Items => {
                    let condition = Condition::ItemOf(ids.to_vec());
                    self.more_documents(condition, &mut Vec::new(), &mut found)
                        .await?;
                }
                Include::Related | Include::Relating | Include::Submissions => {}
            }
        }
        Ok(found)
    }

    /// Each once, and nothing without matches.
    fn of(&self, ids: &[Uuid]) -> Vec<Include> {
        let mut wanted: Vec<Include> = Vec::new();
        for include in self.wanted.iter().filter(|_| !ids.is_empty()) {
            if !wanted.contains(include) {
                wanted.push(*include);
            }
        }
        wanted
    }

    async fn more_documents(
        &self,
        condition: Condition,
        seen: &mut Vec<Uuid>,
        found: &mut Included,
    ) -> Result<(), Error> {
        let query = query(condition);
        let store = &self.app.store;
        let page = store.more_documents(self.permit, &query).await?;
        let base_url = &self.app.settings.server.base_url;
        for row in &page.rows {
            if !seen.contains(&row.id) {
                seen.push(row.id);
                let url = url(&self.app, "DocumentReference", row.id);
                found.resources.push((url, placed(&row.resource, base_url)));
                found.hidden.push((row.id, row.hidden));
            }
        }
        if page.next.is_some() {
            found.warnings.push(cut());
        }
        Ok(())
    }

    async fn more_lists(&self, ids: &[Uuid], found: &mut Included) -> Result<(), Error> {
        let query = query(Condition::Holds(ids.to_vec()));
        let store = &self.app.store;
        let page = store.more_lists(self.permit, &query).await?;
        let reading = self.app.reading();
        for list in &page.rows {
            let resource = written(list, &reading);
            found
                .resources
                .push((url(&self.app, "List", list.id()), resource));
        }
        if page.next.is_some() {
            found.warnings.push(cut());
        }
        Ok(())
    }
}

fn url(app: &Shared, kind: &str, id: Uuid) -> String {
    format!("{}/{kind}/{id}", app.settings.server.base_url)
}

fn query(condition: Condition) -> DocumentQuery {
    DocumentQuery {
        availability: vec![
            Availability::Approved,
            Availability::Archived,
            Availability::Deprecated,
        ],
        conditions: vec![condition],
        sort: Vec::new(),
        count: MOST,
        after: None,
    }
}

/// There is more than can come with one page: a smaller `_count` brings all of it.
fn cut() -> Issue {
    Issue::new(Code::IncludeCut)
        .with("value", MOST.to_string())
        .warning()
}
