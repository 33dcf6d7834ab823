//! JPEG 2000 pictures, by the `openjp2` port of OpenJPEG in Rust.
//!
//! The port works on C-like pointers inside. So what is decoded has a signature that was verified before, its header
//! passes the limits below first, and all of it happens in the driver's process.

use domain::guarded::Biometric;
use openjp2::openjpeg::{OPJ_CLRSPC_GRAY, OPJ_CLRSPC_SRGB, OPJ_CODEC_J2K, OPJ_CODEC_JP2};
use openjp2::openjpeg::{opj_cparameters_t, opj_dparameters_t};
use openjp2::{Codec, Stream, detect_format, opj_image, opj_image_comptparm};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use thiserror::Error;

/// Pixels of the longer side at most: a FAP 60 slap has 1,600, a portrait 1,920.
pub const MAX_SIDE: u32 = 4096;

/// Bytes of a coded picture at most.
pub const MAX_CODED: usize = 16 * 1024 * 1024;

/// Tiles at most: each costs the decoder memory before a pixel has come.
const MAX_TILES: u32 = 256;

/// Bytes that the codec reads and writes at once.
const BUFFER: usize = 64 * 1024;

/// Why there is no picture. No text quotes one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Jp2Error {
    /// The decoder gave up.
    #[error("the JPEG 2000 picture is damaged")]
    Damaged,
    /// It cannot be encoded.
    #[error("a picture of {0} x {1} with {2} channels cannot be coded")]
    Encode(u32, u32, usize),
    /// Memory, most likely.
    #[error("no memory for the picture: {0}")]
    Io(io::ErrorKind),
    /// Neither 8-bit grey nor 8-bit RGB, or of sides that are too long.
    #[error("the JPEG 2000 picture has {0} of {1}")]
    Unsupported(&'static str, u32),
}

impl From<io::Error> for Jp2Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

/// A decoded picture: 8 bits a channel, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 1 grey, 3 RGB, interleaved.
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub bytes: Biometric<Vec<u8>>,
}

/// Codes a picture without loss, as a JP2 file. The same picture gives the same bytes.
pub fn encode(width: u32, height: u32, channels: usize, bytes: &[u8]) -> Result<Biometric<Vec<u8>>, Jp2Error> {
    let refused = || Jp2Error::Encode(width, height, channels);
    let fits = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) && [1, 3].contains(&channels);
    if !fits || bytes.len() != width as usize * height as usize * channels {
        return Err(refused());
    }
    let component = opj_image_comptparm { dx: 1, dy: 1, w: width, h: height, prec: 8, bpp: 8, ..Default::default() };
    let space = if channels == 1 { OPJ_CLRSPC_GRAY } else { OPJ_CLRSPC_SRGB };
    let mut image = Wiped(opj_image::create(&vec![component; channels], space).ok_or_else(refused)?);
    (image.0.x1, image.0.y1) = (width, height);
    for (channel, values) in image.0.comps_data_mut_iter().ok_or_else(refused)?.enumerate() {
        for (value, byte) in values.iter_mut().zip(bytes[channel..].iter().step_by(channels)) {
            *value = i32::from(*byte);
        }
    }
    let mut parameters = opj_cparameters_t {
        cp_disto_alloc: 1,
        tcp_numlayers: 1,
        numresolution: resolutions(width.min(height)),
        tcp_mct: i8::from(channels == 3),
        ..Default::default()
    };
    let mut file = memory()?;
    let mut codec = Codec::new_encoder(OPJ_CODEC_JP2).ok_or_else(refused)?;
    let mut stream = Stream::new_file(path(&file), BUFFER, false)?;
    let done = codec.setup_encoder(&mut parameters, &mut image.0) == 1
        && codec.start_compress(&mut image.0, &mut stream) == 1
        && codec.encode(&mut stream) == 1
        && codec.end_compress(&mut stream) == 1;
    stream.flush()?;
    drop(stream);
    if !done {
        return Err(refused());
    }
    file.rewind()?;
    let mut coded = Biometric::new(Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or(0)));
    file.read_to_end(coded.expose_mut())?;
    Ok(coded)
}

