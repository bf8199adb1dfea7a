//! The INS (identité nationale de santé): 13 characters, a key of 2, and the OID that says NIR or NIA (rules INS-01, INS-05).

use std::fmt;

use super::context::{Environment, Validation};
use super::id::{BadId, strip_prefix_ignore_case};

/// The assigning authority of an INS. NIR and NIA can't be told apart by their digits.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum InsRoot {
    /// `1.2.250.1.213.1.4.8`
    Nir,
    /// `1.2.250.1.213.1.4.9`
    Nia,
    /// `1.2.250.1.213.1.4.10`, test cards.
    NirTest,
    /// `1.2.250.1.213.1.4.11`, demonstration.
    NirDemo,
}

impl InsRoot {
    /// Every root, in the order of their OIDs.
    pub const ALL: [Self; 4] = [Self::Nir, Self::Nia, Self::NirTest, Self::NirDemo];

    /// The dotted OID.
    pub fn oid(self) -> &'static str {
        match self {
            Self::Nir => "1.2.250.1.213.1.4.8",
            Self::Nia => "1.2.250.1.213.1.4.9",
            Self::NirTest => "1.2.250.1.213.1.4.10",
            Self::NirDemo => "1.2.250.1.213.1.4.11",
        }
    }

    /// Reads the OID, bare or as `urn:oid:`.
    pub fn from_oid(text: &str) -> Option<Self> {
        let oid = strip_prefix_ignore_case(text, "urn:oid:").unwrap_or(text);
        Self::ALL.into_iter().find(|root| root.oid() == oid)
    }

    /// The last arc, which names the root in keys of the store.
    fn arc(self) -> &'static str {
        match self {
            Self::Nir => "8",
            Self::Nia => "9",
            Self::NirTest => "10",
            Self::NirDemo => "11",
        }
    }
}

/// A matricule INS with its assigning authority. Never written to logs: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Ins {
    root: InsRoot,
    value: String,
}

/// What is unusual about an INS that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum InsWarning {
    /// The key (last two digits) is not `97 - (number mod 97)`.
    WrongKey,
    /// A production root in a test environment.
    ProductionRoot,
}

impl Ins {
    /// Checks the shape: 15 characters, digits but for `2A`/`2B` at the département. The key is judged by [`Ins::admit`].
    pub fn parse(root: InsRoot, value: &str) -> Result<Self, BadId> {
        let bytes = value.as_bytes();
        let shaped = bytes.len() == 15
            && bytes.iter().enumerate().all(|(i, b)| {
                b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B') && bytes[5] == b'2')
            });
        if shaped {
            Ok(Self {
                root,
                value: value.to_owned(),
            })
        } else {
            Err(BadId { kind: "INS" })
        }
    }

    /// The assigning authority.
    pub fn root(&self) -> InsRoot {
        self.root
    }

    /// The 15 characters.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The FHIR system, `urn:oid:…`.
    pub fn system(&self) -> String {
        format!("urn:oid:{}", self.root.oid())
    }

    /// The key of the record in a store: root arc and value.
    pub fn key(&self) -> String {
        format!("{}-{}", self.root.arc(), self.value)
    }

    /// The inverse of [`Ins::key`].
    pub fn from_key(key: &str) -> Result<Self, BadId> {
        let (arc, value) = key.split_once('-').ok_or(BadId { kind: "INS" })?;
        let root = InsRoot::ALL
            .into_iter()
            .find(|root| root.arc() == arc)
            .ok_or(BadId { kind: "INS" })?;
        Self::parse(root, value)
    }

    /// True when this number may give way to another one of the same person: a NIA to the NIR that comes after it, and any number
    /// to a corrected one of its kind. A NIR never becomes a NIA, and test and production never mix (INS-01, AUT-06).
    pub fn may_become(&self, newer: &Self) -> bool {
        self.root == newer.root || (self.root, newer.root) == (InsRoot::Nia, InsRoot::Nir)
    }

