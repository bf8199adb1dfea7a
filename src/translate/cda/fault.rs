//! What stops the reading of a document: where, and in which words. Holds nothing of the document itself.

use std::collections::{BTreeSet, HashMap};

use crate::error::{Code, Issue};

/// A sentence in French and in English, and the name of the check.
pub(in crate::translate) type Words = (&'static str, &'static str, &'static str);

/// A fault at a byte of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::translate) struct Fault {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong.
    pub words: Words,
    /// XPath of the element, when one is to blame.
    pub path: Option<String>,
    /// What was expected there.
    pub expected: Option<&'static str>,
}

impl Fault {
    /// A fault of the XML itself.
    pub(in crate::translate) fn new(at: usize, words: Words) -> Self {
        Self {
            at,
            words,
            path: None,
            expected: None,
        }
    }

    /// Names the element.
    pub(in crate::translate) fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Names what was expected.
    pub(in crate::translate) fn expected(mut self, expected: &'static str) -> Self {
        self.expected = Some(expected);
        self
    }

    /// The issue to answer with, its place counted in the text that was read.
    pub(in crate::translate) fn issue(&self, text: &str) -> Issue {
        let (line, column) = line_column(text.as_bytes(), self.at);
        let mut issue = cda_invalid(self.words).at_position(line, column);
        if let Some(path) = &self.path {
            issue = issue.at(path.clone());
        }
        match self.expected {
            Some(expected) => issue.with("expected", expected),
            None => issue,
        }
    }
}

/// The parameter of an issue that names the check which found it.
pub(in crate::translate) const CHECK: &str = "check";

/// A `cda-invalid` issue with both sentences.
pub(in crate::translate) fn cda_invalid(words: Words) -> Issue {
    let issue = Issue::new(Code::CdaInvalid).detail(words.0, words.1);
    issue.with(CHECK, words.2)
}

