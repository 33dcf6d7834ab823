//! Fetching the image of a scan: in pieces with sums from modules that know them, read twice from those that do not.

use super::command::{ImageHeader, answer, request as ask};
use super::link::Received;
use super::{Sfm, SfmError};
use crate::run::Run;
use crate::scanner::ScannerEvent;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::units::Ppi;

/// An image with its header, as it came.
type Bytes = Biometric<Vec<u8>>;

impl Sfm {
    /// The image of the scan that has just succeeded, `size` bytes with its header; nothing when stopped. One that came
    /// damaged is read once more: the module keeps it.
    pub(super) fn image(
        &mut self,
        size: u32,
        run: &Run<'_>,
        report: &mut dyn FnMut(ScannerEvent),
    ) -> Result<Option<FingerImage>, SfmError> {
        let first = match self.receive(self.scan_command(), size, run) {
            Ok(None) => return Ok(None),
            Ok(Some((image, repeated))) => {
                if repeated {
                    report(ScannerEvent::Degraded);
                }
                Some(image)
            }
            Err(error) if error.may_be_repeated() => {
                report(ScannerEvent::Degraded);
                None
            }
            Err(error) => return Err(error),
        };
        let image = match first {
            first if self.plain => self.agreed(first, run)?,
            Some(image) => Some(image),
            None => self.read_again(run)?,
        };
        let Some(bytes) = image else { return Ok(None) };
        let (header, pixels) = ImageHeader::split(bytes.expose())?;
        let (got, needed) = ((header.width, header.height), (self.settings.width, self.settings.height));
        if got != needed {
            return Err(SfmError::Sensor { got, needed });
        }
        let ppi = self.settings.ppi.unwrap_or(Ppi::FIVE_HUNDRED);
        let image = FingerImage::new(header.width, header.height, ppi, 8, pixels.to_vec());
        Ok(Some(image.map_err(|_| SfmError::Sensor { got, needed })?))
    }

    /// Images without sums are read until two in a row agree, three times at most; nothing when stopped.
    fn agreed(&mut self, first: Option<Bytes>, run: &Run<'_>) -> Result<Option<Bytes>, SfmError> {
        let mut before = first;
        for _ in 0..2 {
            let Some(image) = self.read_again(run)? else { return Ok(None) };
            if before.is_some_and(|before| before.expose() == image.expose()) {
                return Ok(Some(image));
            }
            before = Some(image);
        }
        Err(SfmError::Damaged("the image"))
    }

    /// The image of the last scan once more; nothing when stopped.
    fn read_again(&mut self, run: &Run<'_>) -> Result<Option<Bytes>, SfmError> {
        let read = if self.plain { ask::RI } else { ask::RIX };
        let link = self.link.as_mut().ok_or(SfmError::NotOpen)?;
        if !self.plain {
            // The module may be waiting for word about a piece.
            link.cancel()?;
        }
        link.begin_scan(read, run)?;
        let Some(packet) = link.scan_answer(read, run)? else { return Ok(None) };
        if packet.flag != answer::SUCCESS {
            return Err(SfmError::Refused(read, packet.flag));
        }
        Ok(self.receive(read, packet.size, run)?.map(|(image, _)| image))
    }

    /// The bytes that a successful answer announced, and whether a part of them had to be asked for again.
    fn receive(&mut self, command: u8, size: u32, run: &Run<'_>) -> Result<Option<Received>, SfmError> {
        let link = self.link.as_mut().ok_or(SfmError::NotOpen)?;
        if self.plain {
            Ok(link.receive_plain(size, run)?.map(|image| (image, false)))
        } else {
            link.receive_pieces(command, size, run)
        }
    }
}
