//! Is it worth while to forward packets instead of splicing streams?
mod forward;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use forward::{Forwarder, Id, Route};
use quinn::{
    ClientConfig, Connection, ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig,
    ServerConfig, TokioRuntime, TransportConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

type Failure = Box<dyn std::error::Error + Send + Sync>;
const HEADER: usize = 24;
const TAG: usize = 16;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["bench", pairs, bytes, frame, modes @ ..] = args.as_slice() {
        return bench(pairs.parse()?, bytes.parse()?, frame, modes);
    }
    let runtime = if std::env::var("MULTI").is_ok() {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?
    } else {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
    };
    runtime.block_on(async {
        match args.as_slice() {
            ["relay", mode] => relay(mode).await,
            ["sharer", relay, bytes, frame] => {
                sharer(relay.parse()?, bytes.parse()?, frame.parse()?).await
            }
            ["helper", relay, bytes, frame] => {
                helper(relay.parse()?, bytes.parse()?, frame.parse()?).await
            }
            _ => Err("bench PAIRS BYTES FRAME MODE... | relay | sharer | helper".into()),
        }
    })
}

// --- what all have ---

struct Ids(Arc<Mutex<Option<Id>>>);

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).unwrap();
        if let Some(id) = *self.0.lock().unwrap() {
            bytes[..8].copy_from_slice(&id);
        }
        ConnectionId::new(&bytes)
    }
    fn cid_len(&self) -> usize {
        16
    }
    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

fn transport() -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.stream_receive_window((1024_u32 * 1024).into());
    transport.receive_window((4 * 1024_u32 * 1024).into());
    transport.send_window(2 * 1024 * 1024);
    transport.max_concurrent_uni_streams(8_u32.into());
    transport.max_idle_timeout(Some(Duration::from_secs(5).try_into().unwrap()));
    Arc::new(transport)
}

fn server_config() -> Result<ServerConfig, Failure> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let key = made.signing_key.serialize_der().try_into()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    tls.alpn_protocols = vec![b"spike".to_vec()];
    let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    config.transport_config(transport());
    Ok(config)
}

#[derive(Debug)]
struct Any(Arc<rustls::crypto::CryptoProvider>);
impl rustls::client::danger::ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        m: &[u8],
        c: &rustls::pki_types::CertificateDer<'_>,
        d: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(m, c, d, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        m: &[u8],
        c: &rustls::pki_types::CertificateDer<'_>,
        d: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(m, c, d, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn client_config() -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any(provider)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"spike".to_vec()];
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    config.transport_config(transport());
    Ok(config)
}

/// One endpoint for the control connection and for the path.
fn endpoint(own: &Arc<Mutex<Option<Id>>>, server: bool) -> Result<Endpoint, Failure> {
    let own = own.clone();
    let mut config = EndpointConfig::default();
    config.cid_generator(move || Box::new(Ids(own.clone())));
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let server = if server { Some(server_config()?) } else { None };
    Ok(Endpoint::new(
        config,
        server,
        socket,
        Arc::new(TokioRuntime),
    )?)
}

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    let fields: Vec<&str> = after.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
}

async fn until_stdin_ends() {
    let (done, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = done.send(());
    });
    let _ = ended.await;
}

// --- relay ---

