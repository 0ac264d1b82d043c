//! The README and the manual are complete in both languages, and their commands work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use sse_perf::manual::TOPICS;
use sse_perf::output::csv;
use sse_perf::record::FailureKind;
use sse_perf::text::Language;

const BINARY: &str = env!("CARGO_BIN_EXE_sse-perf");
const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

/// Kinds of code blocks without commands to run. A `console` block's note has the reason.
const SHOWN: [&str; 5] = ["text", "json", "nginx", "yaml", "console"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README's and the topics' files of a language.
fn files(language: Language) -> Vec<PathBuf> {
    let directory = root().join("data/manual").join(language.code());
    let readme = match language {
        Language::English => root().join("README.md"),
        Language::Chinese => directory.join("README.md"),
    };
    let topics = TOPICS.iter().map(|topic| topic.name);
    let topics = topics.map(|name| directory.join(format!("{name}.md")));
    std::iter::once(readme).chain(topics).collect()
}

/// The program's standard output.
fn printed(arguments: &[&str], language: Language) -> String {
    let output = Command::new(BINARY)
        .args(arguments)
        .args(["--lang", language.code()])
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The whole manual as the program shows it.
fn manual(language: Language) -> String {
    let topics = TOPICS.iter();
    let topics = topics.map(|topic| printed(&["help", topic.name], language));
    topics.collect()
}

/// The words of a text that may be flags, columns or kinds: `--csv-bom`, `ttft_ms`.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .collect()
}

#[test]
fn the_manual_names_every_flag_column_and_kind_of_failure() {
    let header = String::from_utf8(csv::header()).expect("UTF-8");
    let mut names: BTreeSet<String> = header.trim_end().split(',').map(str::to_owned).collect();
    names.extend(FailureKind::ALL.map(|kind| kind.name().to_owned()));
    let commands = "demo report mock probe protocols selftest completions";
    for command in commands.split(' ').map(Some).chain([None]) {
        let flags: Vec<&str> = command.into_iter().chain(["--help"]).collect();
        let help = printed(&flags, Language::English);
        let flags = words(&help).into_iter();
        let flags = flags.filter(|word| word.len() > 2 && word.starts_with("--"));
        names.extend(flags.map(str::to_owned));
    }
    assert!(names.contains("--user-clock") && names.contains("--split-writes"));
    for language in LANGUAGES {
        let text = manual(language);
        let words = words(&text);
        for name in &names {
            let named = words.contains(name.as_str());
            assert!(named, "{}: {name} lacks", language.code());
        }
    }
}

#[test]
fn the_readme_is_one_sitting_and_begins_with_the_two_commands() {
    for language in LANGUAGES {
        let text = read(&files(language)[0]);
        assert!(text.lines().count() <= 250);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.contains("README.md)"), "{first}");
        let blocks = blocks(&text);
        let commands = blocks.iter().filter(|block| block.kind != "text");
        let commands: Vec<_> = commands
            .map(|block| block.text.trim_end())
            .take(2)
            .collect();
        assert_eq!(commands, ["cargo run --release -- demo", "tests/run.sh"]);
    }
}

#[test]
fn links_lead_to_files() {
    for file in LANGUAGES.into_iter().flat_map(files) {
        let text = read(&file);
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap_or_default();
            let path = file.parent().expect("a directory").join(target);
            assert!(path.exists(), "{}: {target}", file.display());
        }
    }
}

#[test]
fn both_languages_have_the_same_blocks() {
    let [english, chinese] = LANGUAGES.map(files);
    for (english, chinese) in english.iter().zip(&chinese) {
        let kinds = |path: &Path| -> Vec<_> {
            let blocks = blocks(&read(path));
            let kinds = blocks.into_iter();
            kinds.map(|block| (block.kind, block.note)).collect()
        };
        assert_eq!(kinds(english), kinds(chinese), "{}", english.display());
    }
    let figures = LANGUAGES.map(|language| {
        let path = files(language)
            .pop()
            .map(|path| path.with_file_name("benchmarks.md"));
        let blocks = blocks(&read(&path.expect("a file")));
        let floors = blocks.into_iter().find(|block| block.kind == "text");
        floors.expect("figures").text
    });
    assert!(figures[0].contains("Parser; floor: ") && figures[0] == figures[1]);
}