/// Decodes a JP2 file or a bare codestream of 8-bit grey or RGB.
pub fn decode(coded: &[u8]) -> Result<Picture, Jp2Error> {
    if coded.len() > MAX_CODED {
        return Err(Jp2Error::Unsupported("bytes", u32::try_from(coded.len()).unwrap_or(u32::MAX)));
    }
    let size = Size::find(coded).ok_or(Jp2Error::Damaged)?;
    size.check()?;
    let format = match detect_format(coded).map_err(|_| Jp2Error::Damaged)? {
        openjp2::J2KFormat::JP2 => OPJ_CODEC_JP2,
        openjp2::J2KFormat::J2K => OPJ_CODEC_J2K,
        openjp2::J2KFormat::JPT => return Err(Jp2Error::Damaged),
    };
    let mut file = memory()?;
    file.write_all(coded)?;
    let mut stream = Stream::new_file(path(&file), BUFFER, true)?;
    let mut codec = Codec::new_decoder(format).ok_or(Jp2Error::Damaged)?;
    codec.setup_decoder(&mut opj_dparameters_t::default());
    codec.decoder_set_strict_mode(1);
    let mut image = Wiped(codec.read_header(&mut stream).ok_or(Jp2Error::Damaged)?);
    if codec.decode(&mut stream, &mut image.0) != 1 || codec.end_decompress(&mut stream) != 1 {
        return Err(Jp2Error::Damaged);
    }
    interleave(&image.0, &size)
}

/// The decoder's components as bytes. They must be what the header said: the decoder read the same one.
fn interleave(image: &opj_image, size: &Size) -> Result<Picture, Jp2Error> {
    let components = image.comps().ok_or(Jp2Error::Damaged)?;
    let (width, height, channels) = (size.width(), size.height(), components.len());
    let pixels = width as usize * height as usize;
    let whole = channels == usize::from(size.components)
        && components.iter().all(|component| (component.w, component.h, component.prec) == (width, height, 8));
    if !whole {
        return Err(Jp2Error::Damaged);
    }
    let mut bytes = Biometric::new(vec![0; pixels * channels]);
    for (channel, component) in components.iter().enumerate() {
        let values = component.data().filter(|values| values.len() == pixels).ok_or(Jp2Error::Damaged)?;
        for (byte, value) in bytes.expose_mut()[channel..].iter_mut().step_by(channels).zip(values) {
            *byte = u8::try_from((*value).clamp(0, 255)).unwrap_or(0);
        }
    }
    Ok(Picture { width, height, channels, bytes })
}

/// The codec's copy of the picture, overwritten before it is given back.
struct Wiped(Box<opj_image>);

impl Drop for Wiped {
    fn drop(&mut self) {
        for values in self.0.comps_data_mut_iter().into_iter().flatten() {
            values.fill(0);
        }
    }
}

/// What the SIZ marker says (ISO/IEC 15444-1, A.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    right: u32,
    bottom: u32,
    left: u32,
    top: u32,
    tile_width: u32,
    tile_height: u32,
    components: u16,
    /// Ssiz of the first component.
    depth: u8,
}

impl Size {
    /// Reads the marker at the start of the codestream: of the file, or of its first `jp2c` box.
    fn find(coded: &[u8]) -> Option<Self> {
        let marker = codestream(coded)?.strip_prefix(&[0xff, 0x4f, 0xff, 0x51])?;
        let long = |at: usize| Some(u32::from_be_bytes(*marker.get(at..)?.first_chunk()?));
        let components = u16::from_be_bytes(*marker.get(36..)?.first_chunk()?);
        Some(Self {
            right: long(4)?,
            bottom: long(8)?,
            left: long(12)?,
            top: long(16)?,
            tile_width: long(20)?,
            tile_height: long(24)?,
            components,
            depth: *marker.get(38)?,
        })
    }

    fn width(&self) -> u32 {
        self.right.saturating_sub(self.left)
    }

    fn height(&self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }

    fn check(&self) -> Result<(), Jp2Error> {
        for (name, side) in [("a width", self.width()), ("a height", self.height())] {
            if !(1..=MAX_SIDE).contains(&side) {
                return Err(Jp2Error::Unsupported(name, side));
            }
        }
        if ![1, 3].contains(&self.components) {
            return Err(Jp2Error::Unsupported("a number of components", u32::from(self.components)));
        }
        // 8 bits, unsigned: depth less one.
        if self.depth != 7 {
            return Err(Jp2Error::Unsupported("a component depth", u32::from(self.depth)));
        }
        // Tiles start no later than the image, so this counts at least as many as there are.
        let along = |end: u32, tile: u32| end.checked_div(tile).map_or(u32::MAX, |tiles| tiles.saturating_add(1));
        let tiles = along(self.right, self.tile_width).saturating_mul(along(self.bottom, self.tile_height));
        if tiles > MAX_TILES {
            return Err(Jp2Error::Unsupported("a number of tiles", tiles));
        }
        Ok(())
    }
}

