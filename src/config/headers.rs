//! Request headers, inputs and members of the body: `--header 'K: V'`, `--input key=value` and
//! `--body key=value`.

use super::show::redact_value;
use crate::text::Message;
use crate::values::shown;
use crate::workload::mask;

/// Headers of the connection or the body, which the tool makes itself, each with the text of the
/// refusal.
const OURS: [(&str, &str); 6] = [
    ("accept-encoding", "usage.header_compression"),
    ("connection", "usage.header_connection"),
    ("content-length", "usage.header_length"),
    ("expect", "usage.header_expect"),
    ("transfer-encoding", "usage.header_length"),
    ("upgrade", "usage.header_upgrade"),
];

/// Reads the `--header` flags.
pub(super) fn headers(raw: &[String]) -> Result<Vec<(String, String)>, Message> {
    raw.iter().map(|text| header(text)).collect()
}

fn header(raw: &str) -> Result<(String, String), Message> {
    let Some((name, value)) = raw.split_once(':') else {
        // Text without a name may be a secret.
        let word = raw.split_once(char::is_whitespace);
        let shown = word.map_or_else(|| mask(raw), |(word, _)| format!("{word} …"));
        return Err(Message::about("usage.header_colon", &shown));
    };
    let (name, value) = (name.trim(), value.trim());
    let wrong = |id| {
        let whole = format!("{name}: {}", redact_value(name, value));
        Err(Message::about(id, &whole).with("name", name))
    };
    let ours = OURS.iter().find(|(own, _)| name.eq_ignore_ascii_case(own));
    match ours {
        _ if name.is_empty() || !name.bytes().all(is_token) => wrong("usage.header_name"),
        Some((_, id)) => wrong(id),
        None if !value.bytes().all(|b| matches!(b, b'\t' | b' '..0x7f)) => {
            wrong("usage.header_value")
        }
        None => Ok((name.to_owned(), value.to_owned())),
    }
}

/// Characters of an HTTP token (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Reads the values of a flag: keys with their values.
pub(super) fn pairs(flag: &str, raw: &[String]) -> Result<Vec<(String, String)>, Message> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for text in raw {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => (key.trim(), value),
            _ => return Err(Message::about("usage.input", text).with("flag", flag)),
        };
        if pairs.iter().any(|(given, _)| given == key) {
            let message = Message::new("usage.input_twice").with("flag", flag);
            return Err(message.with("key", shown(key)));
        }
        pairs.push((key.to_owned(), value.to_owned()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        for (raw, name, value) in [
            ("X-Tenant: blue", "X-Tenant", "blue"),
            ("x-tenant:blue", "x-tenant", "blue"),
            ("Referer: http://h:80/p", "Referer", "http://h:80/p"),
            ("X-Empty:", "X-Empty", ""),
            ("Host: other", "Host", "other"),
        ] {
            let expected = (name.to_owned(), value.to_owned());
            assert_eq!(header(raw), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn illegal_headers_are_named_with_a_remedy() {
        for (raw, shown, remedy) in [
            ("X-Tenant blue", "X-Tenant", "--header 'X-Tenant: blue'"),
            (": x", ": x", "--header 'X-Tenant: blue'"),
            ("X Tenant: blue", "X Tenant", "letters"),
            ("主机: x", "主机", "letters"),
            ("X-Name: 高楼", "高楼", "percent"),
            ("X-Name: a\r\nX-Evil: b", r"a\r\nX-Evil", "percent"),
            ("Connection: close", "Connection", "--no-keepalive"),
            ("Content-Length: 5", "Content-Length", "--request-body-file"),
            ("transfer-encoding: x", "transfer-encoding", "from the body"),
            ("Accept-Encoding: gzip", "Accept-Encoding", "compressed"),
            ("Expect: 100-continue", "Expect", "leave it out"),
            ("Upgrade: h2c", "Upgrade", "HTTP/1.1"),
        ] {
            let text = header(raw).unwrap_err().to_string();
            for part in ["--header", shown, remedy] {
                assert!(text.contains(part), "{raw}: {text}");
            }
        }
    }

    #[test]
    fn errors_do_not_show_secrets() {
        for raw in [
            "Bearer sk-0123456789abcdef",
            "sk-0123456789abcdef",
            "Author ization: Bearer sk-0123456789abcdef",
            "x-api-key: sk-0123456789abcdef钥",
        ] {
            let text = header(raw).unwrap_err().to_string();
            assert!(!text.contains("0123456789"), "{text}");
        }
    }

    #[test]
    fn inputs_are_read_and_checked() {
        let raw = [
            "city=北京".to_owned(),
            "expr=a=b".to_owned(),
            "empty=".to_owned(),
        ];
        let expected = [("city", "北京"), ("expr", "a=b"), ("empty", "")];
        let inputs = pairs("--input", &raw).unwrap();
        let inputs = inputs.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        assert!(inputs.eq(expected));
        for raw in [&["city"][..], &["=x"], &["a=1", "a=2"]] {
            let raw: Vec<String> = raw.iter().map(ToString::to_string).collect();
            let text = pairs("--input", &raw).unwrap_err().to_string();
            assert!(text.contains("--input"), "{text}");
        }
    }
}
