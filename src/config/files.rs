//! The files that a run reads: queries, keys, bodies, protocols and certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::show::shown;
use crate::protocol::Protocol;
use crate::text::{Language, Message};
use crate::tokenizer::{self, Tokenizer};
use crate::workload::{ApiKey, Line, LinesError, Rotation, read_lines, utf8};

/// A file of lines that could not be used.
pub(super) enum Unusable {
    /// One that a flag's single value can stand in for: it is missing, unreadable or empty.
    Absent(Message),
    /// One that says something wrong.
    Wrong(Message),
}

fn lines(flag: &'static str, path: &Path) -> Result<Vec<Line>, Unusable> {
    let message = |id| {
        Message::new(id)
            .with("flag", flag)
            .with("value", shown_path(path))
    };
    read_lines(path).map_err(|error| match error {
        LinesError::Unreadable(error) => {
            Unusable::Absent(message("usage.file_unreadable").with("error", error))
        }
        LinesError::Empty => Unusable::Absent(message("usage.file_empty")),
        LinesError::NotUtf8 { line } => {
            Unusable::Wrong(message("usage.file_not_utf8").with("line", line))
        }
    })
}

/// The queries of `--param-file`.
pub(super) fn queries(file: &str) -> Result<Rotation<Arc<str>>, Unusable> {
    let path = PathBuf::from(file);
    let queries = lines("--param-file", &path)?
        .into_iter()
        .map(|line| line.text.into())
        .collect();
    Ok(Rotation::file(path, queries))
}

/// The keys of `--api-key-file`.
pub(super) fn keys(file: &str) -> Result<Rotation<ApiKey>, Unusable> {
    let path = PathBuf::from(file);
    let key = |line: Line| {
        let key = ApiKey::new(&line.text);
        if key.is_sendable() && !key.is_empty() {
            return Ok(key);
        }
        Err(Unusable::Wrong(
            Message::new("usage.key_characters_in_file")
                .with("value", shown_path(&path))
                .with("line", line.number),
        ))
    };
    let keys = lines("--api-key-file", &path)?
        .into_iter()
        .map(key)
        .collect::<Result<_, _>>()?;
    Ok(Rotation::file(path, keys))
}

/// The body of `--request-body-file`: a JSON object.
pub(super) fn body(file: &str) -> Result<Value, Message> {
    const FLAG: &str = "--request-body-file";
    let text = read(FLAG, file)?;
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        Message::new("usage.body_json")
            .with("value", shown(file))
            .with("line", error.line())
            .with("column", error.column())
            .with("error", reason(&error))
    })?;
    if document.is_object() {
        Ok(document)
    } else {
        Err(Message::new("usage.body_no_object").with("value", shown(file)))
    }
}

/// What `serde_json` found wrong, without the place that it appends.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The protocol that `--api` names: a built-in one, else a file.
pub(super) fn protocol(name: &str, language: Language) -> Result<Arc<Protocol>, Message> {
    match Protocol::builtin(name) {
        Some(protocol) => Ok(protocol),
        None => own_protocol(name, language).map(|(protocol, _)| Arc::new(protocol)),
    }
}

/// The document of the protocol of that name: a built-in one, else a file's, checked.
///
/// # Errors
///
/// If there is none of that name, or the file is none.
pub fn protocol_document(name: &str, language: Language) -> Result<String, Message> {
    match Protocol::document(name) {
        Some(document) => Ok(document.to_owned()),
        None => own_protocol(name, language).map(|(_, document)| document),
    }
}

/// A protocol of the user's own, and its document.
fn own_protocol(name: &str, language: Language) -> Result<(Protocol, String), Message> {
    let looks_like_file = name.contains(['/', '\\', '.']) || Path::new(name).exists();
    if !looks_like_file {
        let names: Vec<&str> = Protocol::builtin_names().collect();
        return Err(Message::new("usage.api_unknown")
            .with("value", shown(name))
            .with("names", names.join(", ")));
    }
    let text = read("--api", name)?;
    match Protocol::parse(&text) {
        Ok(protocol) => Ok((protocol, text)),
        Err(error) => Err(Message::new("usage.api_file")
            .with("value", shown(name))
            .with("error", language.texts().render(&error.message()))),
    }
}

/// The certificates of `--ca-cert`: PEM.
pub(super) fn certificates(file: &str) -> Result<Vec<u8>, Message> {
    let text = read("--ca-cert", file)?;
    if has_certificate(&text) {
        Ok(text.into_bytes())
    } else {
        Err(Message::new("usage.ca_cert").with("value", shown(file)))
    }
}

/// Whether there is a PEM block of a certificate; whether it is one that TLS can use is seen when
/// the connection is made.
fn has_certificate(text: &str) -> bool {
    let block = text
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, after)| after.split_once("-----END CERTIFICATE-----"));
    block.is_some_and(|(base64, _)| {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        let mut characters = base64
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .peekable();
        characters.peek().is_some() && characters.all(legal)
    })
}

/// The tokenizer of `--tokenizer`.
pub(super) fn tokenizer(file: &str) -> Result<Tokenizer, Message> {
    if !tokenizer::BUILT_IN {
        return Err(Message::new("usage.tokenizer_absent").with("value", shown(file)));
    }
    let text = read("--tokenizer", file)?;
    Tokenizer::new(Path::new(file), &text).map_err(|error| {
        Message::new("usage.tokenizer_file")
            .with("value", shown(file))
            .with("error", error)
    })
}

/// Reads a text file that has no substitute, without its byte-order mark.
fn read(flag: &'static str, file: &str) -> Result<String, Message> {
    let message = |id| {
        Message::new(id)
            .with("flag", flag)
            .with("value", shown(file))
    };
    let bytes = std::fs::read(file)
        .map_err(|error| message("usage.file_unreadable").with("error", error))?;
    utf8(&bytes)
        .map(str::to_owned)
        .map_err(|line| message("usage.file_not_utf8").with("line", line))
}

pub(super) fn shown_path(path: &Path) -> String {
    shown(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
