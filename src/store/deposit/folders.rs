//! The folders of a deposit: made once their documents are there.

use uuid::Uuid;

use super::Deposit;
use crate::dmp::document::DocumentEntry;
use crate::dmp::folder::{Folder, Member, NewFolder};
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};
use crate::store::conn::Conn;
use crate::store::folders;
use crate::store::state::State;
use crate::store::writer::Failure;

/// A folder with its ids, still without its documents.
pub(super) struct FolderDraft {
    pub(super) folder: Folder,
    members: Vec<(Member, String)>,
    pub(super) told_at: String,
}

impl FolderDraft {
    pub(super) fn new(new: NewFolder, set: &SubmissionSet, now: Instant) -> Self {
        Self {
            folder: Folder {
                id: Uuid::now_v7(),
                entry_uuid: Uuid::new_v4(),
                submission: set.id,
                updated: now,
                depositor: set.depositor.clone(),
                depositor_structure: set.depositor_structure.clone(),
                metadata: new.metadata,
                documents: Vec::new(),
            },
            members: new.members,
            told_at: new.told_at,
        }
    }
}

impl Deposit {
    /// Makes the folders. `documents` are those of the deposit, in its order, the new ones among them.
    pub(super) async fn make_folders(
        &self,
        conn: &mut Conn<'_>,
        documents: &[DocumentEntry],
        state: State,
    ) -> Result<Vec<Folder>, Failure> {
        let mut made = Vec::with_capacity(self.folders.len());
        for draft in &self.folders {
            let mut folder = draft.folder.clone();
            folder.updated = state.at;
            for (member, told_at) in &draft.members {
                let id = match member {
                    Member::Brought(rank) => documents.get(*rank).map(|entry| entry.id),
                    Member::There(key) => self.at(conn, key).await?.map(|entry| entry.id),
                    Member::NamedTwice(one, other) => {
                        let one = self.at(conn, one).await?.map(|entry| entry.id);
                        let other = self.at(conn, other).await?.map(|entry| entry.id);
                        one.filter(|_| one == other)
                    }
                };
                let unknown = || Issue::new(Code::FolderMemberUnknown).at(told_at);
                let id = id.ok_or_else(|| Failure::from(Error::from(unknown())))?;
                if !folder.documents.contains(&id) {
                    folder.documents.push(id);
                }
            }
            folders::insert(conn, &self.ins, &folder, state.number).await?;
            made.push(folder);
        }
        Ok(made)
    }

    /// The folders that the first sending of the deposit made; one that it did not have is refused, for nothing is made now.
    pub(super) async fn folders_before(
        &self,
        conn: &mut Conn<'_>,
        submission: &Uuid,
    ) -> Result<Vec<Folder>, Failure> {
        if self.folders.is_empty() {
            return Ok(Vec::new());
        }
        let mut there = folders::sent_with(conn, &self.ins, &self.permit, submission).await?;
        let mut before = Vec::with_capacity(self.folders.len());
        for draft in &self.folders {
            let asked = &draft.folder.metadata;
            let named = |folder: &Folder| folder.metadata.unique_id == asked.unique_id;
            let titled = |folder: &Folder| folder.metadata.title == asked.title;
            let found = there.iter().position(named);
            match found.or_else(|| there.iter().position(titled)) {
                Some(rank) => before.push(there.remove(rank)),
                None => {
                    let issue = Issue::new(Code::DuplicateDocument).at(&draft.told_at);
                    return Err(issue.into());
                }
            }
        }
        Ok(before)
    }
}
