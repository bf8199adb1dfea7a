//! Search values: alternatives, tokens, times, texts.

use percent_encoding::percent_decode_str;

use super::super::Reading;
use super::super::datatype::{coding, identifier};
use super::super::document_reference::key;
use super::params::Params;
use crate::dmp::id::strip_prefix_ignore_case;
use crate::dmp::query::{
    CodedField, Comparison, Condition, DocumentKey, Element, TextMatch, TimeBound, TimeField, Token,
};
use crate::dmp::time::Timestamp;

/// Alternatives at most in one value.
const MAX_ALTERNATIVES: usize = 200;

/// The alternatives of a value: commas part them, but for escaped ones. None when one is empty or there are too many.
pub(super) fn alternatives(value: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            ',' => all.push(String::new()),
            '\\' => {
                let escaped = chars.next()?;
                // A token needs its escaped bar to be told from the bar that parts system and code.
                if escaped == '|' {
                    all.last_mut()?.push('\\');
                }
                all.last_mut()?.push(escaped);
            }
            c => all.last_mut()?.push(c),
        }
    }
    let sound = all.len() <= MAX_ALTERNATIVES && all.iter().all(|one| !one.trim().is_empty());
    sound.then_some(all)
}

/// The two sides of `system|code`; None on the left when there is no bar. Decoded a second time when a client encoded twice.
pub(super) fn token(value: &str) -> (Option<String>, String) {
    let value = match has_escape(value) {
        true => percent_decode_str(value).decode_utf8_lossy().into_owned(),
        false => value.to_owned(),
    };
    let bar = value
        .char_indices()
        .find(|(at, c)| *c == '|' && !value[..*at].ends_with('\\'));
    match bar.or_else(|| value.char_indices().find(|(_, c)| *c == '|')) {
        Some((at, _)) => {
            let system = value[..at].trim_end_matches('\\').trim();
            let code = value[at + 1..].replace("\\|", "|");
            (Some(system.to_owned()), code.trim().to_owned())
        }
        None => (None, value.trim().to_owned()),
    }
}

/// `%7C` and the like.
fn has_escape(value: &str) -> bool {
    value.as_bytes().windows(3).any(
        |window| matches!(window, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()),
    )
}

/// A coded parameter, with `:not`.
pub(super) fn coded(params: &mut Params, name: &str, field: CodedField) -> Vec<Condition> {
    let reading = params.reading;
    let read = |system: Option<String>, code: String| {
        let system = match system {
            None => None,
            Some(url) => Some(coding::oid_of(&url, reading)?),
        };
        Some(Token { system, code })
    };
    let unwanted: Vec<_> = params.take_named(&[&format!("{name}:not")]);
    let mut conditions: Vec<_> = coded_tokens(params, name, read)
        .into_iter()
        .map(|tokens| match tokens.is_empty() {
            true => Condition::Never,
            false => Condition::Coded(field, tokens),
        })
        .collect();
    for (whole, value) in unwanted {
        match alternative_tokens(&value, true, read) {
            // What nothing has, everything has not.
            Some(none) if none.is_empty() => {}
            Some(tokens) => conditions.push(Condition::Coded(field, tokens).negated()),
            None => params.invalid(&whole),
        }
    }
    conditions
}

/// `:missing`, of an element that may be (`Some`) or is always there.
pub(super) fn missing(params: &mut Params, name: &str, element: Option<Element>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (whole, value) in params.take_named(&[&format!("{name}:missing")]) {
        match (value.as_str(), element) {
            ("true", Some(element)) => conditions.push(Condition::Missing(element)),
            ("true", None) => conditions.push(Condition::Never),
            ("false", Some(element)) => conditions.push(Condition::Missing(element).negated()),
            ("false", None) => {}
            _ => params.invalid(&whole),
        }
    }
    conditions
}

/// The authority and number of an identifier parameter.
pub(super) fn identifier_token(system: Option<String>, value: String) -> Option<Token> {
    match system {
        Some(system) => {
            let id = identifier::from_fhir(Some(&system), &value);
            Some(Token {
                system: Some(id.root),
                code: id.extension,
            })
        }
        None => Some(Token {
            system: None,
            code: value,
        }),
    }
}

