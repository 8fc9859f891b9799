//! Progress on stderr: drawn over on a terminal, a line for each change, or JSON lines.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use wuffchat_deploy::Outcome;
use wuffchat_deploy::events::{Event, EventSink};

use crate::{Output, out};

/// Shows the events of a release.
pub struct Display {
    writer: Writer,
}

enum Writer {
    Live { lines: MultiProgress, bars: Mutex<BTreeMap<String, ProgressBar>>, colour: bool },
    Plain { last: Mutex<BTreeMap<String, String>> },
    Json,
}

impl Display {
    /// A display of the kind that was asked for.
    #[must_use]
    pub fn new(output: Output) -> Self {
        let writer = match output {
            Output::Json => Writer::Json,
            _ if output.is_live() => Writer::Live {
                lines: MultiProgress::new(),
                bars: Mutex::default(),
                colour: output.is_coloured(),
            },
            _ => Writer::Plain { last: Mutex::default() },
        };
        Self { writer }
    }

    /// A remark that is no event.
    pub fn note(&self, text: &str) {
        match &self.writer {
            Writer::Live { lines, .. } => drop(lines.println(text)),
            Writer::Plain { .. } => note(Output::Plain, text),
            Writer::Json => note(Output::Json, text),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Writer::Live { bars, .. } = &self.writer {
            for bar in bars.lock().unwrap_or_else(PoisonError::into_inner).values() {
                bar.finish_and_clear();
            }
        }
    }
}

impl EventSink for Display {
    fn event(&self, event: &Event) {
        match &self.writer {
            Writer::Json => {
                if let Ok(value) = serde_json::to_value(event) {
                    json(&value);
                }
            }
            Writer::Plain { last } => {
                let Some((key, text)) = line(event) else { return };
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.get(&key) != Some(&text) {
                    out::error_line(format_args!("{} {text}", now()));
                    last.insert(key, text);
                }
            }
            Writer::Live { lines, bars, colour } => live(lines, bars, *colour, event),
        }
    }
}

fn live(lines: &MultiProgress, bars: &Mutex<BTreeMap<String, ProgressBar>>, colour: bool, event: &Event) {
    let Some((key, text)) = line(event) else { return };
    let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
    match event {
        Event::StepStarted { .. } | Event::Progress { .. } => {
            let bar = bars.entry(key).or_insert_with(|| {
                let bar = lines.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(120));
                bar
            });
            bar.set_message(text);
        }
        _ => {
            if let Some(bar) = bars.remove(&key) {
                bar.finish_and_clear();
            }
            let text = if colour { paint(event, &text) } else { text };
            let _ = lines.println(text);
        }
    }
}

