//! The texts of errors in one line: errors in a stream, and bodies of HTTP errors.

use serde_json::Value as Json;

/// The most characters shown of a text that was not meant for people: raw JSON, a page of HTML.
pub const RAW_CHARACTERS: usize = 200;

/// The most characters shown of a message.
pub(super) const MESSAGE_CHARACTERS: usize = 500;

/// Where services, and the proxies before them, put code and message of an HTTP error.
const CODES: [&str; 4] = ["/error/code", "/error/type", "/code", "/error_type"];
const MESSAGES: [&str; 4] = ["/error/message", "/message", "/error", "/detail"];

/// The first characters of a text but for white space, with control characters and line ends made
/// spaces.
#[must_use]
pub fn one_line(text: &str, characters: usize) -> String {
    text.trim()
        .chars()
        .take(characters)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The first string or number that one of the pointers leads to, as text.
pub(super) fn first_scalar<P: AsRef<str>>(json: &Json, pointers: &[P]) -> Option<String> {
    pointers
        .iter()
        .find_map(|pointer| match json.pointer(pointer.as_ref())? {
            Json::String(text) if !text.is_empty() => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
}

/// The JSON of a body, or of the data of its first event: some gateways answer errors in the framing
/// of a stream.
fn json_of(body: &[u8]) -> Option<Json> {
    serde_json::from_slice(body).ok().or_else(|| {
        let mut lines = body.split(|byte| matches!(byte, b'\n' | b'\r'));
        let data = lines.find_map(|line| line.strip_prefix(b"data:"))?;
        serde_json::from_slice(data).ok()
    })
}

/// The words of an HTML page, without markup, head, styles and scripts; `None` if the text is no page
/// or has no words.
fn page_text(text: &str) -> Option<String> {
    const SILENT: [&str; 3] = ["head", "style", "script"];
    let mut words = Vec::new();
    // The element that is being left out.
    let mut silent: Option<&str> = None;
    for tag in text.trim_start().strip_prefix('<')?.split('<') {
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        let name = tag.split_whitespace().next().unwrap_or_default();
        let is = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
        silent = match (silent, name.strip_prefix('/')) {
            (Some(open), Some(end)) if is(end, open) => None,
            (Some(open), _) => Some(open),
            (None, _) => SILENT.into_iter().find(|known| is(name, known)),
        };
        if silent.is_none() {
            words.extend(after.split(|c: char| c.is_whitespace() || c.is_control()));
        }
    }
    words.retain(|word| !word.is_empty());
    (!words.is_empty()).then(|| words.join(" "))
}

/// The body of an HTTP error in one line: code and message of JSON in one of the usual shapes of
/// services and proxies, otherwise the first 200 characters, of a page without its markup. Spaces
/// take the place of control characters and line ends.
#[must_use]
pub fn error_text(body: &[u8]) -> String {
    let raw = || {
        let text = String::from_utf8_lossy(body);
        one_line(&page_text(&text).unwrap_or(text.into()), RAW_CHARACTERS)
    };
    let Some(json) = json_of(body) else {
        return raw();
    };
    // Some services put the error in a list.
    let json = json.get(0).unwrap_or(&json);
    if let Json::String(text) = json {
        return one_line(text, MESSAGE_CHARACTERS);
    }
    let code = first_scalar(json, &CODES).map(|code| format!("{code}: "));
    let Some(message) = first_scalar(json, &MESSAGES) else {
        return raw();
    };
    let fields = json.get("errors").map(|errors| format!(": {errors}"));
    let (code, fields) = (code.unwrap_or_default(), fields.unwrap_or_default());
    one_line(&format!("{code}{message}{fields}"), MESSAGE_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_stays_on_one_line_and_is_cut() {
        assert_eq!(one_line("a\r\nb", RAW_CHARACTERS), "a  b");
        let cut = one_line(&"豆".repeat(300), RAW_CHARACTERS);
        assert_eq!(cut.chars().count(), RAW_CHARACTERS);
    }

    #[test]
    fn bodies_of_http_errors() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"code":"invalid_param","message":"Too many requests","status":400}"#, "invalid_param: Too many requests"),
            (r#"{"errors":{"query":"Missing"},"message":"Input payload validation failed"}"#, r#"Input payload validation failed: {"query":"Missing"}"#),
            (r#"{"error":{"message":"no"}}"#, "no"),
            (r#"{"error":{"message":"no","type":"auth","code":null}}"#, "auth: no"),
            (r#"{"error":{"message":"no","type":"x","code":401}}"#, "401: no"),
            (r#"[{"error":{"code":400,"message":"no"}}]"#, "400: no"),
            (r#"{"error":"no","error_type":"overloaded"}"#, "overloaded: no"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (r#"{"detail":[{"msg":"x"}]}"#, r#"{"detail":[{"msg":"x"}]}"#),
            (r#"{"message":""}"#, r#"{"message":""}"#),
            ("\"plain\\nwords\"", "plain words"),
            ("event: error\r\ndata: {\"error\":{\"message\":\"no\",\"code\":\"500\"}}\r\n\r\n", "500: no"),
            ("data: no\n\n", "data: no"),
            ("<html>\r\n<b>502</b>\u{7}\n</html>\n", "502"),
            (
                "<!DOCTYPE html><HTML><head><title>502 Bad Gateway</title><style>b{a:1}</style></head>\n\
                 <body class=\"x\"><h1>502 Bad Gateway</h1>\r\n<hr><script>if (1<2) {}</script>nginx/1.22.1",
                "502 Bad Gateway nginx/1.22.1",
            ),
            ("<br>a &lt; b<", "a &lt; b"),
            ("<html></html>", "<html></html>"),
            ("a <b>", "a <b>"),
            ("404", "404"),
            ("[]", "[]"),
            ("", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(error_text(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(error_text(b"\xFF!"), "\u{FFFD}!");
        let long = "豆".repeat(300);
        assert_eq!(error_text(long.as_bytes()).chars().count(), 200);
    }
}
