//! The formulas of the chapters, spelled out once more for their intermediate values. What they end in
//! is held against what the reference code makes.

use aes_gcm::Aes256Gcm;
use alongside_wire::Suite;
use blake2::Blake2s256;
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use curve25519_dalek::{
    MontgomeryPoint, Scalar,
    constants::ED25519_BASEPOINT_POINT as BASE,
    edwards::{CompressedEdwardsY, EdwardsPoint},
};
use hkdf::{Hkdf, SimpleHkdf};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub(crate) type Key = [u8; 32];

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> Value {
    json!(hex::encode(bytes))
}

pub(crate) fn sha256(parts: &[&[u8]]) -> Key {
    Sha256::digest(parts.concat()).into()
}

/// HKDF-SHA-256 whole, with a salt or none.
pub(crate) fn hkdf(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) {
    let salt = if salt.is_empty() { None } else { Some(salt) };
    Hkdf::<Sha256>::new(salt, ikm)
        .expand(info, out)
        .expect("a short key");
}

pub(crate) fn extract(salt: &Key, ikm: &[u8]) -> Key {
    Hkdf::<Sha256>::extract(Some(salt), ikm).0.into()
}

pub(crate) fn expand(master: &Key, info: &[u8]) -> Key {
    let mut key = [0; 32];
    let hkdf = Hkdf::<Sha256>::from_prk(master).expect("a master");
    hkdf.expand(info, &mut key).expect("a short key");
    key
}

/// The AEAD of a suite, with the nonce of a record.
pub(crate) fn seal(suite: Suite, key: &Key, number: u64, aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    let payload = Payload { msg, aad };
    match suite {
        Suite::ChaChaPoly => ChaCha20Poly1305::new(key.into()).encrypt(&nonce.into(), payload),
        Suite::AesGcm => Aes256Gcm::new(key.into()).encrypt(&nonce.into(), payload),
    }
    .expect("a short message")
}

/// Opens what [`seal`] makes.
pub(crate) fn open(
    suite: Suite,
    key: &Key,
    number: u64,
    aad: &[u8],
    msg: &[u8],
) -> Option<Vec<u8>> {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    let payload = Payload { msg, aad };
    match suite {
        Suite::ChaChaPoly => ChaCha20Poly1305::new(key.into()).decrypt(&nonce.into(), payload),
        Suite::AesGcm => Aes256Gcm::new(key.into()).decrypt(&nonce.into(), payload),
    }
    .ok()
}

/// SPAKE2 of both ends.
pub(crate) struct Spake {
    pub(crate) x_star: Key,
    pub(crate) y_star: Key,
    pub(crate) psk: Key,
    pub(crate) values: Value,
}

const M: &str = "15cfd18e385952982b6a8f8c7854963b58e34388c8e6dae891db756481a02312";
const N: &str = "f04f2e7eb734b2a8f8b472eaf9c3c632576ac64aea650b496a8a20ff00e583c3";

fn point(text: &str) -> EdwardsPoint {
    let bytes = hex::decode(text).expect("hexadecimal");
    let point = CompressedEdwardsY::from_slice(&bytes).expect("32 bytes");
    point.decompress().expect("a point")
}

fn number(mut big_endian: Key) -> Scalar {
    big_endian.reverse();
    Scalar::from_bytes_mod_order(big_endian)
}

pub(crate) fn spake(place: &str, pw: &[u8], x: &Key, y: &Key) -> Spake {
    let mut wide = [0; 64];
    hkdf(&[], pw, b"SPAKE2 pw", &mut wide[16..]);
    wide.reverse();
    let w = Scalar::from_bytes_mod_order_wide(&wide);
    let (x, y) = (number(*x), number(*y));
    let x_star = x * BASE + w * point(M);
    let y_star = y * BASE + w * point(N);
    let k = x * (y_star - w * point(N));
    assert_eq!(k, y * (x_star - w * point(M)));
    let [x_star, y_star, k] = [x_star, y_star, k].map(|point| point.compress().to_bytes());
    let id = |role: &str| sha256(&[b"alongside/1 ", role.as_bytes(), &[0], place.as_bytes()]);
    let key = sha256(&[
        &sha256(&[pw]),
        &id("sharer"),
        &id("helper"),
        &x_star,
        &y_star,
        &k,
    ]);
    let mut psk = [0; 32];
    hkdf(&[], &key, b"alongside/1 psk", &mut psk);
    let mut w = w.to_bytes();
    w.reverse();
    let values = json!({
        "w": hex(w), "x_star": hex(x_star), "y_star": hex(y_star), "k": hex(k),
        "key": hex(key), "psk": hex(psk),
    });
    Spake {
        x_star,
        y_star,
        psk,
        values,
    }
}

/// Parts, each with its length before it.
pub(crate) fn prologue(parts: &[&[u8]]) -> Vec<u8> {
    let part = |part: &&[u8]| [&(part.len() as u32).to_be_bytes()[..], part].concat();
    parts.iter().flat_map(part).collect()
}

/// What goes into a handshake.
pub(crate) struct Noise<'a> {
    pub(crate) suite: Suite,
    pub(crate) prologue: &'a [u8],
    pub(crate) psk: &'a Key,
    /// Private keys: the helper's, the sharer's.
    pub(crate) e1: &'a Key,
    pub(crate) e2: &'a Key,
    pub(crate) payloads: [&'a [u8]; 2],
}

