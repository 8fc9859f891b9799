//! Rules about a GitHub workflow that deploys.

use nomad_client::lint::Diagnostic;

use super::outline::{self, Node};
use super::{declare, number};

declare! {
    SAME_TARGET = "branches-share-target" Some(40), Error,
        "one GitHub environment per branch, with approval for production";
    NO_CONCURRENCY = "no-concurrency" Some(41), Warning,
        "concurrency: {group: deploy-<environment>, cancel-in-progress: false}";
    HALF_A_RELEASE = "images-incomplete" Some(42), Warning,
        "log in to the registry, and build and push both images, by digest";
    EDITED_FILE = "sed-on-job-file" Some(43), Warning,
        "give the version as a variable (`-var version=…`), or build the job from types";
    ARRAY = "deployment-id-lost" Some(44), Error,
        "watch the deployment by its id, as `deploy` does";
    SNAPSHOT = "status-is-no-wait" Some(45), Error,
        "let `nomad job run` (not -detach) wait, or `deploy`, whose exit code is the outcome";
    NO_PLAN = "no-plan" Some(46), Warning,
        "plan on pull requests, and register with the index that was planned (-check-index)";
    UNVERIFIED = "unverified-download" Some(47), Warning,
        "pin a release of the servers' minor version and check its SHA-256";
    LONG_LIVED = "long-lived-token" Some(48), Warning,
        "log in with GitHub's OIDC token (permissions: id-token: write) at POST /v1/acl/login";
    NO_CERTIFICATES = "no-certificates" Some(49), Warning,
        "NOMAD_CACERT, NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY, on a runner that reaches the API";
    NO_PERMISSIONS = "no-permissions" None, Info,
        "permissions: {contents: read}, and more only for the job that needs it";
}

/// What the rules find in a workflow.
///
/// ```
/// let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: nomad job run a.nomad\n";
/// let found = wuffchat_deploy::lint::workflow(text);
/// assert!(found.iter().any(|found| found.rule == "no-concurrency"));
/// ```
#[must_use]
pub fn workflow(text: &str) -> Vec<Diagnostic> {
    let root = outline::parse(text);
    let jobs: Vec<&Node> = root.get("jobs").map(|jobs| jobs.children.iter().collect()).unwrap_or_default();
    let commands = commands(&root);
    let deploys = commands.iter().any(|(_, command)| {
        ["nomad job run", "nomad run ", "--example deploy", "nomad job dispatch"]
            .iter()
            .any(|word| command.contains(word))
    });
    let mut found = Vec::new();
    if deploys {
        targets(&root, &jobs, &mut found);
        access(&root, &jobs, &mut found);
    }
    images(&root, &commands, &mut found);
    nomad(&commands, &mut found);
    if root.get("permissions").is_none() && !jobs.iter().all(|job| job.get("permissions").is_some()) {
        found.push(NO_PERMISSIONS.found(
            root.children.first().and_then(|first| number(first.line)),
            "the token of the workflow may do whatever the repository allows",
        ));
    }
    super::sorted(found)
}

/// Each command of each step with its line, without comments.
fn commands(root: &Node) -> Vec<(usize, String)> {
    let steps = root.all().into_iter().filter(|node| node.key == "run");
    steps
        .flat_map(|run| {
            let lines = run.value.lines().enumerate();
            // What is in quotes has all its lines in one.
            let at = |index| run.text_line + if run.text_line == run.line { 0 } else { index };
            lines.map(|(index, line)| (at(index), line.trim().to_owned())).collect::<Vec<_>>()
        })
        .filter(|(_, command)| !command.starts_with('#') && !command.is_empty())
        .collect()
}

fn targets(root: &Node, jobs: &[&Node], found: &mut Vec<Diagnostic>) {
    let branches = root.at(&["on", "push", "branches"]).map(|node| (node.line, node.items().len()));
    let environment = jobs.iter().any(|job| job.get("environment").is_some());
    if let (Some((line, count @ 2..)), false) = (branches, environment) {
        let message = format!("{count} branches deploy to the same place, and nobody is asked");
        found.push(SAME_TARGET.found(number(line), message));
    }
    let alone = root.get("concurrency").is_some() || jobs.iter().any(|job| job.get("concurrency").is_some());
    if !alone {
        let line = root.get("jobs").and_then(|jobs| number(jobs.line));
        found.push(NO_CONCURRENCY.found(line, "two pushes deploy at the same time"));
    }
}

