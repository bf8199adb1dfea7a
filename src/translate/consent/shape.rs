//! What the provision of each category says (fhir.md §7.2): the category names the right, the provision repeats it.

use crate::dmp::right::{Category, Grant, Switch};

/// Whom a right may concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    /// A professional or a structure.
    Caller,
    /// A professional.
    Person,
    /// Who acts through a portal.
    User,
    /// Everyone: no actor, or one that displays `all`.
    Everyone,
}

/// The provision of one category.
pub(super) struct Shape {
    /// `type`; None where the right says it itself.
    pub(super) kind: Option<&'static str>,
    /// `actor`.
    pub(super) party: Party,
    /// `action`: the first stands for all of them.
    pub(super) actions: &'static [&'static str],
    /// `securityLabel` may be `MASQUE_PS`.
    pub(super) labelled: bool,
    /// `period.end` may be asked for; other rights last until they are withdrawn.
    pub(super) ends: bool,
    /// `policy.uri`.
    pub(super) policy: &'static str,
}

impl Shape {
    pub(super) fn of(category: Category) -> Self {
        let access = Self {
            kind: Some("permit"),
            party: Party::Caller,
            actions: &["access"],
            labelled: false,
            ends: true,
            policy: "https://www.legifrance.gouv.fr/codes/article_lc/L1111-17",
        };
        match category {
            Category::Access => access,
            Category::TreatingPhysician => Self {
                party: Party::Person,
                labelled: true,
                policy: "https://www.legifrance.gouv.fr/codes/article_lc/L1111-16",
                ..access
            },
            Category::Administrator => Self {
                party: Party::Person,
                actions: &["access", "correct"],
                labelled: true,
                policy: "https://www.legifrance.gouv.fr/codes/article_lc/L1111-16",
                ..access
            },
            Category::Block => Self {
                kind: Some("deny"),
                ends: false,
                ..access
            },
            Category::FeedingOpposition => Self {
                kind: Some("deny"),
                actions: &["collect"],
                policy: "https://www.legifrance.gouv.fr/codes/article_lc/R1111-47",
                ..access
            },
            Category::Emergency => Self {
                kind: None,
                party: Party::Everyone,
                labelled: true,
                ends: false,
                ..access
            },
            Category::DefaultMasking => Self {
                kind: Some("deny"),
                party: Party::Everyone,
                labelled: true,
                ends: false,
                policy: "https://www.legifrance.gouv.fr/codes/article_lc/R1111-49",
                ..access
            },
            Category::Delegation => Self {
                party: Party::User,
                actions: &["access", "collect", "correct"],
                policy: "https://esante.gouv.fr/doctrine/mon-espace-sante",
                ..access
            },
        }
    }
}

/// The purposes (v3-ActReason) of a right; a right without purpose holds for every one.
pub fn purposes(grant: &Grant) -> &'static [&'static str] {
    match grant {
        Grant::Emergency { switch, .. } => of_switch(*switch),
        other => of_category(other.category()),
    }
}

/// The actions (consentaction) of a right.
pub fn actions(grant: &Grant) -> &'static [&'static str] {
    Shape::of(grant.category()).actions
}

/// The purpose that a category other than the emergency may name.
pub(super) fn of_category(category: Category) -> &'static [&'static str] {
    match category {
        Category::Access
        | Category::TreatingPhysician
        | Category::Administrator
        | Category::FeedingOpposition => &["TREAT"],
        Category::Emergency => &["ETREAT", "BTG"],
        Category::Block | Category::DefaultMasking | Category::Delegation => &[],
    }
}

fn of_switch(switch: Switch) -> &'static [&'static str] {
    match switch {
        Switch::Regulation => &["ETREAT"],
        Switch::BreakGlass => &["BTG"],
        Switch::Masked => &["ETREAT", "BTG"],
    }
}

/// The switch that some purposes and the label name together.
pub(super) fn switch_of(named: &[&str], masked: bool) -> Option<Switch> {
    Switch::ALL.into_iter().find(|switch| {
        let purposes = of_switch(*switch);
        let same = purposes.iter().all(|purpose| named.contains(purpose))
            && named.iter().all(|purpose| purposes.contains(purpose));
        same && masked == (*switch == Switch::Masked)
    })
}
