//! The connection to a TPM: a parent key, one salted and encrypted session, and at most one key taken in. All of it goes
//! with the connection, since there may be no resource manager between.

use super::Blob;
use crate::keys::{TpmFault, VerifyKey};
use p256::PublicKey;
use p256::ecdsa::Signature;
use sha2::{Digest as _, Sha256};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use tss_esapi::attributes::{ObjectAttributesBuilder, SessionAttributesBuilder};
use tss_esapi::constants::{SessionType, Tss2ResponseCodeKind as Kind};
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    EccParameter, EccPoint, EccScheme, HashScheme, KeyDerivationFunctionScheme, Public, PublicBuilder,
    PublicEccParametersBuilder, Signature as TpmSignature, SymmetricDefinition, SymmetricDefinitionObject,
};
use tss_esapi::traits::Marshall;
use tss_esapi::{Context, Error, Result, TctiNameConf, WrapperErrorKind};

/// A TPM. Clones share the connection, which is made anew when it was lost.
#[derive(Clone)]
pub struct Tpm {
    way: TctiNameConf,
    link: Arc<Mutex<Option<Link>>>,
}

/// How often something is asked when a connection is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tries {
    /// What must not be done twice: when the answer is lost, nobody knows whether it was done.
    One,
    /// Everything else.
    Two,
}

/// A connection.
pub(super) struct Link {
    context: Context,
    session: AuthSession,
    /// Parent of the station's keys.
    pub(super) primary: KeyHandle,
    /// SHA-256 of its public area.
    pub(super) parent: [u8; 32],
    /// The key that was taken in last, by its public area.
    loaded: Option<(Public, KeyHandle)>,
}

impl Tpm {
    /// Finds a TPM by a TCTI string as tpm2-tss knows them: `device:/dev/tpmrm0`, `swtpm:host=127.0.0.1,port=2321`.
    pub fn connect(tcti: &str) -> std::result::Result<Self, TpmFault> {
        let way = TctiNameConf::from_str(tcti).map_err(|_| TpmFault::NotAWay(tcti.into()))?;
        let tpm = Self { way, link: Arc::default() };
        tpm.with(|_| Ok(()))?;
        Ok(tpm)
    }

    /// Ends the connection, and with it everything that the TPM holds for it: without a resource manager nobody else would
    /// give its few places back.
    pub(super) fn rest(&self) {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn with<T>(&self, ask: impl FnMut(&mut Link) -> Result<T>) -> std::result::Result<T, TpmFault> {
        self.try_with(ask).map_err(TpmFault::of)
    }

    /// Asks the TPM something. A connection that was lost, with a TPM that was reset say, is made again once. After any
    /// fault nothing is left of the connection: what the TPM still holds of it is not known.
    pub(super) fn try_with<T>(&self, ask: impl FnMut(&mut Link) -> Result<T>) -> Result<T> {
        self.attempt(Tries::Two, ask)
    }

    pub(super) fn attempt<T>(&self, tries: Tries, mut ask: impl FnMut(&mut Link) -> Result<T>) -> Result<T> {
        let mut held = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = held.is_none();
        for again in [!fresh && tries == Tries::Two, false] {
            let mut link = match held.take() {
                Some(link) => link,
                None => Link::open(self.way.clone())?,
            };
            match ask(&mut link) {
                Ok(answer) => {
                    *held = Some(link);
                    return Ok(answer);
                }
                Err(error) if again && !is_an_answer(&error) => drop(link),
                Err(error) => return Err(error),
            }
        }
        Err(Error::WrapperError(WrapperErrorKind::InternalError))
    }
}

impl Link {
    fn open(way: TctiNameConf) -> Result<Self> {
        let mut context = Context::new(way)?;
        // The owner of these TPMs has no password: a kiosk's is the station's alone.
        let primary = context.execute_with_session(Some(AuthSession::Password), |context| {
            context.create_primary(Hierarchy::Owner, parent_template()?, None, None, None, None)
        })?;
        let parent = Sha256::digest(primary.out_public.marshall()?).into();
        let primary = primary.key_handle;
        // Salted with a secret that only the parent's private part opens: who listens on the bus learns nothing.
        let session = context.start_auth_session(
            Some(primary),
            None,
            None,
            SessionType::Hmac,
            SymmetricDefinition::AES_128_CFB,
            HashingAlgorithm::Sha256,
        )?;
        let session = session.ok_or(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
        let encrypted = SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true);
        let (attributes, mask) = encrypted.with_continue_session(true).build();
        context.tr_sess_set_attributes(session, attributes, mask)?;
        Ok(Self { context, session, primary, parent, loaded: None })
    }

    /// One command in the encrypted session.
    pub(super) fn in_session<T>(&mut self, ask: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
        let session = self.session;
        self.context.execute_with_session(Some(session), ask)
    }

