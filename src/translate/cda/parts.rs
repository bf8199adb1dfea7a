//! The building bricks of the header: how HL7 data types and the people of a header are read, element by element.

use super::fault::{Fault, words};
use super::walk::{MAX_HEADER_VALUE, Node, Tag, Walker};
use crate::dmp::code::Code;
use crate::dmp::id::UniqueId;
use crate::dmp::person::{Identifier, PersonName};
use crate::dmp::time::Timestamp;

/// Longest list of one kind of element in a header.
const MAX_REPEATS: usize = 500;
/// Most complaints kept about one document.
const MAX_PROBLEMS: usize = 50;

/// A unique id and the text that it was written as: [`UniqueId`] writes UUIDs in lower case.
pub(super) type WrittenId = (UniqueId, String);

/// A name with its parts told apart by qualifier.
#[derive(Debug, Default)]
pub(super) struct NameParts {
    pub birth: Option<String>,
    pub used: Option<String>,
    pub plain: Option<String>,
    pub given: Option<String>,
}

impl NameParts {
    /// The name that a professional goes by.
    pub(super) fn person(self) -> PersonName {
        PersonName {
            family: self.used.or(self.plain).or(self.birth),
            given: self.given,
        }
    }
}

/// An organisation of the header.
#[derive(Debug, Default)]
pub(super) struct Organization {
    pub id: Option<Identifier>,
    pub name: Option<String>,
    pub practice_setting: Option<Code>,
}

/// The walker with what was found wrong on the way.
pub(super) struct Source<'a> {
    pub walker: Walker<'a>,
    /// Faults that make the document unusable, though reading could go on.
    pub errors: Vec<Fault>,
    /// Oddities that were read all the same.
    pub warnings: Vec<Fault>,
}

impl<'a> Source<'a> {
    /// Notes a fault and reads on.
    pub(super) fn complain(&mut self, fault: Fault) {
        if self.errors.len() < MAX_PROBLEMS {
            self.errors.push(fault);
        }
    }