/// Takes parameter `name` with one of these modifiers; `read` gives what one alternative stands for, or None when no document can
/// have it.
pub(super) fn tokens<T>(
    params: &mut Params,
    name: &str,
    modifiers: &[Option<&str>],
    read: impl Fn(Option<String>, String) -> Option<T>,
) -> Vec<Vec<T>> {
    taken_tokens(params, name, (modifiers, false), read)
}

/// [`tokens`] of codes: `system|` has an empty code, and means every code of that system.
pub(super) fn coded_tokens<T>(
    params: &mut Params,
    name: &str,
    read: impl Fn(Option<String>, String) -> Option<T>,
) -> Vec<Vec<T>> {
    taken_tokens(params, name, (&[None], true), read)
}

fn taken_tokens<T>(
    params: &mut Params,
    name: &str,
    (modifiers, whole_systems): (&[Option<&str>], bool),
    read: impl Fn(Option<String>, String) -> Option<T>,
) -> Vec<Vec<T>> {
    let mut conditions = Vec::new();
    for (modifier, value) in params.take(name) {
        if !modifiers.contains(&modifier.as_deref()) {
            let modifier = modifier.unwrap_or_default();
            params.unsupported(&format!("{name}:{modifier}"));
            continue;
        }
        match alternative_tokens(&value, whole_systems, &read) {
            Some(tokens) => conditions.push(tokens),
            None => params.invalid(name),
        }
    }
    conditions
}

/// What the alternatives of one value stand for; None when one is no token.
fn alternative_tokens<T>(
    value: &str,
    whole_systems: bool,
    read: impl Fn(Option<String>, String) -> Option<T>,
) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for alternative in alternatives(value)? {
        let (system, code) = token(&alternative);
        let of_a_system = system.as_deref().is_some_and(|system| !system.is_empty());
        if code.is_empty() && !(whole_systems && of_a_system) {
            return None;
        }
        // `|code` asks for a code without system, which nothing here has.
        if system.as_deref() != Some("") {
            all.extend(read(system, code));
        }
    }
    Some(all)
}

/// A document named by a token: unique id, entryUUID.
pub(super) fn document_key(system: Option<String>, value: String) -> Option<DocumentKey> {
    key(system.as_deref(), &value)
}

/// A document named by a reference: id, `Type/id`, absolute URL, or `urn:`.
pub(super) fn document_reference(value: &str, reading: &Reading) -> Option<DocumentKey> {
    if strip_prefix_ignore_case(value, "urn:").is_some() {
        return key(None, value);
    }
    local_id(value, "DocumentReference", reading).map(DocumentKey::Id)
}

/// The id in `id`, `Type/id` or our absolute URL.
pub(super) fn local_id(value: &str, kind: &str, reading: &Reading) -> Option<uuid::Uuid> {
    let local = value
        .strip_prefix(reading.base_url)
        .map_or(value, |rest| rest.trim_start_matches('/'));
    let id = match local.split_once('/') {
        Some((named, id)) if named == kind => id,
        Some(_) => return None,
        None => local,
    };
    uuid::Uuid::try_parse(id).ok()
}

/// A time parameter: each repetition must hold, its alternatives are either-or.
pub(super) fn times(params: &mut Params, name: &str, field: TimeField) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (modifier, value) in params.take(name) {
        if let Some(modifier) = modifier {
            params.unsupported(&format!("{name}:{modifier}"));
            continue;
        }
        let bounds: Option<Vec<TimeBound>> =
            alternatives(&value).and_then(|all| all.iter().map(|one| time_bound(one)).collect());
        match bounds {
            Some(bounds) => conditions.push(Condition::Time(field, bounds)),
            None => params.invalid(name),
        }
    }
    conditions
}

