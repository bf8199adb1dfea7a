//! HL7 data types of the header: identifiers, codes, times.

use super::fault::{Fault, words};
use super::source::Source;
use super::walk::Tag;
use crate::dmp::code::Code;
use crate::dmp::id::UniqueId;
use crate::dmp::person::Identifier;
use crate::dmp::time::Timestamp;

/// A unique id and the text that it was written as: [`UniqueId`] writes UUIDs in lower case.
pub(super) type WrittenId = (UniqueId, String);

impl Source<'_> {
    /// `id`: root and extension; None for a null flavour or without root.
    pub(super) fn identifier(&mut self) -> Result<Option<Identifier>, Fault> {
        let root = match self.is_null() {
            true => None,
            false => self.root("root", "@root: OID | UUID"),
        };
        let extension = self.attribute("extension").unwrap_or_default();
        self.skip()?;
        Ok(root.map(|root| Identifier { root, extension }))
    }

    /// A name of an authority; what has blanks inside is none, and no URI of FHIR either.
    fn root(&mut self, name: &str, expected: &'static str) -> Option<String> {
        let root = self.attribute(name)?;
        if root.contains(char::is_whitespace) {
            let fault = Fault::new(self.walker.at(), words::IDENTIFIER);
            self.complain(fault.expected(expected));
            return None;
        }
        Some(root)
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
        let code = code.as_deref().and_then(single_blanks);
        let code = code.map(|code| Code {
            code,
            system: self
                .root("codeSystem", "@codeSystem: OID")
                .unwrap_or_default(),
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
}

/// A code has no blanks but single ones inside (HL7 v3 `cs`, FHIR `code`); None for what has blanks alone.
pub(super) fn single_blanks(code: &str) -> Option<String> {
    let words: Vec<&str> = code.split_whitespace().collect();
    Some(words.join(" ")).filter(|code| !code.is_empty())
}

/// A time whose offset is shorter than HL7 v3 wants (`+100`), or that has an offset and no hour.
pub(super) fn repaired(text: &str) -> Option<Timestamp> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
