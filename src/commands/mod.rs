//! The subcommands, a file each.

mod completions;
mod count;
mod demo;
mod help;
mod mock;
mod probe;
mod protocols;
mod report;
mod run;
mod selftest;
mod shared;

use shared::{Waiting, colour, complain, console, plan, printed};

pub use crate::cli::{Ends, Exit, Stop};
pub use shared::{finish, print};
