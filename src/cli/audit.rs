//! `passerelle audit verify`: is the chain of the journal whole? Changes nothing, and may run beside the server.

use std::process::ExitCode;

use crate::settings::Settings;
use crate::store::{Verification, verify_journal};

/// Exit code of a journal that is not whole.
const NOT_GOOD: u8 = 1;
/// Exit code of a database that can't be read.
const INTERNAL: u8 = 70;

/// Walks the journal of the configured database and prints what it found.
pub fn verify(settings: &Settings) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let found = match runtime {
        Ok(runtime) => runtime
            .block_on(verify_journal(&settings.database.url))
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match found {
        Ok(found) => {
            let (text, code) = tell(&found);
            println!("{text}");
            ExitCode::from(code)
        }
        Err(error) => {
            eprintln!("database.url: {error}");
            ExitCode::from(INTERNAL)
        }
    }
}

/// The line to print and the exit code. A record is named by its resource id.
fn tell(found: &Verification) -> (String, u8) {
    match found {
        Verification::Whole { chains, lines } => {
            (format!("whole: {chains} chains, {lines} lines"), 0)
        }
        Verification::Broken {
            record,
            sequence,
            what,
        } => {
            let whose = match record.as_str() {
                "-" => "acts without record".to_owned(),
                id => format!("record {id}"),
            };
            (format!("broken: {whose}, line {sequence} {what}"), NOT_GOOD)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_is_named_with_its_record_and_line() {
        let whole = Verification::Whole {
            chains: 2,
            lines: 7,
        };
        assert_eq!(tell(&whole), ("whole: 2 chains, 7 lines".to_owned(), 0));
        let broken = |record: &str| Verification::Broken {
            record: record.to_owned(),
            sequence: 3,
            what: "removed",
        };
        assert_eq!(
            tell(&broken("55394aa6")),
            ("broken: record 55394aa6, line 3 removed".to_owned(), 1)
        );
        assert_eq!(
            tell(&broken("-")).0,
            "broken: acts without record, line 3 removed"
        );
    }
}
