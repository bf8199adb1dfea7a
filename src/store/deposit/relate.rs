//! What a new document replaces, transforms or signs: found in the record, if the depositor may know of it, and changed with it.

use std::borrow::Cow;

use uuid::Uuid;

use super::{Deposit, Draft, Replaced, Round, refused};
use crate::dmp::document::{Availability, DocumentEntry, Relation, RelationKind};
use crate::dmp::id::UniqueId;
use crate::dmp::query::DocumentKey;
use crate::error::{Code, Issue};
use crate::store::conn::{Conn, DbError};
use crate::store::known::known;
use crate::store::rows::Written;
use crate::store::writer::Failure;

impl Deposit {
    /// Applies the relations of one draft. Gives its entry back, changed, when the relations change it.
    pub(super) async fn relate<'d>(
        &self,
        conn: &mut Conn<'_>,
        draft: &'d Draft,
        round: &mut Round,
    ) -> Result<Cow<'d, DocumentEntry>, Failure> {
        for (one, other) in &draft.aliases {
            let one = self.named(conn, draft, one, round).await?;
            let other = self.named(conn, draft, other, round).await?;
            if one != other {
                let at = draft.related(Code::MetadataMismatch);
                return Err(two_targets(at, &one, &other).into());
            }
        }
        let mut entry = Cow::Borrowed(&draft.written.entry);
        for (kind, key) in &draft.targets {
            let replaces = *kind == RelationKind::Replaces;
            if let (true, DocumentKey::Unique(named), Some(told)) =
                (replaces, key, replaced(&entry))
            {
                if named != told {
                    let at = draft.related(Code::MetadataMismatch);
                    return Err(two_targets(at, told, named).into());
                }
                continue;
            }
            // A signature may come with what it signs; nothing replaces what comes with it, or is related to itself.
            let own = &draft.written.entry.metadata.unique_id;
            let brought = self.brings(key, round);
            let brought = brought.filter(|id| !replaces && *id != own);
            let known = match brought {
                Some(_) => None,
                None => {
                    let known = self.known(conn, key, round).await?;
                    Some(known.ok_or_else(|| draft.related(Code::ReplaceTargetUnknown))?)
                }
            };
            let target = match (brought, &known) {
                (Some(target), _) => target.clone(),
                (None, Some((target, _))) => target.metadata.unique_id.clone(),
                (None, None) => continue,
            };
            let relation = Relation {
                kind: *kind,
                target,
            };
            let told = &entry.metadata.relations;
            if told.contains(&relation) {
                continue;
            }
            let masked = match known {
                Some(known) if replaces => self.replace(conn, draft, known, round).await?,
                _ => false,
            };
            let metadata = &mut entry.to_mut().metadata;
            metadata.labels.masked |= masked;
            metadata.relations.push(relation);
        }
        if let Some(target) = &draft.header_replaces {
            round
                .warnings
                .push(Issue::new(Code::RelationOnlyInHeader).warning());
            let key = DocumentKey::Unique(target.clone());
            if let Some(known) = self.known(conn, &key, round).await? {
                let masked = self.replace(conn, draft, known, round).await?;
                let metadata = &mut entry.to_mut().metadata;
                metadata.labels.masked |= masked;
                metadata.relations.push(Relation {
                    kind: RelationKind::Replaces,
                    target: target.clone(),
                });
            }
        }
        Ok(entry)
    }

    /// The unique id of what a name of the draft's leads to.
    async fn named(
        &self,
        conn: &mut Conn<'_>,
        draft: &Draft,
        key: &DocumentKey,
        round: &Round,
    ) -> Result<UniqueId, Failure> {
        if let Some(brought) = self.brings(key, round) {
            return Ok(brought.clone());
        }
        let known = self.known(conn, key, round).await?;
        let (target, _) = known.ok_or_else(|| draft.related(Code::ReplaceTargetUnknown))?;
        Ok(target.metadata.unique_id)
    }

    /// The unique id of a document that this very submission makes.
    fn brings(&self, key: &DocumentKey, round: &Round) -> Option<&UniqueId> {
        let mut brought = self
            .made(&round.existing)
            .map(|(_, draft)| &draft.written.entry.metadata.unique_id);
        match key {
            DocumentKey::Unique(target) => brought.find(|id| *id == target),
            DocumentKey::Uuid(target) => brought.find(|id| id.is_uuid(*target)),
            DocumentKey::Id(_) => None,
        }
    }

    /// An earlier document of the record that the depositor may know of, and whether it is his own.
    async fn known(
        &self,
        conn: &mut Conn<'_>,
        key: &DocumentKey,
        round: &Round,
    ) -> Result<Option<(DocumentEntry, bool)>, DbError> {
        if self.brings(key, round).is_some() {
            return Ok(None);
        }
        known(
            conn,
            &self.ins,
            self.permit.ownership(),
            self.permit.visibility(),
            key,
        )
        .await
    }

    /// Makes a document the old one. Tells whether it was masked: a mask outlives a replacement.
    async fn replace(
        &self,
        conn: &mut Conn<'_>,
        draft: &Draft,
        (mut target, own): (DocumentEntry, bool),
        round: &mut Round,
    ) -> Result<bool, Failure> {
        if !own {
            return Err(draft.related(Code::NotAuthor).into());
        }
        if target.availability == Availability::Deprecated {
            return Err(draft.related(Code::AlreadyReplaced).into());
        }
        let masked = target.metadata.labels.masked;
        target.availability = Availability::Deprecated;
        let uuid = target.entry_uuid;
        target.renew(Uuid::new_v4(), round.state.at);
        let written = Written::new(target, self.render.as_ref())?;
        written.update(conn, &self.ins, round.state).await?;
        round.replaced.push(Replaced {
            uuid,
            entry: written.entry,
        });
        Ok(masked)
    }
}

impl Draft {
    /// A refusal of what it is related to.
    fn related(&self, code: Code) -> Issue {
        refused(code, &self.told_at, "relatesTo")
    }
}

/// What an entry replaces so far.
fn replaced(entry: &DocumentEntry) -> Option<&UniqueId> {
    let mut relations = entry.metadata.relations.iter();
    let found = relations.find(|relation| relation.kind == RelationKind::Replaces);
    found.map(|relation| &relation.target)
}

/// Two documents where one was meant; the depositor may know of both, or wrote their names himself.
fn two_targets(at: Issue, declared: &UniqueId, found: &UniqueId) -> Issue {
    at.with("declared", declared.to_string())
        .with("found", found.to_string())
}
