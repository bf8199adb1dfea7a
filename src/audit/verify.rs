//! Walks one chain and says what is wrong with it.

use super::{Hash, genesis, link};

/// A line as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its place.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Its body.
    pub body: String,
}

/// The end of a chain as it is kept apart from the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Place of the last line.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// The first fault of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Place of the fault.
    pub seq: i64,
    /// `changed`, `removed`, `reordered` or `added`.
    pub what: &'static str,
}

/// A chain being walked, line by line in the order of their places.
#[derive(Debug)]
pub struct Chain {
    last: Hash,
    next: i64,
}

impl Chain {
    /// Starts at the first line of a chain.
    pub fn new(chain: &str) -> Self {
        Self {
            last: genesis(chain),
            next: 1,
        }
    }

    /// The place that is expected next.
    pub fn next_place(&self) -> i64 {
        self.next
    }

    /// Takes one line; false when it is not the next one, whole.
    pub fn take(&mut self, line: &Kept) -> bool {
        let hash = link(&self.last, self.next, &line.body);
        if line.seq != self.next || line.hash != hash {
            return false;
        }
        self.last = hash;
        self.next += 1;
        true
    }

    /// Compares the end with the head.
    pub fn end(&self, head: Option<&Head>) -> Option<Verdict> {
        let walked = self.next - 1;
        match head {
            Some(head) if head.seq > walked => Some(Verdict {
                seq: self.next,
                what: "removed",
            }),
            Some(head) if head.seq < walked => Some(Verdict {
                seq: head.seq + 1,
                what: "added",
            }),
            Some(head) if head.hash != self.last => Some(Verdict {
                seq: walked,
                what: "changed",
            }),
            Some(_) => None,
            None => Some(Verdict {
                seq: 1,
                what: "added",
            }),
        }
    }

    /// Names the fault at the next place, from every line of the chain that stands there or later.
    pub fn judge(&self, rest: &[Kept], head: Option<&Head>) -> Verdict {
        let elsewhere = rest
            .iter()
            .any(|line| line.hash == link(&self.last, self.next, &line.body));
        let missing = head.map_or(0, |head| head.seq) - (self.next - 1) - rest.len() as i64;
        let what = match (elsewhere, missing) {
            (_, ..0) => "added",
            (true, _) => "reordered",
            (false, 1..) => "removed",
            (false, 0) => "changed",
        };
        Verdict {
            seq: self.next,
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;

    fn chain(bodies: &[&str]) -> (Vec<Kept>, Head) {
        let mut last = genesis("10-x");
        let mut lines = Vec::new();
        for (i, body) in bodies.iter().enumerate() {
            last = link(&last, i as i64 + 1, body);
            lines.push(Kept {
                seq: i as i64 + 1,
                hash: last.to_vec(),
                body: (*body).to_owned(),
            });
        }
        let head = Head {
            seq: lines.len() as i64,
            hash: last.to_vec(),
        };
        (lines, head)
    }

    fn verdict(lines: &[Kept], head: Option<&Head>) -> Option<(i64, &'static str)> {
        let mut walk = Chain::new("10-x");
        for (i, line) in lines.iter().enumerate() {
            if !walk.take(line) {
                let verdict = walk.judge(&lines[i..], head);
                return Some((verdict.seq, verdict.what));
            }
        }
        walk.end(head).map(|verdict| (verdict.seq, verdict.what))
    }

    #[test]
    fn each_kind_of_tampering_has_its_name() {
        let (whole, head) = chain(&["a", "b", "c", "d"]);
        assert_eq!(verdict(&whole, Some(&head)), None);

        let mut changed = whole.clone();
        changed[1].body = "B".to_owned();
        assert_eq!(verdict(&changed, Some(&head)), Some((2, "changed")));

        let mut middle = whole.clone();
        middle.remove(1);
        assert_eq!(verdict(&middle, Some(&head)), Some((2, "removed")));
        middle[1].seq = 2;
        middle[2].seq = 3;
        assert_eq!(verdict(&middle, Some(&head)), Some((2, "removed")));

        assert_eq!(verdict(&whole[..3], Some(&head)), Some((4, "removed")));
        assert_eq!(verdict(&[], Some(&head)), Some((1, "removed")));

        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        swapped[1].seq = 2;
        swapped[2].seq = 3;
        assert_eq!(verdict(&swapped, Some(&head)), Some((2, "reordered")));

        let mut tail = whole.clone();
        let hash = link(&head.hash.clone().try_into().expect("hash"), 5, "e");
        tail.push(Kept {
            seq: 5,
            hash: hash.to_vec(),
            body: "e".to_owned(),
        });
        assert_eq!(verdict(&tail, Some(&head)), Some((5, "added")));

        let mut inserted = whole.clone();
        inserted.insert(1, whole[3].clone());
        for (i, line) in inserted.iter_mut().enumerate() {
            line.seq = i as i64 + 1;
        }
        assert_eq!(verdict(&inserted, Some(&head)), Some((2, "added")));
        assert_eq!(verdict(&whole, None), Some((1, "added")));
    }

    #[test]
    fn a_chain_belongs_to_its_record() {
        let (whole, head) = chain(&["a"]);
        let mut walk = Chain::new("10-y");
        assert!(!walk.take(&whole[0]));
        assert_eq!(walk.judge(&whole, Some(&head)).what, "changed");
    }
}
