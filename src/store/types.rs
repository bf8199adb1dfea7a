//! The document types that a permit shows, as rows that a query joins: a list of a hundred values costs more than the search.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use openssl::sha::Sha256;

use super::conn::Conn;
use super::statement::Value;
use super::writer::{Act, Done, Failure};
use crate::dmp::trace::Trace;
use crate::policy::Visibility;
use crate::tables::matrix::TypeSet;

/// The name of a set: the beginning of a hash of all that is in it.
pub(super) fn set_id(types: &TypeSet) -> i64 {
    let mut hasher = Sha256::new();
    for code in types.codes.iter() {
        hasher.update(code.as_bytes());
        hasher.update(b"\n");
    }
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The sets that this process has made sure of.
#[derive(Default)]
pub(super) struct KnownSets(RwLock<HashSet<i64>>);

impl KnownSets {
    /// The set that a permit needs, when it must be written first.
    pub(super) fn missing(&self, visibility: &Visibility) -> Option<AddSet> {
        let Visibility::Professional { types, .. } = visibility else {
            return None;
        };
        let id = set_id(types);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let missing = !types.all && !known.contains(&id);
        missing.then(|| AddSet {
            id,
            codes: Arc::clone(&types.codes),
        })
    }

    /// The set is there.
    pub(super) fn know(&self, id: i64) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id);
    }
}

/// Writes a set that may be there already.
pub(super) struct AddSet {
    id: i64,
    codes: Arc<[String]>,
}

impl Act for AddSet {
    type Output = i64;

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<i64>, Failure> {
        let rows: Vec<Value<'_>> = self
            .codes
            .iter()
            .flat_map(|code| [self.id.into(), code.into()])
            .collect();
        let into = "INSERT INTO type_set (id, code)";
        conn.insert(into, 2, &rows, "ON CONFLICT DO NOTHING")
            .await?;
        Ok(Done {
            output: self.id,
            // Configuration, not an act on a record.
            line: None,
        })
    }
}
