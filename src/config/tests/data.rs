//! Data files by their ending, and their errors.

use super::{TempFile, config, refused, warnings};
use crate::workload::Order;

#[test]
fn what_is_wrong_with_a_data_file_is_told_with_its_place() {
    let table: [(&str, &str, &[&str]); 6] = [
        ("a.csv", "query,x\n1\n", &["1", "2"]),
        ("b.csv", "query,query\n1,2\n", &["2", "query"]),
        ("c.csv", "city\nRome\n", &["{query}", "city"]),
        ("d.jsonl", "{\"query\":1}\n[]\n", &["2", "JSON"]),
        ("e.ndjson", "{\"city\":\"x\"}\n", &["{query}", "city"]),
        ("g.CSV", "query,x\n1,2,3\n", &["3", "2"]),
    ];
    for (name, content, parts) in table {
        let file = TempFile::new(name, content);
        let flags = ["--param-file", &*file.path, "--api-key", "k"];
        refused(&flags, &[parts, &["--param-file"]].concat());
    }
}

#[test]
fn a_data_file_without_rows_is_replaced_by_the_query() {
    for (name, content) in [("h.csv", "query,x\n"), ("i.jsonl", "\n\n")] {
        let file = TempFile::new(name, content);
        let config = config(&["--param-file", &*file.path, "--query", "q"]);
        assert_eq!(warnings(&config), ["warning.query_instead"]);
        assert_eq!(&*config.workload.assignment(1).sent.query, "q");
        let flags = ["--param-file", &file.path, "--strict", "--api-key", "k"];
        refused(&flags, &["--param-file"]);
    }
}

#[test]
fn columns_are_inputs_and_placeholders() {
    let file = TempFile::new("j.csv", b"query,inputs.city,user\nq,Rome,ann\n");
    let config = config(&["--param-file", &*file.path, "--input", "lang=it"]);
    let body = String::from_utf8(config.workload.assignment(1).body()).unwrap();
    for part in [r#""inputs":{"lang":"it","city":"Rome"}"#, r#""user":"ann""#] {
        assert!(body.contains(part), "{body}");
    }
    assert_eq!(warnings(&config), [""; 0]);
}

#[test]
fn an_order_needs_a_file() {
    let config = config(&["--data-order", "random", "--seed", "7"]);
    assert_eq!(config.workload.order, Order::Random(7));
    assert_eq!(warnings(&config), ["warning.data_order_unused"]);
}

#[test]
fn a_prefix_needs_a_query() {
    let body = TempFile::new("k.json", b"{\"q\": \"fixed\"}");
    let config = config(&["--unique", "--request-body-file", &*body.path]);
    assert!(warnings(&config).contains(&"warning.unique_unused"));
    assert!(config.workload.unique.is_some());
}
