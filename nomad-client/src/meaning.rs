//! What Nomad's error answers mean: one table of the server's own texts.
//!
//! Nomad states few of its errors as a status; most are a 500 with a text, passed on between
//! servers and clients with prefixes such as `rpc error:`. So a text counts wherever it stands,
//! and the first row that fits decides.

/// What an error answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The thing does not exist.
    NotFound,
    /// The token is missing, unknown or not allowed.
    PermissionDenied,
    /// The state of things does not allow it.
    Conflict,
    /// The request is at fault.
    Invalid,
    /// No leader, no way to one, or one that is not ready.
    NoLeader,
    /// The region is none that the server knows.
    UnknownRegion,
    /// Only Enterprise servers have it.
    EnterpriseOnly,
    /// None of these.
    Other,
}

use Meaning::{Conflict, EnterpriseOnly, Invalid, NoLeader, NotFound, PermissionDenied, UnknownRegion};

/// Texts, in lower case, of an answer with any status that is not conclusive by itself.
const TEXTS: &[(&str, Meaning)] = &[
    ("permission denied", PermissionDenied),
    ("acl token not found", PermissionDenied),
    ("acl token expired", PermissionDenied),
    ("acl token is invalid", PermissionDenied),
    ("node secret id does not match", PermissionDenied),
    ("enterprise", EnterpriseOnly),
    ("no path to region", UnknownRegion),
    ("no cluster leader", NoLeader),
    ("leadership lost", NoLeader),
    ("node is not the leader", NoLeader),
    ("not ready to serve consistent reads", NoLeader),
    ("no servers", NoLeader),
    ("active deployment", Conflict),
    ("current job has version", Conflict),
    ("already exists", Conflict),
    ("already done", Conflict),
    ("is stopped", Conflict),
    ("terminal deployment", Conflict),
    ("has terminal status", Conflict),
    ("can't unblock running deployment", Conflict),
    ("healthy allocations", Conflict),
    ("no canaries to promote", Conflict),
    ("can't revert to current version", Conflict),
    ("while it is draining", Conflict),
    ("is not safe to delete", Conflict),
    ("broker must be paused", Conflict),
    ("should not run", Conflict),
    ("not started yet", Conflict),
    ("is not running", Conflict),
    ("exec not possible", Conflict),
    ("not eligible for gc", Conflict),
    ("has non-terminal", Conflict),
    ("has allocations", Conflict),
    ("volume in use", Conflict),
    ("volume is in use", Conflict),
    ("volume max claims reached", Conflict),
    ("is in use", Conflict),
    ("non-periodic job", Invalid),
    ("evaluate periodic job", Invalid),
    ("evaluate parameterized job", Invalid),
    ("non-parameterized job to being", Invalid),
    ("job to being non-", Invalid),
    ("is not a parameterized job", Invalid),
    ("can't be dispatched", Invalid),
    ("did not provide required meta", Invalid),
    ("unpermitted metadata keys", Invalid),
    ("in passed metadata", Invalid),
    ("payload", Invalid),
    ("not allow payload", Invalid),
    ("cannot update job from type", Invalid),
    ("job priority must be between", Invalid),
    ("failed to parse", Invalid),
    ("failed to decode", Invalid),
    ("error parsing", Invalid),
    ("request body is empty", Invalid),
    ("is read-only", Invalid),
    ("can not be deleted", Invalid),
    ("must be 36 characters", Invalid),
    ("uuid must", Invalid),
    ("missing job", Invalid),
    ("missing deployment id", Invalid),
    ("missing allocation id", Invalid),
    ("missing allocid", Invalid),
    ("missing node id", Invalid),
    ("missing parameterized job id", Invalid),
    ("must specify", Invalid),
    ("is not part of deployment", Invalid),
    ("invalid scheduling eligibility", Invalid),
    ("mismatched request namespace", Invalid),
    ("failed to create result paginator", Invalid),
    ("failed to read filter expression", Invalid),
    ("filter expression", Invalid),
    ("greater than configured job_max_count", Invalid),
    ("version must be zero", Invalid),
    ("could not find task runner", NotFound),
    ("unknown task name", NotFound),
    ("no such plugin", NotFound),
    ("no such allocation", NotFound),
    ("unknown allocation", NotFound),
    ("unknown node", NotFound),
    ("unknown job", NotFound),
    ("unknown evaluation", NotFound),
    ("unknown deployment", NotFound),
    ("does not have allocation", NotFound),
    ("does not exist", NotFound),
    ("doesn't exist", NotFound),
    ("not found", NotFound),
    ("not exist", NotFound),
];

