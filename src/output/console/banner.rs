//! What is about to be done, before the first request.

use std::path::Path;
use std::time::Duration;

use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::page::{Fields, Page, add_files, plain_seconds};
use super::text::{one_line, shorten};
use crate::load::{ClosedLoop, Limit};
use crate::output::{FileKind, RunInfo};
use crate::text::Message;

/// The wall clock, to the second, for people.
const STARTED: StaticFormatDescription = format_description!(
    "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory]:[offset_minute]"
);

/// Columns of the labels, here and where a watched request goes on below.
pub(super) const LABELS: usize = 10;

/// Where queries or keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// The command line: the query, or the key, masked already; empty for none.
    Single(&'a str),
    /// A file.
    File {
        /// Its name.
        path: &'a Path,
        /// How many it holds.
        count: usize,
    },
}

/// What is about to be done.
#[derive(Clone, Copy, Debug)]
pub struct Banner<'a> {
    /// The program's version.
    pub version: &'a str,
    /// What is tested, and when.
    pub run: &'a RunInfo,
    /// Users, ramp-up and limit.
    pub plan: ClosedLoop,
    /// Requests of a conversation.
    pub turns: u32,
    /// Longest wait for anything.
    pub timeout: Duration,
    /// How much longer than the deadline requests in flight may take.
    pub grace: Duration,
    /// The queries.
    pub queries: Source<'a>,
    /// The API keys.
    pub keys: Source<'a>,
    /// The files that will be written.
    pub files: &'a [(FileKind, &'a Path)],
    /// What the user should know.
    pub warnings: &'a [Message],
}

/// The banner. Of a single watched request there is no plan worth telling; its fields go on with
/// those of the response.
pub(super) fn render(page: &Page, banner: &Banner<'_>, watched: bool) -> String {
    let title = format!("sse-perf {}", one_line(banner.version));
    let subtitle = page.dim(page.text("console.banner.title"));
    let mut text = format!("{}  {subtitle}\n\n", page.bold(&title));
    let mut fields = Fields::of_width(LABELS);
    add_run(page, banner.run, &mut fields);
    if !watched {
        add_plan(page, banner, &mut fields);
    }
    let several = matches!(banner.queries, Source::File { .. });
    let label = if several {
        "console.banner.queries"
    } else {
        "console.banner.query"
    };
    fields.add(page.text(label), source(page, banner.queries));
    let several = matches!(banner.keys, Source::File { .. });
    let label = if several {
        "console.banner.keys"
    } else {
        "console.banner.key"
    };
    fields.add(page.text(label), source(page, banner.keys));
    if !watched {
        add_files(page, banner.files, &mut fields);
    }
    text.push_str(&fields.render());
    if !banner.warnings.is_empty() {
        text.push('\n');
        for warning in banner.warnings {
            text.push_str(&page.warning(warning));
        }
    }
    if !watched || !banner.warnings.is_empty() {
        text.push('\n');
    }
    text
}

/// What tells a run from others: what was tested, as what, and when.
pub(super) fn add_run(page: &Page, run: &RunInfo, fields: &mut Fields) {
    let started = run.started.format(STARTED).ok();
    for (id, value) in [
        ("console.banner.target", Some(&run.target)),
        ("console.banner.protocol", Some(&run.protocol)),
        ("console.banner.model", run.model.as_ref()),
        ("console.banner.label", run.label.as_ref()),
        ("console.banner.started", started.as_ref()),
    ] {
        if let Some(value) = value {
            fields.add(page.text(id), one_line(value));
        }
    }
}

fn add_plan(page: &Page, banner: &Banner<'_>, fields: &mut Fields) {
    let plan = &banner.plan;
    let users = plan.users.to_string();
    fields.add(page.text("console.banner.users"), users);
    if plan.users > 1 {
        fields.add(page.text("console.banner.ramp_up"), ramp_up(page, plan));
    }
    fields.add(
        page.text("console.banner.mode"),
        mode(page, plan.limit, banner.turns),
    );
    if banner.turns > 1 {
        let turns = Message::new("console.banner.turns_each").with("turns", banner.turns);
        fields.add(page.text("console.banner.turns"), page.message(&turns));
    }
    let timeout = Message::new("console.banner.timeouts")
        .with("timeout", plain_seconds(banner.timeout))
        .with("grace", plain_seconds(banner.grace));
    let label = page.text("console.banner.timeout");
    fields.add(label, page.message(&timeout));
}

fn ramp_up(page: &Page, plan: &ClosedLoop) -> String {
    if plan.ramp_up.is_zero() {
        page.text("console.banner.no_ramp_up").to_owned()
    } else {
        let message =
            Message::new("console.banner.over").with("ramp_up", plain_seconds(plan.ramp_up));
        page.message(&message)
    }
}

fn mode(page: &Page, limit: Limit, turns: u32) -> String {
    let message = match limit {
        Limit::OnceEach if turns > 1 => Message::new("console.mode.once_conversation"),
        Limit::OnceEach => Message::new("console.mode.once"),
        Limit::Requests(requests) => {
            Message::new("console.mode.requests").with("requests", requests)
        }
        Limit::Duration {
            hold,
            requests: None,
        } => Message::new("console.mode.duration").with("hold", plain_seconds(hold)),
        Limit::Duration {
            hold,
            requests: Some(requests),
        } => Message::new("console.mode.both")
            .with("hold", plain_seconds(hold))
            .with("requests", requests),
    };
    page.message(&message)
}

fn source(page: &Page, source: Source<'_>) -> String {
    match source {
        Source::Single("") => page.text("console.banner.none").to_owned(),
        Source::Single(text) => {
            let room = page.width.saturating_sub(LABELS + 4);
            shorten(&one_line(text), room)
        }
        Source::File { path, count } => page.message(
            &Message::new("console.banner.from_file")
                .with("count", count)
                .with("path", path.display()),
        ),
    }
}
