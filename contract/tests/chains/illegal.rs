//! Chains of calls that mean nothing. Each line that must not compile says so; the others must.

use std::time::Duration;

async fn nomad(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    let jobs = nomad.jobs();
    let _ = jobs.get("a").optional().stale().watch();
    let _ = jobs.get("a").optional().optional(); //~ already
    let _ = jobs.list().optional(); //~ optional
    let _ = jobs.list().items();
    let _ = jobs.get("a").items(); //~ items
    let _ = jobs.actions("a").watch(); //~ watch
    let _ = jobs.submission("a", 1).watch();
    let _ = nomad.allocations().logs("a", "t").await?;
    let _ = nomad.allocations().logs("a", "t").follow().stderr().stream();
    let _ = nomad.allocations().logs("a", "t").follow().await?; //~ never ends
    let _ = nomad.allocations().stream_file("a", "f").follow().reply().await?; //~ never ends
    Ok(())
}

async fn vault(vault: vault_client::Client) -> vault_client::Result<()> {
    let (kv, transit) = (vault.kv2("secret"), vault.transit("transit"));
    let _ = kv.get("a").version(2).envelope().optional().await?;
    let _ = kv.get("a").optional().version(2).await?;
    let _ = kv.get("a").typed::<u8>().optional().await?;
    let _ = kv.get("a").optional().envelope(); //~ envelope
    let _ = kv.get("a").envelope().envelope(); //~ envelope
    let _ = kv.get("a").optional().typed::<u8>(); //~ typed
    let _ = kv.get("a").envelope().typed::<u8>(); //~ typed
    let _ = transit.sign("k", "x").prehashed(true).context("c").await?;
    let _ = transit.sign("k", "x").envelope(); //~ envelope
    let _ = transit.encrypt("k", "x").context("c").key_version(2).envelope().await?;
    let _ = transit.encrypt("k", "x").prehashed(true); //~ prehashed
    let _ = transit.decrypt("k", "x").key_version(2); //~ key_version
    let _ = transit.rewrap("k", "x").associated_data("d"); //~ associated_data
    let _ = transit.random(8).envelope(); //~ envelope
    let _ = kv.delete("a").warnings().warnings(); //~ warnings
    let _ = vault.auth().token().lookup_self().wrap(Duration::from_secs(60)).optional(); //~ already
    let _ = vault.auth().token().lookup_self().optional().wrap(Duration::from_secs(60)); //~ wrap
    Ok(())
}

async fn consul(consul: consul_client::Client) -> consul_client::Result<()> {
    let kv = consul.kv();
    let text = String::from("v");
    kv.put("a", text.as_str()).flags(1).cas(7).await?;
    kv.put("a", "b").acquire("s").flags(1).await?;
    let _ = kv.put("a", "b").acquire("s").cas(1); //~ cas
    let _ = kv.delete_tree("a/").cas(1); //~ cas
    let _ = kv.get("a").optional().watch();
    let _ = kv.get("a").optional().optional(); //~ already
    let _ = consul.agent().monitor().log_level("debug").lines().await?;
    let _ = consul.agent().monitor().await?; //~ never ends
    let _ = consul.agent().monitor().reply().await?; //~ never ends
    Ok(())
}
