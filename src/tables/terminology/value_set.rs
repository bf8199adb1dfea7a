//! One value set: which codes, with which labels.

use serde::Deserialize;

use crate::dmp::code::Code;
use crate::tables::coded::Coded;
use crate::tables::files::Text;
use crate::tables::sheet::{Problems, Sheet};

/// One value set.
#[derive(Debug)]
pub struct ValueSet {
    /// Its name, `JDV_J66-TypeCode-DMP`.
    pub name: String,
    /// Its version, `20240927120000`.
    pub version: String,
    members: Coded<Member>,
}

#[derive(Debug)]
struct Member {
    display: String,
    until: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    oid: String,
    display: String,
    until: Option<String>,
}

impl ValueSet {
    pub(in crate::tables) fn read(text: &Text, problems: &mut Problems) -> Self {
        let sheet = Sheet::read(&text.file, &text.text, problems);
        let mut members = Coded::new();
        for (line, row) in sheet.rows_as::<Row>(&["code", "oid", "display", "until"], problems) {
            if row.code.is_empty() || row.oid.is_empty() || row.display.is_empty() {
                problems.at(&text.file, line, "code, oid and display must all be there");
                continue;
            }
            let twice = format!("{} of {} is there twice", row.code, row.oid);
            let member = Member {
                display: row.display,
                until: row.until,
            };
            if !members.insert(row.code, row.oid, member) {
                problems.at(&text.file, line, twice);
            }
        }
        Self {
            name: sheet.about.name,
            version: sheet.about.version,
            members,
        }
    }

    /// True when the code with its system is a member; deprecated members count.
    pub fn contains(&self, code: &Code) -> bool {
        self.members.get(code).is_some()
    }

    /// The value set's label of a member.
    pub fn display(&self, code: &Code) -> Option<&str> {
        self.members.get(code).map(|member| member.display.as_str())
    }

    /// The day (`2025-10-29`) since which a member is deprecated in its code system: to be told, not refused.
    pub fn deprecated_since(&self, code: &Code) -> Option<&str> {
        self.members.get(code)?.until.as_deref()
    }

    /// True when a member has this code, in whatever system.
    pub fn has_code(&self, code: &str) -> bool {
        self.members.has_code(code)
    }

    /// Every member, without label, in no order.
    pub fn members(&self) -> impl Iterator<Item = Code> {
        self.members
            .keys()
            .map(|(code, system)| Code::new(code, system))
    }
}