fn time_bound(value: &str) -> Option<TimeBound> {
    let comparisons = [
        ("eq", Comparison::Equal),
        ("ne", Comparison::NotEqual),
        ("lt", Comparison::Less),
        ("gt", Comparison::Greater),
        ("le", Comparison::LessOrEqual),
        ("ge", Comparison::GreaterOrEqual),
        ("sa", Comparison::StartsAfter),
        ("eb", Comparison::EndsBefore),
        ("ap", Comparison::Approximately),
    ];
    let prefix = comparisons
        .iter()
        .find_map(|(prefix, comparison)| Some((value.strip_prefix(prefix)?, *comparison)));
    let (text, comparison) = prefix.unwrap_or((value, Comparison::Equal));
    let (start, end) = search_time(text.trim())?.span();
    Some(TimeBound {
        comparison,
        start,
        end,
    })
}

/// A search may leave out seconds and offset, and a form turns `+` into a blank.
fn search_time(text: &str) -> Option<Timestamp> {
    let text = text.replace(' ', "+");
    if let Ok(time) = Timestamp::from_fhir(&text) {
        return Some(time);
    }
    let (date, time) = text.split_once('T')?;
    if date.len() != 10 || !text.is_ascii() {
        return None;
    }
    let split = time.find(['+', '-', 'Z']).unwrap_or(time.len());
    let (clock, offset) = time.split_at(split);
    let well_formed = clock
        .split(':')
        .all(|part| part.len() >= 2 && part.as_bytes().iter().take(2).all(u8::is_ascii_digit));
    if !well_formed || clock.matches(':').count() > 2 {
        return None;
    }
    let compact = format!(
        "{}{}{}",
        date.replace('-', ""),
        clock.replace(':', ""),
        offset.replace(':', "")
    );
    Timestamp::from_hl7(&compact).ok()
}

/// A text parameter with `:exact` and `:contains`.
pub(super) fn text_match(modifier: Option<&str>) -> Option<TextMatch> {
    match modifier {
        None => Some(TextMatch::Begins),
        Some("contains") => Some(TextMatch::Contains),
        Some("exact") => Some(TextMatch::Exact),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn alternatives_respect_escapes() {
        assert_eq!(alternatives("a,b").unwrap(), ["a", "b"]);
        assert_eq!(alternatives("a\\,b").unwrap(), ["a,b"]);
        assert_eq!(alternatives("a\\\\,b").unwrap(), ["a\\", "b"]);
        for bad in ["", ",", "a,", "a\\"] {
            assert!(alternatives(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_read_however_its_bar_is_written() {
        let both = (Some("urn:oid:1.2".to_owned()), "3".to_owned());
        for written in [
            "urn:oid:1.2|3",
            "urn:oid:1.2%7C3",
            "urn%3Aoid%3A1.2%7c3",
            "urn:oid:1.2\\|3",
        ] {
            assert_eq!(token(written), both, "{written}");
        }
        assert_eq!(token("3"), (None, "3".to_owned()));
        assert_eq!(token("|3"), (Some(String::new()), "3".to_owned()));
        assert_eq!(token("s|a\\|b"), (Some("s".to_owned()), "a|b".to_owned()));
    }

    #[test]
    fn times_may_be_as_short_as_a_search_allows() {
        for (text, expected) in [
            ("2024", "2024"),
            ("2024-05-01", "2024-05-01"),
            ("2024-05-01T10:30", "2024-05-01T10:30:00+02:00"),
            ("2024-05-01T10:30Z", "2024-05-01T10:30:00+00:00"),
            ("2024-05-01T10:30:00 02:00", "2024-05-01T10:30:00+02:00"),
        ] {
            let time = search_time(text).expect(text);
            assert_eq!(
                time.start(),
                Timestamp::from_fhir(expected).unwrap().start(),
                "{text}"
            );
        }
        for bad in [
            "",
            "x",
            "24-05-01",
            "2024-13",
            "2024-05-01T1:30",
            "2024-05T10:00",
            "2024-05-01T10:00+1é2",
        ] {
            assert!(search_time(bad).is_none(), "{bad}");
        }
    }
}
