//! Benchmarks of the report for a run generated from a fixed seed: the page, and the command.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use sse_perf::clock::Stamp;
use sse_perf::metrics::{self, Measured};
use sse_perf::output::about::About;
use sse_perf::output::html::{self, Report};
use sse_perf::output::waterfall::{Bar, Waterfall};
use sse_perf::output::{
    Destination, Format as _, Formats, OutputConfig, Outputs, Results, csv, json,
};
use sse_perf::random::{self, Purpose};
use sse_perf::record::{Failure, FailureKind, Outcome, Progress, RequestRecord, Sample};
use sse_perf::stats::{RunStats, Summary};

use crate::directory::Directory;
use crate::harness::{Amount, compare, heading};
use crate::made_up::Course;
use crate::run_info;

const SEED: u64 = 20_260_203;
const USERS: usize = 1_000;
/// Requests of each user.
const REQUESTS: usize = 100;

/// The metrics whose values are sorted.
#[rustfmt::skip]
const VALUES: [&str; 8] =
    ["ttfb", "ttfe", "ttft", "ttfa", "tpot", "response", "tokens_per_s", "output_tokens"];

pub(crate) fn report() {
    let directory = Directory::new();
    let mut run = Run::new(&directory.0);
    heading(
        "Report's page, figures included; floor: the requests' values sorted, serde_json writing the data",
    );
    page(&mut run);
    heading("sse-perf report, from CSV and JSON; floor: the crate csv reading the same records");
    command(&mut run, &directory.0);
}

/// The statistics of a finished run, and its page.
fn page(run: &mut Run) {
    let data = data(&run.page());
    let mut written = Vec::new();
    let mut sorted: Vec<u64> = Vec::new();
    compare(
        "100,000 requests",
        Amount::Things(USERS * REQUESTS, "requests"),
        &mut || {
            for values in &run.values {
                sorted.clone_from(values);
                sorted.sort_unstable();
                black_box(&sorted);
            }
            written.clear();
            serde_json::to_writer(&mut written, black_box(&data)).expect("there is memory");
        },
        &mut || {
            black_box(run.page());
        },
    );
}

