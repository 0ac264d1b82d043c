//! Documents against their JSON Schema, by a validator of the keywords that the schema uses.

use serde_json::Value;
use sse_perf::protocol::{Protocol, SCHEMA};

/// The value's violations of a schema; `root` holds the definitions.
fn check(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("a reference inside");
        let definition = root.pointer(pointer);
        check(
            value,
            definition.unwrap_or_else(|| panic!("{reference} is missing")),
            root,
        )?;
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let wrong: Vec<String> = any
            .iter()
            .filter_map(|s| check(value, s, root).err())
            .collect();
        if wrong.len() == any.len() {
            return Err(format!("{value}: none of: {}", wrong.join(" / ")));
        }
    }
    if let Some(all) = schema["enum"].as_array() {
        ensure(all.contains(value), || {
            format!("{value} is none of {all:?}")
        })?;
    }
    check_type(value, &schema["type"])?;
    check_text(value, schema)?;
    check_list(value, schema, root)?;
    check_object(value, schema, root)
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

fn check_type(value: &Value, wanted: &Value) -> Result<(), String> {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match wanted {
        Value::Null => true,
        Value::Array(all) => all.iter().any(|one| one == is),
        one => one == is,
    };
    ensure(fits, || format!("{value} is no {wanted}"))
}

fn check_text(value: &Value, schema: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    if let Some(least) = schema["minLength"].as_u64() {
        ensure(text.chars().count() as u64 >= least, || {
            "a text is empty".to_owned()
        })?;
    }
    match schema["pattern"].as_str() {
        None => Ok(()),
        Some("^/") => ensure(text.starts_with('/'), || format!("{text} is no pointer")),
        Some("^[/:]") => ensure(text.starts_with(['/', ':']), || {
            format!("{text} is no path")
        }),
        Some(pattern) if pattern.ends_with(r"\{task_id\}") => {
            let fits = !text.starts_with('/') && text.contains("{task_id}");
            ensure(fits, || format!("{text} is no path with a task"))
        }
        Some(other) => panic!("pattern {other}"),
    }
}

fn check_list(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let Some(items) = value.as_array() else {
        return Ok(());
    };
    let length = items.len() as u64;
    let least = schema["minItems"].as_u64().unwrap_or(0);
    let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
    ensure((least..=most).contains(&length), || {
        format!("{length} items")
    })?;
    items
        .iter()
        .try_for_each(|item| check(item, &schema["items"], root))
}

fn check_object(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let Some(members) = value.as_object() else {
        return Ok(());
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name");
        ensure(members.contains_key(name), || format!("{name} is missing"))?;
    }
    for (name, member) in members {
        check(&Value::from(name.as_str()), &schema["propertyNames"], root)?;
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => return Err(format!("{name} is not known")),
            (Value::Null, other) => check(member, other, root)?,
            (known, _) => check(member, known, root)?,
        }
    }
    Ok(())
}

fn checked(document: &str) -> Result<(), String> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a schema");
    let document: Value = serde_json::from_str(document).expect("JSON");
    check(&document, &schema, &schema)
}

#[test]
fn built_in_and_in_house_documents_fit_the_schema() {
    for name in Protocol::builtin_names() {
        let document = Protocol::document(name).expect("it has a document");
        assert_eq!(checked(document), Ok(()), "{name}");
    }
    assert_eq!(checked(include_str!("../fixtures/in-house.json")), Ok(()));
}

#[test]
fn the_schema_and_the_program_refuse_the_same_documents() {
    let with = |events: &str| {
        format!(r#"{{"name":"x","request":{{"path":"/","body":{{}}}},"events":{events}}}"#)
    };
    let documents = [
        "{}".to_owned(),
        r#"{"name":"","request":{"path":"/","body":{}},"events":{"end":[{}]}}"#.to_owned(),
        r#"{"name":"x","request":{"path":"v1","body":{}},"events":{"end":[{}]}}"#.to_owned(),
        r#"{"name":"x","request":{"path":"/","body":[]},"events":{"end":[{}]}}"#.to_owned(),
        r#"{"name":"x","request":{"path":"/","body":{}},"events":{"end":[{}]},"x":1}"#.to_owned(),
        with("{}"),
        with(r#"{"end":[]}"#),
        with(r#"{"end":["x"]}"#),
        with(r#"{"end":[{"on":"x"}]}"#),
        with(r#"{"end":[{"on":[1]}]}"#),
        with(r#"{"end":[{"all":[]}]}"#),
        with(r#"{"end":[{"all":[{}],"on":["x"]}]}"#),
        with(r#"{"end":[{"when":{"/a":"exists"}}]}"#),
        with(r#"{"end":[{"when":{"/a":[null]}}]}"#),
        with(r#"{"end":[{"when":{"/a":{"not":[]}}}]}"#),
        with(r#"{"end":[{"when":{"a":"truthy"}}]}"#),
        with(r#"{"end":[{}],"txet":[]}"#),
        with(r#"{"end":[{}],"text":["a"]}"#),
        with(r#"{"end":[{}],"text":[7]}"#),
        with(r#"{"end":[{}],"text":[{"on":["a"]}]}"#),
        with(r#"{"end":[{}],"text":[{"at":"/a","mode":"x"}]}"#),
        with(r#"{"end":[{}],"text":[{"at":"/a","mode":"delta","per":"/b"}]}"#),
        with(r#"{"end":[{}],"text":[{"at":"/a","per":"/b"}]}"#),
        with(r#"{"end":[{}],"text":[{"at":"/a","mode":"cumulative","per":"b"}]}"#),
        with(r#"{"end":[{"all":[{}],"per":"/a"}]}"#),
        with(r#"{"end":[{"per":"a"}]}"#),
        with(r#"{"end":[{}],"replace":[{"at":"/a","mode":"delta"}]}"#),
        with(r#"{"end":[{}],"usage":{"prompt":[{"at":"/a","sum":["/b"]}]}}"#),
        with(r#"{"end":[{}],"usage":{"prompt":[{"on":["a"]}]}}"#),
        with(r#"{"end":[{}],"usage":{"prompt":[{"sum":["/a"],"per":"/b"}]}}"#),
        with(r#"{"end":[{}],"ids":{"user":[]}}"#),
        with(r#"{"end":[{}],"type":["event"]}"#),
        with(r#"{"end":[{}],"spans":[{"id":["/a"]}]}"#),
        with(r#"{"end":[{}],"spans":[{"end":[{}],"id":["/a"],"unit":"h"}]}"#),
        with(r#"{"end":[{}],"error":[{"code":"/a"}]}"#),
    ];
    for document in documents {
        assert!(Protocol::parse(&document).is_err(), "{document}");
        assert!(checked(&document).is_err(), "{document}");
    }
}
