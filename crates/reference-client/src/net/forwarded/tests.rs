use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alongside_wire::{
    limits::timers::PATH_SILENCE,
    path::{Check, routing_id},
};
use quinn::{ConnectionError, ConnectionId, TokioRuntime};
use tokio::{net::UdpSocket, time::timeout};

use super::*;

const SHARER: RoutingId = [0x51; 8];
const HELPER: RoutingId = [0x4B; 8];

/// How long anything may take. Nothing takes it but a failure.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is seen that nothing happens.
const MOMENT: Duration = Duration::from_millis(300);

/// What stands for a relay: it knows two ends, and takes everybody else for the first.
struct Middle {
    at: SocketAddr,
    /// The routing ids of packets to the sharer, and to the helper; none for what has none.
    to: Arc<Mutex<[BTreeSet<Option<RoutingId>>; 2]>>,
    /// Nothing comes through any more.
    hole: Arc<AtomicBool>,
}

/// One end.
struct End {
    endpoint: Endpoint,
    forwarded: Forwarded,
}

async fn ends() -> (Middle, End, End) {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let at = socket.local_addr().unwrap();
    let (helper, sharer) = (end(at), end(at));
    let [first, other] = [&helper, &sharer].map(|end| end.endpoint.local_addr().unwrap());
    let to = Arc::<Mutex<[BTreeSet<_>; 2]>>::default();
    let seen = to.clone();
    let hole = Arc::<AtomicBool>::default();
    let swallows = hole.clone();
    tokio::spawn(async move {
        let mut packet = [0; 2_000];
        loop {
            let Ok((len, from)) = socket.recv_from(&mut packet).await else {
                continue;
            };
            let (packet, back) = (&packet[..len], from == other);
            seen.lock().unwrap()[usize::from(back)].insert(routing_id(packet));
            let to = if back { first } else { other };
            if swallows.load(Ordering::SeqCst) {
                continue;
            }
            let _ = socket.send_to(packet, to).await;
        }
    });
    (Middle { at, to, hole }, helper, sharer)
}

fn end(relay: SocketAddr) -> End {
    let ids = Ids::new().unwrap();
    let (socket, checks) = bind(([127, 0, 0, 1], 0).into(), relay).unwrap();
    let runtime = Arc::new(TokioRuntime);
    let endpoint =
        Endpoint::new_with_abstract_socket(ids.endpoint_config(), None, socket, runtime).unwrap();
    End {
        forwarded: Forwarded::new(endpoint.clone(), relay, ids, checks),
        endpoint,
    }
}

impl End {
    fn offer(&mut self) -> [u8; 32] {
        let mut offered = None;
        self.forwarded.offer(|certificate| {
            offered = Some(certificate);
            true
        });
        offered.unwrap()
    }

    async fn next(&mut self) -> News {
        let next = timeout(PATIENCE, self.forwarded.next()).await;
        next.expect("nothing happens")
    }

    async fn up(&mut self) -> Connection {
        assert!(matches!(self.next().await, News::Up));
        self.forwarded.connection().unwrap().clone()
    }

    async fn nothing(&mut self) {
        assert!(timeout(MOMENT, self.forwarded.next()).await.is_err());
    }
}

/// Both offer, and are told of certificates; then the helper calls.
fn call(helper: &mut End, sharer: &mut End, change: impl Fn(&mut [[u8; 32]; 2])) {
    let mut certificates = [&mut *helper, &mut *sharer].map(End::offer);
    change(&mut certificates);
    call_with(helper, sharer, certificates);
}

/// The helper calls, after both were told of these certificates.
fn call_with(helper: &mut End, sharer: &mut End, [of_helper, of_sharer]: [[u8; 32]; 2]) {
    sharer.forwarded.agreed(of_helper);
    helper.forwarded.agreed(of_sharer);
    sharer.forwarded.routed(SHARER);
    sharer.forwarded.await_other();
    helper.forwarded.routed(HELPER);
    helper.forwarded.call(SHARER);
}

fn is_closed(error: &ConnectionError, reason: ErrorCode) -> bool {
    matches!(error, ConnectionError::ApplicationClosed(close) if close.error_code == code(reason))
}