async fn relay(mode: &str) -> Result<(), Failure> {
    let forwarder = Arc::new(Forwarder::new("127.0.0.1:0".parse()?, mode == "merge")?);
    let endpoint = Endpoint::new_with_abstract_socket(
        EndpointConfig::default(),
        Some(server_config()?),
        forwarder.clone(),
        Arc::new(TokioRuntime),
    )?;
    say(&forwarder.local()?.to_string());
    let splices = mode == "splice";
    let stats = forwarder.clone();
    let task = tokio::spawn(async move {
        let mut ends = Vec::new();
        for _ in 0..2 {
            let connection = endpoint.accept().await.ok_or("closed")?.await?;
            let (send, mut recv) = connection.accept_bi().await?;
            let mut role = [0];
            recv.read_exact(&mut role).await?;
            ends.push((role[0], connection, send));
        }
        ends.sort_by_key(|end| end.0);
        let mut ids: [Id; 2] = [[0; 8]; 2];
        ids.iter_mut().for_each(|id| getrandom::fill(id).unwrap());
        let address = [ends[0].1.remote_address(), ends[1].1.remote_address()];
        {
            let mut routes = forwarder.routes.write().unwrap();
            routes.insert(
                ids[0],
                Route {
                    from: address[1],
                    to: address[0],
                },
            );
            routes.insert(
                ids[1],
                Route {
                    from: address[0],
                    to: address[1],
                },
            );
        }
        for end in 0..2 {
            let words = [&[u8::from(splices)][..], &ids[end], &ids[1 - end]].concat();
            ends[end].2.write_all(&words).await?;
        }
        if splices {
            // Roles: 0 helper, 1 sharer.
            splice(&ends[1].1, &ends[0].1).await?;
        }
        ends[0].1.closed().await;
        Ok::<_, Failure>(())
    });
    until_stdin_ends().await;
    let stats = &stats.stats;
    let read = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
    say(&format!(
        "{:.2} calls {} messages {} packets {} bytes {} sends {} dropped {}",
        cpu(),
        read(&stats.calls),
        read(&stats.messages),
        read(&stats.packets),
        read(&stats.bytes),
        read(&stats.sends),
        read(&stats.dropped),
    ));
    task.abort();
    Ok(())
}

async fn splice(from: &Connection, to: &Connection) -> Result<(), Failure> {
    let mut from = from.accept_uni().await?;
    let mut to = to.open_uni().await?;
    let mut chunks = [const { Bytes::new() }; 16];
    while let Some(read) = from.read_chunks(&mut chunks).await? {
        to.write_all_chunks(&mut chunks[..read]).await?;
    }
    to.finish()?;
    Ok(())
}

// --- ends ---

struct Start {
    splices: bool,
    peer: Id,
}

async fn meet(
    relay: SocketAddr,
    endpoint: &Endpoint,
    own: &Mutex<Option<Id>>,
    role: u8,
) -> Result<(Connection, Start), Failure> {
    let connection = endpoint
        .connect_with(client_config()?, relay, "localhost")?
        .await?;
    let (mut send, mut recv) = connection.open_bi().await?;
    send.write_all(&[role]).await?;
    let mut words = [0; 17];
    recv.read_exact(&mut words).await?;
    *own.lock().unwrap() = Some(words[1..9].try_into()?);
    let start = Start {
        splices: words[0] == 1,
        peer: words[9..].try_into()?,
    };
    // Kept open until the process ends.
    std::mem::forget((send, recv));
    Ok((connection, start))
}

fn key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap())
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

async fn sharer(relay: SocketAddr, bytes: usize, frame: usize) -> Result<(), Failure> {
    let own = Arc::new(Mutex::new(None));
    let endpoint = endpoint(&own, true)?;
    let mut control = None;
    let connection = if relay.port() == 1 {
        say(&endpoint.local_addr()?.to_string());
        endpoint.accept().await.ok_or("closed")?.await?
    } else {
        let (relayed, start) = meet(relay, &endpoint, &own, 1).await?;
        if start.splices {
            relayed
        } else {
            control = Some(relayed);
            let incoming = endpoint.accept().await.ok_or("closed")?;
            assert!(incoming.remote_address() == relay);
            incoming.await?
        }
    };
    let mut send = connection.open_uni().await?;
    let key = key();
    let picture = vec![0x5A; frame];
    for number in 0..(bytes / frame) as u64 {
        let mut record = BytesMut::with_capacity(HEADER + frame + TAG);
        record.extend_from_slice(&[0x40; HEADER]);
        record.extend_from_slice(&picture);
        let (header, body) = record.split_at_mut(HEADER);
        let tag = key
            .seal_in_place_separate_tag(nonce(number), Aad::from(&*header), body)
            .unwrap();
        record.extend_from_slice(tag.as_ref());
        send.write_chunk(record.freeze()).await?;
    }
    send.finish()?;
    let _ = send.stopped().await;
    let stats = connection.stats();
    say(&format!(
        "{:.2} mtu {} lost {} sent {} congestion {}",
        cpu(),
        stats.path.current_mtu,
        stats.path.lost_packets,
        stats.path.sent_packets,
        stats.path.congestion_events
    ));
    until_stdin_ends().await;
    drop(control);
    Ok(())
}

