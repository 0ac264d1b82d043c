//! The banner: the settings of a run, shown before its first request.

use std::path::Path;
use std::time::Duration;

use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::page::{Fields, Page, paragraphs};
use super::text::{one_line, shorten};
use crate::load::{Leaving, Load};
use crate::output::{FileKind, RunInfo};
use crate::text::{Message, plain_seconds};
use crate::values::Dist;
use crate::workload::Order;

/// The wall clock, to the second, for people.
const STARTED: StaticFormatDescription = format_description!(
    "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory]:[offset_minute]"
);

/// Least width of the labels, also of a watched request's fields below the banner.
pub(super) const LABELS: usize = 10;

/// Where queries or keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// The command line: the query, or the masked key; empty for none.
    Single(&'a str),
    /// A file.
    File {
        /// Its name.
        path: &'a Path,
        /// How many queries or keys the file holds.
        count: usize,
    },
}

/// The run that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct Banner<'a> {
    /// The program's version.
    pub version: &'a str,
    /// Target, protocol, model, label and start.
    pub run: &'a RunInfo,
    /// Users, ramp-up and limit.
    pub plan: &'a Load,
    /// Requests of a conversation.
    pub turns: u32,
    /// How long users think between their requests.
    pub think_time: Option<Dist<Duration>>,
    /// Which users leave before their answer has come, and when.
    pub leaving: Option<Leaving>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The timeout of each wait.
    pub timeout: Duration,
    /// How long requests in flight may go on after the deadline.
    pub grace: Duration,
    /// The queries.
    pub queries: Origin<'a>,
    /// The order of a file's queries.
    pub order: &'a Order,
    /// Whether each query gets a prefix of its own.
    pub unique: bool,
    /// The API keys.
    pub keys: Origin<'a>,
    /// The tokenizer's file, if a tokenizer counts tokens.
    pub tokenizer: Option<&'a Path>,
    /// The files that the run will write.
    pub files: &'a [(&'static FileKind, &'a Path)],
    /// Warnings of the configuration.
    pub warnings: &'a [Message],
}

/// The banner. A watched request has no plan to show, and adds its own fields below the banner.
pub(super) fn render(page: &Page, banner: &Banner<'_>, watched: bool) -> String {
    let title = page.bold(&format!("sse-perf {}", one_line(banner.version)));
    let subtitle = page.dim(page.text("console.banner.title"));
    let mut fields = Fields::new(page, LABELS);
    add_run(banner.run, &mut fields);
    if !watched {
        add_plan(page, banner, &mut fields);
    }
    fields.say("console.banner.leaving", banner.leaving.map(leave));
    let queries = ["console.banner.query", "console.banner.queries"];
    add_origin(page, queries, banner.queries, &mut fields);
    add_variety(page, banner, watched, &mut fields);
    let keys = ["console.banner.key", "console.banner.keys"];
    add_origin(page, keys, banner.keys, &mut fields);
    let file = Message::new("console.banner.tokenizer_file");
    let file = banner
        .tokenizer
        .map(|path| file.with("path", path.display()));
    fields.say("console.banner.tokenizer", file);
    if !watched {
        fields.files(banner.files);
    }
    let warnings = page.warnings(banner.warnings);
    let end = if watched && warnings.is_empty() {
        ""
    } else {
        "\n"
    };
    let heading = format!("{title}  {subtitle}\n");
    paragraphs([heading, fields.render(), warnings]) + end
}

/// Adds the run's target, protocol, model, label and start.
pub(super) fn add_run(run: &RunInfo, fields: &mut Fields) {
    let started = run.started.format(STARTED).ok();
    for (label, value) in [
        ("console.banner.target", Some(&run.target)),
        ("console.banner.protocol", Some(&run.protocol)),
        ("console.banner.model", run.model.as_ref()),
        ("console.banner.label", run.label.as_ref()),
        ("console.banner.started", started.as_ref()),
    ] {
        fields.maybe(label, value.map(|value| one_line(value)));
    }
}

fn add_plan(page: &Page, banner: &Banner<'_>, fields: &mut Fields) {
    let plan = banner.plan;
    fields.add("console.banner.users", plan.users());
    if plan.users() > 1 {
        fields.add("console.banner.ramp_up", ramp_up(page, plan.ramp_up()));
    }
    fields.say("console.banner.mode", plan.describe(banner.turns));
    let turns = Message::new("console.banner.turns_each").with("turns", banner.turns);
    fields.say("console.banner.turns", (banner.turns > 1).then_some(turns));
    fields.say("console.banner.think", banner.think_time.map(think_time));
    let timeout = Message::new("console.banner.timeouts")
        .with("timeout", plain_seconds(banner.timeout))
        .with("grace", plain_seconds(banner.grace));
    fields.say("console.banner.timeout", timeout);
}

/// Adds the order of queries and the prefix, and the seed if random numbers matter.
fn add_variety(page: &Page, banner: &Banner<'_>, watched: bool, fields: &mut Fields) {
    let order = match (banner.queries, banner.order) {
        (Origin::File { .. }, Order::Shuffle(_)) => Some("console.banner.shuffle"),
        (Origin::File { .. }, Order::Random(_)) => Some("console.banner.random"),
        _ => None,
    };
    fields.maybe("console.banner.order", order.map(|order| page.text(order)));
    let unique = page.text("console.banner.unique_each");
    fields.maybe("console.banner.unique", banner.unique.then_some(unique));
    let varies = |think| !matches!(think, Dist::Fixed(_));
    let thinks = !watched && banner.think_time.is_some_and(varies);
    let leaves = banner.leaving.is_some_and(|leaving| leaving.rate < 1.0);
    let is_drawn = order.is_some() || thinks || leaves;
    fields.maybe("console.banner.seed", is_drawn.then_some(banner.seed));
}

fn leave(Leaving { rate, after }: Leaving) -> Message {
    // Rounded: a product of floats has digits that nobody typed.
    let percent = (rate * 1e8).round() / 1e6;
    Message::new("console.banner.leave")
        .with("percent", percent)
        .with("after", plain_seconds(after))
}

fn think_time(time: Dist<Duration>) -> Message {
    match time {
        Dist::Fixed(time) => {
            Message::new("console.banner.think_fixed").with("time", plain_seconds(time))
        }
        Dist::Uniform(low, high) => Message::new("console.banner.think_uniform")
            .with("least", plain_seconds(low))
            .with("most", plain_seconds(high)),
        Dist::Exponential(mean) | Dist::Normal(mean, _) | Dist::LogNormal(mean, _) => {
            Message::new("console.banner.think_exp").with("mean", plain_seconds(mean))
        }
    }
}

fn ramp_up(page: &Page, time: Duration) -> String {
    if time.is_zero() {
        return page.text("console.banner.no_ramp_up").to_owned();
    }
    page.message(&Message::new("console.banner.over").with("ramp_up", plain_seconds(time)))
}

/// Adds where queries or keys come from, with the label of a single one or of a file.
fn add_origin(
    page: &Page,
    [one, many]: [&'static str; 2],
    origin: Origin<'_>,
    fields: &mut Fields,
) {
    match origin {
        Origin::Single("") => fields.add(one, page.text("console.banner.none")),
        Origin::Single(text) => {
            let room = page.width.saturating_sub(LABELS + 4);
            fields.add(one, shorten(&one_line(text), room));
        }
        Origin::File { path, count } => {
            let file = Message::new("console.banner.from_file");
            fields.say(many, file.with("count", count).with("path", path.display()));
        }
    }
}
