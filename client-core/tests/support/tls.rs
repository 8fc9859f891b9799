//! Real TLS sockets for tests of any client: authorities, servers that note what they see, a proxy,
//! and the cases that a client has to pass.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// An authority that issues certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `name`, which is a host's or an IP address.
    pub fn issue(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name).signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.subject_alt_names = vec![match name.parse::<IpAddr>() {
        Ok(ip) => SanType::IpAddress(ip),
        Err(_) => SanType::DnsName(name.try_into().unwrap()),
    }];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// What `openssl req -x509` makes: self-signed, for `name`, and an authority's by its own word.
pub fn self_signed_authority(name: &str) -> Pair {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages.clear();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// What a server saw of one connection.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub sni: Option<String>,
    pub client: bool,
    pub request: String,
}

/// A server that answers every request with `[]` and notes what it saw.
pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Listens on `ip`; asks for certificates of `clients`, if there are such.
    pub async fn start(ip: &str, port: u16, pair: &Pair, clients: Option<&Authority>) -> Self {
        let listener = TcpListener::bind((ip, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, seen) = (acceptor(pair, clients), Arc::new(Mutex::new(Vec::new())));
        let server = Self { port, seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&seen)));
            }
        });
        server
    }

    #[cfg(unix)]
    pub async fn start_unix(path: &std::path::Path, pair: &Pair) -> Self {
        let listener = tokio::net::UnixListener::bind(path).unwrap();
        let (acceptor, seen) = (acceptor(pair, None), Arc::new(Mutex::new(Vec::new())));
        let server = Self { port: 0, seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&seen)));
            }
        });
        server
    }

    /// What was seen since the last look.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn acceptor(pair: &Pair, clients: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

async fn serve<S>(stream: S, acceptor: TlsAcceptor, seen: Arc<Mutex<Vec<Seen>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let (sni, client) = {
        let (_, connection) = stream.get_ref();
        (connection.server_name().map(str::to_owned), connection.peer_certificates().is_some())
    };
    let request = head(&mut stream).await;
    seen.lock().unwrap().push(Seen { sni, client, request });
    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

/// The lines of a request, to the empty one.
async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A proxy that makes tunnels, or refuses to, and notes what it was asked for.
pub struct Proxy {
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub async fn start(allow: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let proxy = Self { address, asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let asked = Arc::clone(&asked);
                tokio::spawn(async move {
                    let head = head(&mut stream).await;
                    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    asked.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
                    if !allow {
                        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
                        return;
                    }
                    let mut server = TcpStream::connect(target.parse::<SocketAddr>().unwrap()).await.unwrap();
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                });
            }
        });
        proxy
    }

    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// What a client is set up with.
#[derive(Default, Clone)]
pub struct Settings {
    pub address: String,
    pub https: bool,
    pub roots: String,
    pub identity: Option<Pair>,
    pub server_name: Option<String>,
    pub proxy: Option<String>,
}

/// Makes a client of settings in the only way all three have: their builder.
#[macro_export]
macro_rules! tls_client {
    ($builder:expr, $settings:expr, $module:ident) => {{
        let settings: $crate::tls_support::Settings = $settings;
        let mut builder = $builder
            .address(settings.address)
            .https(settings.https)
            .root_certificates($module::RootCertificates::Pem(settings.roots))
            .retry($module::RetryPolicy::never())
            .token("hunter2");
        if let Some(pair) = settings.identity {
            builder = builder.client_identity($module::ClientIdentity::pem(pair.certificate, pair.key));
        }
        if let Some(name) = settings.server_name {
            builder = builder.tls_server_name(name);
        }
        if let Some(proxy) = settings.proxy {
            builder = builder.proxy(proxy);
        }
        builder.build()
    }};
}

/// Runs all cases with `call`, which makes a client and sends one request that `[]` answers.
pub async fn cases<F, R>(call: F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    names(&call).await;
    addresses_as_names(&call).await;
    client_certificates(&call).await;
    proxies(&call).await;
    mistakes(&call).await;
    self_signed(&call).await;
    #[cfg(unix)]
    sockets(&call).await;
}

fn at(port: u16, roots: &Authority, name: Option<&str>) -> Settings {
    Settings {
        address: format!("https://127.0.0.1:{port}"),
        roots: roots.pem(),
        server_name: name.map(str::to_owned),
        ..Settings::default()
    }
}

#[track_caller]
fn refused(outcome: Result<(), String>, words: &[&str]) {
    let text = outcome.unwrap_err();
    assert!(!text.contains('\n') && !text.contains("hunter2"), "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

async fn names<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let authority = Authority::new("one");
    let server = Server::start("127.0.0.1", 0, &authority.issue("api.internal"), None).await;
    let place = format!("127.0.0.1:{}", server.port);
    call(at(server.port, &authority, Some("api.internal"))).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].sni.as_deref(), Some("api.internal"));
    assert!(
        seen[0].request.to_ascii_lowercase().contains(&format!("host: {place}\r\n")),
        "{}",
        seen[0].request
    );
    refused(
        call(at(server.port, &authority, None)).await,
        &[&place, "is not for `127.0.0.1`", "api.internal"],
    );
    refused(
        call(at(server.port, &authority, Some("other.internal"))).await,
        &[&place, "is not for `other.internal`"],
    );
    let other = Authority::new("two");
    refused(
        call(at(server.port, &other, Some("api.internal"))).await,
        &[&place, "was not issued by an authority that is trusted here"],
    );
    assert!(server.seen().is_empty(), "nothing was sent where a certificate was refused");
}

