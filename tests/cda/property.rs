//! What a writer puts into a header is what is read from it; and no bytes at all make the reader panic.

use passerelle::translate::cda::{read_header, read_whole};
use proptest::prelude::*;

use super::sample::{Sample, with};

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if (c as u32).is_multiple_of(7) => out.push_str(&format!("&#x{:X};", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Printable text that is not all blank, and has no blank that an attribute would lose.
fn text() -> impl Strategy<Value = String> {
    "[!-~é-ÿ€œ’漢]{1,12}( [!-~é-ÿ€œ’漢]{1,12}){0,3}"
}

fn time() -> impl Strategy<Value = String> {
    let offset = prop_oneof![Just("".to_owned()), "[+-]0[1-9][0-5][0-9]"];
    let clock = (0u32..24, 0u32..60, 0u32..60);
    let date = (1900u32..2100, 1u32..13, 1u32..29);
    (date, clock, offset, 0usize..4).prop_map(|((y, m, d), (h, i, s), offset, precision)| {
        let date = format!("{y:04}{m:02}{d:02}");
        match precision {
            0 => date,
            1 => format!("{date}{h:02}{i:02}{offset}"),
            _ => format!("{date}{h:02}{i:02}{s:02}{offset}"),
        }
    })
}

fn oid() -> impl Strategy<Value = String> {
    "[0-2](\\.(0|[1-9][0-9]{0,5})){1,9}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_written_header_is_read_back(
        (root, extension) in (oid(), proptest::option::of("[A-Za-z0-9/._-]{1,20}")),
        title in text(),
        (family, given) in (text(), proptest::collection::vec(text(), 1..4)),
        (created, start, birth) in (time(), time(), time()),
        (code, system) in (text(), oid()),
    ) {
        let xml = with(|s| {
            let attribute = extension.as_ref().map(|e| format!(r#" extension="{e}""#));
            s.id = format!(r#"<id root="{root}"{}/>"#, attribute.unwrap_or_default());
            s.title = format!("<title>{}</title>", escaped(&title));
            let names: String = given.iter().map(|g| format!("<given>{}</given>", escaped(g))).collect();
            s.patient_name = format!("<name><family>{}</family>{names}</name>", escaped(&family));
            s.effective_time = format!(r#"<effectiveTime value="{created}"/>"#);
            s.birth_time = format!(r#"<birthTime value="{birth}"/>"#);
            s.acts = format!(r#"<documentationOf><serviceEvent><code code="{}" codeSystem="{system}"/><effectiveTime value="{start}"/></serviceEvent></documentationOf>"#, escaped(&code));
        });
        let header = read_header(xml.as_bytes()).expect("header");
        let id = extension.map_or(root.clone(), |extension| format!("{root}^{extension}"));
        prop_assert_eq!(&header.written.unique_id, &id);
        prop_assert_eq!(header.unique_id.to_string(), id);
        prop_assert_eq!(header.title, Some(title));
        prop_assert_eq!(header.family_used, Some(family));
        prop_assert_eq!(header.given, Some(given.join(" ")));
        prop_assert_eq!(header.creation_time.to_hl7(), created);
        prop_assert_eq!(header.birth_date.map(|t| t.to_hl7()), Some(birth));
        prop_assert_eq!(header.service_start.map(|t| t.to_hl7()), Some(start));
        prop_assert_eq!(&header.events[0].code, &code);
        prop_assert_eq!(&header.events[0].system, &system);
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_whole(&bytes);
    }

    #[test]
    fn a_damaged_document_is_answered(at in 0usize..6000, byte in any::<u8>(), cut in 0usize..30) {
        let mut bytes = Sample::default().xml().into_bytes();
        let at = at % bytes.len();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, [byte]);
        let fast = read_header(&bytes);
        // What the whole reading accepts, the fast one does too, with the same header.
        if let Ok((whole, _)) = read_whole(&bytes) {
            prop_assert_eq!(fast, Ok(whole));
        }
    }
}
