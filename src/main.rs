//! The `passerelle` command.

use std::process::ExitCode;

/// A deposit and a search make thousands of small allocations on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    passerelle::cli::run()
}
