//! Request bodies, by document.

use serde_json::json;

use super::*;
use crate::protocol::History;

fn constants() -> Constants {
    Constants {
        user: "gao\"lou".to_owned(),
        model: Some("m".to_owned()),
        conversation_id: "c-1".to_owned(),
        inputs: vec![
            ("city".to_owned(), "{query}".to_owned()),
            ("日期".to_owned(), "a\nb".to_owned()),
        ],
        body: Vec::new(),
    }
}

fn parts(constants: &Constants) -> Parts<'_> {
    Parts {
        constants,
        columns: &[],
        history: None,
        answers: false,
    }
}

fn template(document: &Value, constants: &Constants) -> Result<BodyTemplate, Message> {
    BodyTemplate::new(document, parts(constants))
}

fn asking(query: &str) -> Filling<'_> {
    Filling {
        query,
        ..Filling::default()
    }
}

fn rendered(document: &Value, constants: &Constants, query: &str) -> Value {
    let template = template(document, constants).unwrap();
    let body = template.render(&asking(query));
    serde_json::from_slice(&body).expect("a body is valid JSON")
}

#[test]
fn placeholders_are_replaced_at_any_depth() {
    let document = json!({
        "a": [{"b": "<{query}> for {user} in {inputs.city}"}, 1.5, null, true],
        "model": "{model}", "c": "{conversation_id}{conversation_id}",
        "files": "{files}", "inputs": "{inputs}", "{query}": "{inputs.日期}",
    });
    let expected = json!({
        "a": [{"b": "<q> for gao\"lou in {query}"}, 1.5, null, true],
        "model": "m", "c": "c-1c-1",
        "files": [], "inputs": {"city": "{query}", "日期": "a\nb"}, "{query}": "a\nb",
    });
    assert_eq!(rendered(&document, &constants(), "q"), expected);
}

#[test]
fn a_query_may_contain_anything() {
    let document = json!({"q": "{query}", "twice": "{query} {query}"});
    for query in [
        "say \"hi\" \\ / back",
        "line\nbreak\r\n\ttab \u{1} \u{7f} \u{2028}",
        "{query} {user} {{inputs}} }{",
        "你好 🙂",
        "",
    ] {
        let expected = json!({"q": query, "twice": format!("{query} {query}")});
        let rendered = rendered(&document, &constants(), query);
        assert_eq!(rendered, expected, "{query:?}");
    }
}

#[test]
fn other_braces_stay_as_they_are() {
    #[rustfmt::skip]
    let cases = [
        "{foo}", "{", "}", "{}", "{{query", "{inputs.}", "x {files}", "{inputs} x", "{ query }",
    ];
    for text in cases {
        let document = json!({ "t": text });
        assert_eq!(rendered(&document, &constants(), "q"), document, "{text}");
    }
    let nested = json!({"t": "{{query}} {a{user}"});
    let expected = json!({"t": "{q} {agao\"lou"});
    assert_eq!(rendered(&nested, &constants(), "q"), expected);
}

#[test]
fn without_a_model_its_member_is_left_out() {
    let document = json!({"model": "{model}", "x": "<{model}>", "model2": "{model}"});
    let none = Constants::default();
    assert_eq!(rendered(&document, &none, "q"), json!({"x": "<>"}));
}

#[test]
fn inputs_can_be_members_among_others() {
    let document = json!({"i": {"query": "{query}", "...": "{inputs}", "city": "?"}});
    let mut constants = constants();
    let expected = json!({"i": {"query": "q", "city": "{query}", "日期": "a\nb"}});
    assert_eq!(rendered(&document, &constants, "q"), expected);
    constants.inputs = vec![("query".to_owned(), "mine".to_owned())];
    let body = template(&document, &constants).unwrap();
    assert!(body.uses("inputs") && !body.uses("query"));
    let expected = br#"{"i":{"query":"mine","city":"?"}}"#;
    assert_eq!(body.render(&asking("q")), expected);
    constants.inputs.clear();
    let body = template(&document, &constants).unwrap();
    let expected = br#"{"i":{"query":"q","city":"?"}}"#;
    assert_eq!(body.render(&asking("q")), expected);
}