/// Runs every block of commands of the README and the manual, in both languages. A simulated
/// service takes the place of the services in the commands, and durations are shorter.
#[test]
fn what_they_tell_to_type_works() {
    let service = Service::start("mock --port 0 --ttft 20 --itl 1 --tokens 20", root());
    let failed: Vec<String> = thread::scope(|scope| {
        let address = &service.address;
        let pages = LANGUAGES.into_iter().flat_map(|language| {
            let files = files(language).into_iter();
            files.map(move |file| (language, file))
        });
        let runs: Vec<_> = pages
            .map(|(language, file)| scope.spawn(move || run_page(language, &file, address)))
            .collect();
        let results = runs.into_iter().map(|run| run.join().expect("a page"));
        results.filter_map(Result::err).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A block of code: ```` ```sh file=x.sh ```` has the kind `sh` and the note `file=x.sh`.
struct Block {
    kind: String,
    note: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if let Some(info) = line.trim_end().strip_prefix("```") {
            let (kind, note) = info.split_once(' ').unwrap_or((info, ""));
            let text = lines.by_ref().take_while(|line| line.trim_end() != "```");
            blocks.push(Block {
                kind: kind.to_owned(),
                note: note.to_owned(),
                text: text.collect(),
            });
        }
    }
    blocks
}

/// Runs the commands of a page in a directory of its own.
fn run_page(language: Language, file: &Path, address: &str) -> Result<(), String> {
    let name = file.file_stem().expect("a name").to_string_lossy();
    let directory = format!("manual-{}-{name}", language.code());
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    std::os::unix::fs::symlink(root().join("data"), directory.join("data")).expect("a link");
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    for block in blocks(&read(file)) {
        let place = format!("{}: {}", file.display(), block.text);
        if let Some(name) = block.note.strip_prefix("file=") {
            fs::write(directory.join(name), quick(&block.text)).expect("a file");
            continue;
        }
        if block.kind != "sh" {
            assert!(SHOWN.contains(&block.kind.as_str()), "{place}");
            let needs = block.note.strip_prefix("needs=");
            assert!(block.kind != "console" || needs.is_some(), "{place}");
            continue;
        }
        let mut script = quick(&block.text).replace("127.0.0.1:8080", address);
        if let Some((options, port)) = served(&script) {
            let service = Service::start(&options, &directory);
            services.insert(format!("127.0.0.1:{port}"), service);
            continue;
        }
        for (told, service) in &services {
            script = script.replace(told, &service.address);
        }
        let expected = block.note.strip_prefix("exit=").unwrap_or("0");
        let output = bash(&script, &directory, language);
        let code = output.status.code().map(|code| code.to_string());
        if code.as_deref() != Some(expected) {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{place}{code:?} in place of {expected}: {said}"));
        }
    }
    Ok(())
}

fn bash(script: &str, directory: &Path, language: Language) -> std::process::Output {
    let program = Path::new(BINARY).parent().expect("a directory");
    let path = std::env::var("PATH").unwrap_or_default();
    let locale = match language {
        Language::English => "en_US.UTF-8",
        Language::Chinese => "zh_CN.UTF-8",
    };
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", program.display()))
        .env_remove("LC_ALL")
        .env("LC_MESSAGES", locale)
        .stdin(Stdio::null())
        .output()
        .expect("bash runs")
}

/// The commands with the installed program in place of a build, and short times.
fn quick(script: &str) -> String {
    let script = script
        .replace("cargo run --release -- demo", "sse-perf demo")
        .replace("sse-perf demo\n", "sse-perf demo --duration 1\n");
    let mut before = "";
    let words = script.split_inclusive([' ', '\n']);
    let words = words.map(|word| {
        let end = &word[word.trim_end().len()..];
        let short = match before {
            "--duration" => format!("1{end}"),
            "--ramp-up" => format!("0.2{end}"),
            _ => word.to_owned(),
        };
        before = word.trim_end();
        short
    });
    words.collect()
}

/// The options of the simulated service that a script starts, at any port, and the port that it
/// names.
fn served(script: &str) -> Option<(String, String)> {
    let options = script.strip_prefix("sse-perf mock")?;
    let port = options.split("--port ").nth(1)?;
    let port = port.split_whitespace().next()?.to_owned();
    let options = options.replace(&format!("--port {port}"), "--port 0");
    Some((format!("mock{}", options.replace("\\\n", " ")), port))
}

/// A simulated service, until it is dropped.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(options: &str, directory: &Path) -> Self {
        let mut child = Command::new(BINARY)
            .args(options.split_whitespace())
            .args(["--lang", "en"])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        stdout.read_line(&mut line).expect("a line");
        let address = line.split("http://").nth(1);
        let address = address.and_then(|rest| rest.split(' ').next());
        Self {
            address: address.unwrap_or_else(|| panic!("{line}")).to_owned(),
            child,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