/// The data in a page.
fn data(page: &[u8]) -> Value {
    let text = std::str::from_utf8(page).expect("it is UTF-8");
    let (_, data) = text.split_once(r#"id="data">"#).expect("it has data");
    let (data, _) = data.split_once("</script>").expect("they end");
    serde_json::from_str(data).expect("they are JSON")
}

/// The whole command, in a process of its own.
fn command(run: &mut Run, directory: &Path) {
    run.save();
    let csv = requests_csv(directory);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-perf"));
    command
        .args(["report", "--lang", "en", "-o"])
        .args([&directory.join("again.html"), &csv])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    compare(
        "100,000 rows",
        Amount::Things(USERS * REQUESTS, "rows"),
        &mut || {
            let mut rows = ::csv::Reader::from_path(&csv).expect("it is there");
            let mut row = ::csv::ByteRecord::new();
            let mut cells = 0;
            while rows.read_byte_record(&mut row).expect("a row") {
                cells += row.len();
            }
            black_box(cells);
        },
        &mut || {
            let status = command.status().expect("it starts");
            assert!(status.success(), "{command:?}: {status}");
        },
    );
}

fn requests_csv(directory: &Path) -> PathBuf {
    directory.join("requests_made_up.csv")
}

/// A finished run.
struct Run {
    about: About,
    stats: RunStats,
    waterfall: Waterfall,
    outputs: Outputs,
    report: Report,
    /// The requests' values of each metric, in the order of the requests.
    values: [Vec<u64>; VALUES.len()],
}

impl Run {
    fn new(directory: &Path) -> Self {
        let file = |name| Destination::File(directory.join(name));
        let config = OutputConfig::default()
            .with(&csv::KIND, Destination::File(requests_csv(directory)))
            .with(&json::KIND, file("run_made_up.json"))
            .with(&html::KIND, file("report_made_up.html"));
        let about = About::of(run_info());
        let mut report = Report::new(&config);
        report.begin(&about);
        let mut run = Self {
            outputs: Formats::new(&config).open("", &about).expect("files"),
            about,
            stats: RunStats::default(),
            waterfall: Waterfall::default(),
            report,
            values: Default::default(),
        };
        let mut draws = Draws::default();
        let mut free = [0; USERS];
        let mut numbers = 1..;
        for _ in 0..REQUESTS {
            for (user, free) in (1..).zip(&mut free) {
                let number = numbers.next().expect("there are enough");
                *free = run.request(number, user, *free, &mut draws);
            }
        }
        run
    }

    /// Adds a user's request and its samples; returns when the request ended, in microseconds.
    fn request(&mut self, number: u64, user: u32, start: u64, draws: &mut Draws) -> u64 {
        let course = Course {
            start,
            ttft: 150_000 + draws.micros(100_000) + draws.micros(400) * draws.micros(400),
            gap: 90_000 + draws.micros(20_000),
            chunks: 30 + draws.below(41) as u64,
        };
        for chunk in 0..course.chunks {
            self.stats.on(&Sample::Progress(Progress {
                at: Stamp::from_micros(start + course.ttft + chunk * course.gap),
                chunks: 1,
                tokens: 1,
                gaps: [course.gap][..usize::from(chunk > 0)].into(),
                lags: [draws.micros(90)].as_slice().into(),
            }));
        }
        let record = record(course, number, user, draws);
        self.keep_values(&Measured::of(&record));
        self.waterfall.add(Bar::of(&record));
        let sample = Sample::Finished(Box::new(record));
        self.stats.on(&sample);
        self.report.sample(&sample, &mut Vec::new());
        assert!(self.outputs.on(&sample).is_empty());
        course.last_token() + 33
    }

    fn keep_values(&mut self, request: &Measured<'_>) {
        for (values, metric) in self.values.iter_mut().zip(VALUES.map(metrics::named)) {
            values.extend(request.values[metric]);
        }
    }

    fn summary(&self) -> Summary {
        self.stats.summary(None, false)
    }

    fn page(&self) -> Vec<u8> {
        let summary = self.summary();
        self.report.document(&self.results(&summary))
    }

    fn results<'a>(&'a self, summary: &'a Summary) -> Results<'a> {
        let users = u32::try_from(USERS).expect("a few");
        Results::of_run(&self.about, users, summary, &self.stats, &self.waterfall)
    }

    /// Writes the run's files.
    fn save(&mut self) {
        let summary = self.summary();
        let (stats, waterfall) = (&self.stats, &self.waterfall);
        let results = Results::of_run(&self.about, 1, &summary, stats, waterfall);
        assert!(self.outputs.finish(&results).is_empty());
    }
}

/// A request with one of 20 queries and one of three keys; one in a hundred failed.
fn record(course: Course, number: u64, user: u32, draws: &mut Draws) -> RequestRecord {
    let mut record = course.record(number, user);
    let query = draws.below(20);
    record.sent.query_index = Some(query + 1);
    record.sent.query = format!("第 {query} 个问题: who, \"where\" and why?").into();
    record.sent.masked_key = format!("app-***{}", draws.below(3)).into();
    if draws.below(100) == 0 {
        let kind = FailureKind::ALL[draws.below(FailureKind::ALL.len())];
        record.outcome = Outcome::Failed(Failure::new(kind, "for no reason"));
    }
    record
}

/// Numbers drawn from the seed.
#[derive(Default)]
struct Draws(u64);

impl Draws {
    /// The next number, below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 += 1;
        random::below(SEED, Purpose::Order, self.0, bound)
    }

    fn micros(&mut self, bound: usize) -> u64 {
        self.below(bound) as u64
    }
}