#[test]
fn an_input_that_is_not_given_is_an_error() {
    let document = json!({"x": "{inputs.city} {inputs.nope}"});
    let error = template(&document, &constants()).unwrap_err();
    let expected = Message::new("usage.input_missing").with("key", "nope");
    assert_eq!(error, expected);
}

#[test]
fn it_is_known_which_placeholders_are_used() {
    let document = json!({"x": "{query} {inputs.city} {foo}"});
    let body = template(&document, &constants()).unwrap();
    assert!(body.uses("query") && body.uses("inputs.city"));
    assert!(!body.uses("inputs") && !body.uses("user") && !body.uses("foo"));
}

#[test]
fn members_keep_their_order() {
    let document: Value = serde_json::from_str(r#"{"z":1,"a":"{query}","m":[]}"#).unwrap();
    let body = template(&document, &constants()).unwrap();
    assert_eq!(body.render(&asking("q")), br#"{"z":1,"a":"q","m":[]}"#);
}

fn with_columns(document: &Value, row: &[Cell]) -> Value {
    let columns = ["city", "model", "inputs.n", "user"].map(str::to_owned);
    let constants = constants();
    let parts = Parts {
        columns: &columns,
        ..parts(&constants)
    };
    let body = BodyTemplate::new(document, parts).unwrap();
    let filling = Filling { row, ..asking("q") };
    serde_json::from_slice(&body.render(&filling)).expect("a body is valid JSON")
}

#[test]
fn columns_are_placeholders_and_inputs() {
    let document = json!({
        "t": "{query} in {city}, {city} {nope}", "city": "{city}", "model": "{model}",
        "user": "{user}", "inputs": "{inputs}", "n": "{inputs.n}", "text": "n = {inputs.n}",
    });
    let text = |text: &str| Cell::Text(text.into());
    let row = [
        text("a \"b\"\n"),
        text("m2"),
        Cell::Json("[1,2]".into()),
        text("{query}"),
    ];
    let expected = json!({
        "t": "q in a \"b\"\n, a \"b\"\n {nope}", "city": "a \"b\"\n", "model": "m2",
        "user": "{query}", "inputs": {"city": "{query}", "日期": "a\nb", "n": [1, 2]},
        "n": [1, 2], "text": "n = [1,2]",
    });
    assert_eq!(with_columns(&document, &row), expected);
}

#[test]
fn earlier_turns_stand_before_the_last_element_or_make_a_list() {
    let with_history = |document: &Value, at: &str| {
        let history = History {
            at: at.to_owned(),
            user: json!({"role": "user", "content": "{query}"}),
            assistant: json!({"role": "assistant", "content": "{answer}"}),
        };
        let constants = Constants::default();
        let parts = Parts {
            history: Some(&history),
            ..parts(&constants)
        };
        BodyTemplate::new(document, parts).unwrap()
    };
    #[rustfmt::skip]
    let table = [
        ("/messages", json!({"messages": [{"role": "system" }, {"content": "{query}" }] }),
         json!({"messages": [{"role": "system" }, {"t": 1 }, {"t": 2 }, {"content": "q" }] })),
        ("/input", json!({"input": "{query}", "x": "{query}" }),
         json!({"input": [{"t": 1 }, {"t": 2 }, {"role": "user", "content": "q" }], "x": "q" })),
    ];
    for (at, document, expected) in table {
        let body = with_history(&document, at);
        assert!(body.has_history());
        let filling = Filling {
            history: br#"{"t":1},{"t":2},"#,
            ..asking("q")
        };
        let sent: Value = serde_json::from_slice(&body.render(&filling)).unwrap();
        assert_eq!(sent, expected);
        let first: Value = serde_json::from_slice(&body.render(&asking("q"))).unwrap();
        assert!(first.pointer(at).is_some_and(Value::is_array));
    }
    let document = json!({"prompt": "{query}"});
    assert!(!with_history(&document, "/messages").has_history());
}

#[test]
fn a_conversation_s_id_takes_the_place_of_the_given_one() {
    let document = json!({"c": "{conversation_id}"});
    let body = template(&document, &constants()).unwrap();
    assert_eq!(body.render(&asking("q")), br#"{"c":"c-1"}"#);
    let filling = Filling {
        conversation_id: Some("c-2"),
        ..asking("q")
    };
    assert_eq!(body.render(&filling), br#"{"c":"c-2"}"#);
}
