//! Volumes, and what only Enterprise servers have.

use nomad_client::{
    Client, CsiSnapshot, CsiVolume, HostVolume, Quota, QuotaLimit, Recommendation, SentinelPolicy, Spec,
};
use serde_json::Value;

use super::{Line, wire};

/// The wire line alone: the bodies of these calls are the volumes themselves.
fn with_body_of(
    lines: &mut Vec<Line>,
    spec: nomad_client::Result<Spec>,
    wire: &'static str,
    pointer: &str,
    name: &str,
) {
    let spec = spec.unwrap();
    let body = spec.json();
    assert_eq!(body.pointer(pointer).and_then(Value::as_str), Some(name), "{wire}: {body}");
    lines.push(Line { spec, wire, body });
}

pub(super) fn lines(nomad: &Client, lines: &mut Vec<Line>) {
    let volumes = nomad.volumes();
    let csi = CsiVolume::new("v", "data", "ebs");
    let host = HostVolume::new("data", "mkdir").node_pool("gpu");
    let snapshot = CsiSnapshot::of("v", "ebs", "daily");
    let secrets = [("user", "u".to_owned().into()), ("key", "k".to_owned().into())];
    wire! { lines:
        volumes.list_csi().plugin("ebs").node("n") => "GET /v1/volumes?type=csi&plugin_id=ebs&node_id=n";
        volumes.list_host().node("n").node_pool("gpu").reverse(true) =>
            "GET /v1/volumes?type=host&node_id=n&node_pool=gpu&reverse=true";
        volumes.list_external("ebs").per_page(5).next_token("t") =>
            "GET /v1/volumes/external?plugin_id=ebs&per_page=5&next_token=t";
        volumes.list_snapshots("ebs").secrets(&secrets) => "GET /v1/volumes/snapshot?plugin_id=ebs";
        volumes.delete_snapshot("ebs", "s").secrets(&secrets) =>
            "DELETE /v1/volumes/snapshot?plugin_id=ebs&snapshot_id=s";
        volumes.get_csi("v") => "GET /v1/volume/csi/v";
        volumes.deregister_csi("v").force(true) => "DELETE /v1/volume/csi/v?force=true";
        volumes.delete_csi("v") => "DELETE /v1/volume/csi/v/delete";
        volumes.detach_csi("v", "n") => "DELETE /v1/volume/csi/v/detach?node=n";
        volumes.get_host("v") => "GET /v1/volume/host/v";
        volumes.delete_host("v").force(true) => "DELETE /v1/volume/host/v?force=true";
        volumes.claims().job("api").group("web").volume_name("data") =>
            "GET /v1/volumes/claims?job_id=api&task_group=web&volume_name=data";
        volumes.delete_claim("c") => "DELETE /v1/volumes/claim/c";
        volumes.plugins().prefix("e") => "GET /v1/plugins?type=csi&prefix=e";
        volumes.plugin("ebs") => "GET /v1/plugin/csi/ebs";

        nomad.quotas().list().prefix("a") => "GET /v1/quotas?prefix=a";
        nomad.quotas().usages() => "GET /v1/quota-usages";
        nomad.quotas().get("q") => "GET /v1/quota/q";
        nomad.quotas().usage("q") => "GET /v1/quota/usage/q";
        nomad.quotas().delete("q") => "DELETE /v1/quota/q";
        nomad.sentinel().list() => "GET /v1/sentinel/policies";
        nomad.sentinel().get("p") => "GET /v1/sentinel/policy/p";
        nomad.sentinel().delete("p") => "DELETE /v1/sentinel/policy/p";
        nomad.recommendations().list().job("api").group("web").task("t") =>
            "GET /v1/recommendations?job=api&group=web&task=t";
        nomad.recommendations().get("r") => "GET /v1/recommendation/r";
        nomad.recommendations().apply(&["a"], &["b"]).policy_override(true) => "PUT /v1/recommendations/apply",
            {"Apply": ["a"], "Dismiss": ["b"], "PolicyOverride": true};
    }
    let sent = volumes.list_snapshots("ebs").secrets(&secrets).spec().unwrap();
    assert_eq!(sent.headers["x-nomad-csi-secrets"], "user=u,key=k");
    let bulk = volumes.register_csi_volumes(std::slice::from_ref(&csi)).spec();
    let snapshots = volumes.create_snapshots(std::slice::from_ref(&snapshot)).spec();
    let mut advice = Recommendation::default();
    advice.resource = "CPU".into();
    for (spec, wire, pointer, name) in [
        (bulk, "PUT /v1/volumes", "/Volumes/0/PluginID", "ebs"),
        (volumes.register_csi(&csi).spec(), "PUT /v1/volume/csi/v", "/Volumes/0/ID", "v"),
        (volumes.create_csi(&csi).spec(), "PUT /v1/volume/csi/v/create", "/Volumes/0/Name", "data"),
        (snapshots, "PUT /v1/volumes/snapshot", "/Snapshots/0/SourceVolumeID", "v"),
        (volumes.create_host(&host).spec(), "PUT /v1/volume/host/create", "/Volume/NodePool", "gpu"),
        (volumes.register_host(&host).spec(), "PUT /v1/volume/host/register", "/Volume/Name", "data"),
        (
            nomad.quotas().upsert(&Quota::new("q", [QuotaLimit::default()])).spec(),
            "PUT /v1/quota",
            "/Name",
            "q",
        ),
        (
            nomad.sentinel().upsert(&SentinelPolicy::new("p", "main = rule { true }")).spec(),
            "PUT /v1/sentinel/policy/p",
            "/EnforcementLevel",
            "advisory",
        ),
        (nomad.recommendations().upsert(&advice).spec(), "PUT /v1/recommendation", "/Resource", "CPU"),
    ] {
        with_body_of(lines, spec, wire, pointer, name);
    }
}
