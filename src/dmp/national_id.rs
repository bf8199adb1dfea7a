//! National identifiers of persons (PS_IdNat) and structures (Struct_IdNat).

use std::fmt;
use std::str::FromStr;

use super::id::BadId;

/// What kind of number a PS_IdNat holds, told by its first digit (TRE_G08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PsIdType {
    /// `0` + ADELI.
    Adeli,
    /// `1` + ADELI practice, `/`, internal number.
    AdeliPracticeRegister,
    /// `3` + FINESS, `/`, internal number.
    FinessRegister,
    /// `4` + SIREN, `/`, internal number.
    SirenRegister,
    /// `5` + SIRET, `/`, internal number.
    SiretRegister,
    /// `6` + RPPS-rang, `/`, internal number.
    RppsPracticeRegister,
    /// `8` + RPPS.
    Rpps,
}

impl PsIdType {
    /// The name that `card inspect` prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adeli => "adeli",
            Self::AdeliPracticeRegister => "adeli-register",
            Self::FinessRegister => "finess-register",
            Self::SirenRegister => "siren-register",
            Self::SiretRegister => "siret-register",
            Self::RppsPracticeRegister => "rpps-register",
            Self::Rpps => "rpps",
        }
    }

    /// True for an employee of a structure (CPE, CPA), whose number holds a slash.
    pub fn is_register(self) -> bool {
        !matches!(self, Self::Adeli | Self::Rpps)
    }
}

/// National identifier of a professional or employee (OID 1.2.250.1.71.4.2.1).
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct PsIdNat(String);

impl PsIdNat {
    /// The identifier with its type digit.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of number, told by the first digit.
    pub fn id_type(&self) -> PsIdType {
        match self.0.as_bytes().first() {
            Some(b'0') => PsIdType::Adeli,
            Some(b'1') => PsIdType::AdeliPracticeRegister,
            Some(b'3') => PsIdType::FinessRegister,
            Some(b'4') => PsIdType::SirenRegister,
            Some(b'5') => PsIdType::SiretRegister,
            Some(b'6') => PsIdType::RppsPracticeRegister,
            _ => PsIdType::Rpps,
        }
    }

    /// The Struct_IdNat that a register number belongs to: `3F/x` belongs to `1F`, `5S/x` to `3S`, and so on.
    pub fn employer(&self) -> Option<StructIdNat> {
        let (head, _) = self.0.split_once('/')?;
        let prefix = match head.as_bytes().first()? {
            b'1' => '0',
            b'3' => '1',
            b'4' => '2',
            b'5' => '3',
            b'6' => '4',
            _ => return None,
        };
        Some(StructIdNat(format!("{prefix}{}", &head[1..])))
    }
}

impl FromStr for PsIdNat {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { kind: "PS_IdNat" };
        if !text.is_ascii() || text.len() < 2 || text.len() > 64 {
            return Err(bad);
        }
        let (head, register) = match text.split_once('/') {
            Some((head, internal)) => (head, Some(internal)),
            None => (text, None),
        };
        let Some((kind, number)) = head.split_at_checked(1) else {
            return Err(bad);
        };
        let internal_ok = register.is_some_and(|internal| {
            !internal.is_empty()
                && internal
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && b != b'/' && b != b'|')
        });
        let ok = match kind {
            "0" => register.is_none() && finess_like(number, 9),
            "1" => internal_ok && finess_like(number, 11),
            "3" => internal_ok && finess_like(number, 9),
            "4" => internal_ok && digits(number, 9),
            "5" | "6" => internal_ok && digits(number, 14),
            "8" => register.is_none() && digits(number, 11),
            _ => false,
        };
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(bad)
        }
    }
}

impl fmt::Display for PsIdNat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// National identifier of a structure (OID 1.2.250.1.71.4.2.2): `0` ADELI practice, `1` FINESS, `2` SIREN, `3` SIRET, `4` RPPS practice.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct StructIdNat(String);

impl StructIdNat {
    /// The identifier with its type digit.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StructIdNat {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId {
            kind: "Struct_IdNat",
        };
        if !text.is_ascii() || text.len() < 2 {
            return Err(bad);
        }
        let number = &text[1..];
        let ok = match text.as_bytes()[0] {
            b'0' => finess_like(number, 11) || finess_like(number, 9),
            b'1' => finess_like(number, 9),
            b'2' => digits(number, 9),
            b'3' | b'4' => digits(number, 14),
            _ => false,
        };
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(bad)
        }
    }
}

impl fmt::Display for StructIdNat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn digits(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| b.is_ascii_digit())
}

/// FINESS and ADELI numbers may hold A or B (Corsica, and the national test data).
fn finess_like(text: &str, len: usize) -> bool {
    text.len() == len
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'A' | b'B'))
}

/// The Luhn check of RPPS, SIREN, SIRET and FINESS, with A → 1 and B → 2. A warning for certified identities, since documentation numbers fail it.
pub fn luhn(number: &str) -> bool {
    let digits: Option<Vec<u32>> = number
        .chars()
        .map(|c| match c {
            'A' => Some(1),
            'B' => Some(2),
            c => c.to_digit(10),
        })
        .collect();
    digits.is_some_and(|digits| {
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(i, d)| match i % 2 {
                0 => *d,
                _ if d * 2 > 9 => d * 2 - 9,
                _ => d * 2,
            })
            .sum();
        sum.is_multiple_of(10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn person_ids_say_their_type_and_employer() {
        let cases = [
            ("899900063480", PsIdType::Rpps, None),
            ("00B6087510", PsIdType::Adeli, None),
            (
                "30B0057881/CPET0002",
                PsIdType::FinessRegister,
                Some("10B0057881"),
            ),
            (
                "512345678901234/7",
                PsIdType::SiretRegister,
                Some("312345678901234"),
            ),
            (
                "612345678901234/7",
                PsIdType::RppsPracticeRegister,
                Some("412345678901234"),
            ),
        ];
        for (text, kind, employer) in cases {
            let id: PsIdNat = text.parse().expect(text);
            assert_eq!(id.id_type(), kind, "{text}");
            assert_eq!(
                id.employer().as_ref().map(StructIdNat::as_str),
                employer,
                "{text}"
            );
        }
        for bad in [
            "",
            "8",
            "8999",
            "30B0057881",
            "899900063480/1",
            "2123456789",
            "30B0057881/",
            "/1",
            "é99900063480",
            "30B0057881/a|b",
        ] {
            assert!(bad.parse::<PsIdNat>().is_err(), "{bad}");
        }
    }

    #[test]
    fn structure_ids_are_checked_by_type() {
        for good in [
            "10B0057881",
            "318751275100020",
            "2123456789",
            "499700366240010",
        ] {
            assert!(good.parse::<StructIdNat>().is_ok(), "{good}");
        }
        for bad in ["", "1", "10B00578", "9123456789", "31875127510002X"] {
            assert!(bad.parse::<StructIdNat>().is_err(), "{bad}");
        }
    }

    #[test]
    fn luhn_knows_test_cards_from_documentation_numbers() {
        assert!(luhn("99700366240") && luhn("99900063480"));
        assert!(!luhn("10003461033") && !luhn("10005678901"));
    }
}