fn paint(event: &Event, text: &str) -> String {
    let code = match event {
        Event::Trouble { .. } | Event::Reverting { .. } => 31,
        Event::Gate { verdict, .. } if verdict == "fail" => 31,
        Event::Warning { .. } | Event::FoundUnfinished { .. } | Event::WaitingForLock { .. } => 33,
        Event::JobFinished { outcome, .. } if outcome.is_success() => 32,
        Event::JobFinished { .. } => 31,
        Event::StepFinished { outcome, .. } if outcome == "ok" => 32,
        _ => return text.to_owned(),
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// What an event is about, and one line for it.
fn line(event: &Event) -> Option<(String, String)> {
    let (key, text) = match event {
        Event::StepStarted { step } => (step.clone(), format!("… {step}")),
        Event::StepFinished { step, millis, outcome } if outcome == "ok" => {
            (step.clone(), format!("✓ {step} ({})", seconds(*millis)))
        }
        Event::StepFinished { step, millis, outcome } => {
            (step.clone(), format!("✗ {step} ({}): {outcome}", seconds(*millis)))
        }
        Event::WaitingForLock { holder } => {
            let by = holder.as_ref().map(|holder| format!(" by {holder}")).unwrap_or_default();
            (
                "lock".into(),
                format!("the release lock is held{by}; waiting for it to be released or to expire"),
            )
        }
        Event::FoundUnfinished { text } => ("unfinished".into(), format!("! {text}")),
        Event::Secret { path, version, changed } => {
            let what = match (changed, version) {
                (false, _) => "is present",
                (true, 1) => "was created",
                (true, _) => "was changed",
            };
            (path.clone(), format!("  secret {path} {what} (version {version})"))
        }
        Event::Planned { job, changes, warnings } => {
            let mut text = match changes.as_slice() {
                [] => format!("  {job}: no change"),
                [_] => format!("  {job}: 1 change"),
                changes => format!("  {job}: {} changes", changes.len()),
            };
            for more in changes.iter().chain(warnings) {
                text = format!("{text}\n      {more}");
            }
            (format!("plan {job}"), text)
        }
        Event::Registered { job, version, .. } => {
            (format!("register {job}"), format!("  {job}: registered as version {version}"))
        }
        Event::Progress {
            job, status, canaries, placed, healthy, unhealthy, desired, description, ..
        } => {
            let canary = if canaries.1 > 0 {
                format!("canaries {}/{}  ", canaries.0, canaries.1)
            } else {
                String::new()
            };
            let sick = if *unhealthy > 0 { format!("  unhealthy {unhealthy}") } else { String::new() };
            let text = format!(
                "  {job}: {canary}placed {placed}/{desired}  healthy {healthy}/{desired}{sick}  {status}: {description}"
            );
            (format!("progress {job}"), text)
        }
        Event::Allocation { job, allocation, id, node, status, healthy, canary, .. } => {
            let health = match healthy {
                Some(true) => ", healthy",
                Some(false) => ", unhealthy",
                None => "",
            };
            let kind = if *canary { "canary " } else { "" };
            let short = id.get(..8).unwrap_or(id);
            (
                format!("allocation {job} {id}"),
                format!("    {kind}{allocation} {short} on {node}: {status}{health}"),
            )
        }
        Event::Gate { job, gate, verdict, text } => {
            let mark = match verdict.as_str() {
                "pass" => '✓',
                "fail" => '✗',
                _ => '…',
            };
            (format!("gate {job} {gate}"), format!("    {mark} gate {gate}: {text}"))
        }
        Event::Soaking { job, canaries, millis } => {
            let what = if *canaries { "canaries are" } else { "it is" };
            (format!("soak {job}"), format!("  {job}: {what} healthy, watching for {}", seconds(*millis)))
        }
        Event::Soaked { job, canaries } => {
            let what = if *canaries { "canaries" } else { "all instances" };
            (format!("soak {job}"), format!("  {job}: {what} stayed healthy"))
        }
        Event::Trouble { job, allocation, text } => {
            // Most of what is known of it begins with its name.
            let text =
                text.strip_prefix(allocation.as_str()).unwrap_or(text).trim_start_matches(':').trim_start();
            (format!("trouble {job} {allocation}"), format!("  ! {allocation}: {text}"))
        }
        Event::Promoted { job, .. } => (format!("promote {job}"), format!("  {job}: canaries promoted")),
        Event::Reverting { job, to_version } => {
            let to = to_version.map(|version| format!(" to version {version}")).unwrap_or_default();
            (format!("revert {job}"), format!("  {job}: going back{to}"))
        }
        Event::Verified { job, passing } => {
            (format!("verify {job}"), format!("  {job}: {passing} instances pass their checks in Consul"))
        }
        Event::JobFinished { job, outcome } => (format!("progress {job}"), verdict(job, *outcome)),
        Event::Warning { text } => (text.clone(), format!("  warning: {text}")),
        _ => return None,
    };
    Some((key, text))
}

fn verdict(job: &str, outcome: Outcome) -> String {
    let mark = if outcome.is_success() { "✓" } else { "✗" };
    format!("{mark} {}", outcome.sentence(job))
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

/// A remark on stderr, for a program without a display.
pub fn note(output: Output, text: &str) {
    match output {
        Output::Json => json(&serde_json::json!({"event": "note", "text": text})),
        Output::Auto | Output::Plain => out::error_line(format_args!("{} {text}", now())),
    }
}

pub(crate) fn json(value: &serde_json::Value) {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("ts".to_owned(), jiff::Timestamp::now().to_string().into());
    }
    out::error_line(value);
}
