//! `cda wrap`: makes a CDA document of level 1 out of a file and a DocumentReference.

use std::io;
use std::path::{Path, PathBuf};

use super::{ACCEPTED, REFUSED, USAGE, print, read};
use crate::dmp::context::{Environment, Validation};
use crate::dmp::time::Instant;
use crate::error::{Error, Issue, Severity};
use crate::tables::Tables;
use crate::translate::Reading;
use crate::translate::deposit::wrap_alone;
use crate::translate::wire;

/// What `cda wrap` was told.
pub struct Wrap {
    /// PDF, text, RTF, JPEG or TIFF.
    pub file: PathBuf,
    /// A DocumentReference, JSON.
    pub metadata: PathBuf,
    /// Where the document goes; standard output without it.
    pub output: Option<PathBuf>,
    /// Guide or strict.
    pub mode: Validation,
    /// Which INS authorities are accepted.
    pub environment: Environment,
}

/// Writes the document, warnings on standard error. Returns the exit code.
pub fn wrap(told: &Wrap) -> u8 {
    let (bytes, metadata) = match (read(&told.file), read(&told.metadata)) {
        (Ok(bytes), Ok(metadata)) => (bytes, metadata),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment: told.environment,
        validation: told.mode,
        base_url: "",
    };
    let made = wire::read_json(&metadata, "DocumentReference")
        .and_then(|resource| wrap_alone(&resource, bytes, Instant::now(), &reading));
    match made {
        Ok((document, warnings)) => {
            report(&told.metadata, &warnings);
            write(&document, told.output.as_deref())
        }
        Err(Error { issues, .. }) => {
            report(&told.metadata, &issues);
            REFUSED
        }
    }
}

fn write(document: &[u8], output: Option<&Path>) -> u8 {
    let text = String::from_utf8_lossy(document);
    let Some(path) = output else {
        print(&mut io::stdout().lock(), &text);
        return ACCEPTED;
    };
    match std::fs::write(path, document) {
        Ok(()) => ACCEPTED,
        Err(error) => {
            let text = format!("{}: {error}\n", path.display());
            print(&mut io::stderr().lock(), &text);
            USAGE
        }
    }
}

fn report(file: &Path, issues: &[Issue]) {
    for issue in issues {
        let severity = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let at = issue.expression.as_deref().unwrap_or("-");
        let code = issue.code.as_str();
        let line = format!(
            "{}: {severity} {code} {at}: {}\n",
            file.display(),
            issue.english()
        );
        print(&mut io::stderr().lock(), &line);
    }
}
