//! What the servers refuse in a job, and what they warn of.

use serde_json::Value;

use super::json::Json as _;

const SECOND: u64 = 1_000_000_000;

/// Everything the servers refuse, in their words; empty if the job is fine.
pub(crate) fn validate(job: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    if job.s("ID").is_empty() {
        errors.push("Missing job ID".to_owned());
    } else if job.s("ID").contains(' ') {
        errors.push("Job ID contains a space".to_owned());
    }
    if job.s("Name").is_empty() {
        errors.push("Missing job name".to_owned());
    }
    if !matches!(job.s("Type"), "service" | "batch" | "system" | "sysbatch") {
        errors.push(format!("Invalid job type: {:?}", job.s("Type")));
    }
    if !(1..=100).contains(&job.i("Priority")) {
        errors.push("Job priority must be between [1, 100]".to_owned());
    }
    if job.a("TaskGroups").is_empty() {
        errors.push("Missing job task groups".to_owned());
    }
    if job.has("Periodic") && job.s("Type") != "batch" && job.s("Type") != "sysbatch" {
        errors.push("Periodic can only be used with \"batch\" or \"sysbatch\" scheduler".to_owned());
    }
    if job.has("ParameterizedJob") && job.s("Type") != "batch" && job.s("Type") != "sysbatch" {
        errors.push("Parameterized job can only be used with \"batch\" or \"sysbatch\" scheduler".to_owned());
    }
    let mut names: Vec<&str> = Vec::new();
    for (i, tg) in job.a("TaskGroups").iter().enumerate() {
        let name = tg.s("Name");
        if name.is_empty() {
            errors.push(format!("Job task group {} missing name", i + 1));
        } else if names.contains(&name) {
            errors.push(format!(
                "Job task group {} redefines '{name}' from group {}",
                i + 1,
                names.iter().position(|n| *n == name).unwrap_or(0) + 1
            ));
        }
        names.push(name);
        let inner = validate_group(tg, job);
        if !inner.is_empty() {
            errors.push(format!("Task group {name} validation failed: {}", multi_error(&inner)));
        }
    }
    errors
}

