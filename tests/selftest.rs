//! `sse-perf selftest`: its table and its JSON document.

use std::process::{Command, Stdio};

#[test]
fn a_step_is_compared_with_the_service_s_log() {
    let output = Command::new(env!("CARGO_BIN_EXE_sse-perf"))
        .args(["--lang", "en", "selftest", "--json", "-"])
        .args(["--users", "5", "--duration", "2"])
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let table = String::from_utf8_lossy(&output.stderr);
    let document: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {table}"));
    assert_eq!(document["schema"], "sse-perf/selftest/1");
    let step = &document["steps"][0];
    assert_eq!((&step["users"], &step["failed"]), (&5.into(), &0.into()));
    let errors = &step["errors"];
    assert!(errors["requests"].as_u64().unwrap() >= 5, "{errors}");
    // A busy machine makes any error possible, but not none.
    assert!(errors["ttft"]["max"].as_f64().unwrap() > 0.0, "{errors}");
    let verdict = step["verdict"].as_str().unwrap();
    let verdicts = ["VALID", "DEGRADED", "CLIENT-LIMITED"];
    assert!(verdicts.contains(&verdict), "{step}");
    assert!(table.contains("users"), "{table}");
}
