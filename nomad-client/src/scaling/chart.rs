//! A simulation as a picture.

use std::fmt::Write as _;
use std::time::Duration;

use super::go::parse_float;
use super::report::{Counts, Outcome, Report};

/// A simulation as a picture in SVG, which needs nothing else: the metric with its target or bounds
/// above, the counts with their limits and the pauses after changes below.
#[derive(Debug, Clone)]
#[must_use = "nothing is drawn until it is asked for"]
pub struct Chart<'a> {
    report: &'a Report,
    title: String,
    width: f64,
    height: f64,
}

const LEFT: f64 = 56.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 44.0;
const GAP: f64 = 46.0;
const GRID: &str = "#e3e6ea";
const TEXT: &str = "#30363d";
const METRIC: &str = "#0b63b5";
const TARGET: &str = "#b4232a";
const DESIRED: &str = "#1a7f37";
const RUNNING: &str = "#57606a";
const LIMIT: &str = "#8250df";
/// Keeps a text readable on lines.
const HALO: &str = "stroke=\"#ffffff\" stroke-width=\"3\" stroke-opacity=\"0.7\" paint-order=\"stroke\"";
const PAUSE: &str = "#fff1c9";

/// One of the two pictures: where it is, and what its height stands for.
struct Panel {
    top: f64,
    height: f64,
    most: f64,
}

impl Panel {
    fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value / self.most).clamp(0.0, 1.0))
    }
}

impl<'a> Chart<'a> {
    /// A picture of a simulation, 960 by 560.
    pub fn new(report: &'a Report) -> Self {
        Self { report, title: "Simulated scaling".to_owned(), width: 960.0, height: 560.0 }
    }