fn access(root: &Node, jobs: &[&Node], found: &mut Vec<Diagnostic>) {
    let all = root.all();
    let token = all.iter().find(|node| node.key == "NOMAD_TOKEN" && node.value.contains("secrets."));
    if let Some(node) = token {
        let message = "a token that never ends is a secret of the repository";
        found.push(LONG_LIVED.found(number(node.line), message));
    }
    let address = all.iter().find(|node| node.key == "NOMAD_ADDR");
    let certificates = all.iter().any(|node| node.key == "NOMAD_CACERT" || node.key == "NOMAD_CLIENT_CERT")
        || all.iter().any(|node| node.key == "run" && node.value.contains("NOMAD_CACERT"));
    let runner = |job: &&&Node| {
        let runner = job.get("runs-on").map(Node::items).unwrap_or_default();
        runner
            .iter()
            .any(|name| ["ubuntu-", "windows-", "macos-"].iter().any(|os| name.value.starts_with(os)))
    };
    if let (Some(address), false) = (address, certificates) {
        let hosted = if jobs.iter().find(runner).is_some() {
            ", and a hosted runner does not reach a private API"
        } else {
            ""
        };
        let message = format!("no certificates for an API with mTLS{hosted}");
        found.push(NO_CERTIFICATES.found(number(address.line), message));
    }
}

fn images(root: &Node, commands: &[(usize, String)], found: &mut Vec<Diagnostic>) {
    let uses = |action: &str| root.all().iter().any(|node| node.key == "uses" && node.value.contains(action));
    let first = commands.iter().find(|(_, command)| {
        command.contains("docker push") || (command.contains("docker build") && command.contains("--push"))
    });
    let Some((line, _)) = first else { return };
    let any = |word: &str| commands.iter().any(|(_, command)| command.contains(word));
    let mut wrong = Vec::new();
    let login = ["docker/login-action", "aws-actions/amazon-ecr-login"].into_iter().any(uses);
    if !login && !any("docker login") {
        wrong.push("no login to the registry");
    }
    // An image may be named by way of a matrix.
    let matrix = root.all().iter().any(|node| node.key == "matrix");
    if any("wuffchat-api") && !any("wuffchat-ui") && !matrix {
        wrong.push("the UI is never built");
    }
    if !wrong.is_empty() {
        found.push(HALF_A_RELEASE.found(number(*line), wrong.join("; ")));
    }
}

fn nomad(commands: &[(usize, String)], found: &mut Vec<Diagnostic>) {
    let find = |wanted: &dyn Fn(&str) -> bool| commands.iter().find(|(_, command)| wanted(command));
    let job_file = |command: &str| [".nomad", ".hcl", "jobs/"].iter().any(|word| command.contains(word));
    if let Some((line, _)) = find(&|command| command.contains("sed -i") && job_file(command)) {
        let message =
            "a tracked file is edited; when the pattern is gone nothing happens, and nobody notices";
        found.push(EDITED_FILE.found(number(*line), message));
    }
    let status = "nomad deployment status";
    if let Some((line, _)) =
        find(&|command| command.contains("status -json") && command.contains("'.LatestDeployment"))
    {
        let message = "`nomad job status -json` answers a list: the id is empty, and with no id `deployment status` lists all and succeeds";
        found.push(ARRAY.found(number(*line), message));
    }
    if let Some((line, _)) = find(&|command| command.contains(status)) {
        let message = "`nomad deployment status` shows one moment and succeeds, with -monitor too";
        found.push(SNAPSHOT.found(number(*line), message));
    }
    let run = find(&|command| command.contains("nomad job run") || command.contains("nomad run "));
    let planned = find(&|command| command.contains("nomad job plan") || command.contains("-check-index"));
    if let (Some((line, _)), None) = (run, planned) {
        found.push(NO_PLAN.found(number(*line), "registered without a plan and without its index"));
    }
    let download = find(&|command| {
        ["curl ", "wget "].iter().any(|word| command.contains(word))
            && command.contains("releases.hashicorp.com/nomad")
    });
    let checked =
        find(&|command| ["sha256sum", "shasum", "gpg --verify"].iter().any(|word| command.contains(word)));
    if let (Some((line, command)), None) = (download, checked) {
        let version =
            command.split("/nomad/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("some");
        let message = format!("version {version} is downloaded and not verified");
        found.push(UNVERIFIED.found(number(*line), message));
    }
}
