use crate::tls_support::{Settings, cases};

async fn call(settings: Settings) -> Result<(), String> {
    let client = crate::tls_client!(vault_client::Client::builder(), settings, vault_client);
    let client = client.map_err(|error| error.to_string())?;
    client.raw(vault_client::Method::GET, "/v1/x").await.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn whom_tls_asks_for_and_where_is_connected_to() {
    cases(call).await;
}
