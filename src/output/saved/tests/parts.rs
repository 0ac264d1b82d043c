//! Nodes and turns of runs that were saved.

use super::*;
use crate::metrics::TOTAL_TOKENS;
use crate::record::{SpanRecord, Turn};

/// The requests as second turns, with a node of a workflow that began after 20 ms.
fn with_parts(millis: u64) -> Vec<RequestRecord> {
    let mut requests = requests();
    let start = requests[0].instants.start;
    let at = |after: u64| Some(start + Duration::from_millis(after));
    requests[0].spans = vec![SpanRecord {
        id: "n1".into(),
        kind: "llm".into(),
        title: "LLM".into(),
        start: at(20),
        end: at(20 + millis),
        elapsed: Some(Duration::from_millis(millis - 1)),
        model: true,
        ..SpanRecord::default()
    }];
    requests[0].usage.total = Some(11);
    for request in &mut requests {
        request.turn = Some(Turn {
            conversation: 1,
            turn: 2,
        });
    }
    requests
}

#[test]
fn nodes_turns_and_total_tokens_come_back() {
    let temp = Directory::new();
    let csv = save(&temp, "a", &about("r1", FIRST), &with_parts(300));
    let saved = read(std::slice::from_ref(&csv));
    let summary = &saved.summary;
    assert_eq!(summary.sums[TOTAL_TOKENS], Some(11));
    let turns: Vec<_> = summary.turns.iter().map(|t| (t.ok, t.failed)).collect();
    assert_eq!(turns, [(0, 0), (1, 1)]);
    let node = &summary.spans.spans[0];
    assert_eq!((&*node.title, node.model, node.count), ("LLM", true, 1));
    let begun = node.begun.mean().map(f64::to_bits);
    assert_eq!(begun, Some(20_000_f64.to_bits()));
    assert!(!summary.spans.approximate);
    let page = page(&saved);
    assert_eq!(page["spans"]["nodes"][0]["begun"], 20);
    assert_eq!(page["spans"]["nodes"][0]["client"][4], 300.0);
    assert_eq!(page["spans"]["before_model"][1], 10.0);
    assert_eq!(page["turns"][1]["ttft"][4], 200.0);
    // Rows know of turns, and nothing of nodes.
    fs::remove_file(temp.file("run_a.json")).unwrap();
    let saved = read(&[csv]);
    let page = self::page(&saved);
    assert_eq!(page["turns"][1]["ttft"][4], 200.0);
    assert_eq!(page["spans"], Value::Null);
    check_notices(&saved, &["nodes"]);
}

#[test]
fn nodes_of_several_runs_are_put_together_by_their_histograms() {
    let temp = Directory::new();
    let files = [
        save(&temp, "a", &about("r1", FIRST), &with_parts(300)),
        save(&temp, "b", &about("r2", FIRST), &with_parts(500)),
    ];
    let saved = read(&files);
    assert_eq!(saved.summary.sums[TOTAL_TOKENS], Some(22));
    assert_eq!(saved.summary.turns[1].ok, 2);
    let spans = &saved.summary.spans;
    assert!(spans.approximate);
    let client = spans.spans[0].client.statistics.unwrap();
    let exact = (client.count, client.mean.to_bits());
    assert_eq!(exact, (2, 400_f64.to_bits()));
    assert!((client.p50 - 400.0).abs() <= 2.0, "{}", client.p50);
    assert_eq!(page(&saved)["spans"]["approximate"], true);
    // As a version wrote it that had no histograms yet.
    let path = temp.file("run_b.json");
    let json = fs::read_to_string(&path).unwrap();
    fs::write(&path, json.replace("_histogram\"", "_other\"")).unwrap();
    let saved = read(&files);
    assert!(saved.summary.spans.spans.is_empty());
    check_notices(&saved, &["nodes"]);
    let alone = read(&[temp.file("requests_b.csv")]);
    assert_eq!(page(&alone)["spans"]["nodes"][0]["client"][4], 500.0);
    assert_eq!(alone.notices, []);
}