    /// True when the two last digits are `97 - (number mod 97)`, with 2A → 19 and 2B → 18.
    pub fn key_is_right(&self) -> bool {
        let number = self.value[..13].replace("2A", "19").replace("2B", "18");
        match (number.parse::<u64>(), self.value[13..].parse::<u64>()) {
            (Ok(number), Ok(key)) => key == 97 - number % 97,
            _ => false,
        }
    }

    /// The rule at the door: which roots and keys an environment and a mode accept, and what is told by a warning.
    pub fn admit(
        &self,
        environment: Environment,
        validation: Validation,
    ) -> Result<Vec<InsWarning>, BadId> {
        let production_root = matches!(self.root, InsRoot::Nir | InsRoot::Nia);
        let mut warnings = Vec::new();
        if !self.key_is_right() {
            warnings.push(InsWarning::WrongKey);
        }
        match environment {
            Environment::Production if !production_root => return Err(BadId { kind: "INS" }),
            Environment::Test if production_root => warnings.push(InsWarning::ProductionRoot),
            _ => {}
        }
        let tolerant = environment == Environment::Test && validation == Validation::Guide;
        if warnings.is_empty() || tolerant {
            Ok(warnings)
        } else {
            Err(BadId { kind: "INS" })
        }
    }
}

impl fmt::Debug for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ins({}, …)", self.root.oid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ins(root: InsRoot, value: &str) -> Ins {
        Ins::parse(root, value).expect("shape")
    }

    #[test]
    fn keys_follow_the_published_vectors() {
        for good in [
            "207058575627097",
            "180032A00400103",
            "180032B03300232",
            "180037511600178",
            "279035121518989",
        ] {
            assert!(ins(InsRoot::NirTest, good).key_is_right(), "{good}");
        }
        for bad in ["288091720220371", "123456789012345"] {
            assert!(!ins(InsRoot::NirTest, bad).key_is_right(), "{bad}");
        }
    }

    #[test]
    fn shape_is_checked_before_anything_else() {
        for bad in [
            "",
            "27903512151898",
            "2790351215189890",
            "27903512151898X",
            "279032C21518989",
            "279A35121518989",
        ] {
            assert!(Ins::parse(InsRoot::NirTest, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_door_follows_environment_and_mode() {
        use {Environment::*, Validation::*};
        let test = ins(InsRoot::NirTest, "279035121518989");
        let real = ins(InsRoot::Nir, "279035121518989");
        let wrong = ins(InsRoot::NirTest, "123456789012345");
        assert_eq!(test.admit(Test, Strict), Ok(vec![]));
        assert!(test.admit(Production, Guide).is_err());
        assert_eq!(real.admit(Production, Guide), Ok(vec![]));
        assert_eq!(
            real.admit(Test, Guide),
            Ok(vec![InsWarning::ProductionRoot])
        );
        assert!(real.admit(Test, Strict).is_err());
        assert_eq!(wrong.admit(Test, Guide), Ok(vec![InsWarning::WrongKey]));
        assert!(wrong.admit(Test, Strict).is_err());
        assert!(
            ins(InsRoot::Nir, "123456789012345")
                .admit(Production, Guide)
                .is_err()
        );
    }

    #[test]
    fn only_a_nia_changes_its_kind() {
        for old in InsRoot::ALL {
            for new in InsRoot::ALL {
                let may = old == new || (old, new) == (InsRoot::Nia, InsRoot::Nir);
                let (old, new) = (ins(old, "279035121518989"), ins(new, "207058575627097"));
                assert_eq!(old.may_become(&new), may, "{old:?} {new:?}");
            }
        }
    }

    #[test]
    fn debug_never_shows_the_number() {
        assert!(!format!("{:?}", ins(InsRoot::Nir, "279035121518989")).contains("2790"));
    }

    #[test]
    fn store_keys_are_read_back() {
        for root in InsRoot::ALL {
            let ins = ins(root, "279035121518989");
            assert_eq!(Ins::from_key(&ins.key()), Ok(ins));
        }
    }
}
