//! The timeline as a picture: steps, the counts of each deployment, each instance, and what
//! happened to them, over one axis of time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::html::{escape, sentence};
use super::serving::{Lane, Serving, lanes, serving};
use super::tables::short;
use super::{Happening, Moment};

const WIDTH: f64 = 1000.0;
/// Where names end and time begins.
const LEFT: f64 = 210.0;
const RIGHT: f64 = 24.0;
const ROW: f64 = 24.0;
const COUNTS: f64 = 56.0;

/// How far apart markers have to be to be told apart.
const APART: f64 = 14.0;

/// The shape of something that took no time, around its middle.
mod shape {
    pub(super) const REGISTERED: &str = "M-6,5 L0,-6 L6,5Z";
    pub(super) const GATE: &str = "M-5,-6 L-2,-6 L-2,6 L-5,6Z M2,-6 L5,-6 L5,6 L2,6Z";
    pub(super) const SOAK: &str = "M-5,-6 L5,-6 L0,0 L5,6 L-5,6 L0,0Z";
    pub(super) const PROMOTED: &str = "M0,-7 L6,0 L0,7 L-6,0Z";
    pub(super) const GOOD: &str = "M-6,0 L-3,-3 L-1,0 L4,-6 L7,-3 L-1,6Z";
    pub(super) const TROUBLE: &str = "M-6,-4 L-4,-6 L0,-2 L4,-6 L6,-4 L2,0 L6,4 L4,6 L0,2 L-4,6 L-6,4 L-2,0Z";
    pub(super) const BACK: &str = "M-7,-1 L0,-7 L0,-3 L6,-3 L6,6 L2,6 L2,1 L0,1 L0,5Z";
    pub(super) const CHECK: &str = "M-5,0 a5,5 0 1,0 10,0 a5,5 0 1,0 -10,0Z";
}

/// What the shapes mean, without colour too. They are drawn as they are in the picture: not every
/// font has them.
pub(super) fn legend() -> String {
    const MARKS: [(&str, &str, &str); 8] = [
        ("mark", shape::REGISTERED, "registered"),
        ("mark-good", shape::GATE, "gate"),
        ("mark", shape::SOAK, "soaking"),
        ("mark-good", shape::PROMOTED, "promoted"),
        ("mark-good", shape::GOOD, "verified or done"),
        ("mark-bad", shape::TROUBLE, "trouble"),
        ("mark-warn", shape::BACK, "going back"),
        ("mark-bad", shape::CHECK, "check"),
    ];
    let mut list = String::from("<ul class=\"legend\" aria-label=\"Legend\">");
    for (class, path, label) in MARKS {
        let _ = write!(
            list,
            "<li><svg aria-hidden=\"true\" viewBox=\"-8 -8 16 16\"><path class=\"{class}\" d=\"{path}\"/></svg>{label}</li>"
        );
    }
    list.push_str(
        "<li>bar: dashed pending, blue running, green healthy, red unhealthy, dotted over</li>\
         <li>area: instances that serve, old ones below new ones; dashed line: wanted</li></ul>\n",
    );
    list
}

/// The picture; `None` where nothing was recorded.
pub(super) fn timeline(moments: &[Moment]) -> Option<String> {
    let (first, last) = (moments.first()?.at, moments.last()?.at);
    let axis = Axis { first, span: millis(last, first).max(1.0) };
    let mut chart = Chart { body: String::new(), y: 34.0, axis };
    chart.steps(moments);
    let mut jobs: Vec<&str> = Vec::new();
    for job in moments.iter().filter_map(|moment| moment.job.as_deref()) {
        if !jobs.contains(&job) {
            jobs.push(job);
        }
    }
    for job in jobs {
        let of_job: Vec<&Moment> =
            moments.iter().filter(|moment| moment.job.as_deref() == Some(job)).collect();
        chart.job(job, &of_job);
    }
    Some(chart.finish())
}

fn millis(at: Timestamp, first: Timestamp) -> f64 {
    at.duration_since(first).as_secs_f64() * 1000.0
}

struct Axis {
    first: Timestamp,
    span: f64,
}

impl Axis {
    fn x(&self, at: Timestamp) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (millis(at, self.first) / self.span).clamp(0.0, 1.0)
    }

    /// A round distance between lines, with at most about eight of them.
    fn tick(&self) -> f64 {
        const STEPS: [f64; 15] =
            [50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1800e3];
        STEPS.into_iter().find(|step| self.span / step <= 8.0).unwrap_or(3600e3)
    }
}

struct Chart {
    body: String,
    y: f64,
    axis: Axis,
}