    pub(super) fn warn(&mut self, fault: Fault) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings.push(fault);
        }
    }

    /// The next child of the element that is open, None at its end.
    pub(super) fn child(&mut self) -> Result<Option<Tag<'a>>, Fault> {
        loop {
            match self.walker.next()? {
                Node::Start(tag) => {
                    if let Some(at) = self.walker.oversized() {
                        return Err(Fault::new(at, words::TOO_LONG));
                    }
                    return Ok(Some(tag));
                }
                Node::End | Node::Done => return Ok(None),
                Node::Text(_) | Node::Char(_) => {}
            }
        }
    }

    /// Calls `each` on every HL7 element at that path below the open one, which it must read to its end.
    pub(super) fn descend<F>(&mut self, path: &[&str], each: &mut F) -> Result<(), Fault>
    where
        F: FnMut(&mut Self, Tag<'a>) -> Result<(), Fault>,
    {
        while let Some(tag) = self.child()? {
            match path.split_first() {
                Some((first, [])) if tag.hl7() == *first => each(self, tag)?,
                Some((first, rest)) if tag.hl7() == *first => self.descend(rest, each)?,
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// Passes over the rest of the element that is open.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        while self.walker.depth() > outside {
            self.walker.next()?;
        }
        Ok(())
    }

    /// An attribute of the element just opened; blank is absent.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let value = self.walker.attribute(name)?;
        let trimmed = value.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// True for an element that says why it has no value.
    pub(super) fn is_null(&self) -> bool {
        self.walker.attribute("nullFlavor").is_some()
    }

    /// The text of the element, as written; None when blank. A line break and the indentation around the text are layout.
    pub(super) fn text(&mut self) -> Result<Option<String>, Fault> {
        let start = self.walker.at();
        let outside = self.walker.depth().saturating_sub(1);
        let mut text = String::new();
        while self.walker.depth() > outside {
            match self.walker.next()? {
                Node::Text(part) => text.push_str(part),
                Node::Char(c) => text.push(c),
                Node::Start(_) | Node::End | Node::Done => {}
            }
            if text.len() > MAX_HEADER_VALUE {
                return Err(Fault::new(start, words::TOO_LONG));
            }
        }
        Ok(without_layout(text))
    }

    /// `id`: root and extension; None for a null flavour or without root.
    pub(super) fn identifier(&mut self) -> Result<Option<Identifier>, Fault> {
        let root = self.attribute("root").filter(|_| !self.is_null());
        let extension = self.attribute("extension").unwrap_or_default();
        self.skip()?;
        Ok(root.map(|root| Identifier { root, extension }))
    }

    /// `id` of a document.
    pub(super) fn unique_id(
        &mut self,
        tag: Tag<'_>,
        path: &str,
    ) -> Result<Option<WrittenId>, Fault> {
        let Some(id) = self.identifier()? else {
            return Ok(None);
        };
        let written = if id.extension.is_empty() {
            id.root
        } else {
            format!("{}^{}", id.root, id.extension)
        };
        match written.parse::<UniqueId>() {
            Ok(id) => Ok(Some((id, written))),
            Err(_) => {
                let fault = Fault::new(tag.at, words::IDENTIFIER).path(path);
                self.complain(fault.expected("@root: OID | UUID"));
                Ok(None)
            }
        }
    }

    /// A coded value; None for a null flavour or without `@code`.
    pub(super) fn code(&mut self) -> Result<Option<Code>, Fault> {
        let code = self.attribute("code").filter(|_| !self.is_null());
        let code = code.map(|code| Code {
            code,
            system: self.attribute("codeSystem").unwrap_or_default(),
            display: self.attribute("displayName"),
        });
        self.skip()?;
        Ok(code)
    }

    /// `@value` of a point in time.
    pub(super) fn time(&mut self, tag: Tag<'_>, path: &str) -> Result<Option<Timestamp>, Fault> {
        let time = self.time_value(tag, path);
        self.skip()?;
        Ok(time)
    }

    /// `@value` of the element just opened, as a time.
    pub(super) fn time_value(&mut self, tag: Tag<'_>, path: &str) -> Option<Timestamp> {
        let text = self.attribute("value").filter(|_| !self.is_null())?;
        if let Ok(time) = Timestamp::from_hl7(&text) {
            return Some(time);
        }
        let (words, time) = match repaired(&text) {
            Some(time) => (words::TIME_REPAIRED, Some(time)),
            None => (words::TIME, None),
        };
        let fault = Fault::new(tag.at, words)
            .path(format!("{path}/@value"))
            .expected("YYYYMMDDHHMMSS±HHMM");
        if time.is_some() {
            self.warn(fault);
        } else {
            self.complain(fault);
        }
        time
    }

    /// `effectiveTime`: low (or value) and high.
    pub(super) fn interval(
        &mut self,
        tag: Tag<'_>,
        path: &str,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), Fault> {
        let value = self.time_value(tag, path);
        let (mut low, mut high) = (None, None);
        while let Some(part) = self.child()? {
            match part.hl7() {
                "low" => low = self.time(part, &format!("{path}/low"))?,
                "high" => high = self.time(part, &format!("{path}/high"))?,
                _ => self.skip()?,
            }
        }
        Ok((low.or(value), high))
    }

    /// Adds one `name` to its parts.
    pub(super) fn name(&mut self, parts: &mut NameParts) -> Result<(), Fault> {
        while let Some(part) = self.child()? {
            let qualifiers = self.attribute("qualifier").unwrap_or_default();
            let is = |wanted: &str| qualifiers.split(' ').any(|one| one == wanted);
            match part.hl7() {
                "family" => {
                    let slot = if is("BR") {
                        &mut parts.birth
                    } else if is("CL") || is("SP") {
                        &mut parts.used
                    } else {
                        &mut parts.plain
                    };
                    let text = self.text()?;
                    if slot.is_none() {
                        *slot = text;
                    }
                }
                "given" => {
                    if let Some(given) = self.text()? {
                        match &mut parts.given {
                            Some(all) => {
                                all.push(' ');
                                all.push_str(&given);
                            }
                            None => parts.given = Some(given),
                        }
                        if parts
                            .given
                            .as_ref()
                            .is_some_and(|all| all.len() > MAX_HEADER_VALUE)
                        {
                            return Err(Fault::new(part.at, words::TOO_LONG));
                        }
                    }
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// `assignedPerson` and the like: the name in it.
    pub(super) fn person_name(&mut self) -> Result<PersonName, Fault> {
        let mut parts = NameParts::default();
        self.descend(&["name"], &mut |source, _| source.name(&mut parts))?;
        Ok(parts.person())
    }

    /// An organisation.
    pub(super) fn organization(&mut self) -> Result<Organization, Fault> {
        let mut organization = Organization::default();
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "id" => keep_first(&mut organization.id, self.identifier()?),
                "name" => keep_first(&mut organization.name, self.text()?),
                "standardIndustryClassCode" => {
                    keep_first(&mut organization.practice_setting, self.code()?);
                }
                _ => self.skip()?,
            }
        }
        Ok(organization)
    }
}

/// Adds to a list of bounded length.
pub(super) fn push<T>(list: &mut Vec<T>, item: T, at: usize) -> Result<(), Fault> {
    if list.len() == MAX_REPEATS {
        return Err(Fault::new(at, words::TOO_MANY));
    }
    list.push(item);
    Ok(())
}

/// Fills an empty slot.
pub(super) fn keep_first<T>(slot: &mut Option<T>, found: Option<T>) {
    if slot.is_none() {
        *slot = found;
    }
}

/// A time whose offset is shorter than HL7 v3 wants (`+100`), or that has an offset and no hour.
fn repaired(text: &str) -> Option<Timestamp> {
    let sign = text.find(['+', '-'])?;
    let (digits, offset) = text.split_at_checked(sign)?;
    let (sign, minutes) = offset.split_at_checked(1)?;
    if !minutes.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let padded = match minutes.len() {
        1 => format!("0{minutes}00"),
        2 => format!("{minutes}00"),
        3 => format!("0{minutes}"),
        4 => minutes.to_owned(),
        _ => return None,
    };
    if digits.len() == 8 {
        return Timestamp::from_hl7(digits).ok();
    }
    Timestamp::from_hl7(&format!("{digits}{sign}{padded}")).ok()
}

fn without_layout(text: String) -> Option<String> {
    let breaks = |edge: &str| edge.contains(['\n', '\r']);
    let front = text.len() - text.trim_start().len();
    let back = text.trim_end().len();
    if back == 0 {
        return None;
    }
    let start = match text.get(..front) {
        Some(edge) if breaks(edge) => front,
        _ => 0,
    };
    let end = match text.get(back..) {
        Some(edge) if breaks(edge) => back,
        _ => text.len(),
    };
    let kept = text.get(start..end).unwrap_or_default();
    if kept.contains('\r') {
        // XML 1.0 §2.11: a line ends with a line feed alone.
        return Some(kept.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Some(kept.to_owned())
}

/// True for a text that holds base64 and blanks; fed piece by piece.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    digits: usize,
    padding: usize,
    broken: bool,
}

impl Base64 {
    /// Looks at one more piece.
    pub(super) fn feed(&mut self, piece: &str) {
        for byte in piece.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                    self.digits += 1;
                    self.broken |= self.padding > 0;
                }
                b'=' => self.padding += 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.broken = true,
            }
        }
    }

    /// The verdict: something, and whole groups of four.
    pub(super) fn is_readable(&self) -> bool {
        let whole = (self.digits + self.padding).is_multiple_of(4);
        !self.broken && self.digits > 0 && self.padding <= 2 && whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_goes_and_blanks_stay() {
        for (text, kept) in [
            ("Charles ", Some("Charles ")),
            (
                "\n   Compte rendu\r\n de bio\n  ",
                Some("Compte rendu\n de bio"),
            ),
            (" \n ", None),
            ("", None),
            (" \nA ", Some("A ")),
        ] {
            assert_eq!(without_layout(text.to_owned()).as_deref(), kept, "{text:?}");
        }
    }

    #[test]
    fn short_offsets_are_completed_and_nonsense_is_not() {
        for (text, read) in [
            ("20240106113623+100", Some("20240106113623+0100")),
            ("20240106113623-1", Some("20240106113623-0100")),
            ("20240106113623+02", Some("20240106113623+0200")),
            ("20240106+0100", Some("20240106")),
            ("20240106113623+99999", None),
            ("20241306113623+100", None),
            ("2024-01-06", None),
            ("2024+0100", None),
        ] {
            assert_eq!(
                repaired(text).map(|t| t.to_hl7()).as_deref(),
                read,
                "{text}"
            );
        }
    }

    #[test]
    fn base64_is_judged_across_pieces() {
        let verdict = |pieces: &[&str]| {
            let mut base64 = Base64::default();
            pieces.iter().for_each(|piece| base64.feed(piece));
            base64.is_readable()
        };
        assert!(verdict(&["JVBE", "Ri0x\n LjU="]));
        for bad in [
            &[""][..],
            &["JVB"],
            &["JV=E"],
            &["JVBE-"],
            &["A==="],
            &["===="],
        ] {
            assert!(!verdict(bad), "{bad:?}");
        }
    }
}