//= test spec/20-forwarded-packets.md#clients [PATH-22] dd51a26a
//= test spec/20-forwarded-packets.md#clients [PATH-23] 6c025647
//= test spec/20-forwarded-packets.md#clients [PATH-24] 339197a8
//= test spec/20-forwarded-packets.md#clients [PATH-27] ae88f509
#[tokio::test]
async fn two_ends_meet_and_allow_what_they_should() {
    let (middle, mut helper, mut sharer) = ends().await;
    call(&mut helper, &mut sharer, |_| {});
    let (at_helper, at_sharer) = (helper.up().await, sharer.up().await);
    // Input goes as ever.
    assert!(sharer.forwarded.outgoing().is_some() && helper.forwarded.outgoing().is_none());
    // One way, and eight streams at once.
    let mut streams = Vec::new();
    for _ in 0..8 {
        let opened = timeout(PATIENCE, at_sharer.open_uni()).await;
        streams.push(opened.unwrap().unwrap());
    }
    assert!(timeout(MOMENT, at_sharer.open_uni()).await.is_err());
    assert!(timeout(MOMENT, at_sharer.open_bi()).await.is_err());
    assert!(timeout(MOMENT, at_helper.open_uni()).await.is_err());
    assert!(timeout(MOMENT, at_helper.open_bi()).await.is_err());
    assert_eq!(
        (at_helper.max_datagram_size(), at_sharer.max_datagram_size()),
        (None, None)
    );
    streams[7].write_all(b"a picture").await.unwrap();
    streams[7].finish().unwrap();
    let mut came = at_helper.accept_uni().await.unwrap();
    // Those before it have said nothing, and are opened with it.
    for _ in 0..7 {
        came = at_helper.accept_uni().await.unwrap();
    }
    assert_eq!(came.read_to_end(100).await.unwrap(), b"a picture");
    let to = middle.to.lock().unwrap().clone();
    assert_eq!(
        to,
        [Some(SHARER), Some(HELPER)].map(|id| BTreeSet::from([id]))
    );
}

//= test spec/20-forwarded-packets.md#clients [PATH-31] cdb8d62d
#[tokio::test]
async fn it_is_closed_with_the_reason_and_there_can_be_another() {
    let (_middle, mut helper, mut sharer) = ends().await;
    for reason in [ErrorCode::Done, ErrorCode::Lost] {
        call(&mut helper, &mut sharer, |_| {});
        let (at_helper, _) = (helper.up().await, sharer.up().await);
        sharer.forwarded.close(reason);
        assert!(is_closed(&at_helper.closed().await, reason));
        assert!(matches!(helper.next().await, News::Gone));
        helper.forwarded.close(reason);
        assert!(helper.forwarded.connection().is_none());
    }
    // Whoever is gone closes it as well.
    call(&mut helper, &mut sharer, |_| {});
    let (_, at_sharer) = (helper.up().await, sharer.up().await);
    drop(helper.forwarded);
    assert!(is_closed(&at_sharer.closed().await, ErrorCode::Lost));
}

//= test spec/20-forwarded-packets.md#clients [PATH-24] 339197a8
#[tokio::test]
async fn nobody_takes_another_certificate() {
    let (_middle, mut helper, mut sharer) = ends().await;
    call(&mut helper, &mut sharer, |[_, of_sharer]| {
        of_sharer[31] ^= 1
    });
    assert!(matches!(helper.next().await, News::Gone));
    assert!(matches!(sharer.next().await, News::Gone));
    let (_middle, mut helper, mut sharer) = ends().await;
    call(&mut helper, &mut sharer, |[of_helper, _]| of_helper[0] ^= 1);
    assert!(matches!(sharer.next().await, News::Gone));
    // A client of TLS is done before its certificate is looked at.
    if let News::Up = helper.next().await {
        assert!(matches!(helper.next().await, News::Gone));
    }
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-3] d342598a
#[tokio::test]
async fn no_certificate_is_offered_twice() {
    let (_middle, mut helper, _) = ends().await;
    let offers = (0..10).map(|_| helper.offer());
    assert_eq!(offers.collect::<BTreeSet<_>>().len(), 10);
}

