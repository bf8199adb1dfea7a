//! The rule catalogue's identifiers: prefixes in its order, and how many rules each has. The catalogue itself is not kept here.

/// Prefix and count.
pub const PREFIXES: &[(&str, usize)] = &[
    ("LC", 21),
    ("INS", 7),
    ("AUT", 7),
    ("FEED", 11),
    ("CONS", 12),
    ("HAB", 7),
    ("MSK", 9),
    ("MT", 5),
    ("ADM", 3),
    ("BLK", 7),
    ("EMG", 8),
    ("ANN", 5),
    ("MIN", 11),
    ("PRO", 2),
    ("NOT", 8),
    ("TRC", 6),
    ("VAC", 6),
    ("CLS", 7),
    ("DEL", 5),
    ("PAT", 5),
    ("ENT", 3),
    ("AID", 4),
    ("MSS", 8),
    ("RGPD", 4),
];

/// Every rule's id, in the catalogue's order.
pub fn ids() -> Vec<String> {
    PREFIXES
        .iter()
        .flat_map(|(prefix, count)| (1..=*count).map(move |n| format!("{prefix}-{n:02}")))
        .collect()
}
