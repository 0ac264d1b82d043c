//! The run JSON: everything about a run but its requests.

pub mod read;
mod spans;
mod sum;
mod summary;
mod ticks;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use self::summary::SummaryJson;
use super::about::About;
use super::format::{FileKind, Format, Results};
use super::host::Host;
use super::layout::Layout;
use super::waterfall::{Chosen, Waterfall};
use crate::stats::{SUB_BUCKETS, Ticks};
use crate::text::Message;

/// Name and version of the document's schema.
pub const SCHEMA: &str = "sse-perf/run/1";

/// RFC 3339 with microseconds and offset.
const WALL: StaticFormatDescription = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]\
     [offset_hour sign:mandatory]:[offset_minute]"
);

/// How the document's times are to be read.
const CLOCK_NOTE: &str = "started_at is the only reading of the wall clock. Every *_s value, \
    and the seconds of ticks, count from it on the monotonic clock.";

/// How the document's histograms are to be read.
const HISTOGRAM_NOTE: &str = "buckets are [index, count]. Index i < 256 holds the value i us; \
    above, with s = floor(i / 128) - 1, the 2^s values from (i - 128 s) * 2^s us on.";

/// The kind of the run JSON.
pub static KIND: FileKind = FileKind {
    name: "run",
    extension: "json",
    flag: "--json",
    no_flag: Some("--no-json"),
    only_file: None,
    label: "console.file.run",
    refusal: "files.cannot_write_json",
    is_document: true,
    has_events: false,
    is_recounted: false,
    format: |_| Box::new(RunDocument),
};

#[derive(Debug)]
struct RunDocument;

impl Format for RunDocument {
    fn begin(&mut self, about: &About) -> Vec<u8> {
        render(about, None)
    }

    fn document(&self, results: &Results<'_>) -> Vec<u8> {
        render(results.about, Some(results))
    }
}

/// The document of a run, with results if the run has ended. Each member of the two outer levels
/// and each tick has a line of its own: people use `head` and `diff`.
///
/// # Panics
///
/// Never: every value of the document has a form in JSON.
#[must_use]
pub fn render(about: &About, results: Option<&Results<'_>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Layout::default());
    RunJson::of(about, results)
        .serialize(&mut serializer)
        .expect("everything in it has a form in JSON");
    out.push(b'\n');
    out
}

/// The document. Members that the program does not read again may be missing.
#[derive(Serialize, Deserialize)]
struct RunJson<'a> {
    schema: String,
    tool_version: Option<String>,
    run_id: String,
    label: Option<String>,
    started_at: Option<String>,
    #[serde(default)]
    clocks: String,
    target: String,
    protocol: String,
    model: Option<String>,
    command_line: Option<String>,
    config: Option<Value>,
    host: Option<Host>,
    warnings: Vec<Message>,
    summary: Option<SummaryJson>,
    #[serde(default)]
    histograms: Value,
    waterfall: Option<Chosen>,
    #[serde(with = "ticks")]
    ticks: Cow<'a, Ticks>,
}

