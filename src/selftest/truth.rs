//! Compares a client's figures with the service's log. Pure: no input or output.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::stats::percentile;

/// The figures of one distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

/// Errors of the client's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Number of requests that could be compared.
    pub requests: usize,
    /// Error of TTFT: the client's − the time from the request's arrival at the service to the
    /// writing of its first token.
    pub ttft: Spread,
    /// Error of the ITL, pooled over all requests: median, 99th percentile and largest gap of the
    /// client − those of the service.
    pub itl: Spread,
    /// The service's own lateness in reading requests, which is no error of the client.
    pub server_late: Spread,
}

/// The cells of the requests CSV that a comparison needs.
#[derive(Deserialize)]
struct RequestRow {
    outcome: String,
    message_id: String,
    ttft_ms: Option<f64>,
}

/// The cells of the service's log that a comparison needs.
#[derive(Deserialize)]
struct LogRow {
    id: String,
    late_us: Option<f64>,
    first_token_us: Option<f64>,
    token_times_us: String,
}

/// Compares the requests that succeeded, joined by their message id, and the client's pooled ITL;
/// `None` where there are none.
#[must_use]
pub fn compare(requests_csv: &[u8], itl: Spread, log_csv: &[u8]) -> Option<Errors> {
    let done: HashMap<String, LogRow> = rows::<LogRow>(log_csv)
        .map(|row| (row.id.clone(), row))
        .collect();
    let (mut ttft, mut gaps, mut late) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows::<RequestRow>(requests_csv).filter(|row| row.outcome == "ok") {
        let Some(truth) = done.get(&row.message_id) else {
            continue;
        };
        let server_late = truth.late_us.unwrap_or_default() / 1_000.0;
        late.push(server_late);
        if let (Some(measured), Some(first)) = (row.ttft_ms, truth.first_token_us) {
            ttft.push((measured - first / 1_000.0 - server_late).abs());
        }
        gaps.extend(gaps_of(&truth.token_times_us));
    }
    let truth = spread(gaps)?;
    Some(Errors {
        requests: ttft.len(),
        ttft: spread(ttft)?,
        itl: Spread {
            p50: (itl.p50 - truth.p50).abs(),
            p99: (itl.p99 - truth.p99).abs(),
            max: (itl.max - truth.max).abs(),
        },
        server_late: spread(late)?,
    })
}

fn rows<'a, T: for<'de> Deserialize<'de> + 'a>(csv: &'a [u8]) -> impl Iterator<Item = T> + 'a {
    csv::Reader::from_reader(csv)
        .into_deserialize()
        .filter_map(Result::ok)
}

/// The gaps between these times, in milliseconds of microseconds.
fn gaps_of(times: &str) -> Vec<f64> {
    let times = times.split_ascii_whitespace();
    let times: Vec<f64> = times.filter_map(|time| time.parse().ok()).collect();
    let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000.0);
    gaps.collect()
}

fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    Some(Spread {
        p50: percentile(50.0, values.len(), |rank| values[rank])?,
        p99: percentile(99.0, values.len(), |rank| values[rank])?,
        max: *values.last()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "id,late_us,first_token_us,token_times_us\n\
        a,1000,200000,200000 220000 245000\n\
        b,,100000,100000 120000\n";

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn errors_are_those_of_the_client_alone() {
        let requests = "outcome,message_id,ttft_ms\n\
            ok,a,201.5\n\
            ok,b,102.0\n\
            failed,b,900\n\
            ok,unknown,5\n";
        // The service's gaps are 20, 25 and 20 ms.
        let itl = Spread {
            p50: 20.5,
            p99: 25.0,
            max: 28.0,
        };
        let errors = compare(requests.as_bytes(), itl, LOG.as_bytes()).unwrap();
        assert_eq!(errors.requests, 2);
        assert!(close(errors.ttft.p50, 1.25), "{errors:?}");
        assert!(close(errors.ttft.max, 2.0), "{errors:?}");
        assert!(close(errors.itl.p50, 0.5), "{errors:?}");
        assert!(close(errors.itl.p99, 0.1), "{errors:?}");
        assert!(close(errors.itl.max, 3.0), "{errors:?}");
        assert!(close(errors.server_late.max, 1.0), "{errors:?}");
    }

    #[test]
    fn nothing_in_common_is_no_comparison() {
        let requests = "outcome,message_id,ttft_ms\nok,x,1\n";
        let itl = Spread::default();
        assert_eq!(compare(requests.as_bytes(), itl, LOG.as_bytes()), None);
        assert_eq!(compare(b"", itl, b""), None);
    }
}