/// What an answer of this status and text means.
pub(crate) fn meaning(status: u16, messages: &[String]) -> Meaning {
    let said: Vec<String> = messages.iter().map(|message| message.to_ascii_lowercase()).collect();
    let by_text = || {
        let fits = |text: &str| said.iter().any(|message| message.contains(text));
        TEXTS.iter().find(|(text, _)| fits(text)).map(|(_, meaning)| *meaning)
    };
    match status {
        401 | 403 => PermissionDenied,
        404 => NotFound,
        409 => Conflict,
        // A 400 may be about the state of things; what it says about absence is about the request.
        400 => match by_text() {
            Some(meaning @ (Conflict | EnterpriseOnly | PermissionDenied)) => meaning,
            _ => Invalid,
        },
        405 | 413 | 415 | 422 => Invalid,
        501 => by_text().filter(|meaning| *meaning == EnterpriseOnly).unwrap_or(Meaning::Other),
        500 => by_text().unwrap_or(Meaning::Other),
        _ => Meaning::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_server() {
        let cases = [
            (400, "job scaling blocked due to active deployment", Conflict),
            (400, "Failed to parse job: EOF", Invalid),
            (400, "jobs of type \"system\" do not support scaling", Invalid),
            (403, "Permission denied", PermissionDenied),
            (404, "job not found", NotFound),
            (405, "Invalid method", Invalid),
            (500, "rpc error: Permission denied", PermissionDenied),
            (500, "ACL token expired", PermissionDenied),
            (500, "failed to resolve ACL token: ACL token not found", PermissionDenied),
            (500, "No cluster leader", NoLeader),
            (500, "rpc error: leadership lost while committing log", NoLeader),
            (500, "Not ready to serve consistent reads", NoLeader),
            (500, "No path to region", UnknownRegion),
            (500, "multiple Vault namespaces requires Nomad Enterprise", EnterpriseOnly),
            (501, "Nomad Enterprise only endpoint", EnterpriseOnly),
            (500, "tag \"v1\" already exists on a different version of job \"web\"", Conflict),
            (500, "Current job has version 3; enforcing version 2", Conflict),
            (500, "Specified job \"batch\" is stopped", Conflict),
            (500, "can't promote terminal deployment", Conflict),
            (500, "can't unblock running deployment", Conflict),
            (500, "Task group \"web\" has 0/2 healthy allocations", Conflict),
            (500, "can't revert to current version", Conflict),
            (500, "can not set node's scheduling eligibility to eligible while it is draining", Conflict),
            (500, "restart of an alloc that should not run", Conflict),
            (500, "exec not possible, client status of allocation 5 is complete", Conflict),
            (500, "task \"web\" not started yet.", Conflict),
            (500, "eval broker is enabled; eval broker must be paused to delete evals", Conflict),
            (500, "volume max claims reached", Conflict),
            (500, "can't force launch non-periodic job", Invalid),
            (500, "can't evaluate periodic job", Invalid),
            (500, "Specified job \"web\" is not a parameterized job", Invalid),
            (500, "Dispatch did not provide required meta keys: [a]", Invalid),
            (500, "Dispatch request included unpermitted metadata keys: [a]", Invalid),
            (500, "Payload provided but forbidden by parameterized job", Invalid),
            (500, "Payload exceeds maximum size; 2 > 1", Invalid),
            (500, "cannot update job from type \"batch\" to \"service\"", Invalid),
            (500, "alloc lookup failed: index error: UUID must be 36 characters", Invalid),
            (500, "missing job ID for evaluation", Invalid),
            (500, "missing deployment ID", Invalid),
            (500, "default namespace can not be deleted", Invalid),
            (500, "failed to create result paginator: failed to read filter expression", Invalid),
            (500, "Could not find task runner for task: nope", NotFound),
            (500, "unknown task name \"nope\"", NotFound),
            (500, "Unknown allocation \"5a\"", NotFound),
            (500, "rpc error: Unknown node \"5a\"", NotFound),
            (500, "deployment not found", NotFound),
            (500, "tag \"v9\" not found", NotFound),
            (500, "Deployment ID \"x\" couldn't be updated as it does not exist", NotFound),
            (500, "job web does not have allocation 5a", NotFound),
            (500, "no such plugin", NotFound),
            (500, "error making snapshot: disk full", Meaning::Other),
            (502, "job not found", Meaning::Other),
        ];
        for (status, text, wanted) in cases {
            assert_eq!(meaning(status, &[text.to_owned()]), wanted, "{status} {text}");
        }
    }

    #[test]
    fn each_text_has_a_row_of_its_own() {
        for (at, (text, meaning)) in TEXTS.iter().enumerate() {
            assert_eq!(*text, text.to_ascii_lowercase());
            for (earlier, other) in TEXTS.iter().take(at) {
                assert!(!text.contains(earlier) || meaning == other, "`{text}` is hidden by `{earlier}`");
            }
        }
    }
}
