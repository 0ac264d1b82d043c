//! The report: one HTML page that holds its style, its script and its data, and loads nothing.
//!
//! [`Report`] gathers what the page needs of every request, and makes the page when the run is over.
//! The form of the page's data is described at the top of `templates/report/data.js`.

mod bins;
mod charts;
mod data;
mod groups;
mod points;
mod render;
mod series;
mod values;

use crate::metrics::Measured;
use crate::record::Sample;
use crate::text::Language;

use super::about::{About, RunInfo};
use super::csv::hash;
use super::format::{FileKind, Format, GroupKeys, OutputConfig, Results};
use charts::Charts;

/// The kind of the report.
pub static KIND: FileKind = FileKind {
    name: "report",
    extension: "html",
    flag: "--html-report",
    no_flag: Some("--no-html"),
    only_file: Some("usage.html_report"),
    label: "console.file.report",
    refusal: "files.cannot_write_report",
    is_document: true,
    has_events: false,
    is_recounted: true,
    format: |config| Box::new(Report::new(config)),
};

/// The report of a run, or of several.
#[derive(Debug)]
pub struct Report {
    language: Language,
    brand: Option<String>,
    /// The run, once it has begun.
    run: Option<RunInfo>,
    charts: Charts,
}

impl Report {
    /// A report in the language and with the brand that are configured.
    #[must_use]
    pub fn new(config: &OutputConfig) -> Self {
        Self {
            language: config.language,
            brand: config.brand.clone(),
            run: None,
            charts: Charts::default(),
        }
    }
}

impl Format for Report {
    fn begin(&mut self, about: &About) -> Vec<u8> {
        self.run = Some(about.run.clone());
        render::placeholder(self.language)
    }

    fn sample(&mut self, sample: &Sample, _rows: &mut Vec<u8>) {
        if let (Sample::Finished(request), Some(run)) = (sample, &self.run) {
            let sent = &request.sent;
            let groups = GroupKeys {
                run_number: 0,
                run,
                api_key: &sent.masked_key,
                query: &sent.query,
                query_hash: hash(&sent.query),
            };
            self.charts.add(&Measured::of(request), &groups);
        }
    }

    fn saved(&mut self, request: &Measured<'_>, groups: &GroupKeys<'_>) {
        self.charts.add(request, groups);
    }

    fn start_over(&mut self) {
        self.charts = Charts::default();
    }

    fn document(&self, results: &Results<'_>) -> Vec<u8> {
        let brand = self.brand.as_deref();
        render::page(self.language, brand, &self.charts, results)
    }
}
