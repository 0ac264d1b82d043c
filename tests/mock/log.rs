//! The service's log.

use std::io::Read;
use std::time::Duration;

use sse_perf::mock::{Dist, Options};

use crate::support::{
    DIFY, OPENAI, Row, exchange, fast, log_path, request, rows, send, start, wait_for_lines,
};

fn cells<'a, const N: usize>(row: &'a Row, columns: [&str; N]) -> [&'a str; N] {
    columns.map(|column| row[column].as_str())
}

#[test]
fn the_log_has_a_row_for_each_request() {
    let log = log_path("done");
    let server = start(Options {
        log: Some(log.clone()),
        ..fast()
    });
    let dify = exchange(&server, &request(DIFY, "close"));
    let openai = exchange(&server, &request(OPENAI, "close"));
    exchange(&server, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    server.shutdown().expect("a whole log");

    let rows = rows(&log);
    assert_eq!(rows.len(), 3);
    assert!(dify.contains(&format!(r#""message_id": "{}""#, rows[0]["id"])));
    assert!(openai.contains(&format!(r#""id":"{}""#, rows[1]["id"])));
    assert_eq!(rows[0]["conversation_id"], "c1");
    assert_eq!(rows[1]["conversation_id"], "");
    let last = cells(&rows[2], ["path", "status", "events"]);
    assert_eq!(last, ["/", "404", "0"]);
    for (row, path, events) in [(&rows[0], DIFY, "7"), (&rows[1], OPENAI, "8")] {
        let columns = ["path", "status", "fault", "tokens", "events", "ended"];
        let expected = [path, "200", "", "4", events, "complete"];
        assert_eq!(cells(row, columns), expected);
        let time = |text: &str| text.parse::<u64>().expect("microseconds");
        let times: Vec<_> = row["token_times_us"].split(' ').map(time).collect();
        assert_eq!(times.len(), 4);
        for (time, due) in times.iter().zip([20_000, 25_000, 30_000, 35_000]) {
            assert!(*time >= due, "never before it is due: {row:?}");
        }
        assert_eq!(time(&row["first_token_us"]), times[0]);
        assert_eq!(time(&row["last_token_us"]), times[3]);
        assert!(time(&row["end_us"]) >= times[3]);
        assert!(time(&row["read_wall_us"]) > 1_700_000_000_000_000);
    }
    let read = |row: &Row| row["read_us"].parse::<u64>().expect("microseconds");
    assert!(read(&rows[0]) < read(&rows[1]));
}

#[test]
fn rows_are_written_before_the_shutdown_and_note_a_client_that_left() {
    let log = log_path("alive");
    let server = start(Options {
        log: Some(log.clone()),
        tokens: Dist::Fixed(100_000),
        itl: Dist::Fixed(Duration::from_micros(100)),
        faults: Some("status=500:0.5".parse().expect("a fault")),
        ..fast()
    });
    for lines in 2..12 {
        let mut stream = send(&server, &request(DIFY, "close"));
        stream.read_exact(&mut [0; 100]).expect("some of it");
        drop(stream);
        wait_for_lines(&log, lines);
    }
    let rows = rows(&log);
    for told in [["status=500", "500", "complete"], ["", "200", "client"]] {
        let row = |row| cells(row, ["fault", "status", "ended"]) == told;
        assert!(rows.iter().any(row), "{told:?}: {rows:?}");
    }
}
