//! Reading a FlatBuffer of unknown origin: every offset is checked, nothing is followed outside the file.
//!
//! The layout is that of the FlatBuffers internals document: a table begins with the signed distance to its vtable, and
//! the vtable names for each field its distance from the table's start, 0 where the field is absent.

/// What is wrong with a file's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlatError {
    /// An offset leads out of the file.
    #[error("an offset leads out of the file")]
    Outside,
}

/// One table of the file.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    file: &'a [u8],
    start: usize,
}

impl<'a> Table<'a> {
    /// The table that the file begins with.
    pub fn root(file: &'a [u8]) -> Result<Self, FlatError> {
        Self::at(file, 0)
    }

    /// The table that the offset at `place` points to.
    fn at(file: &'a [u8], place: usize) -> Result<Self, FlatError> {
        Ok(Self { file, start: follow(file, place)? })
    }

    /// Where a field lies, if it is there.
    fn field(&self, index: usize) -> Result<Option<usize>, FlatError> {
        let back = i64::from(i32::from_le_bytes(bytes(self.file, self.start)?));
        let vtable = usize::try_from(self.start as i64 - back).map_err(|_| FlatError::Outside)?;
        let size = usize::from(u16::from_le_bytes(bytes(self.file, vtable)?));
        let entry = 4 + 2 * index;
        if entry + 2 > size {
            return Ok(None);
        }
        let distance = usize::from(u16::from_le_bytes(bytes(self.file, vtable + entry)?));
        Ok((distance > 0).then_some(self.start + distance))
    }

    /// A whole number of one byte; `missing` where it is not there.
    pub fn byte(&self, index: usize, missing: i8) -> Result<i8, FlatError> {
        self.field(index)?.map_or(Ok(missing), |place| Ok(i8::from_le_bytes(bytes(self.file, place)?)))
    }

    /// A whole number of four bytes; `missing` where it is not there.
    pub fn int(&self, index: usize, missing: i32) -> Result<i32, FlatError> {
        self.field(index)?.map_or(Ok(missing), |place| Ok(i32::from_le_bytes(bytes(self.file, place)?)))
    }

    /// Another table, if it is there.
    pub fn table(&self, index: usize) -> Result<Option<Table<'a>>, FlatError> {
        self.field(index)?.map(|place| Table::at(self.file, place)).transpose()
    }

    /// The bytes of a vector whose entries are `size` bytes each; empty where it is not there.
    fn vector(&self, index: usize, size: usize) -> Result<(usize, &'a [u8]), FlatError> {
        let Some(place) = self.field(index)? else { return Ok((0, &[])) };
        let start = follow(self.file, place)?;
        let count = u32::from_le_bytes(bytes(self.file, start)?) as usize;
        let length = count.checked_mul(size).ok_or(FlatError::Outside)?;
        let end = (start + 4).checked_add(length).ok_or(FlatError::Outside)?;
        Ok((start + 4, self.file.get(start + 4..end).ok_or(FlatError::Outside)?))
    }

    /// A vector of bytes.
    pub fn bytes(&self, index: usize) -> Result<&'a [u8], FlatError> {
        Ok(self.vector(index, 1)?.1)
    }

    /// A vector of whole numbers of four bytes.
    pub fn ints(&self, index: usize) -> Result<Vec<i32>, FlatError> {
        let (_, found) = self.vector(index, 4)?;
        Ok(found.as_chunks::<4>().0.iter().map(|&int| i32::from_le_bytes(int)).collect())
    }

    /// A vector of tables.
    pub fn tables(&self, index: usize) -> Result<Vec<Table<'a>>, FlatError> {
        let (start, found) = self.vector(index, 4)?;
        (0..found.len() / 4).map(|entry| Table::at(self.file, start + 4 * entry)).collect()
    }
}

/// Where the offset at `place` leads.
fn follow(file: &[u8], place: usize) -> Result<usize, FlatError> {
    let distance = u32::from_le_bytes(bytes(file, place)?) as usize;
    let target = place + distance;
    if target < file.len() { Ok(target) } else { Err(FlatError::Outside) }
}

fn bytes<const N: usize>(file: &[u8], place: usize) -> Result<[u8; N], FlatError> {
    let end = place.checked_add(N).ok_or(FlatError::Outside)?;
    file.get(place..end).and_then(|found| found.try_into().ok()).ok_or(FlatError::Outside)
}
