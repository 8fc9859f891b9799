//! What holds for all keys, values and answers.

use bytes::Bytes;
use consul_client::{Client, KvPair, ServiceEntry};
use proptest::prelude::*;

fn client() -> Client {
    Client::builder().build().unwrap()
}

proptest! {
    /// A key is either refused or arrives as it is, whatever is in it.
    #[test]
    fn a_key_arrives_whole(key in "[ -~äß€\u{1F600}/.%?#]{1,24}") {
        if let Ok(spec) = client().kv().get(&key).spec() {
            let path = spec.target.strip_prefix("/v1/kv/").unwrap();
            prop_assert!(!path.contains(['?', '#', ' ']));
            prop_assert!(!path.contains("//"), "servers redirect a doubled slash");
            prop_assert_eq!(decoded(path), key);
        } else {
            prop_assert!(key.split('/').any(|segment| matches!(segment, "." | "..")), "{key}");
        }
    }

    #[test]
    fn a_value_survives_its_json(value in prop::collection::vec(any::<u8>(), 0..200), flags in any::<u64>()) {
        let mut pair = KvPair::default();
        pair.value = Bytes::from(value);
        pair.flags = flags;
        let text = serde_json::to_string(&pair).unwrap();
        let back: KvPair = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back, pair);
    }

    /// Arbitrary JSON is an error or a value, never a panic.
    #[test]
    fn decoders_take_anything(text in "\\PC{0,60}", cut in 0_usize..120) {
        let _ = serde_json::from_str::<Vec<KvPair>>(&text);
        let whole = r#"[{"Node":{"Node":"n"},"Service":{"ID":"a","Port":8080,"Tags":null},"Checks":null}]"#;
        let part: String = whole.chars().take(cut).collect();
        let entries = serde_json::from_str::<Vec<ServiceEntry>>(&part);
        prop_assert_eq!(entries.is_ok(), cut >= whole.len());
    }

    #[test]
    fn tags_are_encoded(tag in "\\PC{1,20}") {
        let spec = client().health().service("web").tag(tag.clone()).spec().unwrap();
        let sent = spec.target.strip_prefix("/v1/health/service/web?tag=").unwrap();
        prop_assert_eq!(decoded(sent), tag);
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}
