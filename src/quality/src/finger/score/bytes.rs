//! Numbers out of a model file: little-endian, and never beyond its end.

use super::gfq::ModelError;

/// What is still to be read.
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ModelError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        self.take(N)?.try_into().map_err(|_| ModelError::Truncated)
    }

    pub fn u8(&mut self) -> Result<u8, ModelError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, ModelError> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, ModelError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A finite number in single precision.
    pub fn f32(&mut self) -> Result<f32, ModelError> {
        let value = f32::from_le_bytes(self.array()?);
        if value.is_finite() { Ok(value) } else { Err(ModelError::NotFinite) }
    }

    pub fn f32s(&mut self, count: usize) -> Result<Vec<f32>, ModelError> {
        // Checked before anything is allocated.
        if self.0.len() / 4 < count {
            return Err(ModelError::Truncated);
        }
        (0..count).map(|_| self.f32()).collect()
    }
}
