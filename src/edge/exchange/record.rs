//! Whose record a request is about, whichever of his numbers or ids names it, and how he is named in the answer (INS-01, RGPD-01).

use std::borrow::Cow;

use super::Exchange;
use crate::dmp::ins::Ins;
use crate::dmp::record::{Record, Standing};
use crate::error::{Code, Error, Issue};
use crate::store::Locator;
use crate::translate;

/// The numbers of a record that had others before.
pub(super) struct Numbers {
    present: Ins,
    former: Vec<Ins>,
    /// The request named it by a former one.
    named_by_former: bool,
}

impl Exchange {
    /// Where the caller stands in a record; None without record.
    ///
    /// # Errors
    /// `not-yours` when a portal's token names another record, whether this one exists or not; the store's.
    pub(in crate::edge) async fn standing(
        &mut self,
        patient: &Ins,
    ) -> Result<Option<Standing>, Error> {
        let standing = self.looked_up(patient).await?;
        if let Some(numbers) = &mut self.numbers {
            numbers.named_by_former = numbers.present != *patient;
        }
        Ok(standing)
    }

    /// The same for a number that the request does not name its patient by.
    ///
    /// # Errors
    /// As [`Exchange::standing`].
    pub(in crate::edge) async fn looked_up(
        &mut self,
        patient: &Ins,
    ) -> Result<Option<Standing>, Error> {
        self.known.patient = Some(patient.clone());
        let store = &self.app.store;
        let (actor, _) = self.caller()?;
        // Through a portal the token's record is read, whichever is named: another one must not show that it exists.
        let sought = actor.mandate.as_ref().map(|mandate| &mandate.patient);
        let standing = store.standing(sought.unwrap_or(patient), actor).await?;
        let known = |standing: &Standing| standing.record.data.is_known_by(patient);
        if !actor.may_name(patient) && !standing.as_ref().is_some_and(known) {
            // The attempt stands in the chain of the record that it was made on.
            if let Some(other) = store.standing(patient, actor).await? {
                self.known.patient = Some(other.record.opened_as);
            }
            return Err(Issue::new(Code::NotYours).rule("RGPD-01").into());
        }
        if let Some(standing) = &standing {
            self.stands(&standing.record);
        }
        Ok(standing)
    }

    /// Where the caller stands in the record that an id belongs to; None for an unknown id.
    ///
    /// # Errors
    /// `not-yours` when a portal's token names another record; the store's.
    pub(in crate::edge) async fn standing_by_id(
        &mut self,
        what: Locator,
    ) -> Result<Option<Standing>, Error> {
        let (actor, _) = self.caller()?;
        let standing = self.app.store.standing_by_id(what, actor).await?;
        let Some(standing) = standing else {
            return Ok(None);
        };
        self.known.patient = Some(standing.record.opened_as.clone());
        let (actor, _) = self.caller()?;
        let data = &standing.record.data;
        if !data.numbers().any(|ins| actor.may_name(ins)) {
            return Err(Issue::new(Code::NotYours).rule("RGPD-01").into());
        }
        self.stands(&standing.record);
        Ok(Some(standing))
    }

    /// Notes whose record it is about: its chain, and how its patient is to be named.
    fn stands(&mut self, record: &Record) {
        self.known.patient = Some(record.opened_as.clone());
        let (present, former) = (&record.data.ins, &record.data.former);
        self.numbers = (!former.is_empty()).then(|| Numbers {
            present: present.clone(),
            former: former.clone(),
            named_by_former: false,
        });
    }

    /// The warning for who names a record by a number that it had before.
    pub(in crate::edge) fn named_by_former(&self) -> Option<Issue> {
        let numbers = self.numbers.as_ref()?;
        numbers
            .named_by_former
            .then(|| Issue::new(Code::InsReplaced).warning())
    }

    /// A resource as it is sent: it refers to the patient by his present number.
    pub(in crate::edge) fn present<'a>(&self, resource: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let resource = resource.into();
        match &self.numbers {
            Some(numbers) => translate::present(resource, &numbers.present, &numbers.former),
            None => resource,
        }
    }

    /// Where the caller stands in the record that an id leads to. Through a portal, another one's is as unknown.
    ///
    /// # Errors
    /// `not-found`.
    pub(in crate::edge) async fn reached(&mut self, what: Locator) -> Result<Standing, Error> {
        match self.standing_by_id(what).await {
            Ok(Some(standing)) => Ok(standing),
            Ok(None) => {
                self.app.store.read_nothing().await?;
                Err(Code::NotFound.into())
            }
            Err(error) if error.code() == Code::NotYours => Err(Code::NotFound.into()),
            Err(error) => Err(error),
        }
    }
}