/// Line and column from 1, the column in characters, of a byte of UTF-8 text. CRLF, LF and CR end a line.
pub(in crate::translate) fn line_column(text: &[u8], at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let (mut line, mut start) = (1u32, 0);
    for (i, byte) in before.iter().enumerate() {
        let ends = match byte {
            b'\n' => true,
            b'\r' => text.get(i + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends {
            line = line.saturating_add(1);
            start = i + 1;
        }
    }
    let is_first_byte = |byte: &&u8| **byte & 0xC0 != 0x80;
    let column = before[start..].iter().filter(is_first_byte).count();
    (
        line,
        u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
    )
}

/// Lines and columns of several bytes, in one pass over the text.
pub(in crate::translate) fn lines_columns(
    text: &str,
    places: impl Iterator<Item = usize>,
) -> HashMap<usize, (u32, u32)> {
    let sorted: BTreeSet<usize> = places.collect();
    let (mut before, mut line, mut column) = (0, 1u32, 1u32);
    let mut found = HashMap::with_capacity(sorted.len());
    for at in sorted {
        let rest = text.as_bytes().get(before..).unwrap_or_default();
        let (lines, columns) = line_column(rest, at.saturating_sub(before));
        if lines == 1 {
            column = column.saturating_add(columns - 1);
        } else {
            (line, column) = (line.saturating_add(lines - 1), columns);
        }
        before = at;
        found.insert(at, (line, column));
    }
    found
}

/// The sentences of this reader.
pub(in crate::translate) mod words {
    use super::Words;

    /// All of them.
    pub(crate) const ALL: [Words; 37] = [
        EMPTY,
        BOM_DISAGREES,
        ENCODING,
        BAD_BYTES,
        DECLARATION,
        CHARACTER,
        DOCTYPE,
        ENTITY,
        UNCLOSED,
        MARKUP,
        END_TAG,
        UNFINISHED,
        COMMENT,
        CDATA_END,
        OUTSIDE,
        NAME,
        ATTRIBUTE,
        ATTRIBUTE_TWICE,
        PREFIX,
        TOO_DEEP,
        TOO_MANY_ATTRIBUTES,
        TOO_LONG,
        TOO_MANY,
        NO_DOCUMENT,
        TWO_DOCUMENTS,
        TWICE,
        MISPLACED,
        MISSING,
        IDENTIFIER,
        TIME,
        TIME_REPAIRED,
        NUMBER,
        RELATION,
        BODY,
        BASE64,
        NO_INS,
        NO_FORMAT,
    ];

    pub(crate) const EMPTY: Words = ("document vide", "empty document", "empty");
    pub(crate) const BOM_DISAGREES: Words = (
        "l'encodage déclaré contredit les octets",
        "the declared encoding contradicts the bytes",
        "bom-disagrees",
    );
    pub(crate) const ENCODING: Words = (
        "encodage non pris en charge",
        "unsupported encoding",
        "encoding",
    );
    pub(crate) const BAD_BYTES: Words = (
        "octets invalides dans l'encodage annoncé",
        "bytes that are not valid in the encoding announced",
        "bad-bytes",
    );
    pub(crate) const DECLARATION: Words = (
        "déclaration XML invalide",
        "invalid XML declaration",
        "declaration",
    );
    pub(crate) const CHARACTER: Words = (
        "caractère interdit en XML",
        "character that XML does not allow",
        "character",
    );
    pub(crate) const DOCTYPE: Words = ("DOCTYPE refusé", "DOCTYPE is refused", "doctype");
    pub(crate) const ENTITY: Words = (
        "référence d'entité inconnue ou mal formée",
        "unknown or malformed entity reference",
        "entity",
    );
    pub(crate) const UNCLOSED: Words = ("balisage non terminé", "markup not closed", "unclosed");
    pub(crate) const MARKUP: Words = ("balisage invalide", "invalid markup", "markup");
    pub(crate) const END_TAG: Words = (
        "balise de fin qui ne ferme pas l'élément ouvert",
        "end tag that does not close the open element",
        "end-tag",
    );
    pub(crate) const UNFINISHED: Words = (
        "le document s'arrête avant la fin de sa racine",
        "the document ends before its root does",
        "unfinished",
    );
    pub(crate) const COMMENT: Words = (
        "« -- » dans un commentaire",
        "\"--\" in a comment",
        "comment",
    );
    pub(crate) const CDATA_END: Words = ("« ]]> » dans un texte", "\"]]>\" in a text", "cdata-end");
    pub(crate) const OUTSIDE: Words = (
        "contenu hors de l'élément racine",
        "content outside the root element",
        "outside",
    );
    pub(crate) const NAME: Words = ("nom XML invalide", "invalid XML name", "name");
    pub(crate) const ATTRIBUTE: Words = ("attribut mal formé", "malformed attribute", "attribute");
    pub(crate) const ATTRIBUTE_TWICE: Words = (
        "attribut présent deux fois",
        "attribute that is there twice",
        "attribute-twice",
    );
    pub(crate) const PREFIX: Words = (
        "préfixe d'espace de noms non déclaré",
        "undeclared namespace prefix",
        "prefix",
    );
    pub(crate) const TOO_DEEP: Words = (
        "trop d'éléments imbriqués",
        "too many nested elements",
        "too-deep",
    );
    pub(crate) const TOO_MANY_ATTRIBUTES: Words = (
        "trop d'attributs",
        "too many attributes",
        "too-many-attributes",
    );
    pub(crate) const TOO_LONG: Words = ("valeur trop longue", "value too long", "too-long");
    pub(crate) const TOO_MANY: Words = ("trop de répétitions", "too many repetitions", "too-many");
    pub(crate) const NO_DOCUMENT: Words = (
        "pas d'élément ClinicalDocument de l'espace urn:hl7-org:v3",
        "no ClinicalDocument element of namespace urn:hl7-org:v3",
        "no-document",
    );
    pub(crate) const TWO_DOCUMENTS: Words = (
        "deux éléments ClinicalDocument",
        "two ClinicalDocument elements",
        "two-documents",
    );
    pub(crate) const TWICE: Words = (
        "élément présent deux fois",
        "element that is there twice",
        "twice",
    );
    pub(crate) const MISPLACED: Words = (
        "élément d'en-tête après le corps",
        "header element after the body",
        "misplaced",
    );
    pub(crate) const MISSING: Words = (
        "élément obligatoire absent",
        "required element missing",
        "missing",
    );
    pub(crate) const IDENTIFIER: Words = (
        "identifiant qui n'est ni un OID ni un UUID",
        "identifier that is neither an OID nor a UUID",
        "identifier",
    );
    pub(crate) const TIME: Words = ("date invalide", "invalid time", "time");
    pub(crate) const TIME_REPAIRED: Words = (
        "date mal écrite, lue quand même",
        "time not written as it should be, read all the same",
        "time-repaired",
    );
    pub(crate) const NUMBER: Words = ("nombre invalide", "invalid number", "number");
    pub(crate) const RELATION: Words = ("relation inconnue", "unknown relation", "relation");
    pub(crate) const BODY: Words = (
        "ni structuredBody ni nonXMLBody",
        "neither structuredBody nor nonXMLBody",
        "body",
    );
    pub(crate) const NO_INS: Words = (
        "aucun identifiant du patient n'est un INS",
        "no id of the patient is an INS",
        "patient-ins",
    );
    pub(crate) const NO_FORMAT: Words = (
        "aucun templateId connu ne donne le format",
        "no known templateId that gives the format",
        "format",
    );
    pub(crate) const BASE64: Words = (
        "corps non structuré sans contenu base64 lisible",
        "unstructured body without readable base64",
        "base64",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_alike_one_by_one_and_all_at_once() {
        let text = "é<a>\r\n<b/>\r<c/>\n\n  <d é='1'/><e/>";
        let places: Vec<usize> = text.match_indices('<').map(|(at, _)| at).collect();
        let all = lines_columns(text, places.iter().rev().copied());
        for at in &places {
            assert_eq!(
                all.get(at),
                Some(&line_column(text.as_bytes(), *at)),
                "{at}"
            );
        }
        assert_eq!(all.get(places.last().unwrap_or(&0)), Some(&(5, 13)));
    }
}