impl<'a> RunJson<'a> {
    fn of(about: &'a About, results: Option<&Results<'a>>) -> Self {
        let run = about.run.clone();
        Self {
            schema: SCHEMA.to_owned(),
            tool_version: about.version.clone(),
            run_id: run.run_id,
            label: run.label,
            started_at: run.started.format(WALL).ok(),
            clocks: CLOCK_NOTE.to_owned(),
            target: run.target,
            protocol: run.protocol,
            model: run.model,
            command_line: about.command_line.clone(),
            config: about.config.clone(),
            host: about.host.clone(),
            warnings: about.warnings.clone(),
            summary: results.map(|results| SummaryJson::of(results.summary)),
            histograms: json!({"sub_buckets": SUB_BUCKETS, "note": HISTOGRAM_NOTE}),
            waterfall: results
                .and_then(|results| results.waterfall)
                .map(Waterfall::chosen),
            ticks: results.map_or_else(Cow::default, |results| Cow::Borrowed(&results.stats.ticks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::clock::tests::ms;
    use crate::load::tests::load;
    use crate::output::tests::run;
    use crate::record::{FailureKind, Progress, Sample};
    use crate::stats::tests::{failed, finished, ok_request};
    use crate::stats::{RunStats, Summary};

    fn document(results: Option<(&Summary, &RunStats)>) -> (String, Value) {
        let host = Host {
            open_files_hard: Some(u64::MAX),
            ..Host::default()
        };
        let about = About {
            config: Some(json!({"threads": 1})),
            host: Some(host),
            warnings: vec![Message::new("files.broken_pipe")],
            ..About::of(run())
        };
        let waterfall = Waterfall::default();
        let results =
            results.map(|(summary, stats)| Results::of_run(&about, 1, summary, stats, &waterfall));
        let rendered = render(&about, results.as_ref());
        let text = String::from_utf8(rendered).unwrap();
        let value = serde_json::from_str(&text).unwrap();
        (text, value)
    }

    #[test]
    fn a_run_that_has_not_ended_has_no_summary() {
        let (_, value) = document(None);
        assert_eq!(value["schema"], SCHEMA);
        assert_eq!(value["started_at"], "2026-02-03T04:05:06.700000+08:00");
        assert_eq!(value["config"], json!({"threads": 1}));
        assert_eq!(value["host"]["open_files_hard"], json!(u64::MAX));
        assert_eq!(value["host"]["name"], Value::Null);
        let warning = json!({
            "id": "files.broken_pipe", "arguments": {},
            "en": "The program that read the output closed the pipe.",
            "zh": "读取输出的程序已关闭管道。",
        });
        assert_eq!(value["warnings"], json!([warning]));
        assert_eq!(value["summary"], Value::Null);
        assert_eq!(value["ticks"], json!([]));
        assert_eq!(value.get("verdict"), None);
    }

    #[test]
    fn results_are_a_summary_and_a_line_for_each_second() {
        let mut stats = RunStats::default();
        for sample in [
            Sample::UserStarted {
                user: 1,
                at: ms(0),
                late: Duration::ZERO,
            },
            Sample::Progress(Progress {
                at: ms(900),
                chunks: 5,
                tokens: 5,
                gaps: [20_000, 20_000, 300].as_slice().into(),
                lags: [40, 60].as_slice().into(),
            }),
            finished(ok_request(ms(100), ms(200), ms(1_000))),
            finished(failed(ms(1_600), FailureKind::Reset)),
        ] {
            stats.on(&sample);
        }
        let summary = stats.summary(Some(&load(1, 1.5, None, None)), false);
        let (text, value) = document(Some((&summary, &stats)));
        let of_run = &value["summary"];
        assert_eq!(of_run["ramp_up_s"], json!(1.5));
        assert_eq!(of_run["duration_s"], json!(1.5));
        assert_eq!(of_run["planned_duration_s"], Value::Null);
        assert_eq!(of_run["success_rate"], json!(0.5));
        assert_eq!(of_run["output_tokens"]["source"], "estimate");
        assert_eq!(of_run["ttft_ms"]["p99"], json!(100.0));
        assert_eq!(of_run["ttft_ms"]["std_dev"], Value::Null);
        assert_eq!(of_run["ttfa_ms"], of_run["ttft_ms"]);
        assert_eq!(of_run["failures"][0]["kind"], "reset");
        let group = &of_run["failure_groups"][0];
        assert_eq!(group["hint"]["id"], "console.hint.reset");
        assert_eq!(group["count"], 1);
        assert_eq!(group["status"], Value::Null);
        let ticks = value["ticks"].as_array().unwrap();
        assert_eq!(ticks.len(), 2);
        assert_eq!(ticks[0]["itl"]["buckets"], json!([[278, 1], [1052, 2]]));
        assert_eq!(ticks[0]["active_users"], json!(1));
        assert_eq!(ticks[1]["failed"], json!({"reset": 1}));
        assert_eq!(ticks[1]["response_ms"], json!({"count": 1, "sum": 900.0}));
        let seconds = text.lines().filter(|l| l.starts_with("  {\"second\""));
        assert_eq!(seconds.count(), 2);
    }
}
