//! The statistics of metrics as the page has them: a row of figures for each.

use serde::Serialize;

use crate::stats::{Statistics, Summary};

/// Count, mean, standard deviation, minimum, P50, P90, P95, P99, maximum.
#[derive(Serialize)]
pub(super) struct StatisticsRow(u64, f64, Option<f64>, f64, f64, f64, f64, f64, f64);

#[derive(Serialize)]
pub(super) struct StatisticsData {
    ttfb: Option<StatisticsRow>,
    ttfe: Option<StatisticsRow>,
    ttft: Option<StatisticsRow>,
    ttfa: Option<StatisticsRow>,
    tpot: Option<StatisticsRow>,
    itl: Option<StatisticsRow>,
    response: Option<StatisticsRow>,
    tokens_per_s: Option<StatisticsRow>,
    output_tokens: Option<StatisticsRow>,
    connect: Option<StatisticsRow>,
}

impl StatisticsRow {
    pub(super) fn of(figures: &Statistics) -> Self {
        let f = figures;
        Self(
            f.count, f.mean, f.std_dev, f.min, f.p50, f.p90, f.p95, f.p99, f.max,
        )
    }
}

impl StatisticsData {
    pub(super) fn of(summary: &Summary, whole: bool) -> Self {
        let row = |figures: Option<Statistics>| figures.as_ref().map(StatisticsRow::of);
        Self {
            ttfb: row(summary.ttfb),
            ttfe: row(summary.ttfe),
            ttft: row(summary.ttft),
            ttfa: row(summary.ttfa),
            tpot: row(summary.tpot),
            itl: row(summary.itl.filter(|_| whole)),
            response: row(summary.response),
            tokens_per_s: row(summary.tokens_per_s),
            output_tokens: row(summary.tokens_per_request),
            connect: row(summary.connect),
        }
    }
}
