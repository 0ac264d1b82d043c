//! The files that a run reads: queries, keys, bodies, protocols and certificates.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::protocol::Protocol;
use crate::text::{Language, Message};
use crate::tokenizer::{self, Tokenizer};
use crate::workload::{ApiKey, Rotation, reason};

/// A file that could not be used.
pub(super) enum Unusable {
    /// The file is missing, unreadable or empty: a flag's single value may replace it.
    Absent(Message),
    /// The file has wrong content.
    Wrong(Message),
}

impl From<Unusable> for Message {
    fn from(unusable: Unusable) -> Self {
        let (Unusable::Absent(message) | Unusable::Wrong(message)) = unusable;
        message
    }
}

/// The largest file that is read whole, in bytes, unless a flag says otherwise.
const LARGEST: u64 = 64 << 20;

/// Reads a UTF-8 file of at most so many bytes, without the byte-order mark that Windows programs
/// put in front.
pub(super) fn read(flag: &'static str, file: &str, most: u64) -> Result<String, Unusable> {
    let about = |id| Message::about(id, file).with("flag", flag);
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|source| source.take(most + 1).read_to_end(&mut bytes))
        .map_err(|error| Unusable::Absent(about("usage.file_unreadable").with("error", error)))?;
    if bytes.len() as u64 > most {
        let limit = format!("{} MiB", most as f64 / f64::from(1 << 20));
        let message = about("usage.file_large").with("limit", limit);
        return Err(Unusable::Wrong(message));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = std::str::from_utf8(text).map_err(|error| {
        let valid = &text[..error.valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        Unusable::Wrong(about("usage.file_not_utf8").with("line", line))
    })?;
    Ok(text.to_owned())
}

/// What `make` returns for each line of a file that is not blank. `make` gets the line's number,
/// from 1, and its trimmed text.
fn lines<T>(
    flag: &'static str,
    file: &str,
    most: u64,
    make: impl Fn(usize, &str) -> Result<T, Message>,
) -> Result<Rotation<T>, Unusable> {
    let text = read(flag, file, most)?;
    let lines = text.lines().map(str::trim).zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty());
    let items = lines.map(|(line, number)| make(number, line));
    let items: Vec<T> = items.collect::<Result<_, _>>().map_err(Unusable::Wrong)?;
    if items.is_empty() {
        let message = Message::about("usage.file_empty", file).with("flag", flag);
        return Err(Unusable::Absent(message));
    }
    Ok(Rotation::file(file.into(), items))
}

/// The queries of `--param-file`.
pub(super) fn queries(file: &str, most: u64) -> Result<Rotation<Arc<str>>, Unusable> {
    lines("--param-file", file, most, |_, line| Ok(line.into()))
}

/// The keys of `--api-key-file`.
pub(super) fn keys(file: &str) -> Result<Rotation<ApiKey>, Unusable> {
    lines("--api-key-file", file, LARGEST, |number, line| {
        let key = ApiKey::new(line);
        if key.is_sendable() && !key.is_empty() {
            return Ok(key);
        }
        let message = Message::about("usage.key_characters_in_file", file);
        Err(message.with("line", number))
    })
}

/// The body of `--request-body-file`: a JSON object.
pub(super) fn body(file: &str) -> Result<Value, Message> {
    let text = read("--request-body-file", file, LARGEST)?;
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        let message = Message::about("usage.body_json", file).with("error", reason(&error));
        let message = message.with("line", error.line());
        message.with("column", error.column())
    })?;
    if !document.is_object() {
        return Err(Message::about("usage.body_no_object", file));
    }
    Ok(document)
}