    /// One command without authorisation.
    pub(super) fn plainly<T>(&mut self, ask: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
        self.context.execute_without_session(ask)
    }

    /// Takes a key in, if it is not in already.
    pub(super) fn load(&mut self, blob: &Blob) -> Result<KeyHandle> {
        if let Some((public, handle)) = &self.loaded {
            let handle = *handle;
            if *public == blob.public {
                return Ok(handle);
            }
            self.loaded = None;
            self.context.flush_context(handle.into())?;
        }
        let (parent, private, public) = (self.primary, blob.private.clone(), blob.public.clone());
        let handle = self.in_session(|context| context.load(parent, private, public))?;
        self.context.tr_set_auth(handle.into(), blob.auth.clone())?;
        self.loaded = Some((blob.public.clone(), handle));
        Ok(handle)
    }
}

/// What the TPM itself said, as far as this program cares.
pub(super) fn kind(error: &Error) -> Option<Kind> {
    match error {
        Error::Tss2Error(code) => code.kind(),
        Error::WrapperError(_) => None,
    }
}

/// Whether asking again would give the same answer, or do harm: a wrong authorisation counts each time.
fn is_an_answer(error: &Error) -> bool {
    let answers = [Kind::AuthFail, Kind::BadAuth, Kind::Lockout, Kind::Integrity, Kind::NvDefined, Kind::NvSpace];
    kind(error).is_some_and(|kind| answers.contains(&kind))
}

impl TpmFault {
    pub(super) fn of(error: Error) -> Self {
        match kind(&error) {
            Some(Kind::Lockout) => Self::Locked,
            Some(Kind::AuthFail | Kind::BadAuth | Kind::AuthMissing) => Self::Owned,
            Some(_) => Self::Refused(error.to_string()),
            None => Self::Gone(error.to_string()),
        }
    }
}

/// The parent: the storage template H-2 of the TCG's EK credential profile and provisioning guidance, for P-256.
fn parent_template() -> Result<Public> {
    let attributes = ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_no_da(true)
        .with_restricted(true)
        .with_decrypt(true)
        .build()?;
    let parameters = PublicEccParametersBuilder::new()
        .with_symmetric(SymmetricDefinitionObject::AES_128_CFB)
        .with_ecc_scheme(EccScheme::Null)
        .with_curve(EccCurve::NistP256)
        .with_key_derivation_function_scheme(KeyDerivationFunctionScheme::Null)
        .with_is_decryption_key(true)
        .with_restricted(true)
        .build()?;
    let zeros = || EccParameter::try_from(vec![0; 32]);
    ecc(attributes, parameters, EccPoint::new(zeros()?, zeros()?))
}

/// A signing key that stays in this TPM. Wrong authorisations count: `noDA` is clear.
pub(super) fn signing_template() -> Result<Public> {
    let attributes = ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_sign_encrypt(true)
        .build()?;
    let scheme = EccScheme::EcDsa(HashScheme::new(HashingAlgorithm::Sha256));
    let parameters = PublicEccParametersBuilder::new_unrestricted_signing_key(scheme, EccCurve::NistP256).build()?;
    ecc(attributes, parameters, EccPoint::default())
}

fn ecc(
    attributes: tss_esapi::attributes::ObjectAttributes,
    parameters: tss_esapi::structures::PublicEccParameters,
    unique: EccPoint,
) -> Result<Public> {
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(parameters)
        .with_ecc_unique_identifier(unique)
        .build()
}

/// The public key of a P-256 key in a TPM.
pub(super) fn public_of(public: &Public) -> Option<VerifyKey> {
    let Public::Ecc { unique, parameters, .. } = public else { return None };
    if parameters.ecc_curve() != EccCurve::NistP256 {
        return None;
    }
    let [x, y] = [padded(unique.x().value())?, padded(unique.y().value())?];
    let point = [&[4][..], &x, &y].concat();
    PublicKey::from_sec1_bytes(&point).ok().map(VerifyKey::of)
}

pub(super) fn signature_of(signature: &TpmSignature) -> Option<Signature> {
    let TpmSignature::EcDsa(pair) = signature else { return None };
    let [r, s] = [padded(pair.signature_r().value())?, padded(pair.signature_s().value())?];
    Signature::from_slice(&[r, s].concat()).ok()
}

pub(super) fn not_a_signature() -> Error {
    Error::WrapperError(WrapperErrorKind::WrongValueFromTpm)
}

/// 32 bytes: a TPM may leave out zeros at the beginning of a number.
fn padded(number: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    bytes.get_mut(32usize.checked_sub(number.len())?..)?.copy_from_slice(number);
    Some(bytes)
}
