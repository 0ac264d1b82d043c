//! Queries from data files, and how the tokens of answers are counted.

use serde_json::Value;

use crate::noting::{bodies, cells, noting, openai, summary};
use crate::support::{
    Directory, PATH, assert_contains, openai_text, run_against, run_alone, sse_response,
};

#[test]
fn rows_of_csv_and_json_lines_fill_the_body() {
    let body = r#"{"messages": [{"role": "user", "content": "{query} in {city}"}],
                   "n": "{n}", "user": "{user}", "stream": true}"#;
    let csv = "query,city,n\r\n\"say \"\"hi\"\",\nplease\",杭州,1\r\nq2,\"a, b\",2\r\n";
    let lines = "{\"query\":\"say \\\"hi\\\",\\nplease\",\"city\":\"杭州\",\"n\":1}\n\n\
                 {\"query\":\"q2\",\"city\":\"a, b\",\"n\":[2]}\n";
    let table = [
        ("data.csv", csv, [Value::from("1"), Value::from("2")]),
        ("data.jsonl", lines, [Value::from(1), vec![2].into()]),
    ];
    for (name, data, n) in table {
        let (server, seen) = noting(openai);
        let directory = Directory::new();
        let data = directory.write(name, data);
        let body = directory.write("body.json", body);
        #[rustfmt::skip]
        let flags = ["-n", "3", "--param-file", &data, "--request-body-file", &body];
        let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        let bodies = bodies(&seen);
        let contents = [0, 1, 2].map(|row| bodies[row]["messages"][0]["content"].clone());
        let first = "say \"hi\",\nplease in 杭州";
        assert_eq!(contents, [first, "q2 in a, b", first], "{name}");
        assert_eq!([0, 1].map(|row| bodies[row]["n"].clone()), n, "{name}");
        assert_eq!(bodies[0]["user"], "gaolou");
        let queries = cells(&rows, &["query_index", "query"]);
        assert_eq!(queries[..2], [["1", "say \"hi\",\nplease"], ["2", "q2"]]);
    }
}

#[test]
fn a_shuffled_round_has_each_row_once_and_is_repeatable() {
    let mut orders = Vec::new();
    for seed in ["1", "1", "2"] {
        let (server, _) = noting(openai);
        let directory = Directory::new();
        let rows: Vec<String> = (0..20).map(|n| format!("q{n}")).collect();
        let data = directory.write("q.txt", rows.join("\n"));
        #[rustfmt::skip]
        let flags = ["-n", "20", "--data-order", "shuffle", "--seed", seed, "--param-file", &data];
        let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
        let mut lines = ran.stdout.lines();
        let said = lines.any(|line| line.split_whitespace().eq(["Seed", seed]));
        assert!(said, "{}", ran.stdout);
        let order = rows.iter().map(|row| row["query_index"].parse().unwrap());
        let order: Vec<u64> = order.collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(1..=20));
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
}

#[test]
fn unique_queries_differ_in_what_is_sent_and_not_in_the_results() {
    let (server, seen) = noting(openai);
    let flags = ["-n", "3", "--unique", "--query", "same"];
    let (_, rows) = run_alone(&server.url(PATH), &flags);
    let mut sent: Vec<String> = bodies(&seen)
        .iter()
        .map(|body| body["messages"][0]["content"].as_str().unwrap().to_owned())
        .collect();
    let is_unique = |query: &String| query.starts_with('[') && query.ends_with("] same");
    assert!(sent.iter().all(is_unique), "{sent:?}");
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 3);
    assert!(rows.iter().all(|row| row["query"] == "same"));
}

#[test]
fn tokens_are_counted_as_asked() {
    let response = sse_response(&format!(
        "{}{}data: {{\"choices\":[],\"usage\":{{\"completion_tokens\":40}}}}\n\ndata: [DONE]\n\n",
        openai_text("two words"),
        openai_text(" and three more")
    ));
    for (count, tokens) in [("usage", "40"), ("estimate", "5"), ("events", "2")] {
        let (server, _) = noting({
            let response = response.clone();
            move |_| response.clone()
        });
        let directory = Directory::new();
        let (ran, rows) = run_against(&directory, &server.url(PATH), &["--tokens", count]);
        let counted = cells(&rows, &["output_tokens", "token_source"]);
        assert_eq!(counted, [[tokens, count]]);
        let in_all = &summary(&directory)["output_tokens"][count];
        assert_eq!(in_all.to_string(), tokens);
        assert!(ran.stdout.contains("differ by 87%"), "{}", ran.stdout);
    }
}

#[test]
fn usage_that_cannot_be_true_is_no_usage_and_told() {
    let response = sse_response(&format!(
        "{}data: {{\"choices\":[],\"usage\":{{\"completion_tokens\":18446744073709551610}}}}\n\ndata: [DONE]\n\n",
        openai_text("two words"),
    ));
    let (server, _) = noting(move |_| response.clone());
    let (ran, rows) = run_alone(&server.url(PATH), &["-n", "2"]);
    let counted = cells(&rows, &["output_tokens", "token_source"]);
    assert_eq!(counted, [["2", "estimate"]; 2]);
    assert_contains(&ran.stdout, "The usage of 2 requests");
}
