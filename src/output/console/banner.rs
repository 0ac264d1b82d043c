//! What is about to be done, before the first request.

use std::path::Path;
use std::time::Duration;

use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::page::{Fields, Page, add_files};
use super::text::{one_line, shorten};
use crate::load::{Leaving, Load, ThinkTime};
use crate::output::{FileKind, RunInfo};
use crate::text::{Message, plain_seconds};
use crate::workload::Order;

/// The wall clock, to the second, for people.
const STARTED: StaticFormatDescription = format_description!(
    "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory]:[offset_minute]"
);

/// Columns of the labels, here and where a watched request goes on below.
pub(super) const LABELS: usize = 10;

/// Where queries or keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
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
    pub plan: &'a Load,
    /// Requests of a conversation.
    pub turns: u32,
    /// How long users think between their requests.
    pub think_time: Option<ThinkTime>,
    /// Which users leave before their answer is there.
    pub leaving: Option<Leaving>,
    /// What everything random is drawn from.
    pub seed: u64,
    /// Longest wait for anything.
    pub timeout: Duration,
    /// How much longer than the deadline requests in flight may take.
    pub grace: Duration,
    /// The queries.
    pub queries: Origin<'a>,
    /// In which order those of a file are used.
    pub order: &'a Order,
    /// Whether each gets a prefix of its own.
    pub unique: bool,
    /// The API keys.
    pub keys: Origin<'a>,
    /// The tokenizer's file, if one is to count tokens.
    pub tokenizer: Option<&'a Path>,
    /// The files that will be written.
    pub files: &'a [(&'static FileKind, &'a Path)],
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
    if let Some(leaving) = banner.leaving {
        let label = page.text("console.banner.leaving");
        fields.add(label, page.message(&leave(leaving)));
    }
    let several = matches!(banner.queries, Origin::File { .. });
    let label = if several {
        "console.banner.queries"
    } else {
        "console.banner.query"
    };
    fields.add(page.text(label), source(page, banner.queries));
    add_variety(page, banner, watched, &mut fields);
    let several = matches!(banner.keys, Origin::File { .. });
    let label = if several {
        "console.banner.keys"
    } else {
        "console.banner.key"
    };
    fields.add(page.text(label), source(page, banner.keys));
    if let Some(path) = banner.tokenizer {
        let file = Message::new("console.banner.tokenizer_file").with("path", path.display());
        fields.add(page.text("console.banner.tokenizer"), page.message(&file));
    }
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
    let plan = banner.plan;
    let users = plan.users().to_string();
    fields.add(page.text("console.banner.users"), users);
    if plan.users() > 1 {
        fields.add(
            page.text("console.banner.ramp_up"),
            ramp_up(page, plan.ramp_up()),
        );
    }
    fields.add(
        page.text("console.banner.mode"),
        page.message(&plan.describe(banner.turns)),
    );
    if banner.turns > 1 {
        let turns = Message::new("console.banner.turns_each").with("turns", banner.turns);
        fields.add(page.text("console.banner.turns"), page.message(&turns));
    }
    if let Some(think) = banner.think_time {
        let think = page.message(&think_time(think));
        fields.add(page.text("console.banner.think"), think);
    }
    let timeout = Message::new("console.banner.timeouts")
        .with("timeout", plain_seconds(banner.timeout))
        .with("grace", plain_seconds(banner.grace));
    let label = page.text("console.banner.timeout");
    fields.add(label, page.message(&timeout));
}

/// What makes requests differ from each other, and the seed where anything is drawn from it.
fn add_variety(page: &Page, banner: &Banner<'_>, watched: bool, fields: &mut Fields) {
    let order = match banner.order {
        Order::Shuffle(_) => Some("console.banner.shuffle"),
        Order::Random(_) => Some("console.banner.random"),
        Order::Sequential => None,
    };
    let order = order.filter(|_| matches!(banner.queries, Origin::File { .. }));
    if let Some(order) = order {
        fields.add(page.text("console.banner.order"), page.text(order));
    }
    if banner.unique {
        let unique = page.text("console.banner.unique_each");
        fields.add(page.text("console.banner.unique"), unique);
    }
    let thinks = !watched
        && banner
            .think_time
            .is_some_and(|think| !matches!(think, ThinkTime::Fixed(_)));
    let leaves = banner.leaving.is_some_and(|leaving| leaving.rate < 1.0);
    if order.is_some() || thinks || leaves {
        fields.add(page.text("console.banner.seed"), banner.seed.to_string());
    }
}

fn leave(Leaving { rate, after }: Leaving) -> Message {
    // As it was given, without the digits that a product of floats has.
    let percent = (rate * 1e8).round() / 1e6;
    Message::new("console.banner.leave")
        .with("percent", percent)
        .with("after", plain_seconds(after))
}

fn think_time(think: ThinkTime) -> Message {
    match think {
        ThinkTime::Fixed(time) => {
            Message::new("console.banner.think_fixed").with("time", plain_seconds(time))
        }
        ThinkTime::Uniform(least, most) => Message::new("console.banner.think_uniform")
            .with("least", plain_seconds(least))
            .with("most", plain_seconds(most)),
        ThinkTime::Exponential(mean) => {
            Message::new("console.banner.think_exp").with("mean", plain_seconds(mean))
        }
    }
}

fn ramp_up(page: &Page, time: Duration) -> String {
    if time.is_zero() {
        page.text("console.banner.no_ramp_up").to_owned()
    } else {
        let message = Message::new("console.banner.over").with("ramp_up", plain_seconds(time));
        page.message(&message)
    }
}

fn source(page: &Page, source: Origin<'_>) -> String {
    match source {
        Origin::Single("") => page.text("console.banner.none").to_owned(),
        Origin::Single(text) => {
            let room = page.width.saturating_sub(LABELS + 4);
            shorten(&one_line(text), room)
        }
        Origin::File { path, count } => page.message(
            &Message::new("console.banner.from_file")
                .with("count", count)
                .with("path", path.display()),
        ),
    }
}
