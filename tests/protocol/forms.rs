//! Features of documents that at most one built-in document uses.

use sse_perf::protocol::Protocol;

use super::{Told, decode, tell, unnamed};

/// A minimal document with these event rules.
fn with_events(events: &str) -> Protocol {
    let json = format!(
        r#"{{"name":"x","request":{{"path":"/","body":{{}}}},"events":{events},"expects_text":false}}"#
    );
    Protocol::parse(&json).unwrap_or_else(|error| panic!("{error}"))
}

/// The meanings of a stream's events, by their data.
fn stream(protocol: &Protocol, data: &[&str]) -> Vec<Told> {
    let mut decoder = protocol.decoder();
    let read = |data: &&str| tell(&mut decoder, &unnamed(data));
    data.iter().map(read).collect()
}

#[test]
fn an_in_house_service_is_a_document_of_at_most_20_lines() {
    let json = include_str!("../fixtures/in-house.json");
    assert!(json.lines().count() <= 20);
    let protocol = Protocol::parse(json).unwrap();
    let stream = include_str!("../fixtures/in-house.sse");
    let data: Vec<&str> = stream
        .lines()
        .filter_map(|l| l.strip_prefix("data: "))
        .collect();
    let told = self::stream(&protocol, &data);
    let texts: Vec<&str> = told.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(texts, ["", "豆", "腐", "", " and more", ""]);
    assert_eq!(told[5].usage[1], Some(12));
    assert!(told[5].end && !told[4].end);
}

#[test]
fn cumulative_text_yields_its_new_part() {
    let protocol = with_events(
        r#"{"text":[{"at":"/c/*/t","mode":"cumulative"}],
            "reasoning":[{"at":"/r","mode":"cumulative"}],"end":[{}]}"#,
    );
    let told = stream(
        &protocol,
        &[
            r#"{"c":[{"t":"a"},{"t":"x"}],"r":"r"}"#,
            r#"{"c":[{"t":"ab"},{"t":"x"}],"r":"rs"}"#,
            r#"{"c":[{"t":""},{"t":"xyz"}],"r":""}"#,
            r#"{"c":[{"t":"abc"}]}"#,
            r#"{"c":[{"t":"No."}]}"#,
            r#"{"c":[{"t":"No. Never."}]}"#,
        ],
    );
    let texts: Vec<_> = told
        .iter()
        .map(|t| (t.text.as_str(), t.reasoning.as_str()))
        .collect();
    #[rustfmt::skip]
    let expected = [("ax", "r"), ("b", "s"), ("yz", ""), ("c", ""), ("", ""), (" Never.", "")];
    assert_eq!(texts, expected);
    let replaced = told[4].replacement.as_deref();
    assert_eq!(replaced, Some("No.xyz"), "the other answer stays");
}

#[test]
fn parallel_answers_have_texts_and_token_counts_of_their_own() {
    let protocol = with_events(
        r#"{"text":[{"at":"/c/*/t","mode":"cumulative","per":"/c/*/n"}],
            "usage":{"completion":[{"at":"/c/*/u","per":"/c/*/n"}]},"end":[{}]}"#,
    );
    let told = stream(
        &protocol,
        &[
            r#"{"c":[{"n":0,"t":"a","u":1}]}"#,
            r#"{"c":[{"n":1,"t":"x","u":1}]}"#,
            r#"{"c":[{"n":1,"t":"xy","u":2},{"n":0,"t":"ab","u":2}]}"#,
            r#"{"c":[{"t":"abc","u":4}]}"#,
            r#"{"c":[{"n":"z","t":"12"}]}"#,
            r#"{"c":[{"n":"z","t":"123","u":1},{"n":"w","t":"!"}]}"#,
            r#"{"c":[{"n":1,"t":"No."}]}"#,
        ],
    );
    let said: Vec<_> = told.iter().map(|t| (t.text.as_str(), t.usage[1])).collect();
    #[rustfmt::skip]
    let expected = [
        ("a", Some(1)), ("x", Some(2)), ("yb", Some(4)), ("c", Some(6)),
        ("12", None), ("3!", Some(7)), ("", None),
    ];
    assert_eq!(said, expected);
    assert_eq!(told[6].replacement.as_deref(), Some("abcNo.123!"));
}

