//! The stations of the fleet: each with a key of its own and its place in a chain of its own.

use domain::case::StationId;
use domain::record::{AuditHead, Body, Position};
use domain::session::Outcome;
use intake::testing::{StationLink, draft, enrolment};
use intake::{Database, TlsFiles};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use store::format::{Envelope, digest};
use store::{AuthorityKey, FileKey, Sealer};

/// What a record has besides its images: header, signature, the traveller's data and the frame of the body.
const FRAME_BYTES: usize = 1500;

/// A station that makes records without a store: only its intake is measured.
pub struct Station {
    id: StationId,
    key: Arc<FileKey>,
    /// Its side of connections.
    pub link: StationLink,
    sealer: Sealer,
    sequence: u64,
    previous: [u8; 32],
}

impl Station {
    /// Makes a station and registers its key.
    pub async fn register(
        number: usize,
        (folder, authority): (&Path, &Path),
        tls: &TlsFiles,
        database: &Database,
        now_ms: i64,
    ) -> Result<Self, Box<dyn Error>> {
        let id = StationId(format!("L{number}"));
        let file = folder.join(&id.0);
        let key = FileKey::create(&file)?;
        std::fs::remove_file(&file)?;
        database.register(&id.0, key.public(), now_ms).await?;
        let sealer = Sealer::new(AuthorityKey::load(authority)?);
        let key = Arc::new(key);
        let link = StationLink::with_key(tls, &id.0, Arc::clone(&key))?;
        Ok(Self { id, key, link, sealer, sequence: 0, previous: [0; 32] })
    }

    /// The envelope of its next record, of about this size: sealed and signed as a station does.
    pub fn next(&mut self, bytes: usize, now_ms: i64) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        self.sequence += 1;
        // Ciphertext cannot be compressed, whatever was sealed.
        let half = bytes.saturating_sub(FRAME_BYTES) / 2;
        let body = Body::Enrolment(Box::new(enrolment(vec![1; half], vec![2; half])));
        let draft = draft(&self.id, self.sequence, Outcome::Enrolled, body);
        let at = Position {
            sequence: self.sequence,
            previous: self.previous,
            time_ms: now_ms,
            boot_id: "load".into(),
            clock_jumped: false,
            audit: AuditHead { lines: self.sequence, digest: [0; 32] },
        };
        let envelope = Envelope::of(&draft.seal(&self.sealer)?.sign(&*self.key, at)?).encode();
        self.previous = digest(&envelope);
        Ok(envelope)
    }
}