/// What comes of it.
pub(crate) struct Finished {
    pub(crate) message_1: Vec<u8>,
    pub(crate) message_2: Vec<u8>,
    pub(crate) h: Key,
    pub(crate) k1: Key,
    pub(crate) k2: Key,
    pub(crate) steps: Value,
}

impl Noise<'_> {
    fn hash(&self, parts: &[&[u8]]) -> Key {
        match self.suite {
            Suite::ChaChaPoly => Blake2s256::digest(parts.concat()).into(),
            Suite::AesGcm => sha256(parts),
        }
    }

    /// HKDF of Noise, which is that of RFC 5869 without info.
    fn hkdf<const N: usize>(&self, ck: &Key, ikm: &[u8]) -> [Key; N] {
        let mut out = vec![0; 32 * N];
        match self.suite {
            Suite::ChaChaPoly => SimpleHkdf::<Blake2s256>::new(Some(ck), ikm).expand(&[], &mut out),
            Suite::AesGcm => SimpleHkdf::<Sha256>::new(Some(ck), ikm).expand(&[], &mut out),
        }
        .expect("a short output");
        std::array::from_fn(|place| out[32 * place..][..32].try_into().expect("32 bytes"))
    }

    pub(crate) fn run(&self) -> Finished {
        let mut steps = Map::new();
        let mut step = |name: &str, values: Value| {
            steps.insert(name.into(), values);
        };
        let name = self.suite.name().as_bytes();
        let mut start = [0; 32];
        match name.len() {
            0..=32 => start[..name.len()].copy_from_slice(name),
            _ => start = self.hash(&[name]),
        }
        step("start", json!({ "h": hex(start), "ck": hex(start) }));
        let h = self.hash(&[&start, self.prologue]);
        step("prologue", json!({ "h": hex(h) }));
        let [ck, t, k] = self.hkdf(&start, self.psk);
        let h = self.hash(&[&h, &t]);
        step(
            "psk",
            json!({ "ck": hex(ck), "t": hex(t), "k": hex(k), "h": hex(h) }),
        );
        let [public_1, public_2] =
            [self.e1, self.e2].map(|key| MontgomeryPoint::mul_base_clamped(*key).to_bytes());
        let h = self.hash(&[&h, &public_1]);
        let [ck, k] = self.hkdf(&ck, &public_1);
        step(
            "e1",
            json!({ "public": hex(public_1), "h": hex(h), "ck": hex(ck), "k": hex(k) }),
        );
        let c1 = seal(self.suite, &k, 0, &h, self.payloads[0]);
        let h = self.hash(&[&h, &c1]);
        step("c1", json!({ "c": hex(&c1), "h": hex(h) }));
        let h = self.hash(&[&h, &public_2]);
        let [ck, k] = self.hkdf(&ck, &public_2);
        step(
            "e2",
            json!({ "public": hex(public_2), "h": hex(h), "ck": hex(ck), "k": hex(k) }),
        );
        let shared = MontgomeryPoint(public_1).mul_clamped(*self.e2).to_bytes();
        let [ck, k] = self.hkdf(&ck, &shared);
        step(
            "dh",
            json!({ "shared": hex(shared), "ck": hex(ck), "k": hex(k) }),
        );
        let c2 = seal(self.suite, &k, 0, &h, self.payloads[1]);
        let h = self.hash(&[&h, &c2]);
        step("c2", json!({ "c": hex(&c2), "h": hex(h) }));
        let [k1, k2] = self.hkdf(&ck, &[]);
        Finished {
            message_1: [&public_1[..], &c1].concat(),
            message_2: [&public_2[..], &c2].concat(),
            h,
            k1,
            k2,
            steps: steps.into(),
        }
    }
}

/// The master that a handshake ends in.
pub(crate) fn master(finished: &Finished) -> Key {
    extract(&finished.h, &[finished.k1, finished.k2].concat())
}

pub(crate) fn session_id(h: &Key) -> [u8; 16] {
    let mut id = [0; 16];
    hkdf(&[], h, b"alongside/1 session id", &mut id);
    id
}

pub(crate) fn commitment(n_h: &Key) -> Key {
    sha256(&[b"alongside/1 phrase commitment\0", n_h])
}

/// The 5 bytes of a phrase, and its places.
pub(crate) fn phrase(h: &Key, n_h: &Key, n_s: &Key) -> ([u8; 5], [u16; 3]) {
    let mut bits = [0; 5];
    hkdf(h, &[*n_h, *n_s].concat(), b"alongside/1 phrase", &mut bits);
    let all = bits
        .iter()
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    (bits, [29, 18, 7].map(|shift| (all >> shift) as u16 & 0x7FF))
}

/// The info of the key of a record.
pub(crate) fn record_info(
    channel: u8,
    direction: u8,
    generation: u32,
    epoch: u32,
    block: u64,
) -> Vec<u8> {
    [
        &b"alongside/1 key"[..],
        &[channel, direction],
        &generation.to_be_bytes(),
        &epoch.to_be_bytes(),
        &block.to_be_bytes(),
    ]
    .concat()
}

/// The info of the key of a grant.
pub(crate) fn grant_info(generation: u32, grant: u32, secret: &Key) -> Vec<u8> {
    [
        &b"alongside/1 input"[..],
        &generation.to_be_bytes(),
        &grant.to_be_bytes(),
        secret,
    ]
    .concat()
}

pub(crate) fn reconnect_info(generation: u32) -> Vec<u8> {
    [&b"alongside/1 reconnect"[..], &generation.to_be_bytes()].concat()
}

pub(crate) const MASTER_HASH: &[u8] = b"alongside/1 master hash";
