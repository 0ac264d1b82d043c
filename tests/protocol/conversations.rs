//! The members of documents for conversations and for stopping an answer.

use serde_json::Value;
use sse_perf::protocol::Protocol;

/// A minimal document whose request has these members.
fn with_request(members: &str) -> Result<Protocol, String> {
    let json = format!(
        r#"{{"name":"x","request":{{"path":"/","body":{{}},{members}}},"events":{{"end":[{{}}]}}}}"#
    );
    Protocol::parse(&json).map_err(|error| error.to_string())
}

#[test]
fn wrong_histories_and_stops_are_named_by_member() {
    #[rustfmt::skip]
    let cases = [
        (r#""history":[]"#,                                          "request.history: expected an object"),
        (r#""history":{}"#,                                          "request.history.at is missing"),
        (r#""history":{"at":"messages","user":{},"assistant":{}}"#,  "request.history.at: expected a JSON pointer"),
        (r#""history":{"at":"/m","user":"{query}","assistant":{}}"#, "request.history.user: expected an object"),
        (r#""history":{"at":"/m","user":{}}"#,                       "request.history.assistant is missing"),
        (r#""stop":{"path":"/v1/{task_id}","body":{}}"#,             "request.stop.path: expected a path relative"),
        (r#""stop":{"path":"stop","body":{}}"#,                      "request.stop.path: expected a path relative"),
        (r#""stop":{"path":"{task_id}/stop","body":[]}"#,            "request.stop.body: expected an object"),
    ];
    for (members, expected) in cases {
        let said = with_request(members).map(|_| ()).unwrap_err();
        assert!(said.starts_with(expected), "{members}: {said}");
    }
}

#[test]
fn built_in_histories_name_their_place_in_the_body() {
    let mut with_history = Vec::new();
    for name in Protocol::builtin_names() {
        let protocol = Protocol::builtin(name).unwrap();
        let Some(history) = &protocol.history else {
            continue;
        };
        with_history.push(name);
        let place = history.place(&protocol.body).expect(name);
        assert!(matches!(place, Value::Array(_) | Value::String(_)));
        let parts = [&history.user, &history.assistant].map(Value::to_string);
        assert!(parts[0].contains("{query}") && parts[1].contains("{answer}"));
    }
    #[rustfmt::skip]
    let expected = ["openai-chat", "openai-responses", "anthropic", "gemini", "cohere"];
    assert_eq!(with_history, expected);
}
