//! Names compared with case and accents aside (FHIR string search).

pub(super) use crate::dmp::person::fold;

/// A `LIKE` pattern that takes the text literally; `\` escapes.
pub(super) fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_are_set_aside() {
        assert_eq!(fold("LEFÈVRE"), "lefevre");
        assert_eq!(fold("Lefe\u{300}vre"), "lefevre");
        assert_eq!(fold("Cœur-Ÿ d’Ağ"), "coeur-y d'ag");
    }

    #[test]
    fn a_pattern_is_taken_literally() {
        assert_eq!(literal(r"100%_\"), r"100\%\_\\");
    }
}