async fn helper(relay: SocketAddr, bytes: usize, frame: usize) -> Result<(), Failure> {
    let own = Arc::new(Mutex::new(None));
    let endpoint = endpoint(&own, false)?;
    let mut control = None;
    let connection = if std::env::var("DIRECT").is_ok() {
        endpoint
            .connect_with(client_config()?, relay, "localhost")?
            .await?
    } else {
        let (relayed, start) = meet(relay, &endpoint, &own, 0).await?;
        if start.splices {
            relayed
        } else {
            control = Some(relayed);
            let mut config = client_config()?;
            config.initial_dst_cid_provider(Arc::new(move || {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).unwrap();
                bytes[..8].copy_from_slice(&start.peer);
                ConnectionId::new(&bytes)
            }));
            endpoint.connect_with(config, relay, "localhost")?.await?
        }
    };
    let mut recv = connection.accept_uni().await?;
    let key = key();
    let mut record = vec![0; HEADER + frame + TAG];
    let mut began = Instant::now();
    let frames = (bytes / frame) as u64;
    for number in 0..frames {
        recv.read_exact(&mut record).await?;
        if number == 0 {
            began = Instant::now();
        }
        let (header, body) = record.split_at_mut(HEADER);
        key.open_in_place(nonce(number), Aad::from(&*header), body)
            .map_err(|_| "does not open")?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = ((frames - 1) as usize * frame) as f64 * 8.0 / seconds / 1e9;
    say(&format!("{rate:.3} {:.2}", cpu()));
    connection.close(0_u32.into(), b"");
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(control);
    Ok(())
}

// --- who measures ---

struct Role {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<std::process::ChildStdout>,
}

impl Role {
    fn start(args: &[&str], direct: bool) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if direct {
            command.env("DIRECT", "1");
        }
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self {
            child,
            input,
            output,
        })
    }
    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
    fn end(mut self) -> Result<(), Failure> {
        self.input = None;
        self.child.wait()?;
        Ok(())
    }
}

fn first(line: &str) -> f64 {
    line.split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(f64::NAN)
}

fn run(mode: &str, bytes: usize, frame: &str) -> Result<(f64, f64), Failure> {
    let gb = bytes as f64 / 1e9;
    let total = bytes.to_string();
    if mode == "direct" {
        let mut sharer = Role::start(&["sharer", "127.0.0.1:1", &total, frame], true)?;
        let at = sharer.line()?;
        let mut helper = Role::start(&["helper", &at, &total, frame], true)?;
        let helped = helper.line()?;
        helper.end()?;
        let shared = sharer.line()?;
        sharer.end()?;
        say(&format!("  direct   {helped} | sharer {shared}"));
        return Ok((first(&helped), 0.0));
    }
    let mut relay = Role::start(&["relay", mode], false)?;
    let at = relay.line()?;
    let mut sharer = Role::start(&["sharer", &at, &total, frame], false)?;
    let mut helper = Role::start(&["helper", &at, &total, frame], false)?;
    let helped = helper.line()?;
    helper.end()?;
    let shared = sharer.line()?;
    sharer.end()?;
    relay.input = None;
    let relayed = relay.line()?;
    relay.end()?;
    say(&format!(
        "  {mode:8} {helped} | sharer {shared} | relay {relayed}"
    ));
    Ok((first(&helped), first(&relayed) / gb))
}

fn median(mut all: Vec<f64>) -> String {
    all.sort_by(f64::total_cmp);
    format!(
        "{:.3} ({:.3} to {:.3})",
        all[all.len() / 2],
        all[0],
        all[all.len() - 1]
    )
}

fn bench(pairs: usize, bytes: usize, frame: &str, modes: &[&str]) -> Result<(), Failure> {
    let mut ratios = vec![Vec::new(); modes.len()];
    let mut costs = vec![Vec::new(); modes.len()];
    for _ in 0..pairs {
        for (at, mode) in modes.iter().enumerate() {
            let (direct, _) = run("direct", bytes, frame)?;
            let (rate, cost) = run(mode, bytes, frame)?;
            ratios[at].push(rate / direct);
            costs[at].push(cost);
        }
    }
    for (at, mode) in modes.iter().enumerate() {
        say(&format!(
            "{mode}: of direct {}, relay s/GB {}",
            median(ratios[at].clone()),
            median(costs[at].clone())
        ));
    }
    Ok(())
}
