//! The shown configuration has everything but secrets.

use serde_json::Value;

use super::config as understood;
use crate::config::plan_json;

#[test]
fn nothing_that_is_shown_has_a_secret() {
    let secret = "0123456789abcdef0123";
    let flags = [
        ("--url", "https://h/v1/chat-messages?key=SECRET"),
        ("-H", "Authorization: Bearer SECRET"),
        ("-H", "X-Api-Key: SECRET"),
        ("--proxy", "http://u:SECRET@proxy:3128"),
        ("--input", "password=SECRET"),
        ("--body", "api_token=SECRET"),
    ];
    let flags = flags.map(|(flag, value)| [flag.to_owned(), value.replace("SECRET", secret)]);
    let flags: Vec<_> = flags.as_flattened().iter().map(String::as_str).collect();
    let config = understood(&flags);
    let json = plan_json(&config).to_string();
    let keys = &config.workload.keys;
    let debug = format!("{:?} {:?} {keys:?}", config.target, config.transport);
    let keyed = understood(&["--api-key", secret]);
    let keyed_json = plan_json(&keyed).to_string();
    let lines = [&config.command_line, &keyed.command_line];
    let others = [&json, &debug, &config.target.shown, &keyed_json];
    for text in lines.into_iter().chain(others) {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(config.workload.assignment(1).mask_in(secret), "0123***0123");
}

#[test]
fn the_configuration_as_json_is_complete() {
    let flags = "--threads 3 --duration 5 --label base --csv x.csv --no-json --body max_tokens=7";
    let config = understood(&flags.split(' ').collect::<Vec<_>>());
    let json = plan_json(&config);
    for (pointer, value) in [
        ("/target", "http://localhost/v1/chat-messages".into()),
        ("/protocol", "dify-chat".into()),
        ("/label", "base".into()),
        ("/tokens", "usage".into()),
        ("/tokenizer", Value::Null),
        ("/model", Value::Null),
        ("/load/users", 3.into()),
        ("/load/duration_s", 5.0.into()),
        ("/load/requests", Value::Null),
        ("/transport/timeout_s", 60.0.into()),
        ("/transport/max_time_s", Value::Null),
        ("/workload/queries", 1.into()),
        ("/workload/body/max_tokens", "7".into()),
        ("/workload/api_keys/0", "app-***cdef".into()),
        ("/outputs/csv", "x.csv".into()),
        ("/outputs/json", Value::Null),
    ] {
        assert_eq!(json.pointer(pointer), Some(&value), "{pointer}");
    }
}