    /// Its title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Its size, at least 320 by 240.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (f64::from(width.max(320)), f64::from(height.max(240)));
        self
    }

    /// The text of the picture.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let space = self.height - TOP - GAP - BOTTOM;
        let upper = Panel { top: TOP, height: space * 0.52, most: nice(self.highest_metric()) };
        let lower =
            Panel { top: TOP + upper.height + GAP, height: space * 0.48, most: nice(self.highest_count()) };
        let mut out = String::new();
        let (width, height) = (self.width, self.height);
        let title = escape(&self.title);
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{TEXT}\" role=\"img\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-size=\"16\" font-weight=\"600\">{title}</text>\n"
        );
        self.pauses(&upper, &lower, &mut out);
        self.axes(&upper, "metric", &mut out);
        self.axes(&lower, "instances", &mut out);
        self.time_axis(&lower, &mut out);
        self.metric(&upper, &mut out);
        self.counts(&lower, &mut out);
        self.legend(&mut out);
        out.push_str("</svg>\n");
        out
    }

    fn x(&self, at: Duration) -> f64 {
        let whole = self.report.length.as_secs_f64().max(1.0);
        LEFT + (self.width - LEFT - RIGHT) * (at.as_secs_f64() / whole).clamp(0.0, 1.0)
    }

    /// The settings that are drawn as lines over the metric.
    fn marks(&self) -> Vec<(&'static str, f64)> {
        let keys = ["target", "lower_bound", "upper_bound"];
        let checks = self.report.policy.checks.iter();
        let found = checks.flat_map(|check| keys.map(|key| (key, check.strategy.config.get(key))));
        let mut marks: Vec<_> = found
            .filter_map(|(key, text)| Some((key, parse_float(text?)?)))
            .filter(|(_, value)| value.is_finite())
            .collect();
        marks.dedup();
        marks
    }

    fn highest_metric(&self) -> f64 {
        let values = self.report.series.samples().iter().filter_map(|sample| sample.value);
        let ticks = self.report.ticks.iter().filter_map(|tick| tick.metric);
        let marks = self.marks();
        let all = values.chain(ticks).chain(marks.iter().map(|(_, value)| *value));
        all.filter(|value| value.is_finite()).fold(0.0, f64::max)
    }

    fn highest_count(&self) -> f64 {
        let most = self.report.counts.iter().map(|counts| counts.desired.max(counts.running)).max();
        let most = most.unwrap_or_default() as f64;
        // A limit far above the counts would press them flat.
        let max = self.report.policy.max as f64;
        if max <= most * 4.0 + 8.0 { most.max(max) } else { most }
    }

    fn pauses(&self, upper: &Panel, lower: &Panel, out: &mut String) {
        let height = lower.top + lower.height - upper.top;
        for pause in &self.report.cooldowns {
            let (from, to) = (self.x(pause.from), self.x(pause.to));
            rect(from, upper.top, to - from, height, PAUSE, out);
        }
    }

    fn axes(&self, panel: &Panel, name: &str, out: &mut String) {
        let step = panel.most / 4.0;
        let right = self.width - RIGHT;
        for part in 0..=4 {
            let value = step * f64::from(part);
            let y = panel.y(value);
            line(LEFT, y, right, y, GRID, "", out);
            text(LEFT - 8.0, y + 4.0, "end", TEXT, &short(value), out);
        }
        text(LEFT, panel.top - 8.0, "start", RUNNING, name, out);
    }

    fn time_axis(&self, panel: &Panel, out: &mut String) {
        let bottom = panel.top + panel.height;
        let whole = self.report.length.as_secs();
        let steps = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];
        let step = steps.into_iter().find(|step| whole / step <= 10).unwrap_or(whole.div_euclid(10).max(1));
        for number in 0..=whole / step {
            let at = Duration::from_secs(number * step);
            let x = self.x(at);
            line(x, bottom, x, bottom + 4.0, RUNNING, "", out);
            text(x, bottom + 18.0, "middle", TEXT, &clock(at), out);
        }
        text(self.width - RIGHT, bottom + 34.0, "end", RUNNING, "time since the start", out);
    }

    fn metric(&self, panel: &Panel, out: &mut String) {
        for (name, value) in self.marks() {
            let y = panel.y(value);
            line(LEFT, y, self.width - RIGHT, y, TARGET, "6 4", out);
            let label = format!("{} {}", name.replace('_', " "), short(value));
            text(self.width - RIGHT - 4.0, y - 5.0, "end", TARGET, &label, out);
        }
        // A value lasts until the next, for five minutes at most.
        let mut parts: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        let samples = self.report.series.samples();
        let ends = samples.iter().skip(1).map(|next| next.at).chain([self.report.length]);
        for (sample, next) in samples.iter().zip(ends) {
            let end = next.min(sample.at.saturating_add(Duration::from_secs(300)));
            match (sample.value.filter(|value| value.is_finite()), parts.last_mut()) {
                (Some(value), Some(part)) => {
                    let y = panel.y(value);
                    part.extend([(self.x(sample.at), y), (self.x(end), y)]);
                }
                _ => parts.push(Vec::new()),
            }
            if end < next {
                parts.push(Vec::new());
            }
        }
        for part in parts.iter().filter(|part| !part.is_empty()) {
            path(part, METRIC, "2", "", out);
        }
        for tick in self.report.ticks.iter().filter(|tick| tick.result == Outcome::Error) {
            text(self.x(tick.at), panel.top + panel.height - 4.0, "middle", TARGET, "×", out);
        }
    }

    fn counts(&self, panel: &Panel, out: &mut String) {
        let policy = &self.report.policy;
        for (name, limit) in [("min", policy.min), ("max", policy.max)] {
            let value = limit as f64;
            if value <= panel.most {
                let y = panel.y(value);
                line(LEFT, y, self.width - RIGHT, y, LIMIT, "2 4", out);
                text(self.width - RIGHT - 4.0, y - 4.0, "end", LIMIT, &format!("{name} {limit}"), out);
            }
        }
        let running = self.steps(panel, |counts| counts.running);
        path(&running, RUNNING, "2", "5 3", out);
        path(&self.steps(panel, |counts| counts.desired), DESIRED, "2.5", "", out);
        let mut free = LEFT;
        for tick in self.report.ticks.iter().filter(|tick| tick.result == Outcome::Scaled) {
            let (x, y) = (self.x(tick.at), panel.y(tick.desired as f64));
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{DESIRED}\"/>");
            let label = tick.desired.to_string();
            // Numbers that would lie on one another are left out.
            if x >= free && x < self.width - RIGHT - 14.0 {
                text(x + 6.0, y - 6.0, "start", DESIRED, &label, out);
                free = x + 8.0 + 7.0 * label.len() as f64;
            }
        }
    }

    fn steps(&self, panel: &Panel, value: impl Fn(&Counts) -> i64) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for counts in &self.report.counts {
            let (x, y) = (self.x(counts.at), panel.y(value(counts) as f64));
            points.extend(points.last().map(|(_, before)| (x, *before)));
            points.push((x, y));
        }
        points.extend(points.last().map(|(_, y)| (self.width - RIGHT, *y)));
        points
    }

    fn legend(&self, out: &mut String) {
        let entries = [
            ("metric", METRIC, ""),
            ("wanted instances", DESIRED, ""),
            ("running instances", RUNNING, "5 3"),
            ("limits", LIMIT, "2 4"),
        ];
        let mut x = LEFT + 70.0;
        for (name, colour, dashes) in entries {
            line(x, 44.0, x + 22.0, 44.0, colour, dashes, out);
            text(x + 28.0, 48.0, "start", TEXT, name, out);
            x += 48.0 + 7.0 * name.len() as f64;
        }
        rect(x, 37.0, 22.0, 14.0, PAUSE, out);
        text(x + 28.0, 48.0, "start", TEXT, "cooldown", out);
    }
}

/// The next round number above.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let wanted = value * 1.05;
    let power = 10_f64.powf(wanted.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|round| *round >= wanted).unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn clock(at: Duration) -> String {
    let seconds = at.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

fn rect(x: f64, y: f64, width: f64, height: f64, colour: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
    );
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, colour: &str, dashes: &str, out: &mut String) {
    let width = if colour == GRID { "1" } else { "1.5" };
    path(&[(x1, y1), (x2, y2)], colour, width, dashes, out);
}

fn path(points: &[(f64, f64)], colour: &str, width: &str, dashes: &str, out: &mut String) {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>",
        points.join(" ")
    );
}

fn text(x: f64, y: f64, anchor: &str, colour: &str, words: &str, out: &mut String) {
    let words = escape(words);
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" {HALO}>{words}</text>"
    );
}

/// A text as XML has it; what XML cannot have becomes a space.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
