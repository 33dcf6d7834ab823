//! The promise: TLS 1.3 with a certificate of the one authority on both sides, or nothing; and each side that can know
//! why says why.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use link::{Fault, Identity, Refused, Time, certified, chain_from_pem};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SanType, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use std::sync::Arc;
use store::FileKey;

/// 2026-02-01T00:00:00Z.
const NOW_MS: i64 = 1_769_904_000_000;

/// The public half of a key as rcgen wants it.
struct Public(Vec<u8>);

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2035, 1, 1));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// An identity with a certificate of this authority, altered at will.
    fn identity(&self, usage: ExtendedKeyUsagePurpose, alter: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = key();
        let mut params = leaf(usage);
        alter(&mut params);
        let certificate = params.signed_by(&Public(key.public().to_point()), &self.issuer).unwrap();
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Identity::new(certified(chain, Arc::new(key)).unwrap())
    }

    fn server(&self) -> Identity {
        self.identity(ExtendedKeyUsagePurpose::ServerAuth, |_| ())
    }

    fn station(&self) -> Identity {
        self.identity(ExtendedKeyUsagePurpose::ClientAuth, |_| ())
    }
}

fn key() -> FileKey {
    let dir = tempfile::tempdir().unwrap();
    FileKey::create(&dir.path().join("key")).unwrap()
}

fn leaf(usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
    params.extended_key_usages = vec![usage];
    params.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into().unwrap()),
        SanType::URI("gatepost://station/S1".try_into().unwrap()),
    ];
    params
}

fn self_signed() -> Identity {
    let key = KeyPair::generate().unwrap();
    let dir = tempfile::tempdir().unwrap();
    store::replace_private(&dir.path().join("key"), key.serialize_pem().as_bytes()).unwrap();
    let certificate = leaf(ExtendedKeyUsagePurpose::ClientAuth).self_signed(&key).unwrap();
    let key = FileKey::load(&dir.path().join("key")).unwrap();
    Identity::new(certified(vec![certificate.der().clone()], Arc::new(key)).unwrap())
}

fn at(now_ms: i64) -> Time {
    Time(Arc::new(move || now_ms))
}

/// What each side says of a connection: nothing where it stands.
fn shake(client: ClientConfig, server: ServerConfig, name: &str) -> (Option<Fault>, Option<Refused>) {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = Connection::from(ClientConnection::new(Arc::new(client), name).unwrap());
    let mut server = Connection::from(ServerConnection::new(Arc::new(server)).unwrap());
    let (mut of_client, mut of_server) = (None, None);
    // The client ends first: what the server thinks of it comes afterwards.
    for _ in 0..8 {
        carry(&mut client, &mut server);
        if of_server.is_none() {
            of_server = server.process_new_packets().err();
        }
        carry(&mut server, &mut client);
        if of_client.is_none() {
            of_client = client.process_new_packets().err();
        }
    }
    let stands = of_client.is_none() && of_server.is_none();
    assert_eq!(stands, !client.is_handshaking() && !server.is_handshaking(), "{of_client:?} {of_server:?}");
    (of_client.map(|error| Fault::of(&error)), of_server.map(|error| Refused::of(&error)))
}

fn carry(from: &mut Connection, to: &mut Connection) {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        // The second of two errors says less than the first, which the caller asks for again.
        if to.process_new_packets().is_err() {
            return;
        }
    }
}

#[test]
fn each_certificate_that_is_not_the_stations_own_is_refused_with_its_reason() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let client_auth = || ExtendedKeyUsagePurpose::ClientAuth;
    let expired = ours.identity(client_auth(), |params| params.not_after = date_time_ymd(2026, 1, 31));
    let early = ours.identity(client_auth(), |params| params.not_before = date_time_ymd(2026, 2, 2));
    let wrong_purpose = ours.identity(ExtendedKeyUsagePurpose::ServerAuth, |_| ());
    let rows = [
        ("its own", ours.station(), None, None),
        ("none", Identity::default(), Some(Fault::OwnRefused), Some(Refused::NoCertificate)),
        ("expired", expired, Some(Fault::OwnTime), Some(Refused::Expired)),
        ("not yet valid", early, Some(Fault::OwnTime), Some(Refused::NotYetValid)),
        ("foreign", foreign.station(), Some(Fault::OwnRefused), Some(Refused::Foreign)),
        ("self-signed", self_signed(), Some(Fault::OwnRefused), Some(Refused::Foreign)),
        ("for servers", wrong_purpose, Some(Fault::OwnRefused), Some(Refused::WrongPurpose)),
    ];
    for (what, identity, fault, refused) in rows {
        let client = link::client(std::slice::from_ref(&ours.certificate), identity, at(NOW_MS)).unwrap();
        let server = link::server(std::slice::from_ref(&ours.certificate), ours.server(), at(NOW_MS)).unwrap();
        assert_eq!(shake(client, server, "localhost"), (fault, refused), "{what}");
    }
}

