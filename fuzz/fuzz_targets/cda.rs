//! Any bytes are answered by both readings, in the same way wherever both accept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::translate::cda::{read_header, read_whole};

fuzz_target!(|bytes: &[u8]| {
    let fast = read_header(bytes);
    match read_whole(bytes) {
        Ok((whole, _)) => assert_eq!(fast.as_ref(), Ok(&whole)),
        Err(issues) => assert!(issues.iter().all(|issue| issue.position.is_some())),
    }
    if let Err(issue) = fast {
        assert!(issue.position.is_some());
    }
});
