//! GFQ's models: their files, and their vote.
//!
//! A file is, little-endian: `GFQMODEL`, the number of this form (u16, 2), whether minutiae are needed (u8), the length
//! of the version (u8) and the version, the trees' and the neighbours' share of the vote (f32 each), the trees, the number
//! of networks (u8), the networks, the neighbours if they have a share, and the SHA-256 of everything before it. `models/finger/train.py` writes them.

use super::bytes::Bytes;
use super::id::ModelId;
use super::neighbours::Neighbours;
use super::network::Network;
use super::trees::Trees;
use super::{NAME, NAME_WITHOUT_MINUTIAE};
use crate::finger::natives::{COUNT, FDA, LCS, MINUTIAE_COUNT, MINUTIAE_QUALITY, OCL, OF, RVU};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::LazyLock;

/// The native values, then the share of each of the ten bins of every histogram, then each histogram's total.
pub(super) const INPUTS: usize = COUNT + 5 * BINS + 5;

const BINS: usize = 10;
const HISTOGRAMS: [Range<usize>; 5] = [FDA, LCS, OCL, OF, RVU];

const MAGIC: &[u8] = b"GFQMODEL";
const FORM: u16 = 2;
const DIGEST: usize = 32;

const WITH_MINUTIAE: &[u8] = include_bytes!("../../../../../models/finger/gfq.model");
const WITHOUT_MINUTIAE: &[u8] = include_bytes!("../../../../../models/finger/gfq-no-minutiae.model");

static MODELS: LazyLock<[Model; 2]> = LazyLock::new(|| [WITH_MINUTIAE, WITHOUT_MINUTIAE].map(built_in));

/// Why a model file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It does not begin as a model does.
    #[error("this is no GFQ model")]
    Magic,
    /// It is of a form that this version does not know.
    #[error("this form of a GFQ model is not known")]
    Form,
    /// The digest at its end is another one than that of its bytes.
    #[error("the model is damaged: its digest does not fit")]
    Digest,
    /// It ends too early.
    #[error("the model is cut off")]
    Truncated,
    /// Bytes are left over.
    #[error("the model goes on after its end")]
    LeftOver,
    /// A number in it is infinite or none.
    #[error("a number of the model is not finite")]
    NotFinite,
    /// A tree leads nowhere or in circles.
    #[error("a tree of the model is broken")]
    Tree,
    /// A network's layers do not fit.
    #[error("a network of the model is broken")]
    Layer,
    /// What is kept of the prints that were learnt from does not fit.
    #[error("the prints of the model are broken")]
    Neighbours,
    /// Its version is not text.
    #[error("the model's version is not text")]
    Version,
}

/// One model.
pub(super) struct Model {
    pub name: &'static str,
    pub id: ModelId,
    needs_minutiae: bool,
    /// The trees' share of the vote; what they and the neighbours leave is the networks'.
    share: f32,
    trees: Trees,
    networks: Vec<Network>,
    /// With their share.
    neighbours: Option<(f32, Neighbours)>,
}

/// Name and SHA-256 of the built-in models, for reports.
pub fn model_digests() -> [(&'static str, String); 2] {
    let of = |(name, file): (&'static str, &[u8])| {
        let digits = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
        (name, digits)
    };
    [(NAME, WITH_MINUTIAE), (NAME_WITHOUT_MINUTIAE, WITHOUT_MINUTIAE)].map(of)
}

/// The model for what was measured: the one of minutiae where all of their values are there.
pub(super) fn model_for(features: &[f32; COUNT]) -> &'static Model {
    let [with, without] = &*MODELS;
    let missing = |group: Range<usize>| features[group].iter().any(|value| value.is_nan());
    if missing(MINUTIAE_COUNT) || missing(MINUTIAE_QUALITY) { without } else { with }
}

#[expect(clippy::panic, reason = "a build without its models is no build; a test reads both")]
fn built_in(file: &[u8]) -> Model {
    Model::read(file).unwrap_or_else(|error| panic!("built-in model: {error}"))
}

impl Model {
    /// Reads a model file. Nothing of it is believed: neither lengths nor places nor numbers.
    pub fn read(file: &[u8]) -> Result<Self, ModelError> {
        if !file.starts_with(MAGIC) {
            return Err(ModelError::Magic);
        }
        let (body, digest) = file.split_last_chunk::<DIGEST>().ok_or(ModelError::Truncated)?;
        if *Sha256::digest(body) != *digest {
            return Err(ModelError::Digest);
        }
        let mut bytes = Bytes(body.get(MAGIC.len()..).ok_or(ModelError::Truncated)?);
        if bytes.u16()? != FORM {
            return Err(ModelError::Form);
        }
        let needs_minutiae = bytes.u8()? != 0;
        let length = bytes.u8()?;
        let version = str::from_utf8(bytes.take(length.into())?).map_err(|_| ModelError::Version)?;
        let (share, neighbours) = (bytes.f32()?, bytes.f32()?);
        let trees = Trees::read(&mut bytes)?;
        let count = bytes.u8()?;
        let networks: Vec<_> = (0..count).map(|_| Network::read(&mut bytes)).collect::<Result<_, _>>()?;
        if networks.is_empty() {
            return Err(ModelError::Layer);
        }
        let neighbours = if neighbours > 0.0 { Some((neighbours, Neighbours::read(&mut bytes)?)) } else { None };
        if !bytes.0.is_empty() {
            return Err(ModelError::LeftOver);
        }
        let name = if needs_minutiae { NAME } else { NAME_WITHOUT_MINUTIAE };
        Ok(Self { name, id: ModelId::of(version, file), needs_minutiae, share, trees, networks, neighbours })
    }