impl Chart {
    fn finish(self) -> String {
        let height = self.y + 8.0;
        let mut grid = String::new();
        let tick = self.axis.tick();
        let mut at = 0.0;
        while at <= self.axis.span {
            let x = LEFT + (WIDTH - LEFT - RIGHT) * at / self.axis.span;
            let label = if tick < 1000.0 { format!("{:.1} s", at / 1000.0) } else { clock(at / 1000.0) };
            let _ = write!(
                grid,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"24\" y2=\"{height:.0}\"/>\
                 <text class=\"soft\" x=\"{x:.1}\" y=\"16\" text-anchor=\"middle\">{label}</text>"
            );
            at += tick;
        }
        format!(
            "<svg role=\"img\" aria-labelledby=\"timeline-title timeline-text\" viewBox=\"0 0 {WIDTH} {height:.0}\">\
             <title id=\"timeline-title\">Timeline of the release</title>\
             <desc id=\"timeline-text\">Steps, deployments and instances over time. The table below has the same.</desc>\
             {grid}{}</svg>",
            self.body
        )
    }

    fn name(&mut self, text: &str, class: &str, middle: f64) {
        let shown: String = text.chars().take(32).collect();
        let _ = write!(
            self.body,
            "<text class=\"{class}\" x=\"0\" y=\"{:.1}\">{}</text>",
            middle + 4.0,
            escape(&shown)
        );
    }

