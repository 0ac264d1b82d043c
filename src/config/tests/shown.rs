//! What is shown of a configuration: everything but secrets.

use serde_json::Value;

use super::config as understood;
use crate::config::plan_json;

#[test]
fn nothing_that_is_shown_has_a_secret() {
    let secret = "0123456789abcdef0123";
    let config = understood(&[
        "--url",
        &format!("https://h/v1/chat-messages?key={secret}"),
        "-H",
        &format!("Authorization: Bearer {secret}"),
        "-H",
        &format!("X-Api-Key: {secret}"),
        "--proxy",
        &format!("http://u:{secret}@proxy:3128"),
        "--input",
        &format!("password={secret}"),
    ]);
    let json = plan_json(&config).to_string();
    let debug = format!(
        "{:?} {:?} {:?}",
        config.target, config.transport, config.workload.keys
    );
    for text in [&config.command_line, &json, &debug, &config.target.shown] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(config.workload.assignment(1).mask_in(secret), "0123***0123");
    let config = understood(&["--api-key", secret]);
    assert!(
        !config.command_line.contains(secret) && !plan_json(&config).to_string().contains(secret)
    );
}

#[test]
fn the_configuration_as_json_is_complete() {
    let flags = "--threads 3 --duration 5 --label base --csv x.csv --no-json";
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
        ("/workload/api_keys/0", "app-***cdef".into()),
        ("/outputs/csv", "x.csv".into()),
        ("/outputs/json", Value::Null),
    ] {
        assert_eq!(json.pointer(pointer), Some(&value), "{pointer}");
    }
}
