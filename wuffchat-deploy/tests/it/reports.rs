use wuffchat_deploy::report::Happening;
use wuffchat_deploy::{Outcome, Report};

use crate::stack::Stack;

#[tokio::test]
async fn a_report_tells_what_happened_in_each_form() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let report = stack.deploy("v2").await;
    assert_eq!(report.outcome, Outcome::Deployed);
    let registered =
        report.timeline.iter().filter(|it| matches!(it.what, Happening::Registered { .. })).count();
    assert_eq!(registered, 2, "{:#?}", report.timeline);
    let healthy = report
        .timeline
        .iter()
        .filter(|it| matches!(&it.what, Happening::Allocation { status, healthy: Some(true), .. } if status == "running"))
        .count();
    assert!(healthy >= 4, "{:#?}", report.timeline);
    assert!(report.timeline.iter().any(|it| matches!(&it.what, Happening::Allocation { canary: true, .. })));
    assert!(report.timeline.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(report.started < report.finished);
    let api = &report.jobs[0];
    assert_eq!((api.previous_release.as_deref(), api.release.as_deref()), (Some("v1"), Some("v2")));

    let text = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(read.timeline, report.timeline);
    assert_eq!(read.to_markdown(), report.to_markdown());

    let markdown = report.to_markdown();
    assert!(markdown.starts_with("## WuffChat on dev: deployed\n"), "{markdown}");
    assert!(markdown.contains("| wuffchat-api | ✔ deployed | v1 → v2 | 0 → 1 | 2/2 |"), "{markdown}");
    let page = report.to_html();
    for wanted in ["<svg", "deploy wuffchat-api", "v1 → v2", "Timeline of the release"] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[tokio::test]
async fn a_report_of_an_older_version_is_read() {
    let old = r#"{"outcome":"unchanged","environment":"dev","version":"v1","stack":"env","jobs":[],"secrets":[],"steps":[],"warnings":[]}"#;
    let report: Report = serde_json::from_str(old).unwrap();
    assert!(report.timeline.is_empty() && report.started.is_none());
    assert_eq!(serde_json::to_string(&report).unwrap(), old);
    assert!(!report.to_html().contains("Timeline"));
}

#[tokio::test]
async fn a_failure_is_on_the_page_and_no_secret_is() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let report = stack.deploy("bad-1").await;
    let (markdown, page) = (report.to_markdown(), report.to_html());
    for text in [&markdown, &page] {
        assert!(text.contains("Alloc Unhealthy"), "{text}");
        assert!(text.contains("Last output"), "{text}");
        assert!(!text.contains("not-a-real-"), "{text}");
    }
    assert!(report.timeline.iter().any(|it| matches!(it.what, Happening::Reverting { .. })));
}

#[tokio::test]
async fn a_plan_says_what_restarts() {
    let mut stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.environment.update.kill_timeout = std::time::Duration::from_secs(20);
    let mut request = stack.request("v1");
    request.plan_only = true;
    let report = stack.run(&request).await.unwrap();
    let lines = &report.jobs[1].restarts;
    assert_eq!(lines.len(), 1, "{:#?}", report.jobs[1]);
    assert!(
        lines[0].contains("group `ui` is changed in place because of") && lines[0].contains("KillTimeout"),
        "{lines:#?}"
    );
    request.version = "v2".parse().unwrap();
    let report = stack.run(&request).await.unwrap();
    let lines = &report.jobs[1].restarts;
    assert!(
        lines.iter().any(|line| line.contains("is replaced because of") && line.contains("image")),
        "{lines:#?}"
    );
    assert!(lines.iter().all(|line| !line.contains("KillTimeout")), "{lines:#?}");
}