    fn bar(&mut self, class: &str, from: Timestamp, to: Timestamp, title: &str) {
        let (x, end) = (self.axis.x(from), self.axis.x(to));
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"3\"><title>{}</title></rect>",
            self.y + 4.0,
            (end - x).max(2.0),
            ROW - 8.0,
            escape(title)
        );
    }

    fn steps(&mut self, moments: &[Moment]) {
        let end = moments.last().map(|moment| moment.at);
        for (place, moment) in moments.iter().enumerate() {
            let Happening::StepStarted { step } = &moment.what else { continue };
            let finished = moments.iter().skip(place).find_map(|later| match &later.what {
                Happening::StepFinished { step: ended, outcome } if ended == step => {
                    Some((later.at, outcome.as_str()))
                }
                _ => None,
            });
            let (to, outcome) = finished.unwrap_or((end.unwrap_or(moment.at), "did not end"));
            let class = if outcome == "ok" { "step" } else { "step-bad" };
            self.name(step, "", self.y + ROW / 2.0);
            self.bar(class, moment.at, to, &format!("{step}: {outcome}"));
            self.y += ROW;
        }
    }

    fn job(&mut self, job: &str, moments: &[&Moment]) {
        self.y += 10.0;
        let _ = write!(
            self.body,
            "<line class=\"rule\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>",
            self.y
        );
        self.y += 6.0;
        self.name(job, "head", self.y + ROW / 2.0);
        let mut free = LEFT;
        for moment in moments {
            self.marker(moment, self.y + ROW / 2.0, &mut free);
        }
        self.y += ROW;
        let lanes = lanes(moments);
        self.counts(moments, &lanes);
        self.instances(moments, &lanes);
    }

    /// The shape of something that took no time, beside those before it.
    fn marker(&mut self, moment: &Moment, y: f64, free: &mut f64) {
        let (class, shape) = match &moment.what {
            Happening::Registered { .. } => ("mark", shape::REGISTERED),
            Happening::Gate { verdict, .. } => {
                let class = match verdict.as_str() {
                    "pass" => "mark-good",
                    "fail" => "mark-bad",
                    _ => "mark-warn",
                };
                (class, shape::GATE)
            }
            Happening::Soaking { .. } | Happening::Soaked { .. } => ("mark", shape::SOAK),
            Happening::Promoted { .. } => ("mark-good", shape::PROMOTED),
            Happening::Verified { .. } => ("mark-good", shape::GOOD),
            Happening::Finished { outcome } if outcome.is_success() => ("mark-good", shape::GOOD),
            Happening::Trouble { .. } | Happening::Finished { .. } => ("mark-bad", shape::TROUBLE),
            Happening::Reverting { .. } => ("mark-warn", shape::BACK),
            _ => return,
        };
        let at = self.axis.x(moment.at).max(*free).min(WIDTH - APART / 2.0);
        *free = at + APART;
        let _ = write!(
            self.body,
            "<path class=\"{class}\" transform=\"translate({:.1},{y:.1})\" d=\"{shape}\"><title>{}</title></path>",
            at,
            escape(&sentence(moment))
        );
    }

    /// Instances that serve, old ones below new ones, and how many are wanted.
    fn counts(&mut self, moments: &[&Moment], lanes: &[Lane<'_>]) {
        let wanted: Vec<(Timestamp, u64)> = moments
            .iter()
            .filter_map(|moment| match &moment.what {
                Happening::Progress { desired, .. } => Some((moment.at, *desired)),
                _ => None,
            })
            .collect();
        let steps = serving(lanes);
        let (Some(begin), Some(end)) = (steps.first(), moments.last()) else { return };
        let counts = steps.iter().map(|step| step.old + step.new).chain(wanted.iter().map(|it| it.1));
        let most = counts.max().unwrap_or(0).max(1);
        let (top, bottom) = (self.y + 6.0, self.y + COUNTS - 8.0);
        // Counts of instances are far below what a double holds exactly.
        let number = |count: u64| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
        let level = |count: u64| bottom - (bottom - top) * number(count) / number(most);
        let right = self.axis.x(end.at);
        let area = |count: &dyn Fn(&Serving) -> u64| {
            let mut path = format!("M{:.1},{bottom:.1}", self.axis.x(begin.at));
            for step in &steps {
                let _ = write!(path, " H{:.1} V{:.1}", self.axis.x(step.at), level(count(step)));
            }
            let _ = write!(path, " H{right:.1} V{bottom:.1}Z");
            path
        };
        let (all, old) = (area(&|step| step.old + step.new), area(&|step| step.old));
        // A deployment says what is wanted when it begins; it was wanted before.
        let mut line = String::new();
        for (place, (at, desired)) in wanted.iter().enumerate() {
            let x = if place == 0 { self.axis.x(begin.at) } else { self.axis.x(*at) };
            let move_to = if place == 0 { format!("M{x:.1},") } else { format!(" H{x:.1} V") };
            let _ = write!(line, "{move_to}{:.1}", level(*desired));
        }
        self.name("serving of wanted", "soft", self.y + COUNTS / 2.0);
        let _ =
            write!(self.body, "<path class=\"count\" d=\"{all}\"/><path class=\"count-old\" d=\"{old}\"/>");
        if !line.is_empty() {
            let _ = write!(self.body, "<path class=\"wanted\" d=\"{line} H{right:.1}\"/>");
        }
        let _ = write!(
            self.body,
            "<text class=\"soft\" x=\"{0:.1}\" y=\"{1:.1}\" text-anchor=\"end\">{most}</text><text class=\"soft\" x=\"{0:.1}\" y=\"{2:.1}\" text-anchor=\"end\">0</text>",
            LEFT - 8.0,
            top + 4.0,
            bottom + 4.0
        );
        let until = steps.iter().skip(1).map(|step| step.at).chain([end.at]);
        for (step, until) in steps.iter().zip(until) {
            let (x, width) = (self.axis.x(step.at), self.axis.x(until) - self.axis.x(step.at));
            let _ = write!(
                self.body,
                "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"transparent\"><title>{} old and {} new instances serve</title></rect>",
                width.max(2.0),
                bottom - top,
                step.old,
                step.new
            );
        }
        self.y += COUNTS;
    }

    /// A bar for each instance, old ones first, cut where its state changes, with its checks on it.
    fn instances(&mut self, moments: &[&Moment], lanes: &[Lane<'_>]) {
        let end = moments.last().map(|moment| moment.at);
        let mut rows: BTreeMap<&str, f64> = BTreeMap::new();
        for lane in lanes {
            let Some(Happening::Allocation { allocation, canary, .. }) =
                lane.moments.last().map(|moment| &moment.what)
            else {
                continue;
            };
            let name = allocation.rsplit('.').next().unwrap_or(allocation);
            let kind = match (lane.is_old, canary) {
                (true, _) => " old",
                (false, true) => " canary",
                (false, false) => "",
            };
            self.name(&format!("{name}{kind} {}", short(lane.id)), "", self.y + ROW / 2.0);
            for (place, moment) in lane.moments.iter().enumerate() {
                let Happening::Allocation { status, healthy, .. } = &moment.what else { continue };
                let until = lane.moments.get(place + 1).map(|next| next.at).or(end).unwrap_or(moment.at);
                self.bar(state(status, *healthy), moment.at, until, &sentence(moment));
            }
            rows.insert(lane.id, self.y + ROW / 2.0);
            self.y += ROW;
        }
        for moment in moments {
            let Happening::Check { id, status, .. } = &moment.what else { continue };
            let Some(y) = rows.get(id.as_str()) else { continue };
            let class =
                if matches!(status.as_str(), "passing" | "success") { "mark-good" } else { "mark-bad" };
            let _ = write!(
                self.body,
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\"><title>{}</title></circle>",
                self.axis.x(moment.at),
                escape(&sentence(moment))
            );
        }
    }
}

fn state(status: &str, healthy: Option<bool>) -> &'static str {
    match (status, healthy) {
        ("complete" | "lost" | "unknown", _) => "over",
        ("failed", _) | (_, Some(false)) => "unhealthy",
        (_, Some(true)) => "healthy",
        ("running", None) => "running",
        _ => "pending",
    }
}