/// The bytes from the start of the codestream on.
fn codestream(coded: &[u8]) -> Option<&[u8]> {
    if coded.starts_with(&[0xff, 0x4f]) {
        return Some(coded);
    }
    let mut rest = coded;
    loop {
        let (head, body) = rest.split_at_checked(8)?;
        if &head[4..] == b"jp2c" {
            return Some(body);
        }
        // 0 (to the end) and 1 (extended length) make sense for the codestream's box only.
        let length = usize::try_from(u32::from_be_bytes(*head.first_chunk()?)).ok()?;
        if length < 8 {
            return None;
        }
        rest = rest.get(length..)?;
    }
}

/// Resolutions that a picture of this shorter side has room for; six is the usual number.
fn resolutions(side: u32) -> i32 {
    i32::try_from(side.ilog2() + 1).unwrap_or(1).min(6)
}

/// A file in memory: the codec reads and writes files.
fn memory() -> Result<File, Jp2Error> {
    let file = memfd_create("picture", MemfdFlags::CLOEXEC).map_err(|error| Jp2Error::Io(error.kind()))?;
    Ok(File::from(file))
}

fn path(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ridges(width: u32, height: u32, channels: usize) -> Vec<u8> {
        let count = width * height * channels as u32;
        (0..count).map(|at| (at.wrapping_mul(2_654_435_761) >> 27) as u8 + 16 * ((at / 5) % 9) as u8).collect()
    }

    #[test]
    fn pictures_come_back_bit_for_bit() {
        for (width, height, channels) in [(1, 1, 1), (3, 2, 1), (161, 97, 1), (64, 200, 3)] {
            let bytes = ridges(width, height, channels);
            let coded = encode(width, height, channels, &bytes).unwrap();
            assert_eq!(encode(width, height, channels, &bytes).unwrap(), coded);
            let picture = decode(coded.expose()).unwrap();
            assert_eq!((picture.width, picture.height, picture.channels), (width, height, channels));
            assert_eq!(picture.bytes.expose(), &bytes);
            let bare = codestream(coded.expose()).unwrap();
            assert_eq!(decode(bare).unwrap(), picture);
        }
    }

    #[test]
    fn what_cannot_be_coded_is_refused() {
        for (width, height, channels, length) in [(0, 1, 1, 0), (2, 2, 1, 3), (2, 2, 2, 8), (MAX_SIDE + 1, 1, 1, 4097)]
        {
            assert_eq!(
                encode(width, height, channels, &vec![0; length]),
                Err(Jp2Error::Encode(width, height, channels))
            );
        }
    }

    /// Headers that would cost memory are refused before the decoder sees them.
    #[test]
    fn hostile_headers_are_refused() {
        let coded = encode(16, 16, 1, &[7; 256]).unwrap().expose().clone();
        let siz = coded.windows(4).position(|four| four == [0xff, 0x4f, 0xff, 0x51]).unwrap() + 4;
        let with = |at: usize, bytes: &[u8]| {
            let mut changed = coded.clone();
            changed[siz + at..siz + at + bytes.len()].copy_from_slice(bytes);
            decode(&changed)
        };
        let unsupported = |got: Result<Picture, Jp2Error>| matches!(got, Err(Jp2Error::Unsupported(..)));
        assert!(unsupported(with(4, &u32::MAX.to_be_bytes())));
        assert!(unsupported(with(8, &[0, 1, 0, 0])));
        assert!(unsupported(with(36, &[0x40, 0])));
        assert!(unsupported(with(38, &[15])));
        assert!(unsupported(with(20, &[0, 0, 0, 0])));
        assert!(unsupported(with(20, &[0, 0, 0, 1, 0, 0, 0, 1])));
        assert_eq!(decode(&vec![0; MAX_CODED + 1]), Err(Jp2Error::Unsupported("bytes", MAX_CODED as u32 + 1)));
    }

    #[test]
    fn damage_is_told() {
        let coded = encode(64, 64, 1, &ridges(64, 64, 1)).unwrap();
        let coded = coded.expose();
        for cut in [0, 3, 12, 40, 90, coded.len() / 2] {
            assert!(decode(&coded[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(decode(b"\xff\xd8\xff\xe0 a JPEG file"), Err(Jp2Error::Damaged));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
            let _ = decode(&[&[0xff, 0x4f, 0xff, 0x51], &bytes[..]].concat());
        }
    }
}
