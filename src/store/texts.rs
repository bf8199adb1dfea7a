//! Rendered resources kept in memory. One version of an entry has one text for ever, so that nothing here can be stale: which
//! version is the one to answer, and whether it may be, is asked of the database every time.
//!
//! SQLite needs it: a reader loses its page cache at every commit of another connection, and each read commits a trace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// An entry's id and version.
type Key = (Uuid, u32);

/// Bytes of text kept, at most.
const BUDGET: usize = 24 << 20;
/// Bytes that a text costs beside its own.
const OVERHEAD: usize = 64;

/// Two generations: what is used moves to the young one; when that holds half of the budget, the old one is forgotten.
#[derive(Default)]
pub(super) struct Texts(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Arc<str>>,
    bytes: usize,
    old: HashMap<Key, Arc<str>>,
}

impl Texts {
    /// The texts of these entries, in their order; None for one that is not here.
    pub(super) fn get(&self, keys: impl Iterator<Item = Key>) -> Vec<Option<Arc<str>>> {
        let mut texts = self.lock();
        keys.map(|key| texts.get(key)).collect()
    }

    /// Keeps a text.
    pub(super) fn put(&self, key: Key, text: &Arc<str>) {
        self.lock().put(key, Arc::clone(text));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&mut self, key: Key) -> Option<Arc<str>> {
        if let Some(text) = self.young.get(&key) {
            return Some(Arc::clone(text));
        }
        let text = self.old.remove(&key)?;
        self.put(key, Arc::clone(&text));
        Some(text)
    }

    fn put(&mut self, key: Key, text: Arc<str>) {
        let cost = text.len() + OVERHEAD;
        if cost > BUDGET / 2 {
            return;
        }
        if self.bytes + cost > BUDGET / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if self.young.insert(key, text).is_none() {
            self.bytes += cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_another_text() {
        let texts = Texts::default();
        let id = Uuid::new_v4();
        texts.put((id, 1), &"one".into());
        texts.put((id, 2), &"two".into());
        let found = texts.get([(id, 2), (id, 3), (id, 1)].into_iter());
        assert_eq!(found, [Some("two".into()), None, Some("one".into())]);
    }

    #[test]
    fn what_is_used_stays_and_the_budget_holds() {
        let texts = Texts::default();
        let text: Arc<str> = "x".repeat(100_000).into();
        let used = (Uuid::new_v4(), 1);
        texts.put(used, &text);
        for _ in 0..1000 {
            texts.put((Uuid::new_v4(), 1), &text);
            assert!(texts.get([used].into_iter())[0].is_some());
        }
        let kept = texts.lock();
        assert!((kept.young.len() + kept.old.len()) * text.len() <= BUDGET);
        drop(kept);
        let forgotten = (Uuid::new_v4(), 1);
        texts.put(forgotten, &text);
        for _ in 0..300 {
            texts.put((Uuid::new_v4(), 1), &text);
        }
        assert_eq!(texts.get([forgotten].into_iter()), [None]);
        texts.put((Uuid::new_v4(), 1), &"x".repeat(BUDGET).into());
        assert!(
            texts.lock().bytes <= BUDGET / 2,
            "one text never pushes out all the others"
        );
    }
}
