//! Rows that were written and read again, and damaged ones.

use super::*;
use crate::output::csv::header;
use crate::output::csv::tests::{csv_of, render, whole};
use crate::record::RequestRecord;
use crate::stats::tests::{failed, ok_request};

fn lines(text: &str) -> Vec<Result<String, Message>> {
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        lines.push(line.map(|row| format!("{} {}", row.measured.request, row.text(Column::query))));
    }
    lines
}

fn with_row<T>(record: &RequestRecord, look: impl FnOnce(&Row<'_>) -> T) -> T {
    let text = csv_of(record);
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    let row = reader.next_line().unwrap().unwrap().unwrap();
    look(&row)
}

#[test]
fn a_row_tells_the_figures_that_it_was_made_of() {
    let at = Stamp::from_micros;
    let mut cut = ok_request(at(10), at(20), at(30));
    cut.outcome = Outcome::Cancelled;
    let mut unlucky = failed(at(5_000), FailureKind::TimeoutIdle);
    unlucky.outcome = Outcome::Failed(Failure::new(FailureKind::TimeoutIdle, "=\"a\",\n\r'b"));
    for record in [whole(), ok_request(at(1), at(2), at(3)), cut, unlucky] {
        with_row(&record, |row| {
            assert_eq!(row.measured, Measured::of(&record));
        });
    }
}

#[test]
fn a_row_tells_what_was_sent_where() {
    let mut record = whole();
    record.sent.query = "'=1, or not?".into();
    with_row(&record, |row| {
        assert_eq!((row.user, row.text(Column::query)), (2, "'=1, or not?"));
        assert_eq!(row.query_hash, hash("'=1, or not?"));
        for (column, expected) in [
            (Column::api_key, "app-…wxyz"),
            (Column::run_id, "3f9a01c2"),
            (Column::started_at, "2026-02-03T04:05:08.000+08:00"),
            (Column::label, "=nightly"),
            (Column::client_host, "box"),
            (Column::model, "m-1"),
            (Column::protocol, "dify-chat"),
        ] {
            assert_eq!(row.text(column), expected);
        }
    });
}

#[test]
fn files_put_one_after_the_other_are_one() {
    let text = csv_of(&whole());
    assert_eq!(lines(&format!("\u{feff}{text}{text}")).len(), 2);
}

#[test]
fn damaged_lines_are_told_apart_by_their_number() {
    let good = render(&whole());
    // The query has a line break in it.
    let row = |from: &str, to: &str| good.replacen(from, to, 1);
    let text = [
        String::from_utf8(header()).unwrap(),
        good.clone(),
        row(",ok,", ",good,"),
        row("250.001", "25O.001"),
        row("7,2,", "7,2,2,"),
        good.clone(),
        row("1.300000,", "15000000000.0,"),
        row("2.400000,", "1.200000,"),
        good[..100].to_owned(),
    ]
    .concat();
    let cell = |line: u64, column: &str| {
        let damage = Message::new("saved.damaged_cell").with("column", column);
        Err(damage.with("line", line))
    };
    let cells = |line: u64, found: u64| {
        let damage = Message::new("saved.damaged_cells").with("found", found);
        Err(damage.with("expected", 64).with("line", line))
    };
    let fine = || Ok("7 say \"hi\", then\nstop".to_owned());
    let expected = [
        fine(),
        cell(4, "outcome"),
        cell(6, "ttft_ms"),
        cells(8, 65),
        fine(),
        cell(12, "start_s"),
        cell(14, "end_s"),
        cells(16, 15),
    ];
    assert_eq!(lines(&text), expected);
}

#[test]
fn a_line_that_is_no_text_is_damaged_and_the_next_one_is_read() {
    let text = csv_of(&whole()) + &render(&whole());
    let mut bytes = text.into_bytes();
    let place = bytes.windows(2).position(|pair| pair == b"hi").unwrap();
    bytes[place] = 0xff;
    let mut reader = Reader::new(&bytes[..]).unwrap();
    let damage = reader.next_line().unwrap().unwrap().err().unwrap();
    assert_eq!(damage, damaged(Column::query).with("line", 2));
    assert!(reader.next_line().unwrap().unwrap().is_ok());
}

#[test]
fn another_file_is_refused_with_what_it_lacks() {
    let error = Reader::new(&b"request,user,name\n1,2,3\n"[..])
        .err()
        .unwrap();
    let lacking = "it lacks outcome, start_s, end_s, run_id";
    assert_eq!(error.to_string(), lacking);
}

#[test]
fn a_copied_row_is_the_row_again() {
    let text = csv_of(&whole());
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    reader.next_line().unwrap();
    let mut copy = header();
    reader.copy(&mut copy);
    assert_eq!(String::from_utf8(copy).unwrap(), text);
}

#[test]
fn decimals_are_read_without_rounding() {
    for (cell, decimals, expected) in [
        ("0.000", 3, Some(0)),
        ("250.001", 3, Some(250_001)),
        ("250", 3, Some(250_000)),
        ("250.1", 3, Some(250_100)),
        ("250.0019", 3, Some(250_001)),
        ("7", 0, Some(7)),
        ("1e3", 3, None),
        ("-1", 0, None),
        (".5", 3, None),
        ("", 0, None),
        ("18446744073709551615", 0, Some(u64::MAX)),
        ("18446744073709551616", 0, None),
    ] {
        assert_eq!(decimal(cell.as_bytes(), decimals), expected, "{cell}");
    }
}
