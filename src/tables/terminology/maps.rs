//! The maps of the DMP: type → class (ASS_X16), CDA template → format (ASS_A11 and ours), media type → format (ASS_A12).

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::ValueSet;
use crate::dmp::code::Code;
use crate::tables::coded::Coded;
use crate::tables::files::Files;
use crate::tables::sheet::{Problems, Sheet};

const CLASSES: &str = "ASS_X16-CorrespondanceType-Classe-DMP.csv";
const TEMPLATES: &str = "ASS_A11-CorresModeleCDA-XdsFormatCode-CISIS.csv";
const OVERRIDES: &str = "template-overrides.csv";
const MEDIA_TYPES: &str = "ASS_A12-CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS.csv";

/// All maps.
#[derive(Debug)]
pub(super) struct Maps {
    classes: Coded<Code>,
    /// By root; then the extension, None for the root alone.
    templates: HashMap<String, HashMap<Option<String>, Code>>,
    media_types: HashMap<String, Code>,
}

#[derive(Deserialize)]
struct ClassRow {
    r#type: String,
    type_oid: String,
    class: String,
    class_oid: String,
}

#[derive(Deserialize)]
struct TemplateRow {
    template: String,
    format: String,
    format_oid: String,
    display: String,
}

#[derive(Deserialize)]
struct MediaTypeRow {
    media_type: String,
    format: String,
    format_oid: String,
    display: String,
}

#[derive(Deserialize)]
struct ReservedRow {
    r#type: String,
}

fn labelled(code: String, system: String, display: String) -> Code {
    Code {
        code,
        system,
        display: Some(display),
    }
}

impl Maps {
    pub(super) fn read(
        files: &Files,
        types: &ValueSet,
        classes: &ValueSet,
        problems: &mut Problems,
    ) -> Self {
        Self {
            classes: read_classes(files, types, classes, problems),
            templates: read_templates(files, problems),
            media_types: read_media_types(files, problems),
        }
    }

    pub(super) fn class_of(&self, type_code: &Code) -> Option<&Code> {
        self.classes.get(type_code)
    }

    pub(super) fn format_of_template(&self, root: &str, extension: Option<&str>) -> Option<&Code> {
        let formats = self.templates.get(root)?;
        let exact = extension.and_then(|extension| formats.get(&Some(extension.to_owned())));
        exact.or_else(|| formats.get(&None))
    }

    pub(super) fn format_of_media_type(&self, media_type: &str) -> Option<&Code> {
        self.media_types.get(&media_type.to_ascii_lowercase())
    }
}

fn read_classes(
    files: &Files,
    types: &ValueSet,
    classes: &ValueSet,
    problems: &mut Problems,
) -> Coded<Code> {
    let text = files.get(CLASSES);
    let sheet = Sheet::read(&text.file, &text.text, problems);
    let mut map = Coded::new();
    let columns = ["type", "type_oid", "class", "class_oid"];
    for (line, row) in sheet.rows_as::<ClassRow>(&columns, problems) {
        let mut class = Code::new(row.class, row.class_oid);
        match classes.display(&class).map(str::to_owned) {
            None => {
                let what = format!("class {} is not in {}", class.code, classes.name);
                problems.at(&text.file, line, what);
            }
            display => class.display = display,
        }
        let twice = format!("{} of {} is there twice", row.r#type, row.type_oid);
        if !map.insert(row.r#type, row.type_oid, class) {
            problems.at(&text.file, line, twice);
        }
    }
    for code in types.members().filter(|code| map.get(code).is_none()) {
        problems.add(format!(
            "{}: type {} of {} has no class.",
            text.file, code.code, types.name
        ));
    }
    map
}

fn read_templates(
    files: &Files,
    problems: &mut Problems,
) -> HashMap<String, HashMap<Option<String>, Code>> {
    let mut map: HashMap<String, HashMap<Option<String>, Code>> = HashMap::new();
    // Overrides come last: they win over the published rows.
    for file in [TEMPLATES, OVERRIDES] {
        let text = files.get(file);
        let sheet = Sheet::read(&text.file, &text.text, problems);
        let mut seen = HashSet::new();
        let columns = ["template", "format", "format_oid", "display"];
        for (line, row) in sheet.rows_as::<TemplateRow>(&columns, problems) {
            if !seen.insert(row.template.clone()) {
                problems.at(&text.file, line, format!("{} is there twice", row.template));
            }
            let (root, extension) = match row.template.split_once('^') {
                Some((root, extension)) => (root.to_owned(), Some(extension.to_owned())),
                None => (row.template, None),
            };
            let format = labelled(row.format, row.format_oid, row.display);
            map.entry(root).or_default().insert(extension, format);
        }
    }
    map
}

fn read_media_types(files: &Files, problems: &mut Problems) -> HashMap<String, Code> {
    let text = files.get(MEDIA_TYPES);
    let sheet = Sheet::read(&text.file, &text.text, problems);
    let mut map = HashMap::new();
    let columns = ["media_type", "format", "format_oid", "display"];
    for (line, row) in sheet.rows_as::<MediaTypeRow>(&columns, problems) {
        let media_type = row.media_type.to_ascii_lowercase();
        let format = labelled(row.format, row.format_oid, row.display);
        if map.insert(media_type, format).is_some() {
            problems.at(
                &text.file,
                line,
                format!("{} is there twice", row.media_type),
            );
        }
    }
    map
}

/// The types that no professional deposits.
pub(super) fn reserved_types(
    files: &Files,
    types: &ValueSet,
    problems: &mut Problems,
) -> HashSet<String> {
    let text = files.get("reserved-types.csv");
    let sheet = Sheet::read(&text.file, &text.text, problems);
    let mut reserved = HashSet::new();
    for (line, row) in sheet.rows_as::<ReservedRow>(&["type", "reason"], problems) {
        if !types.has_code(&row.r#type) {
            let what = format!("{} is not in {}", row.r#type, types.name);
            problems.at(&text.file, line, what);
        }
        reserved.insert(row.r#type);
    }
    reserved
}