/// The protocol of this name and its document: a built-in one, else a file.
///
/// # Errors
///
/// If there is no protocol of this name, or the file has none.
pub fn protocol(name: &str, language: Language) -> Result<(Arc<Protocol>, String), Message> {
    if let Some((protocol, text)) = Protocol::builtin(name).zip(Protocol::document(name)) {
        return Ok((protocol, text.to_owned()));
    }
    if !name.contains(['/', '\\', '.']) && !Path::new(name).exists() {
        let names: Vec<&str> = Protocol::builtin_names().collect();
        return Err(Message::about("usage.api_unknown", name).with("names", names.join(", ")));
    }
    let text = read("--api", name, LARGEST)?;
    let protocol = Protocol::parse(&text).map_err(|error| {
        let error = language.texts().render(&error);
        Message::about("usage.api_file", name).with("error", error)
    })?;
    Ok((Arc::new(protocol), text))
}

/// The certificates of `--ca-cert`: PEM.
pub(super) fn certificates(file: &str) -> Result<Vec<u8>, Message> {
    let text = read("--ca-cert", file, LARGEST)?;
    if !has_certificate(&text) {
        return Err(Message::about("usage.ca_cert", file));
    }
    Ok(text.into_bytes())
}

/// Whether there is a PEM block of a certificate. TLS judges the certificate itself when the
/// connection is made.
fn has_certificate(text: &str) -> bool {
    let block = text.split_once("-----BEGIN CERTIFICATE-----");
    let block = block.and_then(|(_, after)| after.split_once("-----END CERTIFICATE-----"));
    block.is_some_and(|(base64, _)| {
        let base64: String = base64.split_ascii_whitespace().collect();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        !base64.is_empty() && base64.chars().all(legal)
    })
}

/// The tokenizer of `--tokenizer`.
pub(super) fn tokenizer(file: &str) -> Result<Tokenizer, Message> {
    if !tokenizer::BUILT_IN {
        return Err(Message::about("usage.tokenizer_absent", file));
    }
    let text = read("--tokenizer", file, LARGEST)?;
    let wrong = |error| Message::about("usage.tokenizer_file", file).with("error", error);
    Tokenizer::new(Path::new(file), &text).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::Directory;

    #[test]
    fn a_certificate_is_recognised() {
        let good = "# my CA\n-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n";
        assert!(has_certificate(good));
        for bad in [
            "",
            "MIIB",
            "-----BEGIN CERTIFICATE-----\nMIIB",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n<html>\n-----END CERTIFICATE-----",
            "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        ] {
            assert!(!has_certificate(bad), "{bad}");
        }
    }

    /// The lines of a file with this content, each with its number.
    fn numbered(content: &[u8]) -> Result<Vec<(usize, String)>, Unusable> {
        let directory = Directory::new();
        let path = directory.file("lines");
        std::fs::write(&path, content).expect("a file");
        let numbered = |number, line: &str| Ok((number, line.to_owned()));
        let items = lines("--x", path.to_str().expect("a name"), LARGEST, numbered);
        items.map(|items| items.items)
    }

    #[test]
    fn bom_crlf_and_blank_lines_do_not_matter() {
        let lines = numbered("\u{feff}你好\r\n\r\n  \n two words \n{x}".as_bytes());
        let expected = [(1, "你好"), (4, "two words"), (5, "{x}")];
        let expected = expected.map(|(number, line)| (number, line.to_owned()));
        assert!(lines.is_ok_and(|lines| lines == expected));
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        let gbk = b"first\nsecond\n\xc4\xe3\xba\xc3\n";
        for (bytes, line) in [(&gbk[..], "line 3"), (b"\xff\xfea\0", "line 1")] {
            let Err(Unusable::Wrong(message)) = numbered(bytes) else {
                panic!("{bytes:?}")
            };
            assert_eq!(message.id(), "usage.file_not_utf8");
            assert!(message.to_string().contains(line), "{message}");
        }
    }

    #[test]
    fn nothing_but_blank_lines_and_no_file_are_absent() {
        for bytes in [&b""[..], b"\n \r\n", "\u{feff}\n".as_bytes()] {
            let absent =
                |error| matches!(error, Unusable::Absent(m) if m.id() == "usage.file_empty");
            assert!(numbered(bytes).is_err_and(absent));
        }
        let absent =
            |error| matches!(error, Unusable::Absent(m) if m.id() == "usage.file_unreadable");
        assert!(queries("/no/such/file", LARGEST).is_err_and(absent));
    }
}