async fn addresses_as_names<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let authority = Authority::new("one");
    let pair = authority.issue("127.0.0.2");
    let server = Server::start("127.0.0.1", 0, &pair, None).await;
    // Whoever connects to the name instead of the address meets this one.
    let decoy = Server::start("127.0.0.2", server.port, &pair, None).await;
    call(at(server.port, &authority, Some("127.0.0.2"))).await.unwrap();
    let seen = server.seen();
    assert_eq!((seen.len(), decoy.seen().len()), (1, 0));
    assert_eq!(seen[0].sni, None, "an address is no name to ask for");
    refused(call(at(server.port, &authority, Some("127.0.0.3"))).await, &["is not for `127.0.0.3`"]);
    assert!(decoy.seen().is_empty());
}

async fn client_certificates<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let server = Server::start("127.0.0.1", 0, &authority.issue("api.internal"), Some(&clients)).await;
    let with = |identity| Settings { identity, ..at(server.port, &authority, Some("api.internal")) };
    call(with(Some(clients.issue("me")))).await.unwrap();
    assert!(server.seen()[0].client);
    refused(call(with(None)).await, &["the server asks for a client certificate"]);
    refused(
        call(with(Some(authority.issue("me")))).await,
        &["the server does not accept the client certificate"],
    );
    assert!(server.seen().is_empty());
    let mixed = Pair { key: clients.issue("other").key, ..clients.issue("me") };
    refused(call(with(Some(mixed))).await, &["do not belong together"]);
}

async fn proxies<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let authority = Authority::new("one");
    let server = Server::start("127.0.0.1", 0, &authority.issue("api.internal"), None).await;
    let proxy = Proxy::start(true).await;
    let through = |proxy: &Proxy, name| Settings {
        proxy: Some(proxy.address.clone()),
        ..at(server.port, &authority, Some(name))
    };
    call(through(&proxy, "api.internal")).await.unwrap();
    assert_eq!(proxy.asked(), [format!("CONNECT 127.0.0.1:{} HTTP/1.1", server.port)]);
    assert_eq!(server.seen()[0].sni.as_deref(), Some("api.internal"));
    refused(
        call(through(&proxy, "other.internal")).await,
        &["through the proxy", "is not for `other.internal`"],
    );
    let wall = Proxy::start(false).await;
    refused(call(through(&wall, "api.internal")).await, &[&wall.address, "the proxy answered 403 Forbidden"]);
    assert!(server.seen().is_empty());
}

async fn mistakes<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let authority = Authority::new("one");
    for name in ["not a name", "-", "a..b", ""] {
        refused(call(at(1, &authority, Some(name))).await, &["TLS server name", name]);
    }
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = plain.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let mut seen = [0; 64];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
        }
    });
    refused(call(at(port, &authority, None)).await, &["the server does not speak TLS"]);
}

async fn self_signed<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let pair = self_signed_authority("api.internal");
    let server = Server::start("127.0.0.1", 0, &pair, None).await;
    let with = |roots: &str, name: &str| Settings {
        address: format!("https://127.0.0.1:{}", server.port),
        roots: roots.to_owned(),
        server_name: Some(name.to_owned()),
        ..Settings::default()
    };
    call(with(&pair.certificate, "api.internal")).await.unwrap();
    refused(call(with(&pair.certificate, "other.internal")).await, &["is not for `other.internal`"]);
    // Another certificate with the same subject is not the one that was given.
    let other = self_signed_authority("api.internal");
    refused(call(with(&other.certificate, "api.internal")).await, &["CA:TRUE"]);
}

#[cfg(unix)]
async fn sockets<F, R>(call: &F)
where
    F: Fn(Settings) -> R,
    R: Future<Output = Result<(), String>>,
{
    let authority = Authority::new("one");
    let folder = std::env::temp_dir().join(format!("tls-{}-{:p}", std::process::id(), &authority));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("api.sock");
    let server = Server::start_unix(&path, &authority.issue("api.internal")).await;
    let with = |name: &str| Settings {
        address: format!("unix://{}", path.display()),
        https: true,
        roots: authority.pem(),
        server_name: Some(name.to_owned()),
        ..Settings::default()
    };
    call(with("api.internal")).await.unwrap();
    assert_eq!(server.seen()[0].sni.as_deref(), Some("api.internal"));
    refused(call(with("other.internal")).await, &["api.sock", "is not for `other.internal`"]);
    assert!(server.seen().is_empty());
    let _ = std::fs::remove_dir_all(&folder);
}
