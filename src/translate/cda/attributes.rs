//! The attributes of a start tag, and names, characters and references as XML 1.0 allows them.

use std::borrow::Cow;

use super::fault::{Fault, words};

/// Most attributes of one element; the national documents have at most 13 on an element, namespaces included.
const MAX_ATTRIBUTES: usize = 128;
/// Longest name, in bytes.
const MAX_NAME: usize = 256;

/// An attribute as written.
#[derive(Debug, Clone, Copy)]
pub(in crate::translate) struct Attribute<'a> {
    /// Prefix, empty when there is none.
    pub prefix: &'a str,
    /// Qualified name.
    pub name: &'a str,
    /// Value, references not resolved.
    pub raw: &'a str,
    /// Byte offset of the name.
    pub at: usize,
}

/// Reads what follows the name of a start tag into `out`; `base` is the offset of `raw` in the text.
pub(in crate::translate) fn scan<'a>(
    raw: &'a str,
    base: usize,
    out: &mut Vec<Attribute<'a>>,
) -> Result<(), Fault> {
    out.clear();
    let bytes = raw.as_bytes();
    let mut i = 0;
    loop {
        let gap = blanks(bytes, i);
        if i + gap >= bytes.len() {
            return Ok(());
        }
        if gap == 0 {
            return Err(Fault::new(base + i, words::ATTRIBUTE));
        }
        i += gap;
        if out.len() == MAX_ATTRIBUTES {
            return Err(Fault::new(base + i, words::TOO_MANY_ATTRIBUTES));
        }
        let (attribute, next) = one(raw, i, base)?;
        if out.iter().any(|other| other.name == attribute.name) {
            return Err(Fault::new(attribute.at, words::ATTRIBUTE_TWICE));
        }
        out.push(attribute);
        i = next;
    }
}

fn one(raw: &str, start: usize, base: usize) -> Result<(Attribute<'_>, usize), Fault> {
    let bytes = raw.as_bytes();
    let malformed = |at: usize| Fault::new(base + at, words::ATTRIBUTE);
    let rest = bytes.get(start..).unwrap_or_default();
    let len = rest
        .iter()
        .position(|b| matches!(b, b'=' | b' ' | b'\t' | b'\r' | b'\n'))
        .ok_or_else(|| malformed(start))?;
    let name = raw.get(start..start + len).unwrap_or_default();
    let (prefix, _) = split_name(name, base + start)?;
    let mut i = start + len + blanks(bytes, start + len);
    if bytes.get(i) != Some(&b'=') {
        return Err(malformed(i));
    }
    i += 1;
    i += blanks(bytes, i);
    let quote = match bytes.get(i) {
        Some(quote @ (b'"' | b'\'')) => *quote,
        _ => return Err(malformed(i)),
    };
    let open = i + 1;
    let rest = bytes.get(open..).unwrap_or_default();
    let mut is_plain = true;
    let len = rest
        .iter()
        .position(|b| {
            is_plain &= !matches!(b, b'<' | b'&');
            *b == quote
        })
        .ok_or_else(|| malformed(i))?;
    let value = raw.get(open..open + len).unwrap_or_default();
    if !is_plain {
        check_value(value, base + open)?;
    }
    let attribute = Attribute {
        prefix,
        name,
        raw: value,
        at: base + start,
    };
    Ok((attribute, open + len + 1))
}

fn blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
        .count()
}

fn check_value(value: &str, at: usize) -> Result<(), Fault> {
    let mut rest = value;
    while let Some(i) = rest.bytes().position(|b| matches!(b, b'<' | b'&')) {
        let here = at + value.len() - rest.len() + i;
        let tail = rest.get(i..).unwrap_or_default();
        if tail.starts_with('<') {
            return Err(Fault::new(here, words::ATTRIBUTE));
        }
        let (_, len) = reference_at(tail).ok_or_else(|| Fault::new(here, words::ENTITY))?;
        rest = tail.get(len..).unwrap_or_default();
    }
    Ok(())
}

/// The character of a reference that starts the text, and the length of the reference.
fn reference_at(text: &str) -> Option<(char, usize)> {
    // The longest legal one is `&#x10FFFF;`, but leading zeros are legal too.
    let end = text.bytes().take(32).position(|b| b == b';')?;
    Some((reference(text.get(1..end)?)?, end + 1))
}

/// The character that `&name;` stands for: the five predefined entities and the character references.
pub(in crate::translate) fn reference(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let (digits, radix) = match code.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (code, 10),
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, radix).ok()?).filter(|c| is_char(*c))
}

fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// The offset of the first character that XML forbids.
pub(in crate::translate) fn forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_control = |b: u8| (b < 0x20) & (b != b'\n') & (b != b'\r') & (b != b'\t');
    for (n, chunk) in bytes.chunks(256).enumerate() {
        // Without a branch in it, this loop is compiled to vector instructions.
        let suspect = chunk.iter().fold(0u8, |found, b| {
            found | u8::from(is_control(*b)) | u8::from(*b == 0xEF)
        });
        if suspect == 0 {
            continue;
        }
        let bad = chunk.iter().enumerate().position(|(i, b)| match b {
            // U+FFFE and U+FFFF.
            0xEF => {
                let rest = bytes.get(n * 256 + i + 1..n * 256 + i + 3);
                matches!(rest, Some([0xBF, 0xBE | 0xBF]))
            }
            _ => is_control(*b),
        });
        if let Some(i) = bad {
            return Some(n * 256 + i);
        }
    }
    None
}

/// Prefix, empty when there is none, and local name; XML characters, at most one colon, neither first nor last.
pub(in crate::translate) fn split_name(name: &str, at: usize) -> Result<(&str, &str), Fault> {
    if name.len() > MAX_NAME {
        return Err(Fault::new(at, words::TOO_LONG));
    }
    let colon = name.bytes().position(|b| b == b':');
    let (prefix, local) = match colon.and_then(|i| name.split_at_checked(i)) {
        Some((prefix, local)) => (prefix, local.get(1..).unwrap_or_default()),
        None => ("", name),
    };
    let has_prefix = colon.is_none() || is_ncname(prefix);
    if has_prefix && is_ncname(local) {
        Ok((prefix, local))
    } else {
        Err(Fault::new(at, words::NAME))
    }
}

fn is_ncname(name: &str) -> bool {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let bytes = name.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.iter().all(is_plain) {
        return true;
    }
    let is_later = |c: char| matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}');
    name.chars().next().is_some_and(is_name_start)
        && name.chars().all(|c| is_name_start(c) || is_later(c))
}

fn is_name_start(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// The value of an attribute: references resolved, white space made blank (XML 1.0 §3.3.3).
pub(in crate::translate) fn value(raw: &str) -> Cow<'_, str> {
    if !raw
        .bytes()
        .any(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r'))
    {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let (c, len) = match c {
            '&' => reference_at(rest).unwrap_or((c, 1)),
            '\r' if rest.starts_with("\r\n") => (' ', 2),
            '\t' | '\n' | '\r' => (' ', 1),
            _ => (c, c.len_utf8()),
        };
        text.push(c);
        rest = rest.get(len..).unwrap_or_default();
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &str) -> Result<Vec<String>, Fault> {
        let mut out = Vec::new();
        scan(raw, 10, &mut out)?;
        Ok(out
            .iter()
            .map(|one| format!("{}={}", one.name, value(one.raw)))
            .collect())
    }

    #[test]
    fn attributes_are_read_as_xml_says() {
        assert_eq!(names(""), Ok(vec![]));
        assert_eq!(
            names(" a='1' b:c = \"x>y\"\n"),
            Ok(vec!["a=1".into(), "b:c=x>y".into()])
        );
        assert_eq!(
            names(" a='&amp;&#233;&#x20AC;\r\nz'"),
            Ok(vec!["a=&é€ z".into()])
        );
    }

    #[test]
    fn each_malformation_is_told_with_its_place() {
        for (raw, at, what) in [
            ("a='1'", 10, words::ATTRIBUTE),
            (" a='1'b='2'", 16, words::ATTRIBUTE),
            (" a", 11, words::ATTRIBUTE),
            (" a=1", 13, words::ATTRIBUTE),
            (" a='1", 13, words::ATTRIBUTE),
            (" a='<'", 14, words::ATTRIBUTE),
            (" a='1' a='2'", 17, words::ATTRIBUTE_TWICE),
            (" 1a='1'", 11, words::NAME),
            (" a:b:c='1'", 11, words::NAME),
            (" a='x &foo; y'", 16, words::ENTITY),
            (" a='x & y'", 16, words::ENTITY),
            (" a='&#0;'", 14, words::ENTITY),
            (" a='&#+65;'", 14, words::ENTITY),
        ] {
            assert_eq!(names(raw), Err(Fault::new(at, what)), "{raw}");
        }
    }

    #[test]
    fn forbidden_characters_are_found() {
        assert_eq!(forbidden("aé\t\r\n\u{FFFD}\u{85}"), None);
        assert_eq!(forbidden("ab\u{1}"), Some(2));
        assert_eq!(
            forbidden(&format!("{}\u{FFFE}", "x".repeat(5000))),
            Some(5000)
        );
    }
}