#[test]
fn each_server_that_is_not_the_intake_is_refused_with_its_reason() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let server_auth = || ExtendedKeyUsagePurpose::ServerAuth;
    let expired = ours.identity(server_auth(), |params| params.not_after = date_time_ymd(2026, 1, 31));
    let early = ours.identity(server_auth(), |params| params.not_before = date_time_ymd(2026, 2, 2));
    let station = ours.station();
    let rows = [
        ("the intake", ours.server(), "localhost", None),
        ("another name", ours.server(), "intake.example", Some(Fault::OtherName)),
        ("expired", expired, "localhost", Some(Fault::IntakeTime)),
        ("not yet valid", early, "localhost", Some(Fault::IntakeTime)),
        ("foreign", foreign.server(), "localhost", Some(Fault::Foreign)),
        ("a station in its place", station, "localhost", Some(Fault::Foreign)),
    ];
    for (what, identity, name, fault) in rows {
        let client = link::client(std::slice::from_ref(&ours.certificate), ours.station(), at(NOW_MS)).unwrap();
        let server = link::server(std::slice::from_ref(&ours.certificate), identity.clone(), at(NOW_MS)).unwrap();
        assert_eq!(shake(client, server, name), (fault, fault.map(|_| Refused::GivenUp)), "{what}");

        // A station that knows the authority by its fingerprint alone is no easier to please.
        let fingerprint = store::format::digest(&ours.certificate);
        let client = link::first_contact(fingerprint, at(NOW_MS)).unwrap();
        let server = link::server_for_anybody(identity, at(NOW_MS)).unwrap();
        assert_eq!(shake(client, server, name), (fault, fault.map(|_| Refused::GivenUp)), "first contact: {what}");
    }
}

#[test]
fn tls_1_2_is_not_spoken() {
    let ours = Authority::new();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ours.certificate.clone()).unwrap();
    let old_client = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(ours.station()));
    let server = link::server(std::slice::from_ref(&ours.certificate), ours.server(), at(NOW_MS)).unwrap();
    assert_eq!(shake(old_client, server, "localhost"), (Some(Fault::Protocol), Some(Refused::OldProtocol)));

    let old_server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ours.server()));
    let client = link::client(std::slice::from_ref(&ours.certificate), ours.station(), at(NOW_MS)).unwrap();
    let (fault, refused) = shake(client, old_server, "localhost");
    assert_eq!((fault, refused.is_some()), (Some(Fault::Protocol), true));
}

#[test]
fn a_next_certificate_is_used_without_a_new_client() {
    let ours = Authority::new();
    let identity = ours.identity(ExtendedKeyUsagePurpose::ClientAuth, |params| {
        params.not_after = date_time_ymd(2026, 1, 31);
    });
    let client = link::client(std::slice::from_ref(&ours.certificate), identity.clone(), at(NOW_MS)).unwrap();
    let server = || link::server(std::slice::from_ref(&ours.certificate), ours.server(), at(NOW_MS)).unwrap();
    assert_eq!(shake(client.clone(), server(), "localhost").0, Some(Fault::OwnTime));
    let key = key();
    let next = leaf(ExtendedKeyUsagePurpose::ClientAuth);
    let next = next.signed_by(&Public(key.public().to_point()), &ours.issuer).unwrap();
    identity.replace(certified(chain_from_pem(&next.pem()).unwrap(), Arc::new(key)).unwrap());
    assert_eq!(shake(client, server(), "localhost"), (None, None));
}

#[test]
fn a_certificate_for_another_key_is_no_identity() {
    let ours = Authority::new();
    let params = leaf(ExtendedKeyUsagePurpose::ClientAuth);
    let certificate = params.signed_by(&Public(key().public().to_point()), &ours.issuer).unwrap();
    assert!(certified(vec![certificate.der().clone()], Arc::new(key())).is_err());
}
