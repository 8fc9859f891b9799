//! Log frames: heartbeats, rotation, late errors, cut anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use nomad_client::FileEvent;

use crate::transport::Answers;

fn frame(file: &str, text: &str) -> String {
    format!(r#"{{"File":"{file}","Offset":9,"Data":"{}"}}"#, STANDARD.encode(text))
}

fn pieces(text: &str, size: usize) -> Vec<Bytes> {
    text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

#[tokio::test]
async fn frames_may_be_cut_anywhere() {
    let sent = format!("{{}}{}{{}}{}", frame("t.stdout.0", "one\n"), frame("t.stdout.1", "two}{\n"));
    for size in 1..60 {
        let answers = Answers::new().pieces(pieces(&sent, size));
        let log = answers.client().allocations().logs("a", "t").follow().stream();
        let frames: Vec<_> = log.map(|frame| frame.unwrap()).collect().await;
        let seen: Vec<_> = frames.iter().map(|f| (f.file.as_str(), &f.data[..])).collect();
        assert_eq!(
            seen,
            [("t.stdout.0", &b"one\n"[..]), ("t.stdout.1", &b"two}{\n"[..])],
            "pieces of {size}"
        );
    }
}

#[tokio::test]
async fn a_late_error_is_no_log_text() {
    let sent = format!("{}task \"t\" is gone", frame("f", "one\n"));
    let answers = Answers::new().pieces(pieces(&sent, 1000)).answer(200, sent);
    let nomad = answers.client();
    let mut log = nomad.allocations().logs("a", "t").stream();
    assert_eq!(&log.next().await.unwrap().unwrap().data[..], b"one\n");
    let error = log.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("is gone"), "{error}");
    assert!(log.next().await.is_none());
    let error = nomad.allocations().logs("a", "t").await.unwrap_err();
    assert!(error.to_string().contains("is gone"), "{error}");
}

#[tokio::test]
async fn file_events_are_told() {
    let answers =
        Answers::new().pieces(vec![Bytes::from_static(br#"{"File":"f","FileEvent":"file truncated"}"#)]);
    let mut log = answers.client().allocations().stream_file("a", "f").follow().stream();
    assert_eq!(log.next().await.unwrap().unwrap().file_event, Some(FileEvent::Truncated));
}

#[tokio::test]
async fn a_tail_asks_until_it_has_enough_lines() {
    let long = "x".repeat(8191);
    let answers =
        Answers::new().answer(200, frame("f", &format!("{long}\n"))).answer(200, frame("f", "a\nb\nc\n"));
    let lines = answers.client().allocations().log_tail("a", "t", 2).stderr().await.unwrap();
    assert_eq!(lines, ["b", "c"]);
    let asked = answers.asked();
    assert!(asked[0].target.ends_with("type=stderr&origin=end&offset=8192"), "{}", asked[0].target);
    assert!(asked[1].target.ends_with("offset=65536"), "{}", asked[1].target);
}
