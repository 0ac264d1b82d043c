//! Completions in a real bash, zsh and fish.

use std::process::{Command, Stdio};

/// Loads a script into zsh's completion, and lists what completes a line: zsh completes on a
/// terminal only, so a second zsh plays the person at the keyboard.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty shell "TERM=xterm zsh -f -i"
zpty -w shell "PS1='ready> '; autoload -U compinit; compinit -u -D; source $1; bindkey '^I' list-choices; LISTMAX=1000; stty cols 200"
zpty -w shell "print load''ed"
zpty -r shell seen '*loaded*ready> *'
zpty -n -w shell "$2"$'\t'
zpty -n -w shell $'\C-u'"print do''ne"$'\n'
zpty -r shell seen '*done*'
print -r -- "$seen"
zpty -d shell
"#;

/// What a shell offers for the last word of a line.
fn offered(shell: &str, line: &str) -> String {
    let program = env!("CARGO_BIN_EXE_sse-perf");
    let script = tempfile(shell);
    let written = Command::new(program).args(["completions", shell]).output();
    std::fs::write(&script, written.expect("the binary runs").stdout).expect("a file");
    let program = match shell {
        "bash" => {
            r#"source "$1"; COMP_WORDS=($2); [[ $2 == *" " ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            set -- "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            _sse__perf "$@"; echo "${COMPREPLY[@]}""#
        }
        "fish" => "source $argv[1]; complete -C $argv[2]",
        _ => ZSH,
    };
    let (before, after) = match shell {
        "bash" => (&["-c"][..], Some(shell)),
        "fish" => (&["-c"][..], None),
        _ => (&["-f", "-c"][..], Some(shell)),
    };
    let mut command = Command::new(shell);
    command.args(before).arg(program).args(after);
    let output = command.arg(&script).arg(line).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{shell}: {e}"));
    std::fs::remove_file(&script).expect("written above");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tempfile(shell: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!(
        "sse-perf-{}-completions.{shell}",
        std::process::id()
    ))
}

#[test]
fn flags_of_subcommands_and_words_of_flags_complete_in_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        #[rustfmt::skip]
        let cases = [
            ("sse-perf --abandon-", &["--abandon-rate", "--abandon-after"][..]),
            ("sse-perf mock --ret", &["--retry-after"]),
            ("sse-perf selftest --", &["--matrix", "--busy"]),
            ("sse-perf --lang ", &["en", "zh"]),
            ("sse-perf mock --lang ", &["en", "zh"]),
            ("sse-perf --api ", &["dify-chat", "openai-chat"]),
            ("sse-perf probe --api ", &["dify-chat", "gemini"]),
            ("sse-perf protocols ", &["dify-chat", "sglang"]),
            ("sse-perf --data-order ", &["sequential", "shuffle", "random"]),
            ("sse-perf --tokens ", &["usage", "estimate", "events"]),
        ];
        for (line, words) in cases {
            // clap_complete has no words of arguments without a flag for fish.
            if shell == "fish" && line == "sse-perf protocols " {
                continue;
            }
            let offered = offered(shell, line);
            let lacks = words.iter().find(|word| !offered.contains(*word));
            assert_eq!(lacks, None, "{shell}: {line:?} offers {offered}");
        }
    }
}
