//! Where the tables come from: built into the binary, or replaced by a directory's files of the same name.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::sheet::Problems;

/// The largest file that is read.
const LARGEST: u64 = 4 << 20;

macro_rules! built_in {
    ($($name:literal,)*) => {
        const BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../mappings/", $name))),)*];
    };
}

built_in! {
    "ASS_A11-CorresModeleCDA-XdsFormatCode-CISIS.csv",
    "ASS_A12-CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS.csv",
    "ASS_X16-CorrespondanceType-Classe-DMP.csv",
    "JDV_J47-FunctionCode-CISIS.csv",
    "JDV_J56-AuthorSpecialty-DMP.csv",
    "JDV_J57-ClassCode-DMP.csv",
    "JDV_J58-ConfidentialityCode-DMP.csv",
    "JDV_J59-ContentTypeCode-DMP.csv",
    "JDV_J60-FormatCode-DMP.csv",
    "JDV_J61-HealthcareFacilityTypeCode-DMP.csv",
    "JDV_J62-PracticeSettingCode-DMP.csv",
    "JDV_J66-TypeCode-DMP.csv",
    "matrix-base.csv",
    "matrix-contested.csv",
    "matrix-seed.csv",
    "patient-deposits.csv",
    "professions.csv",
    "reserved-types.csv",
    "rules.csv",
    "system-aliases.csv",
    "systems.csv",
    "template-overrides.csv",
    "vaccine-diseases.csv",
}

/// The text of one file, and the name to call it by.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// The file's name, with its directory when it is not a built-in one.
    pub(super) file: String,
    /// Its content.
    pub(super) text: String,
}

/// All files but those of `dmp.matrix`.
#[derive(Debug)]
pub(super) struct Files(HashMap<&'static str, Text>);

impl Files {
    /// The built-in ones.
    pub(super) fn built_in() -> Self {
        let text = |&(name, text): &(&'static str, &str)| {
            let file = name.to_owned();
            let text = text.to_owned();
            (name, Text { file, text })
        };
        Self(BUILT_IN.iter().map(text).collect())
    }

    /// The built-in ones, those replaced that the directory holds. A CSV file there that replaces nothing is a problem.
    pub(super) fn replaced_by(directory: &Path, problems: &mut Problems) -> Self {
        let mut files = Self::built_in();
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => {
                problems.add(format!("{}: {error}.", directory.display()));
                return files;
            }
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "csv") {
                continue;
            }
            let name = path.file_name().unwrap_or_default();
            let Some((known, _)) = BUILT_IN.iter().find(|(known, _)| name == *known) else {
                problems.add(format!(
                    "{}: replaces none of the tables that can be replaced.",
                    path.display()
                ));
                continue;
            };
            if let Some(text) = from_disk(&path, problems) {
                files.0.insert(known, text);
            }
        }
        files
    }

    /// One of them, by its name.
    pub(super) fn get(&self, name: &str) -> Text {
        self.0.get(name).cloned().unwrap_or(Text {
            file: name.to_owned(),
            text: String::new(),
        })
    }
}

/// Reads a file of bounded size, UTF-8 with or without mark.
pub(super) fn from_disk(path: &Path, problems: &mut Problems) -> Option<Text> {
    let file = path.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|opened| opened.take(LARGEST + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        problems.add(format!("{file}: {error}."));
        return None;
    }
    if bytes.len() as u64 > LARGEST {
        problems.add(format!("{file}: larger than {LARGEST} bytes."));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(Text {
            file,
            text: text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned(),
        }),
        Err(_) => {
            problems.add(format!("{file}: not UTF-8."));
            None
        }
    }
}
