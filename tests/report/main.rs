//! The report's page: its bytes, its figures, and its behaviour in a real browser.
#![expect(
    unreachable_pub,
    reason = "what the modules of a test share is public within it"
)]

mod browser;
#[path = "../shared/directory.rs"]
mod directory;
mod driver;
mod figures;
mod golden;
mod parts;
mod runs;
mod workflow;
