//! What never changes, kept in memory: the rendered text of one version of an entry, the bytes of one hash. Nothing here can be
//! stale: which of them is the answer, and whether it may be, is asked of the database every time.
//!
//! SQLite needs it: a reader loses its page cache at every commit of another connection, and each read commits a trace.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use uuid::Uuid;

/// Rendered resources, by an entry's id and version.
pub(super) type Texts = Memory<(Uuid, u32), Arc<str>>;
/// Contents, by their SHA-256.
pub(super) type Contents = Memory<[u8; 32], Bytes>;

/// Bytes that one thing kept costs beside its own.
const OVERHEAD: usize = 64;

/// Something cheap to clone, of a known size.
pub(super) trait Kept: Clone {
    /// Bytes.
    fn size(&self) -> usize;
}

impl Kept for Arc<str> {
    fn size(&self) -> usize {
        self.len()
    }
}

impl Kept for Bytes {
    fn size(&self) -> usize {
        self.len()
    }
}

/// Two generations: what is used moves to the young one; when that holds half of the budget, the old one is forgotten.
pub(super) struct Memory<K, V> {
    budget: usize,
    generations: Mutex<Generations<K, V>>,
}

struct Generations<K, V> {
    young: HashMap<K, V>,
    bytes: usize,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Copy, V: Kept> Memory<K, V> {
    /// An empty one that keeps so many bytes at most.
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            generations: Mutex::new(Generations {
                young: HashMap::new(),
                bytes: 0,
                old: HashMap::new(),
            }),
        }
    }

    /// What is kept under these keys, in their order; None for what is not here.
    pub(super) fn get(&self, keys: impl Iterator<Item = K>) -> Vec<Option<V>> {
        let mut kept = self.lock();
        keys.map(|key| kept.get(key, self.budget)).collect()
    }

    /// What is kept under one key.
    pub(super) fn one(&self, key: K) -> Option<V> {
        self.lock().get(key, self.budget)
    }

    /// Keeps something.
    pub(super) fn put(&self, key: K, value: &V) {
        self.lock().put(key, value.clone(), self.budget);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations<K, V>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Copy, V: Kept> Generations<K, V> {
    fn get(&mut self, key: K, budget: usize) -> Option<V> {
        if let Some(value) = self.young.get(&key) {
            return Some(value.clone());
        }
        let value = self.old.remove(&key)?;
        self.put(key, value.clone(), budget);
        Some(value)
    }

    fn put(&mut self, key: K, value: V, budget: usize) {
        let cost = value.size() + OVERHEAD;
        if cost > budget / 2 {
            return;
        }
        if self.bytes + cost > budget / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if self.young.insert(key, value).is_none() {
            self.bytes += cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: usize = 24 << 20;

    #[test]
    fn a_version_is_another_text() {
        let texts = Texts::new(BUDGET);
        let id = Uuid::new_v4();
        texts.put((id, 1), &"one".into());
        texts.put((id, 2), &"two".into());
        let found = texts.get([(id, 2), (id, 3), (id, 1)].into_iter());
        assert_eq!(found, [Some("two".into()), None, Some("one".into())]);
    }

    #[test]
    fn what_is_used_stays_and_the_budget_holds() {
        let texts = Texts::new(BUDGET);
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
