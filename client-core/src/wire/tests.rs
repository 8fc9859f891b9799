//! What is read is what serde_json reads; what is written, it can read.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::*;
use crate::time;

#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
struct Thing {
    #[wire(name = "ID", required)]
    id: String,
    list: Vec<u8>,
    name: Option<String>,
    #[wire(with = time::nanos)]
    wait: Duration,
    #[wire(with = time::rfc3339::nullable)]
    at: Option<Timestamp>,
    inner: Option<Box<Part>>,
    by_name: BTreeMap<String, Part>,
    extra: Extra,
}

#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
struct Part {
    count: i64,
    tags: Vec<String>,
    note: Option<String>,
    parts: ByName<Part>,
    #[wire(keep)]
    kept: Option<bool>,
    extra: Extra,
}

#[derive(Debug, Default, Wire)]
#[wire(closed)]
struct Login {
    password: SecretString,
    #[wire(flatten)]
    common: Common,
}

#[derive(Debug, Default, Wire)]
#[wire(omit)]
struct Common {
    ttl: Option<u64>,
    extra: Extra,
}

#[derive(Debug, Default, Wire)]
struct Ids(Vec<String>);

fn thing() -> Value {
    json!({
        "ID": "a", "List": [1, 2], "Name": null, "Wait": 5, "At": "2026-01-02T03:04:05Z",
        "Inner": { "Count": -3, "Tags": ["x"], "Kept": null, "Parts": { "p": { "Count": 0, "Kept": true } } },
        "ByName": {}, "New": { "deep": [null] },
    })
}

#[test]
fn what_is_read_is_written_again() {
    let read: Thing = from_slice(thing().to_string().as_bytes()).unwrap();
    assert_eq!(read.inner.as_ref().unwrap().parts.get("p").unwrap().kept, Some(true));
    assert_eq!(read.extra["New"], json!({ "deep": [null] }));
    assert_eq!(rewrite(&read).unwrap(), thing());
    // And through serde's own traits, in any container.
    let by_serde: Vec<Thing> = serde_json::from_value(json!([thing()])).unwrap();
    assert_eq!(by_serde, [read]);
    assert_eq!(serde_json::to_value(by_serde).unwrap(), json!([thing()]));
}

