//! What is read of certificates. Whether they are believed is for rustls; this is about whose they are and until when.

use domain::case::StationId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What stands before the station's name in its certificate.
const STATION: &str = "gatepost://station/";

/// Certificates in one file: a chain of ours has two.
const LONGEST_CHAIN: usize = 8;

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The station that it names, if it names exactly one.
    pub station: Option<StationId>,
    /// Not valid before: UTC, milliseconds since 1970.
    pub not_before_ms: i64,
    /// Not valid after: UTC, milliseconds since 1970.
    pub not_after_ms: i64,
    /// Its public key: SubjectPublicKeyInfo in DER.
    pub key: Vec<u8>,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
}

/// The URI by which a certificate names its station.
pub fn station_uri(station: &StationId) -> String {
    format!("{STATION}{}", station.0)
}

/// The certificates of a PEM text, in its order; nothing where one is damaged, or where there is none or too many.
pub fn chain_from_pem(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_slice_iter(pem.as_bytes()).take(LONGEST_CHAIN + 1);
    let chain: Vec<_> = read.collect::<Result<_, _>>().ok()?;
    (1..=LONGEST_CHAIN).contains(&chain.len()).then_some(chain)
}

/// The certificate of this fingerprint in a chain.
pub fn authority_of<'a>(
    fingerprint: &[u8; 32],
    chain: &'a [CertificateDer<'static>],
) -> Option<&'a CertificateDer<'static>> {
    chain.iter().find(|certificate| store::format::digest(certificate) == *fingerprint)
}

/// A SHA-256 fingerprint as people copy it: 64 hexadecimal digits, with or without colons between the bytes, in either
/// case, after `sha256:` or not.
pub fn fingerprint_from_text(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim();
    let digits = digits.strip_prefix("sha256:").unwrap_or(digits);
    store::unhex32(&digits.replace(':', "").to_ascii_lowercase())
}

impl Facts {
    /// Reads a certificate; nothing where it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        let ms = |seconds: i64| seconds.checked_mul(1000);
        rest.is_empty().then_some(Self {
            station: station_of(&certificate),
            not_before_ms: ms(validity.not_before.timestamp())?,
            not_after_ms: ms(validity.not_after.timestamp())?,
            key: certificate.public_key().raw.to_vec(),
            fingerprint: store::format::digest(der),
        })
    }

    /// When the next certificate should be asked for: at two thirds of this one's time.
    pub fn renew_from_ms(&self) -> i64 {
        let life = self.not_after_ms.saturating_sub(self.not_before_ms);
        self.not_before_ms.saturating_add(life / 3 * 2)
    }

    /// Its time is over.
    pub fn is_over(&self, now_ms: i64) -> bool {
        now_ms > self.not_after_ms
    }

    /// Its time has not come: more probably the clock is wrong.
    pub fn is_early(&self, now_ms: i64) -> bool {
        now_ms < self.not_before_ms
    }
}

/// The station that a certificate names. One that names two, or another URI besides, is none of ours.
fn station_of(certificate: &X509Certificate<'_>) -> Option<StationId> {
    let names = certificate.subject_alternative_name().ok()??;
    let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else { return None };
    let station = uri.strip_prefix(STATION)?;
    let clean = station.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (clean && (1..=24).contains(&station.len())).then(|| StationId(station.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};

    fn certificate(names: &[SanType]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    #[test]
    fn a_certificate_names_one_station_or_none() {
        let dns = SanType::DnsName("localhost".try_into().unwrap());
        let ours = uri("gatepost://station/S1");
        for (names, expected) in [
            (vec![ours.clone()], Some("S1")),
            (vec![], None),
            (vec![dns.clone()], None),
            (vec![ours.clone(), dns], None),
            (vec![ours, uri("gatepost://station/S2")], None),
            (vec![uri("https://station/S1")], None),
            (vec![uri("gatepost://station/")], None),
            (vec![uri("gatepost://station/S1/S2")], None),
            (vec![uri("gatepost://station/AAAAAAAAAAAAAAAAAAAAAAAAA")], None),
        ] {
            let facts = Facts::read(&certificate(&names)).unwrap();
            assert_eq!(facts.station, expected.map(|id| StationId(id.into())), "{names:?}");
        }
        assert_eq!(station_uri(&StationId("S1".into())), "gatepost://station/S1");
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_time() {
        let day = 24 * 3600 * 1000;
        let facts = Facts::read(&certificate(&[])).unwrap();
        let from = 1_767_225_600_000;
        assert_eq!((facts.not_before_ms, facts.not_after_ms), (from, from + 90 * day));
        assert_eq!(facts.renew_from_ms(), from + 60 * day);
        assert!(facts.is_early(from - 1) && !facts.is_early(from));
        assert!(facts.is_over(from + 90 * day + 1) && !facts.is_over(from + 90 * day));
    }

    #[test]
    fn fingerprints_are_read_as_people_copy_them() {
        let plain = "0f".repeat(32);
        let colons = ["0F"; 32].join(":");
        for text in [plain.clone(), format!("sha256:{plain}\n"), colons] {
            assert_eq!(fingerprint_from_text(&text), Some([15; 32]), "{text}");
        }
        for text in ["", "0f", &plain[1..], &"zz".repeat(32)] {
            assert_eq!(fingerprint_from_text(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in ".{0,200}") {
            prop_assert!(Facts::read(&bytes).is_none());
            let _ = (chain_from_pem(&text), fingerprint_from_text(&text));
        }

        #[test]
        fn a_damaged_certificate_does_not_panic(at in 0usize..400, flip in 1u8..) {
            let mut der = certificate(&[uri("gatepost://station/S1")]);
            let at = at % der.len();
            der[at] ^= flip;
            let _ = Facts::read(&der);
        }
    }
}