#[test]
fn all_of_parallel_answers_have_to_end() {
    let protocol = with_events(
        r#"{"end":[{"when":{"/c/*/f":"truthy"},"per":"/c/*/n"},{"when":{"@data":["over"]}}]}"#,
    );
    #[rustfmt::skip]
    let cases = [
        (&[r#"{"c":[{"n":0,"f":"x"}]}"#][..],                                                 &[true][..]),
        (&[r#"{"c":[{},{"f":"x"}]}"#],                                                        &[true]),
        (
            &[
                r#"{"c":[{"n":0},{"n":1}]}"#,
                r#"{"c":[{"n":1,"f":"x"}]}"#,
                r#"{"c":[]}"#,
                r#"{"c":[{"n":1}]}"#,
                r#"{"c":[{"n":0,"f":"x"}]}"#,
            ],
            &[false, false, false, false, true],
        ),
        (&[r#"{"c":[{"n":"a","f":"x"},{"n":"b"}]}"#, "over", r#"{"c":[{"n":"b","f":"x"}]}"#], &[false, true, true]),
    ];
    for (events, expected) in cases {
        let ends: Vec<bool> = stream(&protocol, events).iter().map(|t| t.end).collect();
        assert_eq!(ends, expected, "{events:?}");
    }
}

#[test]
fn a_new_stream_begins_without_memory() {
    let protocol = with_events(
        r#"{"text":[{"at":"/t","mode":"cumulative"}],
            "end":[{"all":[{"when":{"/a":"present"}},{"when":{"/b":"present"}}]}]}"#,
    );
    let mut decoder = protocol.decoder();
    let mut read = |data| {
        let told = tell(&mut decoder, &unnamed(data));
        decoder.restart();
        (told.text, told.end)
    };
    assert_eq!(read(r#"{"t":"ab","a":1}"#), ("ab".to_owned(), false));
    assert_eq!(read(r#"{"t":"abc","b":1}"#), ("abc".to_owned(), false));
    assert_eq!(read(r#"{"t":"","a":1,"b":1}"#), (String::new(), true));
}

#[test]
fn a_set_of_events_can_be_required() {
    let protocol =
        with_events(r#"{"type":["/e"],"end":[{"all":[{"on":["a"]},{"on":["b"]}]},{"on":["c"]}]}"#);
    for (events, expected) in [
        ("a", [false].as_slice()),
        ("aa", &[false, false]),
        ("ab", &[false, true]),
        ("bxa", &[false, false, true]),
        ("c", &[true]),
    ] {
        let data: Vec<String> = events
            .chars()
            .map(|e| format!(r#"{{"e":"{e}"}}"#))
            .collect();
        let data: Vec<&str> = data.iter().map(String::as_str).collect();
        let ends: Vec<bool> = stream(&protocol, &data).iter().map(|t| t.end).collect();
        assert_eq!(ends, expected, "{events}");
    }
}

#[test]
fn an_error_can_be_any_status_except_some() {
    let protocol = with_events(
        r#"{"error":[{"when":{"/status":{"not":["ok",0]}},"code":["/status"],"message":["/info"]}],
            "end":[{"when":{"@event":{"not":["x"]}}}]}"#,
    );
    for (data, error) in [
        (r#"{"status":"ok"}"#, None),
        (r#"{"status":0}"#, None),
        (r#"{"status":null}"#, None),
        ("{}", None),
        (r#"{"status":7,"info":"full"}"#, Some("7: full")),
        (r#"{"status":"busy"}"#, Some(r#"busy: {"status":"busy"}"#)),
    ] {
        let told = decode(&protocol, "", data).error;
        assert_eq!(told.as_deref(), error, "{data}");
    }
    assert!(decode(&protocol, "y", "{}").end);
    assert!(!decode(&protocol, "x", "{}").end && !decode(&protocol, "", "{}").end);
}

#[test]
fn counts_can_be_sums() {
    let protocol = with_events(
        r#"{"usage":{"completion":[{"sum":["/a","/b"],"when":{"/u":"absent"}},"/c"],"total":["/c"]},
            "end":[{}]}"#,
    );
    for (data, completion) in [
        (r#"{"a":1,"b":2,"c":9}"#, Some(3)),
        (r#"{"b":2,"c":9}"#, Some(2)),
        (r#"{"b":"2","c":9}"#, Some(9)),
        (r#"{"a":1,"c":9,"u":1}"#, Some(9)),
        ("{}", None),
    ] {
        assert_eq!(decode(&protocol, "", data).usage[1], completion, "{data}");
    }
    assert_eq!(decode(&protocol, "", r#"{"c":9}"#).total, Some(9));
}

#[test]
fn events_can_be_ignored() {
    let protocol = with_events(
        r#"{"type":["@event"],"text":["/t"],"ignore":[{"on":["echo"]},{"when":{"@data":["hi"]}}],
            "end":[{}]}"#,
    );
    assert_eq!(decode(&protocol, "", r#"{"t":"a"}"#).text, "a");
    let told = decode(&protocol, "echo", r#"{"t":"a"}"#);
    assert_eq!((told.text.as_str(), told.name.as_str()), ("", "echo"));
    assert!(!told.end && !told.keep_alive);
    assert_eq!(decode(&protocol, "", "hi").malformed, None);
}

#[test]
fn a_document_can_describe_spans() {
    let protocol = with_events(
        r#"{"type":["/e"],"spans":[{"start":[{"on":["in"]}],"end":[{"on":["out"]}],"id":["/name"],
            "elapsed":["/took"],"unit":"ms","failed":[{"when":{"/ok":[false]}}]}],"end":[{}]}"#,
    );
    let span = |data| decode(&protocol, "", data).span;
    assert_eq!(span(r#"{"e":"other","name":"a"}"#), None);
    assert_eq!(span(r#"{"e":"in"}"#), None, "no id");
    let begun = r#"SpanMark { starts: true, retries: false, id: "7", instance: "", kind: "", title: "", tokens: None, elapsed: None, failed: false, model: false }"#;
    assert_eq!(span(r#"{"e":"in","name":7}"#).as_deref(), Some(begun));
    let ended = span(r#"{"e":"out","name":"a","took":12.5,"ok":false}"#).unwrap();
    let part = "elapsed: Some(12.5ms), failed: true";
    assert!(ended.contains(part), "{ended}");
    let odd = span(r#"{"e":"out","name":"a","took":-1}"#).unwrap();
    assert!(odd.contains("elapsed: None"), "{odd}");
}

#[test]
fn a_path_can_have_the_model_in_it() {
    let gemini = Protocol::builtin("gemini").unwrap();
    let path = |model| gemini.path_for(model, |model| model.replace(' ', "%20"));
    let expected = "/v1beta/models/a%20b:streamGenerateContent?alt=sse";
    assert_eq!(path(Some("a b")).as_deref(), Some(expected));
    assert_eq!(path(None), None);
    let other = Protocol::builtin("anthropic").unwrap();
    let path = other.path_for(None, str::to_owned);
    assert_eq!(path.as_deref(), Some("/v1/messages"));
    assert_eq!(other.headers[0].0, "anthropic-version");
    assert_eq!(other.auth_header("k").unwrap().0, "x-api-key");
}

#[test]
fn think_tags_mean_one_thing_wherever_events_split_the_text() {
    let text = "豆<think>想</thi <think></think> a<b<think></</think><think</think";
    let mut protocol = with_events(r#"{"text":["/t"],"reasoning":["/r"],"end":[{"on":["end"]}]}"#);
    let decode = |protocol: &Protocol, cuts: [usize; 3]| {
        let mut decoder = protocol.decoder();
        // What an earlier stream left has no effect.
        tell(&mut decoder, &unnamed(r#"{"t":"<think>a</thi"}"#));
        decoder.restart();
        let pieces = [0, cuts[0], cuts[1], cuts[2]].map(|cut| text.floor_char_boundary(cut));
        let ends = pieces.into_iter().skip(1).chain([text.len()]);
        let pieces = pieces
            .into_iter()
            .zip(ends)
            .map(|(from, to)| &text[from..to]);
        let events = pieces.map(|piece| serde_json::json!({ "t": piece }).to_string());
        let events = events.chain([r#"{"t":""}"#.to_owned()]);
        let mut told: Vec<_> = events
            .map(|data| tell(&mut decoder, &unnamed(&data)))
            .collect();
        let end = sse_perf::sse::Event {
            event: "end",
            ..unnamed("{}")
        };
        told.push(tell(&mut decoder, &end));
        let all = |part: fn(&Told) -> &str| told.iter().map(part).collect::<String>();
        (all(|told| &told.text), all(|told| &told.reasoning))
    };
    let told = |answer: &str, reasoning: &str| (answer.to_owned(), reasoning.to_owned());
    let off = decode(&protocol, [9, 12, 40]);
    assert_eq!(off, told(text, ""));
    protocol.think_tags = true;
    let expected = told("豆 a<b<think</think", "想</thi <think></");
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let cuts = [first, second, (second + 3).min(text.len())];
            assert_eq!(decode(&protocol, cuts), expected, "{cuts:?}");
        }
    }
}