#[tokio::test]
async fn an_offer_that_is_refused_leaves_the_one_that_is_out() {
    let (_middle, mut helper, mut sharer) = ends().await;
    let [of_helper, of_sharer] = [&mut helper, &mut sharer].map(End::offer);
    for end in [&mut helper, &mut sharer] {
        end.forwarded.offer(|_| false);
    }
    call_with(&mut helper, &mut sharer, [of_helper, of_sharer]);
    helper.up().await;
    sharer.up().await;
}

/// Real time: it is the timers of the transport that are tested.
//= test spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
#[tokio::test]
async fn a_path_on_which_nothing_comes_is_gone_in_time() {
    let (middle, mut helper, mut sharer) = ends().await;
    call(&mut helper, &mut sharer, |_| {});
    let (at_helper, at_sharer) = (helper.up().await, sharer.up().await);
    let mut stream = at_sharer.open_uni().await.unwrap();
    stream.write_all(b"a picture").await.unwrap();
    stream.finish().unwrap();
    let mut came = at_helper.accept_uni().await.unwrap();
    assert_eq!(came.read_to_end(9).await.unwrap(), b"a picture");
    // Until nothing is to be acknowledged any more: what an end sends next is a keep-alive.
    tokio::time::sleep(MOMENT).await;
    middle.hole.store(true, Ordering::SeqCst);
    let silent = Instant::now();
    let gone = tokio::join!(helper.next(), sharer.next());
    assert!(matches!(gone, (News::Gone, News::Gone)));
    let took = silent.elapsed();
    let most = Duration::from_millis(PATH_SILENCE) + MOMENT;
    assert!(took < most, "{took:?}");
}

/// Sends the first packet of a connection to the sharer, to this destination id.
async fn knock(middle: &Middle, first: ConnectionId) -> Endpoint {
    let stranger = end(middle.at);
    let identity = Identity::new().unwrap();
    let other = identity.fingerprint();
    let config = tls::client(identity, other, first).unwrap();
    let knocks = stranger
        .endpoint
        .connect_with(config, middle.at, "alongside");
    tokio::spawn(knocks.unwrap());
    stranger.endpoint
}

//= test spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
#[tokio::test]
async fn only_the_first_that_comes_to_the_routing_id_is_taken() {
    let (middle, mut helper, mut sharer) = ends().await;
    let ids = Ids::new().unwrap();
    // Before an attempt nobody is.
    let mut strangers = vec![knock(&middle, ids.for_other(SHARER)).await];
    sharer.nothing().await;
    let [of_helper, of_sharer] = [&mut helper, &mut sharer].map(End::offer);
    sharer.forwarded.agreed(of_helper);
    sharer.forwarded.routed(SHARER);
    sharer.forwarded.await_other();
    let shorter = ConnectionId::new(&ids.for_other(SHARER)[..15]);
    for first in [ids.for_other([7; 8]), shorter] {
        strangers.push(knock(&middle, first).await);
    }
    sharer.nothing().await;
    helper.forwarded.agreed(of_sharer);
    helper.forwarded.routed(HELPER);
    helper.forwarded.call(SHARER);
    helper.up().await;
    sharer.up().await;
    strangers.push(knock(&middle, ids.for_other(SHARER)).await);
    sharer.nothing().await;
    let stats = sharer.endpoint.stats();
    assert_eq!(
        (stats.accepted_handshakes, stats.refused_handshakes),
        (1, 0)
    );
    assert!(stats.ignored_handshakes >= 3, "{stats:?}");
    assert_eq!(sharer.endpoint.open_connections(), 1);
}

//= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
#[tokio::test]
async fn tokens_are_told_whether_or_not_there_is_an_attempt() {
    let relay = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut end = end(relay.local_addr().unwrap());
    for begun in [false, true] {
        if begun {
            end.offer();
            end.forwarded.agreed([1; 32]);
            end.forwarded.routed(SHARER);
            end.forwarded.await_other();
        }
        let token = [u8::from(begun); 16];
        let to = end.endpoint.local_addr().unwrap();
        relay.send_to(&Check { token }.encode(), to).await.unwrap();
        let News::Check(told) = end.next().await else {
            panic!("something else came");
        };
        assert_eq!(told, token);
    }
}
