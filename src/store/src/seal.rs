//! Sealing: a draft becomes bytes that only the authority can read (HPKE, RFC 9180).

use crate::format::cbor::{Node, encode};
use crate::format::{FormatFault, encode_body, version_node};
use crate::keys::{AuthorityKey, AuthoritySecret};
use domain::record::{Draft, Header, Seal};
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use thiserror::Error;
use zeroize::Zeroizing;

pub(crate) type Kem = DhP256HkdfSha256;

/// Separates record bodies from anything else that is ever sealed to the same key.
const INFO: &[u8] = b"gatepost record body 1";

/// Name of the one sealing algorithm there is: HPKE (RFC 9180) base mode, KEM 0x0010, KDF 0x0001, AEAD 0x0002.
pub const SEALING: &str = "HPKE-P256-SHA256-A256GCM";

/// An encapsulated P-256 key: one uncompressed point.
const ENCAPSULATED: usize = 65;

/// A draft that cannot be sealed.
#[derive(Debug, Error)]
pub enum SealFault {
    /// HPKE refused.
    #[error("the body could not be sealed to the authority's key")]
    Encryption,
    /// The draft is not a record.
    #[error(transparent)]
    Format(#[from] FormatFault),
}

/// A body that does not open.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum OpenFault {
    /// Sealed by an algorithm that this program does not know.
    #[error("the body is sealed by an algorithm that is not known here")]
    OtherAlgorithm,
    /// Altered, sealed to another key, or of another record than the header says.
    #[error("the body does not open with this key and header")]
    Refused,
    /// Shorter than an encapsulated key.
    #[error("the sealed body is too short")]
    TooShort,
}

/// Seals bodies to one authority.
#[derive(Clone, Debug)]
pub struct Sealer {
    authority: AuthorityKey,
}

impl Sealer {
    /// Seals to this key.
    pub fn new(authority: AuthorityKey) -> Self {
        Self { authority }
    }
}

impl Seal for Sealer {
    type Error = SealFault;

    fn seal(&self, draft: &Draft) -> Result<Vec<u8>, SealFault> {
        let plain = encode_body(draft)?;
        let binding =
            binding(&[&draft.station.0, draft.case.as_str(), draft.outcome.id()], &draft.id.0, draft.simulated);
        let (key, ciphertext) =
            single_shot_seal::<AesGcm256, HkdfSha256, Kem>(&OpModeS::Base, &self.authority.key, INFO, &plain, &binding)
                .map_err(|_| SealFault::Encryption)?;
        Ok([&key.to_bytes(), ciphertext.as_slice()].concat())
    }

    fn key_id(&self) -> String {
        self.authority.id().into()
    }

    fn algorithm(&self) -> &'static str {
        SEALING
    }
}

/// Opens a body with the authority's private key: the encoded record, see [`crate::format::decode_body`].
/// The header must be the one that the body was signed under.
pub fn open(secret: &AuthoritySecret, header: &Header, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenFault> {
    if header.sealing != SEALING {
        return Err(OpenFault::OtherAlgorithm);
    }
    let (key, ciphertext) = body.split_at_checked(ENCAPSULATED).ok_or(OpenFault::TooShort)?;
    let key = <Kem as hpke::Kem>::EncappedKey::from_bytes(key).map_err(|_| OpenFault::Refused)?;
    let names = [&*header.station.0, header.case.as_str(), header.outcome.id()];
    let binding = binding(&names, &header.record.0, header.simulated);
    single_shot_open::<AesGcm256, HkdfSha256, Kem>(&OpModeR::Base, &secret.key, &key, INFO, ciphertext, &binding)
        .map(Zeroizing::new)
        .map_err(|_| OpenFault::Refused)
}

/// The rule `body-binding` of the CDDL file: a body opens under no other header than its own.
fn binding(names: &[&str; 3], record: &[u8; 16], simulated: bool) -> Zeroizing<Vec<u8>> {
    let [station, case, outcome] = names.map(Node::text);
    encode(&Node::Array(vec![version_node(), station, Node::Bytes(record), case, outcome, Node::Bool(simulated)]))
}
