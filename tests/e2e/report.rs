//! The report: written by a run, and made again from its files.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::noting::noting;
use crate::support::{
    Directory, PATH, Ran, Running, Scripted, assert_contains, command, full_disk_after,
    openai_answer, rows, sse_perf, sse_perf_after, sse_perf_line as line, sse_response,
};

/// A server that answers every third request with an error.
fn server() -> Scripted {
    let (server, _) = noting(|number| match number % 3 {
        0 => b"HTTP/1.1 400 Bad\r\ncontent-length: 9\r\n\r\n</script>".to_vec(),
        _ => openai_answer(&["a ", "b"]),
    });
    server
}

/// The data of a page.
fn data(path: &Path) -> Value {
    let page = fs::read_to_string(path).expect("a page");
    let (_, data) = page.split_once("id=\"data\">").expect("data");
    let (data, _) = data.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
}

/// Runs a test of 9 requests with these flags.
fn run(directory: &Directory, url: &str, flags: &str) -> Ran {
    let given = format!("--url {url} --api-key app-test-0123456789 --quiet");
    let flags = format!("{given} --threads 2 --requests 9 {flags}");
    line(directory, &flags)
}

/// A directory with the CSV and the JSON of a run.
fn saved_run() -> Directory {
    let directory = Directory::new();
    let flags = "--csv requests_a.csv --json run_a.json --no-html";
    run(&directory, &server().url(PATH), flags);
    directory
}

/// The statistics shown, without the list of files and anything below.
fn statistics(ran: &Ran) -> &str {
    let parts = ran.stdout.split_once("\nFiles\n");
    parts.map_or("", |(before, _)| before)
}

/// A chatflow of a retrieval, which fails in every third request, and a model.
fn chatflow() -> Scripted {
    let (server, _) = noting(|number| {
        let node = |event: &str, id: u32, kind: &str, status: &str| {
            format!(
                "data: {{\"event\":\"node_{event}\",\"conversation_id\":\"c\",\"data\":{{\"id\":\"{id}\",\"node_id\":\"n{id}\",\
                 \"node_type\":\"{kind}\",\"title\":\"</script>{kind}\",\"status\":\"{status}\",\"elapsed_time\":0.0{number}7}}}}\n\n"
            )
        };
        let status = ["failed", "succeeded", "succeeded"][number % 3];
        let body = [
            node("started", 1, "retrieval", "running"),
            node("finished", 1, "retrieval", status),
            node("started", 2, "llm", "running"),
            "data: {\"event\":\"message\",\"answer\":\"a\"}\n\n".to_owned(),
            node("finished", 2, "llm", "succeeded"),
            "data: {\"event\":\"message_end\",\"metadata\":{\"usage\":{\"total_tokens\":9}}}\n\n"
                .to_owned(),
        ];
        sse_response(&body.concat())
    });
    server
}

/// Runs against a service, makes the report again, and asserts that page, JSON and statistics equal
/// the run's. Leaves `a.csv`, `b.json` and `c.html`; returns the page's data.
fn remade(directory: &Directory, url: &str, code: i32, flags: &str) -> Value {
    let files = "--csv a.csv --json b.json --html-report c.html";
    let ran = run(directory, url, &format!("{files} {flags}"));
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    let again = "report a.csv b.json -o again.html --json again.json";
    let again = line(directory, again);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(statistics(&again), statistics(&ran));
    let [mut first, mut second] = ["c.html", "again.html"].map(|page| data(&directory.file(page)));
    assert_eq!(second["run"]["files"], json!(["a.csv", "b.json"]));
    for page in [&mut first, &mut second] {
        page["run"]["files"].take();
    }
    assert_eq!(first, second);
    let json = |name| fs::read_to_string(directory.file(name)).expect("a document");
    assert_eq!(json("b.json"), json("again.json"));
    first
}

#[test]
fn the_report_made_again_equals_the_run_s() {
    let (server, directory) = (server(), Directory::new());
    let page = remade(&directory, &server.url(PATH), 1, "--turns 1");
    assert_eq!(page["failures"][0]["count"], json!(3));
    assert_eq!((&page["spans"], &page["turns"]), (&Value::Null, &json!([])));
}

#[test]
fn nodes_and_turns_made_again_equal_the_run_s() {
    let (server, directory) = (chatflow(), Directory::new());
    let url = server.url("/v1/chat-messages");
    let page = remade(&directory, &url, 0, "--turns 3");
    let nodes = &page["spans"]["nodes"];
    assert_eq!(nodes[0]["title"], "</script>retrieval");
    let counts = json!([nodes[0]["count"], nodes[0]["failed"], nodes[1]["server"][0]]);
    assert_eq!(counts, json!([9, 3, 9]));
    assert_eq!(nodes[1]["model"], true);
    assert_eq!(page["spans"]["before_model"][0], json!(9));
    let turns: Vec<_> = (0..3).map(|turn| &page["turns"][turn]["ok"]).collect();
    assert_eq!(page["turns"].as_array().map(Vec::len), Some(3));
    assert!(turns[0].as_u64() >= Some(3), "{turns:?}");
    let json = fs::read(directory.file("b.json")).expect("a run JSON");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["summary"]["total_tokens"], 81);
    // Turns are in the rows; nodes are not, and the report says so.
    let alone = line(&directory, "report a.csv -o alone.html");
    assert_contains(&alone.stdout, "workflow nodes");
    let alone = data(&directory.file("alone.html"));
    assert_eq!(alone["turns"], page["turns"]);
    assert!(alone["spans"].is_null());
    // Nodes of several runs are merged, and their percentiles marked as approximate.
    let other = run(&directory, &url, "--csv d.csv --json e.json --no-html");
    assert_eq!(other.code, Some(0));
    let both = line(&directory, "report a.csv b.json d.csv e.json -o both.html");
    let (_, nodes) = both.stdout.split_once("\nNodes ").expect("nodes");
    let (nodes, _) = nodes.split_once("\nTurns\n").expect("turns after them");
    assert!(nodes.matches('≈').count() > 3 * 4, "{nodes}");
    let both = data(&directory.file("both.html"));
    assert_eq!(both["spans"]["approximate"], true);
    assert_eq!(both["spans"]["nodes"][0]["count"], 18);
    assert_eq!(both["turns"], page["turns"], "the other run has none");
}