fn validate_group(tg: &Value, job: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    if tg.i("Count") < 0 {
        errors.push("Task group count can't be negative".to_owned());
    }
    if tg.a("Tasks").is_empty() {
        errors.push("Missing tasks for task group".to_owned());
    }
    let update = tg.at("Update");
    if !update.is_null() {
        if update.dur("HealthyDeadline") >= update.dur("ProgressDeadline")
            && update.i("ProgressDeadline") != 0
        {
            errors.push("Progress deadline must be greater than the healthy deadline".to_owned());
        }
        if update.dur("MinHealthyTime") >= update.dur("HealthyDeadline") {
            errors.push("Minimum healthy time must be less than healthy deadline".to_owned());
        }
        if update.b("AutoPromote") && update.u("Canary") == 0 {
            errors.push("Auto Promote requires a Canary count greater than zero".to_owned());
        }
    }
    let scaling = tg.at("Scaling");
    if !scaling.is_null() {
        let (min, max, count) = (scaling.i("Min"), scaling.i("Max"), tg.i("Count"));
        if max < min {
            errors
                .push("Scaling policy invalid: maximum count must not be less than minimum count".to_owned());
        }
        if count < min {
            errors.push("Scaling policy invalid: task group count must not be less than minimum count in scaling policy".to_owned());
        }
        if count > max {
            errors.push("Scaling policy invalid: task group count must not be greater than maximum count in scaling policy".to_owned());
        }
    }
    let ports: Vec<&str> = tg
        .a("Networks")
        .iter()
        .flat_map(|n| n.a("DynamicPorts").iter().chain(n.a("ReservedPorts")))
        .map(|p| p.s("Label"))
        .collect();
    for s in tg.a("Services").iter().chain(tg.a("Tasks").iter().flat_map(|t| t.a("Services"))) {
        let label = s.s("PortLabel");
        if !label.is_empty()
            && !ports.contains(&label)
            && label.parse::<u16>().is_err()
            && tg.a("Tasks").iter().all(|t| t.at("Resources").a("Networks").is_empty())
        {
            errors.push(format!(
                "Group service {:?} has no network port matching label {label:?}",
                s.s("Name")
            ));
        }
        for c in s.a("Checks") {
            if !matches!(c.s("Type"), "http" | "tcp" | "grpc" | "script") {
                errors.push(format!("Service {} check validation failed: invalid type ({:?}), must be one of \"grpc\", \"http\", \"script\", or \"tcp\"", s.s("Name"), c.s("Type")));
            }
            if c.u("Interval") < SECOND {
                errors.push(format!("Service {} check interval (0s) can not be lower than 1s", s.s("Name")));
            }
            if c.s("Type") == "http" && c.s("Path").is_empty() {
                errors.push("http type must have http path".to_owned());
            }
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for (i, t) in tg.a("Tasks").iter().enumerate() {
        if t.s("Name").is_empty() {
            errors.push(format!("Task {} missing name", i + 1));
        } else if names.contains(&t.s("Name")) {
            errors.push(format!("Task {} redefines '{}'", i + 1, t.s("Name")));
        }
        names.push(t.s("Name"));
        let mut inner = Vec::new();
        if t.s("Driver").is_empty() {
            inner.push("Missing task driver".to_owned());
        }
        if t.at("Resources").u("MemoryMB") < 10 {
            inner.push(format!(
                "1 error occurred:\n\t* minimum MemoryMB value is 10; got {}\n\n",
                t.at("Resources").u("MemoryMB")
            ));
        }
        if t.at("Resources").u("CPU") == 0 && t.at("Resources").u("Cores") == 0 {
            inner.push("Task resources must specify either CPU or Cores".to_owned());
        }
        for tmpl in t.a("Templates") {
            if tmpl.s("DestPath").is_empty() {
                inner.push("Must specify a destination for the template".to_owned());
            }
            if tmpl.s("EmbeddedTmpl").is_empty() && tmpl.s("SourcePath").is_empty() {
                inner.push("Must specify a source path or have an embedded template".to_owned());
            }
        }
        if !inner.is_empty() {
            errors.push(format!("Task {} validation failed: {}", t.s("Name"), multi_error(&inner)));
        }
    }
    if job.s("Type") == "system" && tg.i("Count") > 1 {
        errors.push(format!(
            "Job task group {} has count {}. Count cannot exceed 1 with system scheduler",
            tg.s("Name"),
            tg.i("Count")
        ));
    }
    errors
}

/// Several errors as hashicorp/go-multierror prints them.
pub(crate) fn multi_error(errors: &[String]) -> String {
    let head = if errors.len() == 1 {
        "1 error occurred:".to_owned()
    } else {
        format!("{} errors occurred:", errors.len())
    };
    errors.iter().fold(head, |text, e| text + "\n\t* " + e) + "\n\n"
}

/// The warnings a register, plan or validate answers with.
pub(crate) fn warnings(job: &Value) -> String {
    let mut warnings = Vec::new();
    let mut canary_groups = 0;
    let mut auto_groups = 0;
    for tg in job.a("TaskGroups") {
        let name = tg.s("Name");
        let delayed = tg.u("ShutdownDelay") > 0 || tg.a("Tasks").iter().any(|t| t.u("ShutdownDelay") > 0);
        let serves =
            !tg.a("Services").is_empty() || tg.a("Tasks").iter().any(|t| !t.a("Services").is_empty());
        if serves && !delayed {
            warnings.push(format!("group {name:?} defines services, but neither the group nor any of its tasks have shutdown_delay set"));
        }
        let update = tg.at("Update");
        if update.u("Canary") > 0 {
            canary_groups += 1;
            auto_groups += u32::from(update.b("AutoPromote"));
        }
        if !update.is_null()
            && update.u("MaxParallel") > tg.u("Count")
            && tg.u("Count") > 0
            && update.u("MaxParallel") > 1
        {
            warnings.push(format!("Group {name:?} has warnings: 1 error occurred:\n\t* Update max parallel count is greater than task group count ({} > {}). A destructive change would result in the simultaneous replacement of all allocations.\n\n",
                update.u("MaxParallel"), tg.u("Count")));
        }
    }
    if auto_groups > 0 && auto_groups < canary_groups {
        warnings.push("auto_promote must be true for all groups to enable automatic promotion".to_owned());
    }
    match warnings.len() {
        0 => String::new(),
        1 => format!("1 warning:\n\n* {}", warnings.concat()),
        n => format!("{n} warnings:\n\n* {}", warnings.join("\n* ")),
    }
}
