//! The event stream: refusals, silence, repeats, lost history.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use nomad_client::{Error, ErrorKind, EventFrame, EventItem, EventRequest, Topic};

use crate::transport::Answers;

fn batch(index: u64) -> String {
    format!(
        r#"{{"Index":{index},"Events":[{{"Topic":"Job","Type":"JobRegistered","Key":"api","Index":{index},"Payload":{{"Job":{{"ID":"api"}}}}}}]}}"#
    )
}

/// The lines of an answer, cut into pieces of `size` bytes.
fn lines(lines: &[String], size: usize) -> Vec<Bytes> {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

fn heartbeat() -> String {
    "{}".to_owned()
}

/// What a stream yields until it stays silent.
async fn items(answers: &Answers) -> Vec<String> {
    items_of(answers.client().events().topic(Topic::Job)).await
}

async fn items_of(request: EventRequest) -> Vec<String> {
    let mut stream = request.stream();
    let mut items = Vec::new();
    while let Ok(Some(item)) = tokio::time::timeout(Duration::from_secs(20), stream.next()).await {
        items.push(match item {
            Ok(EventItem::Event(event)) => event.index.to_string(),
            Ok(EventItem::Reset) => "reset".to_owned(),
            Ok(other) => panic!("{other:?}"),
            Err(error) => format!("error: {error}"),
        });
    }
    items
}

#[tokio::test(start_paused = true)]
async fn lines_may_be_cut_anywhere() {
    let sent = [heartbeat(), batch(5), heartbeat(), batch(6)];
    for size in 1..40 {
        let answers = Answers::new().silent_after(lines(&sent, size));
        assert_eq!(items(&answers).await, ["5", "6"], "pieces of {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_silence() {
    for answers in [Answers::new().pieces(vec![]), Answers::new().silent_after(vec![])] {
        let mut stream = answers.client().events().stream();
        let error = stream.next().await.unwrap().unwrap_err();
        assert!(matches!(&error, Error::PermissionDenied(_)), "{error}");
        assert!(stream.next().await.is_none());
        assert_eq!(answers.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_after_a_heartbeat_is_a_failure() {
    let answers = Answers::new().silent_after(lines(&[heartbeat()], 99));
    let mut frames = answers.client().events().frames();
    assert!(matches!(frames.next().await, Some(Ok(EventFrame::Heartbeat))));
    let error = frames.next().await.unwrap().unwrap_err();
    assert_eq!(error.details().unwrap().kind(), ErrorKind::Timeout);
    assert!(frames.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_goes_on_where_it_was() {
    let answers = Answers::new()
        .broken_after(lines(&[heartbeat(), batch(5), batch(7)], 99))
        .silent_after(lines(&[heartbeat(), batch(7), batch(8)], 99));
    assert_eq!(items(&answers).await, ["5", "7", "8"]);
    let targets: Vec<_> = answers.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(targets[..2], ["/v1/event/stream?topic=Job", "/v1/event/stream?topic=Job&index=7"]);
}

#[tokio::test(start_paused = true)]
async fn lost_history_is_told() {
    let first = || Answers::new().broken_after(lines(&[heartbeat(), batch(7)], 99));
    // The server does not have 7 any more, so it may have dropped others too.
    let dropped = first().silent_after(lines(&[heartbeat(), batch(30)], 99));
    assert_eq!(items(&dropped).await, ["7", "reset", "30"]);
    // The servers were restored to an earlier state.
    let restored = first().silent_after(lines(&[heartbeat(), batch(2), batch(3)], 99));
    assert_eq!(items(&restored).await, ["7", "reset", "2", "3"]);
    // The server was started anew and has nothing to repeat.
    let empty = first().silent_after(lines(&[heartbeat(), heartbeat(), batch(9)], 99));
    assert_eq!(items(&empty).await, ["7", "reset", "9"]);
}

#[tokio::test(start_paused = true)]
async fn one_bad_line_is_not_the_end() {
    let bad = r#"{"Index":6,"Events":[{"Topic":7}]}"#.to_owned();
    let answers = Answers::new().silent_after(lines(&[heartbeat(), batch(5), bad, batch(8)], 99));
    let seen = items(&answers).await;
    assert_eq!((seen.len(), seen[0].as_str(), seen[2].as_str()), (3, "5", "8"));
    assert!(seen[1].starts_with("error: "), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outright_refusal_is_the_end() {
    let answers = Answers::new().answer(403, "Permission denied");
    let seen = items(&answers).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_at_or_before_the_index_asked_for() {
    // A server that has nothing newer repeats its newest; one that has dropped it begins at the closest.
    for (sent, index, wanted) in [
        (&[445, 496][..], 495, &["496"][..]),
        (&[382, 1378, 1379], 1378, &["1379"]),
        (&[7, 9], 3, &["7", "9"]),
    ] {
        let sent: Vec<String> =
            std::iter::once(heartbeat()).chain(sent.iter().map(|it| batch(*it))).collect();
        let answers = Answers::new().silent_after(lines(&sent, 99));
        assert_eq!(items_of(answers.client().events().index(index)).await, wanted, "{sent:?}");
        assert_eq!(answers.asked()[0].target, format!("/v1/event/stream?index={index}"));
    }
    // Not after a reconnect either, before anything was yielded.
    let answers = Answers::new()
        .broken_after(lines(&[heartbeat(), batch(4)], 99))
        .silent_after(lines(&[heartbeat(), batch(4), batch(6)], 99));
    assert_eq!(items_of(answers.client().events().index(5)).await, ["6"]);
    // Another history is told from its start.
    let restored = Answers::new()
        .broken_after(lines(&[heartbeat(), batch(7)], 99))
        .silent_after(lines(&[heartbeat(), batch(2), batch(3)], 99));
    assert_eq!(items_of(restored.client().events().index(5)).await, ["7", "reset", "2", "3"]);
}