fn clock(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0}:{:02.0}", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Outcome;

    fn at(second: i64, job: Option<&str>, what: Happening) -> Moment {
        let at = Timestamp::from_second(1_790_000_000 + second).unwrap();
        Moment { at, job: job.map(str::to_owned), what }
    }

    fn instance(status: &str, healthy: Option<bool>) -> Happening {
        Happening::Allocation {
            id: "7208a882-ddf4".into(),
            allocation: "wuffchat-api.api[0]".into(),
            node: "node-1".into(),
            canary: true,
            version: Some(2),
            status: status.into(),
            healthy,
        }
    }

    /// Where something of a class is, from its attribute on.
    fn places<'a>(svg: &'a str, class: &str, attribute: &str) -> Vec<&'a str> {
        let after = |text: &'a str, start: &str| text.split_once(start).map(|(_, rest)| rest);
        let all = svg.split('<').filter(|tag| tag.contains(&format!("class=\"{class}\"")));
        let of = all.filter_map(|tag| after(tag, &format!(" {attribute}=\"")));
        of.filter_map(|rest| rest.split_once('"').map(|(value, _)| value)).collect()
    }

    #[test]
    fn a_check_is_on_its_instance_and_not_on_the_one_that_has_its_name() {
        let api = Some("wuffchat-api");
        let of = |id: &str, version: u64, status: &str, healthy: Option<bool>| Happening::Allocation {
            id: id.into(),
            allocation: "wuffchat-api.api[0]".into(),
            node: "node-1".into(),
            canary: false,
            version: Some(version),
            status: status.into(),
            healthy,
        };
        let svg = |check_of: &str| {
            let check = Happening::Check {
                id: check_of.into(),
                allocation: "wuffchat-api.api[0]".into(),
                check: "liveness".into(),
                status: "unhealthy".into(),
            };
            let moments = [
                at(0, api, of("old", 1, "running", Some(true))),
                at(1, api, Happening::Registered { version: 2 }),
                at(2, api, of("new", 2, "pending", None)),
                at(3, api, of("new", 2, "running", None)),
                at(5, api, check),
                at(8, api, of("new", 2, "running", Some(true))),
                at(9, api, of("old", 1, "complete", None)),
            ];
            timeline(&moments).unwrap()
        };
        let (on_old, on_new) = (svg("old"), svg("new"));
        let old: f64 = places(&on_old, "mark-bad", "cy")[0].parse().unwrap();
        let new: f64 = places(&on_new, "mark-bad", "cy")[0].parse().unwrap();
        assert!((new - old - ROW).abs() < 0.01, "the old instance is the first row");
        assert!(on_old.contains("api[0] old old") && on_old.contains("1 old and 0 new instances serve"));
        assert!(on_old.contains("1 old and 1 new instances serve") && on_old.contains("0 old and 1 new"));
        assert!(!on_old.contains("0 old and 0 new"), "there was no outage: {on_old}");
        assert!(!svg("nobody").contains("<circle"));
    }

    #[test]
    fn each_thing_has_its_shape() {
        let api = Some("wuffchat-api");
        let moments = [
            at(0, None, Happening::StepStarted { step: "deploy <api>".into() }),
            at(1, api, Happening::Registered { version: 2 }),
            at(2, api, instance("pending", None)),
            at(4, api, instance("running", None)),
            at(
                6,
                api,
                Happening::Check {
                    id: "7208a882-ddf4".into(),
                    allocation: "wuffchat-api.api[0]".into(),
                    check: "liveness".into(),
                    status: "passing".into(),
                },
            ),
            at(9, api, instance("running", Some(true))),
            at(9, api, Happening::Promoted { deployment: "d".into() }),
            at(10, api, Happening::Finished { outcome: Outcome::Deployed }),
            at(10, None, Happening::StepFinished { step: "deploy <api>".into(), outcome: "ok".into() }),
        ];
        let svg = timeline(&moments).unwrap();
        for class in ["step", "pending", "running", "healthy", "mark", "mark-good"] {
            assert!(svg.contains(&format!("class=\"{class}\"")), "{class}: {svg}");
        }
        assert!(svg.contains("deploy &lt;api&gt;") && svg.contains("api[0] canary 7208a882"), "{svg}");
        assert!(svg.contains(">8 s</text>"), "{svg}");
        assert_eq!(timeline(&[]), None);
    }
}