#[test]
fn the_run_json_is_found_by_its_name_and_the_report_written_beside_it() {
    let server = server();
    let directory = Directory::new();
    let ran = run(&directory, &server.url(PATH), "--turns 1");
    assert_eq!(ran.code, Some(1));
    let csv = fs::read_dir(directory.file("report"))
        .expect("a directory")
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "csv"))
        .expect("a CSV");
    let again = sse_perf(&directory.0, &[Path::new("report"), &csv]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let name = csv
        .with_extension("")
        .to_string_lossy()
        .replace("requests_", "report_");
    let page = data(Path::new(&format!("{name}_2.html")));
    assert_eq!(page["waterfall"]["of"], json!(9));
    assert!(!again.stdout.contains("Warnings"), "{}", again.stdout);
}

#[test]
fn several_runs_become_one_csv_and_one_report() {
    let server = server();
    let directory = Directory::new();
    for name in ["a", "b"] {
        let files = format!("--csv requests_{name}.csv --json run_{name}.json --no-html");
        let flags = format!("{files} --label {name}");
        assert_eq!(run(&directory, &server.url(PATH), &flags).code, Some(1));
    }
    let files = ["requests_a.csv", "requests_b.csv"];
    let merged = "report requests_a.csv requests_b.csv -o both.html --csv -";
    let merged = line(&directory, merged);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    assert_contains(&merged.stderr, "TTFT");
    let expected: Vec<_> = files
        .iter()
        .flat_map(|name| rows(&directory.file(name)))
        .collect();
    directory.write("merged.csv", &merged.stdout);
    assert_eq!(rows(&directory.file("merged.csv")), expected);
    let page = data(&directory.file("both.html"));
    // The runs came one after the other, with the same number of users.
    assert_eq!([&page["run"]["runs"], &page["run"]["users"]], [2, 2]);
    let names = page["breakdowns"]["run"]["names"].as_array();
    assert_eq!(names.map(Vec::len), Some(2));
    // The merged file is read like the two.
    let again = "report merged.csv run_a.json run_b.json -o again.html";
    let again = line(&directory, again);
    assert_eq!(again.code, Some(0));
    let again = data(&directory.file("again.html"));
    assert_eq!(again["ticks"], page["ticks"]);
    assert_eq!(again["points"], page["points"]);
}

#[test]
fn a_report_without_space_leaves_no_half_page() {
    let directory = saved_run();
    let line = "report requests_a.csv -o page.html";
    let ran = sse_perf_after(&full_disk_after(4), &directory, line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_contains(&ran.stderr, "page.html");
    let page = fs::read_to_string(directory.file("page.html")).expect("a file");
    assert_eq!(page, "");
}

#[test]
fn a_report_never_overwrites_what_it_is_made_of() {
    let directory = saved_run();
    for (flag, file) in [
        ("--csv", "requests_a.csv"),
        ("--json", "./run_a.json"),
        ("-o", "run_a.json"),
    ] {
        let before = fs::read(directory.file(file)).expect("a file");
        let ran = line(&directory, &format!("report requests_a.csv {flag} {file}"));
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert_contains(&ran.stderr, "one of the input files");
        assert_eq!(fs::read(directory.file(file)).expect("a file"), before);
    }
}

#[test]
fn wrong_use_of_report_is_explained() {
    let directory = Directory::new();
    for (args, expected) in [
        ("report", "FILE"),
        ("report none.csv", "none.csv"),
        ("report x.csv --csv - --json -", "standard output"),
        ("report x.csv --csv ", "file name is missing"),
        ("report x.csv -o -", "goes to a file"),
    ] {
        let ran = line(&directory, args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    }
    let header = "request,user,started_at,outcome,start_s,end_s,run_id";
    let row = "1,1,2026-02-03T04:05:06.700+08:00,cancelled,0,1,r1";
    directory.write("x.csv", format!("{header}\n{row}\n"));
    let ran = line(&directory, "report x.csv -o /no/such/place.html");
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_contains(&ran.stderr, "--html-report");
}

#[test]
fn a_killed_run_leaves_a_page_that_names_the_report_command() {
    let server = Scripted::start(|peer| {
        peer.request();
        peer.stay_silent();
    });
    let directory = Directory::new();
    let url = server.url(PATH);
    let flags = "--quiet --html-report r.html --csv a.csv --json a.json";
    let mut running = Running::start(&mut command(&directory, &url, flags));
    let page = || fs::read_to_string(directory.file("r.html")).unwrap_or_default();
    while !page().ends_with("</html>\n") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    running.0.kill().expect("it runs");
    running.0.wait().expect("it ends");
    assert!(page().contains("sse-perf report FILE.csv"), "{}", page());
}
