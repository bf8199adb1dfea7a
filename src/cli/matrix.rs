//! `passerelle matrix explain`: who may consult what, and which layer, row and version of the matrix says so.

use crate::dmp::code::Code;
use crate::tables::Tables;
use crate::tables::matrix::Explanation;
use crate::tables::terminology::List;

/// The answer to print, ended by a newline, and whether it is a permit. What nobody knows is denied and said so.
pub fn explain(tables: &Tables, type_code: &str, profession: &str, json: bool) -> (String, bool) {
    let explanation = tables.matrix.explain(type_code, profession);
    let permits = explanation.decision == "permit";
    let text = if json {
        // An object of strings always has a JSON form.
        serde_json::to_string(&explanation).unwrap_or_default() + "\n"
    } else {
        describe(tables, &explanation)
    };
    (text, permits)
}

fn describe(tables: &Tables, explanation: &Explanation) -> String {
    let Explanation {
        type_code,
        profession,
        decision,
        layer,
        version,
        source,
        row,
    } = explanation;
    let who = with_label(profession, tables.matrix.profession(profession));
    let what = with_label(type_code, type_label(tables, type_code).as_deref());
    let matrix = &tables.matrix.version;
    format!(
        "{decision}: profession {who}, type {what}\n  layer   {layer} {version}\n  row     {row}\n  source  {source}\n  matrix  {matrix}\n"
    )
}

fn with_label(code: &str, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{code} ({label})"),
        None => code.to_owned(),
    }
}

fn type_label(tables: &Tables, type_code: &str) -> Option<String> {
    let types = tables.terminology.list(List::Type);
    let found: Option<Code> = types.members().find(|code| code.code == type_code);
    types.display(&found?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_who_what_and_why() {
        let (text, permits) = explain(&Tables::built_in(), "78601-2", "70", false);
        assert!(!permits);
        for part in [
            "deny: profession 70 (Masseur-Kinésithérapeute), type 78601-2 (",
            "seed 2025-06",
            "matrix-seed.csv:7 (SEED-004)",
            "CNAM-2024-09+seed-2025-06",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn json_is_one_object_on_one_line() {
        let (text, permits) = explain(&Tables::built_in(), "11488-4", "10", true);
        assert!(permits);
        assert!(text.starts_with(r#"{"type":"11488-4","profession":"10","decision":"permit","layer":"CNAM","version":"2024-09","source":"#));
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn what_nobody_knows_is_denied() {
        for (type_code, profession) in [("nothing", "10"), ("11488-4", "nobody"), ("", "")] {
            let (text, permits) = explain(&Tables::built_in(), type_code, profession, true);
            assert!(!permits);
            assert!(text.contains(r#""layer":"default""#), "{text}");
        }
    }
}
