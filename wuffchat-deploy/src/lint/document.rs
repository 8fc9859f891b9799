//! A document with jobs, Terraform, a workflow and commands in it.

use nomad_client::lint::{Block, Diagnostic};

use super::markdown::{Fence, fences};
use super::{Cluster, Kind, declare, mojibake, number, shell, sorted, together};

declare! {
    MOJIBAKE = "mojibake" Some(1), Warning,
        "read it as UTF-8; `repair_mojibake` puts the characters back";
    UNREADABLE = "unreadable-block" None, Info, "make it parse, or give the block its true language";
}

/// What the rules find in a Markdown document: the rules of each kind in its fenced blocks, those
/// for jobs that need each other over all of them, and those for prose. Lines are those of the
/// document.
///
/// Terraform is taken to be one module, and commands to be run one after the other. Machines are
/// what a text such as `3x t3.medium` says.
///
/// ```
/// use wuffchat_deploy::lint;
/// let text = "# Deploy\n```bash\nvault kv put secret/prod/api key=abc\n```\n";
/// let found = lint::document(text);
/// assert_eq!((found[0].number, found[0].line), (Some(13), Some(3)));
/// ```
#[must_use]
pub fn document(text: &str) -> Vec<Diagnostic> {
    let fences = fences(text);
    let mut found = Vec::new();
    if let Some(at) = mojibake::first_line(text) {
        found.push(MOJIBAKE.found(number(at), "UTF-8 that was read in another encoding and written again"));
    }
    found.extend(shell::versions(text));
    let of = |kind: Kind| fences.iter().filter(move |fence| kind_of(fence) == Some(kind));
    let mut jobs = Vec::new();
    for fence in of(Kind::Job) {
        let alone = Fence::only(text, [fence]);
        if let Ok(root) = Block::parse(&alone) {
            jobs.extend(root.children.into_iter().filter(|block| block.kind == "job"));
        }
        found.extend(or_unreadable(super::job_text(&alone), fence));
    }
    found.extend(together(&jobs, machines(text)));
    let terraform: Vec<&Fence> = of(Kind::Terraform).collect();
    if let Some(first) = terraform.first() {
        found.extend(or_unreadable(super::terraform(&Fence::only(text, terraform.iter().copied())), first));
    }
    found.extend(shell::commands(&Fence::only(text, of(Kind::Shell))));
    for fence in of(Kind::Shell) {
        found.extend(shell::intentions(&Fence::only(text, [fence])));
    }
    for fence in of(Kind::Workflow) {
        found.extend(super::workflow(&Fence::only(text, [fence])));
    }
    for fence in of(Kind::Prometheus) {
        found.extend(super::prometheus(&Fence::only(text, [fence])));
    }
    sorted(found)
}

fn kind_of(fence: &Fence) -> Option<Kind> {
    match fence.language.as_str() {
        "hcl" | "terraform" | "tf" | "nomad" | "json" => {
            let kind = Kind::by_content(&fence.text);
            kind.filter(|kind| matches!(kind, Kind::Job | Kind::Terraform))
        }
        "yaml" | "yml" => {
            let kind = Kind::by_content(&fence.text);
            kind.filter(|kind| matches!(kind, Kind::Workflow | Kind::Prometheus))
        }
        "bash" | "sh" | "shell" | "console" | "zsh" => Some(Kind::Shell),
        _ => None,
    }
}

fn or_unreadable(found: Result<Vec<Diagnostic>, super::Unreadable>, fence: &Fence) -> Vec<Diagnostic> {
    found.unwrap_or_else(|cause| {
        let line = cause.line().or(number(fence.start));
        vec![UNREADABLE.found(line, cause.to_string())]
    })
}

/// The first `3x t3.medium` or `3 × t3.medium`.
fn machines(text: &str) -> Option<Cluster> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ':' | '×')).collect();
    words.iter().enumerate().find_map(|(index, machine)| {
        if !machine.contains('.') || !machine.starts_with(['t', 'm']) {
            return None;
        }
        let before = words.get(..index)?.iter().rev().filter(|word| !word.is_empty() && **word != "x");
        let count = before.take(1).next()?.trim_end_matches('x').parse().ok()?;
        Cluster::of(count, machine)
    })
}