    /// 0 to 100, or nothing where a value is absent that the model needs.
    pub fn vote(&self, features: &[f32; COUNT]) -> Option<f32> {
        let inputs = inputs(features, self.needs_minutiae)?;
        let trees = self.trees.sum(&inputs);
        let sum = self.networks.iter().fold(0.0, |sum, network| sum + network.answer(&inputs));
        let (kin, near) = self.neighbours.as_ref().map_or((0.0, 0.0), |(share, near)| (*share, near.answer(&inputs)));
        let networks = sum / self.networks.len() as f32;
        let vote = self.share * trees + kin * near + (1.0 - self.share - kin) * networks;
        // A model of absurd numbers may give none; that is no score either.
        vote.is_finite().then(|| vote.clamp(0.0, 100.0))
    }
}

/// What the models look at; nothing if a value is absent. Where minutiae are not needed, theirs are taken as 0.
fn inputs(features: &[f32; COUNT], needs_minutiae: bool) -> Option<[f32; INPUTS]> {
    let mut inputs = [0.0; INPUTS];
    inputs[..COUNT].copy_from_slice(features);
    if !needs_minutiae {
        inputs[MINUTIAE_COUNT].fill(0.0);
        inputs[MINUTIAE_QUALITY].fill(0.0);
    }
    if inputs.iter().any(|input| input.is_nan()) {
        return None;
    }
    for (number, histogram) in HISTOGRAMS.into_iter().enumerate() {
        let bins: [f32; BINS] = features[histogram.start..histogram.start + BINS].try_into().ok()?;
        let total: f32 = bins.iter().sum();
        for (place, bin) in inputs[COUNT + number * BINS..].iter_mut().zip(bins) {
            *place = bin / total.max(1.0);
        }
        inputs[COUNT + HISTOGRAMS.len() * BINS + number] = total;
    }
    Some(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn built_in_models_are_whole_and_say_what_they_need() {
        for (file, name, needs) in [(WITH_MINUTIAE, NAME, true), (WITHOUT_MINUTIAE, NAME_WITHOUT_MINUTIAE, false)] {
            let model = Model::read(file).unwrap();
            assert_eq!((model.name, model.needs_minutiae), (name, needs));
            assert!(file.len() < 8_000_000, "{} bytes", file.len());
        }
    }

    /// The digest of changed bytes, so that what lies behind the check is reached.
    fn sealed(mut body: Vec<u8>) -> Vec<u8> {
        let digest = Sha256::digest(&body);
        body.extend_from_slice(&digest);
        body
    }

    #[test]
    fn damage_is_told_apart() {
        let body = &WITHOUT_MINUTIAE[..WITHOUT_MINUTIAE.len() - DIGEST];
        let read = |file: &[u8]| Model::read(file).map(|_| ()).unwrap_err();
        assert_eq!(read(b""), ModelError::Magic);
        assert_eq!(read(b"GFQMODEL"), ModelError::Truncated);
        assert_eq!(read(&WITHOUT_MINUTIAE[..WITHOUT_MINUTIAE.len() - 1]), ModelError::Digest);
        assert_eq!(read(&sealed(body[..body.len() - 1].to_vec())), ModelError::Truncated);
        assert_eq!(read(&sealed([body, b"more"].concat())), ModelError::LeftOver);
        let mut other = body.to_vec();
        other[MAGIC.len()] = 9;
        assert_eq!(read(&sealed(other)), ModelError::Form);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_read_or_refused(at in 0usize..2000, to in any::<u8>(), tail in 0usize..400) {
            let body = &WITHOUT_MINUTIAE[..WITHOUT_MINUTIAE.len() - DIGEST];
            let mut changed = body[..body.len() - tail * 7].to_vec();
            let at = if tail % 2 == 0 { at } else { at * changed.len() / 2000 };
            changed[at] = to;
            if let Ok(model) = Model::read(&sealed(changed)) {
                let vote = model.vote(&[7.0; COUNT]);
                prop_assert!(vote.is_none_or(|vote| (0.0..=100.0).contains(&vote)));
            }
        }

        #[test]
        fn rubbish_is_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Model::read(&bytes).is_err());
            bytes.splice(0..0, MAGIC.iter().copied());
            prop_assert!(Model::read(&sealed(bytes)).is_err());
        }

        #[test]
        fn any_values_give_a_vote_within_range_or_none(
            values in prop::collection::vec(prop_oneof![-1e9f32..1e9, Just(f32::MAX), Just(f32::NAN), 0f32..50.0], COUNT)
        ) {
            let features: [f32; COUNT] = values.try_into().unwrap();
            for model in &*MODELS {
                let vote = model.vote(&features);
                prop_assert!(vote.is_none_or(|vote| (0.0..=100.0).contains(&vote)));
                prop_assert_eq!(vote, model.vote(&features));
            }
        }
    }
}
