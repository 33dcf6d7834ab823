//! Texts that need care: base64, samples under guard, and numbers where texts should be.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::guarded::Biometric;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Base64url without padding (RFC 4648, section 5); padding is put up with in what devices send.
pub const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signed token that holds a sample: kept out of logs and wiped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(pub Biometric<String>);

/// A sample's record, in base64url on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample(pub Biometric<Vec<u8>>);

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(|text: &str| Ok(Self(Biometric::new(text.to_owned())))))
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Biometric::new(BASE64.encode(self.0.expose())).expose())
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(|text: &str| {
            // Its words would quote the sample.
            BASE64.decode(text).map(|bytes| Self(Biometric::new(bytes))).map_err(|_| "no base64url")
        }))
    }
}

/// Takes a text without copying it first, and without quoting it in an error.
struct TextVisitor<F>(F);

impl<T, F: FnOnce(&str) -> Result<T, &'static str>> Visitor<'_> for TextVisitor<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// Services write numbers now and then where the specification has texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

impl TextOrNumber {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

pub(super) fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    TextOrNumber::deserialize(deserializer).map(TextOrNumber::text)
}

pub(super) fn texts_or_numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<TextOrNumber>::deserialize(deserializer)?.into_iter().map(TextOrNumber::text).collect())
}

pub(super) fn texts_or_numbers_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    let all = Option::<Vec<TextOrNumber>>::deserialize(deserializer)?;
    Ok(all.map(|all| all.into_iter().map(TextOrNumber::text).collect()))
}