#[test]
fn null_and_missing_are_blank_and_required_is_not() {
    let read: Thing = from_slice(br#"{"ID":"","List":null,"Inner":null,"ByName":null}"#).unwrap();
    assert_eq!(read, Thing::default());
    let message = from_slice::<Thing>(b"{}").unwrap_err().to_string();
    assert!(message.contains("`ID`"), "{message}");
}

#[test]
fn what_stands_among_the_fields_is_read_and_kept() {
    let login: Login = from_slice(br#"{"ttl":5,"password":"hunter2","new":1}"#).unwrap();
    assert_eq!(login.common.ttl, Some(5));
    assert!(login.common.extra.is_empty());
    assert_eq!(rewrite(&login).unwrap(), json!({ "password": "[redacted]", "ttl": 5 }));
    assert_eq!(body(&login).unwrap(), br#"{"password":"hunter2","ttl":5}"#);
    assert_eq!(login.password.expose_secret(), "hunter2");
}

#[test]
fn secrets_are_shown_by_the_bodies_of_requests_only() {
    let login = Login { password: "hunter2".into(), ..Login::default() };
    assert!(!serde_json::to_string(&login).unwrap().contains("hunter2"));
    assert!(!format!("{login:?}").contains("hunter2"));
    assert!(String::from_utf8(body(&login).unwrap()).unwrap().contains("hunter2"));
}

#[test]
fn an_error_names_the_place_and_hides_the_value() {
    let cases = [
        (r#"{"ID":"a","List":[1,"hunter2"]}"#, "List[1]", "shape"),
        (r#"{"ID":"a","Inner":{"Parts":{"hunter2":{"Count":"hunter2"}}}}"#, "Inner.Parts.*.Count", "shape"),
        (r#"{"ID":"a","List":[300]}"#, "List[0]", "shape"),
        (r#"{"ID":"a","Wait":"hunter2"}"#, "Wait", "shape"),
        (r#"{"ID":"a","Inner":[]}"#, "Inner", "shape"),
        (r#"{"ID":"a" "List":[]}"#, ".", "valid JSON"),
        (r#"{"ID":"hunter2"#, "ID", "valid JSON"),
        (r#"{"ID":"a"} 1"#, ".", "valid JSON"),
        ("[]", ".", "shape"),
        ("null", ".", "shape"),
        ("", ".", "shape"),
    ];
    for (text, place, what) in cases {
        let message = from_slice::<Thing>(text.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(&format!("`{place}`")) && message.contains(what), "{text}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let message = from_slice::<Thing>(b"{\n  \"ID\": 5\n}").unwrap_err().to_string();
    assert!(message.contains("line 2, column 9"), "{message}");
}

#[test]
fn nothing_is_none_where_none_is_expected() {
    assert_eq!(from_slice::<Option<Thing>>(b" ").unwrap(), None);
    assert_eq!(from_slice::<Vec<Thing>>(b"null").unwrap(), []);
    assert_eq!(from_slice::<Value>(b"null").unwrap(), Value::Null);
    assert_eq!(from_slice::<Ids>(b"null").unwrap().0, [""; 0]);
    assert_eq!(from_slice::<Ids>(br#"["a"]"#).unwrap().0, ["a"]);
}

#[test]
fn what_is_not_utf_8_is_an_error_that_says_where() {
    let message = from_slice::<Thing>(b"{\"ID\":\"\xff\"}").unwrap_err().to_string();
    assert!(message.contains("byte 7"), "{message}");
}

#[test]
fn what_is_too_deep_is_an_error() {
    for text in ["[".repeat(1_000_000), "{\"Parts\":{\"a\":".repeat(100_000)] {
        from_slice::<Part>(text.as_bytes()).unwrap_err();
        from_slice::<Value>(text.as_bytes()).unwrap_err();
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC{0,12}|[\"\\\\{}\\[\\],\n\t]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-zID\"é]{0,10}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Both read it to the same, or neither reads it.
fn same<T: Wire + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) {
    let theirs = serde_json::from_str::<T>(text);
    let mut reader = Reader::new(text);
    let mut ours = T::blank();
    let outcome = ours.read(&mut reader).and_then(|()| reader.end());
    match theirs {
        Ok(theirs) => {
            outcome.unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(ours, theirs, "{text}");
        }
        Err(_) if text.trim() == "null" => {}
        Err(error) => assert!(outcome.is_err(), "{text} was read as {ours:?}: {error}"),
    }
}

proptest! {
    #[test]
    fn numbers_and_texts_are_read_as_serde_json_reads_them(
        text in "-?[0-9]{0,22}(\\.[0-9]{0,4})?([eE][+-]?[0-9]{0,3})?|\"[^\"\\\\]{0,20}\"|\"(\\\\[a-z\"/\\\\]|\\\\u[0-9a-f]{4}|.){0,8}\"|true|fals|nul"
    ) {
        same::<u64>(&text);
        same::<i64>(&text);
        same::<u16>(&text);
        same::<i32>(&text);
        same::<String>(&text);
        same::<bool>(&text);
    }

    #[test]
    fn floats_are_read_to_the_last_bit(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let text = json!(number).to_string();
        let mut read = 0.0;
        f64::read(&mut read, &mut Reader::new(&text)).unwrap();
        prop_assert_eq!(read.to_bits(), number.to_bits());
    }

    #[test]
    fn lists_and_maps_are_read_as_serde_json_reads_them(value in values()) {
        let text = value.to_string();
        same::<Vec<Value>>(&text);
        same::<BTreeMap<String, Value>>(&text);
        same::<ByName<Value>>(&text);
        same::<Vec<Option<String>>>(&text);
    }

    #[test]
    fn what_a_type_does_not_know_is_kept(value in values(), name in "[a-z]{1,8}") {
        let object = json!({ "ID": "x", name.clone(): value.clone() });
        let read: Thing = from_slice(object.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&rewrite(&read).unwrap()[&name], &value);
    }

    #[test]
    fn a_text_that_is_cut_is_incomplete(cut in 1_usize..200) {
        let text = thing().to_string();
        let Some(text) = text.get(..cut.min(text.len() - 1)) else { return Ok(()) };
        let fault = Thing::default().read(&mut Reader::new(text)).unwrap_err();
        prop_assert_eq!(fault.kind(), FaultKind::Incomplete);
    }

    #[test]
    fn nothing_panics(text in "[\\[\\]{}:,\"\\\\a-dI0-9.eE+ -]{0,40}") {
        let _ = Thing::default().read(&mut Reader::new(&text));
        let _ = Value::blank().read(&mut Reader::new(&text));
        let _ = Reader::new(&text).tag("a");
    }
}
